//! Where everything of a chart goes.

use super::items::{Arrow, Item, Note, gather};
use super::lines::{Stretch, calm, stretches};
use super::text::{columns, shortened, wrapped};
use crate::explore::trace::{Kind, Moment};
use crate::explore::world::World;
use crate::invariant::Invariant;
use std::collections::{BTreeMap, BTreeSet};

/// The width of a letter, in tenths of a pixel.
const LETTER: usize = 67;
/// The width of the column of times.
const TIMES: usize = 92;
/// Between the line of a machine and its notes.
pub(super) const ASIDE: usize = 9;
/// The height of a note, and from one to the next.
pub(super) const NOTE: usize = 16;
const NOTES: usize = 18;
/// From one label of an arrow to the next.
const LABELS: usize = 15;
/// How far an arrow that does not arrive comes down.
const FALL: usize = 16;
/// The least height of a row, for its time.
const ROW: usize = 15;
/// The height of a line in a band.
pub(super) const LINE: usize = 17;
/// Letters in a line of a band.
const BAND: usize = 104;
/// Nothing happens for so long, in microseconds: an idle stretch.
const IDLE: u64 = 500_000;
/// The height of an idle stretch.
pub(super) const IDLE_HEIGHT: usize = 30;
/// More notes of a kind at the same time on the same machine are drawn as one.
const STACK: usize = 6;

/// Everything that is drawn, with its place.
pub(super) struct Layout<'a> {
    /// One for each machine.
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
    pub(super) arrows: Vec<Shaft<'a>>,
    pub(super) notes: Vec<Tag<'a>>,
    pub(super) bands: Vec<Band>,
    /// Idle stretches: where, and how long.
    pub(super) idle: Vec<(usize, u64)>,
    /// Where the machines are ill.
    pub(super) ill: Vec<(usize, (usize, usize), Stretch)>,
    /// Where the steps end.
    pub(super) calm: Option<usize>,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Moments that are not drawn, and when the first comes that is.
    pub(super) left_out: usize,
    pub(super) begin: u64,
}

/// A machine's.
pub(super) struct Column {
    pub(super) lane: usize,
    /// Where its line is.
    pub(super) x: usize,
    /// Letters for labels of arrows, and for notes.
    label: usize,
    note: usize,
}

/// What happened at the same time.
pub(super) struct Row {
    pub(super) at: u64,
    pub(super) y: usize,
    bottom: usize,
}

/// An arrow with its ends.
pub(super) struct Shaft<'a> {
    pub(super) arrow: Arrow<'a>,
    pub(super) from: (usize, usize),
    pub(super) to: (usize, usize),
    /// What is written at it, and where that ends.
    pub(super) label: String,
    pub(super) label_at: (usize, usize),
    /// That is where it begins: after the end of an arrow that does not arrive on the way down.
    pub(super) is_label_first: bool,
}

/// A note with its place.
pub(super) struct Tag<'a> {
    pub(super) note: Note<'a>,
    pub(super) text: String,
    /// The line of its machine.
    pub(super) lane_x: usize,
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
}

/// Where an invariant was broken.
pub(super) struct Band {
    pub(super) y: usize,
    pub(super) height: usize,
    pub(super) lines: Vec<String>,
    pub(super) text: String,
}

/// What happens to a machine at one time, from top to bottom; arrows by their number.
#[derive(Default)]
struct Cell<'a> {
    arrivals: Vec<usize>,
    notes: Vec<Note<'a>>,
    departures: Vec<usize>,
}

