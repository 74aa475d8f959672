//! Whether what is written may have colours.

use std::ffi::OsString;

/// Whether what goes to a terminal, or not to one, is coloured, by what the environment says:
/// `NO_COLOR` (<https://no-color.org>), `CLICOLOR` and `CLICOLOR_FORCE`
/// (<https://bixense.com/clicolors>), and `TERM=dumb`. `variable` gives the value of a name.
///
/// ```
/// use chat_cli::colour::is_wanted;
/// assert!(is_wanted(true, |_| None));
/// assert!(!is_wanted(true, |name| (name == "NO_COLOR").then(|| "1".into())));
/// ```
pub fn is_wanted(on_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    if variable("NO_COLOR").is_some() {
        return false;
    }
    if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    let is_off = variable("CLICOLOR").is_some_and(|value| value == "0");
    on_terminal && !is_off && !is_dumb(variable)
}

/// Whether the terminal can do nothing but show text, line by line.
pub fn is_dumb(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    variable("TERM").is_some_and(|value| value == "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_heeded() {
        for (variables, on_terminal, elsewhere) in [
            (&[][..], true, false),
            (&[("NO_COLOR", "1")], false, false),
            (&[("NO_COLOR", "0")], false, false),
            (&[("NO_COLOR", "")], true, false),
            (&[("CLICOLOR", "0")], false, false),
            (&[("CLICOLOR", "1")], true, false),
            (&[("CLICOLOR_FORCE", "1")], true, true),
            (&[("CLICOLOR_FORCE", "0")], true, false),
            (&[("CLICOLOR_FORCE", "")], true, false),
            (&[("CLICOLOR", "0"), ("CLICOLOR_FORCE", "1")], true, true),
            (&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false, false),
            (&[("TERM", "dumb")], false, false),
            (&[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true, true),
            (&[("TERM", "xterm-256color")], true, false),
        ] {
            let variable = |name: &str| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| OsString::from(value))
            };
            assert_eq!(is_wanted(true, variable), on_terminal, "{variables:?}");
            assert_eq!(is_wanted(false, variable), elsewhere, "{variables:?}");
        }
    }
}
