//! Sessions drawn from seeds, held against a person who counts on their fingers: a list of clusters, a place in it, a list
//! of what was entered.

use super::draws::next;
use super::world::World;
use chat_cli::editor::Event;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use unicode_width::UnicodeWidthChar;

/// What the person types. None of it goes together with what stands beside it.
const OURS: &[&str] = &[
    "a",
    "b",
    "c",
    " ",
    "é",
    "e\u{301}",
    "日",
    "가",
    "👍🏽",
    "👨\u{200d}👨\u{200d}👧",
    "/",
    "\u{3042}",
];

/// What strangers send; `<` begins each line of theirs, and is nowhere else.
const THEIRS: &[&str] = &[
    "Z",
    "Ω",
    "漢",
    "🦀",
    " ",
    "   ",
    "\u{a0}",
    "\u{3000}",
    "\u{2003}",
    "\t",
    "\u{202e}",
    "\u{2067}",
    "\u{200b}",
    "\u{ad}",
    "\u{feff}",
    "\u{1b}[H",
    "\u{1b}]0;Z\u{7}",
    "\r",
    "\u{9b}2J",
    "\u{2028}",
    "🇩🇪",
    "\u{2764}\u{fe0f}",
    "\u{300}",
    "👩\u{200d}🚀",
    "z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}",
    "각",
    "ZZZZZZZZZZZZZZZZ",
];

/// What would stand in the first column of a row of theirs if it did not hang. (`?` may be ours.)
const THEIR_LETTERS: &str = "ZzΩ漢🦀[H]J🇩🇪\u{2764}👩🚀각";

struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        next(&mut self.0)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn text(&mut self, of: &[&str], most: usize) -> String {
        (0..self.below(most + 1)).map(|_| self.one(of)).collect()
    }
}

/// What a person believes.
struct Person {
    /// All that can be gone back to, and at the end what is being typed.
    lines: Vec<Vec<String>>,
    at: usize,
    cursor: usize,
    entered: Vec<Vec<String>>,
    cut: Vec<String>,
    was_cut: bool,
    prompt: String,
    sent: Vec<Event>,
    /// What stands on the screen above what is being typed, as far as it is known.
    past: String,
    columns: usize,
}

impl Person {
    fn line(&mut self) -> &mut Vec<String> {
        &mut self.lines[self.at]
    }

    fn typed(&self) -> String {
        self.lines[self.at].concat()
    }

    fn has_command(&self) -> bool {
        let typed = self.typed();
        self.prompt.is_empty() && typed.starts_with('/') && !typed.starts_with("//")
    }

    fn begin(&mut self) {
        self.lines = self.entered.clone();
        self.lines.push(Vec::new());
        self.at = self.entered.len();
        self.cursor = 0;
    }

    /// What can be seen of a text.
    fn drawn(&self, text: &str, arrives: bool) -> String {
        let columns = self.columns;
        let hang = if arrives {
            columns
                .saturating_sub(1)
                .min(if columns < 4 { 1 } else { 2 })
        } else {
            0
        };
        let seen = |c: char| match c {
            '\t' | '\n' => Some(c),
            c if c.is_control() || c == '\u{2028}' => Some('?'),
            c => match c.width() {
                Some(0) => None,
                Some(2) if columns - hang < 2 => Some('?'),
                _ => Some(c),
            },
        };
        text.chars().filter_map(seen).collect()
    }

    /// A line stays on the screen.
    fn stays(&mut self, text: &str, arrives: bool) {
        self.past += &self.drawn(text, arrives);
    }

