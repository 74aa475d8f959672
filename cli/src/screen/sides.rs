//! What stands around the messages: the topic, the rooms, and who is here.

use super::Screen;
use super::areas::Areas;
use super::draw::{Canvas, row_of};
use super::messages::Message;
use super::people::Person;
use super::room::Room;
use super::theme::{Look, hash};
use crate::editor::width::pieces;
use std::ops::Range;

/// Where a room is on the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// The row.
    pub(super) row: u16,
    /// The columns.
    pub(super) columns: Range<u16>,
    /// The room's place among the others.
    pub(super) place: usize,
}

impl Screen {
    pub(super) fn draw_sides(&mut self, canvas: &mut Canvas, areas: Areas) {
        let mut row = 0;
        self.spots.clear();
        if areas.rooms_row {
            self.draw_rooms_row(canvas, row);
            row += 1;
        }
        if areas.topic_row {
            canvas.fill(row, Look::Bar);
            let column = canvas.put(0, row, Look::Bar, " ");
            let width = usize::from(self.columns).saturating_sub(2);
            let topic = self.shortened(&self.room().topic, width);
            canvas.put(column, row, Look::Bar, &topic);
        }
        if areas.left > 0 {
            self.draw_rooms(canvas, areas);
        }
        if areas.right > 0 {
            self.draw_people(canvas, areas);
        }
    }

    /// The rooms in a row: as many as fit, with the one that is looked at among them, and how many more there are.
    fn draw_rooms_row(&mut self, canvas: &mut Canvas, row: u16) {
        canvas.fill(row, Look::Bar);
        let columns = usize::from(self.columns);
        let width = |text: &String| pieces(text, columns).map(|it| it.width).sum::<usize>() + 2;
        let count = self.rooms.len();
        let mut texts: Vec<String> = (0..count).map(|at| self.label(at)).collect();
        let mut shown = 0..count;
        if texts.iter().map(width).sum::<usize>() > columns {
            let room = columns.saturating_sub(width(&self.more(0..0)));
            texts[self.current] = self.label_in(self.current, room.saturating_sub(2));
            let mut total = width(&texts[self.current]);
            shown = self.current..self.current + 1;
            while shown.start > 0 && total + width(&texts[shown.start - 1]) <= room {
                shown.start -= 1;
                total += width(&texts[shown.start]);
            }
            while shown.end < count && total + width(&texts[shown.end]) <= room {
                total += width(&texts[shown.end]);
                shown.end += 1;
            }
        }
        let mut column = 0;
        for at in shown.clone() {
            let look = self.look_of_room(at, Look::Bar, Look::Alert);
            let end = canvas.put(column, row, look, &format!(" {} ", texts[at]));
            self.spots.push(Spot {
                row,
                columns: column..end,
                place: at,
            });
            column = end;
        }
        if shown.len() < count {
            let look = self.look_of_more(shown.clone(), Look::Bar, Look::Alert);
            canvas.put(column, row, look, &format!(" {} ", self.more(shown)));
        }
    }

    fn draw_rooms(&mut self, canvas: &mut Canvas, areas: Areas) {
        let width = usize::from(areas.left) - 2;
        let count = self.rooms.len();
        let fits = count <= areas.body || areas.body < 2;
        let rows = if fits { areas.body } else { areas.body - 1 };
        let first = (self.current + 1).saturating_sub(rows);
        let shown = first..(first + rows).min(count);
        canvas.end = areas.left;
        for at in 0..areas.body {
            let row = row_of(areas.top() + at);
            let place = first + at;
            if shown.contains(&place) {
                let look = self.look_of_room(place, Look::Quiet, Look::Unread);
                canvas.put(0, row, look, &self.label_in(place, width));
                self.spots.push(Spot {
                    row,
                    columns: 0..areas.left,
                    place,
                });
            } else if at == rows && !fits {
                let look = self.look_of_more(shown.clone(), Look::Quiet, Look::Unread);
                canvas.put(0, row, look, &self.more(shown.clone()));
            }
            canvas.put(areas.left - 2, row, Look::Quiet, self.bar());
        }
        canvas.end = self.columns;
    }

