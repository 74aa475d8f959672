//! Options of the system's sockets: what it holds for each, and when it gives a peer up.

use socket2::{SockRef, TcpKeepalive};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// Bytes that the system holds of what is sent to a connection. Left to itself, Linux raises that to 4 MiB for
/// whoever reads fast, and then holds as much for whoever reads no more. It counts its own structures,
/// too, and for that doubles what it is told.
const SEND_BUFFER: usize = 64 * 1024;

/// The same of what has come and is not read yet: a connection may have to wait for its turn.
const RECEIVE_BUFFER: usize = 64 * 1024;

/// With more than so many bytes that it could not send yet, the system takes no more: a fast reader is
/// sent as much as is under way to it, and what waits for a slow one waits in the room's log, where all
/// share it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 16 * 1024;

/// How long a connection may be idle before the system asks whether its peer is still there.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(40);

/// How often it asks.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(10);

/// How many times it asks in vain before it gives the peer up.
const KEEP_ALIVE_TIMES: u32 = 3;

/// How long the system waits for a peer that acknowledges nothing, or takes nothing. Linux does not ask whether an
/// idle peer is there while something is unacknowledged, and would wait 15 minutes; the others ask all
/// the same. What is said just before it would have been given up for its silence begins this time anew, so that
/// it may take twice as long.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(70);

/// Bounds what the system holds for each connection of a listener: they have it from the listening
/// socket, before the first byte comes.
pub(crate) fn bound_buffers<'a>(listener: impl Into<SockRef<'a>>) -> io::Result<()> {
    let listener = listener.into();
    listener.set_send_buffer_size(SEND_BUFFER)?;
    listener.set_recv_buffer_size(RECEIVE_BUFFER)
}

/// Has the system hold little that it cannot send.
pub(crate) fn bound_unsent(stream: &TcpStream) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    SockRef::from(stream).set_tcp_notsent_lowat(UNSENT)?;
    let _ = stream;
    Ok(())
}

/// Has what is written sent at once, and a peer that is gone given up in time, in a still room and in a
/// loud one.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let keep_alive = TcpKeepalive::new()
        .with_time(KEEP_ALIVE_AFTER)
        .with_interval(KEEP_ALIVE_EVERY);
    #[cfg(not(target_os = "openbsd"))]
    let keep_alive = keep_alive.with_retries(KEEP_ALIVE_TIMES);
    socket.set_tcp_keepalive(&keep_alive)?;
    // Telnet sends a part of Ctrl-C as urgent data: out of its place, what is left of it is no command.
    socket.set_out_of_band_inline(true)?;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// What is said right before a still peer would be given up begins the time anew.
    #[test]
    fn a_peer_that_is_gone_is_given_up_within_150_s_whatever_is_said() {
        let still = KEEP_ALIVE_AFTER + KEEP_ALIVE_EVERY * KEEP_ALIVE_TIMES;
        assert!(still.max(UNACKNOWLEDGED) + UNACKNOWLEDGED <= Duration::from_secs(150));
    }
}
