//! The frames of a segment, one after another, and what is there instead where there is none.

use super::bytes::shorter;
use super::disk::File;
use super::error::Fault;
use super::frame::{self, HEADER, Header, MAX_FRAME, SECTOR, Tag};
use super::gone::Gone;
use super::record::{self, Found};
use super::segment::{Opened, last_written};
use super::sum::Seed;
use std::ops::Range;
use std::sync::Arc;

/// Bytes read at once.
const CHUNK: u64 = 256 * 1024;

/// A place between two frames.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    window: Window<'a>,
    seed: Seed,
    tag: Tag,
    gone: Arc<Gone>,
    /// Where the next frame is to begin, with which entry, and the sum of the one before.
    pub(super) at: u64,
    pub(super) next: u64,
    pub(super) chain: u64,
    /// Where the last frame is.
    pub(super) last: Option<Range<u64>>,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A frame, which was passed.
    Frame,
    /// Nothing: zeros where its header would be, or the end of the file.
    Nothing,
    /// Something else. Its header, if that is whole, and the one that was to come.
    Broken(Option<Header>),
}

impl<'a> Walk<'a> {
    /// Begins with the first frame of a segment.
    pub(super) fn new(segment: &'a Opened) -> Result<Self, Fault> {
        let header = &segment.header;
        Ok(Self {
            window: Window::new(&*segment.file)?,
            seed: header.seed(),
            tag: header.tag(),
            gone: segment.gone(),
            at: header.start(),
            next: header.first,
            chain: header.chain,
            last: None,
        })
    }

    /// Goes on with what has been erased by now.
    pub(super) fn renew(&mut self, segment: &Opened) {
        self.gone = segment.gone();
        self.window.bytes.clear();
    }

