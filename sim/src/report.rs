//! A run as text: the story, and each screen.

use std::fmt::Write as _;

use crate::{
    record::{Kind, Record, Role, Screen},
    text::{hash, visible},
};

/// A screen of more lines than this is shown by its count of lines and a hash.
const LONG: usize = 400;

/// The lines of a long transcript are counted in the story, in stretches of so many milliseconds.
const STRETCH: u64 = 100;

/// What happened, in order, with the milliseconds since the start.
pub fn story(record: &Record) -> String {
    let names = record.story.iter().map(|moment| moment.who.len());
    let width = names.max().unwrap_or(0);
    let long = is_long(record.server());
    let mut counted = Vec::new();
    let mut moments = Vec::new();
    for moment in &record.story {
        if long && moment.kind == Kind::Transcript {
            counted.push(moment);
        } else {
            moments.push(moment.clone());
        }
    }
    for stretch in counted.chunk_by(|one, next| one.at / STRETCH == next.at / STRETCH) {
        let mut moment = stretch[0].clone();
        moment.at -= moment.at % STRETCH;
        moment.text = format!("{} lines within {STRETCH} ms", stretch.len());
        moments.push(moment);
    }
    moments.sort_by_key(|moment| moment.at);
    let mut out = String::new();
    for moment in moments {
        let line = format!(
            "{:>6} ms  {:width$} {} {}",
            moment.at,
            moment.who,
            moment.kind.mark(),
            moment.text
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// Every screen: the server's, each client's, and the crowd's in a table.
pub fn screens(record: &Record) -> String {
    let mut out = String::new();
    let one_by_one = |screen: &&Screen| screen.role != Role::Member;
    for screen in record.screens.iter().filter(one_by_one) {
        let _ = write!(out, "\n--- {}", screen.name);
        if screen.role != Role::Server {
            let endings = screen.lives.iter().map(|life| format!("{:?}", life.ending));
            let _ = write!(out, " ({})", endings.collect::<Vec<_>>().join(", "));
        }
        out.push_str(" ---\n");
        out.push_str(&screen_text(screen));
    }
    let members = record.screens.iter().filter(|s| s.role == Role::Member);
    let rows: Vec<String> = members.map(row).collect();
    if !rows.is_empty() {
        let _ = writeln!(out, "\n--- crowd ({} members) ---", rows.len());
        for row in rows {
            let _ = writeln!(out, "{row}");
        }
    }
    out
}

/// A screen, line by line, fit to be shown.
pub fn screen_text(screen: &Screen) -> String {
    if is_long(screen) {
        let lines = screen.lines().count();
        return format!("{lines} lines, hash {:016x}\n", hash(&screen.shown));
    }
    let mut out = String::new();
    for line in screen.lines() {
        let _ = writeln!(out, "{}", visible(line).trim_end());
    }
    out
}

fn is_long(screen: &Screen) -> bool {
    screen.lines().nth(LONG).is_some()
}

fn row(screen: &Screen) -> String {
    format!(
        "{}: {:5} lines, hash {:016x}, {:?}",
        screen.name,
        screen.lines().count(),
        hash(&screen.shown),
        screen.ending()
    )
}
