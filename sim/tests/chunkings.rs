//! However a stream is cut into chunks, the same comes of it.
//!
//! A stream of n bytes can be cut in 2^(n-1) ways. All of them are tried, and yet each stretch of
//! bytes is fed only once to each state that it can meet: what comes after a cut depends on
//! nothing but the state at the cut. So the states that any chunking can lead to are kept for each
//! byte, without repetition, and the streams share their beginnings.
//!
//! `--nocapture` shows how many ways to cut that were, and how many chunks were fed to know of all.

use chat_core::{
    Action, Client, ClientAction, ClientInput, CloseReason, Command, ConnId, Input, Limits, Line,
    LineReader, MAX_LINE, MAX_SERVER_LINE, Server, TextClient, Timer, Timestamp,
};
use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;

/// Something that is fed a stream of bytes in chunks.
trait Machine: Clone + Eq + Hash {
    /// What can be seen of it from outside.
    type Shown: Eq + Debug;

    /// All that it can be after one more chunk.
    fn feed(&self, chunk: &[u8]) -> Vec<Self>;

    /// What it shows once it has come to rest.
    fn shown(&self) -> Self::Shown;

    /// What it shows when the stream ends here.
    fn ended(&self) -> Self::Shown;
}

/// A stream that grows and shrinks at its end, piece by piece; it is never cut within a piece.
struct Stream<M> {
    bytes: Vec<u8>,
    /// For each place between pieces: how many bytes are before it, and all states that chunkings
    /// can lead to, each with where the chunks of one of them begin.
    places: Vec<(usize, HashMap<M, Vec<usize>>)>,
    streams: u64,
    chunkings: u128,
    feeds: u64,
}

impl<M: Machine> Stream<M> {
    fn new(machine: M) -> Self {
        Self {
            bytes: Vec::new(),
            places: vec![(0, HashMap::from([(machine, Vec::new())]))],
            streams: 0,
            chunkings: 0,
            feeds: 0,
        }
    }

    fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        let mut reached = HashMap::new();
        for (place, states) in &self.places {
            for (state, cuts) in states {
                self.feeds += 1;
                for after in state.feed(&self.bytes[*place..]) {
                    reached
                        .entry(after)
                        .or_insert_with(|| [&cuts[..], &[*place]].concat());
                }
            }
        }
        self.places.push((self.bytes.len(), reached));
    }

    fn pop(&mut self) {
        self.places.pop();
        let end = self.places.last().map_or(0, |(place, _)| *place);
        self.bytes.truncate(end);
    }

    /// Checks that all chunkings of the stream up to here show the same, now and at its end.
    #[track_caller]
    fn check(&mut self) -> M::Shown {
        let Some((_, states)) = self.places.last() else {
            unreachable!("there is always a beginning");
        };
        let mut shown: Vec<_> = states
            .iter()
            .map(|(state, cuts)| (state.shown(), state.ended(), cuts))
            .collect();
        // The stream in one chunk is one of them.
        shown.sort_by_key(|(.., cuts)| cuts.len());
        let (now, end, cuts) = shown.swap_remove(0);
        for (other_now, other_end, other_cuts) in shown {
            assert!(
                now == other_now && end == other_end,
                "\"{}\", chunks from {cuts:?}:\n{now:#?}\n{end:#?}\nchunks from {other_cuts:?}:\n{other_now:#?}\n{other_end:#?}",
                self.bytes.escape_ascii()
            );
        }
        self.streams += 1;
        let cuts = u32::try_from(self.places.len().saturating_sub(2)).unwrap_or(u32::MAX);
        self.chunkings += 1_u128.checked_shl(cuts).unwrap_or(u128::MAX);
        end
    }

    /// Goes through every stream of up to `most` of these words, each cut at every byte, or
    /// between its pieces where it has any.
    fn try_all(&mut self, words: &[Vec<&[u8]>], most: usize, see: &mut impl FnMut(M::Shown)) {
        let shown = self.check();
        see(shown);
        if most == 0 {
            return;
        }
        for word in words {
            for piece in word {
                self.push(piece);
            }
            self.try_all(words, most - 1, see);
            for _ in word {
                self.pop();
            }
        }
    }

    fn report(&self, what: &str) {
        println!(
            "{what}: {} streams, {} chunkings, {} chunks fed",
            self.streams, self.chunkings, self.feeds
        );
    }
}

