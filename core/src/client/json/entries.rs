//! What happens in rooms, and what is shown of it.

use super::memory::told;
use super::{JsonClient, Unaccepted};
use crate::client::ClientAction;
use crate::mark::{Mark, mark};
use crate::types::entry::{Kind, REDACTED};
use crate::types::room_name::RoomName;
use crate::types::time::Timestamp;
use crate::wire::json::{Entry, GapReason, Message};
use crate::wire::printable::{is_blank, printable};
use crate::wire::text::line;
use alloc::format;
use alloc::string::String;

impl JsonClient {
    /// Something happened in the room.
    pub(super) fn happened(&mut self, now: Timestamp, entry: &Entry<'_>, line: &str) {
        let Ok(here) = RoomName::parse(&entry.room) else {
            return;
        };
        let known = self.position(&here);
        if known.is_some_and(|after| entry.seq <= after) {
            return; // It was shown.
        }
        if let Some(after) = known.filter(|after| entry.seq - 1 > *after) {
            let next = entry.seq;
            if self.setup.raw {
                let gap = Message::Gap {
                    room: told(&here).map(Into::into),
                    after,
                    next,
                    reason: None,
                };
                self.show(gap.to_line().trim_end().into());
            }
            self.missed(&here, after, next, None);
        }
        self.set_position(&here, Some(entry.seq));
        let is_hidden = self.is_hidden(entry);
        self.follow_people(entry);
        if self.setup.raw && !is_hidden {
            self.show(printable(line).into());
        }
        // Of before, the name may have been somebody else's, or their own under another one that is over.
        let is_theirs = self.memory.name.as_deref() == Some(&*entry.name);
        if entry.kind == Kind::Renamed && is_theirs && !self.is_of_before(&here, entry.seq) {
            self.memory.name = entry.text.as_deref().map(Into::into);
            self.keep_soon(now);
        }
        // The last entry when a session went on in a room may be somebody else's; and who came with a name may have come back
        // with another one before they were sent it.
        let mut joined = self.joined.iter();
        let is_ours = joined
            .any(|(room, seq, name)| (room, *seq, &**name) == (&here, entry.seq, &*entry.name));
        let is_joining = entry.kind == Kind::Joined && is_ours;
        if !is_joining && !is_hidden && !self.is_own(entry) {
            let at = Some(entry.at).filter(|_| self.setup.times);
            self.tell_at(&line_of(entry), at);
        }
        if !self.is_showing {
            self.shown(now); // There was nothing to show.
        }
    }

    /// Something happened in a room where the person is not. Of what is not shown, they need only know what others do,
    /// when they come back.
    pub(super) fn overheard(&mut self, entry: &Entry<'_>) {
        let Ok(room) = RoomName::parse(&entry.room) else {
            return;
        };
        self.follow_people(entry);
        let is_ours = self.memory.name.as_deref() == Some(&*entry.name)
            && (matches!(entry.kind, Kind::Joined | Kind::Left) || self.is_own(entry));
        if is_ours && self.position(&room) == entry.seq.checked_sub(1) {
            self.set_position(&room, Some(entry.seq));
        }
    }

    /// Whether the person is in this room: what happens there is shown.
    pub(super) fn is_here(&self, room: &str) -> bool {
        RoomName::parse(room).is_ok_and(|room| self.is_in_it(&room))
    }

    /// Whether this client has said it, and its person has seen it as they typed it.
    fn is_own(&self, entry: &Entry<'_>) -> bool {
        let is_it = |said: &Unaccepted| {
            Some(&*said.id) == entry.id.as_deref() && Some(&*said.text) == entry.text.as_deref()
        };
        entry.kind == Kind::Said && self.memory.outbox.iter().any(is_it)
    }

    /// Entries are missing, and will not come.
    pub(super) fn missed(
        &mut self,
        room: &RoomName,
        after: u64,
        next: u64,
        reason: Option<GapReason>,
    ) {
        mark(Mark::ClientGap);
        let here = if self.setup.many {
            format!("in {room}")
        } else {
            "here".into()
        };
        let count = next
            .checked_sub(after)
            .map_or(0, |span| span.saturating_sub(1));
        let news = match (self.position(room), count) {
            _ if reason == Some(GapReason::Ahead) => format!(
                "* Gap: the server's log has lost its end: entry {after} was shown {here}, and it goes on with entry {next}."
            ),
            (None, _) => "* Gap: the server has another log now; what it has of it follows.".into(),
            (_, 0) => format!(
                "* Gap: the server does not have everything any more that was shown {here}."
            ),
            (_, 1) => {
                format!("* Gap: 1 entry is missing {here}; the server does not have it any more.")
            }
            (_, count) => format!(
                "* Gap: {count} entries are missing {here}; the server does not have them any more."
            ),
        };
        self.actions.push_back(ClientAction::Notice(news));
        self.set_position(room, next.checked_sub(1));
    }
}

/// Whether the text of what was said or done is gone. Where that was removed while the line was waiting, there may be blanks in its
/// place.
pub(super) fn is_redacted(entry: &Entry<'_>) -> bool {
    let text = entry.text.as_deref().unwrap_or_default();
    entry.redacted || matches!(entry.kind, Kind::Said | Kind::Acted) && is_blank(text)
}

/// An entry as a line of the text dialect.
pub(super) fn line_of(entry: &Entry<'_>) -> String {
    let name = printable(&entry.name);
    let text = match &entry.text {
        _ if is_redacted(entry) => REDACTED.into(),
        text => printable(text.as_deref().unwrap_or_default()),
    };
    let line = line(entry.kind, &name, &text).concat();
    match entry.order.as_ref().and_then(|it| it.address.as_deref()) {
        Some(address) => format!("{line} ({})", printable(address)),
        None => line,
    }
}
