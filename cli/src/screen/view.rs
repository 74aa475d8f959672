//! Where one looks in a room. Only what is seen, and what is scrolled past, is ever wrapped.

use super::desk::Anchor;
use super::room::Room;
use super::rows::{Row, Setting};
use std::collections::VecDeque;

/// A room as it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The room.
    pub room: &'a Room,
    /// How it is shown.
    pub setting: &'a Setting,
}

impl View<'_> {
    fn rows(&self, id: i64) -> Vec<Row> {
        let Some(block) = self.room.get(id) else {
            return Vec::new();
        };
        let before = self.room.get(id - 1);
        let before = before.as_deref();
        self.setting.rows(&block, before, self.room.marker)
    }

    /// The last rows up to the anchor, or up to the end, at most `height`; and the number of the oldest block among them.
    pub fn last(&self, anchor: Option<Anchor>, height: usize) -> (VecDeque<Row>, i64) {
        let ids = self.room.ids();
        let mut rows = VecDeque::new();
        let mut id = anchor.map_or(ids.end - 1, |anchor| anchor.block.min(ids.end - 1));
        let mut below = anchor.map_or(0, |anchor| anchor.below);
        let start = match anchor {
            Some(_) => ids.start,
            None => ids.start.max(self.room.cleared),
        };
        while id >= start && rows.len() < height {
            let mut of_block = self.rows(id);
            of_block.truncate(of_block.len().saturating_sub(below).max(1));
            below = 0;
            for row in of_block.into_iter().rev() {
                if rows.len() < height {
                    rows.push_front(row);
                }
            }
            id -= 1;
        }
        (rows, (id + 1).max(ids.start))
    }

    /// The place so many rows further up, with `height` rows still to be seen if there are as many.
    pub fn up(&self, anchor: Option<Anchor>, count: usize, height: usize) -> Option<Anchor> {
        let ids = self.room.ids();
        let start = anchor.map_or(ids.end - 1, |anchor| anchor.block.min(ids.end - 1));
        let below = anchor.map_or(0, |anchor| anchor.below);
        // The rows of each block up to where the view would begin.
        let mut blocks = Vec::new();
        let mut total = 0;
        let mut id = start;
        while id >= ids.start && total < below + count + height {
            let rows = self.rows(id).len();
            blocks.push((id, rows));
            total += rows;
            id -= 1;
        }
        let mut down = (below + count).min(total.saturating_sub(height));
        if down <= below {
            return anchor;
        }
        for (block, rows) in blocks {
            if down < rows {
                return Some(Anchor { block, below: down });
            }
            down -= rows;
        }
        anchor
    }

    /// The place so many rows further down; none where that is the end.
    pub fn down(&self, anchor: Option<Anchor>, count: usize) -> Option<Anchor> {
        let Anchor { block, below } = anchor?;
        if count <= below {
            let below = below - count;
            return self.unless_end(Anchor { block, below });
        }
        let mut rest = count - below;
        for block in block + 1..self.room.ids().end {
            let rows = self.rows(block).len();
            if rest <= rows {
                let below = rows - rest;
                return self.unless_end(Anchor { block, below });
            }
            rest -= rows;
        }
        None
    }

    fn unless_end(&self, anchor: Anchor) -> Option<Anchor> {
        let is_end = anchor.block >= self.room.ids().end - 1 && anchor.below == 0;
        (!is_end).then_some(anchor)
    }

    /// The place from which a block is seen at the top, and what comes after it; none where that is the end.
    pub fn beginning_with(&self, block: i64, height: usize) -> Option<Anchor> {
        let below = self.rows(block).len();
        self.down(Some(Anchor { block, below }), height)
    }

    /// The place from which a block is seen with something after it.
    pub fn around(&self, block: i64, height: usize) -> Option<Anchor> {
        let rows = self.rows(block).len();
        let below = rows.saturating_sub(height);
        self.down(Some(Anchor { block, below }), height / 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::block::Entry;
    use crate::screen::messages::Language;
    use chat_core::Kind;
    use jiff::tz::TimeZone;

    fn room(count: u64) -> Room {
        let mut room = Room::new("lobby");
        for seq in 1..=count {
            room.append(Entry {
                seq,
                at: 1,
                kind: Kind::Said,
                name: "a".into(),
                text: format!("{seq} xxxxxxxxxxxxxxxx"),
                is_mention: false,
            });
        }
        room
    }

    fn setting() -> Setting {
        Setting {
            columns: 20,
            zone: TimeZone::UTC,
            is_ascii: true,
            wants_times: true,
            found: String::new(),
            language: Language::English,
        }
    }

    fn last_row(view: &View<'_>, anchor: Option<Anchor>) -> String {
        let (rows, _) = view.last(anchor, 1);
        rows[0].0.iter().map(|(_, text)| text.as_str()).collect()
    }

    /// Each block has two rows, and the first one a rule.
    #[test]
    fn up_and_down_by_rows_come_back() {
        let (room, setting) = (room(10), setting());
        let view = View {
            room: &room,
            setting: &setting,
        };
        let one = view.up(None, 1, 5);
        assert_eq!(last_row(&view, one), "a: 10 ");
        let four = view.up(one, 3, 5);
        assert_eq!(last_row(&view, four), "   xxxxxxxxxxxxxxxx");
        assert_eq!(view.down(four, 3), one);
        assert_eq!(view.down(one, 1), None);
        assert_eq!(view.down(four, 100), None);
        let top = view.up(None, 1000, 5);
        let (rows, oldest) = view.last(top, 5);
        assert_eq!((rows.len(), oldest), (5, room.ids().start));
        assert_eq!(last_row(&view, top), "   xxxxxxxxxxxxxxxx");
        assert_eq!(view.up(top, 1, 5), top, "there is no further up");
        assert_eq!(view.up(None, 1, 50), None, "all of it is seen");
    }

    #[test]
    fn what_arrives_and_what_is_loaded_move_nothing() {
        let (mut room, setting) = (room(10), setting());
        let look = |room: &Room, anchor| {
            View {
                room,
                setting: &setting,
            }
            .last(anchor, 4)
            .0
        };
        let anchor = View {
            room: &room,
            setting: &setting,
        }
        .up(None, 7, 4);
        let seen = look(&room, anchor);
        room.notice("news", 0);
        assert_eq!(look(&room, anchor), seen);
    }
}
