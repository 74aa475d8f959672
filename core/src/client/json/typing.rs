//! What a person types, and what becomes of it.

use super::memory::told;
use super::phase::Phase;
use super::{JsonClient, Unaccepted};
use crate::client::{ClientAction, CommandError, typed};
use crate::types::limits::{MAX_ACTION, MAX_PRIVATE};
use crate::types::secret::Secret;
use crate::types::time::Timestamp;
use crate::wire::answer::Answer;
use crate::wire::json::Request as Ask;
use crate::wire::line::Line;
use crate::wire::notice::Notice;
use crate::wire::text::Request;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::mem;

/// So much may be said to one person alone that is not answered yet.
const MAX_UNANSWERED: usize = 64;

impl JsonClient {
    #[expect(clippy::too_many_lines, reason = "each request once")]
    pub(super) fn typed(&mut self, now: Timestamp, line: Line<'_>) -> Result<(), CommandError> {
        let (_, request) = typed(line)?;
        let here = told(self.target()).map(Cow::Owned);
        match request {
            Request::Nothing => {}
            Request::Leave => self.leave(now),
            Request::Say(text) => self.say(now, text.into_owned(), false),
            Request::Act(text) if text.len() > MAX_ACTION => {
                self.not_done(Notice::Answer(Answer::ActionTooLong));
            }
            Request::Act(text) => self.say(now, text.into_owned(), true),
            Request::Message(to, text) => return self.say_privately_to(Some(to), &text),
            Request::Reply(text) => return self.answer_privately(&text),
            Request::Nick(name) => {
                let name = name.into();
                return self.ask(&Ask::Nick { name, id: None });
            }
            Request::Topic => {
                return self.ask(&Ask::Topic {
                    room: here,
                    text: None,
                    id: None,
                });
            }
            Request::SetTopic(text) => {
                return self.ask(&Ask::Topic {
                    room: here,
                    text: Some(text),
                    id: None,
                });
            }
            Request::Inbox => {
                self.words.is_back = false;
                return self.ask(&Ask::Inbox { id: None });
            }
            Request::InboxOf(name, count) => {
                return self.ask(&Ask::History {
                    room: None,
                    with: Some(name.into()),
                    after: None,
                    before: None,
                    limit: Some(count),
                });
            }
            Request::Away(text) => return self.ask(&Ask::Away { text: Some(text) }),
            Request::Back => return self.ask(&Ask::Away { text: None }),
            Request::Whois(name) => {
                let name = name.into();
                return self.ask(&Ask::Whois {
                    name,
                    room: here,
                    id: None,
                });
            }
            Request::Claim(_) | Request::LogIn(..) | Request::Password(_)
                if !self.setup.is_private =>
            {
                self.not_done(Notice::Answer(Answer::PasswordInClear));
            }
            Request::Claim(password) => {
                let password = Secret(password.0.into());
                let device = self.label();
                return self.ask(&Ask::Claim {
                    password,
                    device,
                    id: None,
                });
            }
            Request::LogIn(name, password) => {
                return self.ask(&Ask::Login {
                    name: name.into(),
                    password: Secret(password.0.into()),
                    device: self.label(),
                    id: None,
                });
            }
            Request::Password(password) => {
                let password = Secret(password.0.into());
                let device = self.label();
                return self.ask(&Ask::Passwd {
                    password,
                    device,
                    id: None,
                });
            }
            Request::Unclaim => return self.ask(&Ask::Unclaim { id: None }),
            Request::Devices => return self.ask(&Ask::Devices { id: None }),
            Request::Revoke(device) => return self.ask(&Ask::Revoke { device, id: None }),
            Request::Ignore(name) => self.ignore(name),
            Request::Unignore(name) => self.unignore(name),
            Request::Who(room) => {
                let room = room.map(Into::into).or(here);
                return self.ask(&Ask::Who { room });
            }
            Request::Rooms => return self.ask(&Ask::Rooms),
            Request::Join(room) => self.go(now, room),
            Request::History(count) => {
                return self.ask(&Ask::History {
                    room: here,
                    with: None,
                    after: None,
                    before: None,
                    limit: Some(count),
                });
            }
            Request::Order(asked) => return self.ask(&asked.to_object(here)),
            Request::Bans => {
                return self.ask(&Ask::Bans {
                    room: here,
                    id: None,
                });
            }
            Request::BadTime(command) => self.not_done(Notice::Answer(Answer::BadTime(command))),
            Request::Help => self.help(),
            Request::HelpOn(name) => self.help_on(name),
            Request::HelpOnOther(name) => self.help_on_other(&name),
            Request::Surplus(command) => self.not_done(Notice::Surplus(command)),
            Request::Lacking(command) => self.not_done(Notice::Lacking(command)),
            Request::Unknown(command) => self.own_command(now, &command),
        }
        Ok(())
    }

    /// A line that is not said, though it may have been meant to.
    pub(super) fn not_done(&mut self, why: Notice<'_>) {
        self.refused = true;
        let why = format!("{why}");
        if self.setup.raw {
            self.actions.push_back(ClientAction::Notice(why));
        } else {
            self.show_all(&why);
        }
    }

    /// Says a text to one person alone, or to whoever wrote last. It is not sent again where the connection is lost
    /// before it is answered: the person is told that nobody knows whether it arrived.
    pub(super) fn say_privately_to(
        &mut self,
        to: Option<&str>,
        text: &str,
    ) -> Result<(), CommandError> {
        if text.len() > MAX_PRIVATE {
            self.not_done(Notice::Answer(Answer::PrivateTooLong));
            return Ok(());
        }
        if self.connection.private.len() >= MAX_UNANSWERED {
            self.not_done(Notice::Answer(Answer::PrivateUnanswered));
            return Ok(());
        }
        let id = self.next_id();
        self.ask(&Ask::Msg {
            to: to.map(Into::into),
            text: text.into(),
            id: Some((&*id).into()),
        })?;
        let text = Secret(text.into());
        self.connection.private.push_back((id, text));
        Ok(())
    }

    pub(super) fn next_id(&mut self) -> String {
        let id = format!("{:016x}-{}", self.setup.seed, self.next);
        self.next += 1;
        id
    }

    /// Has a text said, or done, now or as soon as there is a connection.
    pub(super) fn say(&mut self, now: Timestamp, text: String, me: bool) {
        let id = self.next_id();
        let room = told(self.target());
        let said = Unaccepted { id, text, me, room };
        self.waiting += said.size();
        if self.phase == Phase::Talking && !self.reads && !self.is_holding(&said) {
            self.send(&said.to_line());
        }
        self.memory.outbox.push_back(said);
        self.keep_first();
        if mem::take(&mut self.reads) {
            self.enter_room(now);
        }
    }

    /// Asks the server for something that is of no use later.
    pub(super) fn ask(&mut self, request: &Ask<'_>) -> Result<(), CommandError> {
        if self.phase != Phase::Talking {
            return Err(CommandError::Offline);
        }
        self.request(request);
        Ok(())
    }

    pub(super) fn request(&mut self, request: &Ask<'_>) {
        self.send(&request.to_line());
    }

    pub(super) fn send(&mut self, line: &str) {
        self.connection.unsent.extend(line.as_bytes());
    }
}
