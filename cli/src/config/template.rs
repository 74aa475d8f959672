//! A file with every option at its default, and what it means.

use super::{is_flag, is_list, options};
use clap::{Arg, Command};
use std::fmt::Write as _;

/// So many characters of a comment stand on a line.
const WIDTH: usize = 96;

const HEAD: &str = "\
// What a server is told at its start, every option at its default. Flags and CHAT_… variables of the
// environment win over this file. `chat-server check-config FILE` checks it.
(
";

/// The text of a file that sets all of a command's options to their defaults; those without one are comments.
pub fn template(command: &Command) -> String {
    let mut text = HEAD.to_owned();
    for (index, (name, arg)) in options(command).enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        comment(&mut text, &help);
        let _ = match default(arg) {
            Some(value) => writeln!(text, "    {name}: {value},"),
            None => writeln!(text, "    // {name}: …,"),
        };
    }
    text.push_str(")\n");
    text
}

fn default(arg: &Arg) -> Option<String> {
    if is_flag(arg) {
        return Some("false".into());
    }
    let values = arg.get_default_values().iter();
    let values: Vec<String> = values.map(|it| literal(&it.to_string_lossy())).collect();
    if values.is_empty() {
        return None;
    }
    let values = values.join(", ");
    Some(if is_list(arg) {
        format!("[{values}]")
    } else {
        values
    })
}

/// A value as RON has it.
fn literal(value: &str) -> String {
    if value.parse::<u64>().is_ok() {
        value.into()
    } else {
        format!("{value:?}")
    }
}

fn comment(text: &mut String, help: &str) {
    let mut length = WIDTH;
    for word in help.split_whitespace() {
        let width = word.chars().count() + 1;
        if length + width > WIDTH {
            if !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str("    //");
            length = 0;
        }
        text.push(' ');
        text.push_str(word);
        length += width;
    }
    text.push('\n');
}
