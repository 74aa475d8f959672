//! What a client shows as objects, one to a line, as what a screen shows.

use super::block::Entry;
use super::people::Person;
use chat_core::json::{self, Message, ROOM};
use chat_core::{Kind, OrderKind, Role, answer_line, is_blank};
use std::borrow::Cow;

/// What one object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Something happened in a room of a log.
    Happened {
        /// The room's name.
        room: String,
        /// Which log.
        epoch: String,
        /// What happened.
        entry: Entry,
        /// The id that its sender gave it.
        id: Option<String>,
        /// The number of the entry whose text is removed by it.
        removes: Option<u64>,
        /// Who is kept out of the room by it, or is not any more.
        ban: Option<(String, bool)>,
    },
    /// The same, of a page of the history.
    Past(String, Entry),
    /// The page of a room ends here: the number of the oldest entry there is.
    Page(String, u64),
    /// The person is in this room from now on; or is in it again, on another connection.
    In(String),
    /// They are in it no more.
    Out(String),
    /// Who is in a room.
    Who {
        /// Its name.
        room: String,
        /// Their names, as many as the server lists.
        names: Vec<String>,
        /// How many more there are.
        more: usize,
        /// The same for people.
        told: String,
    },
    /// Which rooms there are; and the same for people.
    Rooms(Vec<String>, String),
    /// Who is kept out of a room.
    Bans {
        /// Its name.
        room: String,
        /// Their names, as far as they have any.
        names: Vec<String>,
        /// The same for people.
        told: String,
    },
    /// What a room is about.
    Topic {
        /// Its name.
        room: String,
        /// It; empty if it is about nothing.
        text: String,
        /// The same for people.
        told: String,
    },
    /// How somebody is.
    Person {
        /// Who.
        name: String,
        /// How they are.
        is: Person,
        /// What they are in the room that was asked about, if one was.
        role: Option<Role>,
        /// The same for people.
        told: String,
    },
    /// Something was said to one person alone.
    Private {
        /// By whom.
        from: String,
        /// To whom.
        to: String,
        /// What.
        text: String,
        /// When, in milliseconds since the Unix epoch.
        at: u64,
        /// The person at this screen said it, and this is the answer.
        is_own: bool,
        /// Its number, where it is kept.
        seq: Option<u64>,
        /// It was said before, and asked for.
        is_past: bool,
    },
    /// All of that was sent: of a conversation with somebody, or of all that waited.
    Words(Option<String>, String),
    /// A message for this person alone.
    Notice(String),
    /// What was asked for was not done: why.
    Refused(String),
    /// The server closes the connection: why.
    Goodbye(String),
    /// The same of those who look after the server: it rings.
    Announcement(String),
}

/// What a line says; nothing where that is nothing for a screen.
pub fn decode(line: &str) -> Option<News> {
    let message = serde_json::from_str(line).ok()?;
    let told = answer_line(&message).unwrap_or_default();
    Some(match message {
        Message::Entry(entry) => News::Happened {
            room: entry.room.clone().into(),
            epoch: entry.epoch.clone().into(),
            id: entry.id.clone().map(Into::into),
            ban: entry.order.as_ref().and_then(|it| {
                let is_out = match it.kind {
                    OrderKind::Ban => true,
                    OrderKind::Unban => false,
                    _ => return None,
                };
                Some((it.whom.as_deref()?.to_owned(), is_out))
            }),
            removes: entry.order.as_ref().and_then(|it| it.seq),
            entry: entry_of(entry),
        },
        Message::Past(entry) => News::Past(entry.room.clone().into(), entry_of(entry)),
        Message::Page {
            with: Some(with), ..
        } => News::Words(Some(with.into()), told),
        Message::Inbox { .. } => News::Words(None, told),
        Message::Page { room, first, .. } => News::Page(room_of(room), first),
        Message::In { room, .. } => News::In(room.into()),
        Message::Out { room, .. } => News::Out(room.into()),
        Message::Who { room, names, more } => News::Who {
            room: room_of(room),
            names: names.into_iter().map(Into::into).collect(),
            more,
            told,
        },
        Message::Rooms { rooms, .. } => {
            let names = rooms.into_iter().map(|it| it.room.into());
            News::Rooms(names.collect(), told)
        }
        Message::Bans { room, bans, .. } => News::Bans {
            room: room_of(room),
            names: bans
                .into_iter()
                .filter_map(|it| it.whom.map(Into::into))
                .collect(),
            told,
        },
        Message::Topic { room, text, .. } => News::Topic {
            room: room_of(room),
            text: text.into(),
            told,
        },
        Message::Away { name, .. } => News::Person {
            name: name.into(),
            is: Person {
                is_away: true,
                is_cut_off: false,
            },
            role: None,
            told,
        },
        Message::Whois {
            name,
            online,
            role,
            away,
            ..
        } => News::Person {
            name: name.into(),
            is: Person {
                is_away: away.is_some(),
                is_cut_off: !online,
            },
            role: Some(Role::of_word(role.as_deref())),
            told,
        },
        Message::Private {
            from,
            to,
            text,
            at,
            id,
            seq,
            past,
            ..
        } => News::Private {
            from: from.into(),
            to: to.into(),
            text: text.into(),
            at,
            is_own: id.is_some() && !past,
            seq,
            is_past: past,
        },
        Message::Announcement { .. } => News::Announcement(told),
        Message::Error { text, .. } => News::Refused(text.into()),
        Message::Slow { text } => News::Notice(text.into()),
        Message::Bye { text, .. } => News::Goodbye(text.into()),
        _ if !told.is_empty() => News::Notice(told),
        _ => return None,
    })
}

