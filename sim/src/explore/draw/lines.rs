//! The lines that raw peers and persons send: sensible ones, and every other kind.

use super::{Draw, Mood, pick};
use crate::explore::strangers;
use chat_core::json::MAX_PAGE;
use chat_core::{MAX_ACTION, MAX_JSON_LINE, MAX_LINE, MAX_PRIVATE, MAX_TOPIC};

impl Draw {
    /// A line of one that does, without its ending.
    pub(super) fn object(&mut self) -> Vec<u8> {
        if let Some(object) = self.orders.object() {
            return object;
        }
        if let Some(object) = self.moves.object() {
            return object;
        }
        // Of a session that several have at once, it could not be told who left.
        let may_leave = !self.has_tokens;
        let dice = &mut self.dice;
        // What is said with one id is mostly the same, and never what is said with another.
        let (id, text) = if dice.one_in(4) {
            (String::new(), format!("say {}", dice.below(1000)))
        } else {
            let id = dice.below(20);
            let again = ["again", "once more"][usize::from(dice.one_in(8))];
            (format!(",\"id\":\"{id}\""), format!("{id} {again}"))
        };
        let kinds = if self.mood == Mood::Asking { 4 } else { 16 };
        match dice.below(kinds) {
            0 => b"{\"type\":\"who\"}".to_vec(),
            1 => b"{\"type\":\"ping\"}".to_vec(),
            2 => {
                let about_most = MAX_PAGE - 1 + dice.below(3) as u64;
                let limit = [dice.power(6) as u64, about_most][dice.below(2)];
                format!("{{\"type\":\"history\",\"limit\":{limit}}}").into_bytes()
            }
            3 => format!("{{\"type\":\"history\",\"after\":{}}}", dice.power(6)).into_bytes(),
            4 if may_leave && dice.one_in(3) => b"{\"type\":\"leave\"}".to_vec(),
            5 => [
                &b"{}"[..],
                b"{\"type\":\"?\"}",
                b"say",
                b"\xff",
                b"{\"type\":\"say\",\"text\":\" \"}",
                b"{\"type\":\"say\",\"txt\":\"?\",\"id\":\"?\"}",
                b"{\"type\":\"say\",\"text\":\"?\",\"id\":7}",
                b"{\"type\":\"say\",\"text\":\"?\",\"id\":\"\"}",
                b"{\"type\":\"?\",\"id\":\"unknown\"}",
                b"{\"type\":\"say\",\"text\":\"\xff\",\"id\":\"bytes\"}",
                b"{\"type\":\"history\",\"after\":1,\"before\":1,\"id\":\"both\"}",
                b"{\"type\":\"say\",\"text\":\"turned \\u202e\"}",
                b"{\"type\":\"say\",\"text\":\"\\u200b\",\"id\":\"unseen\"}",
                b"{\"type\":\"topic\",\"text\":\" \\u00ad\"}",
            ][dice.below(14)]
            .to_vec(),
            8 => self.object_of_people(),
            6 if dice.one_in(2) => {
                let text = "j".repeat(MAX_JSON_LINE);
                format!("{{\"type\":\"say\",\"text\":\"{text}\",\"id\":\"late\"}}").into_bytes()
            }
            6 => vec![b' '; MAX_JSON_LINE - 1 + dice.below(3)],
            7 => {
                let text = "j".repeat(MAX_LINE - 1 + dice.below(3));
                format!("{{\"type\":\"say\",\"text\":\"{text}\"}}").into_bytes()
            }
            _ => format!("{{\"type\":\"say\",\"text\":\"{text}\"{id}}}").into_bytes(),
        }
    }

    /// A line of one that changes the state of the room, or is for one person alone.
    fn object_of_people(&mut self) -> Vec<u8> {
        let name = self.name();
        let dice = &mut self.dice;
        let number = dice.below(1000);
        // Whether one who is away has said something is not known where it may be refused.
        let is_away = number.is_multiple_of(2) && !self.moves.are_any();
        match dice.below(12) {
            0 | 1 => format!("{{\"type\":\"nick\",\"name\":\"{name}\",\"id\":\"n{number}\"}}"),
            2 => "{\"type\":\"nick\",\"name\":\"system\"}".into(),
            3 => format!("{{\"type\":\"topic\",\"text\":\" {} \"}}", ["", "tea", "coffee"][number % 3]),
            4 => "{\"type\":\"topic\"}".into(),
            5 => format!("{{\"type\":\"say\",\"text\":\"acts {number}\",\"me\":true}}"),
            6 => format!("{{\"type\":\"say\",\"text\":\"{}\",\"me\":true}}", "m".repeat(MAX_ACTION + number % 2)),
            7 => format!("{{\"type\":\"msg\",\"text\":\"answer {number}\",\"id\":\"p{number}\"}}"),
            8 if is_away => "{\"type\":\"away\",\"text\":\"tea\"}".into(),
            8 => "{\"type\":\"away\"}".into(),
            9 => format!("{{\"type\":\"whois\",\"name\":\"{name}\",\"id\":\"w\"}}"),
            _ => format!("{{\"type\":\"msg\",\"to\":\"{name}\",\"text\":\"word {number}\",\"id\":\"p{number}\"}}"),
        }
        .into_bytes()
    }

