//! Which part of the screen is for what, by its size.

use super::Screen;

/// From so many columns on, there are lists at the sides.
const WIDE: u16 = 100;

/// A list that is asked for has its place from so many columns on.
const LISTABLE: u16 = 50;

/// From so many rows on, the topic has one of its own; and so have the rooms.
const TALL: u16 = 8;

/// The columns of the list of rooms, and of that of people, with the line beside it.
const ROOMS: u16 = 18;
const PEOPLE: u16 = 20;

/// Where things are. Below them are the bar, and what is being typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Areas {
    /// The rooms have a row of their own, the first one.
    pub rooms_row: bool,
    /// The topic has a row of its own, after that.
    pub topic_row: bool,
    /// The columns of the list of rooms; 0 where there is none.
    pub left: u16,
    /// The columns of the list of people; 0 where there is none.
    pub right: u16,
    /// The rows of the messages, and of what stands over them.
    pub body: usize,
}

impl Areas {
    /// The rows above the messages.
    pub(super) fn top(self) -> usize {
        usize::from(self.rooms_row) + usize::from(self.topic_row)
    }
}

impl Screen {
    pub(super) fn areas(&self) -> Areas {
        let (is_wide, is_tall) = (self.columns >= WIDE, self.height >= TALL);
        let has_rooms = self.rooms.len() > 1;
        let room = self.room();
        let wanted = self
            .people_wanted
            .unwrap_or(self.settings.has_people && is_wide);
        let has_people = wanted && self.columns >= LISTABLE && room.people.is_listed();
        let mut areas = Areas {
            rooms_row: has_rooms && is_tall && !is_wide,
            topic_row: is_tall && !room.topic.is_empty(),
            left: if has_rooms && is_wide { ROOMS } else { 0 },
            right: if has_people { PEOPLE } else { 0 },
            body: 0,
        };
        areas.body = self.above_bar().saturating_sub(areas.top());
        areas
    }

    /// How many rows there are above the bar.
    fn above_bar(&self) -> usize {
        let input = self.input().rows.len();
        usize::from(self.height).saturating_sub(input + 1)
    }

    /// How many rows the messages have.
    pub(super) fn pane(&self) -> usize {
        self.areas().body - self.popup().len()
    }

    /// The row of the bar.
    pub(super) fn bar_row(&self) -> usize {
        self.above_bar()
    }
}
