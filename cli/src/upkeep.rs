//! What is done with a log while no server has it open. What is told of it goes to standard error.

use chat_net::store::{self, Report, StoreError};
use std::io::{self, BufWriter};
use std::path::Path;

/// Verifies all of a log.
///
/// # Errors
/// As [`store::check`].
pub fn check(dir: &Path) -> Result<(), StoreError> {
    let report = store::check(dir)?;
    tell(dir, "sound", &report);
    Ok(())
}

/// Writes a log to standard output, as lines of JSON; what people said to each other alone, if that is asked for.
///
/// # Errors
/// As [`store::export`].
pub fn export(dir: &Path, has_private: bool) -> Result<(), StoreError> {
    let out = BufWriter::new(io::stdout().lock());
    let report = if has_private {
        store::export(dir, out)?
    } else {
        let (report, left_out) = store::export_without_private(dir, out)?;
        if left_out > 0 {
            eprintln!(
                "{left_out} private words are left out, as nobody but two people is to see them; --private has them as well"
            );
        }
        report
    };
    tell(dir, "exported", &report);
    Ok(())
}

/// Makes a log of what was exported, which is read from standard input.
///
/// # Errors
/// As [`store::import`].
pub fn import(dir: &Path) -> Result<(), StoreError> {
    let report = store::import(dir, io::stdin().lock())?;
    tell(dir, "imported", &report);
    Ok(())
}

/// Makes a copy of a log in another directory, also while its server runs.
///
/// # Errors
/// As [`store::backup`].
pub fn backup(dir: &Path, to: &Path) -> Result<(), StoreError> {
    let report = store::backup(dir, to)?;
    tell(to, "a copy", &report);
    Ok(())
}

/// Makes a new log of all that can be read of a damaged one.
///
/// # Errors
/// As [`store::repair`].
pub fn repair(dir: &Path, to: &Path) -> Result<(), StoreError> {
    let report = store::repair(dir, to)?;
    tell(to, "made", &report);
    Ok(())
}

fn tell(dir: &Path, what: &str, report: &Report) {
    let Report {
        epoch,
        entries,
        first,
        head,
        size,
        missing,
    } = report;
    let which = match entries {
        0 => "no entries".into(),
        _ => format!("entries {first} to {head}"),
    };
    eprintln!(
        "the log in {}: {what}, {which}, {size} bytes, epoch {epoch}",
        dir.display()
    );
    for (from, to) in missing {
        if from == to {
            eprintln!("missing: entry {from}");
        } else {
            eprintln!("missing: entries {from} to {to}");
        }
    }
}
