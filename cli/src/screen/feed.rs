//! What a client shows as objects, one to a line, as what a screen shows.

use super::room::Entry;
use chat_core::json::{self, Message};

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
    },
    /// The same, of a page of the history.
    Past(String, Entry),
    /// The page ends here: the number of the oldest entry there is.
    Page(u64),
    /// A message for this person alone.
    Notice(String),
    /// The same, which somebody wrote: it rings.
    Private(String),
}

/// What a line says; nothing where that is nothing for a screen.
pub fn decode(line: &str) -> Option<News> {
    let message = serde_json::from_str(line).ok()?;
    Some(match message {
        Message::Entry(entry) => News::Happened {
            room: entry.room.clone().into(),
            epoch: entry.epoch.clone().into(),
            id: entry.id.clone().map(Into::into),
            entry: entry_of(entry),
        },
        Message::Past(entry) => News::Past(entry.room.clone().into(), entry_of(entry)),
        Message::Page { first, .. } => News::Page(first),
        Message::Who { names, more, .. } => {
            let count = names.len() + more;
            let more = match more {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            News::Notice(format!("{count} here: {}{more}", names.join(", ")))
        }
        Message::Missing { after, next, .. } => {
            let count = next.saturating_sub(after).saturating_sub(1);
            News::Notice(format!("{count} entries cannot be read."))
        }
        Message::Private {
            from,
            text,
            id: None,
            ..
        } => News::Private(format!("[PM from {from}] {text}")),
        Message::Private { to, text, .. } => News::Notice(format!("[PM to {to}] {text}")),
        Message::Topic {
            text, by: Some(by), ..
        } => News::Notice(format!("The topic, set by {by}: {text}")),
        Message::Topic { .. } => News::Notice("There is no topic. /topic TEXT sets one.".into()),
        Message::Away { name, text } if text.is_empty() => News::Notice(format!("{name} is away.")),
        Message::Away { name, text } => News::Notice(format!("{name} is away: {text}")),
        Message::Whois {
            name,
            here_ms,
            online,
            away,
        } => {
            let minutes = here_ms / 60_000;
            let online = if online {
                ""
            } else {
                ", and has lost the connection"
            };
            let away = match away.as_deref() {
                None => String::new(),
                Some("") => "; away".into(),
                Some(why) => format!("; away: {why}"),
            };
            News::Notice(format!(
                "{name} has been here for {minutes} min{online}{away}"
            ))
        }
        Message::Announcement { text } => News::Private(format!("Announcement: {text}")),
        Message::Error { text, .. } => News::Notice(format!("Not done: {text}")),
        Message::Slow { text } | Message::Disk { text, .. } | Message::Notice { text } => {
            News::Notice(text.into())
        }
        Message::Bye { text, .. } => News::Notice(format!("Goodbye: {text}")),
        _ => return None,
    })
}

fn entry_of(entry: json::Entry<'_>) -> Entry {
    Entry {
        seq: entry.seq,
        at: entry.at,
        kind: entry.kind,
        name: entry.name.into(),
        text: entry.text.unwrap_or_default().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat_core::Kind;

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
        };
        let happened = News::Happened {
            room: "lobby".into(),
            epoch: "e".into(),
            entry: said.clone(),
            id: Some("x".into()),
        };
        assert_eq!(decode(&entry("entry")), Some(happened));
        assert_eq!(
            decode(&entry("past")),
            Some(News::Past("lobby".into(), said))
        );
        let page = "{\"type\":\"page\",\"first\":3,\"head\":9}";
        assert_eq!(decode(page), Some(News::Page(3)));
        let who = "{\"type\":\"who\",\"names\":[\"ann\",\"bob\"],\"more\":3}";
        let here = News::Notice("5 here: ann, bob and 3 more".into());
        assert_eq!(decode(who), Some(here));
        assert_eq!(decode("{\"type\":\"pong\",\"head\":1}"), None);
        assert_eq!(decode("ann: hi"), None);
    }
}
