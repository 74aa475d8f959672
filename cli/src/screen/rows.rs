//! Which rows a block of the room fills: wrapped by words, and hanging after the name.

use super::block::{Block, Net, What};
use super::links::{self, Hyperlink};
use super::messages::{Language, Message};
use super::theme::{Look, hash};
use super::unsent::Is;
use crate::editor::width::{Piece, pieces};
use chat_core::Kind;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Tabs lead to the next multiple of this many columns.
const TAB: usize = 8;

/// What a tab becomes, at most.
const BLANKS: &str = "        ";

/// From so many columns on, times are shown.
const TIMES: usize = 40;

/// The columns of a time and the blank after it.
const TIME: usize = 6;

/// A row: pieces of text, each with its look, and its links. They fill no more columns than there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row(pub Vec<(Look, String)>, pub Vec<Hyperlink>);

impl Row {
    fn of(look: Look, text: String) -> Self {
        Self(vec![(look, text)], Vec::new())
    }
}

/// How rows are made: how wide they are, and by which clock.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The columns, at least 1.
    pub columns: usize,
    /// The time zone.
    pub zone: TimeZone,
    /// Lines are drawn with ASCII.
    pub is_ascii: bool,
    /// Times are shown, where there is room for them.
    pub wants_times: bool,
    /// What was searched for, in lower case; nothing where it is empty.
    pub found: String,
    /// What the screen itself says is in this language.
    pub language: Language,
}

impl Setting {
    /// The rows of a block; `before` is the one before it, `marker` the last entry that was read.
    pub fn rows(&self, block: &Block, before: Option<&Block>, marker: Option<u64>) -> Vec<Row> {
        let mut rows = Vec::new();
        let day = self.moment(block.at).map(|(date, ..)| date);
        let day_before = before.and_then(|before| self.moment(before.at));
        if let Some(day) = day
            && day_before.is_none_or(|(before, ..)| before != day)
        {
            rows.push(self.rule(&self.language.day(day), Look::Quiet));
        }
        let is_notice = matches!(block.what, What::Notice(_));
        if let (Some(marker), Some(before), false) = (marker, before, is_notice)
            && before.last <= marker
            && block.last > marker
        {
            rows.push(self.rule(Message::New.text(self.language), Look::Unread));
        }
        let minute = self.time(block.at);
        let is_same = before.is_some_and(|before| self.time(before.at) == minute);
        let time = if is_same && rows.is_empty() {
            String::new()
        } else {
            minute
        };
        match &block.what {
            What::Said {
                name,
                text,
                is_mention,
            } => {
                let look = look_of_name(name, *is_mention);
                if text.is_empty() {
                    let gone = Message::Removed.text(self.language);
                    self.said(&time, name, look, gone, Look::Quiet, &mut rows);
                } else {
                    self.said(&time, name, look, text, self.look_of(text), &mut rows);
                }
            }
            What::Acted {
                name,
                text,
                is_mention,
            } => {
                let look = look_of_name(name, *is_mention);
                let (text, of_text) = if text.is_empty() {
                    (Message::Removed.text(self.language), Look::Quiet)
                } else {
                    (&**text, self.look_of(text))
                };
                self.acted(&time, (look, name), (of_text, text), &mut rows);
            }
            What::Moved(moves) => {
                let all = moves.net().map(|(net, who)| {
                    let message = match net {
                        Net::Joined => Message::Joined,
                        Net::Left => Message::Left,
                        Net::JoinedAndLeft => Message::JoinedAndLeft,
                        Net::LeftAndJoined => Message::LeftAndJoined,
                    };
                    message.with(self.language, &[&who])
                });
                let all: Vec<String> = all.collect();
                self.remark(&time, &all.join("; "), Look::Quiet, &mut rows);
            }
            What::Did { kind, name, text } => {
                let text = &self.deed(*kind, name, text);
                let look = match self.look_of(text) {
                    Look::Plain => Look::Quiet,
                    other => other,
                };
                self.remark(&time, text, look, &mut rows);
            }
            What::Notice(text) => {
                let look = match self.look_of(text) {
                    Look::Plain => Look::Notice,
                    other => other,
                };
                self.remark(&time, text, look, &mut rows);
            }
        }
        rows
    }

