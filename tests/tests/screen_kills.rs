//! `chat` that is killed at any moment: what was typed and entered is said once after the next start, and the half-typed line
//! is there again.
//!
//! `CHAT_KILLS=1000 cargo test --release -p chat-tests --test screen_kills -- --nocapture` kills it as often.

#![cfg(target_os = "linux")]

use chat_tests::{Dir, Server, Signal, Terminal, chat, eventually};
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

const COLUMNS: u16 = 80;
const ROWS: u16 = 24;

/// From so many characters on, a line is entered before anything is added to it: it stays in one row.
const LONG: usize = 30;

/// Lines that are entered in one life: four at once might be a paste.
const MAX_LINES: usize = 3;

/// Numbers that are drawn (`SplitMix64`).
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn pause(&mut self, most: u64) {
        let micros = self.below(most * 1000);
        // Half of the time, none at all.
        if self.below(2) == 0 {
            sleep(Duration::from_micros(micros));
        }
    }
}

/// What was said and what is being typed, once so many characters of a text have come: those of all lines that were ended, and
/// the rest.
fn after(text: &str, count: usize) -> (Vec<&str>, &str) {
    let (before, _) = text.split_at(count);
    let mut lines: Vec<&str> = before.split('\n').collect();
    let line = lines.pop().unwrap_or_default();
    (lines, line)
}

struct World {
    server: Server,
    state: Dir,
    draws: Draws,
    words: usize,
    /// What ann has said, as far as it is known.
    said: usize,
    /// What was being typed at the beginning of the life, and all that was typed in it.
    text: String,
    /// So many characters of that have been seen on the screen.
    seen: usize,
    /// Lives at whose end the screen was not cut off in the middle of a frame.
    compared: usize,
}

impl World {
    fn start(&self) -> Terminal {
        let mut command = Command::new(chat());
        command
            .arg(self.server.address().to_string())
            .args(["--name", "ann", "--state", &self.state.path("state")])
            .env("LANG", "C.UTF-8")
            .env_remove("LC_ALL");
        let terminal = Terminal::start(&mut command);
        terminal.resize(COLUMNS, ROWS);
        terminal
    }

    /// The object in a line of a file of the one client there is.
    fn file(&self, name: &str, line: usize) -> Option<serde_json::Value> {
        let mut folders = fs::read_dir(self.state.path("state")).ok()?;
        let file = folders.next()?.ok()?.path().join(name);
        let text = fs::read_to_string(file).ok()?;
        serde_json::from_str(text.lines().nth(line)?).ok()
    }

    /// What ann has said since this was last asked for.
    fn news(&self) -> Vec<String> {
        let transcript = self.server.transcript.so_far();
        let said = transcript
            .lines()
            .filter_map(|line| line.strip_prefix("ann: "));
        said.skip(self.said).map(Into::into).collect()
    }

    /// Waits until all that was entered is said, and what is being typed is on the screen; there must be a moment of the last
    /// life after which it is like that, and what was seen then is not lost.
    fn settle(&mut self, terminal: &Terminal) {
        let (lines, line) = eventually("all to be said", || {
            let draft = self.file("draft", 0)?;
            // Nothing is typed where there is no line. What is no more in the one file is in the other, until it is said.
            let memory = self.file("client.json", 1)?;
            let is_entered = draft["entered"].as_array().is_some_and(Vec::is_empty);
            let outbox = memory["memory"]["outbox"].as_array().cloned()?;
            let news = self.news();
            let is_said = |said: &serde_json::Value| {
                let text = said["text"].as_str().unwrap_or_default();
                news.iter().any(|line| line == text)
            };
            let line = draft["lines"][0][1].as_str().unwrap_or_default();
            let line = line.to_owned();
            let screen = seen(screen(terminal.screen.so_far().as_bytes()).screen());
            let is_there = screen.last() == Some(&format!("> {line}").trim_end().to_owned())
                && screen.iter().any(|row| row.contains("| online |"));
            (is_entered && outbox.iter().all(is_said) && is_there).then_some((news, line))
        });
        let moments = self.seen..=self.text.len();
        let is_like_that = |count: &usize| {
            after(&self.text, *count) == (lines.iter().map(|it| &**it).collect(), &line)
        };
        assert!(
            moments.clone().any(|count| is_like_that(&count)),
            "said {lines:?}, typing {line:?}, after {:?}, of which {} characters were seen",
            self.text,
            self.seen,
        );
        self.said += lines.len();
        (self.text, self.seen) = (line, 0);
    }

