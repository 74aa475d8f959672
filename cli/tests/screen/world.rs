//! A person, a screen, and an emulated terminal between them.

use chat_cli::screen::paint::Painter;
use chat_cli::screen::theme::{Background, Colours, Theme};
use chat_cli::screen::{Link, Screen, Settings, Typed};
use chat_core::{Timestamp, Unaccepted};
use std::time::Duration;

/// 2026-11-26 13:04:05 UTC.
pub(crate) const NOON: u64 = 1_795_698_245_000;

pub(crate) struct World {
    pub(crate) screen: Screen,
    pub(crate) terminal: vt100::Parser,
    painter: Painter,
    pub(crate) now: Timestamp,
    /// What came out of the person's hands.
    pub(crate) typed: Vec<Typed>,
    /// In which rooms.
    pub(crate) places: Vec<String>,
    seq: u64,
    /// The time of the next entry.
    pub(crate) at: u64,
}

/// A line that was entered in a room.
pub(crate) fn line(room: &str, text: &str) -> (String, Typed) {
    (room.into(), Typed::Line(text.into()))
}

impl World {
    pub(crate) fn new(columns: u16, rows: u16) -> Self {
        let settings = Settings {
            theme: Theme {
                colours: Colours::Palette,
                is_ascii: false,
                background: Background::Unknown,
            },
            ..Settings::default()
        };
        Self::of(columns, rows, settings)
    }

    pub(crate) fn of(columns: u16, rows: u16, settings: Settings) -> Self {
        let mut screen = Screen::new(settings);
        screen.resize(columns, rows);
        Self {
            screen,
            terminal: vt100::Parser::new(rows, columns, 0),
            painter: Painter::default(),
            now: Timestamp::from_micros(1),
            typed: Vec::new(),
            places: Vec::new(),
            seq: 0,
            at: NOON,
        }
    }

    /// In the room as `ann`, with nothing before.
    pub(crate) fn online(columns: u16, rows: u16) -> Self {
        let mut world = Self::new(columns, rows);
        world.screen.set_name("ann");
        world.screen.set_link(Link::Online);
        world.take();
        world.answered(&["ann"], "");
        world
    }