/// Words that are cut at every byte.
fn words<'a>(words: &[&'a [u8]]) -> Vec<Vec<&'a [u8]>> {
    words.iter().map(|word| word.chunks(1).collect()).collect()
}

const NOW: Timestamp = Timestamp::ZERO;

/// A server with one who speaks and one who listens and takes everything.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Talk {
    server: Server,
    speaker: ConnId,
    shown: Shown,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Shown {
    speaker: Vec<u8>,
    listener: Vec<u8>,
    screen: Vec<u8>,
    closed: Option<CloseReason>,
}

impl Talk {
    fn new(limits: Limits) -> Self {
        let mut server = Server::new(limits);
        let listener = server.accept(NOW, 1).unwrap();
        server.handle(NOW, Input::Received(listener, b"JOIN\n"));
        let speaker = server.accept(NOW, 2).unwrap();
        let mut talk = Self {
            server,
            speaker,
            shown: Shown::default(),
        };
        talk.rest();
        talk
    }

    /// A pass of writing.
    fn pass(&mut self) {
        self.server.pass(NOW, |conn, slices| {
            let got = if conn == self.speaker {
                &mut self.shown.speaker
            } else {
                &mut self.shown.listener
            };
            got.extend(slices.concat());
            slices.iter().map(|slice| slice.len()).sum()
        });
        let screen = &mut self.shown.screen;
        let lost = self
            .server
            .transcript(|bytes| screen.extend_from_slice(bytes));
        assert_eq!(lost, 0);
        while let Some(action) = self.server.poll_action() {
            if let Action::Close(conn, reason) = action {
                assert_eq!(conn, self.speaker);
                assert_eq!(self.shown.closed.replace(reason), None);
            }
        }
    }

    /// Passes, until there is nothing left to go on with.
    fn rest(&mut self) {
        self.pass();
        while matches!(self.server.next_timeout(), Some((_, Timer::Resume))) {
            self.server.handle(NOW, Input::Timeout);
            self.pass();
        }
    }
}

impl Machine for Talk {
    type Shown = Shown;

    fn feed(&self, chunk: &[u8]) -> Vec<Self> {
        let mut fed = self.clone();
        fed.server.handle(NOW, Input::Received(self.speaker, chunk));
        // The next chunk may come before anything is written, or after.
        let mut written = fed.clone();
        written.rest();
        vec![fed, written]
    }

    fn shown(&self) -> Shown {
        let mut rested = self.clone();
        rested.rest();
        rested.shown
    }

    fn ended(&self) -> Shown {
        let mut ended = self.clone();
        ended.server.handle(NOW, Input::Eof(self.speaker));
        ended.rest();
        ended.shown
    }
}

const LINES: [&[u8]; 13] = [
    b"JOIN\n",
    b"JOIN ann\r\n",
    b"hi\n",
    b"/who\n",
    b"/x\n",
    b"leave\n",
    b"\r\n",
    b"//x\n",
    b"\xc3\xa9\n",
    b"\xc3\n",
    b"\ta\x07\r\r\n",
    b"JOIN {\n",
    // No line; the next one is the rest of it.
    b"a",
];

fn talks(what: &str, limits: Limits, most: usize) {
    let mut stream = Stream::new(Talk::new(limits));
    let (mut heard, mut untold) = (0_u64, 0_u64);
    stream.try_all(&words(&LINES), most, &mut |shown| {
        assert!(shown.screen.ends_with(&shown.listener[WELCOME..]));
        assert!(shown.closed.is_some());
        let said = shown.listener.len() > WELCOME;
        *(if said { &mut heard } else { &mut untold }) += 1;
    });
    stream.report(what);
    assert!(heard > 0 && untold > 0, "{heard} {untold}");
}

const WELCOME: usize = "Welcome to the chatroom!\n".len();

#[test]
fn what_is_heard_does_not_depend_on_the_chunks() {
    talks("lines", Limits::default(), 3);
}

