//! Holds every delivery against what was said: exactly once, in order for each speaker and in the
//! same order for everyone, never back to the speaker.

use crate::bench::faults::{Faults, Kind};
use crate::bench::message::{Format, Message};
use crate::bench::order::Order;
use std::collections::BTreeSet;

/// Lines that did not come in their turn and are remembered, in case that they come later.
const REMEMBERED: usize = 1_000_000;

/// What was said and what of it was heard. The first members are the speakers.
#[derive(Clone, Debug)]
pub struct Deliveries {
    format: Format,
    members: u64,
    /// How many messages each speaker has said.
    said: Vec<u32>,
    said_by_all: u64,
    /// The number of the next message from each speaker, for one member after the other.
    next: Vec<u32>,
    order: Order,
    heard: u64,
    /// Member, speaker, number.
    missing: BTreeSet<(u32, u32, u32)>,
    /// Missing ones for which there was no more room.
    forgotten: u64,
    faults: Faults,
}

impl Deliveries {
    /// Nothing said and nothing heard, in a room of `members`, of which `speakers` speak.
    pub fn new(members: u32, speakers: u32, format: Format) -> Self {
        Self {
            format,
            members: members.into(),
            said: vec![0; speakers as usize],
            said_by_all: 0,
            next: vec![0; members as usize * speakers as usize],
            order: Order::new(members, speakers),
            heard: 0,
            missing: BTreeSet::new(),
            forgotten: 0,
            faults: Faults::default(),
        }
    }

    /// Has a speaker say its next message; its line is appended to `out`.
    pub fn say(&mut self, speaker: u32, due: u64, out: &mut Vec<u8>) {
        let number = self.said[speaker as usize];
        let message = Message {
            speaker,
            number,
            due,
        };
        self.format.write(message, out);
        self.said[speaker as usize] += 1;
        self.said_by_all += 1;
    }

    /// A member was sent `text` as a line of `speaker`'s. Returns the message if it is a delivery.
    #[inline]
    pub fn hear(&mut self, member: u32, speaker: u32, text: &[u8]) -> Option<Message> {
        let message = self.format.read(text);
        let said = self.said.get(speaker as usize).copied().unwrap_or(0);
        let Some(message) = message.filter(|m| m.speaker == speaker && m.number < said) else {
            self.faults.add(Kind::Altered, 1, || {
                let text = String::from_utf8_lossy(&text[..text.len().min(100)]);
                format!("member {member} heard “{text}” from member {speaker}")
            });
            return None;
        };
        let number = message.number;
        if member == speaker {
            self.faults.add(Kind::Echoed, 1, || {
                format!("member {member} heard its own line {number}")
            });
            return None;
        }
        let next = &mut self.next[member as usize * self.said.len() + speaker as usize];
        if number < *next {
            return self.hear_late(member, message);
        }
        if number > *next {
            let skipped = *next..number;
            *next = number + 1;
            self.skip(member, speaker, skipped);
        } else {
            *next += 1;
        }
        self.heard += 1;
        self.order.hear(member, speaker, number);
        Some(message)
    }

    #[cold]
    fn hear_late(&mut self, member: u32, message: Message) -> Option<Message> {
        let Message {
            speaker, number, ..
        } = message;
        if self.missing.remove(&(member, speaker, number)) {
            self.heard += 1;
            self.faults.add(Kind::Disordered, 1, || {
                format!("member {member} heard line {number} of member {speaker} after a later one")
            });
            return Some(message);
        }
        self.faults.add(Kind::Doubled, 1, || {
            format!("member {member} heard line {number} of member {speaker} twice")
        });
        None
    }

    #[cold]
    fn skip(&mut self, member: u32, speaker: u32, skipped: std::ops::Range<u32>) {
        for number in skipped {
            if self.missing.len() < REMEMBERED {
                self.missing.insert((member, speaker, number));
            } else {
                self.forgotten += 1;
            }
        }
    }

    /// How many messages were said.
    pub fn said(&self) -> u64 {
        self.said_by_all
    }

    /// Whether a speaker's messages can be numbered no further.
    pub fn is_used_up(&self) -> bool {
        self.said.contains(&u32::MAX)
    }

    /// How many deliveries there were.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// How many deliveries are still to come, as far as one can tell: what was skipped does not.
    pub fn in_flight(&self) -> u64 {
        let due = self.said_by_all * (self.members - 1);
        due - self.heard - self.missing.len() as u64 - self.forgotten
    }

    /// What was not exact. What did not come is lost if a later line of its speaker came.
    pub fn faults(&self) -> Faults {
        let mut faults = self.faults.clone();
        faults.add(Kind::Lost, self.missing.len() as u64, || {
            let (member, speaker, number) = self.missing.first().copied().unwrap_or_default();
            format!("member {member} did not hear line {number} of member {speaker}")
        });
        faults.add(Kind::Lost, self.forgotten, || "not remembered".into());
        if self.missing.is_empty() && self.forgotten == 0 {
            faults.append(&self.order.faults());
        }
        faults
    }

