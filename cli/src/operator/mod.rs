//! The side of a server that faces its operator: the admin socket, the metrics, the supervisor. It has a thread of its
//! own, and asks the room by a bounded queue: whatever is asked of it, the room takes one short question in a pass.

mod accept;
#[cfg(unix)]
mod answers;
#[cfg(unix)]
pub mod ask;
mod exporter;
pub mod notify;
pub mod protocol;
#[cfg(unix)]
mod socket;
mod usage;

use crate::tls::validity::Expiry;
use chat_core::Limits;
use chat_net::{Control, Metrics};
use notify::Notify;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// The socket's name in the directory of the history.
pub const SOCKET: &str = "admin.sock";

/// How long the room may take to answer before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the end of the server waits for answers under way.
#[cfg(unix)]
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// How often the supervisor is told how the server is, unless it wants to know more often.
const STATUS: Duration = Duration::from_secs(10);

/// What a configuration that was read anew changes.
#[derive(Debug)]
pub struct Reloaded {
    /// What clients are granted from now on.
    pub limits: Limits,
    /// Options that are in force now and were not.
    pub applied: Vec<String>,
    /// Options that have changed and need a restart.
    pub restart: Vec<String>,
}

/// Reads the configuration anew.
pub type Reload = Box<dyn Fn() -> Result<Reloaded, String> + Send + Sync>;

/// Changes which log messages are written.
pub type SetLog = Box<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// All that the operator's side of a server works with.
pub struct Operator {
    /// Asks the room.
    pub control: Control,
    /// What the room counts.
    pub metrics: Metrics,
    /// The directory of the history, if there is one.
    pub data: Option<PathBuf>,
    /// Reads the configuration anew.
    pub reload: Reload,
    /// Changes which log messages are written.
    pub set_log: SetLog,
    /// When the certificate runs out, if there is one.
    pub certificate: Option<Expiry>,
    /// The supervisor.
    pub notify: Arc<Notify>,
    /// Whether SIGHUP reads the configuration anew.
    pub reloads_at_hang_up: bool,
    /// When the server was started.
    pub started: Instant,
}

/// Where the operator's side listens.
#[derive(Debug, Default)]
pub struct Places {
    /// The admin socket.
    pub socket: Option<PathBuf>,
    /// Whether the server does not start without it.
    pub is_socket_required: bool,
    /// For whoever collects metrics.
    pub metrics: Option<TcpListener>,
}

/// The operator's side at work. What it has made goes with it.
#[derive(Debug)]
pub struct Running {
    socket: Option<PathBuf>,
    /// The places of those who are answered on it.
    #[cfg(unix)]
    answered: Option<Arc<tokio::sync::Semaphore>>,
}

impl Running {
    /// Has whoever asked something have their answer, for so long, or half a second, at most: the server that was told to drain may
    /// be done before it is said that it does.
    pub async fn finish(self, most: Duration) {
        #[cfg(unix)]
        if let Some(places) = &self.answered {
            // Whoever is silent has no answer to have.
            let _ = timeout(most.min(LAST_ANSWERS), places.acquire_many(socket::AT_ONCE)).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(socket) = &self.socket {
            let _ = std::fs::remove_file(socket);
        }
    }
}

impl Operator {
    /// Starts to listen, in a thread.
    ///
    /// # Errors
    /// When a socket or the thread cannot be had.
    pub fn start(self, places: Places) -> io::Result<Running> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(4)
            .build()?;
        let this = Arc::new(self);
        match Arc::clone(&this).listen(places, &runtime) {
            Ok(running) => {
                let thread = thread::Builder::new().name("operator".into());
                thread.spawn(move || runtime.block_on(this.tell_supervisor()))?;
                Ok(running)
            }
            Err(error) => {
                // Whoever starts it may be within a runtime of its own, which must not wait for this one.
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    fn listen(self: Arc<Self>, places: Places, runtime: &Runtime) -> io::Result<Running> {
        let _within = runtime.enter();
        let mut running = Running {
            socket: None,
            #[cfg(unix)]
            answered: None,
        };
        #[cfg(unix)]
        if let Some(path) = &places.socket {
            match socket::bind(path) {
                Ok(listener) => {
                    tracing::info!(socket = %path.display(), "chat-server admin is answered");
                    let places = socket::serve(listener, Arc::clone(&self), runtime.handle());
                    running.answered = Some(places);
                    running.socket = Some(path.clone());
                }
                Err(error) if places.is_socket_required => return Err(error),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        if let Some(listener) = places.metrics {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tracing::info!(address = %listener.local_addr()?, "metrics are exported");
            exporter::serve(listener, Arc::clone(&self), runtime.handle());
        }
        #[cfg(unix)]
        if self.reloads_at_hang_up {
            use tokio::signal::unix::{SignalKind, signal};
            let mut hang_ups = signal(SignalKind::hangup())?;
            runtime.spawn(async move {
                while hang_ups.recv().await.is_some() {
                    let _ = self.reload().await;
                }
            });
        }
        Ok(running)
    }

    /// Reads the configuration anew and puts in force what can be; all of it or nothing.
    async fn reload(&self) -> Result<Reloaded, String> {
        let reloaded = match (self.reload)() {
            Ok(reloaded) => self
                .patient(self.control.set_limits(reloaded.limits.clone()))
                .await
                .map(|()| reloaded),
            Err(error) => Err(error),
        };
        match &reloaded {
            Ok(Reloaded {
                applied, restart, ..
            }) => tracing::info!(
                applied = applied.join(", "),
                needs_restart = restart.join(", "),
                "the configuration was read anew"
            ),
            Err(error) => tracing::error!(%error, "the configuration stays as it was"),
        }
        reloaded
    }

    /// Waits for an answer of the room, but not forever.
    async fn patient<T>(
        &self,
        answer: impl Future<Output = Result<T, chat_net::NoAnswer>>,
    ) -> Result<T, String> {
        match timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err("the server is stopping, or has too much to do".into()),
            Err(_) => Err(format!("the room has not answered for {PATIENCE:?}")),
        }
    }

    /// Tells the supervisor that all is ready, and from then on that the room answers.
    async fn tell_supervisor(&self) {
        let watchdog = self.notify.watchdog().map(|limit| limit / 2);
        let every = watchdog.map_or(STATUS, |limit| limit.min(STATUS));
        let mut is_ready = false;
        loop {
            // Answered in a pass: everything is bound, and the history is folded.
            if let Ok(usage) = self.patient(self.control.usage()).await {
                if !is_ready {
                    self.notify.tell("READY=1");
                    is_ready = true;
                }
                let (people, connections) = (usage.members, usage.connections);
                let status = format!("STATUS=people: {people}, connections: {connections}");
                self.notify.tell(&format!("WATCHDOG=1\n{status}"));
            }
            tokio::time::sleep(every).await;
        }
    }
}

/// The sockets that a supervisor has opened for the server (`sd_listen_fds(3)`), if any.
///
/// # Errors
/// When one of them is no listening TCP socket.
pub fn inherited() -> io::Result<Vec<chat_net::TcpListener>> {
    #[cfg(unix)]
    {
        let mut given = listenfd::ListenFd::from_env();
        let taken = (0..given.len()).filter_map(|index| given.take_tcp_listener(index).transpose());
        taken
            .map(|listener| chat_net::TcpListener::adopt(listener?))
            .collect()
    }
    #[cfg(not(unix))]
    Ok(Vec::new())
}
