//! A room: its log, and the state that is the fold of it.

pub(crate) mod accounts;
mod by_name;
pub(crate) mod cursor;
pub(crate) mod decide;
pub(crate) mod log;
mod mutes;
pub(crate) mod names;
pub(crate) mod redaction;
pub(crate) mod rules;
pub(crate) mod slow;
pub(crate) mod state;
pub(crate) mod stream;

use crate::types::entry::{Change, Entry, Kind};
use core::ops::Range;
use decide::{Command, Known, Refusal, decide};
use log::Log;
use names::Names;
use slow::Pace;
use state::State;

/// Which of the rooms in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RoomId(pub(crate) u32);

impl RoomId {
    /// The room where everyone begins.
    pub(crate) const LOBBY: Self = Self(0);

    /// The log of the accounts, which is no room.
    pub(crate) const ACCOUNTS: Self = Self(u32::MAX);
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Room {
    pub(crate) log: Log,
    pub(crate) state: State,
    /// Who said something lately, where one is to wait between two lines.
    pace: Pace,
}

/// A command that has got its place in the room's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ordered<'a> {
    /// What happened.
    pub(crate) entry: Entry<'a>,
    /// Where its line stands in the text dialect.
    pub(crate) line: Range<u64>,
}

impl Room {
    pub(crate) fn new(log: Log) -> Self {
        Self {
            log,
            state: State::default(),
            pace: Pace::default(),
        }
    }

    /// A room that goes on with what is kept of it, and its state.
    pub(crate) fn restored(log: Log, state: State) -> Self {
        Self {
            log,
            state,
            pace: Pace::default(),
        }
    }

