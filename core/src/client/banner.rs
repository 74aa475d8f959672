//! What a server that is no chat server begins with, and what it seems to be.

use crate::wire::short::Short;
use crate::wire::text::ServerLine;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// So much of what a server sent first is remembered, in bytes.
const MOST: usize = 128;

/// How a server's first bytes begin, and what speaks so.
#[rustfmt::skip]
const KNOWN: &[(&[u8], &str)] = &[
    (b"HTTP/",              "a web server"),
    (b"<!DOCTYPE",          "a web server"),
    (b"<html",              "a web server"),
    (b"SSH-",               "an SSH server"),
    (b"220 ",               "a mail or FTP server"),
    (b"220-",               "a mail or FTP server"),
    (b"421 ",               "a mail or FTP server"),
    (b"554 ",               "a mail server"),
    (b"+OK",                "a mail server (POP3)"),
    (b"-ERR wrong number",  "a Redis server"),
    (b"-ERR unknown",       "a Redis server"),
    (b"-NOAUTH",            "a Redis server"),
    (b"-DENIED",            "a Redis server"),
    (b"-ERR",               "a mail (POP3) or Redis server"),
    (b"* OK",               "a mail server (IMAP)"),
    (b"* BYE",              "a mail server (IMAP)"),
    (b"* PREAUTH",          "a mail server (IMAP)"),
    (b"NOTICE ",            "an IRC server"),
    (b"ERROR :",            "an IRC server"),
    (b"INFO {",             "a NATS server"),
    (b"RFB ",               "a VNC server"),
    (b"@RSYNCD:",           "an rsync server"),
    (b"<?xml",              "an XMPP server"),
    (b"<stream:",           "an XMPP server"),
    (b"ERROR\r\n",          "a memcached server"),
    (b"RTSP/",              "a media server (RTSP)"),
    (b"SIP/",               "a telephone server (SIP)"),
    (b"AMQP",               "an AMQP server"),
    (b"\x15\x03",           "a server that speaks TLS"),
    (b"\x16\x03",           "a server that speaks TLS"),
    (b"\x00\x00",           "a server that speaks HTTP/2"),
    (b"\xff\xfb",           "a telnet server"),
    (b"\xff\xfd",           "a telnet server"),
];

/// The first bytes that a server sent on a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Banner(Vec<u8>);

impl Banner {
    /// Takes note of what came, as far as it is of the first bytes.
    pub(super) fn hear(&mut self, bytes: &[u8]) {
        let room = MOST.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What the server seems to be, if it is known for certain to be no chat server.
    pub(super) fn stranger(&self) -> Option<&'static str> {
        let is_irc = |line: &[u8]| {
            line.starts_with(b":")
                && [&b" NOTICE "[..], b" 001 ", b" 451 ", b" 421 "]
                    .iter()
                    .any(|word| memchr::memmem::find(line, word).is_some())
        };
        let is_mysql = |bytes: &[u8]| bytes.len() > 5 && bytes[1..5] == [0, 0, 0, 10];
        let known = KNOWN.iter().find(|(start, _)| self.0.starts_with(start));
        match known {
            Some((_, what)) => Some(what),
            None if is_irc(self.first_line()) => Some("an IRC server"),
            None if is_mysql(&self.0) => Some("a MySQL server"),
            None => None,
        }
    }

    /// What the server sent in place of a welcome, as a clause, if it sent anything that is not of
    /// a chat server.
    pub(super) fn describe(&self) -> Option<String> {
        let line = self.first_line();
        let text = str::from_utf8(line).ok();
        let what = self.stranger();
        if what.is_none() && (line.is_empty() || text.is_some_and(is_ours)) {
            return None;
        }
        let is_text = |text: &&str| !text.contains(|c: char| c.is_control() && c != '\t');
        let sent = match text.filter(is_text) {
            Some(text) => format!("it sent \"{}\"", Short(text)),
            None => "it sent something that is no text".into(),
        };
        Some(match what {
            Some(what) => format!("{sent}; it seems to be {what}, not a chat server"),
            None => format!("{sent}, which a chat server does not send"),
        })
    }

    fn first_line(&self) -> &[u8] {
        let end = memchr::memchr(b'\n', &self.0).unwrap_or(self.0.len());
        self.0[..end].trim_ascii_end()
    }
}

/// Whether a chat server may send this line.
fn is_ours(line: &str) -> bool {
    line.starts_with('{') || !matches!(ServerLine::decode(line), ServerLine::Unknown(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn banner(pieces: &[&[u8]]) -> Banner {
        let mut banner = Banner::default();
        for piece in pieces {
            banner.hear(piece);
        }
        banner
    }

    #[test]
    fn strangers_are_known_by_how_they_begin() {
        for (sent, what) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "a web server"),
            (b"SSH-2.0-OpenSSH_9.2p1\r\n", "an SSH server"),
            (b"220 mx.example.org ESMTP\r\n", "a mail or FTP server"),
            (
                b":irc.example.org NOTICE * :*** Looking up\r\n",
                "an IRC server",
            ),
            (b"\x15\x03\x01\x00\x02\x02\x46", "a server that speaks TLS"),
            (b"J\x00\x00\x00\x0a8.0.36\x00", "a MySQL server"),
            (b"-ERR unknown command 'JOIN'\r\n", "a Redis server"),
        ] {
            let whole = banner(&[sent]);
            assert_eq!(whole.stranger(), Some(what));
            assert!(whole.describe().unwrap().contains(what));
            let single: Vec<&[u8]> = sent.chunks(1).collect();
            assert_eq!(banner(&single), whole);
        }
    }

    #[test]
    fn a_chat_server_is_no_stranger() {
        for line in [
            "Welcome to the chatroom!\n",
            "USER1 has joined the chat\n",
            "ann: 220 people\n",
            "* Goodbye: the room is full; try again later.\n",
            "{\"type\":\"welcome\"}\n",
            "",
        ] {
            let banner = banner(&[line.as_bytes()]);
            assert_eq!(
                (banner.stranger(), banner.describe()),
                (None, None),
                "{line}"
            );
        }
    }

    #[test]
    fn what_is_shown_of_a_stranger_is_safe_and_short() {
        let long = [b"\x1b[2J".as_slice(), &[b'a'; 4000]].concat();
        let told = banner(&[&long]).describe().unwrap();
        assert_eq!(
            told,
            "it sent something that is no text, which a chat server does not send"
        );
        let told = banner(&[&[b'a'; 4000]]).describe().unwrap();
        assert!(told.len() < 160 && told.contains('…'), "{told}");
        assert_eq!(banner(&[&[0; MOST + 1]]).0.len(), MOST);
    }
}
