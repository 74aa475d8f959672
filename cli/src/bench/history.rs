//! The history of a server that is measured: on the disk, as people run it, or in memory.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::{env, process};

/// Where a server that is started keeps its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// On the disk, in a temporary directory that goes with the server.
    OnDisk,
    /// Nowhere but in memory: what it costs to keep a history is not measured.
    InMemory,
}

/// A directory of our own among the system's temporary ones, which goes with this value.
#[derive(Debug)]
pub struct Temporary(PathBuf);

impl Temporary {
    /// A new one, for us alone.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new() -> io::Result<Self> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        // What another process left is not ours to use.
        for number in 0..100 {
            let name = format!("chat-bench-{}-{number}", process::id());
            let dir = env::temp_dir().join(name);
            match builder.create(&dir) {
                Ok(()) => return Ok(Self(dir)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Who removes it before us has done what we would do.
        let _ = fs::remove_dir_all(&self.0);
    }
}
