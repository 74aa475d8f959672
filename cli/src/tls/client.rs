//! A client's side of TLS: it connects to servers that it trusts, and asks about those that it meets first.

use super::fingerprint::Fingerprint;
use super::known_servers::KnownServers;
use super::parting::Parting;
use super::trust::{Expected, Untrusted, Verifier};
use crate::address::Address;
use crate::connect::connect;
use chat_net::Either;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error};
use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// A connection in plain text, or over TLS.
pub type Stream = Either<TcpStream, Parting>;

/// How long the first connection may take before the client goes on without it.
const FIRST: Duration = Duration::from_secs(10);

/// For names that no certificate can have.
const NO_NAME: &str = "invalid";

/// A server as people write it: an [`Address`], with `tls://` before it where TLS is to be spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it is.
    pub address: Address,
    /// Whether `tls://` was written.
    pub over_tls: bool,
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const SCHEME: &str = "tls://";
        let scheme = text.get(..SCHEME.len());
        let over_tls = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
        let address = if over_tls {
            let rest = &text[SCHEME.len()..];
            rest.strip_suffix('/').unwrap_or(rest)
        } else {
            text
        };
        Ok(Self {
            address: address.parse()?,
            over_tls,
        })
    }
}

impl Server {
    /// Whether nobody can read along on connections to it: they are over TLS, as asked for or written, or do not leave this
    /// machine.
    pub fn is_private(&self, over_tls: bool) -> bool {
        over_tls || self.over_tls || self.address.is_here()
    }
}

/// Makes connections to one server.
#[derive(Debug)]
pub struct Connector {
    server: Address,
    /// Nothing where plain text is spoken.
    tls: Option<Tls>,
}

#[derive(Debug)]
struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    /// Where it is looked up, and remembered, whether the server was trusted before.
    known: Option<KnownServers>,
}

impl Connector {
    /// As somebody wishes: over TLS, if that is asked for or written before the address; with a server that has this
    /// fingerprint, if one is given.
    ///
    /// # Errors
    /// Those of [`given`](Self::given) and [`known`](Self::known).
    pub fn of(
        server: &Server,
        over_tls: bool,
        fingerprint: Option<Fingerprint>,
    ) -> io::Result<Self> {
        let address = server.address.clone();
        if let Some(fingerprint) = fingerprint {
            return Self::given(address, fingerprint);
        }
        if over_tls || server.over_tls {
            return Self::known(address, KnownServers::of_user(|name| env::var_os(name))?);
        }
        Ok(Self::plain(address))
    }

    /// Over plain text.
    pub fn plain(server: Address) -> Self {
        Self { server, tls: None }
    }

    /// Over TLS, with a server whose certificate has this fingerprint.
    ///
    /// # Errors
    /// When the provider of cryptography lacks what it is to have.
    pub fn given(server: Address, fingerprint: Fingerprint) -> io::Result<Self> {
        let tls = Tls {
            config: config(Expected::Given(fingerprint))?,
            name: name(&server),
            known: None,
        };
        Ok(Self {
            server,
            tls: Some(tls),
        })
    }

    /// Over TLS, with a server for which an authority of the system's vouches, or that is known.
    ///
    /// # Errors
    /// When the file of known servers cannot be read.
    pub fn known(server: Address, known: KnownServers) -> io::Result<Self> {
        let lines = known.of(&server.to_string())?;
        let tls = Tls {
            config: config(Expected::Known(lines, known.path().to_path_buf()))?,
            name: name(&server),
            known: Some(known),
        };
        Ok(Self {
            server,
            tls: Some(tls),
        })
    }

