//! The commands of telnet (RFC 854, RFC 855) in a stream of text: they are no text, and are skipped.
//!
//! They begin with IAC, a byte that UTF-8 never has. So nobody's text is taken for a command.

use crate::mark::{Mark, mark, mark_if};
use crate::types::limits::MAX_LINE;

/// "Interpret as command": what follows is no text.
pub(crate) const IAC: u8 = 255;

/// The end of a subnegotiation.
const SE: u8 = 240;

/// Bytes of one subnegotiation; one that does not end goes on as text after that.
pub(crate) const MAX_SUBNEGOTIATION: usize = MAX_LINE;

/// Where in a command the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum State {
    /// In none.
    Text,
    /// After IAC.
    Command,
    /// After WILL, WONT, DO or DONT.
    Option,
    /// Within a subnegotiation.
    Subnegotiation,
    /// After IAC within a subnegotiation.
    End,
}

/// Finds the ends of commands, however the bytes were chunked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Telnet {
    state: State,
    /// Bytes of the subnegotiation so far.
    length: u16,
}

impl Telnet {
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Text,
            length: 0,
        }
    }

    /// Whether the stream is in no command.
    pub(crate) fn is_text(&self) -> bool {
        self.state == State::Text
    }

    /// A command begins: IAC has been taken from the stream.
    pub(crate) fn begin(&mut self) {
        self.state = State::Command;
    }

    /// Takes what is left of a command from the front of `chunk`. Whether there was none: then IAC is a
    /// byte like any other.
    pub(crate) fn skip(&mut self, chunk: &mut &[u8]) -> bool {
        while self.state != State::Text
            && let Some((&byte, rest)) = chunk.split_first()
        {
            match self.state {
                State::Text => {}
                State::Command => {
                    if !self.command(byte) {
                        return true;
                    }
                }
                State::Option => self.state = State::Text,
                State::Subnegotiation if byte == IAC => self.state = State::End,
                State::Subnegotiation => {
                    if !self.counts() {
                        return false;
                    }
                }
                State::End => match byte {
                    SE => self.state = State::Text,
                    IAC => {
                        self.state = State::Subnegotiation;
                        self.counts();
                    }
                    // It was broken off by another command.
                    other => {
                        self.command(other);
                    }
                },
            }
            *chunk = rest;
        }
        false
    }

    /// Reads the byte after IAC; whether there is such a command.
    fn command(&mut self, byte: u8) -> bool {
        self.state = match byte {
            251..=254 => State::Option,
            250 => {
                self.length = 0;
                State::Subnegotiation
            }
            // Those from 236 to 239 are of RFC 1184 and RFC 885.
            _ => State::Text,
        };
        let is_command = byte >= 236;
        mark_if(is_command, Mark::TelnetSkipped);
        is_command
    }

    /// Counts one more byte of a subnegotiation, unless that is over: no byte more belongs to it.
    fn counts(&mut self) -> bool {
        if usize::from(self.length) == MAX_SUBNEGOTIATION {
            mark(Mark::SubnegotiationCut);
            self.state = State::Text;
            return false;
        }
        self.length += 1;
        true
    }
}
