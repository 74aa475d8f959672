//! Marks on rare paths, to prove that exploration reaches them.
//!
//! A search that finds nothing tells something only about the paths that it took. Each mark stands on
//! one that small sessions do not take, and counts how often it was passed, in the whole process.
//! A mark changes nothing, and without the feature `marks` it is not there.

#[cfg(feature = "marks")]
use core::sync::atomic::{AtomicU64, Ordering};

macro_rules! marks {
    ($($variant:ident $name:literal)*) => {
        /// A rare path.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Mark {
            $(#[doc = $name] $variant,)*
        }

        #[cfg(feature = "marks")]
        impl Mark {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// What happens on it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether it needs a store, or the client that resumes.
            pub fn is_of_keeping(self) -> bool {
                self >= Self::ReadsFull // These come last.
            }
        }
    };
}

marks! {
    NameTaken "a name is taken, and numbered"
    NameShortened "a numbered name loses characters"
    NameByPort "a name is taken too often, and gives way to the port"
    NameReserved "a name that is asked for is one that nobody may have"
    RenameTaken "another name is taken"
    NameClaimed "a name that is asked for belongs to somebody"
    Claimed "a name belongs to somebody from now on, or has another password"
    LoggedIn "somebody has the name that belongs to them"
    Displaced "whoever has a name that belongs to somebody else has another one"
    CameBack "somebody comes back to their own name with a device"
    DeviceGaveWay "the device that was not used for longest is one no more"
    DeviceRefused "a device does not open the name that is asked for"
    AccountsFull "as many names belong to somebody as may"
    HashesFull "too many passwords wait to be hashed"
    GuessesFull "too many passwords are tried"
    RenameClaimed "another name belongs to somebody else"
    RenamedInRooms "somebody who is in several rooms takes another name"
    Redacted "the text of an entry is removed"
    RedactedUnsent "it is removed from what waits for a socket that is full"
    RoomLetGo "a room in which nobody is, is let go of"
    RoomsInOneWrite "what waits of several rooms goes in one write"
    VisitedOnce "whoever is in several rooms that have news is visited for all of them at once"
    RoomMade "a room is made"
    RoomsCutShort "a list of rooms is cut short"
    RoomsFull "there are as many rooms as there may be"
    RoomInvalid "a room asked for has a name that no room has"
    Moved "a text connection goes to another room"
    MoveHeld "too much waits for a connection for it to go to another room"
    ResumedInRoom "a session goes on in a room that is not the lobby"
    JoinedRoom "a JSON connection is in one room more"
    PartedRoom "a JSON connection is in one room fewer"
    GatheredInPart "not all that waits of other rooms may be held for a goodbye to come after it"
    InTooManyRooms "a JSON connection is in as many rooms as it may be"
    LastRoom "a JSON connection is to part from its only room"
    NotInRoom "a JSON connection asks for a room that it is not in"
    Renamed "somebody takes another name"
    TopicSet "somebody says what the room is about"
    Away "somebody is away, or back"
    PrivateToNobody "somebody writes to one who is not here"
    PrivateOffline "somebody writes to one who has no connection"
    PrivateHeld "too much is waiting for one who is written to"
    PrivateToOneself "somebody writes to themselves"
    WordsWait "something that is said to the owner of a name waits for them"
    InboxFull "as much waits for the owner of a name as may"
    InboxOldestRead "a program has not said what it has read, and the oldest of it waits no more"
    InboxTold "the owner of a name is told what waits for them"
    InboxSent "they are sent it"
    InboxRead "they have read it"
    ConversationOpened "what two say to each other alone is opened again, or begins"
    ConversationLetGo "it is held no more, as others are"
    CommandLacking "a command has nothing after it"
    NameInvalid "a name that is asked for is not one"
    JoinedBySilence "somebody joins by silence"
    JoinAfterSilence "JOIN comes after joining by silence"
    ForeignAnswered "another protocol is answered, before joining"
    ForeignClosed "another protocol is just closed, before joining"
    ForeignAfterSilence "another protocol comes after joining by silence"
    ForeignLater "another protocol comes after a first line that is none"
    ForeignMidLine "another protocol is recognised before a line ends"
    BlankFirst "a blank line comes before the first line"
    JsonAfterSilence "JSON is asked for after joining by silence"
    JsonTurnedAway "JSON is asked for, and its first object is not understood"
    JsonInvalid "an object is not understood"
    JsonTypeUnknown "an object is of no known type"
    BadIdReturned "an error comes back with an id that is none"
    Resumed "a session goes on with another connection"
    SessionReplaced "a session's newer connection ends the older one"
    GraceOver "a session is given up, as it was without a connection for too long"
    StoodStill "the server stood still while it waited for something"
    GraceAgain "sessions have their whole time again, as the server stood still"
    DetachedFull "a session is given up, as too many are without a connection"
    OtherLog "somebody knows another log"
    ClientAhead "somebody knows of later entries than there are"
    ReadingBegun "a connection reads, and is not in the room"
    ReadingAfterSilence "somebody who joined by silence turns to reading"
    ReadingElsewhere "a connection reads another room than the lobby"
    ReaderTurnedAway "a reader is told why it may not read a room"
    ReaderSentAway "somebody reads a room that not everybody may join any more"
    ReaderSpoke "a reader is refused what it says"
    ReaderMoved "a reader has another seat, as somebody has left theirs"
    GapStated "entries that are asked for are not held any more"
    SaidAgain "what was said already is said again, and accepted again"
    IdReused "an id comes with another text"
    Refused "a connection is refused, as the room is full"
    HostFull "a connection is refused, as its host has too many"
    HostUnjoined "a connection is refused, as too many of its host have not joined"
    HostJoins "a joining is refused, as too many came from the same host"
    HostTokens "a token is refused, as too many that are not known came from the same host"
    HostDetached "a session is given up, as its host has too many without a connection"
    HostUnheard "a connection is closed without a word, as too many of its host are being refused"
    FirstLineUnended "a first line does not end in time"
    GaveWay "somebody who has said nothing gives way to a newcomer"
    ClosedUnheard "a connection is closed without a word, as too many are being refused"
    StopRefuses "a connection comes while the server stops"
    LineAtLimit "a line is exactly as long as a line may be"
    LineTooLong "a line over the limit is dropped"
    LineNotUtf8 "a line that is not UTF-8 is dropped"
    LineUnended "a last line is not ended"
    TelnetSkipped "a command of telnet is skipped"
    SubnegotiationCut "a subnegotiation of telnet does not end, and goes on as text"
    ByteOrderMark "a byte order mark is skipped"
    ControlReplaced "a control character is replaced"
    SlashEscaped "a line begins with two slashes"
    CommandUnknown "a command does not exist"
    CommandSurplus "a command has something after it"
    WhoCutShort "more are in the room than a line has names"
    HeldByNotices "input is held back by private bytes"
    HeldBySplices "input is held back by stretches of own lines"
    HeardAgain "input that was held back for that is gone on with"
    BatchFull "a batch is full"
    PassFull "a batch is full that would not be with fewer members"
    TurnSparse "somebody has a turn who speaks now and then"
    TurnBulk "somebody has a turn who talks without pause"
    TurnAsking "somebody has a turn who asks without pause"
    TurnLeftOver "a turn ends before the input does"
    HeldByRate "input is held back by the rate of a connection"
    HeldByHost "input is held back by the rate of a host"
    HostShared "many connections of a host wait for its rate"
    ToldSlow "somebody is told of being read slowly"
    CourtesyLeftOut "somebody is not told what they did not ask for, as it would be too much to wait for them"
    ClosedHeldBack "a connection ends that waits for its host's rate"
    EofHeldBack "an end of input waits for what came before it"
    ClosedInTurn "a connection ends that waits for its turn"
    BackfillFull "history waits for the next round, as this one has made as much as it may"
    BackfillMakesWay "history makes way for what is to be committed"
    AnswersFull "a round has made as many answers as it may"
    RemovedInBackfill "somebody is removed from a room while they are sent what they missed there"
    ClosedInLane "a connection ends that waits for a turn of history, or for the store to be asked"
    BusyVisitedLater "who asks without pause is written to after the others"
    CutOffInRoom "somebody in the room is cut off for being too far behind"
    CutOffDraining "somebody who has left is cut off for being too far behind"
    CutOffMidLine "somebody is cut off within a line"
    CopiedInRoom "what waits is copied, as most of it is the speaker's own"
    CopiedDraining "what waits is copied, as its reader has left"
    CopiesFull "what waits is not copied, as too much is"
    WrittenMidLine "a write ends within a line"
    NoticeInPart "a private line is written in part"
    SlicesFull "there is more than one write has slices for"
    WokenForNothing "a socket is woken and takes nothing"
    LogTrimmed "the log is trimmed"
    TranscriptLost "a part of the transcript is lost"
    StalledInRoom "somebody in the room takes nothing for too long"
    StalledDraining "somebody who has left takes nothing for too long"
    LingeredOut "a connection lingers too long"
    StopUnjoined "the server stops before somebody has joined"
    StopEmptied "a stopping server sees the last one off in time"
    StopExpired "a stopping server does not wait any longer"
    ConnectFailed "a client cannot connect"
    ConnectTimedOut "a client does not connect in time"
    WelcomeTimedOut "a client is not welcomed in time"
    LeaveTimedOut "a client that leaves is not answered in time"
    GoodbyeHeard "a client is told goodbye"
    TypedRefused "a client refuses a line"
    UnsentFull "a client has so much to send that it takes no more"
    InterruptedAsking "a client is interrupted before JOIN"
    InterruptedConnecting "a client is interrupted while it connects"
    InterruptedJoining "a client is interrupted before it is welcomed"
    InterruptedTalking "a client is interrupted in the room"
    InterruptedLeaving "a client is interrupted while it leaves"
    EndedNeverJoined "a client's input ends before JOIN"
    EndedRefused "a client has left, and had refused a line"
    EndedLost "a client's connection is lost"
    ReadsFull "what the store is to be asked for waits, as it is asked for enough"
    RedactedWhileRead "the text of an entry is removed while others are being read in the store"
    DiskFull "the disk is full"
    DiskHasRoom "the disk has room again"
    DiskFullSay "something is not said, as the disk is full"
    DiskFullJoin "somebody does not come in, as the disk is full"
    DiskFullResume "somebody resumes or begins to read while the disk is full, and is told"
    DiskLate "a commit takes so long that everyone is told"
    PongAtOnce "a sign of life is given although a commit takes long"
    StopUncommitted "a server that stops waits for a commit no longer, and says goodbye"
    DiskAnswers "a commit that took so long is done"
    RoomOpenedAgain "a room that nobody was in is opened again"
    RoomOpenedTwice "a room is there already when the store has answered"
    RoomAskedAgain "the store is asked for a room again, as one was let go of meanwhile"
    ReadTooLate "the store answers one who waits for it no more"
    ClientOffline "a client that resumes loses its connection"
    ClientBack "a client that resumes is back"
    ClientGap "a client is told of a gap"
    ClientEnters "a client that has read enters the room"
    ClientMoves "a client goes to another room"
    ClientMoveRefused "a client is not let into a room"
}

#[cfg(feature = "marks")]
static COUNTS: [AtomicU64; Mark::ALL.len()] = [const { AtomicU64::new(0) }; Mark::ALL.len()];

/// How often each mark was passed since the process began, in the order of [`Mark::ALL`].
#[cfg(feature = "marks")]
pub fn counts() -> [u64; Mark::ALL.len()] {
    core::array::from_fn(|nth| COUNTS[nth].load(Ordering::Relaxed))
}

/// How often a mark was passed since the process began.
#[cfg(feature = "marks")]
pub fn count(mark: Mark) -> u64 {
    COUNTS[mark as usize].load(Ordering::Relaxed)
}

/// Passes a mark.
#[cfg(feature = "marks")]
#[inline]
pub(crate) fn mark(mark: Mark) {
    COUNTS[mark as usize].fetch_add(1, Ordering::Relaxed);
}

/// Passes no mark: there are none.
#[cfg(not(feature = "marks"))]
#[inline]
pub(crate) const fn mark(_: Mark) {}

/// Passes a mark where something is the case.
#[inline]
pub(crate) fn mark_if(is_the_case: bool, which: Mark) {
    if is_the_case {
        mark(which);
    }
}
