//! Messages: what lines mean.

use arbitrary::{Arbitrary, Unstructured};
use chat_core::foreign::TABLE;
use chat_core::{
    ConnId, Entry, FirstLine, Input, Limits, MAX_LINE, MAX_NAME, MAX_SERVER_LINE, Name, Request,
    Server, ServerLine, Timestamp, is_blank, printable, server_phase::Phase,
};
use std::borrow::Cow;

/// Checks the text dialect on the lines in `data`.
///
/// Properties, for any line:
/// - decoding it, in any of its three meanings, does not panic;
/// - the request it is decoded to is encoded to a line that is decoded to the same request;
/// - said by a member, it makes exactly one line on the server's screen, and the same line for
///   another member, if it is something to say; one that somebody left, if it is a leave; and
///   none otherwise;
/// - as a first line it makes at most one line more than that, that somebody joined; none if it is blank or
///   of another protocol;
/// - no byte that is sent is a control character other than tab, and no line is over its limit.
///
/// And for any name and text, taken from `data` by `arbitrary`: an entry with a valid name and a
/// printable text is encoded to a line that is decoded to the same entry.
///
/// And for each line as a name that is asked for: what is a name is the same one as it is shown, and is taken for
/// itself in any case; one is taken for the other if that one is for it.
///
/// # Panics
/// When a property does not hold.
pub fn check(data: &[u8]) {
    let mut talk = Talk::new();
    for line in data.split(|b| *b == b'\n').take(64) {
        decode(line);
        talk.say(line);
    }
    if let Some(line) = data.split(|b| *b == b'\n').next() {
        greet(line);
    }
    name(data);
    if let Ok(written) = Written::arbitrary_take_rest(Unstructured::new(data)) {
        written.check();
    }
}

/// The first lines as names.
fn name(data: &[u8]) {
    let lines = data.split(|b| *b == b'\n').take(8);
    let names = lines.filter_map(|line| Name::parse(str::from_utf8(line).ok()?).ok());
    let names: Vec<Name> = names.collect();
    for name in &names {
        let shown = name.as_str();
        assert!(shown.len() <= MAX_NAME, "{name} is too long");
        assert_eq!(Name::parse(shown).as_ref(), Ok(name), "{shown:?}");
        assert_eq!(printable(shown), shown);
        assert!(!shown.contains([' ', ':', '*', '[', ']']), "{shown:?}");
        for same in [shown.to_lowercase(), shown.to_uppercase()] {
            let is_like = Name::parse(&same).map_or(true, |same| same.is_like(name));
            assert!(is_like, "{name} is not taken for {same}");
        }
        for other in &names {
            assert_eq!(name.is_like(other), other.is_like(name), "{name} {other}");
        }
    }
}

/// An entry in the making.
#[derive(Arbitrary, Debug)]
struct Written<'a> {
    kind: u8,
    name: [u8; MAX_NAME],
    length: u8,
    text: &'a str,
}

impl Written<'_> {
    fn check(&self) {
        const SAFE: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.";
        let kept = 1 + usize::from(self.length) % MAX_NAME;
        let name: String = self.name[..kept]
            .iter()
            .map(|b| char::from(SAFE[usize::from(*b) % SAFE.len()]))
            .collect();
        let Ok(name) = Name::parse(&name) else {
            assert!(name.starts_with(['-', '_', '.']), "{name} is no name");
            return;
        };
        let text = printable(self.text);
        let entry = match self.kind % 3 {
            0 => Entry::joined(Cow::Borrowed(&name), None),
            1 => Entry::left(&name),
            _ => Entry::said(&name, &text),
        };
        let line = entry.encode().concat();
        assert!(is_printable(&line), "{line:?}");
        let again = match ServerLine::decode(&line) {
            ServerLine::Joined(again) => (0, again, ""),
            ServerLine::Left(again) => (1, again, ""),
            ServerLine::Said(again, text) => (2, again, text),
            other => panic!("{line:?} was decoded to {other:?}"),
        };
        let said = if self.kind % 3 == 2 { &*text } else { "" };
        assert_eq!(again, (self.kind % 3, name.clone(), said), "{line:?}");
    }
}

fn decode(line: &[u8]) {
    let _ = FirstLine::decode(line);
    let Ok(text) = str::from_utf8(line) else {
        assert!(Request::decode(line).is_err());
        return;
    };
    let _ = ServerLine::decode(text);
    let request = Request::decode(line).expect("it is UTF-8");
    if let Request::Say(text) = &request {
        assert!(is_printable(text) && !is_blank(text), "{text:?}");
    }
    let again = request.to_string();
    assert!(!again.contains('\n'), "{request:?} became {again:?}");
    assert_eq!(Request::decode(again.as_bytes()).as_ref(), Ok(&request));
}

