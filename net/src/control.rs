//! What those who look after a running server ask of it: a bounded queue to the task that owns the room, and an
//! answer to each. Whoever asks waits; the room does not.

use chat_core::{
    Asked, Banned, Census, ConnId, Input, Limits, Name, Network, Present, RoomName, Server,
    Timestamp, Usage, Whom,
};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Questions that may wait for the room; with one more, it counts as not answering.
const WAITING: usize = 8;

/// When clients of a server that is soon back come back, for each of them.
const SPREAD: Duration = Duration::from_micros(500);

/// The longest time over which they are spread.
const MAX_SPREAD: Duration = Duration::from_secs(5);

/// Something that is asked, and where the answer goes. Whoever does not wait for it any more is of no concern.
enum Question {
    Usage(oneshot::Sender<Usage>),
    Census(usize, oneshot::Sender<Census>),
    Members(usize, oneshot::Sender<Members>),
    Rooms(usize, oneshot::Sender<Rooms>),
    Announce(String, oneshot::Sender<usize>),
    Kick(String, String, oneshot::Sender<bool>),
    SetAdmin(String, bool, oneshot::Sender<Admin>),
    FreeName(String, oneshot::Sender<Admin>),
    Bans(oneshot::Sender<Vec<Banned>>),
    Order(
        Box<Asked<'static>>,
        oneshot::Sender<Result<Ordered, String>>,
    ),
    Granted(oneshot::Sender<Box<Limits>>),
    Limits(Box<Limits>, oneshot::Sender<()>),
    Drain(oneshot::Sender<Drained>),
}

/// Who is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    /// They, in the order of their names, as many as were asked for.
    pub people: Vec<Present>,
    /// How many more there are.
    pub more: usize,
}

/// The rooms in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rooms {
    /// Their names, in order, as many as were asked for, and how many are in each.
    pub rooms: Vec<(RoomName, usize)>,
    /// How many more there are.
    pub more: usize,
}

/// What comes of making somebody an administrator, or none, or of ending a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admin {
    /// It is so.
    Done,
    /// It was so already.
    Unchanged,
    /// The name belongs to nobody: they have to claim it first.
    Unclaimed,
    /// There is no room on the disk for that.
    DiskFull,
}

/// What comes of keeping somebody out, or letting them in again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ordered {
    /// Until when somebody is kept out, in milliseconds since the Unix epoch; with none, there is no such end.
    pub until: Option<u64>,
    /// It keeps nobody out as things are: connections of this machine are exempt from what is ordered of hosts.
    pub is_of_exempt: bool,
}

/// What comes of stopping the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// The connections that there are.
    pub connections: usize,
    /// It was stopping before.
    pub is_already: bool,
}

/// The server is gone, or has too many questions waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoAnswer;

/// Asks a running server; may be cloned.
#[derive(Clone, Debug)]
pub struct Control(mpsc::Sender<Question>);

/// The end that the server has of it.
pub struct Controlled {
    asked: mpsc::Receiver<Question>,
    /// What is answered once so many entries are committed.
    uncommitted: Vec<(u64, Done)>,
}

/// What was done, and who is told once it is there to stay.
enum Done {
    Admin(oneshot::Sender<Admin>),
    Order(Ordered, oneshot::Sender<Result<Ordered, String>>),
}

impl Done {
    /// Whoever asked may be gone, which is no fault of the server's.
    fn tell(self) {
        match self {
            Self::Admin(to) => drop(to.send(Admin::Done)),
            Self::Order(ordered, to) => drop(to.send(Ok(ordered))),
        }
    }
}

impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question")
    }
}

impl std::fmt::Debug for Controlled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Controlled")
    }
}

/// Both ends, the second for [`Options::control`](crate::Options::control).
pub fn control() -> (Control, Controlled) {
    let (asks, asked) = mpsc::channel(WAITING);
    let controlled = Controlled {
        asked,
        uncommitted: Vec::new(),
    };
    (Control(asks), controlled)
}

