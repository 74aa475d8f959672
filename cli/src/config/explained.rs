//! What is wrong with a file that is none, in the words of whoever looks after a server: what is read of it says too little.

use super::nearest::nearest;
use super::value::{check, wanted};
use super::{is_flag, is_list, options};
use clap::{Arg, Command};

/// Line and column, both from 1 on, and what is wrong there.
pub(super) type Fault = ((usize, usize), String);

/// A piece of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Token<'a> {
    at: usize,
    text: &'a str,
}

impl Token<'_> {
    fn is_word(&self) -> bool {
        self.text.starts_with(is_of_word)
    }

    fn is_text(&self) -> bool {
        self.text.starts_with('"')
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.')
}

/// The pieces of a text, without blanks and comments.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let until = |end: &str| rest.find(end).map_or(rest.len(), |it| it + end.len());
        let (length, is_token) = match first {
            _ if rest.starts_with("//") => (until("\n"), false),
            _ if rest.starts_with("/*") => (until("*/"), false),
            '"' | '\'' => (quoted(rest, first), true),
            _ if is_of_word(first) => {
                let length = rest.len() - rest.trim_start_matches(is_of_word).len();
                (length, true)
            }
            _ => (first.len_utf8(), !first.is_whitespace()),
        };
        let token = Token {
            at,
            text: &rest[..length],
        };
        tokens.extend(is_token.then_some(token));
        at += length;
    }
    tokens
}

/// How long a text in quotes is with these.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    rest.len()
}

/// Line and column of a place.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let of_line = before.rsplit('\n').next().unwrap_or(before);
    (line, of_line.chars().count() + 1)
}

/// Where a text that is right sets an option.
pub(super) fn place_of(text: &str, name: &str) -> (usize, usize) {
    let tokens = tokens(text);
    let mut pairs = tokens.windows(2);
    let is_it = |pair: &&[Token<'_>]| pair[0].text == name && pair[1].text == ":";
    place(text, pairs.find(is_it).map_or(0, |pair| pair[0].at))
}

/// The place of a line and a column.
fn offset(text: &str, (line, column): (usize, usize)) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    let begin: usize = lines.map(str::len).sum();
    let characters = text[begin..].chars().take(column.saturating_sub(1));
    begin + characters.map(char::len_utf8).sum::<usize>()
}

/// The names that a file may have.
fn names(command: &Command) -> impl Iterator<Item = String> {
    options(command).map(|(name, _)| name)
}

