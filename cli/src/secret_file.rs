//! Secrets in files: where they are, and that nobody else can read them.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The variable that names the directory of systemd's credentials.
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where a file is. Under a supervisor that gives credentials, a name without a slash is one of these.
pub fn place(given: &Path, credentials: Option<OsString>) -> PathBuf {
    let is_name = given.components().count() == 1 && given.file_name() == Some(given.as_os_str());
    match credentials.filter(|dir| is_name && !dir.is_empty()) {
        Some(dir) => Path::new(&dir).join(given),
        None => given.into(),
    }
}

/// Refuses a file that others than its owner can read or change. Root's files may be read by their group: that is how
/// programs share a key.
///
/// # Errors
/// When they can; the message says how that is mended.
pub fn check(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let metadata = file.metadata()?;
        if !is_private(metadata.mode(), metadata.uid()) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "others can read this key, as its mode is {:04o}: chmod 600 takes that from them; who has read it \
                     can pose as this server, so that a new key may be wanted",
                    metadata.mode() & 0o7777
                ),
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

#[cfg(unix)]
fn is_private(mode: u32, owner: u32) -> bool {
    let others = if owner == 0 { 0o037 } else { 0o077 };
    mode & others == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_slash_is_a_credential_where_there_are_any() {
        let at = |given: &str, dir: Option<&str>| place(Path::new(given), dir.map(Into::into));
        assert_eq!(at("key", Some("/run/c")), Path::new("/run/c/key"));
        assert_eq!(at("key", None), Path::new("key"));
        assert_eq!(at("key", Some("")), Path::new("key"));
        for path in ["./key", "/etc/key", "keys/key", "../key", "..", "."] {
            assert_eq!(at(path, Some("/run/c")), Path::new(path));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_its_owners_and_of_roots_ones_a_group_may_read() {
        for (mode, owner, expected) in [
            (0o600, 1000, true),
            (0o400, 1000, true),
            (0o640, 1000, false),
            (0o604, 1000, false),
            (0o620, 1000, false),
            (0o640, 0, true),
            (0o440, 0, true),
            (0o660, 0, false),
            (0o644, 0, false),
        ] {
            assert_eq!(is_private(mode, owner), expected, "{mode:o} of {owner}");
        }
    }
}
