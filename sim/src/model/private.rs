//! Private words: what one peer says to another alone.

use super::Watched;
use super::peer::Peer;
use crate::invariant::Invariant;

impl Watched {
    /// Takes note of what a peer says to others alone.
    pub(super) fn count_private(&mut self, who: usize) {
        let peer = &mut self.peers[who];
        let new = &peer.expected.private[peer.private_counted..];
        // In JSON, with all that it says, and every character escaped.
        self.rooms.private += new
            .iter()
            .map(|(_, text)| 6 * text.len() + 300)
            .sum::<usize>();
        peer.private_counted = peer.expected.private.len();
    }

    /// Works out how much of that may wait for each, as to whom it went is not known until it is heard.
    pub(super) fn private_may_wait(&mut self) {
        if self.rooms.private > 0 {
            for &who in &self.open {
                let peer = &mut self.peers[who];
                let heard: usize = peer.private_in.iter().map(|(_, text)| text.len()).sum();
                peer.private_due = self.rooms.private.saturating_sub(heard);
            }
        }
    }

    /// Checks what others said to a peer alone: each by somebody of that name, to a name that it has had, and not
    /// more often than it was said.
    pub(super) fn check_private(&mut self, who: usize) {
        let receiver = &self.peers[who];
        for (from, text) in &receiver.private_in[receiver.private_seen..] {
            let senders = self.peers.iter().filter(|it| it.names.contains(from));
            let said = senders.flat_map(|sender| {
                let to = |to: &Option<String>| match to {
                    Some(to) => receiver.has_been(to),
                    // Who answers answers somebody who wrote.
                    None => receiver.has_written_to(sender),
                };
                let said = sender.expected.private.iter();
                said.filter(move |(whom, said)| said == text && to(whom))
            });
            let said = said.count();
            let of_them = |it: &&(String, String)| it.0 == *from && it.1 == *text;
            let heard = receiver.private_in.iter().filter(of_them).count();
            Invariant::Private.holds(heard <= said, || {
                format!(
                    "{:?} was sent {text:?} of {from} {heard} times, and it was said {said} times",
                    receiver.names
                )
            });
        }
        self.peers[who].private_seen = self.peers[who].private_in.len();
    }
}

impl Peer {
    /// Whether it has had a name, in whatever case.
    fn has_been(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether it may have said something to another one alone.
    fn has_written_to(&self, other: &Self) -> bool {
        let mut private = self.expected.private.iter();
        private.any(|(to, _)| to.as_ref().is_none_or(|to| other.has_been(to)))
    }
}
