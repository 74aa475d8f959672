//! Drawn sessions: whatever is typed, pasted, said and lost at whatever size, nothing panics, nothing that somebody says
//! reaches outside its own rows, and no frame is drawn where nothing has changed.

use crate::world::{World, entry};
use chat_cli::screen::{Link, Urgent};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// What somebody says who means harm is made of these.
pub(crate) const TEXTS: &[&str] = &[
    "x",
    " ",
    "\t",
    "\u{3000}",
    "日",
    "e\u{301}",
    "\u{301}\u{301}\u{301}",
    "👨\u{200d}👩\u{200d}👧",
    "\u{2764}\u{fe0f}",
    "\u{1b}[2J",
    "\u{1b}[1;1H",
    "\r",
    "\n",
    "\u{7}",
    "\u{202e}",
    "\u{200b}",
    "bob: forged",
    "long-words-without-any-blank",
    "\u{9b}31m",
    "\u{ad}",
    "ann",
    "\u{1f1e9}\u{1f1ea}",
    "ﷺ",
    "\u{e0001}",
    "https://a.example/long-enough-to-be-wrapped",
    "mailto:",
    "\u{1b}]8;;http://b\u{1b}\\",
];

pub(crate) const KEYS: &[&str] = &[
    "a",
    "b",
    " ",
    "日",
    "👍🏽",
    "\r",
    "\u{1b}\r",
    "\t",
    "\u{1b}[Z",
    "\u{7f}",
    "\u{1}",
    "\u{5}",
    "\u{b}",
    "\u{15}",
    "\u{17}",
    "\u{19}",
    "\u{12}",
    "\u{7}",
    "\u{c}",
    "\u{3}",
    "\u{4}",
    "\u{1a}",
    "\u{1b}",
    "\u{1b}[5~",
    "\u{1b}[6~",
    "\u{1b}[A",
    "\u{1b}[B",
    "\u{1b}[D",
    "\u{1b}OP",
    "\u{1b}[I",
    "\u{1b}[O",
    "/",
    "/he",
    "/quit\r",
    "/search x\r",
    "y",
    "n",
    "o",
    "\u{e}",
    "\u{10}",
    "\u{1b}a",
    "\u{1b}2",
    "\u{1b}w",
    "\u{1b}s",
    "\u{b}",
    "\u{1b}[<64;3;3M",
    "\u{1b}[<0;3;1M",
    "\u{1b}]11;rgb:ff/ff/ff\u{7}",
    "/query b0b\r",
    "/close\r",
    "\u{1b}[",
    "\u{ff}",
    "/history\r",
    "/help\r",
    "\u{1f}",
    "\u{18}\u{15}",
    "\u{18}\u{5}",
    "\u{18}",
    "/msg \t",
];

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Keys(Vec<usize>),
    Paste(Vec<usize>, usize),
    Said(Vec<usize>, bool),
    Moved(bool, u8),
    Elsewhere(Vec<usize>, u8),
    Privately(Vec<usize>, u8),
    Topic(Vec<usize>),
    Here(u8),
    Page(u8),
    Resize(u16, u16),
    Link(u8),
    Pending(u8),
    Notice(Vec<usize>),
    Later(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let text = || prop::collection::vec(0..TEXTS.len(), 0..12);
    let size = prop_oneof![(1..=12u16, 1..=6u16), (1..=300u16, 1..=100u16)];
    let step = prop_oneof![
        4 => prop::collection::vec(0..KEYS.len(), 1..6).prop_map(Step::Keys),
        1 => (text(), 0..6usize).prop_map(|(text, lines)| Step::Paste(text, lines)),
        4 => (text(), any::<bool>()).prop_map(|(text, own)| Step::Said(text, own)),
        1 => (any::<bool>(), any::<u8>()).prop_map(|(joins, who)| Step::Moved(joins, who)),
        1 => (text(), any::<u8>()).prop_map(|(text, room)| Step::Elsewhere(text, room)),
        1 => (text(), any::<u8>()).prop_map(|(text, who)| Step::Privately(text, who)),
        1 => text().prop_map(Step::Topic),
        1 => any::<u8>().prop_map(Step::Here),
        1 => any::<u8>().prop_map(Step::Page),
        1 => size.prop_map(|(columns, rows)| Step::Resize(columns, rows)),
        1 => any::<u8>().prop_map(Step::Link),
        1 => any::<u8>().prop_map(Step::Pending),
        1 => text().prop_map(Step::Notice),
        1 => any::<u32>().prop_map(Step::Later),
    ];
    prop::collection::vec(step, 1..60)
}

fn text(parts: &[usize]) -> String {
    parts.iter().map(|part| TEXTS[*part]).collect()
}

