//! What a server proves who it is with.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::io::{self, ErrorKind};
use std::sync::{Arc, PoisonError, RwLock};

/// A chain of certificates, the server's own first, and the key of that. It can be replaced while the server
/// runs: handshakes that begin after that get the new one, and nobody who is connected notices.
#[derive(Debug)]
pub struct Identity(RwLock<Arc<CertifiedKey>>);

impl Identity {
    /// What a chain and a key make.
    ///
    /// # Errors
    /// When there is no certificate, the key is of no kind that is known, or the two do not belong together.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> io::Result<Self> {
        Ok(Self(RwLock::new(certified(chain, key)?)))
    }

    /// Puts this in place of what was.
    ///
    /// # Errors
    /// As for [`Identity::new`]; what was stays.
    pub fn replace(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> io::Result<()> {
        let new = certified(chain, key)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// TLS 1.2 and 1.3 for a server with this identity. Nothing is kept of a session: a client that comes
    /// back shakes hands anew.
    pub(super) fn config(self: &Arc<Self>) -> io::Result<Arc<ServerConfig>> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self));
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certified = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&certified))
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> io::Result<Arc<CertifiedKey>> {
    let invalid = |what: String| io::Error::new(ErrorKind::InvalidData, what);
    if chain.is_empty() {
        return Err(invalid("there is no certificate".into()));
    }
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
    certified.map(Arc::new).map_err(|error| {
        invalid(match error {
            rustls::Error::InconsistentKeys(_) => "the key is not of that certificate".into(),
            error => error.to_string(),
        })
    })
}
