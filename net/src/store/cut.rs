//! Zeros after the last frame of a full segment, which were written ahead and are not needed any more, are cut off.
//!
//! A segment is full by its bytes, and has few of them then; or by its rooms, or because another version comes next, and has as
//! many as are written ahead. What is left is a multiple of the step, as at any time. README.md has the argument for each window.

use super::error::Fault;
use super::segment::{Header, Opened, last_written};
use super::walk::{Step, Walk};

/// A file is cut by so much at once: to cut off all of it would hold up who appends.
pub(super) const CUT: u64 = 4 << 20;

/// So many bytes of the last step are looked at first: where a frame goes so far, one of them is no zero.
const PROBE: u64 = 64 * 1024;

/// How long a segment is to be that this one follows, durably, if that is shorter than it is.
///
/// It is cut after the very frame that the next one names, once all that is before it was verified, and where zeros alone come after it: a
/// segment that is damaged in any way is left as it is.
pub(super) fn due(segment: &Opened, next: &Header) -> Result<Option<u64>, Fault> {
    let (file, step) = (&*segment.file, segment.header.step);
    let len = file.len()?;
    let Some(last_step) = len.checked_sub(step) else {
        return Ok(None);
    };
    let mut probe = vec![0; usize::try_from(step.min(PROBE)).unwrap_or(0)];
    file.read(last_step, &mut probe)?;
    if probe.iter().any(|&byte| byte != 0) {
        return Ok(None);
    }
    let mut walk = Walk::new(segment)?;
    while walk.next <= next.last {
        if walk.step(|_, _| {})? != Step::Frame {
            // A text in it may have been erased meanwhile.
            walk.renew(segment);
            if walk.step(|_, _| {})? != Step::Frame {
                return Ok(None);
            }
        }
    }
    let is_named = walk.next == next.last + 1 && walk.chain == next.chain;
    let to = walk.at.next_multiple_of(step);
    let is_due = is_named && to < len && last_written(file, walk.at)?.is_none();
    Ok(is_due.then_some(to))
}

/// Cuts a segment, in steps, each of them durable.
pub(super) fn cut(segment: &Opened, to: u64) -> Result<(), Fault> {
    let file = &*segment.file;
    let most = CUT.next_multiple_of(segment.header.step);
    let mut len = file.len()?;
    while len > to {
        len = len.saturating_sub(most).max(to);
        file.set_len(len)?;
        file.sync()?;
    }
    Ok(())
}
