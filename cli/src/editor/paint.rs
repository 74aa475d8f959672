//! What is written to a terminal so that it shows what it is to show.
//!
//! Below stands what is being typed; above it, whatever arrived. As long as somebody types at the end of the line and nothing
//! arrives meanwhile, the bytes are those that a terminal would echo by itself. Otherwise the difference is written, with
//! nothing but the oldest sequences of ECMA-48: cursor up, down and forward, and erase below.
//!
//! A terminal that has written its last column stays there until the next character comes. The model knows: that is the
//! column after the last one, which is left by `\r` or by writing on, and in which nothing is erased.

use super::layout::{Layout, Row, arrival, typed};
use super::width::pieces;
use std::fmt::Write;
use unicode_segmentation::UnicodeSegmentation;

/// The most columns and rows that are believed of a terminal.
const MAX_SIZE: usize = 10_000;

/// The most columns that the cursor is moved back one by one.
const MAX_BACK: usize = 8;

/// Sequences that have the terminal mark what is pasted, and stop that.
const MARK_PASTES: &str = "\x1b[?2004h";
const MARK_NO_PASTES: &str = "\x1b[?2004l";

/// Has what is too wide for its row be cut at the edge, and wrap again.
const CUT: (&str, &str) = ("\x1b[?7l", "\x1b[?7h");

/// A terminal, as far as its columns, its rows, and what was written last are known.
#[derive(Clone, Debug)]
pub struct Paint {
    columns: usize,
    rows: usize,
    /// The terminal wraps its rows anew when its size changes.
    reflows: bool,
    /// What stands there and is being typed: the rows that are on the screen, and the cursor.
    drawn: Layout,
    /// The terminal was asked to mark what is pasted.
    marks_pastes: bool,
    out: String,
}

impl Paint {
    /// A terminal of this size whose cursor stands at the beginning of a row. Where `reflows`, it wraps its rows anew
    /// when its size changes.
    pub fn new(columns: usize, rows: usize, reflows: bool) -> Self {
        let mut paint = Self {
            columns: 0,
            rows: 0,
            reflows,
            drawn: typed("", 0, 1),
            marks_pastes: false,
            out: String::new(),
        };
        paint.set_size(columns, rows);
        paint
    }

    fn set_size(&mut self, columns: usize, rows: usize) {
        // Who does not know their size is of the usual one.
        let known = |size: usize, usual: usize| if size == 0 { usual } else { size.min(MAX_SIZE) };
        (self.columns, self.rows) = (known(columns, 80), known(rows, 24));
    }

    /// What is to be written.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// Whether something stands there that is being typed.
    fn is_clear(&self) -> bool {
        self.drawn.rows.len() == 1 && self.drawn.rows[0].text.is_empty()
    }

    /// The size has changed, and the rows with it.
    pub fn resize(&mut self, columns: usize, rows: usize) {
        let before = (self.columns, self.rows);
        self.set_size(columns, rows);
        if before == (self.columns, self.rows) || self.is_clear() {
            return;
        }
        let above = if self.reflows {
            self.rows_above(before.0)
        } else {
            self.drawn.cursor.0
        };
        self.redraws();
        self.out.push('\r');
        self.up(above.min(self.rows - 1));
        self.out.push_str("\x1b[J");
        self.drawn = typed("", 0, 1);
    }

    /// How many rows stand above the cursor now that the terminal has wrapped those of `columns` anew. Each that went
    /// over into the next one by itself is one with it.
    fn rows_above(&self, columns: usize) -> usize {
        let (mut above, mut filled) = (0, 0);
        let (row, column) = self.drawn.cursor;
        for row in &self.drawn.rows[..row] {
            filled += row.width;
            if !(row.is_certain && row.width == columns) {
                above += filled.saturating_sub(1) / self.columns + 1;
                filled = 0;
            }
        }
        let is_end = self.drawn.cursor == end(&self.drawn);
        filled = (filled + column).saturating_sub(usize::from(is_end));
        above + filled / self.columns
    }

    /// What is being typed is to be seen, with the cursor before its byte `cursor`; of a long one, the rows around that.
    pub fn show(&mut self, text: &str, cursor: usize) {
        let layout = typed(text, cursor, self.columns);
        let most = (self.rows * 2 / 3).max(1);
        let count = layout.rows.len();
        let layout = if count <= most {
            layout
        } else {
            let top = (layout.cursor.0 + 1)
                .saturating_sub(most / 2 + 1)
                .min(count - most);
            Layout {
                cursor: (layout.cursor.0 - top, layout.cursor.1),
                rows: layout.rows[top..top + most].to_vec(),
            }
        };
        self.draw(layout);
    }

