//! A stretch of time, what was counted in it, and what the server used in it.

use crate::bench::report::Report;
use crate::bench::server::Server;
use crate::bench::usage::Usage;
use std::process;
use std::time::Instant;

/// The beginning of a stretch.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    at: Instant,
    count: u64,
    cpu: Option<f64>,
    own_cpu: Option<f64>,
}

impl Start {
    /// Begins now; the count stands at `count`.
    pub fn now(server: &Server, count: u64) -> Self {
        Self {
            at: Instant::now(),
            count,
            cpu: cpu(server),
            own_cpu: own_cpu(),
        }
    }

    /// Ends now.
    pub fn end(&self, server: &Server, count: u64) -> Window {
        let used = |end: Option<f64>, start| end.zip(start).map(|(end, start)| end - start);
        Window {
            seconds: self.at.elapsed().as_secs_f64(),
            count: count - self.count,
            cpu: used(cpu(server), self.cpu),
            own_cpu: used(own_cpu(), self.own_cpu),
        }
    }

    /// How much was counted until now.
    pub fn counted(&self, count: u64) -> u64 {
        count - self.count
    }

    /// When it began.
    pub fn at(&self) -> Instant {
        self.at
    }
}

fn cpu(server: &Server) -> Option<f64> {
    server.usage().map(|usage| usage.cpu)
}

fn own_cpu() -> Option<f64> {
    Usage::of(process::id()).ok().map(|usage| usage.cpu)
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// How long it was.
    pub seconds: f64,
    /// What was counted: deliveries or notices.
    pub count: u64,
    /// Seconds of processors that the server used, if its process is known.
    pub cpu: Option<f64>,
    /// Seconds of processors that the benchmark itself used. Where that is nearly all of the time,
    /// the server could have done more.
    pub own_cpu: Option<f64>,
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2 to the 52"
)]
impl Window {
    /// What was counted in a second.
    pub fn per_second(&self) -> f64 {
        self.count as f64 / self.seconds
    }

    /// Seconds of processors that the server used for a million of what was counted.
    pub fn cpu_per_million(&self) -> Option<f64> {
        let cpu = self.cpu.filter(|_| self.count > 0);
        cpu.map(|cpu| cpu / self.count as f64 * 1e6)
    }

    /// Writes down what the server used.
    pub fn report_cpu(&self, report: &mut Report) {
        report.measure("server_cpu_seconds", self.cpu);
        report.measure("server_cpu_seconds_per_million", self.cpu_per_million());
        report.measure("own_cpu_seconds", self.own_cpu);
    }
}