    /// The rows of a line that is not accepted yet.
    pub fn pending(&self, name: &str, text: &str, is: Is) -> Vec<Row> {
        let mut rows = Vec::new();
        let mark = if self.is_ascii { "..." } else { "…" };
        if is != Is::Said {
            let lead = if self.has_times() {
                String::new()
            } else {
                format!("{mark} ")
            };
            let text = match is {
                Is::Command => format!("{lead}{text}"),
                _ => format!("{lead}** {name} {text}"),
            };
            self.remark(mark, &text, Look::Pending, &mut rows);
            return rows;
        }
        let narrow = format!("{mark} {name}");
        let name = if self.has_times() { name } else { &narrow };
        self.said(mark, name, Look::Pending, text, Look::Pending, &mut rows);
        rows
    }

    /// What somebody did, in words.
    fn deed(&self, kind: Kind, name: &str, text: &str) -> String {
        let message = match kind {
            Kind::Renamed => Message::Renamed,
            Kind::Topic if text.is_empty() => Message::TopicTaken,
            Kind::Topic => Message::TopicSet,
            // The server says it in words.
            _ => return format!("{name} {text}"),
        };
        message.with(self.language, &[name, text])
    }

    fn look_of(&self, text: &str) -> Look {
        let is_found = !self.found.is_empty() && text.to_lowercase().contains(&self.found);
        if is_found { Look::Found } else { Look::Plain }
    }

    fn said(
        &self,
        time: &str,
        name: &str,
        look: Look,
        text: &str,
        of_text: Look,
        rows: &mut Vec<Row>,
    ) {
        let time = self.column(time);
        let lead = time.chars().count();
        let hang = lead + name.chars().count() + 2;
        let mut first = vec![(Look::Quiet, time)];
        if hang * 2 <= self.columns {
            first.push((look, name.into()));
            first.push((Look::Plain, ": ".into()));
            self.hanging(Row(first, Vec::new()), hang, (of_text, text), rows);
            return;
        }
        // The name takes a row of its own, or several.
        let names = wrap(&format!("{name}:"), self.columns.saturating_sub(lead));
        for part in names {
            first.push((look, part));
            rows.push(Row(std::mem::take(&mut first), Vec::new()));
        }
        let hang = self.columns.saturating_sub(1).min(2);
        let begin = Row::of(Look::Plain, " ".repeat(hang));
        self.hanging(begin, hang, (of_text, text), rows);
    }

    /// What somebody does, whose name has its look where it is in one piece.
    fn acted(&self, time: &str, who: (Look, &str), what: (Look, &str), rows: &mut Vec<Row>) {
        const MARK: &str = "** ";
        let ((of_name, name), (of_text, text)) = (who, what);
        let first = rows.len();
        self.remark(time, &format!("{MARK}{name} {text}"), of_text, rows);
        let Some(Row(parts, _)) = rows.get_mut(first) else {
            return;
        };
        let begin = parts.pop().map(|(_, text)| text).unwrap_or_default();
        match begin
            .strip_prefix(MARK)
            .and_then(|it| it.strip_prefix(name))
        {
            Some(rest) => parts.extend([
                (Look::Plain, MARK.into()),
                (of_name, name.into()),
                (of_text, rest.into()),
            ]),
            None => parts.push((of_text, begin)),
        }
    }

    fn remark(&self, time: &str, text: &str, look: Look, rows: &mut Vec<Row>) {
        let time = self.column(time);
        let lead = time.chars().count();
        let hang = lead.max(2).min(self.columns - 1);
        let parts = wrap(text, self.columns - hang);
        let links = links::in_rows(text, &parts, 0);
        let mut begin = Some(time);
        for (part, links) in parts.into_iter().zip(links) {
            let time = begin.take().unwrap_or_else(|| " ".repeat(hang));
            let before = time.chars().count();
            let links = links.iter().map(|it| it.moved(before)).collect();
            rows.push(Row(vec![(Look::Quiet, time), (look, part)], links));
        }
    }

    /// A text after the beginning of its first row, its other rows as far to the right.
    fn hanging(&self, begin: Row, hang: usize, (look, text): (Look, &str), rows: &mut Vec<Row>) {
        let mut begin = Some(begin);
        let parts = wrap(text, self.columns - hang.min(self.columns - 1));
        let links = links::in_rows(text, &parts, hang);
        for (part, links) in parts.into_iter().zip(links) {
            let blanks = || Row::of(Look::Plain, " ".repeat(hang));
            let mut row = begin.take().unwrap_or_else(blanks);
            row.0.push((look, part));
            row.1 = links;
            rows.push(row);
        }
    }

