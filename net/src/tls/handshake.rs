//! One handshake, from the first byte to a stream that can be talked over.

use super::stream::{Opened, TlsStream};
use rustls::ServerConfig;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;

/// How long a handshake may take, from when the connection is accepted.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

/// The most bytes that wait, encrypted, until a connection's socket takes them.
const UNSENT: usize = 32 * 1024;

/// How long a peer that speaks plain text has to read that this is no place for it.
const PARTING: Duration = Duration::from_secs(1);

/// So many bytes of what it says meanwhile are passed over.
const PASSED_OVER: u64 = 64 * 1024;

/// What is sent to those who speak plain text, or nothing for so long that they may be waiting for a word.
const PLAIN: &[u8] = b"This port speaks TLS: connect with chat-client tls://HOST:PORT, \
or openssl s_client -quiet -connect HOST:PORT\n";

/// Makes a stream of what has just connected, or says why there is none.
pub(super) async fn shake_hands<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    config: Arc<ServerConfig>,
    accepted: Instant,
) -> Result<TlsStream<S>, String> {
    let deadline = accepted + DEADLINE;
    let mut first = [0];
    let first = match timeout_at(deadline, stream.read(&mut first)).await {
        Err(_) => {
            send_away(stream).await;
            return Err("it said nothing, and was to shake hands (TLS)".into());
        }
        Ok(Ok(0)) => return Err("it left before it shook hands (TLS)".into()),
        Ok(Ok(_)) => first[0],
        Ok(Err(error)) => return Err(failed(&error)),
    };
    if !may_be_tls(first) {
        send_away(stream).await;
        return Err("it speaks no TLS".into());
    }
    let opened = Opened {
        first: Some(first),
        stream,
    };
    let handshake = TlsAcceptor::from(config).accept_with(opened, |connection| {
        connection.set_buffer_limit(Some(UNSENT));
    });
    match timeout_at(deadline, handshake).await {
        Err(_) => Err("its handshake (TLS) took too long".into()),
        Ok(Ok(stream)) => Ok(TlsStream::new(stream)),
        Ok(Err(error)) => Err(failed(&error)),
    }
}

fn failed(error: &io::Error) -> String {
    format!("its handshake (TLS) failed: {error}")
}

/// Whether a connection over TLS begins so, well or badly: a type of its records (RFC 8446, section 5.1), or SSL
/// 2, which is answered with an alert. No text does.
fn may_be_tls(first: u8) -> bool {
    matches!(first, 20..=24 | 0x80)
}

/// Says in plain text what is spoken here, and closes so that it can be read: with something unread left, the
/// system would have the peer throw that away.
async fn send_away<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let parting = async {
        stream.write_all(PLAIN).await?;
        stream.shutdown().await?;
        let mut rest = stream.take(PASSED_OVER);
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    // It is gone in any case.
    let _ = timeout_at(Instant::now() + PARTING, parting).await;
}
