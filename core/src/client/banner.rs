//! What a server that is no chat server begins with, and what it seems to be.

use crate::wire::short::Short;
use crate::wire::text::ServerLine;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// So much of what a server sent first is remembered, in bytes.
const MOST: usize = 128;

/// What may well be a chat server, if it is spoken to otherwise.
const TLS: &str = "a server that speaks TLS";

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
    (b"\x15\x03",           TLS),
    (b"\x16\x03",           TLS),
    (b"This port speaks TLS", TLS),
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

    /// That this is no chat server, as a clause, if that is known for certain.
    pub(super) fn strange(&self) -> Option<String> {
        Some(match self.stranger()? {
            TLS => "the server speaks TLS there: write tls:// before its address".into(),
            _ => self.with("this is no chat server"),
        })
    }

    /// What the server seems to be, if it is known for certain to be no chat server.
    fn stranger(&self) -> Option<&'static str> {
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

    /// A clause that ends with what the server sent, if that is of interest.
    pub(super) fn with(&self, clause: &str) -> String {
        match self.describe() {
            Some(sent) => format!("{clause}: {sent}"),
            None => clause.into(),
        }
    }

    /// That the server closed the connection before a welcome, as a clause.
    pub(super) fn closed(&self) -> String {
        self.with("the server closed the connection without a welcome")
    }

    /// That the connection failed before a welcome, as a clause.
    pub(super) fn broken_off(&self, why: &str) -> String {
        match self.describe() {
            Some(sent) => format!("the server broke the connection off ({why}): {sent}"),
            None => format!("the connection was lost: {why}"),
        }
    }

    /// What the server sent in place of a welcome, as a clause, if it sent anything that is not of
    /// a chat server.
    pub(super) fn describe(&self) -> Option<String> {
        let text = self.text();
        let what = self.stranger();
        let is_ours = |text: &String| text.is_empty() || self.is_ours(text);
        if what.is_none() && text.as_ref().is_some_and(is_ours) {
            return None;
        }
        let sent = match text {
            Some(text) => format!("it sent \"{}\"", Short(&text)),
            None => "it sent something that is no text".into(),
        };
        Some(match what {
            Some(what) => format!("{sent}; it seems to be {what}, not a chat server"),
            None => format!("{sent}, which a chat server does not send"),
        })
    }

    /// The first line that is not blank.
    fn first_line(&self) -> &[u8] {
        let sent = self.0.trim_ascii_start();
        let end = memchr::memchr(b'\n', sent).unwrap_or(sent.len());
        sent[..end].trim_ascii_end()
    }

    /// The first line, if most of it is text. What is not, is U+FFFD, or still a control character.
    fn text(&self) -> Option<String> {
        let mut text = String::from_utf8_lossy(self.first_line()).into_owned();
        if self.is_cut() {
            text.truncate(text.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
            text.push('…');
        }
        let is_none = |c: &char| *c == char::REPLACEMENT_CHARACTER || c.is_control() && *c != '\t';
        let (none, all) = (text.chars().filter(is_none).count(), text.chars().count());
        (none * 4 <= all && !text.contains('\0')).then_some(text)
    }

    /// Whether more of the first line came than is remembered.
    fn is_cut(&self) -> bool {
        self.0.len() == MOST && memchr::memchr(b'\n', self.0.trim_ascii_start()).is_none()
    }

    /// Whether a chat server may send this line first.
    fn is_ours(&self, line: &str) -> bool {
        let is_message = line.starts_with('{') && (self.is_cut() || line.contains("\"type\""));
        is_message || !matches!(ServerLine::decode(line), ServerLine::Unknown(_))
    }
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
            (b"\x15\x03\x01\x00\x02\x02\x46", TLS),
            (b"This port speaks TLS: connect with", TLS),
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
    fn whoever_speaks_tls_is_told_from_other_strangers() {
        let strange = |sent: &[u8]| banner(&[sent]).strange();
        let of_tls = strange(b"\x15\x03\x01\x00\x02\x02\x46").unwrap();
        assert!(of_tls.contains("write tls:// before its address"));
        assert_eq!(strange(b"This port speaks TLS: connect"), Some(of_tls));
        let web = strange(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
        assert!(web.starts_with("this is no chat server: it sent \"HTTP/1.1"));
        assert_eq!(strange(b"This port"), None);
    }

    #[test]
    fn a_chat_server_is_no_stranger() {
        for line in [
            "Welcome to the chatroom!\n",
            "USER1 has joined the chat\n",
            "ann: 220 people\n",
            "* Goodbye: the room is full; try again later.\n",
            "{\"type\":\"welcome\"}\n",
            "{\"type\":\"welcome\"",
            "\r\n",
            "\n{\"version\":1,\"type\":\"welcome\"}\n",
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
        let no_text = "it sent something that is no text, which a chat server does not send";
        let sent = |sent: &[u8]| banner(&[sent]).describe().unwrap();
        assert_eq!(sent(b"\x01\x02\x03hello, y\n"), no_text);
        assert_eq!(sent(b"a long word with a zero\0\n"), no_text);
        let shown = |text: &str| format!("it sent \"{text}\", which a chat server does not send");
        assert_eq!(sent(b"\x01\x02\x03hello, yo\n"), shown("???hello, yo"));
        assert_eq!(
            sent(b"\x1b[2J\x1b]0;a title\x07hello\r\n"),
            shown("?[2J?]0;a title?hello")
        );
        assert_eq!(
            sent(b"Gr\xfc\xdf Gott\r\n"),
            shown("Gr\u{fffd}\u{fffd} Gott")
        );
        assert_eq!(sent(b"\r\n\r\nhello\r\nthere\r\n"), shown("hello"));
        assert_eq!(sent(b"{\"hello\":1}\n"), shown("{\"hello\":1}"));
        // A character in two is still one.
        let umlauts = "ü".repeat(MOST);
        let text = shown(&format!("a{}…", "ü".repeat(63)));
        assert_eq!(sent(format!("a{umlauts}").as_bytes()), text);
        let told = banner(&[&[b'a'; 4000]]).describe().unwrap();
        assert!(told.len() < 160 && told.contains('…'), "{told}");
        assert_eq!(banner(&[&[0; MOST + 1]]).0.len(), MOST);
    }
}
