//! The server beside a floor: what a delivery costs it, and what it costs a server that does nothing
//! but deliver, in turns and in one run. The ratio survives a machine whose speed changes.
//!
//! `cargo bench -p chat-cli --bench beside_floor` runs it; `-- --rounds 2 --seconds 1` makes it
//! quicker.

use std::env;
use std::process::ExitCode;

#[cfg(target_os = "linux")]
mod compare;
mod floor;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "--floor") {
        return finish(floor::serve().map_err(Into::into));
    }
    // Without it, this is `cargo test`, which only wants to see that it starts.
    if !args.iter().any(|arg| arg == "--bench") {
        println!("nothing is measured without --bench; cargo bench gives it");
        return ExitCode::SUCCESS;
    }
    #[cfg(target_os = "linux")]
    return finish(compare::run());
    #[cfg(not(target_os = "linux"))]
    {
        println!("this needs Linux, which tells what each process has used");
        ExitCode::SUCCESS
    }
}

fn finish(result: Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("beside_floor: {error}");
            ExitCode::FAILURE
        }
    }
}