    fn key(&mut self, key: &str) {
        let (cursor, length) = (self.cursor, self.lines[self.at].len());
        let was_cut = std::mem::take(&mut self.was_cut);
        match key {
            "\r" => {
                let line = self.lines[self.at].clone();
                let text = line.concat();
                let is_new = self.entered.last().is_none_or(|last| last.concat() != text);
                if self.prompt.is_empty() && !text.trim().is_empty() && is_new {
                    self.entered.push(line);
                }
                let prompt = std::mem::take(&mut self.prompt);
                self.stays(&format!("{prompt}{text}"), false);
                self.sent.push(Event::Entered(text));
                self.begin();
            }
            "\x1b[D" => self.cursor = cursor.saturating_sub(1),
            "\x1b[C" => self.cursor = (cursor + 1).min(length),
            "\x01" | "\x1bOH" => self.cursor = 0,
            "\x05" | "\x1b[4~" => self.cursor = length,
            "\x7f" if cursor > 0 => {
                self.line().remove(cursor - 1);
                self.cursor -= 1;
            }
            "\x1b[3~" if cursor < length => drop(self.line().remove(cursor)),
            "\x0b" => self.cut(cursor, length, was_cut),
            "\x15" => self.cut(0, cursor, was_cut),
            "\x17" => {
                let is_blank = |cluster: &String| cluster.trim().is_empty();
                let line = &self.lines[self.at][..cursor];
                let end = line
                    .iter()
                    .rposition(|c| !is_blank(c))
                    .map_or(0, |at| at + 1);
                let start = line[..end]
                    .iter()
                    .rposition(is_blank)
                    .map_or(0, |at| at + 1);
                self.cut(start, cursor, was_cut);
            }
            "\x19" => {
                let cut = self.cut.clone();
                self.insert(&cut);
            }
            "\x1b[A" if self.at > 0 => self.go(self.at - 1),
            "\x1b[B" if self.at + 1 < self.lines.len() => self.go(self.at + 1),
            "\x03" if length > 0 => {
                self.cut = self.line().clone();
                self.was_cut = true;
                self.begin();
            }
            "\x7f" | "\x1b[3~" | "\x1b[A" | "\x1b[B" | "\x03" => {}
            text => self.insert(&[text.to_owned()]),
        }
    }

    fn go(&mut self, at: usize) {
        self.at = at;
        self.cursor = self.lines[at].len();
    }

    fn insert(&mut self, clusters: &[String]) {
        let cursor = self.cursor;
        self.line().splice(cursor..cursor, clusters.iter().cloned());
        self.cursor += clusters.len();
    }

    fn cut(&mut self, from: usize, to: usize, goes_on: bool) {
        self.was_cut = true;
        let cut: Vec<String> = self.line().drain(from..to).collect();
        let is_before = self.cursor == to;
        self.cursor = from;
        match (goes_on, is_before) {
            _ if cut.is_empty() => {}
            (false, _) => self.cut = cut,
            (true, true) => self.cut.splice(0..0, cut).for_each(drop),
            (true, false) => self.cut.extend(cut),
        }
    }

    /// Has pasted lines said, each as a list of clusters; the last one is begun and not ended.
    fn say(&mut self, mut lines: Vec<Vec<String>>, whole: bool) {
        let cursor = self.cursor;
        let after = self.line().split_off(cursor);
        let mut first = std::mem::take(self.line());
        first.append(&mut lines[0]);
        lines[0] = first;
        let mut last = lines.pop().unwrap_or_default();
        self.cursor = last.len();
        let is_begun = !last.is_empty();
        last.extend(after);
        if whole && is_begun {
            lines.push(std::mem::take(&mut last));
            self.cursor = 0;
        }
        for line in lines {
            self.said(&line.concat());
        }
        *self.line() = last;
    }

    fn said(&mut self, text: &str) {
        self.stays(text, false);
        if !text.trim().is_empty() {
            self.sent.push(Event::Said(text.into()));
        }
    }
}

const KEYS: &[&str] = &[
    "\x1b[D", "\x1b[D", "\x1b[C", "\x01", "\x1bOH", "\x05", "\x1b[4~", "\x7f", "\x7f", "\x1b[3~",
    "\x0b", "\x15", "\x17", "\x19", "\x1b[A", "\x1b[A", "\x1b[B", "\x03",
];

struct Session {
    draw: Draw,
    world: World,
    person: Person,
    size: (usize, usize),
    /// What stands on the screen is known from its beginning on.
    is_whole: bool,
    /// There was a single column, in which nothing can hang.
    was_narrow: bool,
}

