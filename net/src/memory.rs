//! What a client remembers from run to run, in a directory of its own.

use crate::client::Keep;
use crate::store::Place;
use chat_core::Memory;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt::Display;
use std::io;

/// The version of the file's format.
const FORMAT: u32 = 1;

const NAME: &str = "client.json";

/// The longest file that is read, in bytes.
const MAX_LENGTH: u64 = 1024 * 1024;

/// The directory in which one client keeps what it remembers of one server.
#[derive(Debug)]
pub struct MemoryFile {
    place: Place,
    server: String,
    _lock: Box<dyn Any + Send + Sync>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    server: String,
    #[serde(flatten)]
    memory: Memory,
}

/// What every version of the file has.
#[derive(Deserialize)]
struct Format {
    format: u32,
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
        let at = |error: io::Error| error_at(&place, &error);
        place.disk.create_dir(&place.dir).map_err(at)?;
        let lock = place.disk.lock(&place.path("lock")).map_err(at)?;
        let lock = lock.ok_or_else(|| {
            error_at(
                &place,
                &"another chat-client uses it; give each its own directory",
            )
        })?;
        let memory = read(&place, server)?;
        let file = Self {
            place,
            server: server.into(),
            _lock: lock,
        };
        Ok((file, memory))
    }

    fn write(&self, memory: &Memory) -> io::Result<()> {
        let kept = Kept {
            format: FORMAT,
            server: self.server.clone(),
            memory: memory.clone(),
        };
        let bytes = serde_json::to_vec(&kept)?;
        let Place { disk, dir } = &self.place;
        let new = self.place.path("client.json.new");
        let file = disk.open(&new, true)?;
        file.set_len(0)?;
        file.write(0, &bytes)?;
        file.sync()?;
        disk.rename(&new, &self.place.path(NAME))?;
        disk.sync_dir(dir)
    }
}

impl Keep for MemoryFile {
    fn keep(&mut self, memory: &Memory) -> io::Result<()> {
        self.write(memory)
            .map_err(|error| error_at(&self.place, &error))
    }
}

/// Nothing is kept.
impl Keep for () {
    fn keep(&mut self, _: &Memory) -> io::Result<()> {
        Ok(())
    }
}

fn read(place: &Place, server: &str) -> io::Result<Memory> {
    let at = |error: io::Error| error_at(place, &error);
    let path = place.path(NAME);
    if !place.disk.exists(&path).map_err(at)? {
        return Ok(Memory::default());
    }
    let file = place.disk.open(&path, false).map_err(at)?;
    let length = file.len().map_err(at)?.min(MAX_LENGTH);
    let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
    file.read(0, &mut bytes).map_err(at)?;
    let format = serde_json::from_slice(&bytes).map(|it: Format| it.format);
    if format.as_ref().is_ok_and(|format| *format > FORMAT) {
        let what = "a newer version of this program wrote it; use that one";
        return Err(error_at(place, &what));
    }
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| {
        let what = format!("{NAME} is damaged ({error}); what was not accepted may be read in it; to begin anew, move it away");
        error_at(place, &what)
    })?;
    if kept.server != server {
        let what = format!(
            "it is of {}; use another directory for {server}",
            kept.server
        );
        return Err(error_at(place, &what));
    }
    Ok(kept.memory)
}

fn error_at(place: &Place, what: &dyn Display) -> io::Error {
    io::Error::other(format!("{}: {what}", place.dir.display()))
}
