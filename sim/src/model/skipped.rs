//! What a server skips of what a client sends, byte by byte: a byte order mark, and commands of telnet.

/// The longest subnegotiation, in bytes.
const LONGEST: usize = 4096;

/// A stream from which what is no text is taken.
#[derive(Debug, Default)]
pub(crate) struct Skipped {
    /// Every byte counts from now on.
    is_json: bool,
    /// The bytes of a command that has begun; of a subnegotiation, only its first two.
    command: Vec<u8>,
    /// Bytes of a subnegotiation, and whether the last one was IAC.
    inside: (usize, bool),
    /// Bytes of a mark that may yet be one.
    mark: Vec<u8>,
    has_begun: bool,
}

impl Skipped {
    /// From now on JSON comes.
    pub(super) fn read_json(&mut self) {
        self.is_json = true;
    }

    /// Whether JSON comes.
    pub(super) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Whether a mark has begun and may yet be whole.
    pub(super) fn is_within_mark(&self) -> bool {
        !self.mark.is_empty()
    }

    /// What is text of the stream up to a byte that was not before.
    pub(crate) fn take(&mut self, byte: u8) -> Vec<u8> {
        let text = if self.is_json {
            vec![byte]
        } else {
            self.without_commands(byte)
        };
        text.into_iter()
            .flat_map(|byte| self.without_mark(byte))
            .collect()
    }

    fn without_commands(&mut self, byte: u8) -> Vec<u8> {
        match (self.command.get(1), self.command.len()) {
            (None, 0) if byte != 0xff => return vec![byte],
            (None, 0) => self.command.push(byte),
            (None, _) => return self.follows_iac(byte),
            (Some(0xfa), _) => return self.is_inside(byte),
            (Some(_), _) => self.command.clear(),
        }
        Vec::new()
    }

    fn follows_iac(&mut self, byte: u8) -> Vec<u8> {
        match byte {
            0xfa..=0xfe => {
                self.command = vec![0xff, byte];
                self.inside = (0, false);
            }
            0xec..=0xf9 | 0xff => self.command.clear(),
            _ => {
                self.command.clear();
                return vec![0xff, byte];
            }
        }
        Vec::new()
    }

    fn is_inside(&mut self, byte: u8) -> Vec<u8> {
        match (self.inside, byte) {
            ((count, false), 0xff) => self.inside = (count, true),
            ((_, true), 0xf0) | ((LONGEST, true), 0xff) => self.command.clear(),
            ((count, true), 0xff) => self.inside = (count + 1, false),
            ((_, true), byte) => {
                // Another command breaks it off; what is none does, too.
                self.command = vec![0xff];
                self.follows_iac(byte);
            }
            ((LONGEST, false), byte) => {
                self.command.clear();
                return vec![byte];
            }
            ((count, false), _) => self.inside = (count + 1, false),
        }
        Vec::new()
    }

    fn without_mark(&mut self, byte: u8) -> Vec<u8> {
        if self.has_begun {
            return vec![byte];
        }
        self.mark.push(byte);
        if self.mark == b"\xef\xbb\xbf" {
            self.mark.clear();
            self.has_begun = true;
        } else if !b"\xef\xbb\xbf".starts_with(&self.mark) {
            self.has_begun = true;
            return std::mem::take(&mut self.mark);
        }
        Vec::new()
    }
}

/// A line without byte order marks before it, as a first one counts.
pub(crate) fn without_marks(line: &[u8]) -> &[u8] {
    let mut line = line;
    while line.starts_with(b"\xef\xbb\xbf") {
        line = &line[3..];
    }
    line
}
