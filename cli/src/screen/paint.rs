//! Frames become bytes for the terminal: only rows that are others than before are written.
//!
//! Terminals differ in how wide they draw what is not ASCII. So the cursor is put anew after each such character, and a row
//! never ends at the edge of the screen without being told to: whatever one of them makes of a character stays in its row.

use super::Frame;
use super::links::{END, Hyperlink};
use crossterm::QueueableCommand;
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{Attribute, Color as Painted, SetAttribute, SetForegroundColor};
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui_core::buffer::Cell;
use ratatui_core::style::{Color, Modifier};
use std::io::{self, Write};

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
            let links = links_of(frame, y);
            let before = shown.and_then(|shown| shown.cells.content.chunks(width).nth(y.into()));
            let is_blank = |row: &[Cell]| row.iter().all(|cell| *cell == Cell::EMPTY);
            let is_same = match before {
                Some(before) => {
                    before == row && shown.is_some_and(|shown| links_of(shown, y) == links)
                }
                None => is_blank(row),
            };
            if !is_same {
                write_row(y, row, links, out)?;
            }
        }
        let (x, y) = frame.cursor;
        out.queue(MoveTo(x, y))?.queue(Show)?;
        out.queue(EndSynchronizedUpdate)?;
        Ok(())
    }
}

/// The links of a row.
fn links_of(frame: &Frame, y: u16) -> &[(u16, Hyperlink)] {
    let links = &frame.links;
    let first = links.partition_point(|(row, _)| *row < y);
    let count = links[first..].partition_point(|(row, _)| *row == y);
    &links[first..first + count]
}

fn write_row(
    y: u16,
    row: &[Cell],
    links: &[(u16, Hyperlink)],
    out: &mut Vec<u8>,
) -> io::Result<()> {
    out.queue(MoveTo(0, y))?;
    out.queue(SetAttribute(Attribute::Reset))?;
    let end = row.iter().rposition(|cell| *cell != Cell::EMPTY);
    let end = end.map_or(0, |last| last + 1);
    // What stood in the row may have been wider than it seemed.
    out.queue(Clear(ClearType::CurrentLine))?;
    let (mut fg, mut modifier) = (Color::Reset, Modifier::empty());
    let mut is_certain = true;
    let mut open = None;
    for (x, cell) in (0..).zip(&row[..end]) {
        let symbol = cell.symbol();
        if symbol.is_empty() {
            continue;
        }
        if !is_certain {
            out.queue(MoveTo(x, y))?;
        }
        let mut found = links.iter().map(|(_, link)| link);
        let link = found.find(|link| link.columns.contains(&x.into()));
        if link != open {
            if open.is_some() {
                out.extend_from_slice(END);
            }
            out.extend(link.iter().flat_map(|link| link.begin().into_bytes()));
            open = link;
        }
        if (cell.fg, cell.modifier) != (fg, modifier) {
            (fg, modifier) = (cell.fg, cell.modifier);
            set_style(fg, modifier, out)?;
        }
        out.extend_from_slice(symbol.as_bytes());
        is_certain = symbol.is_ascii();
    }
    if open.is_some() {
        out.extend_from_slice(END);
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
    // A terminal of sixteen colours knows these numbers alone (ECMA-48, and aixterm's for the bright ones).
    let number = match fg {
        Color::Red => 31,
        Color::Green => 32,
        Color::Blue => 34,
        Color::Magenta => 35,
        Color::Cyan => 36,
        Color::LightRed => 91,
        Color::LightGreen => 92,
        Color::LightYellow => 93,
        Color::LightMagenta => 95,
        Color::LightCyan => 96,
        _ => 0,
    };
    if number > 0 {
        return write!(out, "\x1b[{number}m");
    }
    let colour = match fg {
        Color::Indexed(index) => Painted::AnsiValue(index),
        Color::Rgb(r, g, b) => Painted::Rgb { r, g, b },
        _ => return Ok(()),
    };
    out.queue(SetForegroundColor(colour))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::theme::{Background, Colours, Look, Theme};
    use ratatui_core::buffer::Buffer;
    use ratatui_core::layout::Rect;
    use ratatui_core::style::Style;

    #[test]
    fn a_terminal_of_sixteen_colours_is_sent_no_number_of_another_palette() {
        for background in [Background::Unknown, Background::Dark, Background::Light] {
            let theme = Theme {
                colours: Colours::Sixteen,
                is_ascii: true,
                background,
            };
            for hash in 0..30 {
                let mut cells = Buffer::empty(Rect::new(0, 0, 3, 1));
                cells.set_string(0, 0, "bob", theme.style(Look::Name(hash)));
                let frame = Frame {
                    cells,
                    ..Frame::default()
                };
                let bytes = Painter::default().paint(&frame);
                let bytes = String::from_utf8(bytes).unwrap();
                let is_it = |number: u8| bytes.contains(&format!("\x1b[{number}mbob"));
                assert!((31..=36).chain(91..=96).any(is_it), "{bytes:?}");
                assert!(!bytes.contains("8;5;"), "{bytes:?}");
            }
        }
    }

    #[test]
    fn a_link_ends_in_its_row_and_one_that_changes_has_its_row_written_anew() {
        let mut cells = Buffer::empty(Rect::new(0, 0, 5, 2));
        for y in 0..2 {
            cells.set_string(0, y, "abcde", Style::new());
        }
        let link = |to: &str, columns| Hyperlink {
            columns,
            to: to.into(),
        };
        let mut frame = Frame {
            cells,
            links: vec![(0, link("http://a", 1..3)), (1, link("http://a", 2..9))],
            ..Frame::default()
        };
        let begin = frame.links[0].1.begin();
        assert!(begin.starts_with("\x1b]8;id=") && begin.ends_with(";http://a\x1b\\"));
        let mut painter = Painter::default();
        let bytes = String::from_utf8(painter.paint(&frame)).unwrap();
        let end = str::from_utf8(END).unwrap();
        assert!(bytes.contains(&format!("a{begin}bc{end}de")), "{bytes:?}");
        assert!(bytes.contains(&format!("ab{begin}cde{end}")), "{bytes:?}");
        frame.links[1] = (1, link("http://b", 2..9));
        let bytes = String::from_utf8(painter.paint(&frame)).unwrap();
        assert!(bytes.contains(";http://b") && !bytes.contains(";http://a"));
        frame.links.clear();
        let bytes = String::from_utf8(painter.paint(&frame)).unwrap();
        assert_eq!(bytes.matches("abcde").count(), 2);
    }
}
