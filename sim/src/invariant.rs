//! What is promised of every run, each invariant with its name and its sentence.
//!
//! Whoever finds one broken panics with its name in front, so that a fuzzer, an exploration and a
//! test all find it in the same way.

use std::fmt;

macro_rules! invariants {
    ($($variant:ident $name:literal $sentence:literal)*) => {
        /// An invariant.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Invariant {
            $(#[doc = $sentence] $variant,)*
        }

        impl Invariant {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is promised.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

invariants! {
    OneOrder "one order"
        "Everyone in the room is sent what happens in it from their joining to their leaving: every entry, once, in one order."
    NoEcho "no echo"
        "Nobody is sent what they said themselves."
    SaidOnce "said once"
        "What was said is in the room: every line, unaltered, once, in the order in which its speaker said it."
    Kept "kept"
        "What anybody is sent, is accepted or shown is kept: it is in every later history, as it was and in its place."
    OneStay "one stay"
        "A stay begins with one joining and ends with one leaving, and nobody speaks outside of one."
    UniqueNames "unique names"
        "Names in use are unique by skeleton: no two people, in whatever rooms, have names that are taken for one another, whatever the case, and each has the first that is its due."
    OneName "one name"
        "A name is of one person in all rooms, and whatever becomes of it is told in each of theirs."
    OwnRooms "own rooms"
        "Nobody is sent an entry of a room that they are not in: not as it happens, nor of what has happened."
    OwnName "rightly refused"
        "A name or a topic that is asked for is given, unless somebody else has it or it is so already."
    Private "private"
        "What is said to one person alone reaches that person, once, and nobody else."
    Rights "rights"
        "Nobody does in a room what their role there may not, and whoever has a role keeps it over names, connections and restarts."
    BanHolds "a ban holds"
        "Nobody comes into a room who is banned from it, under whatever name, by whatever connection and after however many restarts; who is removed leaves next."
    Silence "silence"
        "Nobody is heard in a room who is muted there, nor anybody twice within the time that a slow room asks for."
    Invited "invited"
        "Nobody comes into a private room who is not invited."
    Addresses "addresses"
        "An address is shown to those alone who may see it."
    OwnNames "own names"
        "A name that is claimed is had by those alone who have proved that it is theirs."
    InItsPlace "in its place"
        "Who asks is answered, alone, once, at the place in the room's order where they asked."
    WholeLines "whole lines"
        "Everything sent is whole lines of harmless UTF-8 within the limit, nothing invented, merged or split."
    GoodbyeLast "goodbye is last"
        "Goodbye is the last line, and has the reason that is true."
    ClosedForGood "closed for good"
        "Nothing is done to a connection, or heard of it, once it is closed, and a closed side is not written to."
    NothingMissing "nothing missing"
        "Whoever takes what they are given lacks nothing when all have been written to."
    Heard "heard"
        "Whatever a connection sent has been acted on when it is read from again, and nobody is left unread."
    Limits "limits"
        "Every limit holds, and nobody is cut off who is within them."
    HostLimits "limits of hosts"
        "Each host is granted what its limits say, no more and no less, and none loses by what another does."
    GivesWay "who gives way"
        "Where all places are taken, who came last of those that have said nothing gives way, and nobody who has."
    InTime "in time"
        "No deadline is missed, none comes early, and a stopping server has stopped in time."
    Closing "closing"
        "A connection is closed when it has been told everything and its side is closed, or for a reason."
    Rest "rest"
        "When the faults stop, everything comes to rest in a stated time."
    Rosters "rosters agree"
        "At rest, all who ask who is there are told the same."
    Screens "screens"
        "A client shows what it was sent, line by line, and sends what was typed."
    Outcomes "outcomes"
        "Who is told that they left had everything taken that they said; nobody is told so otherwise."
    NoPanic "no panic"
        "Nothing panics."
}

impl Invariant {
    /// Holds it against what was found.
    ///
    /// # Panics
    /// When it is broken.
    #[track_caller]
    pub(crate) fn holds(self, found: bool, why: impl FnOnce() -> String) {
        if !found {
            self.is_broken(&why());
        }
    }

    /// Says that it is broken, and why.
    ///
    /// # Panics
    /// Always.
    #[track_caller]
    pub(crate) fn is_broken(self, why: &str) -> ! {
        panic!("{self}: {why}")
    }

    /// The invariant that a panic's message speaks of, and the rest of the message.
    pub fn of_panic(message: &str) -> (Self, &str) {
        let of = |invariant: &&Self| {
            message
                .strip_prefix(invariant.name())
                .is_some_and(|rest| rest.starts_with(": "))
        };
        match Self::ALL.iter().find(of) {
            Some(invariant) => (*invariant, &message[invariant.name().len() + 2..]),
            None => (Self::NoPanic, message),
        }
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