    /// What was being typed is done: all of it stays where it is, and what comes next comes below.
    pub fn leave(&mut self, text: &str) {
        self.draw(typed(text, text.len(), self.columns));
        self.end_row();
    }

    /// Ends the row with the cursor, if there is anything in it.
    fn end_row(&mut self) {
        self.out.push_str("\r\n");
        self.drawn = typed("", 0, 1);
    }

    /// Lines that arrived, each of which stays; what is being typed has to be shown again afterwards.
    pub fn arrive(&mut self, text: &str) {
        self.clear();
        for (index, row) in arrival(text, self.columns).iter().enumerate() {
            if index > 0 {
                self.out.push_str("\r\n");
            }
            // Where a terminal might think it wider, it is not to go over into the next row.
            let is_cut = row.widest > self.columns;
            if is_cut {
                self.out.push_str(CUT.0);
            }
            self.out.push_str(&row.text);
            if is_cut {
                self.out.push_str(CUT.1);
            }
        }
        self.out.push_str("\r\n");
    }

    /// Erases what is being typed.
    fn clear(&mut self) {
        if self.is_clear() {
            return;
        }
        self.redraws();
        self.out.push('\r');
        self.up(self.drawn.cursor.0);
        self.out.push_str("\x1b[J");
        self.drawn = typed("", 0, 1);
    }

    /// Erases the whole screen.
    pub fn clear_screen(&mut self) {
        self.redraws();
        self.out.push_str("\x1b[H\x1b[2J");
        self.drawn = typed("", 0, 1);
    }

    /// Rings the bell.
    pub fn bell(&mut self) {
        self.out.push('\x07');
    }

    /// Has the terminal mark what is pasted from now on.
    pub fn mark_pastes(&mut self) {
        if !self.marks_pastes {
            self.marks_pastes = true;
            self.out.push_str(MARK_PASTES);
        }
    }

    /// Something has to be drawn again: from here on there are sequences.
    fn redraws(&mut self) {
        self.mark_pastes();
    }

    /// Leaves the terminal as it was found, but for what stands there; the cursor stands at the beginning of a row.
    /// `shown` was taken and comes before that.
    pub fn close(&mut self, shown: &[u8], text: &str) {
        self.out.insert_str(0, &String::from_utf8_lossy(shown));
        if self.is_clear() && text.is_empty() {
            // Nothing was written that is not ended.
        } else {
            self.leave(text);
        }
        if std::mem::take(&mut self.marks_pastes) {
            self.out.push_str(MARK_NO_PASTES);
        }
    }

    /// Somebody else may have written to the terminal: nothing is known of what stands there.
    pub fn reopen(&mut self, columns: usize, rows: usize, marks_pastes: bool) {
        self.drawn = typed("", 0, 1);
        self.marks_pastes = false;
        self.set_size(columns, rows);
        if marks_pastes {
            self.mark_pastes();
        }
    }

    /// Whether the terminal was asked to mark what is pasted.
    pub fn has_marks(&self) -> bool {
        self.marks_pastes
    }

    fn draw(&mut self, new: Layout) {
        if new == self.drawn {
            return;
        }
        if !self.append(&new) && !self.take_back(&new) {
            self.redraws();
            self.redraw(&new);
        }
        self.drawn = new;
    }

    /// Where something was added at the end, and the cursor stands after it, that is all to be written.
    fn append(&mut self, new: &Layout) -> bool {
        let old = &self.drawn;
        let last = old.rows.len() - 1;
        let is_longer = old.cursor == end(old)
            && new.cursor == end(new)
            && new.rows.len() > last
            && new.rows[..last] == old.rows[..last]
            && (new.rows[last].text.strip_prefix(&*old.rows[last].text)).is_some_and(|added| {
                // What is added may change how wide the last one is that stands there; then it is drawn anew.
                old.rows[last].text.is_empty() || starts_piece(&new.rows[last].text, added)
            });
        if !is_longer {
            return false;
        }
        let written = old.rows[last].text.len();
        self.write_rows(&new.rows, last, written);
        true
    }

    /// Where a few characters at the end were taken away, others or blanks are written over them.
    fn take_back(&mut self, new: &Layout) -> bool {
        let old = &self.drawn;
        let last = old.rows.len() - 1;
        let is_at_end = old.cursor == end(old)
            && new.cursor == end(new)
            && new.rows.len() == old.rows.len()
            && new.rows[..last] == old.rows[..last];
        if !is_at_end {
            return false;
        }
        let (old, new) = (&old.rows[last], &new.rows[last]);
        let common = common_prefix(old, new, self.columns);
        let back = columns_of(&old.text[common..]);
        let is_known = old.is_certain && new.is_certain;
        if !is_known || old.width == self.columns || new.width > old.width || back > MAX_BACK {
            return false;
        }
        self.out.push_str(&"\x08".repeat(back));
        self.out.push_str(&new.text[common..]);
        let less = old.width - new.width;
        self.out.push_str(&" ".repeat(less));
        self.out.push_str(&"\x08".repeat(less));
        true
    }

