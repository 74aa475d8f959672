//! Being told to stop, and how long that may take.

use chat_cli::operator::notify::Notify;
use chat_cli::signals::Signals;
use chat_cli::tls::server::Running;
use chat_core::Limits;
use std::future::Future;
use std::io;
#[cfg(unix)]
use std::io::IsTerminal;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};

/// The exit code after the second signal to stop.
const INTERRUPTED: i32 = 130;

/// When the program was told to stop.
static TOLD: OnceLock<Instant> = OnceLock::new();

/// Resolves at the first signal to stop; the second one ends the program. SIGHUP is none where it asks for the
/// certificate to be read anew.
#[cfg(unix)]
pub(super) fn signal_to_stop(
    tls: Option<&Running>,
    reloads_at_hang_up: bool,
    notify: Arc<Notify>,
) -> io::Result<impl Future<Output = ()> + use<>> {
    let is_shown = io::stdout().is_terminal() || io::stderr().is_terminal();
    let reload = tls.and_then(|tls| tls.reload.clone()).filter(|_| !is_shown);
    let hang_up_stops = reload.is_none() && !reloads_at_hang_up;
    chat_cli::signals::end_at_the_second(INTERRUPTED, hang_up_stops)?;
    let mut signals = if hang_up_stops {
        Signals::new()?
    } else {
        Signals::without_hang_up()?
    };
    if let Some(reload) = reload {
        let mut asked = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while asked.recv().await.is_some() {
                reload.ask();
            }
        });
    }
    Ok(async move {
        signals.next().await;
        let _ = TOLD.set(Instant::now());
        notify.tell("STOPPING=1");
    })
}

/// Resolves at the first signal to stop; the second one ends the program.
#[cfg(not(unix))]
pub(super) fn signal_to_stop(
    _: Option<&Running>,
    _reloads_at_hang_up: bool,
    _notify: Arc<Notify>,
) -> io::Result<impl Future<Output = ()> + use<>> {
    let mut signals = Signals::new()?;
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        let _ = (TOLD.set(Instant::now()), tell.send(()));
        signals.next().await;
        std::process::exit(INTERRUPTED);
    });
    Ok(async {
        let _ = told.await;
    })
}

/// How long the end of the program waits for what is still to be written on standard output, or standard
/// error: that is a part of the time that a stop may take.
pub(super) fn last_wait() -> Duration {
    const LEAST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_secs(1);
    let left = TOLD.get().map_or(MOST, |told| {
        Limits::default().shutdown.saturating_sub(told.elapsed())
    });
    left.clamp(LEAST, MOST)
}