/// What happens at one time.
#[derive(Default)]
struct Instant<'a> {
    cells: BTreeMap<usize, Cell<'a>>,
    broken: Vec<&'a str>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(world: &World, moments: &'a [Moment]) -> Self {
        let kept = gather(moments);
        let mut arrows: Vec<Arrow<'a>> = Vec::new();
        let mut instants: BTreeMap<u64, Instant<'a>> = BTreeMap::new();
        for item in kept.items {
            match item {
                Item::Arrow(arrow) => {
                    let number = arrows.len();
                    let sent = instants.entry(arrow.sent.max(kept.begin)).or_default();
                    let cell = sent.cells.entry(arrow.from).or_default();
                    cell.departures.push(number);
                    if let Some(arrived) = arrow.fate.arrival() {
                        let instant = instants.entry(arrived).or_default();
                        let cell = instant.cells.entry(arrow.to).or_default();
                        cell.arrivals.push(number);
                    }
                    arrows.push(arrow);
                }
                Item::Note(note) => {
                    let instant = instants.entry(note.at).or_default();
                    if note.kind == Kind::Broken {
                        instant.broken.push(note.text);
                    } else {
                        let cell = instant.cells.entry(note.lane).or_default();
                        cell.notes.push(note);
                    }
                }
            }
        }
        for cell in instants.values_mut().flat_map(|it| it.cells.values_mut()) {
            cell.notes = stacked(&cell.notes);
        }
        let columns = place_columns(moments, &arrows, &instants);
        let right = columns.last().map_or(0, Column::right);
        let mut layout = Self {
            columns,
            rows: Vec::new(),
            arrows: arrows.into_iter().map(unplaced).collect(),
            notes: Vec::new(),
            bands: Vec::new(),
            idle: Vec::new(),
            ill: Vec::new(),
            calm: None,
            width: right.max(820),
            height: 8,
            left_out: kept.left_out,
            begin: kept.begin,
        };
        let mut calm = calm(world);
        for (at, instant) in instants {
            layout.skip(at, &mut calm);
            layout.row(at, instant);
        }
        layout.height += 16;
        layout.finish_arrows();
        for stretch in stretches(world, moments) {
            let from = layout.y(stretch.from);
            let until = stretch.until.map_or(layout.height, |at| layout.end(at));
            if let Some(x) = layout.x(stretch.lane)
                && from < until
            {
                layout.ill.push((x, (from, until), stretch));
            }
        }
        layout
    }

    fn column(&self, lane: usize) -> Option<&Column> {
        self.columns.iter().find(|column| column.lane == lane)
    }

    fn x(&self, lane: usize) -> Option<usize> {
        self.column(lane).map(|column| column.x)
    }

    /// Where the first row is that is not before this.
    fn y(&self, at: u64) -> usize {
        let row = self.rows.partition_point(|row| row.at < at);
        self.rows.get(row).map_or(self.height, |row| row.y)
    }

    /// The same for an end, but not below what comes before it.
    fn end(&self, at: u64) -> usize {
        let next = self.rows.partition_point(|row| row.at < at);
        match self.rows.get(next) {
            Some(row) if row.at == at => row.y,
            _ => next.checked_sub(1).map_or(0, |last| self.rows[last].bottom),
        }
    }

    /// Leaves room for the time until the next row.
    fn skip(&mut self, at: u64, calm: &mut Option<u64>) {
        let Some(last) = self.rows.last() else {
            return;
        };
        let passed = at - last.at;
        if calm.take_if(|calm| *calm < at).is_some() {
            self.calm = Some(self.height + 10);
            self.height += 22;
        }
        if passed >= IDLE {
            self.idle.push((self.height, passed));
            self.height += IDLE_HEIGHT;
        } else {
            self.height += 4 + 4 * usize::try_from(passed.ilog10()).unwrap_or(0);
        }
    }

    fn row(&mut self, at: u64, instant: Instant<'a>) {
        let top = self.height;
        let mut bottom = top + ROW;
        for (lane, cell) in instant.cells {
            bottom = bottom.max(self.cell(lane, cell, top));
        }
        for text in instant.broken {
            let (invariant, why) = Invariant::of_panic(text);
            let mut lines = vec![format!("✗ BROKEN: {invariant}")];
            let promised = format!("Promised: {}", invariant.sentence());
            lines.extend(wrapped(&promised, BAND, 2));
            lines.extend(wrapped(&format!("Found: {why}"), BAND, 4));
            let height = lines.len() * LINE + 12;
            self.bands.push(Band {
                y: bottom + 4,
                height,
                lines,
                text: text.into(),
            });
            bottom += height + 8;
        }
        self.rows.push(Row { at, y: top, bottom });
        self.height = bottom;
    }

    /// What happens to one machine: first arrives what arrives, then happens what is noted, then
    /// goes out what is sent.
    fn cell(&mut self, lane: usize, cell: Cell<'a>, top: usize) -> usize {
        let Some(column) = self.columns.iter().find(|column| column.lane == lane) else {
            return top;
        };
        let (lane_x, room) = (column.x, column.note);
        let mut y = top;
        for number in &cell.arrivals {
            let shaft = &mut self.arrows[*number];
            shaft.to = (lane_x, top + 5);
            if shaft.arrow.is_labelled_at(lane) {
                shaft.to.1 = y + 5;
                shaft.label_at = (lane_x - 12, y + 15);
                y += LABELS;
            }
        }
        if !cell.arrivals.is_empty() {
            y = y.max(top + 8) + 2;
        }
        for note in cell.notes {
            let text = shortened(&note.label(), room);
            let width = width(columns(&text)) + 12;
            let x = if lane == 0 {
                lane_x - ASIDE - width
            } else {
                lane_x + ASIDE
            };
            self.notes.push(Tag {
                note,
                text,
                lane_x,
                x,
                y,
                width,
            });
            y += NOTES;
        }
        let mut bottom = y;
        for number in &cell.departures {
            let shaft = &mut self.arrows[*number];
            shaft.from = (lane_x, y + 4);
            if shaft.arrow.is_labelled_at(lane) {
                shaft.from.1 = bottom + 12;
                shaft.label_at = (lane_x - 12, bottom + 10);
                bottom += LABELS;
            }
            if shaft.arrow.fate.arrival().is_none() {
                bottom = bottom.max(shaft.from.1 + FALL - 6);
            }
        }
        bottom.max(y + 6 * usize::from(!cell.departures.is_empty()))
    }

    /// What could not be said before both ends were known.
    fn finish_arrows(&mut self) {
        let mut arrows = std::mem::take(&mut self.arrows);
        for shaft in &mut arrows {
            let label = shaft.arrow.label_lane();
            let mut room = self.column(label).map_or(0, |column| column.label);
            if shaft.arrow.fate.arrival().is_none() {
                let from = shaft.from.0;
                let to = self.x(shaft.arrow.to).unwrap_or(from);
                shaft.to = (usize::midpoint(from, to), shaft.from.1 + FALL);
                if !shaft.arrow.is_labelled_at(shaft.arrow.from) {
                    shaft.is_label_first = true;
                    shaft.label_at = (shaft.to.0 + 10, shaft.to.1 + 4);
                    room = room.min(to.abs_diff(shaft.to.0).saturating_sub(20) * 10 / LETTER);
                }
            }
            // Whatever takes no time still goes downwards.
            shaft.to.1 = shaft.to.1.max(shaft.from.1 + 2);
            shaft.label = shortened(&shaft.arrow.label(), room);
        }
        self.arrows = arrows;
    }
}

