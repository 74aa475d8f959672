//! What the members of a benchmark say: who, which line of theirs, and when it was to be sent.
//!
//! A number is written in letters, four bits each from `a` to `p`, so that it has a fixed length
//! and is read without a branch per letter.

/// The shortest message, in bytes.
pub const SHORTEST: usize = 32;

/// What stands after the numbers, up to the length that is wanted.
const FILLER: u8 = b'.';

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The member that said it.
    pub speaker: u32,
    /// Which one of this member's messages it is, from 0.
    pub number: u32,
    /// When it was to be sent, in nanoseconds of the benchmark's clock.
    pub due: u64,
}

/// Messages of one length.
#[derive(Clone, Debug)]
pub struct Format(Vec<u8>);

impl Format {
    /// Messages of `length` bytes, at least [`SHORTEST`].
    pub fn new(length: usize) -> Self {
        Self(vec![FILLER; length.max(SHORTEST)])
    }

    /// The length of a message.
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// Appends a message and the ending of its line to `out`.
    pub fn write(&mut self, message: Message, out: &mut Vec<u8>) {
        #[expect(clippy::cast_possible_truncation, reason = "its two halves")]
        let (high, low) = ((message.due >> 32) as u32, message.due as u32);
        let words = [message.number, message.speaker, high, low];
        for (place, word) in self.0.chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&letters(word));
        }
        out.extend_from_slice(&self.0);
        out.push(b'\n');
    }

    /// The message that `text` is, if it is one of this length that nobody altered.
    #[inline]
    pub fn read(&self, text: &[u8]) -> Option<Message> {
        let (head, rest) = text.split_first_chunk::<SHORTEST>()?;
        if rest != &self.0[SHORTEST..] {
            return None;
        }
        let mut words = [0; 4];
        for (word, place) in words.iter_mut().zip(head.chunks_exact(8)) {
            *word = number(place.try_into().ok()?)?;
        }
        let [number, speaker, high, low] = words;
        Some(Message {
            speaker,
            number,
            due: u64::from(high) << 32 | u64::from(low),
        })
    }
}

const A: u64 = 0x6161_6161_6161_6161;

fn letters(number: u32) -> [u8; 8] {
    let mut spread = u64::from(number);
    spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    spread = (spread | spread << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    (spread + A).to_be_bytes()
}

#[inline]
fn number(letters: [u8; 8]) -> Option<u32> {
    let mut spread = u64::from_be_bytes(letters).wrapping_sub(A);
    // The last letter that is none shows: nothing was borrowed from it.
    if spread & 0xf0f0_f0f0_f0f0_f0f0 != 0 {
        return None;
    }
    spread = (spread | spread >> 4) & 0x00ff_00ff_00ff_00ff;
    spread = (spread | spread >> 8) & 0x0000_ffff_0000_ffff;
    #[expect(clippy::cast_possible_truncation, reason = "the half that counts")]
    let number = (spread | spread >> 16) as u32;
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in [SHORTEST, 64, 4096] {
            let mut format = Format::new(length);
            for (speaker, number, due) in [
                (0, 0, 0),
                (9, 12_345, 987_654_321),
                (u32::MAX, 1 << 31, u64::MAX),
            ] {
                let message = Message {
                    speaker,
                    number,
                    due,
                };
                let mut line = Vec::new();
                format.write(message, &mut line);
                assert_eq!(line.len(), length + 1);
                assert_eq!(line.pop(), Some(b'\n'));
                assert!(line.is_ascii() && !line.contains(&b'\n'));
                assert_eq!(format.read(&line), Some(message));
            }
        }
    }

    #[test]
    fn an_altered_message_is_none() {
        let mut format = Format::new(40);
        let mut line = Vec::new();
        format.write(
            Message {
                speaker: 7,
                number: 8,
                due: 9,
            },
            &mut line,
        );
        line.pop();
        for at in 0..line.len() {
            for other in [b'`', b'q', 0, 0xff] {
                let mut altered = line.clone();
                altered[at] = other;
                assert_eq!(format.read(&altered), None, "byte {at}");
            }
        }
        assert_eq!(format.read(&line[..39]), None);
        assert_eq!(format.read(&[&line[..], b"."].concat()), None);
    }
}
