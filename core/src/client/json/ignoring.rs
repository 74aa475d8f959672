//! People whom the person ignores (PROTOCOL.md, "The client that resumes"): what they say, do and write to this one alone is
//! not shown.

use super::JsonClient;
use super::memory::{Ignored, Named};
use crate::client::CommandError;
use crate::types::entry::Kind;
use crate::types::name::Name;
use crate::wire::answer::Answer;
use crate::wire::json::{Entry, Message, Request as Ask};
use crate::wire::notice::Notice;
use crate::wire::short::Short;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::mem;

/// So many people may be ignored.
const MAX_IGNORED: usize = 64;

/// So many names that somebody had one after the other are known, the last one among them.
const MAX_NAMES: usize = 8;

/// What is known while people may be ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Ignoring {
    /// The latest time of an entry that was seen.
    latest: u64,
    /// Who wrote to this one alone last, of those who are shown.
    wrote: Option<String>,
    /// Somebody who is ignored has done so since: the server would have them answered.
    is_hidden_last: bool,
    page: Page,
}

/// What has come of a page of the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Page {
    /// Some of it is shown.
    is_shown: bool,
    /// How many entries are not, and the number of the first one.
    hidden: u64,
    first_hidden: Option<u64>,
}

impl JsonClient {
    /// The person wants to be shown nothing any more of what somebody says; or to be told of whom they are not.
    pub(super) fn ignore(&mut self, asked: Option<&str>) {
        let Some(asked) = asked else {
            return self.list_ignored();
        };
        let name = match Name::parse(asked) {
            Ok(name) => name,
            Err(why) => return self.no_name(asked, &why.to_string()),
        };
        let count = self.memory.ignored.len();
        let news = if self.is_own_name(name.as_str()) {
            "* Not done: that is you.".into()
        } else if self.ignored_as(&name).is_some() {
            format!("* You ignore {name} already. /unignore {name} ends that.")
        } else if count >= MAX_IGNORED {
            format!("* Not done: you ignore {count} people, and these are the most.")
        } else {
            let named = Named {
                name: name.to_string(),
                from: 0,
                until: None,
            };
            self.memory.ignored.push(Ignored {
                since: self.ignoring.latest,
                names: [named].into(),
            });
            self.keep_first();
            format!(
                "* What {name} says, does, or writes to you alone is not shown from now on; that they come, go, or take another name is. /unignore {name} ends that."
            )
        };
        self.say_privately(&news);
    }

    /// The person wants to be shown again what somebody says.
    pub(super) fn unignore(&mut self, asked: &str) {
        let name = match Name::parse(asked) {
            Ok(name) => name,
            Err(why) => return self.no_name(asked, &why.to_string()),
        };
        let before = self.memory.ignored.len();
        let is_it = |it: &Ignored| it.name().is_some_and(|it| is_same(it, name.as_str()));
        self.memory.ignored.retain(|it| !is_it(it));
        let news = if self.memory.ignored.len() < before {
            self.keep_first();
            format!("* What {name} says is shown again.")
        } else {
            format!("* You do not ignore {name}. /ignore lists whom you do.")
        };
        self.say_privately(&news);
    }

    /// Says a text to whoever wrote to this one alone last, of those who are shown.
    pub(super) fn answer_privately(&mut self, text: &str) -> Result<(), CommandError> {
        if !self.ignoring.is_hidden_last {
            return self.say_privately_to(None, text);
        }
        if let Some(to) = self.ignoring.wrote.clone() {
            return self.say_privately_to(Some(&to), text);
        }
        self.not_done(Notice::Answer(Answer::NobodyWrote));
        Ok(())
    }