impl Control {
    /// What the server has of what its limits bound. It is answered from the first pass on, after all is bound and
    /// the history is open.
    ///
    /// # Errors
    /// As all of these, when the server is gone, or has too many questions waiting.
    pub async fn usage(&self) -> Result<Usage, NoAnswer> {
        self.ask(Question::Usage).await
    }

    /// Counts connections, and names so many hosts at most.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn census(&self, hosts: usize) -> Result<Census, NoAnswer> {
        self.ask(|answer| Question::Census(hosts, answer)).await
    }

    /// Who is in the room: so many at most.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn members(&self, most: usize) -> Result<Members, NoAnswer> {
        self.ask(|answer| Question::Members(most, answer)).await
    }

    /// Which rooms there are: so many at most.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn rooms(&self, most: usize) -> Result<Rooms, NoAnswer> {
        self.ask(|answer| Question::Rooms(most, answer)).await
    }

    /// Tells everyone something; how many are in the room.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn announce(&self, text: String) -> Result<usize, NoAnswer> {
        self.ask(|answer| Question::Announce(text, answer)).await
    }

    /// Has somebody go, named by their name or as the log names their connection, and tells them why; whether there
    /// is such a one. Where both can be meant, it is the name.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn kick(&self, whom: String, reason: String) -> Result<bool, NoAnswer> {
        self.ask(|answer| Question::Kick(whom, reason, answer))
            .await
    }

    /// Has whoever owns a name be an administrator, or no more. It is answered once that is kept.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn set_admin(&self, name: String, is_on: bool) -> Result<Admin, NoAnswer> {
        self.ask(|answer| Question::SetAdmin(name, is_on, answer))
            .await
    }

    /// Has a name belong to nobody any more. It is answered once that is kept.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn free_name(&self, name: String) -> Result<Admin, NoAnswer> {
        self.ask(|answer| Question::FreeName(name, answer)).await
    }

    /// Has somebody banned from the lobby, and so from the server, or let in again; why not, in words, where that is not done.
    /// It is answered once that is kept.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn order(&self, asked: Asked<'static>) -> Result<Result<Ordered, String>, NoAnswer> {
        self.ask(|answer| Question::Order(Box::new(asked), answer))
            .await
    }

    /// Who is kept out of the server, the oldest first.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn bans(&self) -> Result<Vec<Banned>, NoAnswer> {
        self.ask(Question::Bans).await
    }

    /// What clients are granted.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn limits(&self) -> Result<Limits, NoAnswer> {
        self.ask(Question::Granted).await.map(|limits| *limits)
    }

    /// Changes what newcomers are granted, and everyone's rates.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn set_limits(&self, limits: Limits) -> Result<(), NoAnswer> {
        let limits = Box::new(limits);
        self.ask(|answer| Question::Limits(limits, answer)).await
    }

    /// Has the server stop, to be started again: clients are told to come back at different times. How many there
    /// are.
    ///
    /// # Errors
    /// As [`usage`](Self::usage).
    pub async fn drain(&self) -> Result<Drained, NoAnswer> {
        self.ask(Question::Drain).await
    }

    async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Question,
    ) -> Result<T, NoAnswer> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(question(answer)).map_err(|_| NoAnswer)?;
        answered.await.map_err(|_| NoAnswer)
    }
}

impl Controlled {
    /// Answers the next question, if there is one: one in a pass, so that whoever asks without pause takes no more
    /// from the room than that. Whether there was one, and whether it was to stop.
    pub(crate) fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        now: Timestamp,
        server: &mut Server,
    ) -> Poll<bool> {
        self.tell_committed(server);
        let Poll::Ready(Some(question)) = self.asked.poll_recv(cx) else {
            return Poll::Pending;
        };
        let is_drained = matches!(question, Question::Drain(_));
        if let Some(done) = answer(question, now, server)
            // Who asks more than that of a disk that does not answer has no answer.
            && self.uncommitted.len() < WAITING
        {
            self.uncommitted.push((server.ordered(), done));
            self.tell_committed(server);
        }
        Poll::Ready(is_drained)
    }

    /// Answers what is there to stay by now.
    fn tell_committed(&mut self, server: &Server) {
        let settled = server.settled();
        for (_, done) in self.uncommitted.extract_if(.., |(at, _)| *at <= settled) {
            done.tell();
        }
    }
}

