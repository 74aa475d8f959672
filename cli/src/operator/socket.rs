//! The admin socket: its owner's alone.

use super::protocol::{Answer, MAX_REQUEST, Request};
use super::{Operator, accept};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixStream as Blocking;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixSocket, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// So many are answered at the same time; the next ones wait.
pub(super) const AT_ONCE: u32 = 4;

/// How long a request may take to come, and an answer to go.
const TIME: Duration = Duration::from_secs(5);

/// Listens on a path, which nobody but the owner can open at any time.
pub(super) fn bind(path: &Path) -> io::Result<UnixListener> {
    let failed = |error: io::Error| {
        let path = path.display();
        let hint = "--admin PATH chooses another one";
        io::Error::new(
            error.kind(),
            format!("the admin socket {path} cannot be had: {error}; {hint}"),
        )
    };
    remove_left(path).map_err(failed)?;
    let bound = || {
        let socket = UnixSocket::new_stream()?;
        socket.bind(path)?;
        // Before it listens, nobody can connect.
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        socket.listen(16)
    };
    bound().map_err(failed)
}

/// Removes what a server left that was killed.
fn remove_left(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::other("there is something else"));
        }
        Ok(_) => {}
    }
    if Blocking::connect(path).is_ok() {
        return Err(io::Error::other("another server has it"));
    }
    fs::remove_file(path)
}

/// Answers whoever may ask; the places of those who are answered, [`AT_ONCE`] in all.
pub(super) fn serve(
    listener: UnixListener,
    operator: Arc<Operator>,
    runtime: &Handle,
) -> Arc<Semaphore> {
    accept::serve(listener, runtime, AT_ONCE as usize, move |stream| {
        let operator = Arc::clone(&operator);
        async move {
            // Whoever goes away before the end misses the answer.
            let _ = converse(stream, &operator).await;
        }
    })
}

async fn converse(mut stream: UnixStream, operator: &Operator) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    let answer = if is_allowed(peer, rustix::process::geteuid().as_raw()) {
        match timeout(TIME, request(&mut stream)).await {
            Ok(Ok(request)) => operator.answer(request).await,
            Ok(Err(error)) => Answer::Error {
                text: error.to_string(),
            },
            Err(_) => return Ok(()),
        }
    } else {
        tracing::warn!(user = peer, "the admin socket was opened by another user");
        Answer::Error {
            text: "only the server's own user and root may ask".into(),
        }
    };
    let mut line = serde_json::to_string(&answer)?;
    line.push('\n');
    timeout(TIME, stream.write_all(line.as_bytes())).await??;
    Ok(())
}

/// Whether a user may ask a server that another one runs.
fn is_allowed(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

async fn request(stream: &mut UnixStream) -> io::Result<Request> {
    let mut line = String::new();
    let mut limited = BufReader::new(stream.take(MAX_REQUEST + 1));
    if limited.read_line(&mut line).await? as u64 > MAX_REQUEST {
        let error = format!("a request is longer than {MAX_REQUEST} bytes");
        return Err(io::Error::other(error));
    }
    Ok(serde_json::from_str(&line)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_and_root_may_ask_and_nobody_else() {
        assert!(is_allowed(1000, 1000));
        assert!(is_allowed(0, 1000));
        assert!(!is_allowed(1001, 1000));
        assert!(!is_allowed(1000, 0));
    }

    #[test]
    fn what_is_no_socket_is_left_alone() {
        let path = std::env::temp_dir().join(format!("chat-socket-{}", std::process::id()));
        fs::write(&path, "a file").unwrap();
        assert!(
            bind(&path)
                .unwrap_err()
                .to_string()
                .contains("something else")
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "a file");
        fs::remove_file(path).unwrap();
    }
}
