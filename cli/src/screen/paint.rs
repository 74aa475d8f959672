//! Frames become bytes for the terminal: only rows that are others than before are written.
//!
//! Terminals differ in how wide they draw what is not ASCII. So the cursor is put anew after each such character, and a row
//! never ends at the edge of the screen without being told to: whatever one of them makes of a character stays in its row.

use super::Frame;
use crossterm::QueueableCommand;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{Attribute, Color as Painted, SetAttribute, SetForegroundColor};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui_core::buffer::Cell;
use ratatui_core::style::{Color, Modifier};
use std::io;

/// What the terminal shows.
#[derive(Clone, Debug, Default)]
pub struct Painter {
    shown: Option<Frame>,
    /// What is written before a frame on a terminal of which nothing is known.
    begin: &'static [u8],
}

impl Painter {
    /// Writes this before each frame on a terminal of which nothing is known.
    pub fn beginning_with(begin: &'static [u8]) -> Self {
        Self { shown: None, begin }
    }

    /// What the terminal shows is not known any more.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// The bytes that have the terminal show this frame.
    pub fn paint(&mut self, frame: &Frame) -> Vec<u8> {
        let mut out = Vec::new();
        if self.shown.is_none() {
            out.extend_from_slice(self.begin);
        }
        // A vector takes it all.
        let _ = self.write(frame, &mut out);
        self.shown = Some(frame.clone());
        out
    }

    fn write(&self, frame: &Frame, out: &mut Vec<u8>) -> io::Result<()> {
        let width = usize::from(frame.cells.area.width).max(1);
        let shown = self.shown.as_ref();
        let shown = shown.filter(|shown| shown.cells.area == frame.cells.area);
        out.queue(BeginSynchronizedUpdate)?.queue(Hide)?;
        if shown.is_none() {
            out.queue(SetAttribute(Attribute::Reset))?;
            out.queue(Clear(ClearType::All))?;
        }
        let rows = frame.cells.content.chunks(width);
        for (y, row) in (0..).zip(rows) {
            let before = shown.and_then(|shown| shown.cells.content.chunks(width).nth(y.into()));
            let is_blank = |row: &[Cell]| row.iter().all(|cell| *cell == Cell::EMPTY);
            let is_same = match before {
                Some(before) => before == row,
                None => is_blank(row),
            };
            if !is_same {
                write_row(y, row, out)?;
            }
        }
        let (x, y) = frame.cursor;
        out.queue(MoveTo(x, y))?.queue(Show)?;
        out.queue(EndSynchronizedUpdate)?;
        Ok(())
    }
}

fn write_row(y: u16, row: &[Cell], out: &mut Vec<u8>) -> io::Result<()> {
    out.queue(MoveTo(0, y))?;
    out.queue(SetAttribute(Attribute::Reset))?;
    let end = row.iter().rposition(|cell| *cell != Cell::EMPTY);
    let end = end.map_or(0, |last| last + 1);
    // What stood in the row may have been wider than it seemed.
    out.queue(Clear(ClearType::CurrentLine))?;
    let (mut fg, mut modifier) = (Color::Reset, Modifier::empty());
    let mut is_certain = true;
    for (x, cell) in (0..).zip(&row[..end]) {
        let symbol = cell.symbol();
        if symbol.is_empty() {
            continue;
        }
        if !is_certain {
            out.queue(MoveTo(x, y))?;
        }
        if (cell.fg, cell.modifier) != (fg, modifier) {
            (fg, modifier) = (cell.fg, cell.modifier);
            set_style(fg, modifier, out)?;
        }
        out.extend_from_slice(symbol.as_bytes());
        is_certain = symbol.is_ascii();
    }
    out.queue(SetAttribute(Attribute::Reset))?;
    Ok(())
}

fn set_style(fg: Color, modifier: Modifier, out: &mut Vec<u8>) -> io::Result<()> {
    out.queue(SetAttribute(Attribute::Reset))?;
    for (of, attribute) in [
        (Modifier::BOLD, Attribute::Bold),
        (Modifier::DIM, Attribute::Dim),
        (Modifier::ITALIC, Attribute::Italic),
        (Modifier::UNDERLINED, Attribute::Underlined),
        (Modifier::REVERSED, Attribute::Reverse),
    ] {
        if modifier.contains(of) {
            out.queue(SetAttribute(attribute))?;
        }
    }
    let colour = match fg {
        Color::Red => Painted::DarkRed,
        Color::Green => Painted::DarkGreen,
        Color::Magenta => Painted::DarkMagenta,
        Color::Cyan => Painted::DarkCyan,
        Color::Blue => Painted::DarkBlue,
        Color::LightRed => Painted::Red,
        Color::LightGreen => Painted::Green,
        Color::LightYellow => Painted::Yellow,
        Color::LightMagenta => Painted::Magenta,
        Color::LightCyan => Painted::Cyan,
        Color::Indexed(index) => Painted::AnsiValue(index),
        Color::Rgb(r, g, b) => Painted::Rgb { r, g, b },
        _ => return Ok(()),
    };
    out.queue(SetForegroundColor(colour))?;
    Ok(())
}
