//! Planted bugs: known faults, by which those who look for faults are tried.
//!
//! Each is a condition at the place where it could have been made. Small sessions go well with it;
//! some order of events, or some limit, makes it break a promise. One at a time is planted, for the
//! whole process. The feature `planted` is for simulations alone: without it the conditions are
//! constant, and nothing is left of them.

#[cfg(feature = "planted")]
use core::sync::atomic::{AtomicUsize, Ordering};

macro_rules! bugs {
    ($($variant:ident $name:literal $sentence:literal)*) => {
        /// A fault that can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Bug {
            $(#[doc = $sentence] $variant,)*
        }

        #[cfg(feature = "planted")]
        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What is wrong with it.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }

            /// Whether it is a fault of the shells, and not of the core.
            pub fn is_in_net(self) -> bool {
                self >= Self::VectoredMiscount // Those of the shells come last.
            }

            /// Whether it shows around a store: a fault in the core's use of one, or in the client
            /// that resumes.
            pub fn is_around_a_store(self) -> bool {
                self >= Self::SentUncommitted && !self.is_in_net()
            }
        }
    };
}

bugs! {
    LineLimitLow "line limit low"
        "A line that is exactly as long as a line may be is refused."
    LineLimitHigh "line limit high"
        "A line that is one byte longer than a line may be is taken."
    ReturnKept "return kept"
        "A CR that came in one piece and its LF in the next stays in the line."
    PartialKept "partial line kept"
        "A line that came in pieces stays in front of the next one."
    LongLineKept "long line kept"
        "A line over the limit that came in pieces stays in front of the next one, and that is dropped, too."
    BothSlashes "both slashes"
        "A line that begins with two slashes is said with both."
    SeparatorPasses "separator passes"
        "The line separators of Unicode are said as they are."
    NameCase "case of names"
        "Names that differ only in the case of letters are different names."
    LongName "long name"
        "A numbered name may be one byte too long."
    NameKept "name kept"
        "The name of one whose connection failed is not free; the one of their port is."
    AnnouncedAsAsked "announced as asked"
        "Who asks for a name that is taken is announced under that name."
    SilentUnannounced "silent and unannounced"
        "Who joins by silence within a line is not announced."
    FirstLineKept "first line awaited still"
        "The first line is awaited still after JOIN: where none of the welcome can be written, they join twice."
    OneTooMany "one too many"
        "One connection more than allowed is taken on."
    SeatNotUpdated "seat not updated"
        "When a connection fails, whoever is moved into its seat keeps the number of their old one."
    LeftTwice "left twice"
        "Who is cut off leaves twice."
    HearsOn "hears on"
        "Who leaves while the socket is full goes on hearing the room."
    EchoInTurn "echo"
        "What is said in a turn while others wait for theirs comes back to its speaker."
    RestDropped "rest dropped"
        "The line that fills the batch costs what came in behind it."
    TurnForgotten "turn forgotten"
        "Whose input is held back as the batch is full gets no turn until something is written to them."
    EofDropsInput "end drops input"
        "The end of the input drops what is held back of it."
    PassForgotten "pass limit forgotten"
        "A batch is as large as it may be, however many members it goes to."
    BehindOneLess "behind one less"
        "Who is exactly as far behind as is allowed is cut off."
    BehindOneMore "behind one more"
        "Who is one byte further behind than is allowed is not cut off."
    BehindWithoutNotices "behind without notices"
        "Private lines do not count when it is found who is too far behind."
    NoticesOneMore "notices one more"
        "A connection is read from while as many private bytes wait for it as are allowed."
    DetoursOneMore "detours one more"
        "A connection is read from while as many stretches of its own lines wait as are allowed."
    TrimmedEarly "trimmed early"
        "The log is trimmed as far as it will be after one more batch of the same size."
    CopyCutShort "copy cut short"
        "The copy of what waits lacks its last piece."
    AdvancedByOffer "advanced by the offer"
        "What a full socket was offered counts as sent, whether it took it or not."
    ByteAgain "byte again"
        "After a partial write the last byte is sent once more."
    NoticeResumedLate "notice resumed late"
        "A private line that was written in part goes on one byte too late."
    NoticeEarly "notice early"
        "A private line is put behind the last one that waits, whatever the others said in between."
    NoticeTwice "notice twice"
        "A private line is put in twice while the socket is full."
    BegunLineDropped "begun line dropped"
        "Who is cut off within a line is not sent the rest of it."
    GoodbyeLeftOut "goodbye left out"
        "Who is cut off within a line is not told why."
    StallKept "stall kept"
        "The time for taking something runs on when everything was taken."
    StallRestarted "stall restarted"
        "The time for taking something begins again when a socket was woken and takes nothing."
    LingerUnset "linger unset"
        "Who does not close their side is waited for without end."
    StopUnbounded "stop unbounded"
        "A stopping server waits for as long as anyone takes."
    ResumeOffByOne "resume off by one"
        "Who resumes is not sent the first entry that was missed."
    GapHidden "gap hidden"
        "That entries are not held any more is not said."
    IdForgotten "id forgotten"
        "What was said already is said again if its sender sends it again."
    AcceptedAsNew "accepted as new"
        "What was said already is accepted under the number of the last entry."
    PongOffByOne "pong off by one"
        "A pong names the entry before the last one."
    GoodbyeIgnored "goodbye ignored"
        "A client that was leaving says that its person left though the server said goodbye."
    LeftUnsent "left unsent"
        "A client says that its person left though it has not sent all that they typed."
    LeftUnanswered "left unanswered"
        "A client says that its person left once that is sent, and does not wait for the server."
    TypedLineLost "typed line lost"
        "When a write takes only a part of what was typed, the client loses the lines behind the one it broke off in."
    RefusalForgotten "refusal forgotten"
        "A client forgets that it refused a line that was not UTF-8."
    SentUncommitted "sent uncommitted"
        "What happens is sent before it is committed."
    AnsweredUncommitted "answered uncommitted"
        "Who says something is told that it is accepted before it is committed."
    CommittedTooMuch "committed too much"
        "What happens while a batch is being committed counts as committed with it."
    WelcomedUncommitted "welcomed uncommitted"
        "A program is welcomed before its joining is committed."
    FedUncommitted "fed uncommitted"
        "Who resumes is sent what is not committed yet."
    SentAfterFailure "sent after failure"
        "What could not be committed is sent all the same."
    LeftWaitingForCommit "left waiting for the commit"
        "Who leaves while something is being committed is not let go afterwards."
    IdsInMemoryAlone "ids in memory alone"
        "An id that was given before what is in memory is not known."
    FoundIdIgnored "found id ignored"
        "What was said is said again though the store has it with that id."
    GhostsStay "ghosts stay"
        "Who was in the room without a session when the server was killed is in it for ever."
    SessionsForgotten "sessions forgotten"
        "A session does not outlive the server, and nor does its stay end."
    HalfToken "half a token"
        "The first half of a token is enough to go on with a session."
    GapTooWide "gap too wide"
        "What cannot be read in the store takes the entry behind it along."
    StoreGapHidden "gap in the store hidden"
        "That the store does not have entries any more is not said."
    ReadCutShort "read cut short"
        "Of what is sent again from the log each sixteenth entry is missing."
    LeftUnaccepted "left unaccepted"
        "A client that resumes leaves before everything is accepted that its person typed."
    NotSentAgain "not sent again"
        "A client that is back does not send again what was not accepted."
    OwnLineShown "own line shown"
        "A client shows its person what they typed, as if somebody else had said it."
    SilentStayShown "silent stay shown"
        "A client of the JSON dialect shows lines that came before the server knew what it speaks."
    SentUnkept "sent unkept"
        "A client that keeps its outbox sends what was typed before it is kept."
    VectoredMiscount "vectored miscount"
        "A vectored write that takes only a part counts for one byte more."
    ShortWriteForgotten "short write forgotten"
        "A write that is broken off by a full socket counts for nothing."
    FullReadDropped "full read dropped"
        "A read that fills the buffer to the last byte is dropped."
    EofOverlooked "end overlooked"
        "The end of a connection's input is overlooked while another one is held back."
    HeldForgotten "held forgotten"
        "A connection that was not read from is not looked at again."
    FinishForgotten "finish forgotten"
        "Closing our side is given up where the stream is not ready for it."
    LastLineLost "last line lost"
        "The last line of a client's input is lost if it is not ended."
}

/// The number of the planted fault, or [`NONE`].
#[cfg(feature = "planted")]
static PLANTED: AtomicUsize = AtomicUsize::new(NONE);

#[cfg(feature = "planted")]
const NONE: usize = usize::MAX;

/// Plants a fault, or takes out the one there is.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.store(bug.map_or(NONE, |bug| bug as usize), Ordering::Relaxed);
}

/// Whether a fault is planted.
#[cfg(feature = "planted")]
#[inline]
pub fn is_planted(bug: Bug) -> bool {
    PLANTED.load(Ordering::Relaxed) == bug as usize
}

/// Nothing is planted in what is shipped.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn is_planted(_: Bug) -> bool {
    false
}
