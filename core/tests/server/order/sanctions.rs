//! Who is removed, banned or mute.

use super::super::accounts::{far, send};
use super::super::json::{bye, objects, program, token};
use super::super::world::World;
use super::{admin, dev, go, owner_of};
use chat_core::json::{Code, Message};
use chat_core::{CloseReason, Input, Limits, Name};
use std::net::SocketAddr;
use std::time::Duration;

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
fn a_mute_holds_by_name_and_by_host_whoever_leaves_and_comes_back() {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    go(&mut w, ann, "dev");
    let [troll, dan] = [(7, "troll"), (7, "dan")].map(|(host, name)| far(&mut w, host, true, name));
    for conn in [troll, dan] {
        go(&mut w, conn, "dev");
    }
    send(&mut w, dan, "/claim open sesame");
    send(&mut w, ann, "/op dan");
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/mute troll 2h"),
        "ann has muted troll for 2h\n* That is about 192.0.2.7; only operators see this.\n"
    );
    w.look(troll);
    w.look(dan);
    let why = "* Not sent: you are muted here until 1970-01-01 02:00 UTC.\n";
    assert_eq!(send(&mut w, troll, "hello"), why);
    assert_eq!(
        send(&mut w, dan, "hello"),
        "",
        "who keeps order is not meant"
    );
    // Elsewhere, under another name, and back; and on another connection.
    for line in ["/join lobby", "/nick saint", "/join dev"] {
        send(&mut w, troll, line);
    }
    assert_eq!(send(&mut w, troll, "hello"), why);
    assert!(send(&mut w, troll, "/topic mine").contains("you are muted"));
    let again = far(&mut w, 7, false, "angel");
    go(&mut w, again, "dev");
    assert_eq!(send(&mut w, again, "hello"), why);
    w.receive(troll, "LEAVE\n");
    // From another host, by the name and what is taken for it.
    let other = far(&mut w, 8, false, "TRO11");
    go(&mut w, other, "dev");
    assert_eq!(send(&mut w, other, "hello"), why);
    w.receive(other, "LEAVE\n");
    let other = far(&mut w, 8, false, "eve");
    go(&mut w, other, "dev");
    assert_eq!(send(&mut w, other, "hello"), "");
    // Whoever is let speak may speak, and so may the others from there.
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/unmute angel"),
        "ann lets angel speak again\n* That is about 192.0.2.7; only operators see this.\n"
    );
    w.look(again);
    assert_eq!(send(&mut w, again, "hello"), "");
    send(&mut w, again, "/nick troll");
    assert_eq!(send(&mut w, again, "hello"), why);
    w.wait(Duration::from_secs(7200));
    assert_eq!(send(&mut w, again, "hello"), "");
}

