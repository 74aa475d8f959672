//! Connecting to a server by name: its addresses are tried side by side (RFC 8305, "Happy Eyeballs").

use crate::address::Address;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long an address may be silent before the next one is tried as well (RFC 8305, section 8).
const NEXT_AFTER: Duration = Duration::from_millis(250);

/// How long all of them may be silent: just less than what a client waits for a connection, so that it is told which
/// they were.
const PATIENCE: Duration = Duration::from_millis(9_800);

/// So many addresses that do not answer are named.
const NAMED: usize = 4;

/// Connects to the first of a server's addresses that answers, within 9.8 s.
///
/// # Errors
/// When the name is not known, or no address can be connected to: the first failure, and the address; or all of them, where
/// none answers.
pub async fn connect(server: &Address, local_port: Option<u16>) -> io::Result<TcpStream> {
    let from = local_port.map_or(String::new(), |port| format!(" from port {port}"));
    let failed =
        |error: io::Error| io::Error::new(error.kind(), format!("{server}{from}: {error}"));
    let addresses = in_turn(server.look_up().await.map_err(failed)?);
    let silent = || silence(&addresses);
    let first = timeout(PATIENCE, first_of(addresses.clone(), local_port)).await;
    first.unwrap_or_else(|_| Err(silent())).map_err(failed)
}

/// That none of these addresses has answered.
fn silence(addresses: &VecDeque<SocketAddr>) -> io::Error {
    let named: Vec<String> = addresses
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let more = match addresses.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let seconds = PATIENCE.as_secs_f32().ceil();
    let why = format!(
        "no answer from {}{more} within {seconds} s",
        named.join(", ")
    );
    io::Error::new(io::ErrorKind::TimedOut, why)
}

/// Connects to the first of these addresses that answers.
async fn first_of(
    mut addresses: VecDeque<SocketAddr>,
    local_port: Option<u16>,
) -> io::Result<TcpStream> {
    let mut tries = JoinSet::new();
    let mut failure = None;
    loop {
        if let Some(address) = addresses.pop_front() {
            tries.spawn(async move { chat_net::connect(address, local_port).await });
        }
        let has_more = !addresses.is_empty();
        tokio::select! {
            biased;
            made = tries.join_next() => match made {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) => drop(failure.get_or_insert(error)),
                // Nothing in a try panics, and nobody else ends one.
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => {
                    let none = || io::Error::new(io::ErrorKind::NotFound, "it has no address");
                    return Err(failure.unwrap_or_else(none));
                }
            },
            () = sleep(NEXT_AFTER), if has_more => {}
        }
    }
}

/// The addresses of both families in turn, the family of the first one first (RFC 8305, section 4).
fn in_turn(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut addresses = addresses.into_iter().peekable();
    let first = addresses.peek().is_some_and(SocketAddr::is_ipv6);
    let (mut ours, mut others): (VecDeque<_>, VecDeque<_>) =
        addresses.partition(|it| it.is_ipv6() == first);
    let mut all = VecDeque::new();
    while !ours.is_empty() || !others.is_empty() {
        all.extend(ours.pop_front());
        all.extend(others.pop_front());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::net::TcpListener;

    fn addresses(texts: &[&str]) -> VecDeque<SocketAddr> {
        texts.iter().map(|it| it.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns() {
        let found = addresses(&[
            "[::1]:1",
            "[::2]:1",
            "[::3]:1",
            "127.0.0.1:1",
            "127.0.0.2:1",
        ]);
        let turns = in_turn(found);
        let expected = [
            "[::1]:1",
            "127.0.0.1:1",
            "[::2]:1",
            "127.0.0.2:1",
            "[::3]:1",
        ];
        assert_eq!(turns, addresses(&expected));
    }

    /// A listener whose queue is full: the system drops what comes, as a firewall does.
    async fn silent() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await
        {
            queued.push(stream);
        }
        (listener, queued, address)
    }

    #[tokio::test]
    async fn an_address_that_does_not_answer_holds_up_no_other_one() {
        let (_full, _queued, dead) = silent().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let begun = Instant::now();
        let stream = first_of([dead, alive].into(), None).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
        assert!(begun.elapsed() >= NEXT_AFTER, "each has its time");
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
    }

    #[test]
    fn addresses_that_do_not_answer_are_named_up_to_four() {
        let five = addresses(&[
            "[::1]:1",
            "127.0.0.1:1",
            "[::2]:1",
            "127.0.0.2:1",
            "[::3]:1",
        ]);
        let four: VecDeque<_> = five.iter().take(NAMED).copied().collect();
        let named = "no answer from [::1]:1, 127.0.0.1:1, [::2]:1, 127.0.0.2:1";
        assert_eq!(silence(&four).to_string(), format!("{named} within 10 s"));
        assert_eq!(
            silence(&five).to_string(),
            format!("{named} and 1 more within 10 s")
        );
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_followed_at_once_and_the_first_failure_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let closed = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let refuses = closed.local_addr().unwrap();
        drop(closed);
        let stream = first_of([refuses, alive].into(), None).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
        let error = first_of([refuses, refuses].into(), None).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let error = first_of(VecDeque::new(), None).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