#[test]
fn what_is_heard_does_not_depend_on_the_chunks_where_input_is_held_back() {
    let limits = Limits {
        batch: 8,
        private: 30,
        splices: 1,
        ..Limits::default()
    };
    talks("lines, held back", limits, 3);
}

#[test]
fn who_is_a_stranger_and_what_is_skipped_does_not_depend_on_the_chunks() {
    let words = words(&[
        b"PASS x\r\n",
        b"\x16\x03",
        b"<?xml ",
        b"\x10",
        b"\0",
        b"hi\n",
        b"JOIN\n",
        b" \r\n",
        // A command of telnet; a subnegotiation with an LF in it; what may begin one.
        b"\xff\xf6",
        b"\xff\xfa\n\xff\xf0",
        b"\xff",
        "\u{feff}".as_bytes(),
    ]);
    let mut stream = Stream::new(Talk::new(Limits::default()));
    let (mut strangers, mut heard) = (0_u64, 0_u64);
    stream.try_all(&words, 3, &mut |shown| {
        assert!(shown.screen.ends_with(&shown.listener[WELCOME..]));
        let is_stranger = matches!(shown.closed, Some(CloseReason::Foreign(_)));
        // Whoever said something else first has been heard to say that.
        let heard_secret = shown.listener.windows(4).any(|bytes| bytes == b"PASS");
        assert!(!is_stranger || !heard_secret);
        strangers += u64::from(is_stranger);
        heard += u64::from(shown.listener.len() > WELCOME);
    });
    stream.report("strangers");
    assert!(strangers > 0 && heard > 0, "{strangers} {heard}");
}

#[test]
fn what_is_heard_does_not_depend_on_the_chunks_near_the_longest_line() {
    let longest = vec![b'a'; MAX_LINE - 1];
    let request = [b"GET /", &longest[5..]].concat();
    let mut words = words(&[b"a", b"\r", b"\n", b" HTTP/1.1\r\n"]);
    words.extend([vec![&longest[..]], vec![&request[..]]]);
    let mut stream = Stream::new(Talk::new(Limits::default()));
    let (mut whole, mut too_long) = (0_u64, 0_u64);
    stream.try_all(&words, 4, &mut |shown| {
        let told = shown.speaker.windows(6).any(|bytes| bytes == b"longer");
        too_long += u64::from(told);
        whole += u64::from(shown.listener.len() > MAX_LINE);
    });
    stream.report("the longest line");
    assert!(whole > 0 && too_long > 0, "{whole} {too_long}");
}

/// A reader of lines, and the lines that it found.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Reading {
    reader: LineReader,
    found: Vec<(bool, Vec<u8>)>,
}

impl Machine for Reading {
    type Shown = (Vec<(bool, Vec<u8>)>, bool, usize);

    fn feed(&self, mut chunk: &[u8]) -> Vec<Self> {
        let mut fed = self.clone();
        while let Some(line) = fed.reader.next(&mut chunk) {
            fed.found.push(match line {
                Line::Whole(line) => (true, line.to_vec()),
                Line::TooLong(start) => (false, start.to_vec()),
            });
        }
        assert!(chunk.is_empty());
        vec![fed]
    }

    fn shown(&self) -> Self::Shown {
        let reader = &self.reader;
        (self.found.clone(), reader.is_mid_line(), reader.held())
    }

    fn ended(&self) -> Self::Shown {
        self.shown()
    }
}

#[test]
fn lines_near_the_limit_do_not_depend_on_the_chunks() {
    for limit in 0..5 {
        let mut stream = Stream::new(Reading {
            reader: LineReader::new(limit),
            found: Vec::new(),
        });
        let words = words(&[b"a", b"\r", b"\n"]);
        let mut too_long = 0_u64;
        stream.try_all(&words, 9, &mut |(found, ..)| {
            too_long += u64::from(found.iter().any(|(whole, _)| !whole));
        });
        stream.report(&format!("lines of at most {limit} bytes"));
        assert!(too_long > 0);
    }
}

/// A client that has just connected, or is leaving, and what it had to do.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Person {
    client: TextClient,
    actions: Vec<ClientAction>,
}

