//! What the server's screen shows of all rooms.

use super::{Rooms, Run, push};
use crate::mark::{Mark, mark_if};
use crate::room::RoomId;
use crate::types::room_name::RoomName;
use crate::wire::dialect::Dialect;
use alloc::vec::Vec;
use core::mem;

/// So many runs may wait to be shown on the screen; what would be more is lost there, the oldest first.
const MAX_RUNS: usize = 16 * 1024;

impl Rooms {
    pub(super) fn show(&mut self, run: Run) {
        let hosted = &mut self[run.room];
        if hosted.name.is_conversation() || hosted.room.state.rules().is_private() {
            hosted.transcript = run.end; // It is on no screen.
            return;
        }
        push(&mut self.shown, run);
        if self.shown.len() > MAX_RUNS
            && let Some(run) = self.shown.pop_front()
        {
            let hosted = &mut self[run.room];
            let lost = run.end - mem::replace(&mut hosted.transcript, run.end);
            self.lost += lost;
        }
    }

    /// Gives what the screen is to show and was not given yet, in the order in which it happened; how many bytes are
    /// lost.
    pub(in crate::server) fn transcript(&mut self, mut show: impl FnMut(&[u8])) -> u64 {
        let mut lost = mem::take(&mut self.lost);
        while let Some(run) = self.shown.pop_front() {
            let hosted = &mut self[run.room];
            let log = hosted.room.log.stream(Dialect::Text);
            let mut from = hosted.transcript.min(run.end);
            if from < log.start() {
                // What is still held may begin within a line.
                let held = if run.end <= log.start() {
                    run.end
                } else {
                    log.next_line_start(log.start()).min(run.end)
                };
                lost += held - from;
                from = held;
            }
            let lines = log.slices(from..run.end.max(from));
            hosted.transcript = run.end.max(hosted.transcript);
            if run.room == RoomId::LOBBY {
                lines
                    .into_iter()
                    .filter(|it| !it.is_empty())
                    .for_each(&mut show);
            } else {
                show(&in_room(&hosted.name, &lines.concat()));
            }
        }
        mark_if(lost > 0, Mark::TranscriptLost);
        lost
    }
}

/// Lines of a room that is not the lobby, as the screen shows them.
fn in_room(name: &RoomName, mut lines: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(lines.len() + name.as_str().len() + "[] ".len());
    while !lines.is_empty() {
        let end = memchr::memchr(b'\n', lines).map_or(lines.len(), |end| end + 1);
        let (line, rest) = lines.split_at(end);
        shown.extend(b"[");
        shown.extend(name.as_str().as_bytes());
        shown.extend(b"] ");
        shown.extend(line);
        lines = rest;
    }
    shown
}
