//! What is drawn: moments, where many are one.

use crate::explore::trace::{Fate, Kind, Moment};

/// More arrows and notes than this are not drawn.
const MOST: usize = 2000;

/// An arrow, or a note.
pub(super) enum Item<'a> {
    Arrow(Arrow<'a>),
    Note(Note<'a>),
}

/// All that went the same way at the same times.
pub(super) struct Arrow<'a> {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) sent: u64,
    pub(super) fate: Fate,
    pub(super) pieces: Vec<&'a str>,
}

/// Something that happened on a machine.
#[derive(Clone)]
pub(super) struct Note<'a> {
    pub(super) lane: usize,
    pub(super) at: u64,
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Further notes that are drawn with it.
    pub(super) more: Vec<&'a str>,
}

/// What is left to be drawn.
pub(super) struct Kept<'a> {
    pub(super) items: Vec<Item<'a>>,
    /// How many moments are not.
    pub(super) left_out: usize,
    /// When the first happens.
    pub(super) begin: u64,
}

/// The last of all that happened.
pub(super) fn gather(moments: &[Moment]) -> Kept<'_> {
    let mut items: Vec<Item<'_>> = Vec::new();
    for moment in moments {
        match moment {
            Moment::Arrow {
                from,
                to,
                sent,
                fate,
                text,
            } => {
                let way = (*from, *to, *sent, *fate);
                match items.last_mut() {
                    Some(Item::Arrow(last)) if last.way() == way => last.pieces.push(text),
                    _ => items.push(Item::Arrow(Arrow {
                        from: *from,
                        to: *to,
                        sent: *sent,
                        fate: *fate,
                        pieces: vec![text],
                    })),
                }
            }
            Moment::Note {
                lane,
                at,
                kind,
                text,
            } => items.push(Item::Note(Note {
                lane: *lane,
                at: *at,
                kind: *kind,
                text,
                more: Vec::new(),
            })),
        }
    }
    let rest = items.split_off(items.len().saturating_sub(MOST));
    let begin = if items.is_empty() { None } else { rest.first() };
    Kept {
        left_out: items.iter().map(Item::moments).sum(),
        begin: begin.map_or(0, Item::at),
        items: rest,
    }
}

impl Item<'_> {
    /// When it became a moment.
    fn at(&self) -> u64 {
        match self {
            Self::Arrow(arrow) => arrow.fate.arrival().unwrap_or(arrow.sent),
            Self::Note(note) => note.at,
        }
    }

    fn moments(&self) -> usize {
        match self {
            Self::Arrow(arrow) => arrow.pieces.len(),
            Self::Note(_) => 1,
        }
    }
}

impl Arrow<'_> {
    fn way(&self) -> (usize, usize, u64, Fate) {
        (self.from, self.to, self.sent, self.fate)
    }

    /// What was sent in all; nothing is the end of it.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            if !piece.is_empty() {
                out.push_str(piece);
                continue;
            }
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str("(end)");
        }
        out
    }

    /// The same, made shorter: ends of lines are one letter.
    pub(super) fn label(&self) -> String {
        self.text().replace("\\n", "↵")
    }

    /// The machine at which it is labelled: not the server, where all arrows meet.
    pub(super) fn label_lane(&self) -> usize {
        self.from.max(self.to)
    }

    pub(super) fn is_labelled_at(&self, lane: usize) -> bool {
        self.label_lane() == lane
    }

    pub(super) fn is_up(&self) -> bool {
        self.to < self.from
    }
}

impl Note<'_> {
    /// What is written into its box.
    pub(super) fn label(&self) -> String {
        match self.more.len() {
            0 if self.text.is_empty() => "(nothing)".into(),
            0 if self.kind == Kind::Did => self.text.replace("\\n", "↵"),
            0 => self.text.into(),
            more => format!("and {} more", more + 1),
        }
    }

    /// All of it.
    pub(super) fn whole(&self) -> String {
        let mut out = self.text.to_string();
        for text in &self.more {
            out.push('\n');
            out.push_str(text);
        }
        out
    }
}
