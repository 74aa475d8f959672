//! Order in rooms: who may do what, and what comes of it (PROTOCOL.md, "Order").

use super::accounts::{far, hash, send};
use super::durable::Kept;
use super::json::{bye, errors, objects, program, token};
use super::world::World;
use chat_core::json::{Code, Message};
use chat_core::{
    CloseReason, ConnId, Input, Kind, Limits, MAX_BANS, MAX_INVITED, MAX_MUTES, MAX_OPERATORS,
    MAX_ORDER_REASON, MAX_SLOW, Name, RIGHTS, Right, Role,
};
use std::net::SocketAddr;
use std::time::Duration;

/// Somebody here who owns the name that they have.
pub(super) fn owner_of(w: &mut World, name: &str) -> ConnId {
    let conn = w.join(name);
    let told = send(w, conn, "/claim open sesame");
    assert!(told.contains("is yours"), "{told}");
    conn
}

/// Somebody who looks after the server.
pub(super) fn admin(w: &mut World, name: &str) -> ConnId {
    let conn = owner_of(w, name);
    let name = Name::parse(name).unwrap();
    assert_eq!(w.server.is_admin(&name), Some(false));
    w.handle(Input::SetAdmin(&name, true));
    assert_eq!(w.server.is_admin(&name), Some(true));
    w.look(conn);
    conn
}

pub(super) fn go(w: &mut World, conn: ConnId, room: &str) -> String {
    send(w, conn, &format!("/join {room}"))
}

/// ann, who owns dev, and bob, who is there, too.
pub(super) fn dev() -> (World, ConnId, ConnId) {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    let bob = w.join("bob");
    go(&mut w, ann, "dev");
    go(&mut w, bob, "dev");
    w.look(ann);
    (w, ann, bob)
}

/// What was asked of the store, and for passwords, is done.
pub(super) fn settle(k: &mut Kept) {
    k.commit();
    hash(k);
    k.answer();
    k.commit();
}

/// A server with a store, and ann, who owns the room `dev`.
pub(super) fn kept_dev() -> (Kept, ConnId) {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let ann = k.join("ann");
    for line in ["/claim open sesame", "/join dev"] {
        k.receive(ann, format!("{line}\n"));
        settle(&mut k);
    }
    (k, ann)
}

#[test]
fn whoever_makes_a_room_with_a_claimed_name_owns_it() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (owner_of(&mut w, "ann"), w.join("bob"));
    let told = go(&mut w, ann, "dev");
    assert!(
        told.ends_with("* You are in dev now; nobody else is here.\nann owns this room\n"),
        "{told}"
    );
    w.look(bob);
    let told = go(&mut w, bob, "tea");
    assert!(told.ends_with("nobody else is here.\n"), "{told}");
    let told = go(&mut w, ann, "tea");
    assert!(!told.contains("owns"), "it is there already: {told}");
    assert_eq!(
        send(&mut w, bob, "/kick ann"),
        "ann has joined the chat\n* Not done: /kick is for the operators of the room.\n"
    );
    for command in ["/op ann", "/private on"] {
        let (name, _) = command[1..].split_once(' ').unwrap();
        let told = format!("* Not done: /{name} is for the owner of the room.\n");
        assert_eq!(send(&mut w, bob, command), told);
    }
}

/// What each command of the table is given, and what comes of it where it is done.
fn command(right: Right, whom: &str) -> Option<(String, String)> {
    Some(match right {
        Right::Op => (
            format!("/op {whom}"),
            format!("has made {whom} an operator"),
        ),
        Right::Deop => (
            format!("/deop {whom}"),
            format!("has taken the operator's rights from {whom}"),
        ),
        Right::Kick => (format!("/kick {whom}"), format!("has removed {whom}")),
        Right::Ban => (format!("/ban {whom}"), format!("has banned {whom}")),
        Right::Unban => ("/unban eve".into(), "has lifted the ban of eve".into()),
        Right::Bans => ("/bans".into(), "* Banned: eve, by the-owner".into()),
        Right::Mute => (
            format!("/mute {whom} 10m"),
            format!("has muted {whom} for 10m"),
        ),
        Right::Unmute => ("/unmute silent".into(), "lets silent speak again".into()),
        Right::Private => ("/private on".into(), "has made the room private".into()),
        Right::Invite => ("/invite eve".into(), "has invited eve".into()),
        Right::Slow => (
            "/slow 9".into(),
            "lets everyone say one line each 9 s".into(),
        ),
        Right::Redact => (
            format!("/redact {whom}"),
            format!("has removed a line of {whom} (#"),
        ),
        Right::Close => ("/close".into(), "has closed the room".into()),
        Right::Reopen => ("/reopen".into(), "has opened the room again".into()),
        Right::EnterClosed | Right::Enter | Right::Haste | Right::Addresses => return None,
    })
}

