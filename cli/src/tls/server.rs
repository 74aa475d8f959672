//! A server's side of TLS, as options.

use super::certificate::Chain;
use super::fingerprint::Fingerprint;
use super::reload::{Files, Reload, watch};
use super::validity::Expiry;
use crate::address::Address;
use crate::option_value::Trimmed;
use crate::secret_file::{self, CREDENTIALS};
use chat_net::proxy::ProxyListener;
use chat_net::tls::{HandshakeThread, Identity, TlsListener};
use chat_net::{Either, TcpListener};
use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

/// A listener that believes balancers.
pub type Proxied = ProxyListener<TcpListener>;

/// A listener for plain text, or for TLS.
pub type AnyListener = Either<Proxied, TlsListener<Proxied>>;

/// Where TLS is spoken, and who the server is there.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsOptions {
    /// Listen here over TLS; may be given several times. ADDR is as for --listen, which has no default any
    /// more. Clients connect with chat-client tls://HOST:PORT
    #[arg(long, value_name = "ADDR", value_parser = Trimmed(Address::from_str))]
    pub listen_tls: Vec<Address>,

    /// The server's certificate and the rest of its chain (PEM). When this file or the key's changes, and at
    /// SIGHUP, both are read anew; nobody is dropped for that. A name without a slash is a file in
    /// `$CREDENTIALS_DIRECTORY`, where systemd sets that. [default: a certificate that the server makes for
    /// itself, once, beside the history; its fingerprint is told on standard error]
    #[arg(long, value_name = "FILE", requires_all = ["key", "listen_tls"])]
    pub cert: Option<PathBuf>,

    /// The key of that certificate (PEM). Nobody but its owner may be able to read the file; where that is root, a
    /// group may, too
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
}

/// What goes on beside the server while it listens for TLS.
#[derive(Debug)]
pub struct Running {
    _handshakes: HandshakeThread,
    /// Asks that the certificate be read anew, if it is in a file of somebody's.
    pub reload: Option<Reload>,
    /// When the certificate runs out.
    pub expiry: Expiry,
}

impl TlsOptions {
    /// Whether a certificate was given that is read anew at SIGHUP.
    pub fn has_files(&self) -> bool {
        self.cert.is_some()
    }

    /// Has those who connect to these shake hands. `dir` is where the server's own certificate is kept.
    ///
    /// # Errors
    /// When there is no certificate and key to be had; the message names the file.
    pub fn start(
        &self,
        listeners: Vec<Proxied>,
        dir: Option<&Path>,
    ) -> io::Result<(Vec<AnyListener>, Option<Running>)> {
        if listeners.is_empty() {
            return Ok((Vec::new(), None));
        }
        let files = self.cert.clone().zip(self.key.clone());
        let place = |given: PathBuf| secret_file::place(&given, env::var_os(CREDENTIALS));
        let files = files.map(|(certificates, key)| Files {
            certificates: place(certificates),
            key: place(key),
        });
        let chain = match &files {
            Some(files) => Chain::read(&files.certificates, &files.key)?,
            None => Chain::self_signed(dir)?,
        };
        let fingerprint = Fingerprint::of(&chain.certificates[0]);
        let own = chain.certificates[0].clone();
        let identity = Identity::new(chain.certificates, chain.key);
        let identity = identity.map_err(|error| match &files {
            Some(files) => files.named(&error),
            None => error,
        })?;
        let identity = Arc::new(identity);
        match (&files, dir) {
            (Some(files), _) => {
                tracing::info!(%fingerprint, file = %files.certificates.display(), "TLS");
            }
            (None, Some(_)) => tracing::info!(
                %fingerprint,
                "TLS, with a certificate of the server's own: a client shows this fingerprint (SHA-256) and asks \
                 when it comes for the first time"
            ),
            (None, None) => tracing::info!(
                %fingerprint,
                "TLS, with a certificate that is forgotten when the server stops, as it keeps nothing: clients \
                 will refuse the next one"
            ),
        }
        let expiry = Expiry::of(&own);
        let reload = files.map(|files| watch(files, Arc::clone(&identity), expiry.clone()));
        let handshakes = HandshakeThread::start()?;
        let over_tls = |listener| TlsListener::new(listener, &identity, handshakes.runtime());
        let listeners: io::Result<Vec<_>> = (listeners.into_iter())
            .map(|listener| over_tls(listener).map(Either::Right))
            .collect();
        let running = Running {
            reload: reload.transpose()?,
            expiry,
            _handshakes: handshakes,
        };
        Ok((listeners?, Some(running)))
    }
}
