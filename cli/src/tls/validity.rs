//! From when until when a certificate is valid.

use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use yasna::models::{GeneralizedTime, UTCTime};
use yasna::{ASN1Result, BERReader, Tag, parse_der};

/// So long before a certificate runs out, that is told, in seconds.
const SOON: i64 = 7 * 24 * 60 * 60;

/// Both times, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// From then on it is valid.
    pub from: i64,
    /// Until then.
    pub until: i64,
}

impl Validity {
    /// That of a certificate (RFC 5280, section 4.1); none, where it is written in another way than certificates are.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "a method is of one lifetime"
    )]
    pub fn of(certificate: &[u8]) -> Option<Self> {
        /// Version, serial number, algorithm and issuer stand before it.
        fn of_body(body: &mut yasna::BERReaderSeq<'_, '_>) -> ASN1Result<Validity> {
            body.read_optional(|version| version.read_tagged(Tag::context(0), |it| it.read_der()))?;
            for _ in 0..3 {
                body.next().read_der()?;
            }
            let validity = body.next().read_sequence(|both| {
                let (from, until) = (moment(both.next())?, moment(both.next())?);
                Ok(Validity { from, until })
            })?;
            while body.read_optional(|it| it.read_der())?.is_some() {}
            Ok(validity)
        }
        let parsed = parse_der(certificate, |all| {
            all.read_sequence(|parts| {
                let validity = parts.next().read_sequence(of_body)?;
                for _ in 0..2 {
                    parts.next().read_der()?;
                }
                Ok(validity)
            })
        });
        parsed.ok()
    }

    /// What whoever looks after the server is to know of it now, in seconds since 1970.
    pub fn warning(self, now: i64) -> Option<String> {
        let (from, until) = (Moment(self.from), Moment(self.until));
        if now < self.from {
            Some(format!(
                "the certificate is not valid before {from}: clients refuse it until then"
            ))
        } else if now > self.until {
            Some(format!(
                "the certificate has run out, on {until}: clients refuse it. A new one is read once it is in the place of the old one"
            ))
        } else if self.until - now < SOON {
            Some(format!(
                "the certificate runs out soon, on {until}: clients refuse it from then on"
            ))
        } else {
            None
        }
    }
}

/// A time, which is written in one of two ways.
fn moment(reader: BERReader<'_, '_>) -> ASN1Result<i64> {
    if reader.lookahead_tag()? == yasna::tags::TAG_UTCTIME {
        let time: UTCTime = reader.read_utctime()?;
        Ok(time.datetime().unix_timestamp())
    } else {
        let time: GeneralizedTime = reader.read_generalized_time()?;
        Ok(time.datetime().unix_timestamp())
    }
}

/// A time as people read it.
struct Moment(i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").fmt(f),
            Err(_) => write!(f, "{} s after 1970", self.0),
        }
    }
}

/// When the certificate that is in use runs out: it may be another one at any time.
#[derive(Clone, Debug)]
pub struct Expiry(Arc<AtomicI64>);

/// Stands for a time that is not known.
const UNKNOWN: i64 = i64::MAX;

impl Expiry {
    /// That of a certificate. What is wrong with its times, if anything, is told in the log.
    pub fn of(certificate: &[u8]) -> Self {
        let this = Self(Arc::new(UNKNOWN.into()));
        this.replace(certificate);
        this
    }

    /// The certificate is another one.
    pub fn replace(&self, certificate: &[u8]) {
        let validity = Validity::of(certificate);
        let until = validity.map_or(UNKNOWN, |it| it.until);
        self.0.store(until, Ordering::Relaxed);
        if let Some(told) = validity.and_then(|it| it.warning(Timestamp::now().as_second())) {
            tracing::warn!("{told}");
        }
    }

    /// When, in seconds since 1970, where that is known.
    pub fn seconds(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|it| *it != UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    #[test]
    fn the_times_of_a_certificate_are_read_in_both_ways_in_which_they_are_written() {
        for (from, until) in [((2020, 1, 2), (2021, 3, 4)), ((1975, 1, 1), (4096, 1, 1))] {
            let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
            params.not_before = date_time_ymd(from.0, from.1, from.2);
            params.not_after = date_time_ymd(until.0, until.1, until.2);
            let expected = Validity {
                from: params.not_before.unix_timestamp(),
                until: params.not_after.unix_timestamp(),
            };
            let signed = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            assert_eq!(Validity::of(signed.der()), Some(expected));
            assert_eq!(Expiry::of(signed.der()).seconds(), Some(expected.until));
        }
        assert_eq!(Validity::of(b"no certificate"), None);
        assert_eq!(Expiry::of(b"no certificate").seconds(), None);
    }

    #[test]
    fn what_clients_refuse_is_told_and_what_they_will_soon() {
        let validity = Validity {
            from: 1_000,
            until: 10_000_000,
        };
        for (now, told) in [
            (999, Some("not valid before 1970-01-01 00:16:40 UTC")),
            (1_000, None),
            (10_000_000 - SOON, None),
            (10_000_001 - SOON, Some("runs out soon, on 1970-04-26")),
            (10_000_000, Some("runs out soon")),
            (10_000_001, Some("has run out, on 1970-04-26 17:46:40 UTC")),
        ] {
            let warning = validity.warning(now);
            assert_eq!(warning.is_some(), told.is_some(), "{now}");
            assert!(
                warning
                    .unwrap_or_default()
                    .contains(told.unwrap_or_default()),
                "{now}"
            );
        }
    }
}
