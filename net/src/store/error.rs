//! What can go wrong with a log, and what to do about it.

use super::disk::{self, File};
use chat_core::RoomName;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be done with a log. Its `Display` says what is wrong, where, and what
/// to do.
#[derive(Debug)]
pub struct StoreError {
    /// The log's directory.
    pub dir: PathBuf,
    /// What is wrong.
    pub fault: Fault,
    pub(super) found_by: Finder,
}

/// What found a fault: nothing is advised that was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finder {
    Use,
    Check,
    Export,
    Copy,
}

/// What is wrong with a log, or with what was asked of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Someone has it open.
    InUse,
    /// There is none.
    Missing,
    /// There is none, since one was not made to its end.
    Unfinished,
    /// There is one where a new one was to be made.
    Exists,
    /// It has a form that this program does not read any more.
    Older,
    /// A newer version of this program wrote it.
    Newer {
        /// The version of its format.
        found: u32,
    },
    /// What was to be imported was exported by a newer version of this program.
    NewerExport {
        /// The version of its format.
        found: u32,
    },
    /// It is not as it was written.
    Damaged(String),
    /// Texts that were ordered gone are still there.
    NotErased {
        /// Which.
        what: String,
        /// Not all of them are erased by whoever opens it next.
        is_overlooked: bool,
    },
    /// There is no room left on the disk for what was to be written.
    Full(io::Error),
    /// There is no room left on the disk for more: nothing was written, and it may be tried again.
    NoRoom(io::Error),
    /// Its directory, or a file in it, was moved, removed or cut while it was open.
    Gone {
        /// Which file; nothing, if it is the directory.
        file: Option<String>,
    },
    /// An entry is larger than any can be.
    TooLarge {
        /// Its number.
        seq: u64,
    },
    /// The disk or the system failed.
    Io(io::Error),
    /// The caller numbered an entry wrongly.
    Sequence {
        /// In which room.
        room: RoomName,
        /// What its number should have been.
        expected: u64,
        /// What it was.
        found: u64,
    },
    /// An earlier append failed.
    Stopped,
    /// The [`Store`](super::Store) was dropped.
    Closed,
    /// What was to be imported is not a whole export.
    BadExport {
        /// Where, from 1.
        line: u64,
        /// What is wrong there.
        what: String,
    },
    /// What was exported could not be written.
    Unwritten(io::Error),
}

impl Fault {
    /// A file was moved, removed or cut while it was open.
    pub(super) fn gone(file: &str) -> Self {
        Self::Gone {
            file: Some(file.into()),
        }
    }

    /// Whether an open file still has its name, or another one.
    pub(super) fn verify_linked(file: &dyn File, name: &str) -> Result<(), Self> {
        if file.is_linked()? {
            Ok(())
        } else {
            Err(Self::gone(name))
        }
    }

    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged(what.into())
    }

    /// What was to be made ready could not be.
    pub(super) fn of_making_room(error: io::Error) -> Self {
        Self::from(error).or_no_room()
    }

    /// The same of what can be done later.
    pub(super) fn or_no_room(self) -> Self {
        match self {
            Self::Full(error) => Self::NoRoom(error),
            fault => fault,
        }
    }

    /// The same, of a part of the log.
    pub(super) fn in_file(self, name: &str) -> Self {
        match self {
            Self::Damaged(what) => Self::Damaged(format!("in `{name}`, {what}")),
            Self::Io(error) => Self::Io(disk::named(name, error)),
            Self::Full(error) => Self::Full(disk::named(name, error)),
            Self::NoRoom(error) => Self::NoRoom(disk::named(name, error)),
            fault => fault,
        }
    }

    pub(super) fn at(self, dir: impl Into<PathBuf>) -> StoreError {
        StoreError {
            dir: dir.into(),
            fault: self,
            found_by: Finder::Use,
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dir = self.dir.display();
        match &self.fault {
            Fault::InUse => write!(
                f,
                "the log in {dir} is in use: stop the server that has it open, or choose another \
                 directory"
            ),
            Fault::Missing => write!(
                f,
                "there is no log in {dir}: choose the directory of one with --data DIR"
            ),
            Fault::Unfinished => write!(
                f,
                "there is no log in {dir}: the making of one there did not end. If it was an \
                 import, a backup or a repair, make it again; a server that is started there begins an empty one"
            ),
            Fault::Exists => write!(
                f,
                "there is a log in {dir} already: choose another directory, or move it away first"
            ),
            Fault::Older => write!(
                f,
                "the log in {dir} has format version 1, which this program does not open: write it out with \
                 `chat-server export` of the version that wrote it, and read that in with `chat-server import` \
                 of this one, in another directory"
            ),
            Fault::Newer { found } => write!(
                f,
                "the log in {dir} has format version {found}, and this program knows no later one \
                 than {}: use the newer version of this program that wrote it",
                super::VERSION
            ),
            Fault::NewerExport { found } => write!(
                f,
                "not imported into {dir}: the export has format version {found}, and this program \
                 knows no later one than {}: use the newer version of this program that wrote it",
                super::VERSION
            ),
            Fault::Damaged(what) => write!(
                f,
                "the log in {dir} is damaged: {what}. Nothing was changed. {}",
                self.found_by.advice(&self.dir)
            ),
            Fault::NotErased {
                what,
                is_overlooked,
            } => not_erased(f, &self.dir, what, *is_overlooked),
            Fault::Full(error) => write!(
                f,
                "there is no room for the log in {dir} ({error}): {}, then start again",
                make_room(error)
            ),
            Fault::NoRoom(error) => write!(
                f,
                "there is no room for more in {dir} ({error}): {}; nothing is lost, and what waits is written then",
                make_room(error)
            ),
            Fault::Gone { file } => gone(f, &self.dir, file.as_deref()),
            Fault::TooLarge { seq } => write!(
                f,
                "entry {seq} for the log in {dir} is larger than any can be"
            ),
            Fault::Io(error) => write!(
                f,
                "the log in {dir} could not be read or written ({error}): {}, then start again",
                remedy(error, &self.dir)
            ),
            Fault::Sequence {
                room,
                expected,
                found,
            } => {
                write!(f, "an entry for the log in {dir} has number {found}")?;
                if !room.is_lobby() {
                    write!(f, " in room {room}")?;
                }
                write!(f, " instead of {expected}")
            }
            Fault::Stopped => write!(
                f,
                "the log in {dir} takes no more entries since one could not be kept: start again"
            ),
            Fault::Closed => write!(f, "the log in {dir} was closed: start again"),
            Fault::BadExport { line, what } => write!(
                f,
                "not imported into {dir}: line {line} {what}. The file is not as it was exported: \
                 export it again, or use another copy"
            ),
            Fault::Unwritten(error) => write!(
                f,
                "the log in {dir} was not exported: what it is written to failed ({error})"
            ),
        }
    }
}