/// Answers a question, or says who is to be told that it is done, once it is there to stay. Whoever asked may be gone, which is no
/// fault of the server's.
fn answer(question: Question, now: Timestamp, server: &mut Server) -> Option<Done> {
    match question {
        Question::Usage(to) => {
            let _ = to.send(server.usage());
        }
        Question::Census(hosts, to) => {
            let _ = to.send(server.census(hosts));
        }
        Question::Members(most, to) => {
            let more = server.members().len().saturating_sub(most);
            let people = server.present().take(most).collect();
            let _ = to.send(Members { people, more });
        }
        Question::Rooms(most, to) => {
            let rooms = server.rooms().map(|(name, here)| (name.clone(), here));
            let mut rooms: Vec<_> = rooms.collect();
            let more = rooms.len().saturating_sub(most);
            rooms.truncate(most);
            let _ = to.send(Rooms { rooms, more });
        }
        Question::Announce(text, to) => {
            server.handle(now, Input::Announce(&text));
            let _ = to.send(server.population());
        }
        Question::Kick(whom, reason, to) => {
            let name = Name::parse(&whom).ok();
            let by_name = name.as_ref().map(Whom::Name);
            let by_id = ConnId::parse(&whom).map(Whom::Connection);
            let all = by_name.into_iter().chain(by_id);
            let found = all.into_iter().find(|&whom| server.can_kick(whom));
            if let Some(whom) = found {
                server.handle(now, Input::Kick(whom, &reason));
            }
            let _ = to.send(found.is_some());
        }
        Question::SetAdmin(name, is_on, to) => {
            let name = Name::parse(&name).ok();
            let before = name.as_ref().and_then(|name| server.is_admin(name));
            let refused = match (name, before) {
                (None, _) | (_, None) => Admin::Unclaimed,
                (_, Some(before)) if before == is_on => Admin::Unchanged,
                _ if server.usage().is_disk_full => Admin::DiskFull,
                (Some(name), _) => {
                    server.handle(now, Input::SetAdmin(&name, is_on));
                    return Some(Done::Admin(to));
                }
            };
            let _ = to.send(refused);
        }
        Question::FreeName(name, to) => {
            let name = Name::parse(&name).ok();
            let own = name.filter(|name| server.is_admin(name).is_some());
            let refused = match own {
                None => Admin::Unclaimed,
                _ if server.usage().is_disk_full => Admin::DiskFull,
                Some(own) => {
                    server.handle(now, Input::FreeName(&own));
                    return Some(Done::Admin(to));
                }
            };
            let _ = to.send(refused);
        }
        Question::Order(asked, to) => {
            let Some(why) = server.refusal_of(&asked) else {
                server.handle(now, Input::Order(&asked));
                return Some(Done::Order(ordered(&asked, server), to));
            };
            let _ = to.send(Err(why));
        }
        Question::Bans(to) => {
            let _ = to.send(server.banned().collect());
        }
        Question::Granted(to) => {
            let _ = to.send(Box::new(server.limits().clone()));
        }
        Question::Limits(limits, to) => {
            server.set_limits(&limits);
            let _ = to.send(());
        }
        Question::Drain(to) => {
            let connections = server.connections();
            let clients = u32::try_from(connections).unwrap_or(u32::MAX);
            let spread = SPREAD.saturating_mul(clients).min(MAX_SPREAD);
            let is_already = server.usage().is_stopping;
            if !is_already {
                server.handle(now, Input::Drain(spread));
            }
            let _ = to.send(Drained {
                connections,
                is_already,
            });
        }
    }
    None
}

/// What has come of an order that was just given.
fn ordered(asked: &Asked<'_>, server: &Server) -> Ordered {
    let is_ban = matches!(asked, Asked::Ban { .. });
    let Some(ban) = server.banned().last().filter(|_| is_ban) else {
        return Ordered::default();
    };
    let is_loopback = ban.from.is_some_and(Network::is_loopback);
    Ordered {
        until: ban.until,
        is_of_exempt: ban.whom.is_none() && is_loopback && !server.limits().limit_loopback,
    }
}
