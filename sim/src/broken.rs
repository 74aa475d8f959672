//! An invariant that was broken, and how a world is stopped there: by a panic that is caught.

use crate::invariant::Invariant;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// An invariant that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which one.
    pub invariant: Invariant,
    /// How.
    pub why: String,
    /// When, in microseconds.
    pub at: u64,
}

impl Broken {
    /// What a panic's message says was broken, at a time in microseconds.
    pub(crate) fn of_panic(message: &str, at: u64) -> Self {
        let (invariant, why) = Invariant::of_panic(message);
        let why = why.into();
        Self { invariant, why, at }
    }
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Does something; a panic in it is not printed but given back, as its message.
pub(crate) fn quietly<T>(what: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                before(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let done = panic::catch_unwind(AssertUnwindSafe(what));
    IS_QUIET.set(false);
    done.map_err(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
        message.unwrap_or("a panic without a message").to_string()
    })
}
