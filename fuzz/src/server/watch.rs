//! The watch: what the screen tells, and whether server and model agree.

use super::driver::Driver;
use super::expect::Notice;
use super::peer::Short;
use chat_core::{Name, ServerLine, server_phase::Phase};

impl Driver {
    /// Reads what is new on the screen.
    pub(super) fn read_story(&mut self) {
        let mut news = Vec::new();
        let lost = self.server.transcript(|part| news.extend_from_slice(part));
        if lost > 0 {
            assert!(lost + news.len() as u64 > self.limits.transcript);
            self.lost = true;
        }
        if self.lost {
            return;
        }
        assert!(news.is_empty() || news.ends_with(b"\n"));
        let news = String::from_utf8(news).expect("the screen is UTF-8");
        for line in news.split_terminator('\n') {
            assert!(self.stopped.is_none(), "{line:?} after the stop");
            self.tell(line);
        }
    }

    fn tell(&mut self, line: &str) {
        match ServerLine::decode(line) {
            ServerLine::Joined(name) => {
                let (who, given, wanted) = self.joins.pop_front().expect("somebody joined");
                assert_eq!(name, given);
                assert_eq!(name, self.first_free(&wanted));
                self.story.push(line, None);
                self.peers[who].enters(self.story.entries.len() - 1);
                self.story.enter(name.as_str(), who);
            }
            ServerLine::Left(name) => {
                self.story.push(line, None);
                let who = self.story.leave(name.as_str());
                self.peers[who].left = Some(self.story.entries.len() - 1);
            }
            ServerLine::Said(name, text) => {
                let who = self.story.who(name.as_str());
                let peer = &mut self.peers[who];
                let expected = peer.expected.says.get(peer.said);
                assert_eq!(expected.map(String::as_str), Some(text), "what {name} said");
                peer.said += 1;
                self.story.push(line, Some(who));
            }
            other => panic!("{other:?} is on the screen"),
        }
    }

    fn first_free(&self, wanted: &Name) -> Name {
        let numbered = (2..).map(|n| wanted.numbered(n));
        let mut all = std::iter::once(wanted.clone()).chain(numbered);
        let is_free = |name: &Name| {
            let key = name.as_str().to_ascii_lowercase();
            !self.story.room.contains_key(&key)
        };
        all.find(is_free)
            .expect("there are more numbers than names")
    }

    /// Checks what a pass promises to a peer.
    pub(super) fn check_peer(&mut self, who: usize) {
        let peer = &mut self.peers[who];
        let wanted = self.server.wants_input(peer.id);
        let in_room = peer.phase.is_in_room();
        let on_screen = peer.joined.is_some() && peer.left.is_none();
        assert_eq!(in_room, on_screen, "in the room, and on the screen");
        if in_room && wanted {
            assert_eq!(peer.said, peer.expected.says.len(), "not all is said");
            peer.sure = peer.expected.notices.len();
        }
        let distance = peer.distance(&self.story) + peer.private(usize::MAX, Notice::most);
        peer.copied = peer.blocked && (peer.copied || distance as u64 > self.limits.behind);
        if peer.is_open() && peer.blocked {
            let private = peer.private(peer.sure, Notice::least);
            let waiting = peer.backlog(who, &self.story) + private;
            let waiting = waiting.saturating_sub(peer.under_way());
            let within = waiting as u64 <= self.limits.behind;
            assert!(!in_room || within, "{waiting} bytes wait");
        } else if peer.finished.is_some() || peer.is_open() {
            assert_ne!(peer.phase, Phase::Draining, "everything is written");
            let all = peer.finished.is_some() || wanted;
            peer.is_up_to_date(who, &self.story, all);
        }
        if let (Some(reason), None | Some(Short::Dropped)) = (peer.closed, peer.short)
            && peer.finished.is_some()
        {
            assert_eq!(peer.expected.end, Some(reason), "why it was closed");
        }
    }

    /// Checks what is to hold between two rounds.
    pub(super) fn check_room(&self) {
        assert_eq!(
            self.server.population(),
            self.story.room.len(),
            "in the room"
        );
        let open = self.peers.iter().filter(|p| p.is_open()).count();
        assert_eq!(self.server.connections(), open, "connections");
        assert!(open <= self.limits.connections + self.limits.refusals);
        assert!(self.joins.is_empty(), "somebody joined unseen");
        let deadlines = self.peers.iter().filter(|p| p.is_open());
        if let Some(first) = deadlines.filter_map(|p| self.deadline(p)).min() {
            let next = self.server.next_timeout();
            let in_time = next.is_some_and(|(due, _)| due.as_micros() <= first);
            assert!(in_time, "a deadline would be missed");
        }
    }

    /// Checks that a peer that is read from owes little and may add to the batch.
    pub(super) fn is_within_limits(&self, who: usize) {
        let peer = &self.peers[who];
        let appended = (self.story.bytes - self.passed) as u64;
        assert!(appended < self.limits.batch, "the batch is full");
        let private = peer.private(usize::MAX, Notice::least);
        let private = private.saturating_sub(peer.under_way());
        assert!(private < self.limits.private, "owes private lines");
        let detours = peer.detours(who, &self.story);
        let few = peer.copied || detours < self.limits.detours;
        assert!(few, "makes {detours} detours");
    }
}
