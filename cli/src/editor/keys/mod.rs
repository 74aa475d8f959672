//! Bytes from a terminal become keys, however the bytes were chunked.
//!
//! What a terminal sends is UTF-8, control characters, and escape sequences (ECMA-48 and what xterm made of it). A
//! sequence that is not ended is resolved by time, which comes in as a value; whatever comes, a bounded number of bytes
//! is held.

mod decoder;
mod sequence;
#[cfg(test)]
mod tests;

pub use decoder::Decoder;

/// The most bytes of a paste that are taken; what is longer is swallowed whole, and counted.
pub const MAX_PASTE: usize = 1024 * 1024;

/// One key, or a whole paste.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character to be inserted; never a control character.
    Char(char),
    /// Control and a lower-case letter, or one of `\ ] ^ _ @`.
    Ctrl(char),
    /// Alt, or Meta, or Escape before it, and a character.
    Alt(char),
    /// Enter, also on the keypad.
    Enter,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// The key that deletes to the left.
    Backspace,
    /// Alt and that key.
    AltBackspace,
    /// Escape alone.
    Escape,
    /// Cursor up.
    Up,
    /// Cursor down.
    Down,
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Control or Alt, and cursor left.
    WordLeft,
    /// Control or Alt, and cursor right.
    WordRight,
    /// Home.
    Home,
    /// End.
    End,
    /// The key that deletes to the right.
    Delete,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Function key 1, for help.
    Help,
    /// Alt and Enter.
    AltEnter,
    /// The terminal has the person's attention, or has lost it, as far as it tells.
    Focus(bool),
    /// A paste.
    Pasted(Pasted),
    /// A key or a sequence that means nothing here.
    Other,
    /// Bytes that are no UTF-8.
    Garbage,
}

/// What was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted {
    /// The text, its lines ending in `\n`; empty if it was too long to be taken.
    pub text: String,
    /// How many bytes the terminal sent.
    pub bytes: usize,
    /// The terminal said where it begins and ends; otherwise it was told from typing by its speed.
    pub is_marked: bool,
}
