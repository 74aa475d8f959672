//! Certificates that are replaced while the server runs.

use super::certificate::Chain;
use super::fingerprint::Fingerprint;
use super::validity::Expiry;
use chat_net::tls::Identity;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_millis(250);

/// The files of a server's certificates.
#[derive(Clone, Debug)]
pub struct Files {
    /// The chain, in PEM.
    pub certificates: PathBuf,
    /// The key, in PEM.
    pub key: PathBuf,
}

/// Asks that the files be read at once, changed or not.
#[derive(Clone, Debug)]
pub struct Reload(SyncSender<()>);

impl Reload {
    /// Asks; whether it is done is told by the log.
    pub fn ask(&self) {
        // If it was asked already and is not done yet, once is enough.
        let _ = self.0.try_send(());
    }
}

/// Starts a thread that reads the files when they change, and when it is asked to, and has the server use what is in
/// them. If that is no certificate and its key, the server goes on with those that it has, and says so. It ends with
/// the last [`Reload`].
///
/// # Errors
/// When the system has no thread to give.
pub fn watch(files: Files, identity: Arc<Identity>, expiry: Expiry) -> io::Result<Reload> {
    let (ask, asked) = sync_channel(1);
    let seen = files.stamps();
    thread::Builder::new()
        .name("certificate".into())
        .spawn(move || files.watch((&identity, &expiry), &asked, seen))?;
    Ok(Reload(ask))
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    #[cfg(unix)]
    inode: u64,
    /// When anything of it changed, who may read it included.
    #[cfg(unix)]
    changed: (i64, i64),
}

/// That of each file, if it is there.
type Stamps = [Option<Stamp>; 2];

impl Files {
    /// What is wrong with both, with their names.
    pub(super) fn named(&self, error: &io::Error) -> io::Error {
        let (certificates, key) = (self.certificates.display(), self.key.display());
        io::Error::new(
            error.kind(),
            format!("{certificates}, with the key {key}: {error}"),
        )
    }

    fn stamps(&self) -> Stamps {
        [&self.certificates, &self.key].map(|path| stamp(path).ok())
    }

    fn watch(&self, of: (&Identity, &Expiry), asked: &Receiver<()>, mut used: Stamps) {
        let mut last = used;
        loop {
            let is_asked = match asked.recv_timeout(EVERY) {
                Ok(()) => true,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let now = self.stamps();
            // Two files are not written at the same time: what still changes is looked at once it does not.
            let is_changed = now != used && now == last;
            last = now;
            if is_asked || is_changed {
                used = now;
                self.load(of);
            }
        }
    }

    fn load(&self, (identity, expiry): (&Identity, &Expiry)) {
        let loaded = Chain::read(&self.certificates, &self.key).and_then(|chain| {
            let own = chain.certificates[0].clone();
            let replaced = identity.replace(chain.certificates, chain.key);
            replaced.map_err(|error| self.named(&error))?;
            Ok(own)
        });
        match loaded {
            Ok(own) => {
                tracing::info!(fingerprint = %Fingerprint::of(&own), "the certificate was read anew");
                expiry.replace(&own);
            }
            Err(error) => tracing::warn!(
                %error,
                "the certificate cannot be read anew; the server goes on with the one it has"
            ),
        }
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    #[cfg(unix)]
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    Ok(Stamp {
        modified: metadata.modified().ok(),
        length: metadata.len(),
        #[cfg(unix)]
        inode: metadata.ino(),
        #[cfg(unix)]
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}
