//! What happened in a world: a hash of all of it, and the whole if it is to be looked at.

/// What happened at one moment on one machine. Lane 0 is the server, lane `n + 1` client `n`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Something went from one machine to another.
    Arrow {
        /// Where from.
        from: usize,
        /// Where to.
        to: usize,
        /// When it was sent, in microseconds.
        sent: u64,
        /// What became of it.
        fate: Fate,
        /// What it was.
        text: String,
    },
    /// Something happened on a machine.
    Note {
        /// Where.
        lane: usize,
        /// When, in microseconds.
        at: u64,
        /// Of which kind.
        kind: Kind,
        /// What.
        text: String,
    },
}

/// What became of something that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrived, at this time in microseconds.
    Arrived(u64),
    /// It was lost.
    Lost,
    /// It was still under way when all ended.
    UnderWay,
}

impl Fate {
    /// When it arrived, if it did.
    pub fn arrival(self) -> Option<u64> {
        match self {
            Self::Arrived(at) => Some(at),
            Self::Lost | Self::UnderWay => None,
        }
    }

    /// A number that is no other's.
    fn number(self) -> u64 {
        match self {
            Self::Arrived(at) => at,
            Self::Lost => u64::MAX,
            Self::UnderWay => u64::MAX - 1,
        }
    }
}

/// Kinds of notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A person typed it, or a raw peer did it.
    Did,
    /// A client's screen showed it.
    Shown,
    /// The server's screen showed it.
    Transcript,
    /// What became of a connection or a client.
    State,
    /// A fault of the network or of a machine.
    Fault,
    /// An invariant was broken here.
    Broken,
}

impl Kind {
    /// One letter for it in a story.
    pub fn mark(self) -> char {
        match self {
            Self::Did => '>',
            Self::Shown => '<',
            Self::Transcript => '|',
            Self::State => '-',
            Self::Fault => '!',
            Self::Broken => '#',
        }
    }
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Trace {
    hash: u64,
    /// Everything, in order, if it was kept.
    pub moments: Vec<Moment>,
    keep: bool,
}

impl Trace {
    pub(super) fn new(keep: bool) -> Self {
        Self {
            hash: 0xcbf2_9ce4_8422_2325,
            moments: Vec::new(),
            keep,
        }
    }

    /// A number that is the same for the same happenings.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    fn mix(&mut self, numbers: &[u64], bytes: &[u8]) {
        // FNV-1a, eight bytes at a time.
        let mut mix = |word: u64| {
            self.hash = (self.hash ^ word).wrapping_mul(0x0100_0000_01b3);
            self.hash ^= self.hash >> 29;
        };
        for number in numbers {
            mix(*number);
        }
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(u64::from_le_bytes(word));
        }
    }

    pub(super) fn arrow(
        &mut self,
        (from, to): (usize, usize),
        sent: u64,
        fate: Fate,
        bytes: &[u8],
        shown: impl FnOnce() -> String,
    ) {
        self.mix(&[from as u64, to as u64, sent, fate.number()], bytes);
        if self.keep {
            self.moments.push(Moment::Arrow {
                from,
                to,
                sent,
                fate,
                text: shown(),
            });
        }
    }

    pub(super) fn note(&mut self, lane: usize, at: u64, kind: Kind, text: impl FnOnce() -> String) {
        self.mix(&[lane as u64, at, kind as u64], &[]);
        if self.keep {
            self.moments.push(Moment::Note {
                lane,
                at,
                kind,
                text: text(),
            });
        }
    }
}
