//! Stopping in good order when the user asks for it: a server that was started is not left behind.

use crate::signals::Signals;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

static ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// The exit code of a program that was interrupted.
pub const EXIT_CODE: u8 = 130;

/// Whether the user has asked the program to stop.
pub fn was_asked_for() -> bool {
    ASKED_FOR.load(Ordering::Relaxed)
}

/// From here on, the first interruption is only noted; the second one ends the program.
///
/// # Errors
/// When signals cannot be waited for.
pub fn note() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    // Not in the thread: when this returns, no signal may end the program any more.
    let signals = {
        let _entered = runtime.enter();
        Signals::new()?
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || runtime.block_on(watch(signals)))?;
    Ok(())
}

async fn watch(mut signals: Signals) {
    loop {
        signals.next().await;
        if ASKED_FOR.swap(true, Ordering::Relaxed) {
            std::process::exit(EXIT_CODE.into());
        }
    }
}
