use std::fmt::Write as _;
use std::io::Read;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Instant;

use crate::DEADLINE;

/// What a process prints, collected as it comes, so that a pipe never fills and a wait can have a deadline.
pub struct Output {
    shared: Arc<Shared>,
    taken: usize,
}

#[derive(Default)]
struct Shared {
    printed: Mutex<Printed>,
    changed: Condvar,
}

#[derive(Default)]
struct Printed {
    bytes: Vec<u8>,
    ended: bool,
}

impl Output {
    /// Collects everything that can be read from `from`.
    pub fn of(mut from: impl Read + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let collected = Arc::clone(&shared);
        thread::spawn(move || {
            let mut chunk = [0; 16 * 1024];
            // A terminal whose other side is closed reads as an error on some systems and as the end on others.
            while let Ok(length @ 1..) = from.read(&mut chunk) {
                collected.lock().bytes.extend_from_slice(&chunk[..length]);
                collected.changed.notify_all();
            }
            collected.lock().ended = true;
            collected.changed.notify_all();
        });
        Self { shared, taken: 0 }
    }

    /// The next line, without its ending.
    pub fn line(&mut self) -> String {
        let from = self.taken;
        let line = self.wait("another line", |printed| {
            let rest = &printed.bytes[from..];
            let length = rest.iter().position(|byte| *byte == b'\n')?;
            Some(rest[..length].to_vec())
        });
        self.taken += line.len() + 1;
        String::from_utf8(line).expect("what is printed is UTF-8")
    }

    /// Asserts that the next line is `wanted`.
    #[track_caller]
    pub fn expect(&mut self, wanted: &str) {
        let line = self.line();
        assert_eq!(line, wanted, "in {}", self.shown());
    }

    /// Passes over lines up to and with `wanted`, and returns those passed over.
    pub fn skip_to(&mut self, wanted: &str) -> Vec<String> {
        let mut passed = Vec::new();
        loop {
            let line = self.line();
            if line == wanted {
                return passed;
            }
            passed.push(line);
        }
    }

    /// Waits until `wanted` has been printed after what was taken so far, on any part of a line, and takes it.
    pub fn wait_for(&mut self, wanted: &str) {
        let from = self.taken;
        let at = self.wait(wanted, |printed| {
            printed.bytes[from..]
                .windows(wanted.len())
                .position(|part| part == wanted.as_bytes())
        });
        self.taken += at + wanted.len();
    }

    /// Waits for the end and returns everything that was ever printed.
    pub fn all(&self) -> String {
        String::from_utf8(self.all_bytes()).expect("what is printed is UTF-8")
    }

    /// The same of a process that may have been killed in the middle of a character.
    pub fn all_bytes(&self) -> Vec<u8> {
        self.wait("the end of the output", |printed| {
            printed.ended.then(|| printed.bytes.clone())
        })
    }

    /// Waits for the end and returns the lines that were not taken yet.
    pub fn rest(&mut self) -> Vec<String> {
        let all = self.all();
        let from = mem::replace(&mut self.taken, all.len());
        all[from..].lines().map(str::to_owned).collect()
    }

    /// Everything that has been printed up to now.
    pub fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.shared.lock().bytes).into_owned()
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, mut look: impl FnMut(&Printed) -> Option<T>) -> T {
        let end = Instant::now() + DEADLINE;
        let mut printed = self.shared.lock();
        loop {
            if let Some(found) = look(&printed) {
                return found;
            }
            let left = end.saturating_duration_since(Instant::now());
            if printed.ended || left.is_zero() {
                let why = if printed.ended {
                    "it ended"
                } else {
                    "time is up"
                };
                drop(printed);
                panic!("waited for {what:?}, but {why}: {}", self.shown());
            }
            printed = self
                .shared
                .changed
                .wait_timeout(printed, left)
                .expect(READER_LIVES)
                .0;
        }
    }

    fn shown(&self) -> String {
        let text = self.so_far();
        let mut shown = String::from("what was printed:\n");
        let lines = text.lines().count();
        for line in text.lines().skip(lines.saturating_sub(40)) {
            writeln!(shown, "  | {line}").expect("a string takes everything");
        }
        shown
    }
}

const READER_LIVES: &str = "the thread that reads does not panic";

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Printed> {
        self.printed.lock().expect(READER_LIVES)
    }
}
