//! One configuration: what an option of the command line sets, an environment variable and a file set, too.
//!
//! Flags win over the environment, the environment over the file, and the file over the defaults. There is no second
//! list of options: `--host-rate` is `CHAT_HOST_RATE` in the environment and `host_rate` in the file, with the same
//! values, checked by the same parser.

mod explained;
mod file;
mod nearest;
mod template;
mod value;

pub use nearest::nearest;
pub use template::template;

use clap::builder::OsStr;
use clap::{Arg, ArgAction, ArgMatches, Command, parser::ValueSource};
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// The largest file that is read, in bytes.
pub const MAX_FILE: u64 = 1024 * 1024;

/// How long a pipe is waited for that options are read from.
const PATIENCE: Duration = Duration::from_secs(5);

/// The name of the option that names the file.
pub const FILE: &str = "config";

/// Options by their ids, each with its values.
type Set = Vec<(String, Vec<String>)>;

/// What a file sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    file: PathBuf,
    options: Set,
    /// Where in it each of them is: line and column.
    places: Vec<(usize, usize)>,
}

/// A file that is no configuration, and where in it that shows.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Which file.
    pub file: PathBuf,
    /// Line and column, both from 1 on, where it could be read at all.
    pub at: Option<(usize, usize)>,
    /// What is wrong, and what is expected.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Error for ConfigError {}

impl Config {
    /// Reads a file that sets options of this command.
    ///
    /// # Errors
    /// When it cannot be read, or sets something that is no option, or a value that its option does not take.
    pub fn read(command: &Command, path: &Path) -> Result<Self, ConfigError> {
        let failed = |message: String| ConfigError {
            file: path.into(),
            at: None,
            message,
        };
        let bytes = read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(failed(format!("is larger than {MAX_FILE} bytes")));
        }
        let options = file::parse(command, &bytes).map_err(|(at, message)| ConfigError {
            at: Some(at),
            ..failed(message)
        })?;
        let text = String::from_utf8_lossy(&bytes);
        let place = |id: &str| {
            let mut all = self::options(command);
            let found = all.find(|(_, arg)| arg.get_id() == id);
            explained::place_of(&text, &found.map_or_else(String::new, |it| it.0))
        };
        let places = options.iter().map(|(id, _)| place(id));
        Ok(Self {
            file: path.into(),
            places: places.collect(),
            options,
        })
    }

    /// What is wrong with it as a whole: with the last of these options that it sets.
    pub fn error(&self, among: &[&str], message: &str) -> ConfigError {
        let mut set = self.options.iter().zip(&self.places).rev();
        let last = set.find(|((id, _), _)| among.contains(&id.as_str()));
        ConfigError {
            file: self.file.clone(),
            at: last.map(|(_, place)| *place),
            message: message.into(),
        }
    }

    /// The command with what the file sets as its defaults.
    #[must_use]
    pub fn apply(&self, mut command: Command) -> Command {
        for (id, values) in &self.options {
            command = command.mut_arg(id, |arg| arg.default_values(values));
        }
        command
    }

    /// Whether the file sets an option, by its id, be it to an empty list.
    pub fn sets(&self, id: &str) -> bool {
        self.options.iter().any(|(known, _)| known == id)
    }

    /// The first value of an option that the file sets, by its id.
    pub fn value(&self, id: &str) -> Option<&str> {
        let (_, values) = self.options.iter().find(|(known, _)| known == id)?;
        values.first().map(String::as_str)
    }
}

/// Reads a file up to its largest size, and a byte more. What is no file, such as a pipe, may have nobody who writes: it is waited for
/// as long as [`PATIENCE`].
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let all = |path: &Path| {
        let mut bytes = Vec::new();
        let file = File::open(path)?;
        file.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let kind = fs::metadata(path)?.file_type();
    if kind.is_file() || kind.is_dir() {
        return all(path);
    }
    let (done, read) = mpsc::channel();
    let path = path.to_owned();
    thread::spawn(move || done.send(all(&path)));
    read.recv_timeout(PATIENCE).unwrap_or_else(|_| {
        let what = format!("it is no file, and has had no end for {PATIENCE:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, what))
    })
}

/// Who set an option, the strongest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Nobody.
    Default,
    /// The file.
    File,
    /// The environment.
    Environment,
    /// The command line.
    CommandLine,
}