    /// What the screen asked for by itself is answered.
    pub(crate) fn answered(&mut self, names: &[&str], topic: &str) {
        let who = serde_json::json!({ "type": "who", "names": names, "more": 0 });
        let topic = serde_json::json!({ "type": "topic", "text": topic, "by": "bob" });
        for object in [who, topic] {
            self.screen.line(&object.to_string(), self.at);
        }
    }

    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.screen.resize(columns, rows);
        self.terminal.screen_mut().set_size(rows, columns);
    }

    /// Presses keys, one after the other, as a person does; an escape sequence is one.
    pub(crate) fn press(&mut self, keys: &str) {
        let mut rest = keys;
        while let Some(first) = rest.chars().next() {
            let sequence = match rest.strip_prefix("\u{1b}[") {
                Some(after) => after
                    .find(|c: char| c.is_ascii_alphabetic() || c == '~')
                    .map(|at| at + 3),
                None if first == '\u{1b}' && rest.len() > 1 => {
                    Some(1 + rest[1..].chars().next().map_or(0, char::len_utf8))
                }
                None => None,
            };
            let (key, after) = rest.split_at(sequence.unwrap_or(first.len_utf8()));
            rest = after;
            self.send(key);
            self.wait();
        }
    }

    /// Sends bytes at once.
    pub(crate) fn send(&mut self, bytes: &str) {
        self.screen.read(self.now, bytes.as_bytes());
        if bytes.ends_with("\u{1b}[201~") {
            // Only now is it known that this is all of it.
            self.now = self.now + Duration::from_millis(25);
            self.screen.timeout(self.now);
        }
        self.take();
    }

    /// Waits for longer than any key takes.
    pub(crate) fn wait(&mut self) {
        self.now = self.now + Duration::from_secs(6);
        self.screen.timeout(self.now);
        self.take();
    }

    /// Waits, and leaves what was entered to whoever takes it.
    pub(crate) fn wait_quietly(&mut self) {
        self.now = self.now + Duration::from_secs(6);
        self.screen.timeout(self.now);
    }

    fn take(&mut self) {
        while let Some((room, typed)) = self.screen.poll_typed() {
            // What the screen asks for by itself is the same everywhere.
            if !matches!(typed, Typed::Who | Typed::Topic | Typed::Role) {
                self.typed.push(typed);
                self.places.push(room);
            }
        }
    }

    /// Something happens in the room.
    pub(crate) fn happens(&mut self, kind: &str, name: &str, text: &str, id: &str) -> u64 {
        self.seq += 1;
        let entry = entry("entry", self.seq, self.at, (kind, name, text, id));
        self.screen.line(&entry, self.at);
        self.seq
    }

    /// What was entered since the last time, and in which room; not what the screen asks of itself.
    pub(crate) fn entered(&mut self) -> Vec<(String, Typed)> {
        let places = std::mem::take(&mut self.places).into_iter();
        let both = places.zip(std::mem::take(&mut self.typed));
        both.filter(|(_, typed)| !matches!(typed, Typed::Page(_)))
            .collect()
    }

    /// Somebody says something in another room.
    pub(crate) fn says_in(&mut self, room: &str, name: &str, text: &str) {
        self.seq += 1;
        let entry = entry("entry", self.seq, self.at, ("said", name, text, ""));
        let entry = entry.replace("\"lobby\"", &format!("\"{room}\""));
        self.screen.line(&entry, self.at);
    }

    /// Something is said to one person alone; `ann` is the one at this screen.
    pub(crate) fn says_to(&mut self, from: &str, to: &str, text: &str) {
        let mut object = serde_json::json!({
            "type": "private", "from": from, "to": to, "text": text, "at": self.at,
        });
        if from == "ann" {
            object["id"] = "p-1".into();
        }
        self.screen.line(&object.to_string(), self.at);
    }

    pub(crate) fn says(&mut self, name: &str, text: &str) {
        self.happens("said", name, text, "");
    }

    /// What was said so far was before what happens from now on.
    pub(crate) fn skip(&mut self, entries: u64) {
        self.seq += entries;
    }

    /// This is not accepted yet.
    pub(crate) fn unaccepted(&mut self, texts: &[(&str, &str)]) {
        let of = |(id, text): &(&str, &str)| Unaccepted {
            me: false,
            room: None,
            id: (*id).into(),
            text: (*text).into(),
        };
        let unaccepted: Vec<Unaccepted> = texts.iter().map(of).collect();
        self.screen.set_unaccepted(unaccepted.iter());
    }

    /// Draws what there is to be drawn; whether there was something.
    pub(crate) fn draw(&mut self) -> bool {
        let Some(frame) = self.screen.frame() else {
            return false;
        };
        let bytes = self.painter.paint(frame);
        self.terminal.process(&bytes);
        true
    }

    /// The last frame was not shown: the next one is drawn anew.
    pub(crate) fn forget(&mut self) {
        self.painter.forget();
        self.screen.redraw();
    }

    /// What is seen: rows as text, the cursor as `▮` in a line below.
    pub(crate) fn seen(&mut self) -> String {
        self.draw();
        let screen = self.terminal.screen();
        let (rows, columns) = screen.size();
        let lines = screen.rows(0, columns).map(|row| row.trim_end().to_owned());
        let lines: Vec<String> = lines.collect();
        assert_eq!(lines.len(), usize::from(rows));
        let (row, column) = screen.cursor_position();
        format!("{}\n(cursor: {column}, {row})", lines.join("\n"))
    }
}

/// An entry as an object.
pub(crate) fn entry(
    tag: &str,
    seq: u64,
    at: u64,
    (kind, name, text, id): (&str, &str, &str, &str),
) -> String {
    let mut object = serde_json::json!({
        "type": tag, "room": "lobby", "epoch": "e", "seq": seq, "at": at, "kind": kind, "name": name,
    });
    if kind != "joined" && kind != "left" {
        object["text"] = text.into();
    }
    if !id.is_empty() {
        object["id"] = id.into();
    }
    object.to_string()
}