impl Column {
    fn right(&self) -> usize {
        let notes = if self.lane == 0 {
            0
        } else {
            width(self.note) + 22
        };
        self.x + ASIDE + notes.max(50)
    }
}

/// The machines that take part, side by side, each with room for what is written there.
fn place_columns(
    moments: &[Moment],
    arrows: &[Arrow<'_>],
    instants: &BTreeMap<u64, Instant<'_>>,
) -> Vec<Column> {
    let mut lanes = BTreeSet::from([0]);
    for moment in moments {
        match moment {
            Moment::Arrow { from, to, .. } => lanes.extend([*from, *to]),
            Moment::Note { lane, .. } => {
                lanes.insert(*lane);
            }
        }
    }
    let (label, note) = match lanes.len() {
        ..=5 => (17, 28),
        6..=8 => (15, 25),
        _ => (12, 23),
    };
    let mut rooms: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for arrow in arrows {
        let room = rooms.entry(arrow.label_lane()).or_default();
        room.0 = room.0.max(columns(&arrow.label())).min(label);
    }
    for (lane, cell) in instants.values().flat_map(|instant| &instant.cells) {
        for one in &cell.notes {
            let room = rooms.entry(*lane).or_default();
            room.1 = room.1.max(columns(&one.label())).min(note);
        }
    }
    let mut placed: Vec<Column> = Vec::new();
    for lane in lanes {
        let (label, note) = rooms.remove(&lane).unwrap_or_default();
        let x = match placed.last() {
            None => TIMES + (width(note) + 12).max(50) + ASIDE,
            Some(last) => {
                // An arrow to the first client has to be seen as one.
                let gap = if last.lane == 0 { 130 } else { 60 };
                last.right() + (width(label) + 26).max(gap)
            }
        };
        placed.push(Column {
            lane,
            x,
            label,
            note,
        });
    }
    placed
}

/// Long rows of notes of a kind, with all but the first of them in one.
fn stacked<'a>(notes: &[Note<'a>]) -> Vec<Note<'a>> {
    let mut out = Vec::new();
    for same in notes.chunk_by(|one, next| one.kind == next.kind) {
        if same.len() <= STACK {
            out.extend_from_slice(same);
            continue;
        }
        let (first, rest) = same.split_at(STACK - 1);
        out.extend_from_slice(first);
        let mut last = rest[0].clone();
        last.more = rest[1..].iter().map(|note| note.text).collect();
        out.push(last);
    }
    out
}

fn width(letters: usize) -> usize {
    letters * LETTER / 10
}

fn unplaced(arrow: Arrow<'_>) -> Shaft<'_> {
    Shaft {
        arrow,
        from: (0, 0),
        to: (0, 0),
        label: String::new(),
        label_at: (0, 0),
        is_label_first: false,
    }
}