/// Who set an option, by its id.
pub fn source(matches: &ArgMatches, config: &Config, id: &str) -> Source {
    match matches.value_source(id) {
        Some(ValueSource::CommandLine) => Source::CommandLine,
        Some(ValueSource::EnvVariable) => Source::Environment,
        _ if config.sets(id) => Source::File,
        _ => Source::Default,
    }
}

/// The options, by id and name, of which one was given something else than the other.
pub fn changed(command: &Command, one: &ArgMatches, other: &ArgMatches) -> Vec<(String, String)> {
    let raw = |matches: &ArgMatches, id: &str| -> Vec<OsString> {
        let values = matches.try_get_raw(id).ok().flatten();
        values.into_iter().flatten().map(Into::into).collect()
    };
    let options = options(command).map(|(name, arg)| (arg.get_id().to_string(), name));
    options
        .filter(|(id, _)| raw(one, id) != raw(other, id))
        .collect()
}

/// The command with `CHAT_…` variables for its options, and those of its subcommands.
#[must_use]
pub fn with_environment(command: Command) -> Command {
    let command = command.mut_args(|arg| match variable(&arg) {
        Some(variable) => {
            let arg = arg.env(variable).hide_env(true);
            if is_list(&arg) {
                arg.value_delimiter(',')
            } else {
                arg
            }
        }
        None => arg,
    });
    command.mut_subcommands(with_environment)
}

/// The first of the names of variables in the environment of those of options, which are no option's of this command, nor of one of its
/// subcommands; each with the one that is most probably meant.
pub fn unknown_variables(
    command: &Command,
    names: impl Iterator<Item = OsString>,
) -> Vec<(String, Option<String>)> {
    fn known(command: &Command, all: &mut Vec<String>) {
        let variables = command.get_arguments().filter_map(variable);
        all.extend(variables.map(|it| it.to_string_lossy().into_owned()));
        command.get_subcommands().for_each(|it| known(it, all));
    }
    let mut all = Vec::new();
    known(command, &mut all);
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let unknown = names.filter(|name| name.starts_with(PREFIX) && !all.contains(name));
    let mut unknown: Vec<String> = unknown.collect();
    unknown.sort();
    let unknown = unknown.into_iter().take(MOST_UNKNOWN);
    let bare = |name: &str| name.trim_start_matches(PREFIX).to_owned();
    let meant = |name: &String| {
        let found = nearest(&bare(name), all.iter().map(|it| bare(it)));
        found.map(|found| format!("{PREFIX}{found}"))
    };
    unknown
        .map(|name| (meant(&name), name))
        .map(|(meant, name)| (name, meant))
        .collect()
}

/// What the names of the variables begin with.
const PREFIX: &str = "CHAT_";

/// So many variables that mean nothing are told.
const MOST_UNKNOWN: usize = 8;

/// The variable of the environment that sets an option.
fn variable(arg: &Arg) -> Option<OsStr> {
    let is_option = !matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version
    );
    let long = arg.get_long().filter(|_| is_option)?;
    Some(format!("{PREFIX}{}", long.to_uppercase().replace('-', "_")).into())
}

/// The options of a command that a file may set, each with its name there.
fn options(command: &Command) -> impl Iterator<Item = (String, &Arg)> {
    command.get_arguments().filter_map(|arg| {
        let long = arg.get_long().filter(|long| *long != FILE)?;
        variable(arg)?;
        Some((long.replace('-', "_"), arg))
    })
}

/// Whether an option may be given several times.
fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// Whether an option takes no value.
fn is_flag(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::SetTrue)
}