    /// Passes the next frame, and gives its records, each with where it begins.
    pub(super) fn step(&mut self, mut each: impl FnMut(u64, Found<'_>)) -> Result<Step, Fault> {
        let at = self.at;
        let Some(bytes) = self.window.at(at, HEADER)? else {
            return Ok(Step::Nothing);
        };
        if bytes.iter().all(|&byte| byte == 0) {
            return Ok(Step::Nothing);
        }
        let header = Header::decode(bytes, self.tag)
            .filter(|header| header.first == self.next && header.prev == self.chain);
        let Some(header) = header else {
            return Ok(Step::Broken(None));
        };
        let broken = Step::Broken(Some(header));
        let Some(bytes) = self.window.at(at, header.len)? else {
            return Ok(broken);
        };
        // Nothing of a frame is given before all of it is verified.
        let mut records = Vec::new();
        let verified = frame::verify(bytes, &header, self.seed, &self.gone, |nth, found| {
            records.push((nth, found));
        });
        if verified.is_err() {
            return Ok(broken);
        }
        for (nth, found) in records {
            each(at + nth as u64, found);
        }
        self.pass(at, &header);
        Ok(Step::Frame)
    }

    fn pass(&mut self, at: u64, header: &Header) {
        self.at = at + header.len as u64;
        self.last = Some(at..self.at);
        self.next = header.last() + 1;
        self.chain = header.sum;
    }

    /// The next whole frame after this place that is a later one, whatever is before it.
    fn hunt(&mut self) -> Result<Option<(u64, Header)>, Fault> {
        let mut at = self.at + 8;
        while let Some(bytes) = self.window.at(at, HEADER)? {
            if self.tag.begins(bytes)
                && let Some(header) = Header::decode(bytes, self.tag)
                && header.first > self.next
                && let Some(bytes) = self.window.at(at, header.len)?
                && frame::verify(bytes, &header, self.seed, &self.gone, |_, _| {}).is_ok()
            {
                return Ok(Some((at, header)));
            }
            at += 8;
        }
        Ok(None)
    }

    /// Passes what is broken: the records in it that are whole are given, in their order.
    pub(super) fn salvage(
        &mut self,
        mut each: impl FnMut(u64, Found<'_>),
    ) -> Result<Salvaged, Fault> {
        let found = self.hunt()?;
        let end = found.map_or(self.window.len, |(at, _)| at);
        let before = found.map_or(u64::MAX, |(_, header)| header.first);
        let (mut at, mut passed) = (self.at, self.at);
        while at < end {
            let most = usize::try_from(end - at).unwrap_or(usize::MAX);
            let length = most.min(record::PREFIX + record::MAX_BODY);
            let Some(bytes) = self.window.at(at, length)? else {
                break;
            };
            if record::may_be(bytes)
                && let Ok(it) = record::find(bytes, self.seed, &self.gone)
                && (self.next..before).contains(&it.offset)
                && it.offset - self.next <= (at - passed) / record::SHORTEST
            {
                self.next = it.offset + 1;
                each(at, it);
                at += it.len() as u64;
                passed = at;
            } else {
                at += 1;
            }
        }
        let Some((at, header)) = found else {
            self.at = self.window.len;
            return Ok(Salvaged::Rest(passed));
        };
        self.at = at;
        self.next = header.first;
        self.chain = header.prev;
        Ok(Salvaged::UpToFrame)
    }

    /// Whether there is nothing but the end of a frame from this place on.
    pub(super) fn is_end(&mut self, at: u64) -> Result<bool, Fault> {
        let mut at = at.min(self.window.len);
        let length = usize::try_from(SECTOR.min(self.window.len - at)).unwrap_or(0);
        if let Some(bytes) = self.window.at(at, length)? {
            at += bytes
                .iter()
                .take_while(|&&byte| byte == frame::PADDING)
                .count() as u64;
        }
        Ok(last_written(self.window.file, at)?.is_none())
    }

    /// Where the log ends, after the last whole frame of its newest segment: nothing else is there, or what
    /// is was never acknowledged (README.md, "A torn tail"). `known`: the last entry that certainly was.
    ///
    /// # Errors
    /// When what is there is damage.
    pub(super) fn tail(&mut self, step: Step, known: u64) -> Result<Tail, Fault> {
        let written = last_written(self.window.file, self.at)?;
        let seq = self.next;
        let damaged = |what: &str| Err(Fault::damaged(format!("{what}, from entry {seq} on")));
        if known >= self.next {
            return damaged(
                "what was acknowledged is not there any more, or not as it was written",
            );
        }
        let Some(end) = written else {
            return Ok(Tail::Clean);
        };
        if self.hunt()?.is_some() {
            return damaged("it is not as it was written, although more follows");
        }
        let extent = match step {
            Step::Broken(Some(header)) => self.at..self.at + header.len as u64,
            // No sector of its header's was written.
            Step::Nothing => self.at..self.at + MAX_FRAME as u64,
            Step::Broken(None) | Step::Frame => self.at..self.at,
        };
        if end > extent.end || extent.end > self.window.len && step != Step::Nothing {
            return damaged("it is not as it was written");
        }
        // Whatever is whole but for its sum had all of its sectors written, and what has no header had not even
        // the first of them.
        let unwritten = match step {
            Step::Nothing => self.at..(self.at / SECTOR + 1) * SECTOR,
            _ => extent,
        };
        if !self.has_unwritten_sector(unwritten)? {
            return damaged("it is not as it was written");
        }
        Ok(Tail::Torn(self.at..end))
    }

    fn has_unwritten_sector(&mut self, extent: Range<u64>) -> Result<bool, Fault> {
        let mut from = extent.start;
        while from < extent.end {
            let to = ((from / SECTOR + 1) * SECTOR).min(extent.end);
            let length = usize::try_from(to - from).unwrap_or(0);
            let bytes = self.window.at(from, length)?.unwrap_or_default();
            if bytes.iter().all(|&byte| byte == 0) {
                return Ok(true);
            }
            from = to;
        }
        // Or a write that ended before its end, wherever that is: a frame does not end with zeros.
        let end = self.window.at(extent.end - 8, 8)?.unwrap_or_default();
        Ok(end.iter().all(|&byte| byte == 0))
    }
}

/// How far something broken was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Salvaged {
    /// Up to the next frame.
    UpToFrame,
    /// All of the rest: nothing in it from this place on could be read.
    Rest(u64),
}

/// What is after the last whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing.
    Clean,
    /// A frame that was being written.
    Torn(Range<u64>),
}

/// Bytes of a file, read in chunks.
#[derive(Debug)]
struct Window<'a> {
    file: &'a dyn File,
    len: u64,
    from: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    fn new(file: &'a dyn File) -> Result<Self, Fault> {
        Ok(Self {
            len: file.len()?,
            file,
            from: 0,
            bytes: Vec::new(),
        })
    }

    /// So many bytes from this place on, if the file has them.
    fn at(&mut self, at: u64, length: usize) -> Result<Option<&[u8]>, Fault> {
        let end = at.saturating_add(length as u64);
        while end <= self.len && (at < self.from || end > self.from + self.bytes.len() as u64) {
            let to = end.max(at + CHUNK).min(self.len);
            self.bytes
                .resize(usize::try_from(to - at).unwrap_or(usize::MAX), 0);
            self.from = at;
            if let Err(error) = self.file.read(at, &mut self.bytes) {
                self.bytes.clear();
                self.len = shorter(self.file, self.len, error)?;
            }
        }
        if end > self.len {
            return Ok(None);
        }
        let start = usize::try_from(at - self.from).unwrap_or(usize::MAX);
        Ok(Some(&self.bytes[start..start + length]))
    }
}
