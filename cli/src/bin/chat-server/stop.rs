//! Being told to stop, and how long that may take.

use chat_cli::operator::notify::Notify;
use chat_cli::signals::Signals;
use chat_cli::tls::server::Running;
use chat_core::Limits;
#[cfg(not(unix))]
use std::future::Future;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};

/// The exit code after the second signal to stop.
const INTERRUPTED: i32 = 130;

/// When the program was told to stop.
static TOLD: OnceLock<Instant> = OnceLock::new();

/// From here on what tells the server to stop is noted, and the second of these ends the program. SIGHUP is none of them
/// where it asks for something to be read anew.
#[cfg(unix)]
pub(super) fn watch(hang_up_stops: bool) -> io::Result<Signals> {
    chat_cli::signals::end_at_the_second(INTERRUPTED, hang_up_stops)?;
    if hang_up_stops {
        return Signals::new()?.and_the_others();
    }
    // It ends the program no more, be there somebody to hear of it yet or not.
    drop(signal(SignalKind::hangup())?);
    Signals::without_hang_up()?.and_the_others()
}

/// Has the certificate be read anew at each SIGHUP.
#[cfg(unix)]
pub(super) fn read_anew_at_hang_up(tls: Option<&Running>) -> io::Result<()> {
    if let Some(reload) = tls.and_then(|tls| tls.reload.clone()) {
        let mut asked = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while asked.recv().await.is_some() {
                reload.ask();
            }
        });
    }
    Ok(())
}

/// Resolves at the first signal to stop.
#[cfg(unix)]
pub(super) async fn signal_to_stop(mut signals: Signals, notify: Arc<Notify>) {
    signals.next().await;
    let _ = TOLD.set(Instant::now());
    notify.tell("STOPPING=1");
}

/// From here on what tells the server to stop is noted.
#[cfg(not(unix))]
pub(super) fn watch(_hang_up_stops: bool) -> io::Result<Signals> {
    Signals::new()
}

/// Resolves at the first signal to stop; the second one ends the program.
#[cfg(not(unix))]
pub(super) fn signal_to_stop(
    mut signals: Signals,
    _notify: Arc<Notify>,
) -> impl Future<Output = ()> + use<> {
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        signals.next().await;
        let _ = (TOLD.set(Instant::now()), tell.send(()));
        signals.next().await;
        std::process::exit(INTERRUPTED);
    });
    async {
        let _ = told.await;
    }
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
