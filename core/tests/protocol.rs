//! PROTOCOL.md against the code: the tables of transitions and of limits say what the code does.

use chat_core::json::{MAX_ID, MAX_PAGE};
use chat_core::{
    Action, Client, ClientAction, ClientInput, Command, ConnId, Input, Limits, Line, MAX_AWAY,
    MAX_BANS, MAX_DEVICES, MAX_INVITED, MAX_JSON_LINE, MAX_LABEL, MAX_LINE, MAX_MUTES, MAX_NAME,
    MAX_OPERATORS, MAX_ORDER_REASON, MAX_ORDER_TIME, MAX_PASSWORD, MAX_ROOM_NAME, MAX_ROOMS,
    MAX_SERVER_LINE, MAX_SLOW, MIN_PASSWORD, May, Order, RIGHTS, Rate, Rates, Server, TextClient,
    Timestamp, Transition, client_phase, foreign, json_client_phase, server_phase,
};
use std::fmt::Debug;
use std::time::Duration;

const PROTOCOL: &str = include_str!("../PROTOCOL.md");

/// The rows of the table under a heading, cells trimmed, without the head.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let (_, section) = PROTOCOL
        .split_once(&format!("\n## {heading}\n"))
        .expect("the heading");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect())
        .collect()
}

/// A table of the code as PROTOCOL.md has it.
fn rows<Phase: Debug, Event: Debug>(table: &[Transition<Phase, Event>]) -> Vec<Vec<String>> {
    let cells = |(from, event, to, done): &Transition<Phase, Event>| {
        vec![
            format!("{from:?}"),
            format!("{event:?}"),
            format!("{to:?}"),
            (*done).to_owned(),
        ]
    };
    table.iter().map(cells).collect()
}

#[test]
fn the_tables_of_lives_are_the_codes() {
    let server = rows(server_phase::TRANSITIONS);
    assert_eq!(table("The server's connections"), server);
    assert_eq!(table("The client"), rows(client_phase::TRANSITIONS));
    let json = rows(json_client_phase::TRANSITIONS);
    assert_eq!(table("The client that resumes"), json);
}

#[test]
fn the_table_of_limits_is_the_codes() {
    let l = Limits::default();
    let ms = |d: Duration| format!("{} ms", d.as_millis());
    let bytes = |n: u64| format!("{n} bytes");
    let per_minute = |rate: Rate| {
        assert_eq!(
            (rate.period, rate.burst),
            (Duration::from_secs(60), rate.count)
        );
        format!("{} a minute", rate.count)
    };
    let guesses = |rate: Rate| {
        assert_eq!(rate.period, Duration::from_secs(60));
        format!("{} a minute, {} at once", rate.count, rate.burst)
    };
    let rates = |r: Rates| {
        let Rates { lines, bytes } = r;
        assert!(
            [lines, bytes]
                .iter()
                .all(|rate| rate.period == Duration::from_secs(1))
        );
        format!(
            "{} lines a second, {} at once; {} bytes a second, {} at once",
            lines.count, lines.burst, bytes.count, bytes.burst
        )
    };
    let code = [
        bytes(MAX_LINE as u64),
        bytes(MAX_SERVER_LINE as u64),
        bytes(MAX_JSON_LINE as u64),
        bytes(MAX_ID as u64),
        MAX_PAGE.to_string(),
        bytes(MAX_NAME as u64),
        bytes(MAX_ROOM_NAME as u64),
        MAX_ROOMS.to_string(),
        l.rooms.to_string(),
        l.stored_rooms.to_string(),
        format!("{MIN_PASSWORD} to {MAX_PASSWORD} bytes"),
        l.accounts.to_string(),
        l.inbox.to_string(),
        l.inbox_of_one.to_string(),
        l.conversations.to_string(),
        MAX_DEVICES.to_string(),
        bytes(MAX_LABEL as u64),
        bytes(MAX_AWAY as u64),
        bytes(MAX_ORDER_REASON as u64),
        format!("{MAX_ORDER_TIME} s"),
        format!("{MAX_SLOW} s"),
        MAX_OPERATORS.to_string(),
        MAX_BANS.to_string(),
        MAX_MUTES.to_string(),
        MAX_INVITED.to_string(),
        l.hashes.to_string(),
        l.hashes_waiting.to_string(),
        guesses(l.name_guesses),
        guesses(l.host.guesses),
        l.connections.to_string(),
        l.refusals.to_string(),
        bytes(l.behind),
        bytes(l.copies),
        bytes(l.private as u64),
        l.splices.to_string(),
        bytes(l.batch),
        bytes(l.pass),
        bytes(l.bulk),
        bytes(l.backfill as u64),
        ms(l.make_way),
        bytes(l.answers as u64),
        l.reads.to_string(),
        bytes(l.transcript),
        rates(l.rate),
        rates(l.host_rate),
        ms(l.slow),
        l.detached.to_string(),
        l.host.connections.to_string(),
        l.host.unjoined.to_string(),
        l.host.refusals.to_string(),
        per_minute(l.host.joins),
        per_minute(l.host.tokens),
        l.host.detached.to_string(),
        format!(
            "{} a second, {} at once",
            l.give_way.count, l.give_way.burst
        ),
        ms(l.grace),
        ms(l.first_line),
        ms(l.first_line_end),
        ms(l.stall),
        ms(l.commit),
        ms(l.linger),
        ms(l.shutdown),
        ms(l.write_time),
        format!("{} µs", l.busy_write_time.as_micros()),
        ms(l.standstill),
    ];
    let stated: Vec<_> = table("Limits").into_iter().map(|row| row[1]).collect();
    assert_eq!(stated, code);
}