#[test]
fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let roles = [
        ("nobody", Role::None),
        ("helper", Role::Operator),
        ("the-owner", Role::Owner),
        ("root", Role::Administrator),
    ];
    // One of each role besides, but for the owner, of whom there is one.
    let others = [
        ("other", Role::None),
        ("helper-b", Role::Operator),
        ("the-owner", Role::Owner),
        ("root-b", Role::Administrator),
    ];
    let mut done = 0;
    for (right, _) in RIGHTS {
        for (name, role) in roles {
            for (other, other_role) in others {
                let Some((line, what)) = command(right, other) else {
                    continue;
                };
                let mut w = World::new(Limits::default());
                let silent = w.join("silent");
                let mut all = vec![silent];
                let owner = owner_of(&mut w, "the-owner");
                go(&mut w, owner, "dev");
                for it in ["nobody", "helper", "other", "helper-b"] {
                    all.push(owner_of(&mut w, it));
                }
                all.extend(["root", "root-b"].map(|it| admin(&mut w, it)));
                for conn in &all {
                    go(&mut w, *conn, "dev");
                    send(&mut w, *conn, "hello");
                }
                send(&mut w, owner, "hello");
                for line in ["/op helper", "/op helper-b", "/ban eve", "/mute silent"] {
                    let told = send(&mut w, owner, line);
                    assert!(!told.contains("Not done"), "{told}");
                }
                let conn = match name {
                    "the-owner" => owner,
                    name => w
                        .server
                        .people()
                        .find(|it| it.0.as_str() == name)
                        .unwrap()
                        .1
                        .unwrap(),
                };
                if right == Right::Reopen {
                    send(&mut w, owner, "/close");
                }
                w.look(conn);
                let told = send(&mut w, conn, &line);
                let may = role.may(right, Some(other_role));
                // To make somebody an operator who is more than that, or none who is none, would change nothing.
                let changes = match right {
                    Right::Op => other_role == Role::None,
                    Right::Deop => other_role == Role::Operator,
                    _ => true,
                };
                let is_done = told.contains(&what);
                assert_eq!(is_done, may && changes, "{role:?} {line}: {told}");
                assert_eq!(
                    told.contains("Not done"),
                    !is_done,
                    "{role:?} {line}: {told}"
                );
                done += usize::from(is_done);
            }
        }
    }
    assert!(done > 50, "{done}");
}

#[test]
fn nobody_does_it_to_themselves_or_to_one_who_is_not_there() {
    let (mut w, ann, _) = dev();
    assert_eq!(
        send(&mut w, ann, "/kick ann"),
        "* Not done: ann is the owner, as you are, or more than you.\n"
    );
    w.join("cat");
    w.look(ann);
    for line in ["/kick cat", "/mute cat"] {
        assert_eq!(
            send(&mut w, ann, line),
            "* Not done: cat is not in this room.\n"
        );
    }
    assert_eq!(
        send(&mut w, ann, "/kick dan"),
        "* Not done: dan is not in this room.\n"
    );
    assert_eq!(send(&mut w, ann, "/kick *"), "* Nobody here is called *.\n");
}

#[test]
fn an_operator_has_a_name_of_their_own_and_is_that_only_while_they_have_it() {
    let (mut w, ann, bob) = dev();
    assert_eq!(
        send(&mut w, ann, "/op bob"),
        "* Not done: the name bob belongs to nobody yet. They make it their own with /claim PASSWORD.\n"
    );
    send(&mut w, bob, "/claim open sesame");
    assert_eq!(
        send(&mut w, ann, "/op bob"),
        "ann has made bob an operator\n"
    );
    assert_eq!(
        send(&mut w, ann, "/op BOB"),
        "* Not done: that is an operator already.\n"
    );
    let cat = w.join("cat");
    go(&mut w, cat, "dev");
    send(&mut w, bob, "/nick bobby");
    assert!(send(&mut w, bob, "/slow 5").contains("is for the operators"));
    send(&mut w, bob, "/login bob open sesame");
    assert!(send(&mut w, bob, "/slow 5").ends_with("bob lets everyone say one line each 5 s\n"));
    // Whoever has the name after it was given up has none of its rights.
    send(&mut w, bob, "/unclaim");
    assert!(send(&mut w, bob, "/slow 0").contains("is for the operators"));
    send(&mut w, bob, "/nick bobby");
    send(&mut w, cat, "/nick bob");
    send(&mut w, cat, "/claim another one");
    assert!(send(&mut w, cat, "/slow 0").contains("is for the operators"));
    // But may be given them again, and another password takes none of them.
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/op bob"),
        "ann has made bob an operator\n"
    );
    send(&mut w, cat, "/passwd yet another");
    assert!(
        send(&mut w, cat, "/slow 0").ends_with("bob lets everyone speak as fast as they like\n")
    );
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/deop bob"),
        "ann has taken the operator's rights from bob\n"
    );
    assert_eq!(
        send(&mut w, ann, "/deop bob"),
        "* Not done: that is no operator.\n"
    );
}

