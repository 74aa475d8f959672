//! Reading scenario files, and saying where one is wrong.

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use ron::{Options, extensions::Extensions};

use crate::scenario::Scenario;

/// Why a file is not a scenario.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    /// Line and column, from 1, where there is one.
    at: Option<(usize, usize)>,
    why: String,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.why)
    }
}

impl std::error::Error for LoadError {}

/// Reads the scenario in a file.
///
/// # Errors
///
/// When the file cannot be read or is not a scenario.
pub fn load(path: &Path) -> Result<Scenario, LoadError> {
    let source = fs::read_to_string(path).map_err(|error| LoadError {
        path: path.into(),
        at: None,
        why: error.to_string(),
    })?;
    parse(&source).map_err(|(at, why)| LoadError {
        path: path.into(),
        at,
        why,
    })
}

type Fault = (Option<(usize, usize)>, String);

fn parse(source: &str) -> Result<Scenario, Fault> {
    let options = Options::default().with_default_extension(Extensions::IMPLICIT_SOME);
    let scenario: Scenario = options.from_str(source).map_err(|error| {
        let start = error.span.start;
        (Some((start.line, start.col)), error.code.to_string())
    })?;
    match scenario.inconsistency() {
        None => Ok(scenario),
        Some((words, why)) => Err((words.and_then(|words| place(source, words)), why)),
    }
}

/// Where these words stand first: as a string, or else as they are.
fn place(source: &str, words: &str) -> Option<(usize, usize)> {
    let start = source
        .find(&format!("\"{words}\""))
        .or_else(|| source.find(words))?;
    let before = &source[..start];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    Some((line, column))
}

/// The scenario files of a folder, by name.
///
/// # Errors
///
/// When the folder cannot be read.
pub fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "ron") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