#[test]
fn the_table_of_who_may_do_what_is_the_codes() {
    use chat_core::Right::{Addresses, Enter, EnterClosed, Haste};
    let code = RIGHTS.iter().map(|(right, by_role)| {
        let right = match (right.command(), right) {
            (Some(command), _) => format!("`{command}`"),
            (None, EnterClosed) => "to be in a room that is closed".into(),
            (None, Enter) => "to come in all the same".into(),
            (None, Haste) => "not to wait between two lines".into(),
            (None, Addresses) => "to see addresses".into(),
            (None, other) => panic!("{other:?} is for no command"),
        };
        let may = by_role.map(|may| match may {
            May::No => "no",
            May::Lesser => "lesser",
            May::Yes => "yes",
        });
        let may = may.map(String::from);
        [vec![right], may.to_vec()].concat()
    });
    let code: Vec<Vec<String>> = code.collect();
    let stated = table("Order");
    assert_eq!(stated[..RIGHTS.len()], code);
    // The second table of the section names each order that there is, with its words.
    let orders = &stated[RIGHTS.len() + 2..];
    let kinds = [
        ("own", "own 1"),
        ("op", "op NAME 1"),
        ("deop", "deop NAME"),
        ("kick", "kick NAME"),
        ("ban", "ban - NAME -"),
        ("unban", "unban NAME -"),
        ("mute", "mute NAME -"),
        ("unmute", "unmute NAME"),
        ("private", "private on"),
        ("invite", "invite NAME"),
        ("slow", "slow 0"),
        ("redact", "redact 7 NAME"),
        ("close", "close"),
        ("reopen", "reopen"),
    ];
    assert_eq!(orders.len(), kinds.len());
    for (row, (kind, text)) in orders.iter().zip(kinds) {
        let order = Order::parse(text).unwrap();
        let name = serde_json::to_value(order.kind()).unwrap();
        assert_eq!(name, kind);
        assert!(row[2].starts_with(&format!("`{kind}`")), "{row:?}");
        let words = order.words();
        let told = row[1]
            .replace("[: REASON]", "")
            .replace("[ for DURATION]", "")
            .replace("#NUMBER", "#7");
        assert!(told.contains(&format!("` {words}`")), "{words}: {told}");
    }
}

#[test]
fn the_table_of_strangers_is_the_codes() {
    let code = foreign::TABLE.iter().map(|row| {
        let signs: Vec<String> = row.signs.iter().map(|sign| format!("`{sign}`")).collect();
        vec![row.name.into(), signs.join(", "), row.answered.into()]
    });
    assert_eq!(table("Strangers"), code.collect::<Vec<Vec<String>>>());
}

#[test]
fn what_a_round_may_append_before_it_is_a_crowds_is_stated() {
    let most = Limits::default().batch + 2 * (MAX_SERVER_LINE as u64 + 1);
    let stated = format!("− {},{:03})", most / 1000, most % 1000);
    assert!(PROTOCOL.contains(&stated), "{stated}");
}

/// A first line that asks to read.
const READ: &[u8] = b"JOIN {\"read\":true}\n";