    /// Types something, and is killed.
    fn live(&mut self, mut terminal: Terminal) {
        let actions = self.draws.below(24);
        let mut lines = 0;
        let is_stopped = self.draws.below(4) == 0;
        if is_stopped {
            self.server.process.signal(Signal::STOP);
        }
        for _ in 0..actions {
            let line = self.text.rsplit('\n').next().unwrap_or_default();
            let is_word = line.len() < LONG && self.draws.below(5) > 0;
            if !is_word && lines == MAX_LINES {
                break;
            }
            if is_word {
                self.words += 1;
                let word = format!("w{} ", self.words);
                for key in word.chars() {
                    self.draws.pause(2);
                    terminal.press(&key.to_string());
                    self.text.push(key);
                }
            } else if !line.trim().is_empty() {
                lines += 1;
                self.draws.pause(40);
                terminal.press("\r");
                self.text.push('\n');
            }
        }
        self.draws.pause(40);
        self.kill(terminal);
        // It may be killed again before it is there.
        while self.draws.below(3) == 0 {
            let terminal = self.start();
            sleep(Duration::from_micros(self.draws.below(150_000)));
            self.kill(terminal);
        }
        if is_stopped {
            self.server.process.signal(Signal::CONT);
        }
    }

    /// Kills the program. What it has shown of the line, in a frame that came to its end, is not to be lost.
    fn kill(&mut self, mut terminal: Terminal) {
        terminal.process.kill();
        let parser = screen(&terminal.screen.all_bytes());
        let screen = parser.screen();
        let (row, column) = screen.cursor_position();
        let is_whole = screen.alternate_screen() && !screen.hide_cursor() && row == ROWS - 1;
        let line = seen(screen).pop().unwrap_or_default();
        let Some(line) = line.strip_prefix('>').filter(|_| is_whole) else {
            return;
        };
        // The cursor stands after it: blanks are a part of it.
        let width = usize::from(column).saturating_sub(2);
        let shown = format!("{:<width$}", line.strip_prefix(' ').unwrap_or(line));
        let mut moments = self.seen..=self.text.len();
        let found = moments.find(|count| after(&self.text, *count).1 == shown);
        self.seen = found.unwrap_or_else(|| panic!("{shown:?} was never typed: {:?}", self.text));
        self.compared += 1;
    }
}

/// A screen after these bytes.
fn screen(bytes: &[u8]) -> vt100::Parser {
    let mut screen = vt100::Parser::new(ROWS, COLUMNS, 0);
    screen.process(bytes);
    screen
}

/// Its rows.
fn seen(screen: &vt100::Screen) -> Vec<String> {
    let rows = screen.rows(0, COLUMNS);
    rows.map(|row| row.trim_end().to_owned()).collect()
}

#[test]
fn what_was_typed_outlives_kills_at_any_moment() {
    let set = |name: &str| std::env::var(name).ok().and_then(|it| it.parse().ok());
    let kills = set("CHAT_KILLS").unwrap_or(10);
    let seed = set("CHAT_SEED").unwrap_or(1);
    let mut world = World {
        server: Server::start(),
        state: Dir::new("screen-kills"),
        draws: Draws(seed),
        words: 0,
        said: 0,
        text: String::new(),
        seen: 0,
        compared: 0,
    };
    let begun = Instant::now();
    for _ in 0..kills {
        let terminal = world.start();
        world.settle(&terminal);
        world.live(terminal);
    }
    let mut terminal = world.start();
    world.settle(&terminal);
    terminal.press("the end");
    sleep(Duration::from_millis(50));
    terminal.press("\r");
    let last = format!("ann: {}the end", world.text);
    eventually("the end", || {
        let transcript = world.server.transcript.so_far();
        transcript.contains(&last).then_some(())
    });
    assert_eq!(
        world.news().len(),
        1,
        "nothing was said twice: {:?}",
        world.news()
    );
    assert!(world.said > 0 || kills < 5);
    assert!(world.compared > 0);
    println!(
        "{kills} lives, each ended by a kill, {} screens compared, {} lines said once each, in {:?}",
        world.compared,
        world.said + 1,
        begun.elapsed()
    );
}