    /// Connects, from this port of ours if one is given.
    ///
    /// # Errors
    /// When the server cannot be connected to, or is not trusted; the message says what to do.
    pub async fn connect(&self, local_port: Option<u16>) -> io::Result<Stream> {
        let stream = connect(&self.server, local_port).await?;
        let Some(tls) = &self.tls else {
            return Ok(Either::Left(stream));
        };
        let connector = TlsConnector::from(Arc::clone(&tls.config));
        match connector.connect(tls.name.clone(), stream).await {
            Ok(stream) => Ok(Either::Right(Parting::of(stream))),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Connects over TLS for the first time, before anything is shown, and asks about a server that is not known if
    /// there is a terminal to ask at. The outer failure is that it is not trusted: there is no use in trying again.
    /// `None` where there was no connection for another reason; that may pass.
    ///
    /// # Errors
    /// When the server is not trusted; the message says what to do.
    pub async fn meet(&mut self, local_port: Option<u16>) -> io::Result<Option<Stream>> {
        if self.tls.is_none() {
            return Ok(None);
        }
        for _ in 0..2 {
            let error = match timeout(FIRST, self.connect(local_port)).await {
                Ok(Ok(stream)) => return Ok(Some(stream)),
                Ok(Err(error)) => error,
                Err(_) => return Ok(None),
            };
            match untrusted(&error) {
                None => return Ok(None),
                Some(Untrusted::Unknown { fingerprint, why }) if self.ask(*fingerprint, why)? => {
                    self.trust(*fingerprint)?;
                }
                Some(_) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Whether whoever sits there trusts the server; no, if nobody does.
    fn ask(&self, fingerprint: Fingerprint, why: &str) -> io::Result<bool> {
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Ok(false);
        }
        let server = &self.server;
        let mut screen = io::stderr();
        write!(
            screen,
            "Nobody whom this machine trusts vouches for the certificate of {server} ({why}).\n\
             Its fingerprint (SHA-256) is\n\n  {fingerprint}\n\n\
             chat-server tells whoever runs it the same. To trust this server from now on, type yes: "
        )?;
        screen.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        let answer = answer.trim();
        Ok(answer.eq_ignore_ascii_case("yes") || answer.parse() == Ok(fingerprint))
    }

    /// Trusts the server from now on.
    fn trust(&mut self, fingerprint: Fingerprint) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            return Ok(());
        };
        tls.config = config(Expected::Given(fingerprint))?;
        if let Some(known) = &tls.known
            && let Err(error) = known.add(&self.server.to_string(), fingerprint)
        {
            writeln!(
                io::stderr(),
                "It is trusted now, and you will be asked again: {error}"
            )?;
        }
        Ok(())
    }

    /// What became of a handshake, in words.
    fn failed(&self, error: &io::Error) -> io::Error {
        let server = &self.server;
        let other = |what: String| io::Error::new(error.kind(), format!("{server}: {what}"));
        let of_tls = error.get_ref().and_then(|error| error.downcast_ref());
        match of_tls {
            Some(Error::InvalidCertificate(CertificateError::Other(it))) => {
                match it.0.downcast_ref::<Untrusted>() {
                    Some(untrusted) => io::Error::new(
                        ErrorKind::PermissionDenied,
                        Refused {
                            server: server.to_string(),
                            untrusted: untrusted.clone(),
                        },
                    ),
                    None => other(error.to_string()),
                }
            }
            Some(
                Error::AlertReceived(AlertDescription::UnexpectedMessage)
                | Error::InvalidMessage(_),
            ) => other(
                "it seems to speak no TLS there; leave tls:// (or --tls) out to speak plain text, which others \
                 can read on the way"
                    .into(),
            ),
            Some(of_tls) => other(format!("the handshake (TLS) failed: {of_tls}")),
            None if error.kind() == ErrorKind::UnexpectedEof => {
                other("it ended the connection in the middle of the handshake (TLS)".into())
            }
            None => other(error.to_string()),
        }
    }
}

/// A server that is not trusted, and why.
#[derive(Debug)]
struct Refused {
    server: String,
    untrusted: Untrusted,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.server, self.untrusted)
    }
}

impl std::error::Error for Refused {}

fn untrusted(error: &io::Error) -> Option<&Untrusted> {
    let refused = error.get_ref()?.downcast_ref::<Refused>()?;
    Some(&refused.untrusted)
}

fn config(expected: Expected) -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(expected, &provider);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// The name that an authority is to vouch for.
fn name(server: &Address) -> ServerName<'static> {
    let named = ServerName::try_from(server.host());
    named.unwrap_or_else(|_| ServerName::try_from(NO_NAME).expect("it is a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_written_before_an_address() {
        for (text, address, over_tls) in [
            ("tls://chat.example.org", "chat.example.org:5000", true),
            (
                "TLS://chat.example.org:7106/",
                "chat.example.org:7106",
                true,
            ),
            ("tls://[::1]:7106", "[::1]:7106", true),
            ("tls://7106", "127.0.0.1:7106", true),
            ("chat.example.org", "chat.example.org:5000", false),
        ] {
            let server: Server = text.parse().unwrap();
            assert_eq!(server.address.to_string(), address);
            assert_eq!(server.over_tls, over_tls, "{text}");
        }
        for text in [
            "tls:/a",
            "tls://",
            "https://a",
            "tls://a/b",
            "tls://tls://a",
        ] {
            assert!(text.parse::<Server>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_authority_vouches_for_a_name_or_an_address() {
        for (text, is_name) in [
            ("chat.example.org.", true),
            ("192.0.2.7", true),
            ("[2001:db8::1]:7106", true),
            ("fe80::1%eth0", true),
            ("bücher.example", false),
        ] {
            let name = name(&text.parse().unwrap());
            assert_eq!(name.to_str() != NO_NAME, is_name, "{text}: {name:?}");
        }
    }
}
