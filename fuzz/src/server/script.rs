//! Scripts: the steps that a peer, a socket or the clock takes.

use chat_core::Limits;
use chat_sim::model::Habits;

/// One step. Peers are numbers that are taken modulo how many there are.
#[derive(Debug)]
pub(super) enum Step {
    Accept(u16),
    Sends(usize, Vec<u8>),
    Closes(usize),
    Fails(usize),
    Takes(usize, Socket),
    Writable(usize),
    NextDeadline,
    Passes(u64),
    Behind(u64),
    Stop,
    Settle,
}

/// What a socket does with what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    Takes(usize),
    TakesAll,
    Fails,
}

/// The longest repeated line.
const LONGEST: usize = 10_000;

impl Step {
    /// Reads a step; `None` where there is none.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let (first, rest) = line.split_first()?;
        if first.is_ascii_alphabetic() {
            let who = usize::from(first.to_ascii_lowercase() - b'a');
            return Self::of_peer(who, rest);
        }
        Some(match first {
            b'+' => Self::Accept(u16::try_from(number(rest).unwrap_or(0)).unwrap_or(u16::MAX)),
            b'@' => number(rest).map_or(Self::NextDeadline, |ms| Self::Passes(ms.min(100_000))),
            b'-' => Self::Behind(number(rest).unwrap_or(1).min(100_000)),
            b'^' => Self::Stop,
            b'>' => Self::Settle,
            _ => return None,
        })
    }

    fn of_peer(who: usize, step: &[u8]) -> Option<Self> {
        let (first, rest) = step.split_first()?;
        Some(match first {
            b':' => Self::Sends(who, [rest, b"\n"].concat()),
            b'.' => {
                let end = |b: &u8| if *b == b'|' { b'\n' } else { *b };
                Self::Sends(who, rest.iter().map(end).collect())
            }
            b'*' => {
                let space = rest.iter().position(|b| *b == b' ')?;
                let length = usize::try_from(number(&rest[..space])?).ok()?;
                let text = rest[space + 1..].iter().copied().cycle();
                let line = text.take(length.min(LONGEST)).chain([b'\n']);
                Self::Sends(who, line.collect())
            }
            b'!' => Self::Closes(who),
            b'~' => Self::Fails(who),
            b'=' => Self::Takes(
                who,
                match (number(rest), rest) {
                    (Some(bytes), _) => Socket::Takes(usize::try_from(bytes).ok()?),
                    (None, b"x") => Socket::Fails,
                    (None, _) => Socket::TakesAll,
                },
            ),
            b'?' => Self::Writable(who),
            _ => return None,
        })
    }
}

/// What a script asks for before its first connection.
pub(super) struct Config {
    pub(super) limits: Limits,
    pub(super) habits: Habits,
}

impl Config {
    /// Limits are small where the script says nothing, so that they are met often. Those that
    /// would let nothing happen are 1 at least, and the transcript is held for as long as anyone
    /// may be behind.
    pub(super) fn parse(script: &[u8]) -> Self {
        let mut limits = Limits {
            connections: 6,
            refusals: 2,
            behind: 600,
            private: 200,
            splices: 3,
            batch: 400,
            // The model knows no accounts: whoever sends a password is refused.
            hashes: 0,
            hashes_waiting: 0,
            ..Limits::default()
        };
        let mut habits = Habits::default();
        for line in script.split(|b| *b == b'\n') {
            match line {
                [b'+', ..] => break,
                [b'%', which, value @ ..] => {
                    let value = number(value).unwrap_or(0);
                    let count = usize::try_from(value).unwrap_or(usize::MAX);
                    match which {
                        b'c' => limits.connections = count.min(24),
                        b'b' => limits.behind = value,
                        b'p' => limits.private = count.max(1),
                        b'd' => limits.splices = count.max(1),
                        b'q' => limits.batch = value.max(1),
                        b'm' => limits.pass = value.max(1),
                        b't' => limits.transcript = value,
                        b'r' => limits.refusals = count.min(24),
                        b'l' => habits.lazy = value > 0,
                        b'w' => habits.at_once = value > 0,
                        b's' => habits.stretch = count.min(24),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        limits.transcript = limits.transcript.max(limits.behind);
        Self { limits, habits }
    }
}

/// The number at the beginning, after blanks; `None` without a digit.
fn number(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii_start();
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    str::from_utf8(&text[..digits.min(7)]).ok()?.parse().ok()
}
