//! Passwords are hashed on threads of their own: one takes tens of milliseconds, and nobody waits for another's.
//!
//! argon2id with what OWASP's Password Storage Cheat Sheet gives as the least: 19 MiB, two passes, one lane. The core says
//! how many are hashed at the same time ([`Limits::hashes`](chat_core::Limits::hashes)), and so how much memory that takes.

use argon2::{Algorithm, Argon2, Params, Version};
use chat_core::{ConnId, HASH, SALT, Secret, Verifier};
use std::io;
use std::task::{Context, Poll};
use std::thread;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// The memory that one takes, in KiB.
const MEMORY: u32 = 19_456;

/// How often it goes through that.
const PASSES: u32 = 2;

/// What came of a password; nothing where it could not be hashed.
type Hashed = (ConnId, Option<Verifier>);

/// Hashes a password with a salt, or with a new one, at once.
pub type Hasher = fn(&str, Option<Secret<[u8; SALT]>>) -> Verifier;

/// Passwords that are being hashed.
pub(crate) struct Hashing {
    /// What hashes in place of a thread.
    hasher: Option<Hasher>,
    tell: Sender<Hashed>,
    told: Receiver<Hashed>,
}

impl Hashing {
    /// So many at the same time, at most.
    pub(crate) fn new(most: usize, hasher: Option<Hasher>) -> Self {
        let (tell, told) = channel(most.max(1));
        Self { hasher, tell, told }
    }

    /// Begins to hash a password, with this salt or a new one; never waits. The answer comes by
    /// [`poll_hashed`](Self::poll_hashed).
    pub(crate) fn begin(
        &self,
        id: ConnId,
        password: Secret<Box<str>>,
        salt: Option<Secret<[u8; SALT]>>,
    ) {
        if let Some(hasher) = self.hasher {
            // There is room for as many as are asked for at the same time.
            let _ = self.tell.try_send((id, Some(hasher(&password, salt))));
            return;
        }
        let tell = self.tell.clone();
        let hash = move || {
            let hashed = hash(&password, salt);
            let verifier = hashed.inspect_err(|error| {
                tracing::error!(%error, "a password cannot be hashed");
            });
            // Where the room is gone, nobody waits for it.
            let _ = tell.blocking_send((id, verifier.ok()));
        };
        if let Err(error) = thread::Builder::new().name("hash".into()).spawn(hash) {
            tracing::error!(%error, "there is no thread to hash a password");
            // There is room for as many as are asked for at the same time.
            let _ = self.tell.try_send((id, None));
        }
    }

    /// What came of one.
    pub(crate) fn poll_hashed(&mut self, cx: &mut Context<'_>) -> Poll<Hashed> {
        match self.told.poll_recv(cx) {
            Poll::Ready(Some(hashed)) => Poll::Ready(hashed),
            // One sender is here.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

/// Hashes a password.
fn hash(password: &str, salt: Option<Secret<[u8; SALT]>>) -> io::Result<Verifier> {
    let salt = salt.map_or_else(new_salt, Ok)?;
    let wrong = |error: argon2::Error| io::Error::other(error.to_string());
    let params = Params::new(MEMORY, PASSES, 1, Some(HASH)).map_err(wrong)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = [0; HASH];
    argon2
        .hash_password_into(password.as_bytes(), &*salt, &mut hash)
        .map_err(wrong)?;
    let hash = Secret(hash);
    Ok(Verifier { salt, hash })
}

/// One that nobody can foresee.
fn new_salt() -> io::Result<Secret<[u8; SALT]>> {
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(io::Error::other)?;
    Ok(Secret(salt))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[test]
    fn a_password_gives_the_same_hash_with_the_same_salt_alone() {
        let first = hash("open sesame", None).unwrap();
        assert_eq!(hash("open sesame", Some(first.salt)).unwrap(), first);
        assert_ne!(hash("open sesamf", Some(first.salt)).unwrap(), first);
        let second = hash("open sesame", None).unwrap();
        assert_ne!(first.salt, second.salt);
        assert_ne!(first.hash, second.hash);
    }

    /// Computed by the reference implementation, with the same parameters.
    #[test]
    fn it_is_argon2id() {
        let hashed = hash("open sesame", Some(Secret(*b"sixteen bytes ok"))).unwrap();
        let reference = *b"\
            \x8b\x90\xf2\x02\xd4\xc2\x5d\xbf\xe5\x4d\x38\xd6\xd9\x4d\x09\x60\
            \xf9\xfd\x05\xc1\x94\x98\x7e\xda\x6e\xcb\x04\x97\x44\x75\x98\x41";
        assert_eq!(*hashed.hash, reference);
    }

    #[tokio::test]
    async fn the_answer_comes_to_whoever_asked() {
        let mut server = chat_core::Server::new(chat_core::Limits::default());
        let id = server.accept(chat_core::Timestamp::ZERO, 1).unwrap();
        let mut hashing = Hashing::new(1, None);
        hashing.begin(id, Secret("open sesame".into()), None);
        let (whose, verifier) = poll_fn(|cx| hashing.poll_hashed(cx)).await;
        let verifier = verifier.unwrap();
        assert_eq!(whose, id);
        assert_eq!(hash("open sesame", Some(verifier.salt)).unwrap(), verifier);
    }
}
