//! What was entered and is not accepted yet, where it is now, and what becomes of it where it is refused.

use super::messages::Message;
use super::{Link, Screen, Typed};
use crate::editor::line::Line;
use crate::editor::line_kind::{LineKind, saying};
use crate::editor::password;
use std::borrow::Cow;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    /// It is said.
    Said,
    /// It is something that the person does (`/me`).
    Deed,
    /// It is a command, which nobody is told.
    Command,
}

/// A line that is not accepted yet, as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsent<'a> {
    /// The name of the room, or of whom it is for alone.
    place: &'a str,
    is_alone: bool,
    /// What is said, or a command.
    pub(super) text: Cow<'a, str>,
    pub(super) is: Is,
}

/// Whom a line is for alone, and what it tells them.
fn alone(line: &str) -> Option<(&str, &str)> {
    let (command, rest) = line.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let (to, text) = rest.split_once(char::is_whitespace)?;
    command.eq_ignore_ascii_case("/msg").then_some((to, text))
}

fn deed(line: &str) -> Option<&str> {
    let (command, text) = line.split_once(char::is_whitespace)?;
    command.eq_ignore_ascii_case("/me").then_some(text)
}

impl Screen {
    /// The next thing that the person entered, which is on its way to the client from now on, until that has
    /// [taken](Self::taken) it.
    pub fn pass_on(&mut self) -> Option<(String, Typed)> {
        let (room, typed) = self.poll_typed()?;
        self.passes(&room, &typed);
        Some((room, typed))
    }

    /// This is on its way to the client, which takes what is entered, and not what the screen asks for by itself.
    pub fn passes(&mut self, room: &str, typed: &Typed) {
        if let Typed::Join(name) = typed {
            self.wish.clone_from(name);
        }
        if matches!(typed, Typed::Line(_) | Typed::Said(_) | Typed::Join(_)) {
            self.passing.push_back((room.into(), typed.clone()));
        }
    }

    /// The client has taken what was first on its way.
    pub fn taken(&mut self) {
        self.last_taken = self.passing.pop_front();
        self.is_dirty = true;
    }

    /// What the client has taken last was of use with a connection alone, and there is none: the person is told, and has it still.
    pub fn refused(&mut self) {
        let Some((room, Typed::Line(text))) = self.last_taken.take() else {
            return;
        };
        self.is_dirty = true;
        let shown = password::masked(&text, 0, '*').0;
        let news = self.say(Message::NoConnection, &[&shown]);
        self.remark(&news);
        let here = self.room();
        let to = alone(&text).filter(|(to, _)| here.is_conversation && here.name == *to);
        let (place, text) = match to {
            // As it was typed there.
            Some((_, said)) => (Some(self.current), saying(said)),
            None if here.is_conversation && room == self.rooms[0].name => {
                (Some(self.current), text)
            }
            None => (self.known_room(&room), text),
        };
        match place {
            Some(place) if place != self.current => {
                let line = &mut self.rooms[place].desk.line;
                if line.is_empty() && !password::may_be_in(&text) {
                    *line = Line::of(text);
                } else {
                    self.editor.keep_cut(&text);
                }
            }
            _ => self.editor.give_back(&text),
        }
    }

    /// What was entered and nobody has taken yet, each with its room, to be kept.
    pub fn entered_lines(&self) -> impl Iterator<Item = &(String, Typed)> {
        self.passing.iter().chain(&self.typed)
    }

    /// Lines that are not accepted yet, those included that nobody has taken.
    pub(super) fn unsent(&self) -> impl Iterator<Item = Unsent<'_>> {
        let pending = self.pending.iter().filter(|it| !it.is_received);
        let pending = pending.map(|it| Unsent {
            place: &it.room,
            is_alone: false,
            text: (&*it.text).into(),
            is: if it.is_deed { Is::Deed } else { Is::Said },
        });
        // Elsewhere, a command is taken at once.
        let shows_commands = matches!(self.link, Link::None | Link::Connecting);
        let entered = self.entered_lines().filter_map(move |(room, typed)| {
            let (mut place, mut is_alone, mut is) = (&**room, false, Is::Said);
            let text = match typed {
                Typed::Line(text) if text.trim().is_empty() => return None,
                Typed::Said(text) => (&**text).into(),
                Typed::Line(text) => {
                    if let Some(said) = LineKind::of(text).said() {
                        Cow::from(said)
                    } else if let Some(text) = deed(text) {
                        is = Is::Deed;
                        text.into()
                    } else if !shows_commands {
                        return None;
                    } else if let Some((to, text)) = alone(text)
                        && self.conversation(to).is_some()
                    {
                        (place, is_alone) = (to, true);
                        text.into()
                    } else {
                        is = Is::Command;
                        password::masked(text, 0, '*').0
                    }
                }
                _ => return None,
            };
            Some(Unsent {
                place,
                is_alone,
                text,
                is,
            })
        });
        pending.chain(entered)
    }

    /// Those of the room that is looked at.
    pub(super) fn unsent_here(&self) -> impl Iterator<Item = Unsent<'_>> {
        let room = self.room();
        let is_here = |it: &Unsent<'_>| {
            let is_named = if it.is_alone {
                room.name.eq_ignore_ascii_case(it.place)
            } else {
                room.name == it.place
            };
            is_named && room.is_conversation == it.is_alone
        };
        self.unsent().filter(is_here)
    }

    /// The name under which the person speaks, or wants to.
    pub(super) fn own_name(&self) -> &str {
        let known = [&*self.me, &*self.wish]
            .into_iter()
            .find(|it| !it.is_empty());
        known.unwrap_or(Message::You.text(self.settings.language))
    }
}
