//! What a device is called in the list of its owner: the program, and the machine where it runs.

use chat_core::MAX_LABEL;

/// The label of this machine for a program.
pub fn device_label(program: &str) -> String {
    labelled(program, machine().as_deref())
}

/// As much of both as fits; what cannot be shown is left out.
fn labelled(program: &str, machine: Option<&str>) -> String {
    let machine = machine.filter(|it| !it.is_empty());
    let mut label = program.to_owned();
    for c in machine
        .map(|it| format!(" on {it}"))
        .unwrap_or_default()
        .chars()
    {
        if label.len() + c.len_utf8() <= MAX_LABEL && (c == ' ' || c.is_ascii_graphic()) {
            label.push(c);
        }
    }
    label.truncate(MAX_LABEL);
    label.trim_end().into()
}

#[cfg(unix)]
fn machine() -> Option<String> {
    let names = rustix::system::uname();
    names.nodename().to_str().ok().map(Into::into)
}

#[cfg(not(unix))]
fn machine() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_has_the_program_and_as_much_of_the_machine_as_may_be() {
        assert_eq!(labelled("chat", Some("thinkpad")), "chat on thinkpad");
        assert_eq!(labelled("chat", Some("a\u{1b}b é")), "chat on ab");
        for nothing in [None, Some("")] {
            assert_eq!(labelled("chat-client", nothing), "chat-client");
        }
        let long = labelled("chat-client", Some(&"x".repeat(64)));
        assert_eq!((long.len(), &long[..15]), (MAX_LABEL, "chat-client on "));
        assert!(device_label("chat").len() <= MAX_LABEL);
    }
}
