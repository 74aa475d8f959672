//! How far a benchmark is, on standard error, where that is a terminal.

use crate::colour;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::env;
use std::time::{Duration, Instant};

/// How often the bar moves.
const EVERY: Duration = Duration::from_millis(100);

/// A bar, or nothing where nobody looks.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    drawn: Instant,
}

impl Progress {
    /// A bar on standard error; nothing where standard error is no terminal, or one that cannot draw.
    pub fn on_stderr() -> Self {
        if colour::is_dumb(|name| env::var_os(name)) {
            return Self::hidden();
        }
        Self::on(ProgressDrawTarget::stderr())
    }

    /// Nothing.
    pub fn hidden() -> Self {
        Self::on(ProgressDrawTarget::hidden())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) = ProgressStyle::with_template("{msg:16} [{bar:30}] {percent:>3} %") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            bar,
            drawn: Instant::now(),
        }
    }

    /// Begins something that is done when `total` is reached.
    pub fn begin(&mut self, what: &'static str, total: u64) {
        self.bar.set_message(what);
        self.bar.set_position(0);
        self.bar.set_length(total.max(1));
    }

    /// So much is done.
    #[inline]
    pub fn at(&mut self, done: u64) {
        if !self.bar.is_hidden() && self.drawn.elapsed() >= EVERY {
            self.drawn = Instant::now();
            self.bar.set_position(done);
        }
    }

    /// So much time of the whole is over.
    pub fn at_time(&mut self, over: Duration) {
        self.at(u64::try_from(over.as_millis()).unwrap_or(u64::MAX));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
