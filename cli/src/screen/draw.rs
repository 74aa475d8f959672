//! Frames: what is seen, cell by cell.

use super::areas::Areas;
use super::links::Hyperlink;
use super::messages::Message;
use super::mode::Mode;
use super::rows::{Row, Setting, is_plain};
use super::theme::{Look, Theme};
use super::typing::Typed;
use super::view::View;
use super::{AHEAD, Link, Screen, help};
use crate::editor::layout;
use crate::editor::width::pieces;
use ratatui_core::buffer::{Buffer, Cell};
use ratatui_core::layout::{Position, Rect};
use std::collections::VecDeque;

/// The most lines of a paste that are shown before it is said.
const PREVIEW: usize = 5;

/// What a screen shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The cells. One that another one's character reaches into is empty.
    pub cells: Buffer,
    /// The column and the row of the cursor.
    pub cursor: (u16, u16),
    /// The links, each with its row, from the top.
    pub links: Vec<(u16, Hyperlink)>,
}

impl Frame {
    /// Its rows as text, without the blanks at their ends.
    pub fn text(&self) -> String {
        let width = usize::from(self.cells.area.width).max(1);
        let rows = self.cells.content.chunks(width).map(|row| {
            let row: String = row.iter().map(Cell::symbol).collect();
            row.trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

/// A part of a frame's rows.
pub(super) struct Canvas {
    cells: Buffer,
    theme: Theme,
    links: Vec<(u16, Hyperlink)>,
    /// Nothing is written from this column on.
    pub(super) end: u16,
}

impl Canvas {
    /// Writes a text from a cell on, and returns the column after it; what does not fit before the end is left out.
    pub(super) fn put(&mut self, column: u16, row: u16, look: Look, text: &str) -> u16 {
        let width = self.end.min(self.cells.area.width);
        let style = self.theme.style(look);
        let mut column = column;
        if row >= self.cells.area.height {
            return column;
        }
        if is_plain(text) {
            for (x, symbol) in (column..width).zip(text.chars()) {
                self.cells[Position { x, y: row }]
                    .set_char(symbol)
                    .set_style(style);
            }
            let end = usize::from(column) + text.len();
            return row_of(end).min(width.max(column));
        }
        for piece in pieces(text, width.into()) {
            let cells = u16::try_from(piece.width).unwrap_or(u16::MAX);
            if column.saturating_add(cells) > width {
                break;
            }
            let is_shown = piece.text != "\t" && (piece.text.is_ascii() || !self.theme.is_ascii);
            let symbol = match piece.text {
                text if is_shown => text,
                "\t" => " ",
                _ => "?",
            };
            let place = Position { x: column, y: row };
            self.cells[place].set_symbol(symbol).set_style(style);
            for reached in 1..cells {
                let place = Position {
                    x: column + reached,
                    y: row,
                };
                let symbol = if is_shown { "" } else { " " };
                self.cells[place].set_symbol(symbol).set_style(style);
            }
            column += cells;
        }
        column
    }

    /// Has a whole row look like this.
    pub(super) fn fill(&mut self, row: u16, look: Look) {
        let blanks = " ".repeat(self.cells.area.width.into());
        self.put(0, row, look, &blanks);
    }

    fn row(&mut self, column: u16, row: u16, Row(parts, links): &Row) {
        let links = links.iter().map(|it| it.moved(column.into()));
        let is_whole = |it: &Hyperlink| it.columns.end <= usize::from(self.end);
        self.links
            .extend(links.filter(is_whole).map(|it| (row, it)));
        let mut column = column;
        for (look, text) in parts {
            column = self.put(column, row, *look, text);
        }
    }
}

/// What is being typed, in rows.
pub(super) struct Input {
    pub(super) rows: Vec<String>,
    cursor: (usize, usize),
}

impl Screen {
    pub(super) fn setting(&self) -> Setting {
        let areas = self.areas();
        Setting {
            columns: usize::from(self.columns - areas.left - areas.right).max(1),
            zone: self.settings.zone.clone(),
            is_ascii: self.settings.theme.is_ascii,
            wants_times: self.settings.has_times,
            found: self.pattern().into(),
            language: self.settings.language,
        }
    }

    pub(super) fn draw(&mut self) -> Frame {
        let area = Rect::new(0, 0, self.columns, self.height);
        let mut canvas = Canvas {
            cells: Buffer::empty(area),
            theme: self.settings.theme,
            links: Vec::new(),
            end: self.columns,
        };
        if area.is_empty() {
            return Frame::default();
        }
        let input = self.input();
        let (areas, pane) = (self.areas(), self.pane());
        self.draw_sides(&mut canvas, areas);
        canvas.end = self.columns - areas.right;
        self.messages(&mut canvas, areas, pane);
        self.draw_popup(&mut canvas, areas, pane);
        canvas.end = self.columns;
        if usize::from(self.height) > input.rows.len() {
            let row = row_of(self.bar_row());
            canvas.fill(row, Look::Bar);
            let mut column = 0;
            for (look, text) in self.status() {
                column = canvas.put(column, row, look, &text);
            }
        }
        let first = usize::from(self.height).saturating_sub(input.rows.len());
        for (row, text) in input.rows.iter().enumerate() {
            canvas.put(0, row_of(first + row), Look::Plain, text);
        }
        let (row, column) = input.cursor;
        let column = row_of(column).min(self.columns - 1);
        if !self.settings.links {
            canvas.links.clear();
        }
        Frame {
            cells: canvas.cells,
            links: canvas.links,
            cursor: (column, row_of(first + row).min(self.height - 1)),
        }
    }

    fn messages(&mut self, canvas: &mut Canvas, areas: Areas, pane: usize) {
        let setting = self.setting();
        let view = View {
            room: self.room(),
            setting: &setting,
        };
        let mut rows = VecDeque::new();
        if self.anchor.is_none() {
            let name = self.own_name();
            for unsent in self.unsent_here() {
                rows.extend(setting.pending(name, &unsent.text, unsent.is));
            }
            while rows.len() > pane {
                rows.pop_front();
            }
        }
        let (of_room, oldest) = view.last(self.anchor, pane - rows.len());
        let is_near = oldest - self.room().ids().start < AHEAD;
        for row in of_room.into_iter().rev() {
            rows.push_front(row);
        }
        let is_wanted = is_near && (self.anchor.is_some() || rows.len() < pane);
        let first = areas.top() + pane - rows.len();
        for (at, row) in rows.iter().enumerate() {
            canvas.row(areas.left, row_of(first + at), row);
        }
        if is_wanted {
            self.read_back();
        }
    }

    /// Asks for what was before what is loaded; whether it comes.
    pub(super) fn read_back(&mut self) -> bool {
        self.read_back_in(self.current)
    }

    /// The same of another room.
    pub(super) fn read_back_in(&mut self, place: usize) -> bool {
        let room = &self.rooms[place];
        let is_possible = room.is_in && !room.is_complete && room.has_space();
        if is_possible && !self.is_reading_back {
            let (name, page) = (room.name.clone(), Typed::Page(room.oldest()));
            self.typed.push_front((name, page));
            self.is_reading_back = true;
        }
        is_possible
    }

    /// What stands between the messages and the bar for now, in as many rows as there are.
    pub(super) fn popup(&self) -> Vec<String> {
        let rows = self.areas().body;
        if let Some(first) = self.help {
            let lines = self.help_lines();
            let first = first.min(lines.len().saturating_sub(rows));
            let goes_on = lines.len() > first + rows;
            let mut shown: Vec<String> = lines.into_iter().skip(first).take(rows).collect();
            if goes_on && let Some(last) = shown.last_mut() {
                *last = self.say(Message::HelpGoesOn, &[]);
            }
            return shown;
        }
        let mut lines = if let Some(paste) = self.editor.asked_paste() {
            let mut lines: Vec<String> = paste.lines().take(PREVIEW).map(Into::into).collect();
            let more = paste.lines().count().saturating_sub(PREVIEW);
            if more > 0 {
                lines.push(self.say(Message::MoreLines, &[&more.to_string()]));
            }
            lines
        } else if let Mode::Jumping(_) = self.mode {
            let fitting = self.fitting(self.editor.typed().text());
            fitting.into_iter().map(|place| self.label(place)).collect()
        } else {
            help::matching(self.editor.typed().text(), self.settings.language)
        };
        // Something of the room is always seen, if there is a row for it.
        let most = rows.saturating_sub(1);
        let more = lines.len().saturating_sub(most);
        lines.truncate(most);
        if more > 0
            && most > 1
            && self.editor.asked_paste().is_none()
            && let Some(last) = lines.last_mut()
        {
            *last = self.say(Message::MoreLines, &[&(more + 1).to_string()]);
        }
        lines
    }

    fn draw_popup(&self, canvas: &mut Canvas, areas: Areas, pane: usize) {
        let first = areas.top() + pane;
        let bar = if canvas.theme.is_ascii { "| " } else { "│ " };
        for (at, line) in self.popup().iter().enumerate() {
            let row = row_of(first + at);
            let column = canvas.put(areas.left, row, Look::Quiet, bar);
            canvas.put(column, row, Look::Plain, line);
        }
    }

    /// What the bar says, the most important first.
    fn status(&self) -> Vec<(Look, String)> {
        let mut parts = Vec::new();
        let room = self.room();
        if self.anchor.is_some() {
            let (unread, mentions) = (room.unread.to_string(), room.mentions.to_string());
            let news = match (room.unread, room.mentions) {
                (0, _) => String::new(),
                (_, 0) => self.say(Message::SomeNew, &[&unread]),
                (_, _) => self.say(Message::SomeForYou, &[&unread, &mentions]),
            };
            let more = self.say(Message::MoreBelow, &[]);
            parts.push((Look::Alert, more + &news));
        }
        let seconds = self.countdown.map(|seconds| seconds.to_string());
        let is_narrow = self.columns < 40;
        let link = match (self.link, &seconds) {
            (Link::None, _) => self.say(Message::NotConnected, &[]),
            (Link::Connecting, None) => self.say(Message::Connecting, &[]),
            (Link::Connecting, Some(seconds)) if is_narrow => {
                self.say(Message::NoServerNarrow, &[seconds])
            }
            (Link::Offline, Some(seconds)) if is_narrow => {
                self.say(Message::OfflineNarrow, &[seconds])
            }
            (Link::Connecting, Some(seconds)) => self.say(Message::NoServer, &[seconds]),
            (Link::Online, _) => self.say(Message::Online, &[]),
            (Link::Offline, None) => self.say(Message::Offline, &[]),
            (Link::Offline, Some(seconds)) => self.say(Message::OfflineFor, &[seconds]),
            (Link::Leaving, _) => self.say(Message::Leaving, &[]),
        };
        let is_online = self.link == Link::Online;
        if !is_online {
            parts.push((Look::Alert, link.clone()));
        }
        if room.is_gone {
            parts.push((Look::Alert, self.say(Message::NotInAnyMore, &[&room.name])));
        }
        match self.unsent().count() {
            0 => {}
            count => {
                let text = self.say(Message::NotAccepted, &[&count.to_string()]);
                parts.push((Look::Alert, text));
            }
        }
        parts.push((Look::Bar, self.rooms_in_bar()));
        if !self.me.is_empty() {
            parts.push((Look::Bar, self.me.clone()));
        }
        if is_online {
            parts.push((Look::Bar, link));
        }
        if self.is_reading_back && self.anchor.is_some() {
            parts.push((Look::Bar, self.say(Message::Loading, &[])));
        }
        parts.push((Look::Bar, self.say(Message::HelpIsHere, &[])));
        let count = parts.len();
        for (at, (_, text)) in parts.iter_mut().enumerate() {
            *text = format!(" {text}{}", if at + 1 < count { " |" } else { "" });
        }
        parts
    }

    /// The room that is looked at; where the others have no place of their own, with those that have news.
    fn rooms_in_bar(&self) -> String {
        let room = self.room();
        let areas = self.areas();
        if self.rooms.len() > 1 {
            if areas.rooms_row || areas.left > 0 {
                return self.room().shown_name().into();
            }
            let others = (0..self.rooms.len()).filter(|place| {
                let has_news = self.rooms[*place].unread > 0;
                *place != self.current && has_news
            });
            let here = format!("[{}]", self.label(self.current));
            let rooms: Vec<String> = [here]
                .into_iter()
                .chain(others.map(|place| self.label(place)))
                .collect();
            return rooms.join(" ");
        }
        match room.unread {
            0 => room.name.clone(),
            unread if room.mentions > 0 => format!("{}({unread}!)", room.name),
            unread => format!("{}({unread})", room.name),
        }
    }

    /// What is being typed, in as many rows as it may have, with those around the cursor.
    pub(super) fn input(&self) -> Input {
        let columns = usize::from(self.columns);
        let (mut text, mut cursor) = self.editor.live();
        if !self.editor.is_free() {
            // The cursor stands after what is asked.
            text = self.settings.language.told(&text).into_owned();
            cursor = text.len();
        }
        let lead = if columns < 12 { 0 } else { 2 };
        // The cursor has a column of its own after a full row.
        let width = (columns - lead.min(columns)).saturating_sub(1).max(1);
        let mut rows = Vec::new();
        let mut place = (0, lead);
        let mut begin = 0;
        for line in text.split('\n') {
            let end = begin + line.len();
            let within = cursor.clamp(begin, end) - begin;
            let laid = layout::typed(line, within, width);
            if (begin..=end).contains(&cursor) {
                place = (rows.len() + laid.cursor.0, lead + laid.cursor.1);
            }
            for row in laid.rows {
                let mark = if rows.is_empty() { "> " } else { "  " };
                rows.push(format!("{}{}", &mark[..lead], row.text));
            }
            begin = end + 1;
        }
        // Whoever is asked something is to see all of it.
        let most = if self.editor.is_asking() {
            usize::from(self.height).saturating_sub(1).max(1)
        } else {
            usize::from(self.height / 3).max(1)
        };
        let first = (place.0 + 1).saturating_sub(most);
        let first = first.min(rows.len().saturating_sub(most));
        let rows = rows.into_iter().skip(first).take(most).collect();
        Input {
            rows,
            cursor: (place.0 - first, place.1),
        }
    }
}

/// No screen has more rows or columns.
pub(super) fn row_of(place: usize) -> u16 {
    u16::try_from(place).unwrap_or(u16::MAX)
}
