//! Commands whose password is asked for, so that it need not be seen.

use chat_core::Request;

/// Whether a line is a command that takes a password and has none.
pub(super) fn is_missing(line: &str) -> bool {
    let has_password = |line: &str| {
        let request = Request::decode(line.as_bytes());
        request.is_ok_and(|it| it.has_password())
    };
    !has_password(line) && has_password(&format!("{} password", line.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_missing_where_a_command_is_whole_with_one() {
        for line in ["/claim", "/CLAIM ", "/passwd", "/login ann", "/login  ann "] {
            assert!(is_missing(line), "{line}");
        }
        for line in [
            "",
            "hello",
            "/login",
            "/login ",
            "/claim x",
            "/passwd x",
            "/login ann x",
            "/unclaim",
            "//claim",
            " /claim",
        ] {
            assert!(!is_missing(line), "{line}");
        }
    }
}
