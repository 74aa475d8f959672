//! First lines of other protocols, and of people who begin as these do.

use crate::dice::Dice;

/// A first line of one or the other, without its ending.
pub(super) fn draw(dice: &mut Dice) -> Vec<u8> {
    let line = LINES[dice.below(LINES.len())];
    // Some come after a blank line.
    let blank = [&b""[..], b"\n", b"\r\n", b" \n"][dice.below(12).saturating_sub(8)];
    [blank, line].concat()
}

const LINES: &[&[u8]] = &[
    b"GET / HTTP/1.1",
    b"get /",
    b"PROPFIND / HTTP/1.1",
    b"Authorization: Basic dXNlcjpzZWNyZXQ=",
    b"Cookie: a=b; c=d",
    b"Cookie: I want one",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04",
    b"\x16\x03\x01\0\x56\x01\0\0\x52\x03\x03\n\0\x08\0\x06\0\x1d",
    b"\x80\x2e\x01\0\x02\n",
    b"\x16",
    b"SSH-2.0-probe",
    b"PASS secret",
    b"PASS THE SALT",
    b"PASS it",
    b"pass me the salt",
    b"NICK bot\r\nUSER bot 0 * :Bot",
    b"USER bot 0 * :Bot",
    b"USER bob",
    b"USER ERROR",
    b"user error",
    b"EHLO mail.example",
    b"HELO all",
    b"AUTH PLAIN AHVzZXIAc2VjcmV0",
    b"a1 LOGIN bob secret",
    b"CAPA",
    b"*1\r\n$4\r\nPING",
    b"PING",
    b"ping",
    b"stats",
    b"CONNECT {\"pass\":\"secret\"}",
    b"<?xml version='1.0'?><stream:stream to='example'>",
    b"<3",
    b"@RSYNCD: 31.0",
    b"0033git-upload-pack /project.git\0host=example\0",
    b"RFB 003.008",
    b"OPTIONS / RTSP/1.0",
    b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 5000\r\nJOIN",
    b"{\"id\":1,\"method\":\"mining.subscribe\"}",
    b"\x05\x01\0",
    b"\x04\x01\0\x50",
    b"\x03\0\0\x13",
    b"\x10\x0c\0\x04MQTT",
    b"0\x0c\x02\x01\x01",
    b"\x13BitTorrent protocol",
    b"AMQP\0\0\x09\x01",
    b"\0\x1e\0\x06",
    b"U\0\0\x01",
    b"\xac\xed\0\x05",
    b"get well soon",
    b"HTTP/2 is fast",
    b"JOIN #rust",
];