impl Session {
    fn new(seed: u64) -> Self {
        let mut draw = Draw(seed);
        let size = Self::size(&mut draw);
        let world = World::new(
            u16::try_from(size.0).unwrap(),
            u16::try_from(size.1).unwrap(),
        );
        let mut person = Person {
            lines: vec![Vec::new()],
            at: 0,
            cursor: 0,
            entered: Vec::new(),
            cut: Vec::new(),
            was_cut: false,
            prompt: String::new(),
            sent: Vec::new(),
            past: String::new(),
            columns: size.0,
        };
        let mut world = world;
        if draw.below(2) == 0 {
            person.prompt = "c: ".into();
            world.editor.prompt("c: ");
        }
        Self {
            draw,
            world,
            person,
            size,
            is_whole: true,
            was_narrow: size.0 == 1,
        }
    }

    /// The emulator cannot do with a single row.
    fn size(draw: &mut Draw) -> (usize, usize) {
        let columns = match draw.below(4) {
            0 => 1 + draw.below(8),
            1 => 1 + draw.below(40),
            2 => 70 + draw.below(20),
            _ => 1 + draw.below(300),
        };
        let rows = if draw.below(8) == 0 {
            2 + draw.below(50)
        } else {
            2 + draw.below(12)
        };
        (columns, rows)
    }

    fn run(mut self) {
        for _ in 0..5 + self.draw.below(25) {
            match self.draw.below(16) {
                0..=7 => self.type_keys(),
                8 | 9 => self.arrive(),
                10 => self.paste(),
                11 => self.resize(),
                _ => self.look(),
            }
        }
        self.look();
        if self.draw.below(4) == 0 {
            // What is entered then is gone back to no more: it would be asked about again.
            self.be_asked();
        }
        self.end();
    }

    /// Sends bytes in chunks that come so fast that they belong together.
    fn send(&mut self, bytes: &[u8]) {
        self.world.wait(Duration::from_millis(200));
        let mut rest = bytes;
        while !rest.is_empty() {
            let size = if self.draw.below(3) == 0 {
                rest.len()
            } else {
                1 + self.draw.below(rest.len())
            };
            let (chunk, tail) = rest.split_at(size);
            self.world
                .wait(Duration::from_millis(self.draw.next() % 20));
            self.world.editor.read(self.world.now, chunk);
            rest = tail;
        }
        self.world.wait(Duration::from_millis(200));
    }

    fn type_keys(&mut self) {
        let mut bytes = String::new();
        let mut enters = 0;
        // Lines that come at once after a command are taken for a paste.
        let most = if self.person.has_command() { 1 } else { 3 };
        for _ in 0..=self.draw.below(12) {
            if enters == most && most == 1 {
                break;
            }
            let key = match self.draw.below(8) {
                0 if enters < most => "\r",
                1 | 2 => self.draw.one(KEYS),
                _ => self.draw.one(OURS),
            };
            // With nothing typed, Ctrl-C interrupts.
            if key == "\x03" && self.person.typed().is_empty() {
                continue;
            }
            enters += usize::from(key == "\r");
            bytes += key;
            self.person.key(key);
        }
        self.send(bytes.as_bytes());
        assert!(!self.world.editor.is_asking());
    }

    fn arrive(&mut self) {
        for _ in 0..=self.draw.below(3) {
            let most = if self.draw.below(4) == 0 { 200 } else { 20 };
            let text = format!("<{}", self.draw.text(THEIRS, most).replace('\n', ""));
            self.world.editor.line(&text);
            self.person.stays(&text, true);
        }
    }