    /// How many rooms there are besides those that are shown, and whether one of them names the person.
    fn more(&self, shown: Range<usize>) -> String {
        let is_named = self.others(&shown).any(|room| room.mentions > 0);
        let mark = if is_named { "!" } else { "" };
        format!("+{}{mark}", self.rooms.len() - shown.len())
    }

    fn others(&self, shown: &Range<usize>) -> impl Iterator<Item = &Room> {
        let (before, after) = (&self.rooms[..shown.start], &self.rooms[shown.end..]);
        before.iter().chain(after)
    }

    fn look_of_more(&self, shown: Range<usize>, calm: Look, news: Look) -> Look {
        if self.others(&shown).any(|room| room.mentions > 0) {
            Look::Mention
        } else if self.others(&shown).any(|room| room.unread > 0) {
            news
        } else {
            calm
        }
    }

    fn draw_people(&self, canvas: &mut Canvas, areas: Areas) {
        let people = &self.room().people;
        let begin = self.columns - areas.right;
        let width = usize::from(areas.right) - 2;
        let rows = areas.body.saturating_sub(1);
        let known = people.known();
        let fits = known.len() == people.count() && known.len() <= rows;
        let shown = if fits { rows } else { rows.saturating_sub(1) };
        let shown = shown.min(known.len());
        let head = (
            Look::Unread,
            self.say(Message::Here, &[&people.count().to_string()]),
        );
        let mut lines = vec![head];
        lines.extend(
            known
                .take(shown)
                .map(|(name, person)| self.person(name, person)),
        );
        if shown < people.count() {
            let more = people.count() - shown;
            lines.push((
                Look::Quiet,
                self.say(Message::AndMore, &[&more.to_string()]),
            ));
        }
        for at in 0..areas.body {
            let row = row_of(areas.top() + at);
            let column = canvas.put(begin, row, Look::Quiet, self.bar());
            if let Some((look, text)) = lines.get(at) {
                canvas.put(column, row, *look, &self.shortened(text, width));
            }
        }
    }

    fn person(&self, name: &str, person: Person) -> (Look, String) {
        let what = match person {
            _ if name == self.me => Message::You,
            Person {
                is_cut_off: true, ..
            } => Message::CutOff,
            Person { is_away: true, .. } => Message::Away,
            Person { .. } => return (Look::Name(hash(name)), name.into()),
        };
        let look = if name == self.me {
            Look::Name(hash(name))
        } else {
            Look::Quiet
        };
        (look, format!("{name} {}", self.say(what, &[])))
    }

    /// What stands for a room: its number, its name, what is new in it.
    pub(super) fn label(&self, place: usize) -> String {
        self.label_in(place, usize::MAX)
    }

    /// The same in so many columns: a name that is too long gives way to what is new.
    fn label_in(&self, place: usize, columns: usize) -> String {
        let room: &Room = &self.rooms[place];
        let news = match room.unread {
            0 => String::new(),
            unread if room.mentions > 0 => format!(" {unread}!"),
            unread => format!(" {unread}"),
        };
        let number = format!("{}:", place + 1);
        let rest = columns.saturating_sub(number.len() + news.len()).max(1);
        let name = self.shortened(&room.shown_name(), rest);
        format!("{number}{name}{news}")
    }

    fn look_of_room(&self, place: usize, calm: Look, news: Look) -> Look {
        let room = &self.rooms[place];
        match room.unread {
            _ if place == self.current => Look::Current,
            0 => calm,
            _ if room.mentions > 0 => Look::Mention,
            _ => news,
        }
    }

    fn bar(&self) -> &'static str {
        if self.settings.theme.is_ascii {
            "| "
        } else {
            "│ "
        }
    }

    /// The beginning of a text, with a mark where it goes on.
    fn shortened(&self, text: &str, columns: usize) -> String {
        let mark = if self.settings.theme.is_ascii {
            "."
        } else {
            "…"
        };
        let mut short = String::new();
        let mut width = 0;
        let mut end = 0;
        for piece in pieces(text, columns) {
            width += piece.width;
            if width > columns {
                short.truncate(end);
                short.push_str(mark);
                break;
            }
            short.push_str(if piece.text == "\t" { " " } else { piece.text });
            if width < columns {
                end = short.len();
            }
        }
        short
    }
}
