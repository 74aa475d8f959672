//! Where `chat` keeps what it remembers from run to run: one directory for each server, person and program that runs.

use crate::address::Address;
use crate::history_dir::System;
use chat_core::Memory;
use chat_net::MemoryFile;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// So many programs may run beside each other for one server and person; more remember nothing.
const MOST: usize = 9;

/// The most bytes of what is kept in a file here.
const MAX_DRAFT: u64 = 64 * 1024;

/// The directory in which `chat` keeps its state: in `XDG_STATE_HOME`, if that is an absolute path, or where the system has
/// programs keep theirs. `None` where the environment, of which `variable` gives the value of a name, has neither.
pub fn directory(system: System, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let (home, below) = match system {
        System::Xdg => ("HOME", ".local/state"),
        System::Mac => ("HOME", "Library/Application Support"),
        System::Windows => ("LOCALAPPDATA", ""),
    };
    let xdg = variable("XDG_STATE_HOME").map(PathBuf::from);
    let xdg = xdg.filter(|home| home.is_absolute());
    let own = || Some(Path::new(&variable(home)?).join(below));
    Some(xdg.or_else(own)?.join("chat"))
}

/// What is remembered of one server.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    draft: String,
    highlights: String,
}

impl StateDir {
    /// Opens the first directory for this server and name that no other program uses.
    ///
    /// # Errors
    /// When all are in use, or none can be written.
    pub fn open(
        below: &Path,
        server: &Address,
        name: Option<&str>,
    ) -> io::Result<(Self, MemoryFile, Memory)> {
        let server = server.to_string();
        let safe = |c: char| {
            if c.is_alphanumeric() || ".-_".contains(c) {
                c
            } else {
                '_'
            }
        };
        let mut folder: String = server.chars().map(safe).collect();
        if let Some(name) = name {
            folder = format!("{folder}+{}", name.chars().map(safe).collect::<String>());
        }
        let mut failure = None;
        for number in 1..=MOST {
            let suffix = if number > 1 {
                format!("+{number}")
            } else {
                String::new()
            };
            let path = below.join(format!("{folder}{suffix}"));
            fs::create_dir_all(&path)?;
            match MemoryFile::open(path.as_path(), &server) {
                Ok((file, memory)) => {
                    let state = Self {
                        path,
                        draft: String::new(),
                        highlights: String::new(),
                    };
                    return Ok((state, file, memory));
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| io::Error::other("no directory for it")))
    }

    /// The line that was being typed when the program ended.
    pub fn draft(&mut self) -> String {
        self.draft = self.read("draft");
        self.draft.clone()
    }

    /// Keeps the line that is being typed, if it is another one than the one that is kept.
    ///
    /// # Errors
    /// When it cannot be written; the one before is still there.
    pub fn keep_draft(&mut self, draft: &str) -> io::Result<()> {
        if draft != self.draft {
            self.write("draft", draft)?;
            self.draft = draft.into();
        }
        Ok(())
    }

    /// Words that ring, one to a line, as they were kept.
    pub fn highlights(&mut self) -> String {
        self.highlights = self.read("highlights");
        self.highlights.clone()
    }

    /// Keeps words that ring, if they are others than those that are kept.
    ///
    /// # Errors
    /// When they cannot be written; those before are still there.
    pub fn keep_highlights(&mut self, words: &str) -> io::Result<()> {
        if words != self.highlights {
            self.write("highlights", words)?;
            self.highlights = words.into();
        }
        Ok(())
    }

    /// What a file has; nothing where there is none, or it is longer than any that is written here.
    fn read(&self, name: &str) -> String {
        let file = self.path.join(name);
        let is_short = fs::metadata(&file).is_ok_and(|it| it.len() <= MAX_DRAFT);
        let text = is_short.then(|| fs::read_to_string(&file).ok()).flatten();
        text.unwrap_or_default()
    }

    /// Puts a file in the place of the one before, whole or not at all.
    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let (file, new) = (self.path.join(name), self.path.join(format!("{name}.new")));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&new)?.write_all(text.as_bytes())?;
        fs::rename(&new, &file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(variables: &[(&str, &str)]) -> Option<PathBuf> {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        directory(System::Xdg, |name| {
            find(name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn the_first_place_that_the_environment_knows() {
        let home = ("HOME", "/home/ann");
        let own = Some("/home/ann/.local/state/chat".into());
        assert_eq!(place(&[home]), own);
        assert_eq!(place(&[home, ("XDG_STATE_HOME", "relative")]), own);
        assert_eq!(place(&[home, ("XDG_STATE_HOME", "")]), own);
        assert_eq!(place(&[("XDG_STATE_HOME", "/x")]), Some("/x/chat".into()));
        assert_eq!(place(&[]), None);
    }
}