#[test]
fn a_mute_goes_with_an_account_and_with_the_name_it_was_ordered_for() {
    let (mut w, ann, bob) = dev();
    send(&mut w, bob, "/claim open sesame");
    send(&mut w, ann, "/mute bob");
    w.look(bob);
    let why = "* Not sent: you are muted here.\n";
    send(&mut w, bob, "/nick bobby");
    assert_eq!(send(&mut w, bob, "hello"), why);
    go(&mut w, bob, "lobby");
    send(&mut w, bob, "/login bob open sesame");
    go(&mut w, bob, "dev");
    assert_eq!(send(&mut w, bob, "hello"), why);
    send(&mut w, bob, "/nick bobby");
    assert_eq!(send(&mut w, bob, "hello"), why);
    // A second one is of the same person, and so is being let speak.
    send(&mut w, ann, "/mute bobby 10m");
    w.look(bob);
    let until = "* Not sent: you are muted here until 1970-01-01 00:10 UTC.\n";
    assert_eq!(send(&mut w, bob, "hello"), until);
    send(&mut w, bob, "/login bob open sesame");
    assert_eq!(send(&mut w, bob, "hello"), until);
    send(&mut w, ann, "/unmute bob");
    w.look(bob);
    send(&mut w, bob, "/nick bobby");
    assert_eq!(send(&mut w, bob, "hello"), "");
    w.look(ann);
    assert!(send(&mut w, ann, "/unmute bobby").contains("they are not muted"));
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
fn who_is_banned_from_the_lobby_goes_whatever_room_they_are_in() {
    let mut w = World::new(Limits::default());
    let root = admin(&mut w, "root");
    for order in ["/ban imp", "/ban 192.0.2.7"] {
        let imp = far(&mut w, 7, false, "imp");
        go(&mut w, imp, "cave");
        w.look(root);
        let told = send(&mut w, root, order);
        assert!(!told.starts_with("* Not done"), "{told}");
        let told = w.look(imp);
        assert!(told.ends_with("* Goodbye: you are banned.\n"), "{told}");
        // By the name, the host that they came from as well.
        let again = far(&mut w, 7, false, "saint");
        w.handle(Input::Eof(again));
        assert_eq!(w.closed.get(&again), Some(&CloseReason::Banned));
        for by in ["imp", "192.0.2.7"] {
            send(&mut w, root, &format!("/unban {by}"));
        }
    }
    // A program that is not in the lobby.
    let (bot, _) = program(&mut w, r#"{"name":"bee","rooms":{"cave":{}}}"#);
    w.receive(bot, "{\"type\":\"part\",\"room\":\"lobby\"}\n");
    objects(&mut w, bot);
    send(&mut w, root, "/ban bee");
    let told = objects(&mut w, bot);
    assert_eq!(bye(&told), Some((Code::Banned, None)));
}

#[test]
fn a_ban_that_is_made_longer_keeps_the_host_out_too() {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    go(&mut w, ann, "dev");
    let troll = far(&mut w, 7, false, "troll");
    go(&mut w, troll, "dev");
    send(&mut w, ann, "/ban troll 1h");
    send(&mut w, ann, "/ban troll 30d");
    send(&mut w, troll, "/nick saint");
    assert!(go(&mut w, troll, "dev").starts_with("* You are banned from dev"));
    send(&mut w, ann, "/unban troll");
    assert!(go(&mut w, troll, "dev").contains("You are in dev now"));
}

#[test]
fn an_operator_who_is_banned_keeps_order_no_more() {
    let (mut w, ann, bob) = dev();
    send(&mut w, bob, "/claim open sesame");
    send(&mut w, ann, "/op bob");
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/ban bob out"),
        "ann has banned bob: out\nann has taken the operator's rights from bob\nbob has left the chat\n"
    );
    w.look(bob);
    assert_eq!(go(&mut w, bob, "dev"), "* You are banned from dev: out\n");
}

#[test]
fn a_ban_of_the_servers_own_machine_says_that_it_keeps_nobody_out() {
    let note = "* That keeps nobody out: connections of the server's own machine are exempt, unless it has --limit-loopback.\n";
    for limit_loopback in [false, true] {
        let mut w = World::new(Limits {
            limit_loopback,
            ..Limits::default()
        });
        let ann = owner_of(&mut w, "ann");
        go(&mut w, ann, "dev");
        let hello = r#"{"name":"bot","rooms":{"dev":{}}}"#;
        let (bot, _) = program(&mut w, hello);
        send(&mut w, bot, r#"{"type":"claim","password":"open sesame"}"#);
        send(&mut w, ann, "/op bot");
        w.look(bot);
        w.look(ann);
        for (whom, is_of_exempt) in [
            ("127.0.0.1", true),
            ("127.0.0.0/8", true),
            ("::1", true),
            ("192.0.2.7", false),
            ("eve", false),
        ] {
            let told = send(&mut w, ann, &format!("/ban {whom}"));
            assert!(told.starts_with("ann has banned "), "{told}");
            let is_told = is_of_exempt && !limit_loopback;
            assert_eq!(told.ends_with(note), is_told, "{whom}: {told}");
        }
        assert!(!send(&mut w, ann, "/unban 127.0.0.1").contains(note));
        let ban = r#"{"type":"order","room":"dev","do":"ban","whom":"127.0.0.1"}"#;
        w.look(bot);
        let told = send(&mut w, bot, ban);
        assert!(told.contains("has banned an address"), "{told}");
        assert_eq!(told.contains(r#"{"type":"notice""#), !limit_loopback);
    }
}
