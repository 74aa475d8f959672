//! Being asked to stop.

use std::io;

/// What the system tells the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// `Ctrl-C` (SIGINT).
    Interrupt,
    /// Somebody, or a limit, ends the program (SIGTERM, SIGXCPU, and the others).
    Terminate,
    /// The terminal is closed (SIGHUP).
    HangUp,
}

/// What asks the program to stop: SIGINT, SIGTERM, SIGXCPU, which comes a while before the end where the
/// processor's time is limited, and SIGHUP, by which a terminal tells that it is closed; unless that is
/// ignored from the start, as `nohup` does.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Others that would end the program.
    others: Vec<tokio::signal::unix::Signal>,
    hang_up: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// From here on they are noted, and end the program no more.
    ///
    /// # Errors
    /// When they cannot be waited for.
    pub fn new() -> io::Result<Self> {
        Self::with_hang_up(hears_of_closed_terminals())
    }

    /// The same but for SIGHUP, which means something else.
    ///
    /// # Errors
    /// When they cannot be waited for.
    pub fn without_hang_up() -> io::Result<Self> {
        Self::with_hang_up(false)
    }

    fn with_hang_up(is_heard: bool) -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let used_up = SignalKind::from_raw(rustix::process::Signal::XCPU.as_raw());
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            others: vec![signal(used_up)?],
            hang_up: is_heard.then(|| signal(SignalKind::hangup())).transpose()?,
        })
    }

    /// Notes also what else would end the program and can be caught: a power supply that gives out, timers, and descriptors that
    /// tell of input.
    ///
    /// # Errors
    /// When they cannot be waited for.
    pub fn and_the_others(mut self) -> io::Result<Self> {
        use rustix::process::Signal;
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![Signal::ALARM, Signal::VTALARM, Signal::PROF];
        #[cfg(any(target_os = "linux", target_os = "android"))]
        kinds.extend([Signal::POWER, Signal::IO]);
        for kind in kinds {
            self.others
                .push(signal(SignalKind::from_raw(kind.as_raw()))?);
        }
        Ok(self)
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        let others = &mut self.others;
        let other = std::future::poll_fn(|context| {
            if others.iter_mut().any(|it| it.poll_recv(context).is_ready()) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        });
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            () = other => Signal::Terminate,
            _ = hang_up => Signal::HangUp,
        }
    }
}

/// What asks the program to stop: Ctrl-C.
#[cfg(windows)]
#[derive(Debug)]
pub struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    /// From here on they are noted, and end the program no more.
    ///
    /// # Errors
    /// When they cannot be waited for.
    pub fn new() -> io::Result<Self> {
        Ok(Self(tokio::signal::windows::ctrl_c()?))
    }

    /// Waits for the next one.
    pub async fn next(&mut self) -> Signal {
        self.0.recv().await;
        Signal::Interrupt
    }
}

/// Whether SIGHUP is to be heeded. Nothing safe tells that it is ignored but Linux's own files; elsewhere it is
/// heeded only by a program that shows something on a terminal, as none does under `nohup`.
#[cfg(unix)]
fn hears_of_closed_terminals() -> bool {
    use std::io::IsTerminal;
    let is_shown = || io::stdout().is_terminal() || io::stderr().is_terminal();
    match std::fs::read_to_string("/proc/self/status") {
        Ok(status) => !ignores(&status, rustix::process::Signal::HUP.as_raw()),
        Err(_) => is_shown(),
    }
}

/// Whether a process ignores a signal, by its status as Linux tells it.
#[cfg(unix)]
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Has signals that would end the program do nothing: SIGXFSZ, for a file that may not grow is a failure to
/// write like any other and is seen to as that; and SIGUSR1 and SIGUSR2, which mean nothing here.
///
/// # Errors
/// When the system does not allow that.
pub fn outlive_what_need_not_end_us() -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::Signal;
        use std::sync::Arc;
        for signal in [Signal::XFSZ, Signal::USR1, Signal::USR2] {
            signal_hook::flag::register(signal.as_raw(), Arc::default())?;
        }
    }
    Ok(())
}

/// Has the second of SIGINT and SIGTERM end the program at once with this code, whatever it is busy with. SIGHUP is
/// the first of two only where it is heard as one that ends the program.
///
/// # Errors
/// When the system does not allow that.
#[cfg(unix)]
pub fn end_at_the_second(code: i32, hang_up_stops: bool) -> io::Result<()> {
    use rustix::process::Signal;
    use signal_hook::flag;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    let told = Arc::<AtomicBool>::default();
    for signal in [Signal::INT, Signal::TERM] {
        flag::register_conditional_shutdown(signal.as_raw(), code, Arc::clone(&told))?;
    }
    // A terminal that closes may tell so twice: that is no second word of anybody's.
    for signal in [Signal::INT, Signal::TERM]
        .into_iter()
        .chain((hang_up_stops && hears_of_closed_terminals()).then_some(Signal::HUP))
    {
        flag::register(signal.as_raw(), Arc::clone(&told))?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::ignores;

    #[test]
    fn what_is_ignored_is_found() {
        let status = "Name:\tchat\nSigBlk:\t0000000000000001\nSigIgn:\t0000000001001001\n";
        assert!(ignores(status, 1));
        assert!(!ignores(status, 2));
        assert!(ignores(status, 13));
        assert!(ignores(status, 25));
        assert!(!ignores("Name:\tchat\n", 1));
    }
}
