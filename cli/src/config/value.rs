//! What an option may be set to in a file.

use super::{is_flag, is_list};
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, Command};
use std::error::Error as _;

/// What a value of an option is, in words.
pub(super) fn wanted(arg: &Arg) -> String {
    let defaults = arg.get_default_values().first();
    let default = defaults.map(|it| it.to_string_lossy());
    if is_flag(arg) {
        return "true or false is wanted".into();
    }
    let one = match &default {
        Some(it) if it.parse::<u64>().is_ok() => format!("a number is wanted, such as {it}"),
        Some(it) => format!("a text in quotes is wanted, such as {it:?}"),
        None => "a number, or a text in quotes is wanted".into(),
    };
    if !is_list(arg) {
        return one;
    }
    let example = default.map_or(String::new(), |it| format!(", such as [{it:?}]"));
    format!("a list in brackets is wanted{example}")
}

/// Has an option's own parser look at a value; what is wrong with that, if anything.
pub(super) fn check(command: &Command, arg: &Arg, value: String) -> Result<String, String> {
    let given = format!("--{}={value}", arg.get_long().unwrap_or_default());
    let line = [command.get_name().to_owned(), given];
    let Err(error) = command.clone().try_get_matches_from(line) else {
        return Ok(value);
    };
    let name = arg.get_long().unwrap_or_default().replace('-', "_");
    // What else the option may need is not for one value to say.
    match error.kind() {
        ErrorKind::ValueValidation => {
            let why = error.source().map(ToString::to_string);
            let why = why.unwrap_or_default();
            Err(format!("`{name}` cannot be {value:?}: {why}"))
        }
        ErrorKind::InvalidValue => {
            let valid = error.get(ContextKind::ValidValue);
            let valid = valid.map(ToString::to_string).unwrap_or_default();
            Err(format!(
                "`{name}` cannot be {value:?}: expected one of {valid}"
            ))
        }
        _ => Ok(value),
    }
}
