//! What is counted of a world around a store.

/// What is counted of a world.
#[derive(Clone, Copy)]
pub(super) enum Happening {
    Started,
    Killed,
    Stopped,
    DiskFailed,
    DiskFull,
    Unreadable,
    Connected,
    Lost,
    Crashed,
    Said,
    SaidAgain,
    PageAsked,
    Left,
    Moved,
    RoomOpened,
    RoomUnreadable,
    TopicSet,
    IdReused,
    Claimed,
    LoggedIn,
    Ordered,
    HashRefused,
    AdminMade,
    Carried,
    Suffered,
    ZerosCut,
}

/// What is counted of a world, in words.
pub const HAPPENINGS: [&str; 26] = [
    "a server starts",
    "a server is killed",
    "a server is told to stop",
    "the disk fails with what is being written",
    "the disk is full",
    "what is to be read there cannot be",
    "a connection is made",
    "a connection is lost",
    "a person's program is killed",
    "something is said",
    "something is said again, with its id",
    "a page is asked for",
    "somebody leaves",
    "somebody goes to another room",
    "a room is opened",
    "what is to be read of a room that is opened cannot be",
    "somebody says what a room is about",
    "an id is given again, in another room",
    "somebody claims their name, or sets a password",
    "somebody logs in",
    "something is to be ordered",
    "a password cannot be hashed",
    "somebody looks after the server, or no more",
    "an order is carried out",
    "somebody has to leave a room",
    "zeros at the end of a full segment are cut off",
];

/// Those that any worlds are to come by, if they are many: it is a rare path of the store.
pub const REQUIRED: [&str; 1] = [HAPPENINGS[Happening::ZerosCut as usize]];