/// What to do where there is no room for what is to be written.
fn make_room(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::FileTooLarge => {
            "raise the limit on the size of a file for whoever starts this (`ulimit -f`, LimitFSIZE=); the disk itself is not full"
        }
        _ => "make room on that disk",
    }
}

/// What to do where reading or writing failed.
fn remedy(error: &io::Error, dir: &Path) -> String {
    let dir = dir.display();
    match error.kind() {
        io::ErrorKind::PermissionDenied => format!(
            "let the user who runs this read and write it (`chown -R USER {dir}`, `chmod -R u+rwX {dir}`)"
        ),
        io::ErrorKind::ReadOnlyFilesystem => "it is on a medium that can only be read, which is enough for `chat-server check` \
             and `export`: have it mounted to be written, or copy it elsewhere with `chat-server backup`"
            .into(),
        _ if disk::is_short_of_files(error) => {
            "raise the limit on open files for whoever starts this (`ulimit -n`, LimitNOFILE=)".into()
        }
        _ => "see to the disk and the permissions".into(),
    }
}

/// The directory, or a file in it, is not what it was.
fn gone(f: &mut fmt::Formatter<'_>, dir: &Path, file: Option<&str>) -> fmt::Result {
    if let Some(file) = file {
        write!(f, "`{file}` of ")?;
    }
    write!(
        f,
        "the log in {} was moved, removed or cut while it was in use, and nothing is accepted any more: put it back, or \
         choose another directory, then start again",
        dir.display()
    )
}

fn not_erased(
    f: &mut fmt::Formatter<'_>,
    dir: &Path,
    what: &str,
    is_overlooked: bool,
) -> fmt::Result {
    let dir = dir.display();
    write!(f, "in the log in {dir}, {what}. Nothing was changed. ")?;
    if is_overlooked {
        write!(
            f,
            "Stop the server, make a new log without that with `chat-server repair --data {dir} NEW-DIR`, use it, \
             and remove this one"
        )
    } else {
        write!(f, "Start the server: it erases that")
    }
}

impl Finder {
    /// What to do about a damaged log.
    fn advice(self, dir: &Path) -> String {
        let dir = dir.display();
        let repair = format!(
            "make a new log of all that can be read with `chat-server repair --data {dir} NEW-DIR`"
        );
        let copy =
            "If it is a copy made while its server ran: make one with `chat-server backup` instead";
        match self {
            Self::Use => format!(
                "Look closer with `chat-server check --data {dir}`; then restore the whole directory from a \
                 backup, or {repair}. {copy}"
            ),
            Self::Check => {
                format!("Restore the whole directory from a backup, or {repair}. {copy}")
            }
            Self::Export => format!(
                "What was exported says where something is missing. Restore the whole directory from a backup, or \
                 {repair}"
            ),
            Self::Copy => format!("Restore the whole directory from a backup, or {repair}"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            Fault::Full(error)
            | Fault::NoRoom(error)
            | Fault::Io(error)
            | Fault::Unwritten(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{
            FileTooLarge, InvalidData, QuotaExceeded, StorageFull, UnexpectedEof, WriteZero,
        };
        match error.kind() {
            StorageFull | QuotaExceeded | FileTooLarge | WriteZero => Self::Full(error),
            // Only a file that is shorter than it was, or has other bytes, leads to these.
            UnexpectedEof => Self::damaged("a file is shorter than it was written"),
            InvalidData => Self::damaged(error.to_string()),
            _ => Self::Io(error),
        }
    }
}
