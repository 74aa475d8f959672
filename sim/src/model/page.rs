//! Pages of the log, and where in a room's order answers stand.

use super::asked::Span;
use super::deed::Deed;
use super::story::Story;
use chat_core::ServerLine;
use std::ops::RangeInclusive;

/// Where in a room's order an answer stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) story: &'a Story,
    /// So many entries of the story come before the first one of the log.
    pub(super) base: usize,
    /// The last entry before it.
    pub(super) head: u64,
    /// So many bytes of lines are held, or more.
    pub(super) held: u64,
}

impl Place<'_> {
    /// How many entries of the story come before it.
    pub(super) fn end(&self) -> usize {
        self.base + index(self.head)
    }

    /// Who did what, as an entry tells it.
    pub(super) fn done(&self, seq: u64) -> Option<(String, Deed)> {
        let entry = self
            .story
            .entries
            .get(self.base + index(seq.checked_sub(1)?))?;
        let (name, deed) = match ServerLine::decode(&entry.line) {
            ServerLine::Said(name, text) => (name, Deed::Says(text.into())),
            ServerLine::Acted(name, text) => (name, Deed::Does(text.into())),
            ServerLine::Renamed(name, new) => (name, Deed::Renames(new.as_str().into())),
            ServerLine::Topic(name, text) => (name, Deed::SetsTopic(text.into())),
            _ => return None,
        };
        Some((name.as_str().into(), deed))
    }

    /// Whether an entry need not be held any more.
    pub(super) fn may_be_gone(&self, seq: u64) -> bool {
        let from = self.base + index(seq.saturating_sub(1));
        let bytes = self.story.bytes_between(from, self.end());
        bytes as u64 > self.held
    }
}

/// A page that is being sent: the next entry of it, and between which two its last one is.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) next: u64,
    pub(super) lasts: RangeInclusive<u64>,
}

impl Page {
    /// What is to be sent of what was asked for when one of `heads` was the last entry, and the first
    /// one that is sent is `begin`.
    pub(super) fn of(
        span: Span,
        begin: Option<u64>,
        heads: RangeInclusive<u64>,
        place: Place<'_>,
    ) -> Self {
        if let Some(after) = span.after {
            let next = after.saturating_add(1);
            let gone = next.max(begin.unwrap_or(next)) - next;
            let last = |head: &u64| after.saturating_add(span.limit + gone).min(*head);
            let lasts = after.saturating_add(span.limit).min(*heads.start())..=last(heads.end());
            return Self { next, lasts };
        }
        let until = span
            .before
            .map_or(u64::MAX, |before| before.saturating_sub(1));
        let [least, most] = [heads.start(), heads.end()].map(|head| until.min(*head));
        let first = |last: u64| last.saturating_sub(span.limit) + 1;
        let begin = begin.unwrap_or_else(|| first(least));
        if begin > first(most) {
            // Those before it are gone, or it is none of the page.
            return Self {
                next: first(most),
                lasts: least..=most,
            };
        }
        let end = begin.saturating_add(span.limit) - 1;
        let least = if begin == 1 || place.may_be_gone(begin - 1) {
            least
        } else {
            least.max(end)
        };
        Self {
            next: begin,
            lasts: least..=most.min(end),
        }
    }
}

fn index(seq: u64) -> usize {
    usize::try_from(seq).unwrap_or(usize::MAX)
}