    fn redraw(&mut self, new: &Layout) {
        let old = self.drawn.clone();
        let common = (old.rows.iter().zip(&new.rows))
            .take_while(|(old, new)| old.text == new.text)
            .count();
        let is_same = common == old.rows.len() && common == new.rows.len();
        let mut at = old.cursor;
        if !is_same {
            let row = common.min(old.rows.len() - 1).min(new.rows.len() - 1);
            // Cursor forward goes no further than the last column.
            let prefix = common_prefix(&old.rows[row], &new.rows[row], self.columns - 1);
            let before = &new.rows[row].text[..prefix];
            let is_known = old.rows[at.0].is_certain;
            self.go(at, is_known, row, before);
            let is_more = old.rows[row].text.len() > prefix || old.rows.len() > row + 1;
            if is_more {
                self.out.push_str("\x1b[J");
            }
            self.write_rows(&new.rows, row, prefix);
            at = end(new);
        }
        if at != new.cursor {
            let row = &new.rows[new.cursor.0];
            let before = before_column(row, new.cursor.1);
            let is_known = new.rows[at.0].is_certain;
            self.go(at, is_known, new.cursor.0, &row.text[..before]);
        }
    }

    /// Moves the cursor from a place, whose column `is_known` or not, to another row, after `before`, which stands there.
    fn go(&mut self, from: (usize, usize), is_known: bool, row: usize, before: &str) {
        let width = columns_of(before);
        let is_certain = pieces(before, usize::MAX).all(|piece| piece.is_certain);
        let is_near = from.0 == row && from.1 < self.columns && is_known && is_certain;
        if is_near && width <= from.1 && from.1 - width <= MAX_BACK {
            self.out.push_str(&"\x08".repeat(from.1 - width));
            return;
        }
        self.out.push('\r');
        if from.0 > row {
            self.up(from.0 - row);
        } else if from.0 < row {
            let _ = write!(self.out, "\x1b[{}B", row - from.0);
        }
        if width < 4 || !is_certain || width >= self.columns {
            // Written once more, the text moves the cursor to its end, however wide the terminal thinks it is.
            self.out.push_str(before);
        } else {
            let _ = write!(self.out, "\x1b[{width}C");
        }
    }

    fn up(&mut self, rows: usize) {
        if rows > 0 {
            let _ = write!(self.out, "\x1b[{rows}A");
        }
    }

    /// Writes rows from this byte of this one on.
    fn write_rows(&mut self, rows: &[Row], first: usize, written: usize) {
        for (index, row) in rows.iter().enumerate().skip(first) {
            if index > first {
                let before = &rows[index - 1];
                // A full row goes over into the next one by itself, as when it is echoed.
                if !(before.is_certain && before.width == self.columns) {
                    self.out.push_str("\r\n");
                }
            }
            let from = if index == first { written } else { 0 };
            self.out.push_str(&row.text[from..]);
        }
    }
}

/// Where the cursor stands after everything.
fn end(layout: &Layout) -> (usize, usize) {
    let last = layout.rows.len() - 1;
    (last, layout.rows[last].width)
}

/// Whether `added`, the end of `row`, begins with a cluster of its own.
fn starts_piece(row: &str, added: &str) -> bool {
    let at = row.len() - added.len();
    added.is_empty() || row.grapheme_indices(true).any(|(start, _)| start == at)
}

/// Bytes at the beginning of both rows that are the same whole clusters, at most so many columns.
fn common_prefix(old: &Row, new: &Row, columns: usize) -> usize {
    let (mut bytes, mut width) = (0, 0);
    for (old, new) in old.text.graphemes(true).zip(new.text.graphemes(true)) {
        width += columns_of(new);
        if old != new || width > columns {
            break;
        }
        bytes += new.len();
    }
    bytes
}

/// Bytes of a row before this column.
fn before_column(row: &Row, column: usize) -> usize {
    let (mut bytes, mut width) = (0, 0);
    for cluster in row.text.graphemes(true) {
        if width >= column {
            break;
        }
        width += columns_of(cluster);
        bytes += cluster.len();
    }
    bytes
}

fn columns_of(text: &str) -> usize {
    let widths = pieces(text, usize::MAX).map(|piece| piece.width);
    widths.sum()
}
