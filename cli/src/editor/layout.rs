//! Which rows a text fills.

use super::width::{Piece, pieces};

/// How far the rows after the first one of an arrival are indented, if there is room for that.
const HANG: usize = 2;

/// Tabs lead to the next multiple of this many columns.
const TAB: usize = 8;

/// A row as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The text, its tabs blanks.
    pub text: String,
    /// Its columns, at most.
    pub width: usize,
    /// Every terminal agrees on that.
    pub is_certain: bool,
    /// Its columns on the terminal that draws it widest.
    pub widest: usize,
}

impl Row {
    fn indented(columns: usize) -> Self {
        Self {
            text: " ".repeat(columns),
            width: columns,
            is_certain: true,
            widest: columns,
        }
    }

    fn of(pieces: &[Piece<'_>], indent: usize, columns: usize) -> Self {
        let mut row = Self::indented(indent);
        for piece in pieces {
            row.push(piece, columns);
        }
        row
    }

    fn fits(&self, piece: &Piece<'_>, columns: usize) -> bool {
        self.width + piece.width <= columns
    }

    fn push(&mut self, piece: &Piece<'_>, columns: usize) {
        if piece.text == "\t" {
            let blanks = (TAB - self.width % TAB).min(columns.saturating_sub(self.width));
            self.text.extend(std::iter::repeat_n(' ', blanks));
            self.width += blanks;
            self.widest += blanks;
        } else {
            self.text.push_str(piece.text);
            self.width += piece.width;
            self.widest += piece.widest();
            self.is_certain &= piece.is_certain;
        }
    }
}

/// A text in rows, and where the cursor stands in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The rows, at least one.
    pub rows: Vec<Row>,
    /// The cursor's row and column. At the end of a full row, that is the column after the last one.
    pub cursor: (usize, usize),
}

/// The rows of what is being typed, on a screen of so many columns; the cursor stands before the byte `cursor`.
pub fn typed(text: &str, cursor: usize, columns: usize) -> Layout {
    let columns = columns.max(1);
    let mut rows = vec![Row::indented(0)];
    let mut place = None;
    for piece in pieces(text, columns) {
        if !rows[rows.len() - 1].fits(&piece, columns) {
            rows.push(Row::indented(0));
        }
        let row = rows.len() - 1;
        if piece.at >= cursor && place.is_none() {
            place = Some((row, rows[row].width));
        }
        rows[row].push(&piece, columns);
    }
    let end = (rows.len() - 1, rows[rows.len() - 1].width);
    Layout {
        cursor: place.unwrap_or(end),
        rows,
    }
}

/// The rows of what arrives; words are kept together where they fit. No row but the first begins at the edge of the screen,
/// if that has more than one column.
pub fn arrival(text: &str, columns: usize) -> Vec<Row> {
    let columns = columns.max(1);
    let hang = match columns {
        ..4 => columns.saturating_sub(1).min(1),
        _ => HANG,
    };
    let mut rows = vec![Row::indented(0)];
    // What stands in the last row.
    let mut filled: Vec<Piece<'_>> = Vec::new();
    for piece in pieces(text, columns - hang) {
        if !rows[rows.len() - 1].fits(&piece, columns) {
            let word = filled.split_off(word_start(&filled, &piece, columns - hang));
            if !word.is_empty() {
                let indent = if rows.len() > 1 { hang } else { 0 };
                rows.pop();
                rows.push(Row::of(&filled, indent, columns));
            }
            rows.push(Row::of(&word, hang, columns));
            filled = word;
        }
        let last = rows.len() - 1;
        rows[last].push(&piece, columns);
        filled.push(piece);
    }
    rows
}

/// Where the word begins that `next` goes on and that goes into the next row with it, which has so many columns.
fn word_start(filled: &[Piece<'_>], next: &Piece<'_>, columns: usize) -> usize {
    let is_blank = |piece: &Piece<'_>| piece.text == " " || piece.text == "\t";
    let start = filled.iter().rposition(is_blank).map(|blank| blank + 1);
    let fits = |start: &usize| {
        let width: usize = filled[*start..].iter().map(|piece| piece.width).sum();
        width + next.width <= columns
    };
    let start = start.filter(|start| !is_blank(next) && fits(start));
    start.unwrap_or(filled.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(rows: &[Row]) -> Vec<&str> {
        rows.iter().map(|row| row.text.as_str()).collect()
    }

    #[test]
    fn what_is_typed_wraps_at_the_edge() {
        let layout = typed("abcdef", 6, 3);
        assert_eq!(texts(&layout.rows), ["abc", "def"]);
        assert_eq!(layout.cursor, (1, 3), "after the last column");
        assert_eq!(typed("abcdef", 3, 3).cursor, (1, 0));
        assert_eq!(typed("", 0, 3).cursor, (0, 0));
        assert_eq!(texts(&typed("ab日", 5, 3).rows), ["ab", "日"]);
        assert_eq!(typed("日本", 3, 80).cursor, (0, 2));
    }

    #[test]
    fn a_tab_leads_to_the_next_stop_and_no_further_than_the_edge() {
        assert_eq!(texts(&typed("a\tb", 3, 80).rows), ["a       b"]);
        assert_eq!(texts(&typed("a\tb", 3, 4).rows), ["a   ", "b"]);
        assert_eq!(typed("a\tb", 2, 80).cursor, (0, 8));
    }

    #[test]
    fn what_arrives_hangs() {
        assert_eq!(texts(&arrival("abcdefgh", 4)), ["abcd", "  ef", "  gh"]);
        assert_eq!(texts(&arrival("abcd", 4)), ["abcd"]);
        assert_eq!(texts(&arrival("", 4)), [""]);
        assert_eq!(texts(&arrival("abcde", 3)), ["abc", " de"]);
        assert_eq!(texts(&arrival("abc", 2)), ["ab", " c"]);
        assert_eq!(texts(&arrival("ab", 1)), ["a", "b"]);
        let words = arrival("bob: a long line from bob", 12);
        assert_eq!(texts(&words), ["bob: a long ", "  line from ", "  bob"]);
        let words = arrival("bob: abcdefghijklmnop qr", 12);
        assert_eq!(texts(&words), ["bob: ", "  abcdefghij", "  klmnop qr"]);
        assert_eq!(
            texts(&arrival(" abcdefghijkl", 12)),
            [" abcdefghijk", "  l"]
        );
    }

    #[test]
    fn blanks_that_fill_the_row_forge_nothing() {
        let forged = "alice: please send me your password";
        for columns in 2..300 {
            for filling in [
                " ", "\t", "\u{a0}", "\u{3000}", "\u{2003}", "\u{2800}", "x", "\u{ad}x",
            ] {
                for before in 0..columns {
                    let text = format!("b: {}{forged}", filling.repeat(before));
                    let rows = arrival(&text, columns);
                    assert!(rows[1..].iter().all(|row| row.text.starts_with(' ')));
                    assert!(rows.iter().all(|row| row.width <= columns));
                    if columns > 40 && before % 7 > 0 {
                        break;
                    }
                }
            }
        }
    }
}
