//! Accepting whoever asks something: a bounded number at the same time, and the next ones wait.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// The pause after a failure to accept: there may be no descriptors for a while.
const PAUSE: Duration = Duration::from_secs(1);

/// What streams come in by.
pub(super) trait Listens: Send + Sync + 'static {
    /// What comes in.
    type Stream: Send;

    /// What it is called in the log.
    const WHAT: &str;

    /// Waits for the next one.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listens for tokio::net::TcpListener {
    type Stream = tokio::net::TcpStream;
    const WHAT: &str = "the metrics' listener";

    async fn accept(&self) -> io::Result<Self::Stream> {
        Self::accept(self).await.map(|(stream, _)| stream)
    }
}

#[cfg(unix)]
impl Listens for tokio::net::UnixListener {
    type Stream = tokio::net::UnixStream;
    const WHAT: &str = "the admin socket";

    async fn accept(&self) -> io::Result<Self::Stream> {
        Self::accept(self).await.map(|(stream, _)| stream)
    }
}

/// Has `answer` done for each stream in a task of its own, on this runtime, for so many at once: the places for these,
/// of which all are free while nobody is answered.
pub(super) fn serve<L: Listens, F>(
    listener: L,
    runtime: &Handle,
    at_once: usize,
    answer: impl Fn(L::Stream) -> F + Send + Sync + 'static,
) -> Arc<Semaphore>
where
    F: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(at_once));
    let free = Arc::clone(&places);
    runtime.spawn(async move {
        loop {
            match listener.accept().await {
                Ok(stream) => {
                    let Ok(place) = Arc::clone(&free).acquire_owned().await else {
                        return;
                    };
                    let answered = answer(stream);
                    tokio::spawn(async move {
                        answered.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "{} cannot accept", L::WHAT);
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    });
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::mpsc;

    /// Gives what a test puts in.
    struct Given(tokio::sync::Mutex<mpsc::Receiver<io::Result<usize>>>);

    impl Listens for Given {
        type Stream = usize;
        const WHAT: &str = "a test";

        async fn accept(&self) -> io::Result<usize> {
            let mut given = self.0.lock().await;
            match given.recv().await {
                Some(next) => next,
                None => std::future::pending().await,
            }
        }
    }

    #[test]
    fn the_next_one_waits_for_a_place_and_a_failure_ends_nothing() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (put, given) = mpsc::channel(8);
            let (done, mut ended) = mpsc::channel(8);
            let open = Arc::new(Semaphore::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            put.send(Err(io::Error::other("no descriptors")))
                .await
                .unwrap();
            for number in 0..3 {
                put.send(Ok(number)).await.unwrap();
            }
            let (gate, now) = (Arc::clone(&open), Arc::new(AtomicUsize::new(0)));
            let seen = Arc::clone(&most);
            let answer = move |number| {
                let (gate, now, seen, done) = (
                    Arc::clone(&gate),
                    Arc::clone(&now),
                    Arc::clone(&seen),
                    done.clone(),
                );
                async move {
                    let here = now.fetch_add(1, Ordering::SeqCst) + 1;
                    seen.fetch_max(here, Ordering::SeqCst);
                    drop(gate.acquire().await);
                    now.fetch_sub(1, Ordering::SeqCst);
                    let _ = done.send(number).await;
                }
            };
            let given = Given(tokio::sync::Mutex::new(given));
            let places = serve(given, &Handle::current(), 2, answer);
            while most.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            open.add_permits(1);
            for _ in 0..3 {
                ended.recv().await.unwrap();
            }
            assert_eq!(most.load(Ordering::SeqCst), 2);
            // Nobody has a place who is only waited for.
            drop(places.acquire_many(2).await.unwrap());
        });
    }
}
