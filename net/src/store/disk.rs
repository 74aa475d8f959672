//! All that a log needs of a file system, in one place.

use std::any::Any;
use std::fmt::{self, Debug, Display};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory, and the disk that it is on.
#[derive(Clone, Debug)]
pub struct Place {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) path: PathBuf,
}

/// A file system. [`Place::on`] takes another one than the machine's own.
pub trait Disk: Debug + Send + Sync {
    /// Makes a directory that only its owner may enter, durably, with those above it; does nothing
    /// where there is one.
    ///
    /// # Errors
    /// When it cannot be made.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Opens a directory.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    fn dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>>;

    /// 128 bits that nobody can guess.
    ///
    /// # Errors
    /// When the system has none.
    fn random(&self) -> io::Result<u128>;
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To be read alone.
    Read,
    /// To be read and written.
    Write,
    /// A new one is made, that only its owner may open, to be read and written; its name lasts after
    /// [`Dir::sync`].
    New,
}

/// An open directory. Files in it are named, never reached by a path; a symbolic link is no file.
pub trait Dir: Debug + Send + Sync {
    /// The names of all that is in it, in any order.
    ///
    /// # Errors
    /// When it cannot be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file.
    ///
    /// # Errors
    /// When there is none, or there is one where a new one is to be made, or it cannot be opened.
    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>>;

    /// Gives a file another name, in place of what had that.
    ///
    /// # Errors
    /// When it cannot be renamed.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Takes a file away.
    ///
    /// # Errors
    /// When there is none, or it cannot be removed.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes the names in it durable.
    ///
    /// # Errors
    /// When the disk failed.
    fn sync(&self) -> io::Result<()>;

    /// Locks the directory until the value is dropped, `alone` or together with others who read; `None` if
    /// someone else has it.
    ///
    /// # Errors
    /// When it cannot be locked.
    fn lock(&self, alone: bool) -> io::Result<Option<Box<dyn Any + Send + Sync>>>;

    /// Whether files can be made, renamed and removed in it, for all that is to be told without doing so.
    ///
    /// # Errors
    /// When they cannot.
    fn verify_writable(&self) -> io::Result<()> {
        Ok(())
    }

    /// Whether the path by which it was opened still leads to it.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn is_in_place(&self) -> io::Result<bool>;
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

    /// Whether it still has a name.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn is_linked(&self) -> io::Result<bool>;
}

impl Place {
    /// A directory on another disk.
    pub fn on(disk: Arc<dyn Disk>, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { disk, path }
    }

    /// Opens the directory, if there is one.
    pub(super) fn existing(&self) -> io::Result<Option<Arc<dyn Dir>>> {
        match self.disk.dir(&self.path) {
            Ok(dir) => Ok(Some(dir)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens the directory, and makes it if there is none.
    pub(crate) fn made(&self) -> io::Result<Arc<dyn Dir>> {
        self.disk.create_dir(&self.path)?;
        self.disk.dir(&self.path)
    }
}

/// Opens a file, if there is one.
pub(crate) fn open(dir: &dyn Dir, name: &str, mode: Mode) -> io::Result<Option<Arc<dyn File>>> {
    match dir.open(name, mode) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(named(name, error)),
    }
}

/// Takes a file away, if there is one.
pub(super) fn remove(dir: &dyn Dir, name: &str) -> io::Result<()> {
    match dir.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(named(name, error)),
        _ => Ok(()),
    }
}

/// What failed, of the file of this name.
#[derive(Debug)]
struct Named {
    name: String,
    error: io::Error,
}

impl Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.name, self.error)
    }
}

impl std::error::Error for Named {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Says of which file an error is, unless it says that already.
pub(super) fn named(name: &str, error: io::Error) -> io::Error {
    if error.get_ref().is_some() {
        return error;
    }
    let (name, kind) = (name.into(), error.kind());
    io::Error::new(kind, Named { name, error })
}

/// Whether no more files can be opened at once.
pub(super) fn is_short_of_files(error: &io::Error) -> bool {
    let named = error.get_ref().and_then(|it| it.downcast_ref::<Named>());
    let code = named.map_or(error, |it| &it.error).raw_os_error();
    // EMFILE and ENFILE, wherever there are such.
    cfg!(unix) && matches!(code, Some(23 | 24))
}

/// Makes a file of which nobody has anything before all of it is there: it is written under another name,
/// synced, and given its own last.
pub(crate) fn put(dir: &dyn Dir, name: &str, bytes: &[u8]) -> io::Result<Arc<dyn File>> {
    let unfinished = format!("{name}.tmp");
    remove(dir, &unfinished)?;
    let made = || {
        let file = dir.open(&unfinished, Mode::New)?;
        file.write(0, bytes)?;
        file.sync()?;
        dir.rename(&unfinished, name)?;
        dir.sync()?;
        Ok(file)
    };
    made().map_err(|error| named(name, error))
}