/// The room that a message is about: where it does not say so, the lobby.
fn room_of(room: Option<Cow<'_, str>>) -> String {
    room.map_or_else(|| ROOM.into(), Into::into)
}

/// An entry as it is shown: without a text where that was removed. There may be blanks in its place then.
fn entry_of(entry: json::Entry<'_>) -> Entry {
    let text = entry.text.unwrap_or_default();
    let is_gone = matches!(entry.kind, Kind::Said | Kind::Acted) && is_blank(&text);
    let text = if is_gone { "".into() } else { text };
    Entry {
        seq: entry.seq,
        at: entry.at,
        kind: entry.kind,
        name: entry.name.into(),
        text: text.into(),
        is_mention: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_told_apart() {
        let entry = |kind| {
            format!(
                "{{\"type\":\"{kind}\",\"room\":\"lobby\",\"epoch\":\"e\",\"seq\":7,\"at\":9,\"kind\":\"said\",\
                 \"name\":\"ann\",\"text\":\"hi\",\"id\":\"x\"}}"
            )
        };
        let said = Entry {
            seq: 7,
            at: 9,
            kind: Kind::Said,
            name: "ann".into(),
            text: "hi".into(),
            is_mention: false,
        };
        let happened = News::Happened {
            room: "lobby".into(),
            epoch: "e".into(),
            entry: said.clone(),
            id: Some("x".into()),
            removes: None,
            ban: None,
        };
        assert_eq!(decode(&entry("entry")), Some(happened));
        assert_eq!(
            decode(&entry("past")),
            Some(News::Past("lobby".into(), said))
        );
        let page = "{\"type\":\"page\",\"first\":3,\"head\":9}";
        assert_eq!(decode(page), Some(News::Page("lobby".into(), 3)));
        let page = "{\"type\":\"page\",\"room\":\"dev\",\"first\":3,\"head\":9}";
        assert_eq!(decode(page), Some(News::Page("dev".into(), 3)));
        let told = "{\"type\":\"in\",\"room\":\"dev\",\"epoch\":\"e\",\"head\":1,\"here\":1}";
        assert_eq!(decode(told), Some(News::In("dev".into())));
        let told = "{\"type\":\"out\",\"room\":\"dev\"}";
        assert_eq!(decode(told), Some(News::Out("dev".into())));
        let order = "{\"type\":\"entry\",\"room\":\"dev\",\"epoch\":\"e\",\"seq\":8,\"at\":9,\"kind\":\"order\",\"name\":\"ann\",\
                     \"text\":\"has removed\",\"order\":{\"do\":\"redact\",\"whom\":\"bob\",\"seq\":7}}";
        let removes = |line: &str| match decode(line) {
            Some(News::Happened { removes, .. }) => removes,
            other => panic!("{other:?}"),
        };
        assert_eq!(removes(order), Some(7));
        for gone in ["\"redacted\":true", "\"text\":\"  \""] {
            let line = entry("past").replace("\"text\":\"hi\"", gone);
            let Some(News::Past(_, entry)) = decode(&line) else {
                panic!("{line}");
            };
            assert_eq!(entry.text, "");
        }
        assert_eq!(decode("{\"type\":\"pong\",\"head\":1}"), None);
        assert_eq!(decode("ann: hi"), None);
    }

    #[test]
    fn answers_are_worded_as_every_client_words_them() {
        let told = |line: &str| match decode(line) {
            Some(
                News::Who { told, .. }
                | News::Topic { told, .. }
                | News::Person { told, .. }
                | News::Notice(told),
            ) => told,
            other => panic!("{other:?}"),
        };
        for (line, words) in [
            (
                "{\"type\":\"who\",\"names\":[\"ann\",\"bob\"],\"more\":3}",
                "* In the room (5): ann, bob, and 3 more",
            ),
            (
                "{\"type\":\"topic\",\"text\":\"tea\",\"by\":\"ann\"}",
                "* The topic, set by ann: tea",
            ),
            (
                "{\"type\":\"away\",\"name\":\"bob\",\"text\":\"\"}",
                "* bob is away.",
            ),
            (
                "{\"type\":\"whois\",\"name\":\"bob\",\"here_ms\":60000,\"online\":false,\"away\":\"tea\"}",
                "* bob has been here for 1 minute, and has lost the connection; away: tea",
            ),
        ] {
            assert_eq!(told(line), words);
        }
    }
}
