//! What is said to one person alone, where the server keeps it (PROTOCOL.md, "Private words"): what was shown is not shown again, and
//! waits no more.

use super::JsonClient;
use crate::types::name::Name;
use crate::wire::answer::Answer;
use crate::wire::inbox::{private, waiting};
use crate::wire::json::{Message, Request as Ask};
use crate::wire::printable::printable;
use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;

/// Of so many people it is known what was shown last.
const MAX_KNOWN: usize = 64;

/// What is known of that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Words {
    /// By whom, and what was shown of that last: its number, and its time.
    shown: VecDeque<(String, u64, u64)>,
    /// What is to be read no more once it can be seen: by whom, and up to which number.
    unread: Vec<(String, u64)>,
    /// The connection goes on with a session that was here before: what waits came meanwhile.
    pub(super) is_back: bool,
}

impl Words {
    /// Something is given to be shown; whether it was before.
    fn is_known(&mut self, from: &str, seq: u64, at: u64) -> bool {
        let nth = self.shown.iter().position(|(name, ..)| name == from);
        let known = nth.and_then(|nth| self.shown.remove(nth));
        // Of a log that begins anew, the numbers do, but not the time.
        let is_known = known
            .as_ref()
            .is_some_and(|(_, last, latest)| seq <= *last && at <= *latest);
        let last = known.filter(|_| is_known);
        self.shown
            .push_back(last.unwrap_or_else(|| (from.into(), seq, at)));
        if self.shown.len() > MAX_KNOWN {
            self.shown.pop_front();
        }
        is_known
    }

    fn has_read(&mut self, from: &str, seq: u64) {
        match self.unread.iter_mut().find(|(name, _)| name == from) {
            Some((_, last)) => *last = seq.max(*last),
            None => self.unread.push((from.into(), seq)),
        }
    }
}

impl JsonClient {
    /// Follows what is said to this one alone; whether it was shown before, or is of no interest to the person.
    pub(super) fn follow_words(&mut self, message: &Message<'_>) -> bool {
        match message {
            Message::Private {
                from,
                seq: Some(seq),
                at,
                past,
                waits,
                ..
            } if !self.is_own_name(from) && (*waits || !past) => {
                self.words.has_read(from, *seq);
                if self.words.unread.len() >= MAX_KNOWN {
                    self.say_what_is_read();
                }
                self.words.is_known(from, *seq, *at)
            }
            Message::Waiting { .. } if self.words.is_back => {
                self.request(&Ask::Inbox { id: None });
                true
            }
            Message::Inbox { count, .. } => mem::take(&mut self.words.is_back) && *count == 0,
            _ => false,
        }
    }

    /// What was shown can be seen, and is to wait no more.
    pub(super) fn say_what_is_read(&mut self) {
        for (with, seq) in mem::take(&mut self.words.unread) {
            let with = with.into();
            let _ = self.ask(&Ask::Read { with, seq }); // Without a connection, it comes again.
        }
    }

    /// Something that was said to one person alone, by this one or to it.
    pub(super) fn show_private(&mut self, message: &Message<'_>) {
        let Message::Private {
            from,
            to,
            text,
            at,
            id,
            waits,
            past,
            ..
        } = message
        else {
            return;
        };
        let is_answer = id.as_deref().and_then(|id| self.take_private(id)).is_some();
        let is_own = is_answer || *past && self.is_own_name(from);
        let who = printable(if is_own { to } else { from });
        let line = private(&who, &printable(text), is_own);
        self.tell_at(&line, Some(*at).filter(|_| *past || self.setup.times));
        if is_answer
            && *waits
            && let Ok(to) = Name::parse(to)
        {
            self.tell(&format!("* {}", Answer::Waits(&to)));
        }
    }
}

/// What waits, as a line.
pub(super) fn waiting_line(message: &Message<'_>) -> Option<String> {
    match message {
        Message::Waiting { count, since, from } => {
            let named = |name: &Cow<'_, str>| printable(name).to_string();
            let from: Vec<(String, usize)> =
                from.iter().map(|it| (named(&it.name), it.count)).collect();
            let from = from.iter().map(|(name, count)| (&**name, *count));
            Some(waiting(*count, *since, from))
        }
        Message::Inbox { count: 0, .. } => Some(format!("* {}", Answer::InboxEmpty)),
        _ => None,
    }
}
