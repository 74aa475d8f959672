//! Certificates in files: those of an authority, and the one that a server makes for itself.

use crate::secret_file;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The file, beside a history, of the certificate that a server made, and its key.
const SELF_SIGNED: &str = "self-signed.pem";

/// Certificates, the server's own first, and the key of that.
#[derive(Debug)]
pub struct Chain {
    /// The certificates; never none.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: PrivateKeyDer<'static>,
}

impl Chain {
    /// Reads a chain and its key, each from a file in PEM; that may be one file.
    ///
    /// # Errors
    /// When a file cannot be read, has not what it is to have, or others can read the key; the message names it.
    pub fn read(certificates: &Path, key: &Path) -> io::Result<Self> {
        let chain = read(certificates, |_| Ok(()))?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&chain).collect();
        let chain = chain.map_err(|error| invalid(certificates, &error))?;
        if chain.is_empty() {
            return Err(invalid(
                certificates,
                &"there is no certificate (PEM) in it",
            ));
        }
        let of_key = read(key, secret_file::check)?;
        let found = PrivateKeyDer::from_pem_slice(&of_key);
        let found = found.map_err(|error| match error {
            rustls::pki_types::pem::Error::NoItemsFound => {
                invalid(key, &"there is no key (PEM, without a password) in it")
            }
            error => invalid(key, &error),
        })?;
        Ok(Self {
            certificates: chain,
            key: found,
        })
    }

    /// The certificate that a server made for itself, in its directory; it is made if there is none. Without a
    /// directory, a new one is made each time.
    ///
    /// # Errors
    /// When the disk fails, or the file is not as it was written; the message names it.
    pub fn self_signed(dir: Option<&Path>) -> io::Result<Self> {
        let Some(dir) = dir else {
            let pem = make().map_err(io::Error::other)?;
            return Self::of_pem(Path::new("the new certificate"), pem.as_bytes());
        };
        let path = dir.join(SELF_SIGNED);
        if !path.try_exists()? {
            let pem = make().map_err(io::Error::other)?;
            write(dir, &path, pem.as_bytes()).map_err(|error| named(&path, &error))?;
        }
        Self::read(&path, &path)
    }

    fn of_pem(path: &Path, pem: &[u8]) -> io::Result<Self> {
        let certificate = CertificateDer::from_pem_slice(pem);
        let key = PrivateKeyDer::from_pem_slice(pem);
        Ok(Self {
            certificates: vec![certificate.map_err(|error| invalid(path, &error))?],
            key: key.map_err(|error| invalid(path, &error))?,
        })
    }
}

/// A new key and a certificate of it, which does not run out: who trusts it does so for its fingerprint.
fn make() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["localhost".to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "chat-server");
    let certificate = params.self_signed(&key)?;
    Ok(certificate.pem() + &key.serialize_pem())
}

/// Writes a file that its owner alone can read; it is there as a whole, or not at all.
fn write(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = dir.join(format!("{SELF_SIGNED}.new"));
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Reads a file that `check` finds right.
fn read(path: &Path, check: impl Fn(&File) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let read = || {
        let mut bytes = Vec::new();
        let file = File::open(path)?;
        check(&file)?;
        file.take(LONGEST + 1).read_to_end(&mut bytes)?;
        io::Result::Ok(bytes)
    };
    let bytes = read().map_err(|error| named(path, &error))?;
    if bytes.len() as u64 > LONGEST {
        return Err(invalid(path, &"it is longer than 1 MiB"));
    }
    Ok(bytes)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn invalid(path: &Path, what: &dyn std::fmt::Display) -> io::Error {
    io::Error::new(
        ErrorKind::InvalidData,
        format!("{}: {what}", path.display()),
    )
}