    fn paste(&mut self) {
        let count = 1 + self.draw.below(6);
        let lines: Vec<Vec<String>> = (0..count)
            .map(|_| {
                (0..self.draw.below(6))
                    .map(|_| self.draw.one(OURS).to_owned())
                    .collect()
            })
            .collect();
        let text: Vec<String> = lines.iter().map(|line| line.concat()).collect();
        let text = text.join("\r");
        // Lines as they are counted: the last one only if it is begun.
        let counted = count - usize::from(lines[count - 1].is_empty());
        // An Enter key that comes alone and first is nothing but that.
        let is_marked = count <= 4 || lines[0].is_empty() || self.draw.below(2) == 0;
        self.person.was_cut = false;
        if is_marked {
            self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
        } else {
            self.send(text.as_bytes());
        }
        if count == 1 || (count == 2 && lines[1].is_empty()) {
            let line = &lines[0];
            self.person.insert(line);
        } else if !self.person.prompt.is_empty() {
            let lines = format!("* Not taken: {counted} lines were pasted, and one is asked for.");
            self.person.stays(&lines, true);
        } else if self.person.has_command() {
            let is_blank = |cluster: &String| cluster.trim().is_empty();
            let mut all: Vec<String> = Vec::new();
            for line in &lines {
                let begin = line.iter().position(|it| !is_blank(it));
                let Some(begin) = begin else { continue };
                let end = line.iter().rposition(|it| !is_blank(it)).unwrap_or(begin);
                if !all.is_empty() {
                    all.push(" ".into());
                }
                all.extend_from_slice(&line[begin..=end]);
            }
            self.person.insert(&all);
        } else if counted > 3 {
            assert!(self.world.editor.is_asking(), "{text:?}");
            if self.draw.below(2) == 0 {
                self.arrive();
            }
            let answer = ["y", "n", "o"][self.draw.below(3)];
            self.send(answer.as_bytes());
            let asked = format!("Say {counted} pasted lines? y: yes, n: no, o: as one {answer}");
            self.person.stays(&asked, false);
            match answer {
                "y" => self.person.say(lines, true),
                "o" => {
                    let cursor = self.person.cursor;
                    let after = self.person.line().split_off(cursor);
                    let before = std::mem::take(self.person.line());
                    let lines = lines.iter().map(|line| line.concat().trim().to_owned());
                    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
                    let text = format!("{}{}{}", before.concat(), lines.join(" "), after.concat());
                    if text.trim().is_empty() {
                        *self.person.line() = before.into_iter().chain(after).collect();
                    } else {
                        self.person.said(&text);
                        self.person.cursor = 0;
                    }
                }
                _ => {}
            }
        } else {
            self.person.say(lines, false);
        }
    }

    /// A word that is asked about, and more at once, which answers nothing.
    fn be_asked(&mut self) {
        if !self.person.typed().is_empty() || !self.person.prompt.is_empty() {
            return self.look();
        }
        for key in ["h", "e", "l", "p"] {
            self.person.key(key);
        }
        let mut bytes = String::from("help\r");
        let mut has_text = false;
        for _ in 0..self.draw.below(4) {
            let key = ["y", "n", "o", "日", "\x1b[A", "\x01"][self.draw.below(6)];
            has_text |= !key.starts_with(|c: char| c.is_control());
            bytes += key;
        }
        if self.draw.below(2) == 0 {
            bytes += "\r";
        }
        self.send(bytes.as_bytes());
        assert!(self.world.editor.is_asking(), "{bytes:?}");
        if has_text {
            let told = "* Not taken: what came before the question could be seen is no answer.";
            self.person.stays(told, true);
        }
        let answer = ["y", "n"][self.draw.below(2)];
        self.send(answer.as_bytes());
        assert!(!self.world.editor.is_asking(), "{bytes:?}");
        let asked = "Say \"help\" to everyone? y: yes, n: no (/help lists the commands) ";
        self.person.stays(&format!("{asked}{answer}"), false);
        if answer == "y" {
            self.person.key("\r");
        }
        self.look();
    }

    fn resize(&mut self) {
        self.look();
        self.size = Self::size(&mut self.draw);
        let (columns, rows) = self.size;
        self.world.resize(
            u16::try_from(columns).unwrap(),
            u16::try_from(rows).unwrap(),
        );
        self.person.past.clear();
        self.person.columns = columns;
        self.is_whole = false;
        self.was_narrow |= columns == 1;
        self.look();
    }

