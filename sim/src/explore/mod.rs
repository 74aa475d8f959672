//! Exploration: worlds drawn from seeds, played on a network model, held against the invariants.

pub mod chart;
mod draw;
pub mod file;
mod hosts;
pub mod hunt;
mod moves;
mod orders;
mod play;
mod production;
pub mod rates;
mod shrink;
mod strangers;
mod tally;
pub mod trace;
mod wire;
pub mod world;

pub use crate::broken::Broken;
use crate::broken::quietly;
pub use draw::draw;
use play::Stage;
pub use production::play_production;
pub use shrink::{shrink, shrink_kept, shrink_production};
pub use tally::Tally;
pub use trace::Trace;
pub use world::World;

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

/// Plays a world to its end, or until an invariant is broken. `keep` keeps all that happens.
///
/// The same world gives the same, in any process.
pub fn play(world: &World, keep: bool) -> Played {
    let mut stage = Stage::new(world, keep);
    let broken = quietly(|| stage.run()).err();
    let broken = broken.map(|message| Broken::of_panic(&message, stage.now));
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
