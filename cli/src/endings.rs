//! Signals whose default action ends a program at once: the terminal is given back first.
//!
//! Those that a fault of the program itself raises as well may have no handler that goes on after it. So they are blocked in
//! all threads but for one that waits for them: what somebody sends comes to that one, and a fault still ends the program.
//! SIGSEGV is not among them, for the runtime has a handler that tells of a stack that is too small; where somebody sends it,
//! that handler goes on once. What the system keeps for its threads (32 and 33 on Linux) cannot be had.

use nix::sys::signal::{SigSet, Signal, raise};
use signal_hook::{flag, low_level::pipe};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::process::{abort, exit};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Those that a fault raises, and those that no handler can be asked for by name.
const FAULTS: &[Signal] = &[
    Signal::SIGILL,
    Signal::SIGTRAP,
    Signal::SIGBUS,
    Signal::SIGFPE,
    Signal::SIGSYS,
    #[cfg(target_os = "linux")]
    Signal::SIGSTKFLT,
];

/// The real-time signals of Linux, by number; elsewhere, there are none.
const REAL_TIME: std::ops::RangeInclusive<i32> = 34..=64;

type Restore = dyn Fn() + Send + Sync;

/// What gives the terminal back.
static RESTORE: Mutex<Option<Arc<Restore>>> = Mutex::new(None);

fn faults() -> SigSet {
    FAULTS.iter().copied().collect()
}

/// From here on, such signals end the program once the terminal is given back. To be called before any thread is started.
///
/// # Errors
/// When the system does not allow that.
pub fn watch() -> io::Result<()> {
    let faults = faults();
    faults.thread_block()?;
    thread::Builder::new()
        .name("faults".into())
        .spawn(move || {
            if let Ok(signal) = faults.wait() {
                restore();
                let _ = faults.thread_unblock();
                // The runtime may have a handler that goes on once.
                let _ = raise(signal).and_then(|()| raise(signal));
                abort();
            }
        })?;
    watch_real_time()
}

fn watch_real_time() -> io::Result<()> {
    let (mut came, comes) = UnixStream::pair()?;
    let which = Arc::new(AtomicUsize::new(0));
    for signal in REAL_TIME.filter(|_| cfg!(target_os = "linux")) {
        let number = usize::try_from(signal).unwrap_or(0);
        // The system may keep the first ones for itself.
        if flag::register_usize(signal, Arc::clone(&which), number).is_ok() {
            pipe::register(signal, comes.try_clone()?)?;
        }
    }
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            // It is at its end where there are no such signals.
            if came.read_exact(&mut [0]).is_ok() {
                restore();
                // As a shell tells it.
                exit(128 + i32::try_from(which.load(Ordering::Relaxed)).unwrap_or(0));
            }
        })?;
    Ok(())
}

fn restore() {
    let restore = RESTORE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    if let Some(restore) = restore {
        restore();
    }
}

/// Has this done before the program ends.
pub(crate) fn restore_first(restore: impl Fn() + Send + Sync + 'static) {
    *RESTORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(restore));
}

/// Begins another program, for which none of these signals is blocked.
pub(crate) fn unblocked<T>(begin: impl FnOnce() -> T) -> T {
    let faults = faults();
    let was_blocked = SigSet::thread_get_mask().is_ok_and(|mask| mask.contains(Signal::SIGILL));
    let _ = faults.thread_unblock();
    let outcome = begin();
    if was_blocked {
        let _ = faults.thread_block();
    }
    outcome
}