    /// Has everything drawn, and looks whether that is what is to be seen.
    fn look(&mut self) {
        self.world.draw();
        let events = self.world.events();
        assert_eq!(events, std::mem::take(&mut self.person.sent));
        let typed = self.person.typed();
        assert_eq!(self.world.editor.typed().text(), typed);

        let (columns, rows) = self.size;
        let screen = self.world.screen.screen();
        let (row, column) = screen.cursor_position();
        let (row, column) = (usize::from(row), usize::from(column));
        let (mut before, mut after, mut its_row) = (String::new(), String::new(), String::new());
        for r in 0..rows {
            for c in 0..columns {
                let cell = screen
                    .cell(u16::try_from(r).unwrap(), u16::try_from(c).unwrap())
                    .unwrap();
                let contents = cell.contents();
                let seen: String = contents
                    .chars()
                    .filter(|c| !c.is_whitespace() && c.width() != Some(0))
                    .collect();
                let is_theirs = contents.starts_with(|c| THEIR_LETTERS.contains(c));
                assert!(
                    c > 0 || self.was_narrow || !is_theirs,
                    "a row of a stranger's begins at the edge: {:?}",
                    self.world.rows()
                );
                if (r, c) < (row, column) {
                    &mut before
                } else {
                    &mut after
                }
                .push_str(&seen);
                if r == row {
                    its_row.push_str(&seen);
                }
            }
        }
        let bare = |text: &str| {
            text.chars()
                .filter(|c| !c.is_whitespace())
                .collect::<String>()
        };
        let live = format!("{}{typed}", self.person.prompt);
        let (left, right) = self.person.lines[self.person.at].split_at(self.person.cursor);
        let left = bare(
            &self
                .person
                .drawn(&format!("{}{}", self.person.prompt, left.concat()), false),
        );
        let right = bare(&self.person.drawn(&right.concat(), false));
        let widest: usize = live.chars().map(|c| c.width().unwrap_or(0)).sum();
        let is_windowed = widest / columns.saturating_sub(5).max(1) + 1 > (rows * 2 / 3).max(1);
        if is_windowed {
            let all = format!("{left}{right}");
            assert!(all.contains(&its_row), "{its_row:?} is not of {all:?}");
            return;
        }
        assert_eq!(after, right, "after the cursor: {:?}", self.world.rows());
        let known = bare(&self.person.past) + &left;
        let is_shown = known.ends_with(&before) || (!self.is_whole && before.ends_with(&known));
        assert!(is_shown, "{known:?}: {:?}", self.world.rows());
        assert!(
            before.len() >= left.len(),
            "what is being typed is there whole"
        );
    }

    fn end(mut self) {
        self.world.editor.close();
        self.world.draw();
        let screen = self.world.screen.screen();
        assert!(!screen.bracketed_paste());
        let (row, column) = screen.cursor_position();
        assert_eq!(column, 0);
        let below = screen
            .rows(0, screen.size().1)
            .skip(row.into())
            .collect::<String>();
        assert_eq!(below.trim(), "");
        let count = |mode: &[u8]| {
            self.world
                .written
                .windows(mode.len())
                .filter(|w| *w == mode)
                .count()
        };
        assert_eq!(count(b"\x1b[?7l"), count(b"\x1b[?7h"));
    }
}

#[test]
fn drawn_sessions_hold() {
    let wanted = std::env::var("CHAT_SESSIONS").map(|count| count.parse().expect("a number"));
    let sessions: u64 = wanted.unwrap_or(4000);
    let first: u64 = std::env::var("CHAT_SEED").map_or(0, |seed| seed.parse().expect("a number"));
    let next = AtomicU64::new(first);
    let threads = thread::available_parallelism().map_or(1, |count| count.get().min(8));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + sessions {
                        return;
                    }
                    let session = std::panic::catch_unwind(|| Session::new(seed).run());
                    assert!(
                        session.is_ok(),
                        "seed {seed}: CHAT_SEED={seed} CHAT_SESSIONS=1 plays it again"
                    );
                }
            });
        }
    });
    println!("{sessions} sessions");
}
