//! What a client remembers from run to run, in a directory of its own.
//!
//! The file has two lines: a format and a checksum of the second, and what is remembered. It is
//! replaced as a whole, so that it is as it was written last, or it is damaged.

use crate::client::Keep;
use crate::store::{Dir, Mode, Place, open, put};
use chat_core::Memory;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use twox_hash::XxHash3_64;

/// The version of the file's format.
const FORMAT: u32 = 1;

const NAME: &str = "client.json";

/// The longest file, in bytes: no client has so much to remember.
const MAX_LENGTH: usize = 1024 * 1024;

/// The directory in which one client keeps what it remembers of one server.
#[derive(Debug)]
pub struct MemoryFile {
    place: Place,
    dir: Arc<dyn Dir>,
    server: String,
    _lock: Box<dyn Any + Send + Sync>,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    /// Of the second line, XXH3 in hexadecimal.
    #[serde(default)]
    sum: String,
}

/// The second line.
#[derive(Serialize, Deserialize)]
struct Kept {
    server: String,
    memory: Memory,
}

impl MemoryFile {
    /// Opens a directory, which is made if there is none, and gives what was kept there.
    ///
    /// # Errors
    /// When another client has it open, when it is of another server, when a newer version of this
    /// program wrote it, when it is damaged, or when the disk fails; the error says which, and what
    /// to do.
    pub fn open(place: impl Into<Place>, server: &str) -> io::Result<(Self, Memory)> {
        let place = place.into();
        let failed = |error: io::Error| of_disk(&place, &error);
        let dir = place.made().map_err(failed)?;
        let lock = dir.lock(true).map_err(failed)?;
        let lock = lock.ok_or_else(|| {
            refused(
                &place,
                &"another chat-client uses it; give each its own directory",
            )
        })?;
        let memory = match read(&*dir).map_err(failed)? {
            None => Memory::default(),
            Some(bytes) => decode(&place, &bytes, server)?,
        };
        let file = Self {
            place,
            dir,
            server: server.into(),
            _lock: lock,
        };
        Ok((file, memory))
    }

    fn write(&self, memory: &Memory) -> io::Result<()> {
        let kept = serde_json::to_string(&Kept {
            server: self.server.clone(),
            memory: memory.clone(),
        })?;
        let head = serde_json::to_string(&Head {
            format: FORMAT,
            sum: sum(kept.as_bytes()),
        })?;
        let bytes = format!("{head}\n{kept}\n");
        if bytes.len() > MAX_LENGTH {
            return Err(io::Error::other("it is too much to be kept"));
        }
        put(&*self.dir, NAME, bytes.as_bytes())?;
        Ok(())
    }
}

impl Keep for MemoryFile {
    fn keep(&mut self, memory: &Memory) -> io::Result<()> {
        self.write(memory)
            .map_err(|error| of_disk(&self.place, &error))
    }
}

/// Nothing is kept.
impl Keep for () {
    fn keep(&mut self, _: &Memory) -> io::Result<()> {
        Ok(())
    }
}

/// The file's bytes, if there is one; of one that is too long, more than it may have.
fn read(dir: &dyn Dir) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open(dir, NAME, Mode::Read)? else {
        return Ok(None);
    };
    let length = usize::try_from(file.len()?).unwrap_or(usize::MAX);
    let mut bytes = vec![0; length.min(MAX_LENGTH + 1)];
    file.read(0, &mut bytes)?;
    Ok(Some(bytes))
}

fn decode(place: &Place, bytes: &[u8], server: &str) -> io::Result<Memory> {
    let damaged = |what: &dyn Display| {
        let told = format!(
            "{NAME} is damaged ({what}); what was not accepted may still be read in it; to begin \
             anew, move it away"
        );
        refused(place, &told)
    };
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let (head, kept) = (lines.next(), lines.next());
    let head: Head =
        serde_json::from_slice(head.unwrap_or_default()).map_err(|error| damaged(&error))?;
    if head.format > FORMAT {
        let what = "a newer version of this program wrote it; use that one";
        return Err(refused(place, &what));
    }
    let kept = kept.unwrap_or_default();
    let is_whole = lines.eq([b""]) && bytes.len() <= MAX_LENGTH;
    if head.format != FORMAT || !is_whole || head.sum != sum(kept) {
        return Err(damaged(&"it is not as it was written"));
    }
    let kept: Kept = serde_json::from_slice(kept).map_err(|error| damaged(&error))?;
    if kept.server != server {
        let what = format!(
            "it is of {}; use another directory for {server}",
            kept.server
        );
        return Err(refused(place, &what));
    }
    Ok(kept.memory)
}

fn sum(bytes: &[u8]) -> String {
    format!("{:016x}", XxHash3_64::oneshot(bytes))
}

/// The disk failed: what to do follows from how.
fn of_disk(place: &Place, error: &io::Error) -> io::Error {
    let todo = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on that disk",
        _ => "see to the disk and the permissions",
    };
    refused(place, &format!("{error}; {todo}"))
}

fn refused(place: &Place, what: &dyn Display) -> io::Error {
    io::Error::other(format!("{}: {what}", place.path.display()))
}