/// A room in which `ann` talks and `bob` listens.
struct Talk {
    server: Server,
    ann: ConnId,
}

/// What one line had for a consequence.
#[derive(Debug, Default)]
struct Heard {
    ann: Vec<u8>,
    bob: Vec<u8>,
    screen: Vec<u8>,
}

impl Talk {
    fn new() -> Self {
        let mut talk = Self::with("ann");
        let heard = talk.hear(b"");
        assert_eq!(heard.bob, b"Welcome to the chatroom!\n");
        talk
    }

    /// A room that `bob` is in; `name` asks to join unless it is empty.
    fn with(name: &str) -> Self {
        let mut server = Server::new(Limits::default());
        let mut accept = |port| {
            server
                .accept(Timestamp::ZERO, port)
                .expect("the room is not full")
        };
        let (ann, bob) = (accept(1), accept(2));
        if !name.is_empty() {
            let join = format!("JOIN {name}\n");
            server.handle(Timestamp::ZERO, Input::Received(ann, join.as_bytes()));
        }
        server.handle(Timestamp::ZERO, Input::Received(bob, b"JOIN bob\n"));
        Self { server, ann }
    }

    /// One line of ann's, in one chunk, and all that comes of it.
    fn hear(&mut self, line: &[u8]) -> Heard {
        let now = Timestamp::ZERO;
        let mut heard = Heard::default();
        self.server.handle(now, Input::Received(self.ann, line));
        self.server.pass(now, |id, slices| {
            let got = if id == self.ann {
                &mut heard.ann
            } else {
                &mut heard.bob
            };
            got.extend(slices.concat());
            slices.iter().map(|s| s.len()).sum()
        });
        let lost = self
            .server
            .transcript(|lines| heard.screen.extend_from_slice(lines));
        assert_eq!(lost, 0);
        for bytes in [&heard.ann, &heard.bob, &heard.screen] {
            assert!(bytes.is_empty() || bytes.ends_with(b"\n"));
            let text = str::from_utf8(bytes).expect("what is sent is UTF-8");
            // What speaks another protocol is answered in that.
            let is_answer = TABLE.iter().any(|row| row.answer == text);
            for line in text.lines().filter(|_| !is_answer) {
                assert!(is_printable(line), "{line:?}");
                assert!(line.len() <= MAX_SERVER_LINE, "{line:?}");
            }
        }
        heard
    }

    fn say(&mut self, line: &[u8]) {
        // Of commands of telnet the target `server` knows more.
        if self.server.phase(self.ann) != Phase::Joined || line.contains(&0xff) {
            return;
        }
        let heard = self.hear(&[line, b"\n"].concat());
        assert_eq!(heard.bob, heard.screen);
        let bare = line.strip_suffix(b"\r").unwrap_or(line);
        let request = Request::decode(bare).ok();
        let expected = match request.filter(|_| bare.len() <= MAX_LINE) {
            Some(Request::Say(text)) => format!("ann: {text}\n"),
            Some(Request::Leave) => "ann has left the chat\n".into(),
            _ => String::new(),
        };
        assert_eq!(str::from_utf8(&heard.screen), Ok(&*expected));
        assert_eq!(expected.lines().count(), usize::from(!expected.is_empty()));
    }
}

/// Sends `line` as a first line.
fn greet(line: &[u8]) {
    let mut talk = Talk::with("");
    talk.hear(b"");
    let heard = talk.hear(&[line, b"\n"].concat());
    assert_eq!(heard.bob, heard.screen);
    let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
    let bare = line.strip_suffix(b"\r").unwrap_or(line);
    let most = match FirstLine::decode(&bare[..bare.len().min(MAX_LINE)]) {
        _ if bare.contains(&0xff) => 2, // Commands of telnet are skipped first.
        FirstLine::Foreign(_) => 0,
        FirstLine::Blank if bare.len() <= MAX_LINE => 0,
        FirstLine::Json(_) if bare.len() <= MAX_LINE && heard.bob.is_empty() => 0,
        FirstLine::Json(_) | FirstLine::Join(_) if bare.len() <= MAX_LINE => 1,
        _ => 2,
    };
    let lines = heard.bob.split_inclusive(|b| *b == b'\n').count();
    assert!(lines <= most, "{:?}", heard.bob.escape_ascii().to_string());
    assert!(lines == 0 || heard.bob.ends_with(b" the chat\n") || lines == 2);
}

/// Whether nothing in a text acts on a screen.
fn is_printable(text: &str) -> bool {
    let acts = |c: char| c.is_control() && c != '\t' || c == '\u{2028}' || c == '\u{2029}';
    !text.chars().any(acts)
}
