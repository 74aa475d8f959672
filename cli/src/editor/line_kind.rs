//! What a line that is entered is, by its first letters (PROTOCOL.md, "What a client sends").

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind<'a> {
    /// It begins with one slash: it is a command, known or not.
    Command,
    /// It begins with two: this, with one of them, is said.
    Escaped(&'a str),
    /// It is said as it is; alone on a line, `LEAVE` leaves all the same.
    Plain(&'a str),
}

impl<'a> LineKind<'a> {
    /// What a line is.
    pub fn of(line: &'a str) -> Self {
        match line.strip_prefix('/') {
            None => Self::Plain(line),
            Some(rest) if rest.starts_with('/') => Self::Escaped(rest),
            Some(_) => Self::Command,
        }
    }

    /// Whether a line is a command, and nothing that is said.
    pub fn is_command(line: &'a str) -> bool {
        Self::of(line) == Self::Command
    }

    /// What is said by it; nothing by a command.
    pub fn said(self) -> Option<&'a str> {
        match self {
            Self::Command => None,
            Self::Escaped(said) | Self::Plain(said) => Some(said),
        }
    }
}

/// The line that has this said.
pub fn saying(text: &str) -> String {
    match LineKind::of(text) {
        LineKind::Plain(_) => text.into(),
        LineKind::Command | LineKind::Escaped(_) => format!("/{text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_the_server_takes_it_for() {
        for (line, said) in [
            ("hi", Some("hi")),
            ("", Some("")),
            (" /x", Some(" /x")),
            ("/", None),
            ("/x", None),
            ("/ x", None),
            ("//", Some("/")),
            ("//x", Some("/x")),
            ("///x", Some("//x")),
        ] {
            assert_eq!(LineKind::of(line).said(), said, "{line}");
            assert_eq!(LineKind::is_command(line), said.is_none());
            assert_eq!(LineKind::of(&saying(line)).said(), Some(line));
        }
    }
}
