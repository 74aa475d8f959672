//! What programs share that have a terminal to themselves: its settings, what is typed, what is written, and how it is
//! given back.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read, write};
use rustix::process::{Signal, kill_current_process_group};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{
    InputModes, LocalModes, OutputModes, SpecialCodeIndex, Termios, tcgetwinsize,
};
use std::io::{self, ErrorKind};
use std::os::fd::BorrowedFd;
use std::panic;
use std::thread;
use std::time::Duration;

/// How long what is left to be written is waited for when the terminal is given back.
pub(crate) const CLOSING: Duration = Duration::from_millis(200);

/// How long stopping takes at most, once the signal for that is sent.
const STOPPING: Duration = Duration::from_millis(50);

/// Whether a terminal of this name can do nothing but show characters, or is none.
pub(crate) fn is_dumb(term: &str) -> bool {
    ["", "dumb", "unknown", "emacs"].contains(&term)
}

/// Its columns and rows, where it says them.
pub(crate) fn size() -> Option<(u16, u16)> {
    let size = tcgetwinsize(stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// The settings that give every byte as it is typed, with nothing echoed, and nothing changed on its way out. Where it
/// `stops`, Ctrl-S stops the output and Ctrl-Q has it go on, if that is so in the settings as they were found.
pub(crate) fn raw(found: &Termios, stops: bool) -> Termios {
    let mut raw = found.clone();
    raw.local_modes -=
        LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
    raw.input_modes -= InputModes::ICRNL
        | InputModes::INLCR
        | InputModes::IGNCR
        | InputModes::ISTRIP
        | InputModes::BRKINT
        | InputModes::PARMRK;
    if !stops {
        raw.input_modes -= InputModes::IXON;
    }
    raw.output_modes -= OutputModes::OPOST;
    raw.special_codes[SpecialCodeIndex::VMIN] = 1;
    raw.special_codes[SpecialCodeIndex::VTIME] = 0;
    raw
}

/// Waits until there is something to read or room to write, or for as long as given.
pub(crate) fn wait(
    fd: BorrowedFd<'_>,
    for_what: PollFlags,
    longest: Option<Duration>,
) -> Result<bool, Errno> {
    let longest = longest.and_then(|longest| Timespec::try_from(longest).ok());
    let mut fds = [PollFd::from_borrowed_fd(fd, for_what)];
    poll(&mut fds, longest.as_ref()).map(|count| count > 0)
}

/// Reads what is typed, if something is within that time; if not, or where a signal came, it is nothing.
///
/// # Errors
/// When nothing more can be typed.
pub(crate) fn read_typed(buffer: &mut [u8], longest: Option<Duration>) -> io::Result<usize> {
    // Whoever shares the terminal may have made it one that does not block.
    let nothing = |error| match error {
        Errno::INTR | Errno::AGAIN => Ok(0),
        error => Err(error.into()),
    };
    match wait(stdin(), PollFlags::IN, longest) {
        Ok(false) => return Ok(0),
        Ok(true) => {}
        Err(error) => return nothing(error),
    }
    match read(stdin(), buffer) {
        Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
        Ok(count) => Ok(count),
        Err(error) => nothing(error),
    }
}

/// Writes all of it, however long the terminal takes for that.
///
/// # Errors
/// When it cannot be written to.
pub(crate) fn write_all(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(stdout(), bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let _ = wait(stdout(), PollFlags::OUT, Some(Duration::from_millis(100)));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Writes something if the terminal takes it at once.
pub(crate) fn write_at_once(bytes: &[u8]) {
    if wait(stdout(), PollFlags::OUT, Some(Duration::ZERO)) == Ok(true) {
        let _ = write(stdout(), bytes);
    }
}

/// Stops this program and those beside it until they are continued. Where there is nobody to do that, nothing is stopped.
pub(crate) fn stop_job() {
    if kill_current_process_group(Signal::TSTP).is_ok() {
        // Another thread may be the one that takes the signal.
        thread::sleep(STOPPING);
    }
}

/// Has a panic reported on a terminal that was given back: `restore` does that.
pub(crate) fn restore_when_panicking(restore: impl Fn() + Send + Sync + 'static) {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        restore();
        report(info);
    }));
}