#[test]
fn the_lobby_is_the_administrators_and_who_is_removed_there_is_told_goodbye() {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    let (bot, welcome) = program(&mut w, r#"{"name":"bot"}"#);
    let (cat, _) = program(&mut w, r#"{"name":"cat"}"#);
    assert!(send(&mut w, ann, "/kick bot").contains("is for the operators"));
    let name = Name::parse("ann").unwrap();
    w.handle(Input::SetAdmin(&name, true));
    assert_eq!(
        w.look(ann),
        "* You are an administrator now: you may do in any room what its owner may.\n"
    );
    assert_eq!(
        send(&mut w, ann, "/kick bot too  loud"),
        "ann has removed bot: too  loud\nbot has left the chat\n"
    );
    let told = objects(&mut w, bot);
    assert_eq!(bye(&told), Some((Code::Kicked, None)));
    let Some(Message::Bye { text, .. }) = told.last() else {
        panic!("{told:?}");
    };
    assert_eq!(text, "ann has removed you: too  loud");
    let hello = format!("{{\"session\":\"{}\"}}", token(&welcome));
    let (_, again) = program(&mut w, &hello);
    assert!(
        matches!(again[0], Message::Welcome { resumed: false, .. }),
        "{again:?}"
    );
    // Somebody without a connection is not waited for any more.
    w.handle(Input::Lost(cat));
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/kick cat"),
        "ann has removed cat\ncat has left the chat\n"
    );
    w.handle(Input::SetAdmin(&name, false));
    assert_eq!(w.look(ann), "* You are no administrator any more.\n");
    assert!(send(&mut w, ann, "/slow 2").contains("is for the operators"));
}

#[test]
fn whoever_is_removed_from_another_room_is_in_the_lobby() {
    let (mut w, ann, bob) = dev();
    w.look(bob);
    assert_eq!(
        send(&mut w, ann, "/kick bob too loud"),
        "ann has removed bob: too loud\nbob has left the chat\n"
    );
    assert_eq!(
        w.look(bob),
        "ann has removed bob: too loud\n* ann has removed you from dev: too loud\n* You are in lobby now; nobody else is here.\n"
    );
    assert!(
        go(&mut w, bob, "dev").contains("You are in dev now"),
        "they may come back"
    );
}

#[test]
fn a_program_is_parted_and_told_why_and_is_never_in_no_room() {
    let (mut w, ann, _) = dev();
    let (bot, _) = program(&mut w, r#"{"name":"bot","rooms":{"dev":{}}}"#);
    w.look(ann);
    send(&mut w, ann, "/kick bot");
    let told = objects(&mut w, bot);
    let Some(Message::Out {
        room,
        id: None,
        code: Some(Code::Kicked),
        text: Some(text),
    }) = told.last()
    else {
        panic!("{told:?}");
    };
    assert_eq!((&**room, &**text), ("dev", "ann has removed you from dev."));
    w.receive(
        bot,
        "{\"type\":\"join\",\"room\":\"dev\"}\n{\"type\":\"part\",\"room\":\"lobby\"}\n",
    );
    objects(&mut w, bot);
    send(&mut w, ann, "/kick bot");
    let told = objects(&mut w, bot);
    let is_in = |it: &Message<'_>| matches!(it, Message::In { room, .. } if room == "lobby");
    assert!(told.iter().any(is_in), "{told:?}");
    assert!(
        told.iter()
            .any(|it| matches!(it, Message::Out { room, .. } if room == "dev"))
    );
    w.receive(bot, "{\"type\":\"say\",\"text\":\"hi\",\"id\":\"1\"}\n");
    let told = objects(&mut w, bot);
    assert!(
        matches!(told.last(), Some(Message::Accepted { .. })),
        "{told:?}"
    );
}

#[test]
fn a_ban_holds_by_name_and_by_host_until_it_ends() {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    go(&mut w, ann, "dev");
    let troll = far(&mut w, 7, false, "troll");
    go(&mut w, troll, "dev");
    w.look(ann);
    w.look(troll);
    let told = send(&mut w, ann, "/ban troll 2h not nice");
    assert_eq!(
        told,
        "ann has banned troll for 2h: not nice\n* That is about 192.0.2.7; only operators see this.\ntroll has left the chat\n"
    );
    let why = "* You are banned from dev until 1970-01-01 02:00 UTC: not nice\n";
    let told = w.look(troll);
    assert!(
        told.contains(why) && told.contains("You are in lobby now"),
        "{told}"
    );
    assert!(!told.contains("192.0.2.7"), "{told}");
    assert_eq!(go(&mut w, troll, "dev"), why);
    // Under another name, on another connection, from the same host.
    send(&mut w, troll, "/nick saint");
    assert_eq!(go(&mut w, troll, "dev"), why);
    let again = far(&mut w, 7, false, "angel");
    assert_eq!(go(&mut w, again, "dev"), why);
    // From another host, by the name and what is taken for it.
    let other = far(&mut w, 8, false, "TRO11");
    assert_eq!(go(&mut w, other, "dev"), why);
    send(&mut w, other, "/nick innocent");
    assert!(go(&mut w, other, "dev").contains("You are in dev now"));
    assert_eq!(
        send(&mut w, other, "/nick Troll."),
        "* The name Troll. is banned from dev; you are still innocent.\n"
    );
    w.wait(Duration::from_secs(7199));
    w.look(troll);
    assert_eq!(go(&mut w, troll, "dev"), why);
    w.look(ann);
    let told = send(&mut w, ann, "/bans");
    assert_eq!(
        told,
        "* Banned: troll (192.0.2.7) until 1970-01-01 02:00 UTC, by ann: not nice\n"
    );
    w.wait(Duration::from_secs(1));
    assert!(
        go(&mut w, troll, "dev").contains("You are in dev now"),
        "it is over"
    );
    w.look(ann);
    assert_eq!(send(&mut w, ann, "/bans"), "* Nobody is banned.\n");
    assert_eq!(
        send(&mut w, ann, "/unban troll"),
        "* Not done: nobody is banned by that; /bans lists who is.\n"
    );
}

#[test]
fn a_network_is_banned_for_all_who_come_from_it_but_those_who_keep_order() {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    go(&mut w, ann, "dev");
    let [eve, dan] = [(7, "eve"), (9, "dan")].map(|(host, name)| far(&mut w, host, true, name));
    let far_away = far(&mut w, 250, true, "far");
    for conn in [eve, dan, far_away] {
        go(&mut w, conn, "dev");
    }
    send(&mut w, dan, "/claim open sesame");
    send(&mut w, ann, "/op dan");
    for conn in [ann, dan, eve, far_away] {
        w.look(conn);
    }
    send(&mut w, ann, "/ban 192.0.2.0/25");
    let told = w.look(eve);
    assert!(
        told.starts_with("ann has banned an address\n* You are banned from dev.\n"),
        "{told}"
    );
    let seen = "ann has banned an address\n* That is about 192.0.2.0/25; only operators see this.\neve has left the chat\n";
    assert_eq!(w.look(dan), seen);
    assert_eq!(
        w.look(far_away),
        "ann has banned an address\neve has left the chat\n"
    );
    // In the history as when it happened.
    assert!(
        send(&mut w, dan, "/history 2").starts_with("* ann has banned an address (192.0.2.0/25)\n")
    );
    assert!(send(&mut w, far_away, "/history 2").starts_with("* ann has banned an address\n"));
    let screen = String::from_utf8(w.transcript.clone()).unwrap();
    assert!(
        screen.contains("[dev] ann has banned an address\n") && !screen.contains("192.0.2"),
        "{screen}"
    );
    assert_eq!(go(&mut w, eve, "dev"), "* You are banned from dev.\n");
    w.look(ann);
    assert!(
        send(&mut w, ann, "/unban 192.0.2.0/25")
            .starts_with("ann has lifted the ban of an address\n")
    );
    assert!(go(&mut w, eve, "dev").contains("You are in dev now"));
}

#[test]
fn who_is_banned_from_the_lobby_is_not_let_in_at_all() {
    let mut w = World::new(Limits::default());
    let root = admin(&mut w, "root");
    let troll = far(&mut w, 7, false, "troll");
    let hello = r#"{"name":"bot"}"#;
    let connect = |w: &mut World, host: u8, hello: &str| {
        let peer = SocketAddr::from(([192, 0, 2, host], 2000));
        let conn = w.server.accept(w.now, peer).unwrap();
        w.receive(conn, format!("JOIN {hello}\n"));
        conn
    };
    let bot = connect(&mut w, 9, hello);
    let told = objects(&mut w, bot);
    let session = format!("{{\"session\":\"{}\"}}", token(&told));
    w.look(root);
    send(&mut w, root, "/ban troll not nice");
    let goodbye = "* Goodbye: you are banned: not nice\n";
    let told = w.look(troll);
    assert!(told.ends_with(goodbye), "{told}");
    for (host, hello, is_let_in) in [
        (7, "saint", false),
        (8, "troll", false),
        (8, "Troll.", false),
        (8, "saint", true),
    ] {
        let conn = connect(&mut w, host, hello);
        let told = w.look(conn);
        assert_eq!(told == goodbye, !is_let_in, "{told}");
    }
    // Neither by silence, nor in the other dialect, nor to read.
    let peer = SocketAddr::from(([192, 0, 2, 7], 2000));
    let quiet = w.server.accept(w.now, peer).unwrap();
    w.wait(Limits::default().first_line);
    assert_eq!(w.look(quiet), goodbye);
    for hello in ["{}", r#"{"name":"saint"}"#, r#"{"read":true}"#] {
        let conn = connect(&mut w, 7, hello);
        let told = objects(&mut w, conn);
        assert_eq!(bye(&told), Some((Code::Banned, None)), "{hello}");
        w.handle(Input::Eof(conn));
        assert_eq!(w.closed.get(&conn), Some(&CloseReason::Banned));
    }
    // Nor with a session that goes on from there.
    w.handle(Input::Lost(bot));
    send(&mut w, root, "/ban 192.0.2.10");
    let conn = connect(&mut w, 10, &session);
    let told = objects(&mut w, conn);
    assert_eq!(bye(&told), Some((Code::Banned, None)));
    assert!(w.look(root).contains("bot has left the chat"));
}

#[test]
fn who_is_mute_says_nothing_and_goes_on_when_it_is_over() {
    let (mut w, ann, bob) = dev();
    w.look(bob);
    assert_eq!(
        send(&mut w, ann, "/mute bob 10m"),
        "ann has muted bob for 10m\n"
    );
    w.look(bob);
    let why = "* Not sent: you are muted here until 1970-01-01 00:10 UTC.\n";
    for line in ["hello", "/me waves"] {
        assert_eq!(send(&mut w, bob, line), why);
    }
    assert!(send(&mut w, bob, "/topic mine").contains("you are muted"));
    // A new name says no more.
    send(&mut w, bob, "/nick bobby");
    assert_eq!(send(&mut w, bob, "hello"), why);
    assert!(!w.look(ann).contains("hello"));
    w.wait(Duration::from_secs(600));
    assert_eq!(send(&mut w, bob, "hello"), "");
    assert_eq!(w.look(ann), "bobby: hello\n");
    send(&mut w, ann, "/mute bobby");
    w.look(bob);
    assert_eq!(
        send(&mut w, bob, "hello"),
        "* Not sent: you are muted here.\n"
    );
    assert_eq!(
        send(&mut w, ann, "/unmute bobby"),
        "ann lets bobby speak again\n"
    );
    w.look(bob);
    assert_eq!(send(&mut w, bob, "hello"), "");
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/unmute bobby"),
        "* Not done: they are not muted.\n"
    );
}

#[test]
fn nobody_comes_into_a_private_room_or_sees_it_who_is_not_invited() {
    let (mut w, ann, bob) = dev();
    let (cat, dan) = (w.join("cat"), admin(&mut w, "dan"));
    send(&mut w, ann, "/private on");
    assert_eq!(
        send(&mut w, ann, "/private on"),
        "* Not done: it is so already.\n"
    );
    for conn in [cat, dan, bob] {
        w.look(conn);
    }
    assert_eq!(
        go(&mut w, cat, "dev"),
        "* Not done: dev is private, and you are not invited.\n"
    );
    assert_eq!(send(&mut w, cat, "/who dev"), "* Nobody is in dev.\n");
    assert_eq!(send(&mut w, cat, "/rooms"), "* Rooms: lobby (2)\n");
    assert_eq!(
        send(&mut w, bob, "/rooms"),
        "* Rooms: dev (2), lobby (2)\n",
        "they are there"
    );
    assert_eq!(
        send(&mut w, dan, "/rooms"),
        "* Rooms: dev (2), lobby (2)\n",
        "an administrator"
    );
    assert_eq!(send(&mut w, ann, "/invite cat"), "ann has invited cat\n");
    assert_eq!(
        w.look(cat),
        "* ann invites you to dev: /join dev goes there.\n"
    );
    assert!(send(&mut w, cat, "/who dev").contains("ann, bob"));
    assert!(go(&mut w, cat, "dev").contains("You are in dev now"));
    assert!(go(&mut w, dan, "dev").contains("You are in dev now"));
    // Whoever is removed is invited no more.
    send(&mut w, ann, "/kick cat");
    w.look(cat);
    assert!(go(&mut w, cat, "dev").contains("not invited"));
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/invite bob"),
        "* Not done: they are invited already, or here.\n"
    );
    send(&mut w, ann, "/private off");
    assert!(go(&mut w, cat, "dev").contains("You are in dev now"));
}