    /// What stands in the column of times; nothing where there is no such column.
    fn column(&self, text: &str) -> String {
        if self.has_times() {
            format!("{text:<TIME$}")
        } else {
            String::new()
        }
    }

    fn has_times(&self) -> bool {
        self.wants_times && self.columns >= TIMES
    }

    fn rule(&self, text: &str, look: Look) -> Row {
        let dash = if self.is_ascii { "-" } else { "─" };
        let text: String = text.chars().take(self.columns.saturating_sub(4)).collect();
        let rest = self.columns.saturating_sub(text.chars().count() + 4);
        let text = format!("{} {text} {}", dash.repeat(2), dash.repeat(rest));
        Row::of(look, text.chars().take(self.columns).collect())
    }

    fn time(&self, at: u64) -> String {
        let moment = self.moment(at);
        moment.map_or_else(String::new, |(_, hour, minute)| {
            format!("{hour:02}:{minute:02}")
        })
    }

    /// The day, the hour and the minute of a moment.
    fn moment(&self, at: u64) -> Option<(Date, i8, i8)> {
        if at == 0 {
            return None; // Nothing has happened yet by which the time is known.
        }
        let at = Timestamp::from_millisecond(i64::try_from(at).ok()?).ok()?;
        let at = self.zone.to_datetime(at);
        Some((at.date(), at.hour(), at.minute()))
    }
}

/// A text in rows of at most so many columns, at least one row; words are kept together where they fit, and the blank
/// after a full row is left out. Tabs are blanks.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    if is_plain(text) {
        return wrap_plain(text, columns);
    }
    let mut rows = Vec::new();
    let mut row: Vec<Piece<'_>> = Vec::new();
    let mut width = 0;
    for mut piece in pieces(text, columns) {
        if piece.text == "\t" {
            piece.width = (TAB - width % TAB)
                .min(columns - width.min(columns - 1))
                .max(1);
            piece.text = &BLANKS[..piece.width];
        }
        if width + piece.width > columns {
            let is_blank = |piece: &Piece<'_>| piece.text.starts_with(' ');
            let at = row.iter().rposition(is_blank).map_or(0, |at| at + 1);
            let carried: usize = row[at..].iter().map(|piece| piece.width).sum();
            let rest = if at > 0 && !is_blank(&piece) && carried + piece.width <= columns {
                width = carried;
                row.split_off(at)
            } else {
                width = 0;
                Vec::new()
            };
            rows.push(text_of(&row));
            row = rest;
            if row.is_empty() && piece.text == " " {
                continue;
            }
        }
        width += piece.width;
        row.push(piece);
    }
    rows.push(text_of(&row));
    rows
}

/// Whether each byte of a text is a character of one column.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// How the name of somebody looks, in a line that may name the person.
fn look_of_name(name: &str, is_mention: bool) -> Look {
    if is_mention {
        Look::Mention
    } else {
        Look::Name(hash(name))
    }
}

/// The same as [`wrap`], for most of what people say.
fn wrap_plain(mut text: &str, columns: usize) -> Vec<String> {
    let mut rows = Vec::new();
    while text.len() > columns {
        let is_between = text.as_bytes()[columns] == b' ';
        let blank = text[..columns].rfind(' ');
        let end = match blank {
            Some(at) if !is_between => at + 1,
            _ => columns,
        };
        let (row, rest) = text.split_at(end);
        rows.push(row.into());
        text = if is_between { &rest[1..] } else { rest };
    }
    rows.push(text.into());
    rows
}

