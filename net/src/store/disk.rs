//! Where a log lies: all that it needs of a file system, in one place.

use std::any::Any;
use std::fmt::Debug;
use std::fs::{self, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory, and the disk that it is on.
#[derive(Clone, Debug)]
pub struct Place {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
}

/// A file system. [`Place::on`] takes another one than the machine's own.
pub trait Disk: Debug + Send + Sync {
    /// Makes a directory that only its owner may enter, durably, with those above it; does nothing
    /// where there is one.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Whether there is such a file.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// Opens a file, or makes one that only its owner may open; its name lasts after
    /// [`Disk::sync_dir`].
    ///
    /// # Errors
    /// When there is none, and none was to be made, or it cannot be opened.
    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>>;

    /// Takes the lock that a file stands for, until the value is dropped; `None` if someone else
    /// has it.
    ///
    /// # Errors
    /// When the file cannot be opened or locked.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>>;

    /// Gives a file another name, in place of what had that.
    ///
    /// # Errors
    /// When it cannot be renamed.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// When the disk failed.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// 128 bits that nobody can guess.
    ///
    /// # Errors
    /// When the system has none.
    fn random(&self) -> io::Result<u128>;
}

/// An open file.
pub trait File: Debug + Send + Sync {
    /// Its length.
    ///
    /// # Errors
    /// When the disk failed.
    fn len(&self) -> io::Result<u64>;

    /// Whether it has no bytes.
    ///
    /// # Errors
    /// When the disk failed.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Reads the bytes at `offset`, all that `out` takes.
    ///
    /// # Errors
    /// When the disk failed, or the file ends before.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes `bytes` at `offset`.
    ///
    /// # Errors
    /// When the disk failed, or is full.
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file, or makes it longer by zeros.
    ///
    /// # Errors
    /// When the disk failed, or is full.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Returns once what was written would survive the loss of power.
    ///
    /// # Errors
    /// When the disk failed; what was written since the last time may then be lost.
    fn sync(&self) -> io::Result<()>;
}

impl Place {
    /// A directory on another disk.
    pub fn on(disk: Arc<dyn Disk>, dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        Self { disk, dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl<P: AsRef<Path>> From<P> for Place {
    fn from(dir: P) -> Self {
        Self::on(Arc::new(Machine), dir.as_ref())
    }
}

/// The machine's own file system.
#[derive(Debug)]
struct Machine;

impl Disk for Machine {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        let above = match dir.parent() {
            Some(above) if above != Path::new("") => above,
            _ => Path::new("."),
        };
        self.create_dir(above)?;
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(dir) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.sync_dir(above)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn open(&self, path: &Path, create: bool) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(open(path, create)?))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        let file = open(path, true)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        // Elsewhere there is no way to ask for it.
        if cfg!(unix) {
            fs::File::open(dir)?.sync_all()?;
        }
        Ok(())
    }

    fn random(&self) -> io::Result<u128> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(u128::from_le_bytes(bytes))
    }
}

fn open(path: &Path, create: bool) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl File for fs::File {
    fn len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    #[cfg(unix)]
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, out, offset)
    }

    #[cfg(windows)]
    fn read(&self, mut offset: u64, mut out: &mut [u8]) -> io::Result<()> {
        while !out.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_read(self, out, offset)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            offset += count as u64;
            out = &mut out[count..];
        }
        Ok(())
    }

    #[cfg(unix)]
    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    #[cfg(windows)]
    fn write(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = std::os::windows::fs::FileExt::seek_write(self, bytes, offset)?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            offset += count as u64;
            bytes = &bytes[count..];
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        fs::File::set_len(self, len)
    }

    fn sync(&self) -> io::Result<()> {
        // The length is synced with the data, where it changed.
        self.sync_data()
    }
}
