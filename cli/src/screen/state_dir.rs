//! Where `chat` keeps what it remembers from run to run: one directory for each server, person and program that runs.

use super::Typed;
use crate::address::Address;
use crate::editor::password;
use crate::history_dir::System;
use chat_core::{Memory, Request, Unaccepted};
use chat_net::MemoryFile;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// So many programs may run beside each other for one server and person; more remember nothing.
const MOST: usize = 9;

/// The most bytes of what was entered that are kept before the client has taken it: what is pasted may be more, and is
/// written anew for each line of it.
const MAX_ENTERED: usize = 32 * 1024;

/// The most bytes of a file that is read: the line that is typed may have 64 KiB, each byte of which may be written as six.
const MAX_FILE: u64 = 1024 * 1024;

/// What is typed and what is entered, before the client remembers it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The lines that are being typed, each with its room, the one that is looked at first.
    pub lines: Vec<(String, String)>,
    /// What was entered before that, in order, each with its room.
    pub entered: Vec<(String, Entered)>,
    /// The id that the client has given last to what it took, as far as it remembers that.
    #[serde(default)]
    pub newest: Option<String>,
}

/// A line that was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Entered {
    /// As in the text dialect.
    Line(String),
    /// To be said as it is.
    Said(String),
}

impl Entered {
    fn text(&self) -> &str {
        let (Self::Line(text) | Self::Said(text)) = self;
        text
    }

    /// Whether the client remembers it until the server has accepted it; otherwise it is done once it is taken.
    fn is_remembered(&self) -> bool {
        let request = Request::decode(self.text().as_bytes());
        match self {
            Self::Said(_) => !matches!(request, Ok(Request::Nothing)),
            Self::Line(_) => matches!(request, Ok(Request::Say(_) | Request::Act(_))),
        }
    }
}

impl From<Entered> for Typed {
    fn from(entered: Entered) -> Self {
        match entered {
            Entered::Line(text) => Self::Line(text),
            Entered::Said(text) => Self::Said(text),
        }
    }
}

impl Draft {
    /// What is typed, and as much of what was entered before as is kept.
    pub fn of<'a>(
        lines: Vec<(String, String)>,
        entered: impl Iterator<Item = &'a (String, Typed)>,
        newest: Option<&str>,
    ) -> Self {
        let mut left = MAX_ENTERED;
        let entered = entered.filter_map(|(room, typed)| {
            let entered = match typed {
                // A password is nowhere kept.
                Typed::Line(text) if !password::may_be_in(text) => Entered::Line(text.clone()),
                Typed::Said(text) => Entered::Said(text.clone()),
                _ => return None,
            };
            Some((room.clone(), entered))
        });
        let fits = |(_, entered): &(String, Entered)| {
            let rest = left.checked_sub(entered.text().len() + 1);
            left = rest.unwrap_or(0);
            rest.is_some()
        };
        Self {
            lines,
            entered: entered.take_while(fits).collect(),
            newest: newest.map(Into::into),
        }
    }

    /// Leaves out what the client had taken when the program ended, and still remembers.
    pub fn settle<'a>(&mut self, remembered: impl DoubleEndedIterator<Item = &'a Unaccepted>) {
        let is_newer = |said: &&Unaccepted| Some(&said.id) != self.newest.as_ref();
        let mut taken = remembered.rev().take_while(is_newer).count();
        self.entered.retain(|(_, entered)| {
            let is_taken = taken > 0;
            taken -= usize::from(is_taken && entered.is_remembered());
            !is_taken
        });
    }
}

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
    /// What is kept, if that is known.
    draft: Option<Draft>,
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
                        draft: None,
                        highlights: String::new(),
                    };
                    return Ok((state, file, memory));
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        Err(failure.unwrap_or_else(|| io::Error::other("no directory for it")))
    }

    /// What was being typed, and entered, when the program ended.
    pub fn draft(&mut self) -> Draft {
        let draft = self.read("draft");
        let draft = draft.and_then(|text| serde_json::from_str(&text).ok());
        self.draft.clone_from(&draft);
        draft.unwrap_or_default()
    }

    /// Keeps what is being typed and what was entered, if it is something else than what is kept. It is there when the
    /// program is killed, whenever that is; when the machine is, it may be what was typed a while before.
    ///
    /// # Errors
    /// When it cannot be written; what was there before still is.
    pub fn keep_draft(&mut self, draft: Draft) -> io::Result<()> {
        if self.draft.as_ref() != Some(&draft) {
            self.write("draft", &serde_json::to_string(&draft)?)?;
            self.draft = Some(draft);
        }
        Ok(())
    }

    /// Words that ring, one to a line, as they were kept.
    pub fn highlights(&mut self) -> String {
        self.highlights = self.read("highlights").unwrap_or_default();
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
    fn read(&self, name: &str) -> Option<String> {
        let file = self.path.join(name);
        let is_short = fs::metadata(&file).is_ok_and(|it| it.len() <= MAX_FILE);
        is_short.then(|| fs::read_to_string(&file).ok()).flatten()
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

    fn lines(texts: &[&str]) -> Vec<(String, Typed)> {
        texts
            .iter()
            .map(|text| ("dev".into(), Typed::Line((*text).into())))
            .collect()
    }

    fn remembered(ids: &[&str]) -> Vec<Unaccepted> {
        let of = |id: &&str| Unaccepted {
            id: (*id).into(),
            text: String::new(),
            me: false,
            room: None,
        };
        ids.iter().map(of).collect()
    }

    #[test]
    fn what_the_client_remembers_is_not_entered_again() {
        let entered = lines(&["/who", "one", "/me waves", "//two", "/nick bob"]);
        for (newest, ids, left) in [
            (None, &[][..], 5),
            (None, &["a-1"][..], 3),
            (Some("a-1"), &["a-1"][..], 5),
            (Some("a-1"), &["a-0", "a-1", "a-2"], 3),
            // It was accepted meanwhile.
            (Some("a-1"), &["a-2", "a-3"], 2),
            (Some("a-1"), &["a-2", "a-3", "a-4"], 1),
        ] {
            let mut draft = Draft::of(Vec::new(), entered.iter(), newest);
            draft.settle(remembered(ids).iter());
            let texts: Vec<&str> = draft.entered.iter().map(|it| it.1.text()).collect();
            let all = ["/who", "one", "/me waves", "//two", "/nick bob"];
            assert_eq!(texts, all[all.len() - left..], "{newest:?} {ids:?}");
        }
    }

    #[test]
    fn what_the_client_does_not_remember_is_not_counted() {
        for (entered, left) in [
            (&["/me\twaves", "hello"][..], &["hello"][..]),
            (&["", " ", "hello"], &[]),
            (&["/me", "hello"], &[]),
            (&["/me ", "hello", "LEAVE"], &["LEAVE"]),
            (&["leave", "hello"], &[]),
        ] {
            let mut draft = Draft::of(Vec::new(), lines(entered).iter(), None);
            draft.settle(remembered(&["a-1"]).iter());
            let texts: Vec<&str> = draft.entered.iter().map(|it| it.1.text()).collect();
            assert_eq!(texts, left, "{entered:?}");
        }
    }

    #[test]
    fn what_is_entered_is_kept_up_to_the_limit() {
        let half = "x".repeat(MAX_ENTERED / 2 - 1);
        let at = lines(&[&half, &half]);
        assert_eq!(Draft::of(Vec::new(), at.iter(), None).entered.len(), 2);
        let past = lines(&[&half, &half, ""]);
        assert_eq!(Draft::of(Vec::new(), past.iter(), None).entered.len(), 2);
    }
}
