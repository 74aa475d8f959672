//! The answer to `/devices`.

use crate::wire::answer::Stay;
use crate::wire::printable::printable;
use alloc::string::String;
use core::fmt::Write;

/// A device as its owner is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Listed<'a> {
    pub(crate) number: u32,
    pub(crate) label: &'a str,
    /// For how long it has been one, in milliseconds.
    pub(crate) age_ms: u64,
}

/// The devices with which the owner of a name comes back to it, as a line without its ending. All of them fit into one.
pub(crate) fn devices<'a>(name: &str, all: impl IntoIterator<Item = Listed<'a>>) -> String {
    let name = printable(name);
    let mut line = alloc::format!("* Devices that come back as {name} without the password");
    let begin = line.len();
    for Listed {
        number,
        label,
        age_ms,
    } in all
    {
        line.push_str(if line.len() == begin { ": " } else { ", " });
        // A string takes it all.
        let _ = write!(line, "{number}");
        if !label.is_empty() {
            let _ = write!(line, " \"{}\"", printable(label));
        }
        let _ = write!(line, " (for {})", Stay(age_ms));
    }
    if line.len() == begin {
        return alloc::format!("* No device comes back as {name} without the password.");
    }
    line + ". /devices revoke NUMBER ends one."
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::limits::{MAX_DEVICES, MAX_LABEL, MAX_LINE, MAX_NAME};

    #[test]
    fn each_is_listed_and_the_most_and_longest_fit_into_a_line() {
        assert_eq!(
            devices("ann", []),
            "* No device comes back as ann without the password."
        );
        let listed = |number, label, age_ms| Listed {
            number,
            label,
            age_ms,
        };
        assert_eq!(
            devices("ann", [listed(1, "home", 7_200_000), listed(3, "", 0)]),
            "* Devices that come back as ann without the password: 1 \"home\" (for 2 hours), 3 (for less than a minute). \
             /devices revoke NUMBER ends one."
        );
        let (name, label) = ("n".repeat(MAX_NAME), "x".repeat(MAX_LABEL));
        let most = (0..MAX_DEVICES).map(|_| listed(u32::MAX, &label, u64::MAX));
        assert!(devices(&name, most).len() < MAX_LINE);
    }
}