    /// Whether something that the server sends is not to be shown. Where a page comes to nothing that is, the screen of somebody
    /// who reads back would take it for the beginning: the page before it is asked for in its place.
    pub(super) fn hides(&mut self, message: &Message<'_>) -> bool {
        match message {
            Message::Past(entry) => {
                let is_hidden = self.is_hidden(entry);
                let page = &mut self.ignoring.page;
                if is_hidden {
                    page.hidden += 1;
                    page.first_hidden.get_or_insert(entry.seq);
                }
                page.is_shown |= !is_hidden;
                is_hidden
            }
            Message::Page {
                room,
                first,
                with: None,
                ..
            } => {
                let page = mem::take(&mut self.ignoring.page);
                let before = page.first_hidden.filter(|seq| *seq > *first);
                let Some(before) = before.filter(|_| self.setup.many && !page.is_shown) else {
                    return false;
                };
                self.request(&Ask::History {
                    room: room.as_deref().map(Into::into),
                    with: None,
                    after: None,
                    before: Some(before),
                    limit: Some(page.hidden),
                });
                true
            }
            Message::Private {
                from,
                at,
                id,
                past,
                waits,
                ..
            } => {
                let is_hidden = self.is_ignored(from, *at);
                let ignoring = &mut self.ignoring;
                if is_hidden {
                    ignoring.is_hidden_last = true;
                } else if id.is_none() && (*waits || !past) {
                    ignoring.is_hidden_last = false;
                    ignoring.wrote = Some(from.to_string());
                }
                is_hidden
            }
            _ => false,
        }
    }

    /// Whether an entry is not to be shown: somebody who is ignored has said or done something.
    pub(super) fn is_hidden(&self, entry: &Entry<'_>) -> bool {
        let is_talk = matches!(entry.kind, Kind::Said | Kind::Acted);
        is_talk && self.is_ignored(&entry.name, entry.at)
    }

    /// Takes note of an entry, be it shown or not: whoever is ignored may have another name from then on.
    pub(super) fn follow_people(&mut self, entry: &Entry<'_>) {
        let at = entry.at;
        self.ignoring.latest = self.ignoring.latest.max(at);
        let is_of_them = |name: &String| *name == *entry.name;
        if entry.kind == Kind::Left && self.ignoring.wrote.as_ref().is_some_and(is_of_them) {
            self.ignoring.wrote = None;
        }
        let after = entry.text.as_deref().map(Name::parse);
        let (Kind::Renamed, Some(Ok(after))) = (entry.kind, after) else {
            return;
        };
        if self.ignoring.wrote.as_ref().is_some_and(is_of_them) {
            self.ignoring.wrote = Some(after.to_string());
        }
        // What happened before somebody was ignored was done by others of that name. Of two who had it one after the other,
        // whoever has it now is meant.
        let all = self.memory.ignored.iter_mut();
        let theirs = all.filter(|it| {
            let last = it.names.back();
            let is_it = |last: &Named| last.from <= at && is_same(&last.name, &entry.name);
            it.since <= at && last.is_some_and(is_it)
        });
        let Some(them) = theirs.max_by_key(|it| it.names.back().map(|last| last.from)) else {
            return;
        };
        if let Some(last) = them.names.back_mut() {
            last.until = Some(at);
        }
        them.names.push_back(Named {
            name: after.to_string(),
            from: at,
            until: None,
        });
        if them.names.len() > MAX_NAMES {
            them.names.pop_front();
        }
        self.keep_first();
    }

    /// Whether somebody who had a name at a time is ignored.
    fn is_ignored(&self, name: &str, at: u64) -> bool {
        if self.memory.ignored.is_empty() {
            return false;
        }
        let mut names = self.memory.ignored.iter().flat_map(|it| &it.names);
        let is_it = |it: &Named| {
            it.from <= at && it.until.is_none_or(|until| at <= until) && is_same(&it.name, name)
        };
        !self.is_own_name(name) && names.any(is_it)
    }

    fn ignored_as(&self, name: &Name) -> Option<&Ignored> {
        let is_it = |it: &&Ignored| it.name().is_some_and(|it| is_same(it, name.as_str()));
        self.memory.ignored.iter().find(is_it)
    }

    pub(super) fn is_own_name(&self, name: &str) -> bool {
        let own = self.memory.name.as_deref();
        own.is_some_and(|own| is_same(own, name))
    }

    fn no_name(&mut self, asked: &str, why: &str) {
        let news = format!("* Not done: \"{}\" is not a name: {why}.", Short(asked));
        self.say_privately(&news);
    }

    fn list_ignored(&mut self) {
        let mut names: Vec<&str> = self
            .memory
            .ignored
            .iter()
            .filter_map(Ignored::name)
            .collect();
        names.sort_unstable();
        names.dedup();
        let news = if names.is_empty() {
            "* You ignore nobody. /ignore NAME has nothing shown of what NAME says.".into()
        } else {
            format!("* You ignore {}.", names.join(", "))
        };
        self.say_privately(&news);
    }
}

/// Whether two names are the same, in whatever case.
fn is_same(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one.to_lowercase() == other.to_lowercase()
}
