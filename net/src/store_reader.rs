//! The reader's thread: what the core asks the store for is read while the room goes on.

use crate::store::{Reader, StoreError};
use chat_core::{Action, ConnId, History, Input, Record, RoomName};
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::{Context, Poll};
use std::thread;
use tokio::sync::mpsc::{Receiver, channel};

/// So many of the newest entries are in memory when a room is opened.
const NEWEST: usize = 64;

/// A reader at work. Dropping it ends the thread, after what it is reading.
pub(crate) struct Reading {
    asked: SyncSender<Action>,
    answers: Receiver<(ConnId, Answer)>,
}

/// What the store has of what was asked for.
pub(crate) enum Answer {
    Kept(u64, Vec<Record>),
    Found(Option<Record>),
    Opened(Box<History>),
    Unreadable,
}

impl Answer {
    /// What the server is told.
    pub(crate) fn input(&self, id: ConnId) -> Input<'_> {
        match self {
            Self::Kept(oldest, records) => Input::Kept(id, *oldest, records),
            Self::Found(record) => Input::Found(id, record.as_ref()),
            Self::Opened(history) => Input::Opened(id, history),
            Self::Unreadable => Input::Unreadable(id),
        }
    }
}

impl Reading {
    /// A reader that is asked for so much at the same time, at most
    /// ([`Limits::reads`](chat_core::Limits::reads)).
    pub(crate) fn start(reader: Reader, most: usize) -> io::Result<Self> {
        let (asked, received) = sync_channel::<Action>(most.max(1));
        let (tell, answers) = channel(most.max(1));
        let thread = thread::Builder::new().name("reader".into());
        thread.spawn(move || {
            for action in received {
                if let Some(answer) = answer(&reader, &action)
                    && tell.blocking_send(answer).is_err()
                {
                    break;
                }
            }
        })?;
        Ok(Self { asked, answers })
    }

    /// Has something read; never waits. The answer comes by [`poll_answer`](Self::poll_answer), in
    /// the order of what was asked.
    ///
    /// # Errors
    /// When the thread has ended, or more is asked for than there is room for: both are faults of
    /// this program.
    pub(crate) fn ask(&self, action: Action) -> io::Result<()> {
        self.asked.try_send(action).map_err(io::Error::other)
    }

    /// The next answer.
    pub(crate) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(ConnId, Answer)>> {
        let ended = || io::Error::other("the reader's thread has ended");
        self.answers.poll_recv(cx).map(|it| it.ok_or_else(ended))
    }
}

/// Reads what is asked for. A part of the store that cannot be read is the trouble of whoever asks for
/// it.
fn answer(reader: &Reader, asked: &Action) -> Option<(ConnId, Answer)> {
    let unreadable = |error: StoreError| {
        tracing::error!(%error, "a part of the history cannot be read");
        Answer::Unreadable
    };
    match asked {
        Action::Read(id, room, after, most) => {
            let kept = read(reader, room, *after, *most);
            Some((*id, kept.unwrap_or_else(unreadable)))
        }
        Action::Find(id, session, given) => {
            let said = reader.find(session, given).map(Answer::Found);
            Some((*id, said.unwrap_or_else(unreadable)))
        }
        Action::Open(id, room) => {
            let opened = opened(reader, room).map(Answer::Opened);
            Some((*id, opened.unwrap_or_else(unreadable)))
        }
        _ => None,
    }
}

/// Entries of a room, and the oldest that is held after they were read.
fn read(reader: &Reader, room: &RoomName, after: u64, most: usize) -> Result<Answer, StoreError> {
    let records = reader.read(room, after, most)?;
    let oldest = reader.first(room)?;
    let from = oldest.max(after + 1);
    if let Some(next) = records.first().map(|it| it.seq).filter(|next| *next > from) {
        let to = next - 1;
        tracing::error!(from, to, "entries of a room's history cannot be read");
    }
    Ok(Answer::Kept(oldest, records))
}

/// What the store has of a room that nobody is in.
fn opened(reader: &Reader, room: &RoomName) -> Result<Box<History>, StoreError> {
    let head = reader.room(room)?;
    let newest = reader.read(room, head.last.saturating_sub(NEWEST as u64), NEWEST)?;
    Ok(Box::new(head.history(newest)))
}
