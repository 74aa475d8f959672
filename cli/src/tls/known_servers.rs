//! Servers that somebody trusted once, by the fingerprints of their certificates.

use super::fingerprint::Fingerprint;
use crate::history_dir::{System, state_dir};
use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// A file with a line for each server: `HOST:PORT FINGERPRINT`. A server may have several lines; what begins with
/// `#` is a comment.
#[derive(Clone, Debug)]
pub struct KnownServers {
    path: PathBuf,
}

/// What is known of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its certificate's.
    pub fingerprint: Fingerprint,
    /// The line in the file, from 1 on.
    pub line: usize,
}

impl KnownServers {
    /// The one of the user, where the system has programs keep their state: `chat-client/known_servers`.
    ///
    /// # Errors
    /// When the environment, of which `variable` gives the value of a name, tells of no such place.
    pub fn of_user(variable: impl Fn(&str) -> Option<OsString>) -> io::Result<Self> {
        let dir = state_dir(System::HERE, "chat-client", variable).ok_or_else(|| {
            let what = "the environment names no directory for known servers: set HOME, or give --fingerprint";
            io::Error::new(ErrorKind::NotFound, what)
        })?;
        Ok(Self::at(dir.join("known_servers")))
    }

    /// The one in this file, which need not be there yet.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is known of a server.
    ///
    /// # Errors
    /// When the file cannot be read, or what it says of this server is no fingerprint; the message names the line.
    pub fn of(&self, server: &str) -> io::Result<Vec<Known>> {
        let text = self.read().map_err(|error| self.named(&error))?;
        let mut known = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let Some((name, fingerprint)) = line.trim().split_once(char::is_whitespace) else {
                continue;
            };
            if name == server {
                let line = index + 1;
                let fingerprint = fingerprint.trim().parse().map_err(|error| {
                    let what = format!("{}:{line}: {error}", self.path.display());
                    io::Error::new(ErrorKind::InvalidData, what)
                })?;
                known.push(Known { fingerprint, line });
            }
        }
        Ok(known)
    }

    /// Trusts a server from now on.
    ///
    /// # Errors
    /// When the file cannot be written; the message names it.
    pub fn add(&self, server: &str, fingerprint: Fingerprint) -> io::Result<()> {
        let add = || {
            if let Some(dir) = self.path.parent() {
                let mut builder = fs::DirBuilder::new();
                builder.recursive(true);
                #[cfg(unix)]
                std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
                builder.create(dir)?;
            }
            let is_mid_line = self.read()?.chars().last().is_some_and(|last| last != '\n');
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&self.path)?;
            let before = if is_mid_line { "\n" } else { "" };
            // In one piece, as others may write, too.
            file.write_all(format!("{before}{server} {fingerprint}\n").as_bytes())?;
            file.sync_all()
        };
        add().map_err(|error: io::Error| self.named(&error))
    }

    fn read(&self) -> io::Result<String> {
        let mut text = String::new();
        match fs::File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(text),
            file => file?.take(LONGEST + 1).read_to_string(&mut text)?,
        };
        if text.len() as u64 > LONGEST {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "it is longer than 1 MiB",
            ));
        }
        Ok(text)
    }

    fn named(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("{}: {error}", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::CertificateDer;

    fn fingerprint(of: u8) -> Fingerprint {
        Fingerprint::of(&CertificateDer::from(vec![of]))
    }

    #[test]
    fn what_is_added_is_known_from_then_on_beside_what_people_wrote() {
        let dir = std::env::temp_dir().join(format!("chat-known-{}", std::process::id()));
        let known = KnownServers::at(dir.join("below/known_servers"));
        assert_eq!(known.of("a:1").unwrap(), []);
        known.add("a:1", fingerprint(1)).unwrap();
        // Somebody edits it, and ends the last line with the file.
        let text = fs::read_to_string(known.path()).unwrap();
        let mine = format!(
            "# mine\n{text}\n  b:1\t{}  \nc:1 no fingerprint\na:1x y\nalone",
            fingerprint(2)
        );
        fs::write(known.path(), mine).unwrap();
        known.add("a:1", fingerprint(3)).unwrap();
        let lines = known.of("a:1").unwrap();
        let expected = [(1, 2), (3, 8)].map(|(of, line)| Known {
            fingerprint: fingerprint(of),
            line,
        });
        assert_eq!(lines, expected);
        assert_eq!(known.of("b:1").unwrap()[0].fingerprint, fingerprint(2));
        let error = known.of("c:1").unwrap_err().to_string();
        assert!(error.contains("known_servers:5: "), "{error}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(known.path().parent().unwrap()), 0o700);
            assert_eq!(mode(known.path()), 0o600);
        }
        fs::write(known.path(), "x".repeat(1024 * 1024)).unwrap();
        assert_eq!(known.of("a:1").unwrap(), []);
        fs::write(known.path(), "x".repeat(1024 * 1024 + 1)).unwrap();
        assert!(known.of("a:1").is_err());
        fs::remove_dir_all(dir).unwrap();
    }
}
