//! What others tell the room: the store, its readers, and whoever looks after the server.

use super::Shell;
use crate::listener::Listener;
use crate::store_writer::News;
use chat_core::Input;
use std::io;
use std::task::{Context, Poll};

impl<L: Listener, T: FnMut(&[u8])> Shell<L, T> {
    /// Answers those who look after the server.
    pub(super) fn poll_control(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.now();
        let Some(control) = self.control.as_mut() else {
            return false;
        };
        let Poll::Ready(is_drained) = control.poll_answer(cx, now, &mut self.server) else {
            return false;
        };
        if is_drained && self.stopped.is_none() {
            self.begin_to_stop();
        }
        true
    }

    /// Hears whether what was to be kept is.
    pub(super) fn poll_store(&mut self, cx: &mut Context<'_>) -> bool {
        let mut has_news = false;
        while let Some(keeping) = self.keeping.as_mut().filter(|_| self.failure.is_none())
            && let Poll::Ready(news) = keeping.poll_news(cx)
        {
            has_news = true;
            match news {
                Ok(News::Committed(first)) => {
                    self.server.handle(self.now(), Input::Committed(first));
                }
                Ok(News::Full(is_full)) => {
                    self.server.handle(self.now(), Input::DiskFull(is_full));
                }
                Err(error) => self.fail(error),
            }
        }
        has_news
    }

    /// Hears what was read in the store.
    pub(super) fn poll_reading(&mut self, cx: &mut Context<'_>) -> bool {
        let mut news = false;
        while let Some(reading) = self.reading.as_mut().filter(|_| self.failure.is_none())
            && let Poll::Ready(answer) = reading.poll_answer(cx)
        {
            news = true;
            match answer {
                Ok((id, answer)) => self.server.handle(self.now(), answer.input(id)),
                Err(error) => self.fail(error),
            }
        }
        news
    }

    /// Hears what came of passwords.
    pub(super) fn poll_hashing(&mut self, cx: &mut Context<'_>) -> bool {
        let mut news = false;
        while let Poll::Ready((id, verifier)) = self.hashing.poll_hashed(cx) {
            news = true;
            let hashed = Input::Hashed(id, verifier.as_ref());
            self.server.handle(self.now(), hashed);
        }
        news
    }

    /// Nothing can be kept any more: everyone is let go.
    pub(super) fn fail(&mut self, error: io::Error) {
        tracing::error!(%error, "the history cannot be kept; stopping");
        self.failure = Some(error);
        self.server.handle(self.now(), Input::NotCommitted);
    }
}