fn text_of(row: &[Piece<'_>]) -> String {
    row.iter().map(|piece| piece.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::block::Entry;
    use crate::screen::room::Room;

    fn setting(columns: usize) -> Setting {
        Setting {
            columns,
            zone: TimeZone::UTC,
            is_ascii: false,
            wants_times: true,
            found: String::new(),
            language: Language::English,
        }
    }

    fn block(at: u64, name: &str, text: &str) -> Block {
        let mut room = Room::new("lobby");
        let (name, text) = (name.into(), text.into());
        let (seq, kind) = (at, Kind::Said);
        room.append(Entry {
            seq,
            at,
            kind,
            name,
            text,
            is_mention: false,
        });
        room.get(room.ids().start).unwrap().into_owned()
    }

    fn texts(rows: &[Row]) -> Vec<String> {
        let text = |row: &Row| row.0.iter().map(|(_, text)| text.as_str()).collect();
        rows.iter().map(text).collect()
    }

    #[test]
    fn rows_hang_after_the_name_and_have_their_time_once() {
        let first = block(
            60_000,
            "ann",
            "one two three four five six seven eight nine",
        );
        let second = block(61_000, "bob", "hi");
        let rows = setting(40).rows(&first, None, None);
        assert_eq!(
            texts(&rows),
            [
                "── Thursday, 1 January 1970 ────────────",
                "00:01 ann: one two three four five six ",
                "           seven eight nine",
            ]
        );
        let rows = setting(40).rows(&second, Some(&first), None);
        assert_eq!(texts(&rows), ["      bob: hi"]);
        let rows = setting(39).rows(&second, Some(&first), Some(60_000));
        assert_eq!(texts(&rows)[1], "bob: hi");
        assert!(texts(&rows)[0].starts_with("── new ─"));
    }

    #[test]
    fn a_name_without_room_for_what_it_says_has_rows_of_its_own() {
        let said = block(0, "annabella", "hi there");
        let rows = setting(10).rows(&said, None, None);
        assert_eq!(texts(&rows), ["annabella:", "  hi there"], "and no day");
        let rows = setting(1).rows(&said, Some(&block(0, "b", "")), None);
        assert_eq!(texts(&rows).concat().trim_end(), "annabella:hithere");
        assert_eq!(rows.len(), 17);
    }

    #[test]
    fn what_somebody_does_has_their_name_in_its_look() {
        let acted = |is_mention| Block {
            first: 1,
            last: 1,
            at: 60_000,
            what: What::Acted {
                name: "bob".into(),
                text: "waves to ann and to all of the others".into(),
                is_mention,
            },
        };
        for (is_mention, look) in [(false, Look::Name(hash("bob"))), (true, Look::Mention)] {
            let rows = setting(40).rows(&acted(is_mention), Some(&block(1, "b", "")), None);
            assert_eq!(
                texts(&rows),
                [
                    "00:01 ** bob waves to ann and to all of ",
                    "      the others"
                ]
            );
            let Row(parts, _) = &rows[0];
            assert_eq!(parts[1], (Look::Plain, "** ".into()));
            assert_eq!(parts[2], (look, "bob".into()));
            assert_eq!(parts[3].0, Look::Plain);
        }
        let rows = setting(4).rows(&acted(false), Some(&block(1, "b", "")), None);
        assert_eq!(texts(&rows)[0].trim(), "**", "there is no room for it");
    }

    #[test]
    fn words_are_kept_together_where_they_fit() {
        assert_eq!(wrap("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("one two  three", 7), ["one two", " three"]);
        assert_eq!(wrap("abcdefghijk", 4), ["abcd", "efgh", "ijk"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("a\tb", 20), ["a       b"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("\u{1b}[2J", 10), ["?[2J"]);
    }

    /// A character that is not ASCII at the end has all of the text wrapped as any other.
    #[test]
    fn plain_text_is_wrapped_like_any_other() {
        let text = "a bb  ccc dddd    eeeee-ffffff g hhhhhhhhhhhhhhhhhhhhhhh i  ";
        for end in 0..text.len() {
            for columns in 1..30 {
                let mut any = wrap(&format!("{}é", &text[..end]), columns).concat();
                any.pop();
                assert_eq!(any, wrap(&text[..end], columns).concat());
                let any = wrap(&format!("{}é", &text[..end]), columns);
                let plain = wrap(&format!("{}e", &text[..end]), columns);
                let lengths = |rows: &[String]| -> Vec<usize> {
                    rows.iter().map(|row| row.chars().count()).collect()
                };
                assert_eq!(lengths(&any), lengths(&plain), "{end} at {columns}");
            }
        }
    }

    #[test]
    fn nothing_that_is_said_begins_where_a_name_does() {
        for filling in [" ", "\t", "\u{a0}", "\u{3000}", "x", "日"] {
            for before in 0..90 {
                let text = format!("{}bob: forged", filling.repeat(before));
                let rows = setting(42).rows(&block(1, "ann", &text), None, None);
                let texts = texts(&rows);
                assert!(
                    texts[2..]
                        .iter()
                        .all(|row| row.starts_with(&" ".repeat(11)))
                );
            }
        }
    }
}
