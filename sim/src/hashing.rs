//! A stand-in for the hashing of passwords: the same password and salt give the same, at once. What it gives would keep no
//! secret; what is explored is what a server does with it.

use chat_core::{HASH, SALT, Secret, Verifier};

/// What comes of a password, with this salt or with a new one, which is the `nth`.
pub(crate) fn stand_in(password: &str, salt: Option<Secret<[u8; SALT]>>, nth: u64) -> Verifier {
    let salt = salt.unwrap_or_else(|| {
        let mut salt = [0x5a; SALT];
        salt[..8].copy_from_slice(&nth.to_le_bytes());
        Secret(salt)
    });
    let mut hash = [0; HASH];
    for (part, bytes) in hash.chunks_exact_mut(8).enumerate() {
        let mut state = 0xcbf2_9ce4_8422_2325 ^ part as u64;
        for byte in salt.iter().chain(password.as_bytes()) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            state ^= state >> 29;
        }
        bytes.copy_from_slice(&state.to_le_bytes());
    }
    let hash = Secret(hash);
    Verifier { salt, hash }
}
