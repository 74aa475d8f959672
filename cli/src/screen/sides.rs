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

    /// The rooms in a row: as many as fit, with the one that is looked at among them.
    fn draw_rooms_row(&mut self, canvas: &mut Canvas, row: u16) {
        canvas.fill(row, Look::Bar);
        let texts: Vec<String> = (0..self.rooms.len()).map(|at| self.label(at)).collect();
        let width = |text: &String| pieces(text, 80).map(|piece| piece.width).sum::<usize>() + 2;
        let mut first = 0;
        let mut total: usize = texts[..=self.current].iter().map(width).sum();
        while first < self.current && total > self.columns.into() {
            total -= width(&texts[first]);
            first += 1;
        }
        let mut column = 0;
        for (at, text) in texts.iter().enumerate().skip(first) {
            let look = self.look_of_room(at, Look::Bar, Look::Alert);
            let end = canvas.put(column, row, look, &format!(" {text} "));
            self.spots.push(Spot {
                row,
                columns: column..end,
                place: at,
            });
            column = end;
        }
    }

    fn draw_rooms(&mut self, canvas: &mut Canvas, areas: Areas) {
        let width = usize::from(areas.left) - 2;
        let first = (self.current + 1).saturating_sub(areas.body);
        canvas.end = areas.left;
        for at in 0..areas.body {
            let row = row_of(areas.top() + at);
            let place = first + at;
            if place < self.rooms.len() {
                let look = self.look_of_room(place, Look::Quiet, Look::Unread);
                let text = self.shortened(&self.label(place), width);
                canvas.put(0, row, look, &text);
                self.spots.push(Spot {
                    row,
                    columns: 0..areas.left,
                    place,
                });
            }
            canvas.put(areas.left - 2, row, Look::Quiet, self.bar());
        }
        canvas.end = self.columns;
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
        let room: &Room = &self.rooms[place];
        let news = match room.unread {
            0 => String::new(),
            unread if room.mentions > 0 => format!(" {unread}!"),
            unread => format!(" {unread}"),
        };
        format!("{}:{}{news}", place + 1, room.shown_name())
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
