//! What cli/ROOMS.md says that one types and sees is what one types and sees.
#![cfg(unix)]

use chat_tests::{Raw, Server};
use std::collections::BTreeSet;

const TABLE: &str = include_str!("../../cli/ROOMS.md");

/// What is set `like this` in one of the last two columns.
fn quoted(column: usize) -> BTreeSet<&'static str> {
    let rows = TABLE.lines().filter(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.trim_matches('|').rsplit('|').nth(column));
    let quoted = |cell: &'static str| cell.split('`').skip(1).step_by(2);
    cells.flat_map(quoted).collect()
}

/// What people type and see.
#[derive(Default)]
struct Story {
    typed: BTreeSet<String>,
    seen: BTreeSet<String>,
}

impl Story {
    fn types(&mut self, person: &mut Raw, line: &str) {
        person.say(line);
        self.typed.insert(line.into());
    }

    /// It is among the next lines.
    #[track_caller]
    fn sees(&mut self, person: &mut Raw, line: &str) {
        while person.line() != line {}
        self.seen.insert(line.into());
    }

    /// Types a line, and sees this among the next lines.
    #[track_caller]
    fn asks(&mut self, person: &mut Raw, line: &str, answer: &str) {
        self.types(person, line);
        self.sees(person, answer);
    }
}

/// Three who are in one room.
type Three<'a> = [&'a mut Raw; 3];

fn they_meet(it: &mut Story, [ann, bob, troll]: Three<'_>) {
    it.asks(ann, "/join dev", "ann owns this room");
    bob.say("/join dev");
    it.sees(bob, "* You are in dev now; 1 other is here.");
    it.asks(
        troll,
        "/join dev",
        "* You are in dev now; 2 others are here.",
    );
    it.asks(bob, "/rooms", "* Rooms: dev (3), lobby (1)");
    it.asks(bob, "/who", "* In the room (3): ann, bob, troll");
    it.asks(
        ann,
        "/topic tea at four",
        "ann has set the topic: tea at four",
    );
    it.types(troll, "hello");
    it.sees(ann, "troll: hello");
    it.asks(bob, "/history 1", "* troll: hello");
    it.asks(troll, "/msg ann psst", "[PM to ann] psst");
    it.sees(ann, "[PM from troll] psst");
    it.types(ann, "/reply what");
    it.sees(troll, "[PM from ann] what");
    it.asks(
        ann,
        "/away lunch",
        "* You are away, until you say something, or /back.",
    );
    it.asks(
        bob,
        "/whois ann",
        "* ann has been here for less than a minute; the owner of this room; away: lunch",
    );
    it.types(ann, "/back");
    it.asks(bob, "/me waves", "** bob waves");
}

fn there_is_order(it: &mut Story, [ann, bob, troll]: Three<'_>) {
    it.asks(ann, "/op bob", "ann has made bob an operator");
    let kick = "* /kick NAME [REASON]: has somebody leave the room, and tells everyone why. They may come back; /ban keeps them out.";
    it.asks(bob, "/help kick", kick);
    it.asks(
        bob,
        "/kcik troll",
        "* Unknown command /kcik. Did you mean /kick?",
    );
    it.asks(bob, "/mute troll 10m", "bob has muted troll for 10m");
    it.types(bob, "/unmute troll");
    it.types(bob, "/slow 10");
    it.sees(troll, "bob limits everyone to one line every 10 s");
    troll.say("one");
    troll.say("two");
    let slow = "* Not sent: people say one line at a time here; you may say the next one in 10 s.";
    it.sees(troll, slow);
    it.types(bob, "/slow 0");
    it.types(bob, "/redact troll");
    it.sees(troll, "bob lets everyone speak as fast as they like");
    it.sees(troll, "bob has removed a line of troll (#12)");
    it.asks(bob, "/kick troll enough", "bob has removed troll: enough");
    it.sees(troll, "* You are in lobby now; 1 other is here.");
    it.asks(
        bob,
        "/ban troll 1h spam",
        "bob has banned troll for 1h: spam",
    );
    it.types(bob, "/bans");
    it.types(bob, "/unban troll");
    it.sees(bob, "bob has lifted the ban of troll");
    it.types(ann, "/private on");
    it.sees(bob, "ann has made the room private");
    it.asks(
        troll,
        "/join dev",
        "* Not done: dev is private, and you are not invited.",
    );
    it.types(ann, "/invite troll");
    it.sees(troll, "* ann invites you to dev: /join dev goes there.");
    it.types(ann, "/close done");
    it.sees(bob, "* dev is closed: done");
}

#[test]
fn what_the_table_shows_is_what_one_types_and_sees() {
    let server = Server::with(&["--limit-loopback"]);
    let join = |name: &str| Raw::first_line(server.address(), &format!("JOIN {name}"));
    let mut it = Story::default();
    let [mut ann, mut bob, mut guest, mut troll] = ["ann", "bob", "guest", "troll"].map(join);

    it.asks(&mut guest, "/nick alice", "guest is now known as alice");
    let alike = "* The name al1ce looks like alice, who is here; you are still bob.";
    it.asks(&mut bob, "/nick al1ce", alike);
    let claimed = "* The name ann is yours. From elsewhere, /login ann PASSWORD gives it to you.";
    it.asks(&mut ann, "/claim open sesame", claimed);
    bob.say("/claim open sesame");
    it.asks(
        &mut ann,
        "/devices",
        "* No device comes back as ann without the password.",
    );

    they_meet(&mut it, [&mut ann, &mut bob, &mut troll]);
    there_is_order(&mut it, [&mut ann, &mut bob, &mut troll]);
    bob.say("LEAVE");
    bob.rest();
    it.types(&mut ann, "/msg bob cake");
    it.sees(&mut ann, "* bob is not here; it waits for them.");
    let mut bob = join("robert");
    it.asks(
        &mut bob,
        "/login bob open sesame",
        "* You are bob, as the name is yours.",
    );
    it.asks(&mut bob, "/inbox", "[PM from ann] cake");
    it.asks(
        &mut bob,
        "/unclaim",
        "* The name bob is no longer claimed; you have it as long as you are here.",
    );

    let typed = it.typed.iter().map(String::as_str).collect();
    let seen = it.seen.iter().map(String::as_str).collect();
    // What a client does alone is that client's to show.
    assert_eq!(&quoted(1) - &typed, BTreeSet::from(["/ignore troll"]));
    assert_eq!(&quoted(0) - &seen, BTreeSet::new());
}
