//! What is written to a peer in one go.

use super::Peer;
use crate::invariant::Invariant;
use chat_core::server_phase::Phase;

/// What became of bytes that were given to a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It took so many of them; if not all, it is full.
    Bytes(usize),
    /// It has failed.
    Failed,
}

/// What is written to a peer in one go.
pub(in crate::model) struct Writer<'a> {
    peer: &'a mut Peer,
    now: u64,
    calls: usize,
    took: usize,
}

impl Writer<'_> {
    /// Gives bytes to its socket; how many of them it took.
    pub(in crate::model) fn write(
        &mut self,
        slices: &[&[u8]],
        socket: impl FnOnce(&[u8]) -> Taken,
    ) -> usize {
        let peer = &mut *self.peer;
        Invariant::ClosedForGood.holds(!peer.blocked, || "written to though it is full".into());
        let holds_any = !slices.is_empty() && slices.iter().all(|s| !s.is_empty());
        Invariant::NothingMissing.holds(holds_any, || "given nothing to write".into());
        let bytes = slices.concat();
        let taken = match socket(&bytes) {
            Taken::Bytes(taken) => taken.min(bytes.len()),
            Taken::Failed => {
                peer.failed = true;
                0
            }
        };
        peer.got.extend(&bytes[..taken]);
        peer.blocked = taken < bytes.len();
        peer.was_full |= peer.blocked;
        self.calls += 1;
        self.took += taken;
        taken
    }

    /// That was all.
    pub(in crate::model) fn done(self) {
        let peer = self.peer;
        let called = self.calls > 0 || peer.phase == Phase::Draining;
        Invariant::NothingMissing.holds(called, || "named, and there is nothing to write".into());
        if !peer.blocked {
            peer.stuck = None;
        } else if self.took > 0 || peer.stuck.is_none() {
            peer.stuck = Some(self.now);
        }
    }
}

impl Peer {
    /// A round of writing to it, at a time.
    pub(in crate::model) fn writer(&mut self, now: u64) -> Writer<'_> {
        let is_sound = self.is_open() && self.finished.is_none() && !self.blocked;
        Invariant::ClosedForGood.holds(is_sound, || format!("{:?} is written to", self.id));
        Writer {
            peer: self,
            now,
            calls: 0,
            took: 0,
        }
    }
}
