//! Where a server's history lies unless a directory is given, and what else programs keep.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The program's own directory among those of others.
const NAME: &str = "chat-server";

/// What a system keeps programs' state by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// The XDG base directories: Linux, the BSDs and others.
    Xdg,
    /// A library in each home.
    Mac,
    /// A folder for local application data.
    Windows,
}

impl System {
    /// The one that this program was built for.
    pub const HERE: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_os = "macos") {
        Self::Mac
    } else {
        Self::Xdg
    };
}

/// The directory for history: the first of `STATE_DIRECTORY`, which systemd sets for a service;
/// `chat-server` in `XDG_STATE_HOME`, if that is an absolute path; and `chat-server` where the system
/// has programs keep their state. `None` where the environment, of which `variable` gives the value
/// of a name, has none of those.
pub fn directory(system: System, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let service = || {
        let list = variable("STATE_DIRECTORY").filter(|value| !value.is_empty())?;
        env::split_paths(&list).find(|path| path != Path::new(""))
    };
    service().or_else(|| state_dir(system, NAME, &variable))
}

/// The directory of a program of this name: in `XDG_STATE_HOME`, if that is an absolute path, or where the system
/// has programs keep their state.
pub fn state_dir(
    system: System,
    program: &str,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let xdg = || {
        let home = PathBuf::from(variable("XDG_STATE_HOME")?);
        home.is_absolute().then(|| home.join(program))
    };
    let own = || {
        let (name, below) = match system {
            System::Xdg => ("HOME", ".local/state"),
            System::Mac => ("HOME", "Library/Application Support"),
            System::Windows => ("LOCALAPPDATA", ""),
        };
        Some(Path::new(&variable(name)?).join(below).join(program))
    };
    xdg().or_else(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(system: System, variables: &[(&str, &str)]) -> Option<PathBuf> {
        directory(system, |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.into())
        })
    }

    #[test]
    fn each_system_has_a_place_for_it() {
        let variables = [("HOME", "/home/ann"), ("LOCALAPPDATA", "/local")];
        for (system, path) in [
            (System::Xdg, "/home/ann/.local/state/chat-server"),
            (
                System::Mac,
                "/home/ann/Library/Application Support/chat-server",
            ),
            (System::Windows, "/local/chat-server"),
        ] {
            assert_eq!(chosen(system, &variables), Some(path.into()));
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_services_directory_comes_first_then_the_users_choice_then_the_systems() {
        let home = ("HOME", "/home/ann");
        let xdg = ("XDG_STATE_HOME", "/state");
        let service = ("STATE_DIRECTORY", "/var/lib/chat");
        for system in [System::Xdg, System::Mac] {
            let all = chosen(system, &[home, xdg, service]);
            assert_eq!(all, Some("/var/lib/chat".into()));
            let both = chosen(system, &[home, xdg]);
            assert_eq!(both, Some("/state/chat-server".into()));
        }
    }

    #[test]
    #[cfg(unix)]
    fn of_a_services_directories_the_first_is_taken() {
        let two = chosen(System::Xdg, &[("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")]);
        assert_eq!(two, Some("/var/lib/a".into()));
    }

    #[test]
    fn what_is_empty_or_relative_where_it_may_not_be_is_passed_over() {
        let home = ("HOME", "/home/ann");
        let own = Some("/home/ann/.local/state/chat-server".into());
        for passed_over in [
            ("STATE_DIRECTORY", ""),
            ("XDG_STATE_HOME", ""),
            ("XDG_STATE_HOME", "state"),
        ] {
            assert_eq!(chosen(System::Xdg, &[home, passed_over]), own);
        }
    }

    #[test]
    fn where_nothing_is_known_there_is_none() {
        for system in [System::Xdg, System::Mac, System::Windows] {
            assert_eq!(chosen(system, &[]), None);
            let empty = [("HOME", ""), ("LOCALAPPDATA", "")];
            assert_eq!(chosen(system, &empty), None);
        }
    }
}
