//! What the terminal tells between the keys, and what that does.

use super::Screen;
use super::reports::{ASK_BACKGROUND, Report};
use super::theme::{Background, Colours};
use chat_core::Timestamp;
use std::time::Duration;

/// So many rows a turn of the wheel scrolls.
const WHEEL: usize = 3;

/// How long a terminal may take to tell its background.
const ANSWER: Duration = Duration::from_secs(1);

impl Screen {
    /// The bytes that ask the terminal for its background, where that is not known and makes a difference: once.
    pub fn ask_background(&mut self, now: Timestamp) -> &'static [u8] {
        let theme = self.settings.theme;
        let is_known = theme.background != Background::Unknown;
        if is_known || theme.colours == Colours::None {
            return b"";
        }
        self.background_due = Some(now + ANSWER);
        ASK_BACKGROUND
    }

    /// Whether the terminal is to tell what the mouse does.
    pub fn has_mouse(&self) -> bool {
        self.settings.mouse
    }

    pub(super) fn reported(&mut self, now: Timestamp, report: Report) {
        match report {
            Report::Background(r, g, b) => {
                let due = self.background_due.take();
                if due.is_some_and(|due| now <= due) {
                    self.settings.theme.background = Background::of((r, g, b));
                }
            }
            _ if !self.settings.mouse => {}
            Report::WheelUp => self.scroll(true, WHEEL),
            Report::WheelDown => self.scroll(false, WHEEL),
            Report::Pressed(column, row) => {
                let is_it = |spot: &&super::Spot| spot.row == row && spot.columns.contains(&column);
                let place = self.spots.iter().find(is_it).map(|spot| spot.place);
                // Keys that are not resolved yet were pressed in this room.
                let is_resolved = self.editor.next_timeout().is_none();
                if let Some(place) = place.filter(|_| is_resolved) {
                    self.move_to(place);
                }
            }
        }
        self.is_dirty = true;
    }
}
