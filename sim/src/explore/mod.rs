//! Exploration: worlds drawn from seeds, played on a network model, held against the invariants.

pub mod chart;
mod draw;
pub mod file;
mod hosts;
pub mod hunt;
mod moves;
mod play;
mod production;
pub mod rates;
mod shrink;
mod strangers;
mod tally;
pub mod trace;
mod wire;
pub mod world;

use crate::invariant::Invariant;
pub use draw::draw;
use play::Stage;
pub use production::play_production;
pub use shrink::{shrink, shrink_kept, shrink_production};
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
pub use tally::Tally;
pub use trace::Trace;
pub use world::World;

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

/// What came of a world.
#[derive(Clone, Debug)]
pub struct Played {
    /// What happened.
    pub trace: Trace,
    /// Counts.
    pub tally: Tally,
    /// The invariant that was broken, if one was.
    pub broken: Option<Broken>,
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Plays a world to its end, or until an invariant is broken. `keep` keeps all that happens.
///
/// The same world gives the same, in any process.
pub fn play(world: &World, keep: bool) -> Played {
    let mut stage = Stage::new(world, keep);
    let broken = quietly(|| stage.run()).err().map(|message| {
        let (invariant, why) = Invariant::of_panic(&message);
        Broken {
            invariant,
            why: why.into(),
            at: stage.now,
        }
    });
    if broken.is_some() {
        stage.stand_still();
    }
    let Stage {
        mut trace,
        mut tally,
        now,
        ..
    } = stage;
    if let Some(broken) = &broken {
        trace.note(0, now, trace::Kind::Broken, || {
            format!("{}: {}", broken.invariant, broken.why)
        });
    }
    tally.worlds = 1;
    tally.simulated = now;
    Played {
        trace,
        tally,
        broken,
    }
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