/// A server with one connection that matters and one that can talk.
struct Bench {
    server: Server,
    now: Timestamp,
    conn: ConnId,
    talker: ConnId,
}

impl Bench {
    fn new() -> Self {
        let now = Timestamp::ZERO;
        let mut server = Server::new(Limits {
            behind: 1000,
            ..Limits::default()
        });
        let talker = server.accept(now, 1).unwrap();
        server.handle(now, Input::Received(talker, b"JOIN\n"));
        let conn = server.accept(now, 2).unwrap();
        let mut bench = Self {
            server,
            now,
            conn,
            talker,
        };
        bench.write(true);
        bench
    }

    /// Writes to all; the connection's socket takes everything or nothing.
    fn write(&mut self, takes: bool) {
        let other = self.conn;
        self.server.pass(self.now, |conn, slices| {
            if takes || conn != other {
                slices.iter().map(|s| s.len()).sum()
            } else {
                0
            }
        });
    }

    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some((due, _)) = self.server.next_timeout()
            && due < end
        {
            self.now = due;
            self.server.handle(due, Input::Timeout);
        }
        self.now = end;
        self.server.handle(self.now, Input::Timeout);
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.server
            .handle(self.now, Input::Received(self.conn, bytes));
    }

    fn talk(&mut self, bytes: usize) {
        let line = [vec![b'x'; bytes], vec![b'\n']].concat();
        self.server
            .handle(self.now, Input::Received(self.talker, &line));
    }

    /// Has bytes wait for the connection that its socket does not take.
    fn block(&mut self) {
        self.talk(10);
        self.write(false);
    }

    fn bring_to(&mut self, phase: server_phase::Phase) {
        use server_phase::Phase::{Closed, Draining, Greeting, Joined, Lingering, Reading, Silent};
        match phase {
            Greeting => {}
            Silent => self.wait(Duration::from_millis(250)),
            Joined => self.receive(b"hi\n"),
            Reading => self.receive(READ),
            Draining => {
                self.receive(b"JOIN\n");
                self.block();
                self.receive(b"LEAVE\n");
            }
            Lingering => {
                self.receive(b"JOIN\nLEAVE\n");
                self.write(true);
            }
            Closed => self.server.handle(self.now, Input::Lost(self.conn)),
        }
        assert_eq!(self.server.phase(self.conn), phase);
    }

    /// Makes the event happen, if anything from outside can in this phase.
    fn cause(&mut self, event: server_phase::Event) {
        use server_phase::Event::{
            Drained, Eof, Expired, Join, Leave, Lost, Misdirected, OtherLine, Quiet, Read, Refused,
            Replaced, Stop, TooFarBehind,
        };
        let limits = Limits::default();
        let before_first_line = self.server.phase(self.conn) < server_phase::Phase::Joined;
        match event {
            Join => self.receive(b"JOIN\n"),
            Read => self.receive(READ),
            OtherLine => self.receive(b"hi\n"),
            Misdirected => self.receive(b"PASS s3cret\n"),
            // A connection that has only just been accepted; one that has a session.
            Refused | Replaced => {}
            Quiet => self.wait(limits.first_line),
            Leave if before_first_line => {} // It would be a first line before.
            Leave if self.server.phase(self.conn) == server_phase::Phase::Reading => {
                self.receive(b"{\"type\":\"leave\"}\n");
            }
            Leave => self.receive(b"LEAVE\n"),
            Eof => self.server.handle(self.now, Input::Eof(self.conn)),
            TooFarBehind => {
                self.block();
                self.talk(1100);
                self.write(false);
            }
            Stop => self.server.handle(self.now, Input::Stop),
            Drained => {
                self.server.handle(self.now, Input::Writable(self.conn));
                self.write(true);
            }
            Expired if self.server.phase(self.conn) == server_phase::Phase::Greeting => {}
            Expired => {
                self.block();
                self.wait(limits.stall);
            }
            Lost => self.server.handle(self.now, Input::Lost(self.conn)),
        }
    }
}