#[test]
fn in_a_slow_room_everyone_waits_but_those_who_keep_order() {
    let (mut w, ann, bob) = dev();
    send(&mut w, ann, "/slow 10");
    w.look(bob);
    assert_eq!(send(&mut w, bob, "one"), "");
    w.wait(Duration::from_millis(2500));
    assert_eq!(
        send(&mut w, bob, "two"),
        "* Not sent: people say one line at a time here; you may say the next one in 8 s.\n"
    );
    send(&mut w, bob, "/nick bobby");
    assert!(send(&mut w, bob, "two").contains("in 8 s"));
    w.wait(Duration::from_millis(7499));
    assert!(send(&mut w, bob, "two").contains("in 1 s"));
    w.wait(Duration::from_millis(1));
    assert_eq!(send(&mut w, bob, "two"), "");
    let told = w.look(ann);
    assert!(
        told.contains("bob: one\n") && told.ends_with("bobby: two\n"),
        "{told}"
    );
    for line in ["a", "b"] {
        assert_eq!(send(&mut w, ann, line), "");
    }
    // To a program it is said in its own way.
    let (bot, _) = program(&mut w, r#"{"name":"bot","rooms":{"dev":{}}}"#);
    let say = |text: &str| {
        format!("{{\"type\":\"say\",\"room\":\"dev\",\"text\":\"{text}\",\"id\":\"{text}\"}}\n")
    };
    w.receive(bot, say("x") + &say("y"));
    let told = objects(&mut w, bot);
    let Some(Message::Error {
        code: Code::TooSoon,
        id,
        retry_after_ms,
        ..
    }) = told.first()
    else {
        panic!("{told:?}");
    };
    assert_eq!((id.as_deref(), *retry_after_ms), (Some("y"), Some(10_000)));
    w.wait(Duration::from_secs(10));
    w.receive(bot, say("x") + &say("y"));
    assert_eq!(
        errors(&objects(&mut w, bot)),
        [],
        "what was said already takes no time"
    );
    send(&mut w, ann, "/slow 0");
    w.receive(bot, say("z"));
    assert_eq!(errors(&objects(&mut w, bot)), []);
}

#[test]
fn every_limit_holds_at_it_and_not_past_it() {
    let (mut w, ann, bob) = dev();
    w.look(bob);
    let reason = "x".repeat(MAX_ORDER_REASON);
    assert!(send(&mut w, ann, &format!("/ban eve {reason}")).contains("has banned eve"));
    assert_eq!(
        send(&mut w, ann, &format!("/ban eve {reason}x")),
        "* Not done: a reason is at most 256 bytes long.\n"
    );
    assert_eq!(
        send(&mut w, ann, "/ban eve 366d"),
        "* Not done: /ban is for 1s to 365d; without a time, it has no end.\n"
    );
    assert_eq!(
        send(&mut w, ann, "/slow 3601"),
        "* Not done: between two lines are at most 3600 s.\n"
    );
    assert!(send(&mut w, ann, &format!("/slow {MAX_SLOW}")).contains("each 3600 s"));
    send(&mut w, ann, "/slow 0");
    let full = "there are as many as there may be";
    for nth in 1..MAX_BANS {
        let told = send(&mut w, ann, &format!("/ban n{nth} 60s"));
        assert!(told.contains("has banned"), "{nth}: {told}");
    }
    assert!(send(&mut w, ann, "/ban one-more").contains(full));
    assert!(
        send(&mut w, ann, "/ban EVE").contains("has banned EVE"),
        "in place of the one before"
    );
    assert!(send(&mut w, ann, "/bans").contains(" more\n"));
    w.wait(Duration::from_secs(60));
    assert!(
        send(&mut w, ann, "/ban one-more").contains("has banned"),
        "those before are over"
    );
    for nth in 0..MAX_INVITED {
        w.wait(Duration::from_millis(50));
        let told = send(&mut w, ann, &format!("/invite n{nth}"));
        assert!(told.contains("has invited"), "{nth}: {told}");
    }
    assert!(send(&mut w, ann, "/invite one-more").contains(full));
}

#[test]
fn there_are_no_more_operators_and_mutes_than_may_be() {
    let (mut w, ann, _) = dev();
    let full = "there are as many as there may be";
    for nth in 0..=MAX_MUTES {
        let name = format!("n{nth}");
        let conn = w.join(&name);
        go(&mut w, conn, "dev");
        w.look(ann);
        let told = send(&mut w, ann, &format!("/mute {name}"));
        assert_eq!(told.contains(full), nth == MAX_MUTES, "{nth}: {told}");
        if nth <= MAX_OPERATORS {
            send(&mut w, conn, "/claim open sesame");
        }
    }
    for nth in 0..=MAX_OPERATORS {
        let told = send(&mut w, ann, &format!("/op n{nth}"));
        assert_eq!(told.contains(full), nth == MAX_OPERATORS, "{nth}: {told}");
    }
    assert!(send(&mut w, ann, "/deop n0").contains("has taken"));
    assert!(send(&mut w, ann, &format!("/op n{MAX_OPERATORS}")).contains("has made"));
}

#[test]
fn help_shows_what_one_may_do() {
    let (mut w, ann, bob) = dev();
    w.look(bob);
    let all = send(&mut w, ann, "/help");
    let none = send(&mut w, bob, "/help");
    for word in [
        "/kick", "/mute", "/op NAME", "/private", "/redact", "/close",
    ] {
        assert!(all.contains(word) && !none.contains(word), "{word}");
    }
    send(&mut w, bob, "/claim open sesame");
    send(&mut w, ann, "/op bob");
    w.look(bob);
    let some = send(&mut w, bob, "/help");
    assert!(
        some.contains("/kick") && !some.contains("/op NAME"),
        "{some}"
    );
    assert!(send(&mut w, bob, "/help kick").starts_with("* /kick NAME [REASON]: "));
    let lines = [&all, &some, &none].map(|help| help.lines().count());
    assert_eq!(lines, [19, 17, 14]);
    assert!(all.ends_with("in the room.\n") && none.ends_with("in the room.\n"));
}

/// A program that owns dev, and what it is sent when it comes in.
fn owning_program(w: &mut World) -> (ConnId, Vec<Message<'static>>) {
    let (bot, _) = program(w, r#"{"name":"bot"}"#);
    w.receive(bot, "{\"type\":\"claim\",\"password\":\"open sesame\"}\n");
    hash(w);
    w.receive(bot, "{\"type\":\"join\",\"room\":\"dev\"}\n");
    let told = objects(w, bot);
    (bot, told)
}

#[test]
fn objects_that_order_nothing_are_answered_with_the_reason_and_their_id() {
    let mut w = World::new(Limits::default());
    let (bot, _) = owning_program(&mut w);
    w.join("eve");
    w.look(bot);
    let mut ask = |object: &str| {
        w.receive(bot, format!("{object}\n"));
        objects(&mut w, bot)
    };
    for (object, code) in [
        (
            r#"{"type":"order","room":"dev","do":"own","id":"2"}"#,
            Code::BadRequest,
        ),
        (
            r#"{"type":"order","room":"dev","do":"later","id":"2"}"#,
            Code::BadRequest,
        ),
        (
            r#"{"type":"order","room":"dev","do":"kick","id":"2"}"#,
            Code::BadRequest,
        ),
        (
            r#"{"type":"order","room":"dev","do":"slow","seconds":3601,"id":"2"}"#,
            Code::BadRequest,
        ),
        (
            r#"{"type":"order","room":"dev","do":"mute","whom":"eve","for_s":0,"id":"2"}"#,
            Code::BadRequest,
        ),
        (
            r#"{"type":"order","room":"dev","do":"kick","whom":"eve","id":"2"}"#,
            Code::NotHere,
        ),
        (
            r#"{"type":"order","room":"dev","do":"kick","whom":"bot","id":"2"}"#,
            Code::NotAllowed,
        ),
        (
            r#"{"type":"order","room":"dev","do":"op","whom":"eve","id":"2"}"#,
            Code::NotClaimed,
        ),
        (
            r#"{"type":"order","room":"dev","do":"slow","seconds":0,"id":"2"}"#,
            Code::Unchanged,
        ),
        (
            r#"{"type":"order","do":"slow","seconds":1,"id":"2"}"#,
            Code::NotAllowed,
        ),
        (
            r#"{"type":"order","room":"tea","do":"slow","seconds":1,"id":"2"}"#,
            Code::NotInRoom,
        ),
        (r#"{"type":"bans","id":"2"}"#, Code::NotAllowed),
    ] {
        let told = ask(object);
        let [
            Message::Error {
                code: told_code,
                id: Some(id),
                ..
            },
        ] = &told[..]
        else {
            panic!("{object}: {told:?}");
        };
        assert_eq!((*told_code, &**id), (code, "2"), "{object}");
    }
}

#[test]
fn orders_and_bans_are_asked_for_and_answered_in_objects_as_well() {
    let mut w = World::new(Limits::default());
    let (bot, told) = owning_program(&mut w);
    let of_order = |messages: &[Message<'static>]| {
        let order = |it: &Message<'static>| match it {
            Message::Entry(entry) if entry.kind == Kind::Order => entry.order.clone(),
            _ => None,
        };
        messages.iter().find_map(order)
    };
    assert!(of_order(&told).is_some(), "{told:?}");
    let troll = far(&mut w, 7, false, "troll");
    go(&mut w, troll, "dev");
    objects(&mut w, bot);
    let mut ask = |object: &str| {
        w.receive(bot, format!("{object}\n"));
        objects(&mut w, bot)
    };
    let told = ask(
        r#"{"type":"order","room":"dev","do":"ban","whom":"troll","for_s":60,"reason":" not\nnice ","id":"1"}"#,
    );
    let order = of_order(&told).unwrap();
    assert_eq!(
        (order.whom.as_deref(), order.for_s),
        (Some("troll"), Some(60))
    );
    assert_eq!(
        (order.reason.as_deref(), order.address),
        (Some("not?nice"), None)
    );
    let address =
        |it: &Message<'_>| matches!(it, Message::Address { address, .. } if address == "192.0.2.7");
    assert!(told.iter().any(address), "{told:?}");
    let accepted =
        |it: &Message<'_>| matches!(it, Message::Accepted { id: Some(id), .. } if id == "1");
    assert!(told.iter().any(accepted), "{told:?}");
    let told = ask(r#"{"type":"bans","room":"dev"}"#);
    let [Message::Bans { bans, more: 0, .. }] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(
        (bans[0].until, bans[0].address.as_deref()),
        (Some(60_000), Some("192.0.2.7"))
    );
    // A page shows the address to those who may see it.
    let told = ask(r#"{"type":"history","room":"dev","limit":3}"#);
    let past = told.iter().find_map(|it| match it {
        Message::Past(entry) => entry.order.clone(),
        _ => None,
    });
    assert_eq!(past.unwrap().address.as_deref(), Some("192.0.2.7"));
    w.receive(troll, "LEAVE\n");
    let peer = SocketAddr::from(([192, 0, 2, 7], 2000));
    let again = w.server.accept(w.now, peer).unwrap();
    w.receive(again, "JOIN {\"name\":\"saint\",\"rooms\":{\"dev\":{}}}\n");
    assert_eq!(errors(&objects(&mut w, again)), [Code::Banned]);
    let (reader, _) = program(&mut w, r#"{"read":true}"#);
    w.receive(
        reader,
        "{\"type\":\"order\",\"do\":\"slow\",\"seconds\":1}\n{\"type\":\"bans\"}\n",
    );
    assert_eq!(
        errors(&objects(&mut w, reader)),
        [Code::ReadOnly, Code::ReadOnly]
    );
}

#[test]
fn what_is_ordered_is_so_after_a_restart() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let ann = k.join("ann");
    let bob = k.join("bob");
    for (conn, line) in [
        (ann, "/claim open sesame"),
        (bob, "/claim open sesame"),
        (ann, "/join dev"),
        (bob, "/join dev"),
        (ann, "/op bob"),
        (ann, "/ban eve 2h not nice"),
        (ann, "/slow 60"),
        (ann, "/private on"),
        (ann, "/invite cat"),
    ] {
        k.receive(conn, format!("{line}\n"));
        settle(&mut k);
    }
    let told = k.look(ann);
    assert!(told.ends_with("ann has invited cat\n"), "{told}");
    let mut k = k.restart(2);
    settle(&mut k);
    let [bob, eve, cat, dan] = ["robert", "eve", "cat", "dan"].map(|name| k.join(name));
    for (conn, line) in [
        (bob, "/login bob open sesame"),
        (bob, "/join dev"),
        (eve, "/join dev"),
        (cat, "/join dev"),
        (dan, "/join dev"),
        (bob, "/bans"),
        (cat, "one"),
        (cat, "two"),
    ] {
        k.receive(conn, format!("{line}\n"));
        settle(&mut k);
    }
    let told = [eve, dan, cat, bob].map(|conn| k.look(conn));
    assert!(
        told[0].contains("You are banned from dev until 1970-01-01 02:00 UTC: not nice"),
        "{}",
        told[0]
    );
    assert!(told[1].contains("dev is private"), "{}", told[1]);
    assert!(told[2].contains("one line at a time"), "{}", told[2]);
    assert!(told[3].contains("* Banned: eve until"), "{}", told[3]);
}

/// One of another machine that speaks JSON, and its session.
fn far_program(w: &mut World, host: u8, hello: &str) -> (ConnId, String) {
    let peer = SocketAddr::from(([192, 0, 2, host], 2000));
    let conn = w.server.accept(w.now, peer).unwrap();
    w.receive(conn, format!("JOIN {hello}\n"));
    let told = objects(w, conn);
    (conn, token(&told))
}

#[test]
fn who_has_lost_the_connection_is_removed_with_the_host_they_came_from() {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    go(&mut w, ann, "dev");
    let hellos = [("eve", 7), ("dan", 8)];
    for (name, host) in hellos {
        let hello = format!("{{\"name\":\"{name}\",\"rooms\":{{\"dev\":{{}}}}}}");
        let (bot, _) = far_program(&mut w, host, &hello);
        w.handle(Input::Lost(bot));
    }
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/ban 192.0.2.7"),
        "ann has banned an address\n* That is about 192.0.2.7; only operators see this.\neve has left the chat\n"
    );
    assert_eq!(
        send(&mut w, ann, "/ban dan"),
        "ann has banned dan\n* That is about 192.0.2.8; only operators see this.\ndan has left the chat\n"
    );
    let saint = far(&mut w, 8, false, "saint");
    assert_eq!(go(&mut w, saint, "dev"), "* You are banned from dev.\n");
}

#[test]
fn what_waits_for_the_store_is_not_said_in_a_room_that_one_was_removed_from_meanwhile() {
    let (mut k, ann) = kept_dev();
    let (bot, _) = program(
        &mut k,
        &format!("{{\"session\":\"{}\",\"name\":\"bot\"}}", "7".repeat(32)),
    );
    settle(&mut k);
    k.receive(bot, "{\"type\":\"join\",\"room\":\"dev\"}\n");
    settle(&mut k);
    k.look(bot);
    // Its token may be older than this server: what it says may have been said before.
    k.receive(
        bot,
        "{\"type\":\"say\",\"room\":\"dev\",\"text\":\"hi\",\"id\":\"1\"}\n",
    );
    k.receive(ann, "/kick bot\n/join lobby\n");
    settle(&mut k);
    let told = objects(&mut k, bot);
    let is_refused = |it: &Message<'_>| matches!(it, Message::Error { code: Code::NotInRoom, id: Some(id), .. } if id == "1");
    assert!(told.iter().any(is_refused), "{told:?}");
    assert!(!k.look(ann).contains("bot: hi"));
}