/// What is wrong with a text, of which this was said when it was read to there, and this option was the last of which the name was
/// read.
pub(super) fn explained(
    command: &Command,
    text: &str,
    found: (usize, usize),
    reading: Option<&Arg>,
    said: &str,
    code: &ron::Error,
) -> Fault {
    let tokens = tokens(text);
    let there = offset(text, found);
    let at = |token: &Token<'_>| place(text, token.at);
    let Some(first) = tokens.first() else {
        let what = "there is nothing in it: () is a configuration with every option at its default";
        return ((1, 1), what.into());
    };
    if first.text != "(" {
        let what = "expected options in parentheses, such as (rate: 20)";
        return (at(first), what.into());
    }
    if matches!(code, ron::Error::TrailingCharacters) {
        return (
            found,
            "there is something more after the ) at the end".into(),
        );
    }
    // The one that the place is in, or the last one before it.
    let near = tokens.iter().rposition(|it| it.at <= there);
    let near = near.unwrap_or_default();
    let is_no_name = matches!(
        code,
        ron::Error::SuggestRawIdentifier(_) | ron::Error::InvalidIdentifier(_)
    );
    if matches!(code, ron::Error::ExpectedIdentifier) {
        let what = "expected the name of an option, as it is, such as rate: 20";
        return (at(&tokens[near]), what.into());
    }
    if is_no_name || said.starts_with(UNKNOWN) {
        let name = tokens[near];
        let known = nearest(name.text, names(command));
        let known = known.map_or_else(
            || "`chat-server default-config` has all that there are".into(),
            |known| format!("is `{known}` meant?"),
        );
        return (at(&name), format!("{UNKNOWN} `{}`: {known}", name.text));
    }
    let Some(arg) = reading else {
        return (found, said.into());
    };
    let name = arg.get_long().unwrap_or_default().replace('-', "_");
    let is_key = |it: &Token<'_>| it.text == name && it.at <= there;
    let Some(key) = tokens.iter().rposition(is_key) else {
        return (found, said.into());
    };
    let next = |index: usize| tokens.get(index).filter(|it| it.text != ")");
    if said == TWICE {
        return (at(&tokens[key]), format!("`{name}` {TWICE}"));
    }
    let Some(colon) = next(key + 1).filter(|it| it.text == ":") else {
        let what = format!(
            "expected a colon and a value after `{name}`: {}",
            wanted(arg)
        );
        return (at(tokens.get(key + 1).unwrap_or(&tokens[key])), what);
    };
    let Some(value) = next(key + 2).filter(|it| it.text != ",") else {
        let what = format!("expected a value of `{name}`: {}", wanted(arg));
        return (at(colon), what);
    };
    if let Some(fault) = of_value(
        command,
        (arg, &name),
        text,
        &tokens[key + 2..],
        near.saturating_sub(key + 2),
    ) {
        let (token, what) = fault;
        return (at(&token), what);
    }
    if matches!(code, ron::Error::Message(_)) {
        return (at(value), said.into());
    }
    match tokens.get(near + 1) {
        _ if !text.trim_end().ends_with(')') => {
            let end = text.trim_end().len();
            (place(text, end), "the ) at the end is missing".into())
        }
        Some(after) if matches!(code, ron::Error::ExpectedComma) => {
            let what = format!("expected a comma after a value of `{name}`");
            (
                at(if tokens[near].at == there {
                    &tokens[near]
                } else {
                    after
                }),
                what,
            )
        }
        _ => (found, format!("`{name}`: {said}; {}", wanted(arg))),
    }
}

/// What is said of a name that no option has.
pub(super) const UNKNOWN: &str = "unknown field";

/// What is said of an option that is set a second time.
pub(super) const TWICE: &str = "is set already";

/// What is wrong with a value, and which piece of the text shows it. These are the pieces from the value on, of which what was read is
/// up to the one of this number.
fn of_value<'a>(
    command: &Command,
    (arg, name): (&Arg, &str),
    text: &str,
    tokens: &[Token<'a>],
    near: usize,
) -> Option<(Token<'a>, String)> {
    let first = *tokens.first()?;
    if is_flag(arg) {
        let is_right = matches!(first.text, "true" | "false");
        return (!is_right).then(|| (first, wrong(name, first.text, &wanted(arg))));
    }
    let one = |token: Token<'a>| {
        let fault = if token.is_text() {
            // As the file has it: what is in the quotes is known to whoever reads it.
            let inside = token.text.trim_matches('"').to_owned();
            check(command, arg, inside).err()
        } else if token.is_word() {
            let is_number = token.text.bytes().all(|b| b.is_ascii_digit());
            let why = check(command, arg, token.text.into()).err();
            let unquoted = || {
                wrong(
                    name,
                    token.text,
                    &format!("a text stands in quotes: {:?}", token.text),
                )
            };
            why.or_else(|| (!is_number).then(unquoted))
        } else {
            let line = text[token.at..].lines().next().unwrap_or_default();
            let line = line.split(',').next().unwrap_or(line);
            Some(wrong(name, line.trim_end_matches([')', ' ']), &wanted(arg)))
        };
        fault.map(|what| (token, what))
    };
    if !is_list(arg) {
        return one(first);
    }
    if first.text != "[" {
        return Some((first, wrong(name, first.text, &wanted(arg))));
    }
    let inside = tokens.iter().skip(1).take(near.max(1));
    let inside = inside
        .take_while(|it| it.text != "]")
        .filter(|it| it.text != ",");
    inside.copied().find_map(one)
}

/// That something is no value of an option, and what is.
fn wrong(name: &str, value: &str, wanted: &str) -> String {
    format!("`{name}` cannot be {value}: {wanted}")
}
