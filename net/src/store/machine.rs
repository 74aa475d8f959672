//! The machine's own file system.

use super::disk::{Dir, Disk, File, Mode, Place};
use std::any::Any;
use std::fs::{self, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

impl<P: AsRef<Path>> From<P> for Place {
    fn from(path: P) -> Self {
        Self::on(Arc::new(Machine), path.as_ref())
    }
}

#[derive(Debug)]
struct Machine;

/// A directory of the machine.
#[derive(Debug)]
struct Open {
    path: PathBuf,
    /// Itself, where a directory can be opened, and locked.
    #[cfg(unix)]
    dir: fs::File,
}

impl Disk for Machine {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        let above = match path.parent() {
            Some(above) if above != Path::new("") => above,
            _ => Path::new("."),
        };
        self.create_dir(above)?;
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        // Elsewhere there is no way to ask for it.
        if cfg!(unix) {
            fs::File::open(above)?.sync_all()?;
        }
        Ok(())
    }

    fn dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        if !fs::metadata(path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Arc::new(Open {
            #[cfg(unix)]
            dir: fs::File::open(path)?,
            path: path.into(),
        }))
    }

    fn random(&self) -> io::Result<u128> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(u128::from_le_bytes(bytes))
    }
}

/// In the place of a file there is a directory, a pipe, a socket or a device.
#[cfg(unix)]
fn no_file(name: &str) -> io::Error {
    io::Error::other(format!("`{name}` is no regular file"))
}

#[cfg(unix)]
impl Dir for Open {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.dir)? {
            // What has no name in UTF-8 is not ours.
            if let Ok(name) = entry?.file_name().to_str()
                && name != "."
                && name != ".."
            {
                names.push(name.into());
            }
        }
        Ok(names)
    }

    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>> {
        use rustix::fs::{Mode as Bits, OFlags};
        use rustix::io::Errno;
        let how = match mode {
            Mode::Read => OFlags::RDONLY,
            Mode::Write => OFlags::RDWR,
            Mode::New => OFlags::RDWR | OFlags::CREATE | OFlags::EXCL,
        };
        // What is no file, such as a pipe, might be waited for.
        let flags = how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&self.dir, name, flags, Bits::RUSR | Bits::WUSR);
        let file = opened.map_err(|error| match error {
            Errno::LOOP => io::Error::other(format!("`{name}` is a symbolic link")),
            Errno::ISDIR | Errno::NXIO => no_file(name),
            error => error.into(),
        })?;
        let file = fs::File::from(file);
        if !file.metadata()?.is_file() {
            return Err(no_file(name));
        }
        Ok(Arc::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.dir, from, &self.dir, to)?)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let flags = rustix::fs::AtFlags::empty();
        Ok(rustix::fs::unlinkat(&self.dir, name, flags)?)
    }

    fn sync(&self) -> io::Result<()> {
        self.dir.sync_all()
    }

    fn lock(&self, alone: bool) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        // A lock belongs to what was opened: this is to outlive, and not to be given back with, the directory.
        taken(fs::File::open(&self.path)?, alone)
    }

    fn verify_writable(&self) -> io::Result<()> {
        use rustix::fs::{Access, AtFlags, accessat};
        let access = Access::WRITE_OK | Access::EXEC_OK;
        Ok(accessat(&self.dir, ".", access, AtFlags::EACCESS)?)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        let ours = self.dir.metadata()?;
        match fs::metadata(&self.path) {
            Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

#[cfg(not(unix))]
impl Dir for Open {
    fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?;
        names
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn open(&self, name: &str, mode: Mode) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(mode != Mode::Read);
        options.create_new(mode == Mode::New);
        Ok(Arc::new(options.open(self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        // There is no way to ask for it.
        Ok(())
    }

    fn lock(&self, alone: bool) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        // A directory cannot be locked there; a file that somebody has open cannot be removed.
        let mut options = fs::OpenOptions::new();
        let options = options.read(true).write(true).create(true);
        taken(options.open(self.path.join("lock"))?, alone)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        // Nobody can move a directory in which a file is open.
        Ok(true)
    }
}

fn taken(file: fs::File, alone: bool) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
    let locked = if alone {
        file.try_lock()
    } else {
        file.try_lock_shared()
    };
    match locked {
        Ok(()) => Ok(Some(Box::new(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
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

    #[cfg(unix)]
    fn is_linked(&self) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;
        Ok(self.metadata()?.nlink() > 0)
    }

    #[cfg(not(unix))]
    fn is_linked(&self) -> io::Result<bool> {
        Ok(true)
    }
}