    /// Carries a command out at this time, in milliseconds since the Unix epoch. The order of the calls is the
    /// order of all that happens in the room: this is the only place that gives a command one.
    pub(crate) fn order<'a>(
        &mut self,
        names: &Names,
        at: u64,
        command: Command<'a>,
    ) -> Result<Ordered<'a>, Refusal> {
        let is_new = matches!(command, Command::Join { .. });
        let host = command.host();
        let entry = decide(self.known(names, at), command)?;
        if let Change::Enters(name, _) = entry.change() {
            let is_taken = self.state.has(name) || is_new && names.has_like(name);
            assert!(!is_taken, "{name} is in the room twice");
        }
        let line = self.log.append(at, &entry);
        self.state.evolve(self.log.last(), at, &entry);
        let slow = self.state.rules().slow();
        if slow > 0 {
            match entry.change() {
                Change::Nothing => self.pace.said(&entry.name, host, at, slow),
                Change::Enters(name, _) => self.pace.enter(name, host),
                Change::Leaves(name) => self.pace.leave(name),
                Change::Renames(before, after) => {
                    let is_own = names.claim_of(before).is_some();
                    self.pace.rename(before, &after, is_own);
                }
                _ => {}
            }
        } else if entry.kind == Kind::Order {
            self.pace.clear();
        }
        Ok(Ordered { entry, line })
    }

    /// What is known when a command is decided at this time.
    pub(crate) fn known<'a>(&'a self, names: &'a Names, at: u64) -> Known<'a> {
        Known {
            state: &self.state,
            names,
            pace: &self.pace,
            at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::entry::{Record, SessionId};
    use crate::types::name::Name;
    use crate::types::room_name::RoomName;
    use crate::wire::dialect::Dialect;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// What somebody wants, as it would travel to a log that several servers share.
    #[derive(Clone, Debug)]
    enum Wish {
        Join(u8, u16, Option<u8>),
        Leave(u8),
        Say(u8, String),
        Rename(u8, u8),
        SetTopic(u8, String),
    }

    fn name(number: u8) -> Name {
        Name::parse(["ann", "Ann", "bob", "USER7", "c"][usize::from(number) % 5]).unwrap()
    }

    /// One that shares a room with others.
    struct Node {
        room: Room,
        names: Names,
        read: usize,
    }

    impl Node {
        fn new() -> Self {
            Self {
                room: Room::new(Log::new(RoomName::LOBBY, 7)),
                names: Names::default(),
                read: 0,
            }
        }

        fn order(&mut self, at: u64, command: Command<'_>) -> Result<String, Refusal> {
            let ordered = self.room.order(&self.names, at, command)?;
            self.names.evolve(RoomId::LOBBY, &ordered.entry);
            if let Change::Renames(before, after) = ordered.entry.change() {
                self.names.rename(before, &after);
            }
            Ok(ordered.entry.name.to_string())
        }
    }

    fn carry_out(node: &mut Node, at: u64, wish: &Wish) -> Result<String, Refusal> {
        let (who, wanted_name);
        let command = match wish {
            Wish::Join(wanted, port, session) => Command::Join {
                wanted: name(*wanted),
                is_theirs: false,
                port: *port,
                session: session.map(|byte| SessionId([byte; 32])),
                host: None,
            },
            Wish::Leave(number) => {
                who = name(*number);
                Command::Leave(&who)
            }
            Wish::Rename(number, wanted) => {
                (who, wanted_name) = (name(*number), name(*wanted));
                Command::Rename {
                    name: &who,
                    wanted: &wanted_name,
                    is_theirs: false,
                }
            }
            Wish::SetTopic(number, text) => {
                who = name(*number);
                Command::SetTopic {
                    name: &who,
                    text,
                    host: None,
                }
            }
            Wish::Say(number, text) => {
                who = name(*number);
                Command::Say {
                    kind: if text.len() % 2 == 0 {
                        Kind::Said
                    } else {
                        Kind::Acted
                    },
                    name: &who,
                    text,
                    sender: None,
                    id: None,
                    host: None,
                }
            }
        };
        node.order(at, command)
    }

    fn lines(room: &Room, dialect: Dialect) -> Vec<u8> {
        let stream = room.log.stream(dialect);
        stream.slices(stream.start()..stream.head()).concat()
    }

    fn wishes() -> impl Strategy<Value = Vec<(bool, Wish)>> {
        let wish = prop_oneof![
            (any::<u8>(), any::<u16>(), any::<Option<u8>>())
                .prop_map(|(who, port, session)| Wish::Join(who, port, session)),
            any::<u8>().prop_map(Wish::Leave),
            (any::<u8>(), "[a-z ]{1,9}").prop_map(|(who, text)| Wish::Say(who, text)),
            any::<(u8, u8)>().prop_map(|(who, wanted)| Wish::Rename(who, wanted)),
            (any::<u8>(), "[a-z]{0,3}").prop_map(|(who, text)| Wish::SetTopic(who, text)),
        ];
        proptest::collection::vec((any::<bool>(), wish), 0..100)
    }

    proptest! {
        /// Two nodes put what their connections want into one log that they share, and each takes from it what
        /// both of them want, when it comes to that: they end with the same state and the same bytes.
        #[test]
        fn nodes_that_share_the_order_of_commands_share_everything(
            wishes in wishes(),
            pauses in proptest::collection::vec(any::<bool>(), 0..100),
        ) {
            let node = || {
                let mut node = Node::new();
                node.room.log.set_reading(true);
                node
            };
            let mut nodes = [node(), node()];
            let mut shared: Vec<Wish> = Vec::new();
            let catch_up = |node: &mut Node, shared: &[Wish]| {
                for (nth, wish) in shared.iter().enumerate().skip(node.read) {
                    let _ = carry_out(node, nth as u64, wish);
                }
                node.read = shared.len();
            };
            for (nth, (of_second, wish)) in wishes.into_iter().enumerate() {
                shared.push(wish);
                if !pauses.get(nth).copied().unwrap_or_default() {
                    catch_up(&mut nodes[usize::from(of_second)], &shared);
                }
            }
            for node in &mut nodes {
                catch_up(node, &shared);
            }
            let [Node { room: one, names, .. }, Node { room: other, .. }] = nodes;
            prop_assert_eq!(&one.state, &other.state);
            prop_assert!(one.state.members().all(|name| names.alike(name).any(|it| it == name)));
            for dialect in Dialect::ALL {
                prop_assert_eq!(lines(&one, dialect), lines(&other, dialect));
            }
            // And whoever folds the entries later has the state of those who decided them.
            let mut again = State::default();
            let entries: Vec<Record> = (1..=one.log.last()).filter_map(|seq| one.log.record(seq)).collect();
            prop_assert_eq!(entries.len() as u64, one.log.last());
            for record in &entries {
                again.fold(record);
            }
            prop_assert_eq!(again, one.state);
        }
    }

    #[test]
    fn who_is_not_in_the_room_cannot_leave_it() {
        let mut node = Node::new();
        let ann = name(0);
        assert_eq!(
            node.order(0, Command::Leave(&ann)),
            Err(Refusal::NotInTheRoom)
        );
        assert_eq!(node.room.log.last(), 0);
        let joined = carry_out(&mut node, 0, &Wish::Join(0, 1, None));
        assert_eq!(joined.as_deref(), Ok("ann"));
        assert_eq!(
            carry_out(&mut node, 1, &Wish::Join(1, 1, None)).as_deref(),
            Ok("Ann-2")
        );
        assert_eq!(
            carry_out(&mut node, 2, &Wish::Leave(1)).as_deref(),
            Ok("Ann")
        );
    }
}
