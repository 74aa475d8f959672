//! Who may do what in a room: the one table of it (PROTOCOL.md, "Order").

/// What somebody is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Anybody.
    None,
    /// One whom its owner, or an administrator, has made that.
    Operator,
    /// Who made it.
    Owner,
    /// One of those who look after the server, in all rooms.
    Administrator,
}

/// What somebody may do, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Make somebody an operator.
    Op,
    /// Have an operator be none any more.
    Deop,
    /// Have somebody leave.
    Kick,
    /// Keep somebody out.
    Ban,
    /// Let them in again.
    Unban,
    /// See who is kept out.
    Bans,
    /// Have somebody be silent.
    Mute,
    /// Let them speak again.
    Unmute,
    /// Keep everyone out who is not invited, or no more.
    Private,
    /// Invite somebody.
    Invite,
    /// Have everyone wait between two lines.
    Slow,
    /// Have the text of an entry be gone. Whose own line it is, may do that whatever they are.
    Redact,
    /// Have everyone leave, and keep them out.
    Close,
    /// Let them come in again.
    Reopen,
    /// Come in although the room is closed.
    EnterClosed,
    /// Come in although one is kept out, or not invited.
    Enter,
    /// Say something although one would have to wait.
    Haste,
    /// See addresses.
    Addresses,
}

/// Whether somebody may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum May {
    /// No.
    No,
    /// To whoever has a lesser role.
    Lesser,
    /// Yes.
    Yes,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::None, Self::Operator, Self::Owner, Self::Administrator];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "anybody",
            Self::Operator => "an operator",
            Self::Owner => "the owner",
            Self::Administrator => "an administrator",
        }
    }

    /// Its name for programs; nobody in particular has none.
    pub(crate) fn word(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Operator => Some("operator"),
            Self::Owner => Some("owner"),
            Self::Administrator => Some("administrator"),
        }
    }

    /// The role of this name for programs; none, where a later server knows more of them.
    pub fn of_word(word: Option<&str>) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.word() == word).unwrap_or(Self::None)
    }

    /// Whether somebody of this role may do that; where it is done to somebody, to one of that role.
    ///
    /// ```
    /// use chat_core::{Right, Role};
    /// assert!(Role::Operator.may(Right::Kick, Some(Role::None)));
    /// assert!(!Role::Operator.may(Right::Kick, Some(Role::Operator)));
    /// ```
    pub fn may(self, right: Right, to: Option<Self>) -> bool {
        match right.granted_to(self) {
            May::No => false,
            May::Lesser => to.is_none_or(|to| to < self),
            May::Yes => true,
        }
    }
}

/// Who may do what: for each right, whether those of each role may, the least role first. Nothing else says so.
#[rustfmt::skip]
pub const RIGHTS: [(Right, [May; 4]); 18] = {
    use May::{Lesser, No, Yes};
    [
        //                   anybody  operator  owner   administrator
        (Right::Op,          [No,     No,       Yes,    Yes]),
        (Right::Deop,        [No,     No,       Yes,    Yes]),
        (Right::Kick,        [No,     Lesser,   Lesser, Lesser]),
        (Right::Ban,         [No,     Lesser,   Lesser, Lesser]),
        (Right::Unban,       [No,     Yes,      Yes,    Yes]),
        (Right::Bans,        [No,     Yes,      Yes,    Yes]),
        (Right::Mute,        [No,     Lesser,   Lesser, Lesser]),
        (Right::Unmute,      [No,     Yes,      Yes,    Yes]),
        (Right::Private,     [No,     No,       Yes,    Yes]),
        (Right::Invite,      [No,     Yes,      Yes,    Yes]),
        (Right::Slow,        [No,     Yes,      Yes,    Yes]),
        (Right::Redact,      [No,     Lesser,   Lesser, Lesser]),
        (Right::Close,       [No,     No,       Yes,    Yes]),
        (Right::Reopen,      [No,     No,       Yes,    Yes]),
        (Right::EnterClosed, [No,     No,       Yes,    Yes]),
        (Right::Enter,       [No,     Yes,      Yes,    Yes]),
        (Right::Haste,       [No,     Yes,      Yes,    Yes]),
        (Right::Addresses,   [No,     Yes,      Yes,    Yes]),
    ]
};

impl Right {
    /// Whether those of a role have it.
    pub fn granted_to(self, role: Role) -> May {
        let row = RIGHTS.iter().find(|(right, _)| *right == self);
        row.map_or(May::No, |(_, by_role)| by_role[role as usize])
    }

    /// The right to a command, by the command's name.
    pub fn of_command(command: &str) -> Option<Self> {
        let mut all = RIGHTS.iter().map(|(right, _)| *right);
        all.find(|right| right.command() == Some(command))
    }

    /// The command that it is for, if it is for one.
    pub fn command(self) -> Option<&'static str> {
        Some(match self {
            Self::Op => "op",
            Self::Deop => "deop",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Unban => "unban",
            Self::Bans => "bans",
            Self::Mute => "mute",
            Self::Unmute => "unmute",
            Self::Private => "private",
            Self::Invite => "invite",
            Self::Slow => "slow",
            Self::Redact => "redact",
            Self::Close => "close",
            Self::Reopen => "reopen",
            Self::EnterClosed | Self::Enter | Self::Haste | Self::Addresses => return None,
        })
    }
}
