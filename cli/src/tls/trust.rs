//! Whom a client trusts.

use super::fingerprint::Fingerprint;
use super::known_servers::Known;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// What a server has to show.
#[derive(Clone, Debug)]
pub enum Expected {
    /// The certificate of this fingerprint, whoever vouches for it.
    Given(Fingerprint),
    /// A certificate that an authority of the system's vouches for, or one that was trusted before: these, by the
    /// file that they are in.
    Known(Vec<Known>, PathBuf),
}

/// Why a server is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untrusted {
    /// Nobody vouches for it, and it was not met before.
    Unknown {
        /// Its certificate's.
        fingerprint: Fingerprint,
        /// What is wrong with the certificate for those who do not know it.
        why: String,
    },
    /// It was another one before.
    Changed {
        /// Its certificate's.
        fingerprint: Fingerprint,
        /// What it was.
        known: Known,
        /// The file that says so.
        file: PathBuf,
    },
    /// It is not the one that was given.
    NotGiven {
        /// Its certificate's.
        fingerprint: Fingerprint,
    },
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { fingerprint, why } => write!(
                f,
                "nobody whom this machine trusts vouches for its certificate ({why}). Connect once at a terminal, \
                 where you are asked; or, if whoever runs the server tells you that its fingerprint is this, give \
                 --fingerprint {fingerprint}"
            ),
            Self::Changed {
                fingerprint,
                known,
                file,
            } => write!(
                f,
                "ITS CERTIFICATE HAS CHANGED, and somebody may be in between who reads everything. Its fingerprint \
                 was {}, and is {fingerprint}. Only if whoever runs the server tells you that this is right: \
                 remove line {} of {}",
                known.fingerprint,
                known.line,
                file.display()
            ),
            Self::NotGiven { fingerprint } => write!(
                f,
                "its certificate is not the one of --fingerprint, and somebody may be in between who reads \
                 everything. Its fingerprint is {fingerprint}"
            ),
        }
    }
}

impl std::error::Error for Untrusted {}

/// Looks at a server's certificate.
#[derive(Debug)]
pub struct Verifier {
    expected: Expected,
    /// The authorities that the system trusts, if it has any.
    system: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    /// One that trusts what is expected.
    pub fn new(expected: Expected, provider: &Arc<CryptoProvider>) -> Self {
        let system = match expected {
            Expected::Given(_) => None,
            Expected::Known(..) => authorities(provider),
        };
        Self {
            expected,
            system,
            provider: Arc::clone(provider),
        }
    }
}

/// Those of the system. What it has that cannot be read vouches for nobody.
fn authorities(provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    verifier.build().ok()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let fingerprint = Fingerprint::of(certificate);
        let untrusted = match &self.expected {
            Expected::Given(given) if *given == fingerprint => None,
            Expected::Given(_) => Some(Untrusted::NotGiven { fingerprint }),
            Expected::Known(known, file) => {
                let vouched_for = match &self.system {
                    None => Err("this machine trusts no authority".into()),
                    Some(system) => system
                        .verify_server_cert(certificate, intermediates, name, ocsp, now)
                        .map_err(|error| error.to_string()),
                };
                let is_known = known.iter().any(|known| known.fingerprint == fingerprint);
                match vouched_for {
                    Ok(_) => None,
                    Err(_) if is_known => None,
                    Err(why) => Some(match known.first() {
                        None => Untrusted::Unknown { fingerprint, why },
                        Some(known) => Untrusted::Changed {
                            fingerprint,
                            known: *known,
                            file: file.clone(),
                        },
                    }),
                }
            }
        };
        match untrusted {
            None => Ok(ServerCertVerified::assertion()),
            Some(untrusted) => {
                let untrusted = CertificateError::Other(OtherError(Arc::new(untrusted)));
                Err(Error::InvalidCertificate(untrusted))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let algorithms = &self.provider.signature_verification_algorithms;
        algorithms.supported_schemes()
    }
}