#[test]
fn every_event_in_every_phase_of_a_connection_does_what_the_table_says() {
    use server_phase::{Event, Phase};
    let events = [
        Event::Join,
        Event::Read,
        Event::OtherLine,
        Event::Misdirected,
        Event::Quiet,
        Event::Leave,
        Event::Eof,
        Event::TooFarBehind,
        Event::Stop,
        Event::Drained,
        Event::Expired,
        Event::Lost,
    ];
    for phase in Phase::ALL {
        for event in events {
            let mut bench = Bench::new();
            bench.bring_to(phase);
            bench.cause(event);
            let row = server_phase::TRANSITIONS
                .iter()
                .find(|row| (row.0, row.1) == (phase, event));
            let expected = row.map_or(phase, |row| row.2);
            assert_eq!(
                bench.server.phase(bench.conn),
                expected,
                "{event:?} in {phase:?}"
            );
            let closes = std::iter::from_fn(|| bench.server.poll_action())
                .filter(|action| matches!(action, Action::Close(conn, _) if *conn == bench.conn));
            assert_eq!(
                closes.count() == 1,
                expected == Phase::Closed,
                "{event:?} in {phase:?}"
            );
        }
    }
}

fn client_in(phase: client_phase::Phase) -> TextClient {
    use client_phase::Phase::{Asking, Connecting, Ended, Joining, Leaving, Talking};
    let now = Timestamp::ZERO;
    let mut client = TextClient::new();
    if phase > Asking {
        client
            .command(now, Command::Line(Line::Whole(b"JOIN")))
            .unwrap();
    }
    if phase > Connecting {
        client.handle(now, ClientInput::Connected);
    }
    if phase > Joining {
        client.handle(now, ClientInput::Received(b"Welcome to the chatroom!\n"));
    }
    if phase > Talking {
        client
            .command(now, Command::Line(Line::Whole(b"leave")))
            .unwrap();
    }
    if phase > Leaving {
        client.handle(now, ClientInput::Eof);
    }
    assert!(matches!(
        phase,
        Asking | Connecting | Joining | Talking | Leaving | Ended
    ));
    assert_eq!(client.phase(), phase);
    client
}

#[test]
fn every_event_in_every_phase_of_a_client_does_what_the_table_says() {
    use client_phase::{Event, Phase};
    let now = Timestamp::ZERO;
    let late = now + Duration::from_secs(3600);
    let events = [
        Event::Join,
        Event::Connected,
        Event::Failed,
        Event::Welcomed,
        Event::Leave,
        Event::Interrupt,
        Event::Eof,
        Event::Lost,
        Event::Expired,
    ];
    for phase in Phase::ALL {
        for event in events {
            let mut client = client_in(phase);
            while client.poll_action().is_some() {}
            match event {
                Event::Join => drop(client.command(now, Command::Line(Line::Whole(b"JOIN")))),
                Event::Leave => drop(client.command(now, Command::EndOfInput)),
                Event::Interrupt => drop(client.command(now, Command::Interrupt)),
                Event::Connected => client.handle(now, ClientInput::Connected),
                Event::Failed => client.handle(now, ClientInput::Failed("no")),
                Event::Welcomed => {
                    client.handle(now, ClientInput::Received(b"Welcome to the chatroom!\n"));
                }
                Event::Eof => client.handle(now, ClientInput::Eof),
                Event::Lost => client.handle(now, ClientInput::Lost("reset")),
                Event::Expired => client.handle(late, ClientInput::Timeout),
            }
            let row = client_phase::TRANSITIONS
                .iter()
                .find(|row| (row.0, row.1) == (phase, event));
            let expected = row.map_or(phase, |row| row.2);
            assert_eq!(client.phase(), expected, "{event:?} in {phase:?}");
            let ends = std::iter::from_fn(|| client.poll_action())
                .filter(|action| matches!(action, ClientAction::End(_)));
            let ended_now = expected == Phase::Ended && phase != Phase::Ended;
            assert_eq!(ends.count() == 1, ended_now, "{event:?} in {phase:?}");
        }
    }
}

/// `README.md` says what each public name is.
#[test]
fn the_readme_lists_every_public_name() {
    let readme = include_str!("../README.md");
    let uses = include_str!("../src/lib.rs").split("pub use ").skip(1);
    let uses = uses.map(|it| it.split(';').next().unwrap_or_default());
    let names = uses.flat_map(|it| {
        let listed = it.split_once('{').map_or(it, |(_, listed)| listed);
        let listed = listed.trim_end_matches(['}', '\n', ' ', ',']).split(',');
        listed.map(|name| {
            let name = name.rsplit(" as ").next().unwrap_or(name);
            name.rsplit("::").next().unwrap_or(name).trim()
        })
    });
    let mut count = 0;
    for name in names {
        count += 1;
        assert!(readme.contains(&format!("[`{name}`]")), "{name}");
    }
    assert!(count > 80, "{count}");
}