    /// What could still come, as a fault.
    pub fn under_way(&self) -> Faults {
        let mut faults = Faults::default();
        let speakers = self.said.len();
        for (member, next) in (0_u32..).zip(self.next.chunks_exact(speakers.max(1))) {
            for ((speaker, next), said) in (0_u32..).zip(next).zip(&self.said) {
                if member != speaker {
                    faults.add(Kind::UnderWay, u64::from(said - next), || {
                        format!("line {next} of member {speaker} to member {member}")
                    });
                }
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three members, of which 0 and 1 speak; 0 has said four lines, 1 has said one.
    fn room() -> (Deliveries, Vec<Vec<u8>>) {
        let mut room = Deliveries::new(3, 2, Format::new(32));
        let mut out = Vec::new();
        for speaker in [0, 0, 0, 0, 1] {
            room.say(speaker, 0, &mut out);
        }
        let lines = out.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
        (room, lines.take(5).collect())
    }

    /// What is found when members hear (member, line).
    fn found(heard: &[(u32, usize)]) -> Vec<String> {
        let (mut room, lines) = room();
        for &(member, line) in heard {
            room.hear(member, u32::from(line == 4), &lines[line]);
        }
        room.faults().lines()
    }

    const ALL: [(u32, usize); 10] = [
        (1, 0),
        (1, 1),
        (2, 0),
        (2, 1),
        (2, 4),
        (0, 4),
        (1, 2),
        (1, 3),
        (2, 2),
        (2, 3),
    ];

    #[test]
    fn what_comes_once_and_in_order_is_exact() {
        assert_eq!(found(&ALL), [""; 0]);
        let (mut room, lines) = room();
        assert_eq!((room.said(), room.heard(), room.in_flight()), (5, 0, 10));
        assert!(room.hear(2, 0, &lines[1]).is_some());
        assert_eq!(
            (room.heard(), room.in_flight()),
            (1, 8),
            "line 0 was skipped"
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let without = |left_out| -> Vec<_> { ALL.into_iter().filter(|h| *h != left_out).collect() };
        let with = |extra| [&ALL[..], &[extra]].concat();
        for (heard, fault) in [
            (
                without((2, 1)),
                "delivery lost: member 2 did not hear line 1 of member 0",
            ),
            (
                with((2, 0)),
                "delivery doubled: member 2 heard line 0 of member 0 twice",
            ),
            (
                with((0, 2)),
                "line echoed to its speaker: member 0 heard its own line 2",
            ),
        ] {
            assert_eq!(found(&heard), [fault]);
        }
        let mut swapped = ALL;
        swapped.swap(2, 3);
        let fault = "delivery out of order: member 2 heard line 0 of member 0 after a later one";
        assert_eq!(found(&swapped), [fault]);
    }

    #[test]
    fn what_may_still_come_is_not_lost() {
        let (mut room, lines) = room();
        for (member, line) in [(1, 0), (2, 1), (0, 4), (2, 4)] {
            room.hear(member, u32::from(line == 4), &lines[line]);
        }
        let lost = "delivery lost: member 2 did not hear line 0 of member 0";
        assert_eq!(room.faults().lines(), [lost]);
        let under_way = "5 deliveries still under way when patience ended; the first: line 1 of \
                         member 0 to member 1";
        assert_eq!(room.under_way().lines(), [under_way]);
    }

    #[test]
    fn another_order_of_two_speakers_is_named() {
        let mut room = Deliveries::new(4, 2, Format::new(32));
        let mut lines = [Vec::new(), Vec::new()];
        (0..2).for_each(|speaker| room.say(speaker, 0, &mut lines[speaker as usize]));
        for (member, speaker) in [(2, 1), (2, 0), (3, 0), (3, 1), (0, 1), (1, 0)] {
            let line = &lines[speaker as usize];
            assert!(
                room.hear(member, speaker, &line[..line.len() - 1])
                    .is_some()
            );
        }
        let fault = "order not the same for everyone: member 2 heard the lines of all in another \
                     order than member 3";
        assert_eq!(room.faults().lines(), [fault]);
    }

    #[test]
    fn what_nobody_said_is_no_delivery() {
        let (mut room, lines) = room();
        let mut unsaid = Deliveries::new(2, 1, Format::new(32));
        let mut out = Vec::new();
        (0..5).for_each(|_| unsaid.say(0, 0, &mut out));
        let unsaid = &out[33 * 4..33 * 5 - 1];
        for (speaker, text) in [(1, &lines[0][..]), (0, unsaid), (2, &lines[0]), (0, b"hi")] {
            assert_eq!(room.hear(2, speaker, text), None);
        }
        assert!(room.faults().lines().contains(&format!(
            "4 lines altered or invented; the first: member 2 heard “{}” from member 1",
            String::from_utf8_lossy(&lines[0])
        )));
    }
}