impl Person {
    fn new(leaves: bool) -> Self {
        let mut client = TextClient::new();
        let join = Command::Line(Line::Whole(b"JOIN"));
        client.command(NOW, join).unwrap();
        client.handle(NOW, ClientInput::Connected);
        if leaves {
            let welcome = b"Welcome to the chatroom!\n";
            client.handle(NOW, ClientInput::Received(welcome));
            client.command(NOW, Command::EndOfInput).unwrap();
        }
        while !client.unsent().is_empty() {
            client.sent(NOW, client.unsent().len());
        }
        Self {
            client,
            actions: Vec::new(),
        }
    }

    fn act(mut self) -> Self {
        while let Some(action) = self.client.poll_action() {
            self.actions.push(action);
        }
        self
    }
}

impl Machine for Person {
    type Shown = Vec<ClientAction>;

    fn feed(&self, chunk: &[u8]) -> Vec<Self> {
        let mut fed = self.clone();
        fed.client.handle(NOW, ClientInput::Received(chunk));
        vec![fed.clone(), fed.act()]
    }

    fn shown(&self) -> Self::Shown {
        self.clone().act().actions
    }

    fn ended(&self) -> Self::Shown {
        let mut ended = self.clone();
        ended.client.handle(NOW, ClientInput::Eof);
        ended.act().actions
    }
}

#[test]
fn what_a_client_shows_does_not_depend_on_the_chunks() {
    let words = words(&[
        b"Welcome to the chatroom!\n",
        b"ann has left the chat\n",
        b"ann: \x1b\xe2\x80\xa8\xc3\xa9\n",
        b"* Goodbye: x\r\n",
        b"* x\n",
        b"\xc3\n",
        b"\r\r\n",
        b"a",
    ]);
    for leaves in [false, true] {
        let mut stream = Stream::new(Person::new(leaves));
        let mut outcomes = std::collections::HashSet::new();
        stream.try_all(&words, 3, &mut |actions| {
            if let Some(ClientAction::End(outcome)) = actions.last() {
                outcomes.insert(*outcome);
            }
        });
        stream.report("a client");
        assert_eq!(outcomes.len(), 1 + usize::from(leaves), "{outcomes:?}");
    }
}

#[test]
fn what_a_client_shows_does_not_depend_on_the_chunks_near_the_longest_line() {
    let longest = [b"ann: ", &vec![b'a'; MAX_SERVER_LINE - 6][..]].concat();
    let mut words = words(&[b"a", b"\r", b"\n"]);
    words.push(vec![&longest[..]]);
    let mut stream = Stream::new(Person::new(false));
    let (mut whole, mut cut) = (0_u64, 0_u64);
    stream.try_all(&words, 4, &mut |actions| {
        for action in actions {
            if let ClientAction::Show(line) = action {
                whole += u64::from(line.len() == MAX_SERVER_LINE);
                cut += u64::from(line.contains(" … "));
            }
        }
    });
    stream.report("the longest line to a client");
    assert!(whole > 0 && cut > 0, "{whole} {cut}");
}

/// A reader that is wrong: it takes the end of a chunk for the end of a line if that is 3 long.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Wrong(Vec<Vec<u8>>);

impl Machine for Wrong {
    type Shown = Vec<Vec<u8>>;

    fn feed(&self, chunk: &[u8]) -> Vec<Self> {
        let mut fed = self.clone();
        for byte in chunk {
            fed.0.last_mut().unwrap().push(*byte);
            if *byte == b'\n' {
                fed.0.push(Vec::new());
            }
        }
        if fed.0.last().unwrap().len() == 3 {
            fed.0.push(Vec::new());
        }
        vec![fed]
    }

    fn shown(&self) -> Self::Shown {
        self.0.clone()
    }

    fn ended(&self) -> Self::Shown {
        self.shown()
    }
}

#[test]
#[should_panic(expected = "\"aaaa\", chunks from [0]")]
fn a_reader_that_is_wrong_is_found_out() {
    let mut stream = Stream::new(Wrong(vec![Vec::new()]));
    stream.try_all(&words(&[b"a"]), 9, &mut drop);
}
