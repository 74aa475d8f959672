//! How much of a log is held.

use super::head::Mark;
use super::reader::Shared;
use chat_core::Record;
use std::time::Duration;

/// How much is kept. The oldest entries beyond any of these limits are let go of when others are appended;
/// the newest is always kept. The default has no limits.
///
/// What is let go of is not told of any more at once. Its room on the disk is free again when all of its
/// segment is let go of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Retention {
    /// The oldest entry is at most this much older than the newest, by the times in them. A time is believed
    /// only once the entry after it does not take it back. Where more than a tenth of the log would go at
    /// once, it is told, and held back until a tenth of this time has gone on.
    pub age: Option<Duration>,
    /// At most so many entries.
    pub count: Option<u64>,
    /// At most so many bytes of the segments.
    pub bytes: Option<u64>,
}

impl Retention {
    pub(super) fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// Entries that one append lets go of for their age, beyond as many as it adds.
const AT_ONCE: usize = 1024;

/// Entries read at once.
const PAGE: usize = 64;

/// What is known of the times of entries.
#[derive(Debug, Default)]
pub(super) struct Age {
    /// When the newest entry happened.
    newest: Option<u64>,
    /// When the oldest held did: its offset, and its time.
    oldest: Option<(u64, u64)>,
    /// More than a tenth would go, since that time.
    held_since: Option<u64>,
}

/// The first entry that is to be held, once these were appended, up to the end of what is written.
pub(super) fn first(
    keep: &Retention,
    shared: &Shared,
    mark: Mark,
    age: &mut Age,
    appended: &[Record],
    end: u64,
) -> u64 {
    shared.commit(mark);
    let mut first = mark.first;
    if let Some(most) = keep.count {
        first = first.max((mark.last + 1).saturating_sub(most.max(1)));
    }
    if let Some(most) = keep.bytes {
        first = first.max(of_bytes(shared, first, most, end));
    }
    if let Some(most) = keep.age {
        let most = u64::try_from(most.as_millis()).unwrap_or(u64::MAX);
        first = age.first(shared, Mark { first, ..mark }, most, appended);
    }
    first.min(mark.last).max(mark.first)
}

/// The first entry that is held where all of them from there on come to no more than so many bytes.
fn of_bytes(shared: &Shared, first: u64, most: u64, end: u64) -> u64 {
    let segments = shared.segments();
    let mut bytes = 0;
    for (nth, segment) in segments.iter().enumerate().rev() {
        let length = if nth + 1 == segments.len() {
            end
        } else {
            segment.opened.file.len().unwrap_or(0)
        };
        bytes += length;
        if bytes > most {
            // So much of the beginning of this one is over.
            return first.max(shared.first_from(nth, bytes - most));
        }
    }
    first
}

impl Age {
    fn first(&mut self, shared: &Shared, mark: Mark, most: u64, appended: &[Record]) -> u64 {
        let times = appended.iter().rev().map(|record| record.at);
        let mut times = times.chain(self.newest);
        let (newest, before) = (times.next(), times.next());
        self.newest = newest;
        let Some(now) = newest.min(before) else {
            return mark.first;
        };
        let is_over = |at: u64| now.saturating_sub(at) > most;
        let time_of = |offset: u64| -> Option<u64> {
            // Those that a clock dated ahead say nothing of it.
            let read = shared.read_log(offset, PAGE).ok()?;
            read.iter()
                .map(|(_, record)| record.at)
                .find(|at| *at <= now)
        };
        if self.oldest.is_none_or(|(offset, _)| offset != mark.first) {
            self.oldest = time_of(mark.first).map(|at| (mark.first, at));
        }
        if !self.oldest.is_some_and(|(_, at)| is_over(at)) {
            self.held_since = None;
            return mark.first;
        }
        let tenth = ((mark.last + 1 - mark.first) / 10).max(1);
        if time_of(mark.first + tenth).is_some_and(is_over) {
            let since = *self.held_since.get_or_insert_with(|| {
                tracing::warn!(
                    "more than a tenth of the history is older than it is to be, all at once: the clock may be \
                     wrong. It is kept until the clock has gone on for a while"
                );
                now
            });
            if now.saturating_sub(since) <= most / 10 {
                return mark.first;
            }
        } else {
            self.held_since = None;
        }
        let mut first = mark.first;
        let end = first + (appended.len() + AT_ONCE) as u64;
        while first < end.min(mark.last) {
            let Ok(page) = shared.read_log(first, PAGE) else {
                break;
            };
            let may_go = |(_, record): &&(u64, Record)| is_over(record.at) || record.at > now;
            let over = page.iter().take_while(may_go).count();
            let last = page[..over]
                .iter()
                .rposition(|(_, record)| is_over(record.at));
            let over = last.map_or(0, |last| last + 1);
            if let Some((offset, held)) = page.get(over) {
                self.oldest = (held.at <= now).then_some((*offset, held.at));
                return *offset;
            }
            match page.last() {
                Some((last, _)) => first = last + 1,
                None => break,
            }
        }
        first
    }
}
