//! What is to be done with connections before anybody else sees them, a task for each, and a bound on these.

use crate::listener::TurnedAway;
use chat_core::Host;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, Id, JoinSet};

/// What comes of it: a stream and whose it is, or why there is none.
type Outcome<S> = Result<(S, SocketAddr), String>;

/// Connections under way, each in a task. Dropping this gives all of them up.
#[derive(Debug)]
pub(crate) struct Underway<S> {
    most: usize,
    /// Why some are given up, as a clause.
    crowded: &'static str,
    runtime: Handle,
    tasks: JoinSet<Outcome<S>>,
    peers: HashMap<Id, (SocketAddr, AbortHandle)>,
    /// The oldest of each host first.
    hosts: BTreeMap<Host, VecDeque<Id>>,
    /// Those given up, to be told of.
    given_up: VecDeque<SocketAddr>,
}

impl<S: Send + 'static> Underway<S> {
    pub(crate) fn new(most: usize, crowded: &'static str, runtime: Handle) -> Self {
        Self {
            most,
            crowded,
            runtime,
            tasks: JoinSet::new(),
            peers: HashMap::new(),
            hosts: BTreeMap::new(),
            given_up: VecDeque::new(),
        }
    }

    /// Whether one more can begin. A task that was given up takes a moment to end: there are at most so many of
    /// these, too.
    pub(crate) fn has_room(&self) -> bool {
        self.tasks.len() < 2 * self.most && self.given_up.len() < self.most
    }

    /// Begins one more. If there are as many as there may be, the oldest of the host that has most is given up.
    pub(crate) fn begin(
        &mut self,
        peer: SocketAddr,
        preparation: impl Future<Output = Outcome<S>> + Send + 'static,
    ) {
        if self.peers.len() >= self.most {
            self.give_one_up();
        }
        let task = self.tasks.spawn_on(preparation, &self.runtime);
        let id = task.id();
        self.peers.insert(id, (peer, task));
        let host = self.hosts.entry(Host::of(peer.ip())).or_default();
        host.push_back(id);
    }

    fn give_one_up(&mut self) {
        let most = self.hosts.values().max_by_key(|ids| ids.len());
        if let Some(oldest) = most.and_then(VecDeque::front).copied()
            && let Some((peer, task)) = self.remove(oldest)
        {
            task.abort();
            self.given_up.push_back(peer);
        }
    }

    fn remove(&mut self, id: Id) -> Option<(SocketAddr, AbortHandle)> {
        let (peer, task) = self.peers.remove(&id)?;
        let host = Host::of(peer.ip());
        if let Some(ids) = self.hosts.get_mut(&host) {
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.hosts.remove(&host);
            }
        }
        Some((peer, task))
    }

    /// The next one that has ended: the stream and whose it is, or who was turned away.
    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(S, SocketAddr), TurnedAway>> {
        if let Some(peer) = self.given_up.pop_front() {
            let reason = self.crowded.into();
            return Poll::Ready(Err(TurnedAway { peer, reason }));
        }
        while let Poll::Ready(Some(ended)) = self.tasks.poll_join_next_with_id(cx) {
            let (id, outcome) = match ended {
                Ok((id, outcome)) => (id, outcome),
                Err(error) => (error.id(), Err(format!("a fault of ours: {error}"))),
            };
            // Of those that were given up, it was told already.
            if let Some((peer, _)) = self.remove(id) {
                return Poll::Ready(outcome.map_err(|reason| TurnedAway { peer, reason }));
            }
        }
        Poll::Pending
    }
}
