//! What the fuzz targets check, as functions that any test can call.
//!
//! Each target's `check` takes any bytes and panics if a property does not hold for them. The
//! targets themselves (`fuzz_targets/`) are only entry points; `README.md` says how to run them.

use std::{env, fs, io};

pub mod line;
pub mod message;
pub mod server;

/// Runs `check` on each of the files that are named as arguments of the program.
///
/// # Errors
/// When a file cannot be read.
pub fn replay(check: fn(&[u8])) -> io::Result<()> {
    for path in env::args_os().skip(1) {
        println!("{}", path.display());
        check(&fs::read(&path)?);
    }
    Ok(())
}