pub(crate) fn take(world: &mut World, step: &Step) {
    match step {
        Step::Keys(keys) => {
            let keys: String = keys.iter().map(|key| KEYS[*key]).collect();
            world.send(&keys);
        }
        Step::Paste(parts, lines) => {
            let text = format!("{}\r", text(parts)).repeat(*lines);
            world.send(&format!("\u{1b}[200~{text}\u{1b}[201~"));
        }
        Step::Said(parts, own) => {
            let name = if *own { "ann" } else { "b0b" };
            world.says(name, &text(parts));
        }
        Step::Moved(joins, who) => {
            let kind = if *joins { "joined" } else { "left" };
            world.happens(kind, &format!("user{who}"), "", "");
        }
        Step::Elsewhere(parts, room) => {
            world.says_in(&format!("room{room}"), "b0b", &text(parts));
        }
        Step::Privately(parts, who) => {
            let who = format!("user{}", who % 80);
            world.says_to(&who, "ann", &text(parts));
        }
        Step::Topic(parts) => {
            world.happens("topic", "b0b", &text(parts), "");
        }
        Step::Here(count) => {
            let names: Vec<String> = (0..*count).map(|number| format!("user{number}")).collect();
            let names: Vec<&str> = names
                .iter()
                .map(|name| &**name)
                .chain(TEXTS.iter().copied())
                .collect();
            world.answered(&names, "");
        }
        Step::Page(count) => {
            for seq in 1..=u64::from(*count) {
                let line = entry("past", seq, seq * 1000, ("said", "old", "older", ""));
                world.screen.line(&line, 0);
            }
            world
                .screen
                .line("{\"type\":\"page\",\"first\":1,\"head\":9}", 0);
        }
        Step::Resize(columns, rows) => world.resize(*columns, *rows),
        Step::Link(how) => {
            let links = [Link::Connecting, Link::Online, Link::Offline, Link::Leaving];
            world.screen.set_link(links[usize::from(*how) % 4]);
            world
                .screen
                .set_countdown((*how > 200).then_some(u64::from(*how)));
        }
        Step::Pending(count) => {
            let texts = [("1", "one"), ("2", "日本"), ("3", "three \u{1b}[2J")];
            world.unaccepted(&texts[..usize::from(*count) % 4]);
        }
        Step::Notice(parts) => world.screen.notice(&text(parts), world.at),
        Step::Later(millis) => {
            world.at += u64::from(*millis);
            world.wait();
        }
    }
    obey(world);
}

/// Does what is asked for at once: the line is edited, and becomes another one, several, or none.
fn obey(world: &mut World) {
    while let Some(urgent) = world.screen.poll_urgent() {
        if urgent == Urgent::Edit {
            let line = world.screen.being_typed().to_owned();
            let texts = [
                None,
                Some(line.to_uppercase()),
                Some(format!("{line}\n👍🏽\n").repeat(line.len() % 5)),
            ];
            let text = texts[line.len() % 3].as_deref();
            world.screen.edited(text);
        }
    }
}

/// What the terminal shows is what the frame has in the same row, as far as all terminals agree on that.
pub(crate) fn check(world: &mut World) -> Result<(), TestCaseError> {
    world.draw();
    prop_assert!(!world.draw(), "nothing has changed");
    let screen = world.terminal.screen();
    let (rows, columns) = screen.size();
    let frame = world.screen.shown();
    prop_assert_eq!(frame.cells.area.as_size(), (columns, rows).into());
    for y in 0..rows {
        for x in 0..columns {
            let cell = &frame.cells[(x, y)];
            let shown = screen
                .cell(y, x)
                .map(vt100::Cell::contents)
                .unwrap_or_default();
            if cell.symbol().is_ascii() && cell.symbol() != "" && cell.symbol() != " " {
                prop_assert_eq!(shown, cell.symbol(), "{}, {}", x, y);
            } else if !cell.symbol().is_ascii() {
                let first = cell.symbol().chars().next();
                prop_assert_eq!(shown.chars().next(), first, "{}, {}", x, y);
            }
        }
    }
    prop_assert_eq!(screen.cursor_position(), (frame.cursor.1, frame.cursor.0));
    Ok(())
}

#[test]
fn drawn_sessions_stay_in_their_rows() {
    let cases = std::env::var("CHAT_SESSIONS").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(100);
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let sizes = (1..=300u16, 1..=100u16);
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let result = runner.run(&(sizes, steps()), |((columns, rows), steps)| {
        let mut world = World::online(columns, rows);
        for step in &steps {
            take(&mut world, step);
            check(&mut world)?;
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// What is said fills rows of its own: the rows of all others are as they would be without it.
#[test]
fn what_one_says_changes_nobody_elses_rows() {
    let harmful = TEXTS.iter().map(|text| text.repeat(9));
    for text in harmful {
        for columns in [1, 2, 5, 19, 40, 41, 80, 300] {
            let mut world = World::online(columns, 60);
            world.says("bob", "before");
            world.says("eve", &text);
            world.says("cat", "after");
            let seen = world.seen();
            let rows = seen.lines().count();
            let mut calm = World::online(columns, 60);
            calm.says("bob", "before");
            calm.says("eve", "calm");
            calm.says("cat", "after");
            let calm = calm.seen();
            let end = |seen: &str, count: usize| {
                let rows: Vec<String> = seen.lines().map(Into::into).collect();
                rows[rows.len() - count..].join("\n")
            };
            // The row of `cat: after` at a width that has it in one, the bar, the input, the cursor.
            let count = if columns >= 19 { 4 } else { 3 };
            assert_eq!(
                end(&seen, count),
                end(&calm, count),
                "{text:?} at {columns}"
            );
            assert_eq!(rows, calm.lines().count());
        }
    }
}