    /// Bytes of a raw peer: lines, mostly whole ones.
    pub(super) fn bytes(&mut self, who: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        if self.is_program(who) && self.dice.one_in(6) {
            bytes.extend(self.hello());
        }
        let lines = self.dice.power(5);
        for _ in 0..=self.dice.below(lines) {
            if self.is_program(who) && !self.dice.one_in(20) {
                bytes.extend(self.object());
            } else {
                bytes.extend(self.line());
            }
            match self.dice.below(12) {
                0 => {}
                1 | 2 => bytes.extend(b"\r\n"),
                _ => bytes.push(b'\n'),
            }
        }
        bytes
    }

    /// A line without its ending.
    pub(super) fn line(&mut self) -> Vec<u8> {
        if let Some(line) = self.orders.line() {
            return line;
        }
        if let Some(line) = self.moves.line() {
            return line;
        }
        let dice = &mut self.dice;
        match pick(dice, &self.lines) {
            0 => b"/who".to_vec(),
            1 => b"/help".to_vec(),
            2 => [&b" \t "[..], b""][dice.below(2)].to_vec(),
            3 => b"//slashed".to_vec(),
            4 => [&b"/frobnicate now"[..], b"/who now", b"/", b"/WHO"][dice.below(4)].to_vec(),
            5 if dice.one_in(3) => {
                [&b"LEAVE"[..], b" leave ", b"/leave", b"Leave"][dice.below(4)].to_vec()
            }
            6 => self.join().0,
            7 => vec![b'x'; MAX_LINE - 2 + dice.below(5)],
            8 => vec![b'y'; dice.power(14)],
            9 => [
                &b"\x1b[31mred\x07"[..],
                b"a\rb",
                "a\u{2028}b".as_bytes(),
                b"\xff\xfe",
                "\u{feff}marked".as_bytes(),
                // Ctrl-C in telnet; the size of a window, which is broken off.
                b"\xff\xf4\xff\xfd\x06ctrl\xff\xff-c",
                b"sized\xff\xfa\x1f\0P\0\x18\xff\xf0\xff\xfa\x18\xff\xf6\xff ",
                &[&b"endless\xff\xfa"[..], &[b's'; MAX_LINE + 2]].concat(),
                // Turned to the end of the line and beyond, and turned within it.
                "turned \u{202e}round".as_bytes(),
                "\u{2067}\u{5d0}\u{2069} \u{202c}".as_bytes(),
                // Nothing of it is seen.
                "\u{200b} \u{ad}".as_bytes(),
                "/me \u{2060}".as_bytes(),
                "/topic \u{200b}".as_bytes(),
                // Marks over the lines around.
                &[
                    "o".as_bytes(),
                    "\u{301}".repeat(7 + dice.below(3)).as_bytes(),
                ]
                .concat(),
            ][dice.below(14)]
            .to_vec(),
            10 if dice.one_in(4) => match dice.below(4) {
                0 => strangers::draw(dice),
                1 => b"JOIN {}".to_vec(),
                2 => b"JOIN{\"v\":1}".to_vec(),
                _ => format!("JOIN {{{:1$}}}", "", MAX_LINE - 8 + dice.below(4)).into_bytes(),
            },
            11 => "söme \u{1f600} text".into(),
            12 => b"* Goodbye: not really".to_vec(),
            13 => b"ann has left the chat".to_vec(),
            14 => vec![b'\0'; dice.below(4)],
            16 if dice.one_in(4) => [
                &b"/history"[..],
                b"/history 1000",
                b"/history 2",
                b"/history 0",
            ][dice.below(4)]
            .to_vec(),
            17 => {
                let length = dice.power(6);
                let any = |_| {
                    [
                        b'\r',
                        0x7f,
                        0xc2,
                        0xe2,
                        u8::try_from(dice.below(256)).unwrap_or(0),
                    ][dice.below(5)]
                };
                let mut line: Vec<u8> = (0..length).map(any).collect();
                line.retain(|byte| *byte != b'\n');
                line
            }
            18 => self.change(),
            19 => self.private_words(),
            20 => [
                &b"/topic"[..],
                b"/whois ann",
                b"/help me",
                b"/nick",
                b"/msg ann",
                b"/away for tea",
                b"/away",
                b"/back",
            ][dice.below(8)]
            .to_vec(),
            _ => format!("line {}", dice.below(1000)).into_bytes(),
        }
    }

    /// A line that changes the state of the room, or does something in it.
    fn change(&mut self) -> Vec<u8> {
        let name = self.name();
        let dice = &mut self.dice;
        match dice.below(8) {
            0..4 => format!("/nick {name}"),
            4 => ["/nick admin", "/nick no name", "/nick !"][dice.below(3)].into(),
            5 => format!("/topic {}", ["-", "tea", "coffee"][dice.below(3)]),
            6 => format!("/topic {}", "t".repeat(MAX_TOPIC - 1 + dice.below(3))),
            _ => {
                let length = [dice.below(20), MAX_ACTION - 1 + dice.below(2)][dice.below(2)];
                format!("/me {}", "m".repeat(length))
            }
        }
        .into_bytes()
    }

    /// A line that says something to one person alone.
    fn private_words(&mut self) -> Vec<u8> {
        let name = self.name();
        let dice = &mut self.dice;
        let number = dice.below(1000);
        match dice.below(6) {
            0 => format!("/reply answer {number}"),
            1 => format!(
                "/msg {name} {}",
                "p".repeat(MAX_PRIVATE - 7 + dice.below(10))
            ),
            2 => format!("/msg {} word {number}", name.to_ascii_uppercase()),
            _ => format!("/msg {name} word {number}"),
        }
        .into_bytes()
    }
}
