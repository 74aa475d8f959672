//! Signals that would end the program at once and leave the terminal as it is.

use chat_net::client::Stop;
use rustix::process::Signal;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Signals that would end the program at once and leave the terminal as it is.
pub(super) struct Quitting {
    signals: Vec<tokio::signal::unix::Signal>,
    interrupt: mpsc::Sender<Stop>,
}

impl Quitting {
    pub(super) fn new(interrupt: mpsc::Sender<Stop>) -> io::Result<Self> {
        let kinds = [
            Signal::QUIT,
            Signal::ABORT,
            Signal::ALARM,
            Signal::VTALARM,
            Signal::PROF,
            // Elsewhere, these do nothing, or are not there.
            #[cfg(target_os = "linux")]
            Signal::IO,
            #[cfg(target_os = "linux")]
            Signal::POWER,
        ];
        let kinds = kinds.map(|signal| SignalKind::from_raw(signal.as_raw()));
        Ok(Self {
            signals: kinds.into_iter().map(signal).collect::<io::Result<_>>()?,
            interrupt,
        })
    }

    /// Has each interrupt the program.
    pub(super) async fn pass_on(&mut self) {
        loop {
            let ready = |signal: &mut tokio::signal::unix::Signal, cx: &mut Context<'_>| {
                signal.poll_recv(cx).is_ready()
            };
            poll_fn(|cx| {
                // All are asked, so that each wakes.
                let came = self
                    .signals
                    .iter_mut()
                    .filter_map(|s| ready(s, cx).then_some(()));
                if came.count() > 0 {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
            // Two that wait are enough.
            let _ = self.interrupt.try_send(Stop::Interrupt);
        }
    }
}
