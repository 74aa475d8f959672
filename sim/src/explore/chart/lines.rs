//! Where the line of a machine is not an ordinary one.

use crate::explore::trace::{Kind, Moment};
use crate::explore::world::World;
use std::collections::BTreeMap;

/// What a machine is, other than well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ill {
    /// Its connection is cut.
    Cut,
    /// It is dead.
    Gone,
    /// It stands still.
    Still,
}

/// For how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) lane: usize,
    pub(super) ill: Ill,
    pub(super) from: u64,
    /// Nothing if it lasts to the end.
    pub(super) until: Option<u64>,
    /// The fault that it began with.
    pub(super) fault: String,
}

/// When the steps of a world end, and all is mended.
pub(super) fn calm(world: &World) -> Option<u64> {
    world.steps.last().map(|(at, _)| at * 1000)
}

/// All of these stretches.
pub(super) fn stretches(world: &World, moments: &[Moment]) -> Vec<Stretch> {
    let mut found = Found::default();
    for moment in moments {
        let Moment::Note {
            lane,
            at,
            kind,
            text,
        } = moment
        else {
            continue;
        };
        let (lane, at) = (*lane, *at);
        match (kind, text.as_str()) {
            (Kind::Fault, fault) if fault.starts_with("cut: ") => {
                found.ends(lane, Ill::Cut, at);
                found.begins(lane, Ill::Cut, (at, u64::MAX), fault);
            }
            (Kind::Fault, "heal") => found.ends(lane, Ill::Cut, at),
            (Kind::Fault, fault @ ("vanish" | "crash" | "blackout")) => {
                found.begins(lane, Ill::Gone, (at, u64::MAX), fault);
            }
            (Kind::Fault, fault) => {
                if let Some(ms) = still_for(fault) {
                    let until = at.saturating_add(ms.saturating_mul(1000));
                    found.ends(lane, Ill::Still, at);
                    found.begins(lane, Ill::Still, (at, until), fault);
                }
            }
            // It has begun again.
            (Kind::State, "listens") | (Kind::Did, _) => found.ends(lane, Ill::Gone, at),
            _ => {}
        }
    }
    found.finish(calm(world))
}

/// For how many milliseconds a machine stands still, if this is said.
fn still_for(fault: &str) -> Option<u64> {
    let rest = fault.strip_prefix("stands still for ")?;
    rest.strip_suffix(" ms")?.parse().ok()
}

/// Those that go on, with when they began and when they end at the latest; and the others.
#[derive(Default)]
struct Found {
    open: BTreeMap<(usize, Ill), (u64, u64, String)>,
    closed: Vec<Stretch>,
}

impl Found {
    fn begins(&mut self, lane: usize, ill: Ill, (from, until): (u64, u64), fault: &str) {
        let it = || (from, until, fault.to_string());
        self.open.entry((lane, ill)).or_insert_with(it);
    }

    fn ends(&mut self, lane: usize, ill: Ill, at: u64) {
        if let Some((from, until, fault)) = self.open.remove(&(lane, ill)) {
            let until = until.min(at);
            self.closed.push(Stretch {
                lane,
                ill,
                from,
                until: (until < u64::MAX).then_some(until),
                fault,
            });
        }
    }

    /// Those that still go on end when all is mended, but for the dead.
    fn finish(mut self, mended: Option<u64>) -> Vec<Stretch> {
        let open: Vec<_> = self.open.iter().map(|(key, it)| (*key, it.0)).collect();
        for ((lane, ill), from) in open {
            let mended = mended.filter(|mended| ill != Ill::Gone && from <= *mended);
            self.ends(lane, ill, mended.unwrap_or(u64::MAX));
        }
        self.closed.retain(|it| it.until != Some(it.from));
        self.closed.sort_by_key(|it| (it.lane, it.from));
        self.closed
    }
}
