//! Names that belong to somebody (PROTOCOL.md, "Accounts").

use super::durable::Kept;
use super::json::{errors, objects, program};
use super::world::World;
use chat_core::json::{Code, Message};
use chat_core::{
    Action, ConnId, HASH, Input, Limits, MAX_PASSWORD, MIN_PASSWORD, Name, Peer, Rate, RoomName,
    Secret, Verifier,
};
use std::net::SocketAddr;
use std::time::Duration;

/// Hashes the passwords that wait, as the shell does: equal ones with equal salts to equal hashes.
pub(super) fn hash(w: &mut World) {
    while let Some(at) = w.asked.iter().position(|it| matches!(it, Action::Hash(..))) {
        hash_one(w, at);
    }
}

fn hash_one(w: &mut World, at: usize) {
    let Action::Hash(conn, password, salt) = w.asked.remove(at) else {
        panic!("it is no password");
    };
    let salt = salt.unwrap_or(Secret([7; 16]));
    let mut hash = [salt[0]; HASH];
    for (nth, byte) in password.bytes().enumerate() {
        hash[nth % HASH] = hash[nth % HASH].rotate_left(3) ^ byte;
    }
    let hash = Secret(hash);
    w.handle(Input::Hashed(conn, Some(&Verifier { salt, hash })));
}

pub(super) fn send(w: &mut World, conn: ConnId, line: &str) -> String {
    w.receive(conn, format!("{line}\n"));
    hash(w);
    w.look(conn)
}

/// The private lines among what a connection was sent.
pub(super) fn notices(w: &mut World, conn: ConnId) -> String {
    let lines = w.look(conn);
    let lines = lines.split_inclusive('\n');
    lines.filter(|line| line.starts_with("* ")).collect()
}

/// Somebody who has made this name their own, and has left.
pub(super) fn owned(w: &mut World, name: &str) {
    let conn = w.join(name);
    let told = send(w, conn, "/claim open sesame");
    assert!(
        told.contains(&format!("* The name {name} is yours.")),
        "{told}"
    );
    w.receive(conn, "LEAVE\n");
}

/// A connection of another machine, over TLS or not.
pub(super) fn far(w: &mut World, host: u8, is_encrypted: bool, name: &str) -> ConnId {
    let peer = Peer::from(SocketAddr::from(([192, 0, 2, host], 2000)));
    let conn = w
        .server
        .accept(w.now, peer.encrypted(is_encrypted))
        .unwrap();
    w.receive(conn, format!("JOIN {name}\n"));
    w.look(conn);
    conn
}

#[test]
fn a_name_is_freed_from_outside_as_its_owner_gives_it_up() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    send(&mut w, ann, "/claim open sesame");
    send(&mut w, bob, "/claim open sesame");
    send(&mut w, bob, "/join dev");
    let name = Name::parse("BOB").unwrap();
    w.handle(Input::FreeName(&name));
    assert_eq!(
        w.look(bob),
        "* An operator of the server has ended your claim of the name bob; you have it as long as you are here.\n"
    );
    assert_eq!(w.server.is_admin(&name), None);
    assert!(send(&mut w, bob, "/op ann").contains("is for the owner"));
    w.handle(Input::FreeName(&name));
    assert_eq!(w.look(bob), "", "it belongs to nobody already");
    assert!(send(&mut w, bob, "/claim another one").contains("is yours"));
    assert!(send(&mut w, bob, "/op ann").contains("is for the owner"));
    let ann = Name::parse("ann").unwrap();
    assert_eq!(
        w.server.is_admin(&ann),
        Some(false),
        "the others have theirs"
    );
}

#[test]
fn a_claimed_name_is_had_by_nobody_but_by_its_password() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/claim open sesame"),
        "* The name ann is yours. From elsewhere, /login ann PASSWORD gives it to you.\n"
    );
    w.receive(ann, "LEAVE\n");
    let bob = w.join("Ann.");
    let told = w.look(bob);
    assert!(
        told.ends_with(
            "* The name Ann. belongs to somebody; you are Ann.-2. If it is yours: /login ann PASSWORD.\n"
        ),
        "{told}"
    );
    assert_eq!(
        send(&mut w, bob, "/nick ANN"),
        "* The name ANN belongs to somebody: /login ANN PASSWORD, if it is you. You are still Ann.-2.\n"
    );
    assert_eq!(
        send(&mut w, bob, "/login ann open says me"),
        "* Not done: nobody has claimed that name, or the password is another one.\n"
    );
    assert_eq!(
        send(&mut w, bob, "/login ANN open sesame"),
        "Ann.-2 is now known as ann\n* You are ann, as the name is yours.\n"
    );
    // Whoever has it is its owner: other letters of it, too.
    assert_eq!(send(&mut w, bob, "/nick Ann"), "ann is now known as Ann\n");
    assert_eq!(
        send(&mut w, bob, "/login ann open sesame"),
        "* You are Ann already.\n"
    );
    assert_eq!(
        send(&mut w, bob, "/claim another one"),
        "* The name Ann is yours already. /passwd changes its password.\n"
    );
}

#[test]
fn a_name_that_nobody_has_claimed_is_answered_as_a_wrong_password_is_and_takes_as_long() {
    let mut w = World::new(Limits::default());
    owned(&mut w, "ann");
    let bob = w.join("bob");
    w.look(bob);
    let told = ["ann", "eve", "bob"].map(|name| {
        w.receive(bob, format!("/login {name} whatever it is\n"));
        let hashes = w.asked.iter().filter(|it| matches!(it, Action::Hash(..)));
        assert_eq!(hashes.count(), 1, "{name}");
        hash(&mut w);
        w.look(bob)
    });
    assert_eq!(
        told[0],
        "* Not done: nobody has claimed that name, or the password is another one.\n"
    );
    assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
}

#[test]
fn whoever_sits_on_a_name_gives_way_to_its_owner_and_is_told() {
    let mut w = World::new(Limits::default());
    let elsewhere = w.accept(77);
    w.receive(elsewhere, "JOIN ann\n/claim open sesame\n/join dev\n");
    hash(&mut w);
    w.look(elsewhere);
    let back = w.join("bob");
    w.receive(back, "/join dev\n");
    w.look(back);
    w.look(elsewhere);
    w.receive(back, "/login ann open sesame\nhello\n");
    assert_eq!(w.look(back), "", "nothing is handled before it is hashed");
    hash(&mut w);
    assert_eq!(
        w.look(elsewhere),
        "ann is now known as USER77\n\
         * The name ann belongs to somebody, who is here now; you are USER77.\n\
         bob is now known as ann\nann: hello\n"
    );
    assert_eq!(
        w.look(back),
        "ann is now known as USER77\nbob is now known as ann\n* You are ann, as the name is yours.\n"
    );
    // And is what they are called everywhere.
    assert_eq!(
        send(&mut w, elsewhere, "/msg ann psst"),
        "[PM to ann] psst\n"
    );
    assert_eq!(w.look(back), "[PM from USER77] psst\n");
    w.receive(elsewhere, "LEAVE\n");
    assert_eq!(w.look(back), "USER77 has left the chat\n");
}

#[test]
fn a_session_that_is_waited_for_gives_way_and_goes_on_under_its_other_name() {
    let mut w = World::new(Limits::default());
    let (first, welcome) = program(&mut w, r#"{"name":"ann"}"#);
    let token = super::json::token(&welcome);
    w.receive(
        first,
        "{\"type\":\"claim\",\"password\":\"open sesame\",\"id\":\"c\"}\n",
    );
    hash(&mut w);
    let told = objects(&mut w, first);
    assert_eq!(
        told,
        [Message::Account {
            name: "ann".into(),
            claimed: true,
            device: None,
            id: Some("c".into())
        }]
    );
    w.handle(Input::Lost(first));
    let bob = w.join("bob");
    w.look(bob);
    assert_eq!(
        send(&mut w, bob, "/login ann open sesame"),
        "ann is now known as USER0\nbob is now known as ann\n* You are ann, as the name is yours.\n"
    );
    let (_, welcome) = program(&mut w, &format!(r#"{{"session":"{token}"}}"#));
    assert!(
        matches!(&welcome[0], Message::Welcome { name, resumed: true, .. } if name == "USER0"),
        "{welcome:?}"
    );
}

#[test]
fn a_password_is_changed_and_a_name_given_up_by_whoever_has_it_alone() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    for command in ["/passwd another one", "/unclaim"] {
        assert_eq!(
            send(&mut w, ann, command),
            "* Not done: the name ann is not your own. /claim PASSWORD makes it that.\n"
        );
    }
    send(&mut w, ann, "/claim open sesame");
    assert_eq!(
        send(&mut w, ann, "/passwd another one"),
        "* ann has the new password now.\n"
    );
    send(&mut w, ann, "/nick eve");
    assert!(send(&mut w, ann, "/login ann open sesame").starts_with("* Not done: nobody"));
    send(&mut w, ann, "/login ann another one");
    assert_eq!(
        send(&mut w, ann, "/unclaim"),
        "* The name ann is no longer claimed; you have it as long as you are here.\n"
    );
    w.receive(ann, "LEAVE\n");
    let other = w.join("ann");
    assert_eq!(w.look(other), "Welcome to the chatroom!\n");
}

#[test]
fn only_a_name_of_ones_own_can_be_claimed() {
    let mut w = World::new(Limits::default());
    let port = w.accept(77);
    w.receive(port, "JOIN\n");
    w.look(port);
    for name in ["USER77", "user9", "USER9-2"] {
        send(&mut w, port, &format!("/nick {name}"));
        assert_eq!(
            send(&mut w, port, "/claim open sesame"),
            format!(
                "* Not done: {name} goes with your connection. Take a name of your own first: /nick NAME.\n"
            )
        );
    }
    // Nobody owns two that are taken for one another.
    send(&mut w, port, "/nick alice");
    send(&mut w, port, "/claim open sesame");
    send(&mut w, port, "/nick alice.");
    assert_eq!(
        send(&mut w, port, "/claim open sesame"),
        "* Not done: the name alice. looks like one that belongs to somebody.\n"
    );
}

#[test]
fn a_password_has_8_to_128_bytes() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    let refused = "* Not done: a password has 8 to 128 bytes.\n";
    for length in [MIN_PASSWORD - 1, MAX_PASSWORD + 1] {
        assert_eq!(
            send(&mut w, ann, &format!("/claim {}", "x".repeat(length))),
            refused
        );
    }
    for length in [MIN_PASSWORD, MAX_PASSWORD] {
        let told = send(&mut w, ann, &format!("/claim {}", "x".repeat(length)));
        assert!(told.contains("is yours"), "{told}");
        assert_eq!(
            send(
                &mut w,
                ann,
                &format!("/passwd {}", "x".repeat(MAX_PASSWORD + 1))
            ),
            refused
        );
        send(&mut w, ann, "/unclaim");
    }
}

#[test]
fn a_password_is_taken_only_where_nobody_reads_along() {
    let mut w = World::new(Limits::default());
    let plain = far(&mut w, 1, false, "ann");
    for command in [
        "/claim open sesame",
        "/login ann open sesame",
        "/passwd open sesame",
    ] {
        assert_eq!(
            send(&mut w, plain, command),
            "* Not done: others can read along on this connection. Passwords are taken over TLS (tls://), \
             or on the server's own machine.\n"
        );
    }
    let encrypted = far(&mut w, 2, true, "bob");
    assert!(send(&mut w, encrypted, "/claim open sesame").contains("The name bob is yours."));
}

#[test]
fn as_many_names_belong_to_somebody_as_may_and_one_more_does_not() {
    let mut w = World::new(Limits {
        accounts: 2,
        ..Limits::default()
    });
    for name in ["ann", "bob"] {
        owned(&mut w, name);
    }
    let eve = w.join("eve");
    w.look(eve);
    assert_eq!(
        send(&mut w, eve, "/claim open sesame"),
        "* Not done: no more names can be claimed on this server.\n"
    );
    send(&mut w, eve, "/login bob open sesame");
    send(&mut w, eve, "/unclaim");
    send(&mut w, eve, "/nick eve");
    assert!(send(&mut w, eve, "/claim open sesame").contains("The name eve is yours."));
}

#[test]
fn two_claims_that_race_for_the_last_account_are_decided_once() {
    let mut w = World::new(Limits {
        accounts: 1,
        ..Limits::default()
    });
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    for conn in [ann, bob] {
        w.look(conn);
        w.receive(conn, "/claim open sesame\n");
    }
    hash(&mut w);
    let told = [ann, bob].map(|conn| w.look(conn));
    assert_eq!(told.iter().filter(|it| it.contains("is yours")).count(), 1);
    assert_eq!(
        told.iter()
            .filter(|it| it.contains("no more names can be claimed"))
            .count(),
        1
    );
}

#[test]
fn so_many_passwords_are_hashed_at_once_so_many_wait_and_one_more_is_refused() {
    let mut w = World::new(Limits {
        hashes: 2,
        hashes_waiting: 3,
        ..Limits::default()
    });
    let all: Vec<ConnId> = (0..6).map(|nth| w.join(&format!("p{nth}"))).collect();
    for conn in &all {
        w.look(*conn);
        w.receive(*conn, "/claim open sesame\n");
    }
    let refused = "* Not done: too many passwords are waiting. Try again in a moment.\n";
    assert_eq!(notices(&mut w, all[5]), refused);
    assert_eq!(w.asked.len(), 2);
    // One that goes makes room, and its answer is nobody's.
    w.handle(Input::Lost(all[4]));
    w.handle(Input::Lost(all[0]));
    w.receive(all[5], "/claim open sesame\n");
    assert_eq!((notices(&mut w, all[5]), w.asked.len()), (String::new(), 2));
    hash_one(&mut w, 0);
    assert_eq!(w.asked.len(), 2);
    // Whoever's cannot be hashed is told the same.
    let Some(Action::Hash(conn, ..)) = w.asked.pop() else {
        panic!("two are asked for");
    };
    w.handle(Input::Hashed(conn, None));
    assert_eq!(notices(&mut w, conn), refused);
    w.receive(conn, "/claim open sesame\n");
    hash(&mut w);
    for conn in [all[1], all[2], all[3], all[5]] {
        assert!(notices(&mut w, conn).contains("is yours"));
    }
}

#[test]
fn guesses_are_granted_slowly_to_a_host_and_for_a_name() {
    let (of_host, of_name) = (Rate::per_minute(6, 5), Rate::per_minute(30, 20));
    let limits = Limits::default();
    let rates = (limits.host.guesses, limits.name_guesses);
    assert_eq!(rates, (of_host, of_name));
    let mut w = World::new(limits);
    let (one, other) = (far(&mut w, 1, true, "one"), far(&mut w, 2, true, "other"));
    let more = [3, 4, 5].map(|host| far(&mut w, host, true, "more"));
    for conn in [one, other].into_iter().chain(more) {
        w.look(conn);
    }
    let wrong = "* Not done: nobody has claimed that name, or the password is another one.\n";
    let wait = |seconds: u64| {
        format!("* Not done: too many passwords were tried. Try again in {seconds} s.\n")
    };
    for _ in 0..5 {
        assert_eq!(send(&mut w, one, "/login ann whatever"), wrong);
    }
    // Not another name from there; from elsewhere, that one too, so that no host keeps its owner from it.
    assert_eq!(send(&mut w, one, "/login bob whatever"), wait(10));
    for conn in [other, more[0], more[1]] {
        for _ in 0..5 {
            assert_eq!(send(&mut w, conn, "/login ANN whatever"), wrong);
        }
    }
    // But not from ever so many.
    assert_eq!(send(&mut w, more[2], "/login ann whatever"), wait(2));
    assert_eq!(send(&mut w, more[2], "/login bob whatever"), wrong);
    w.wait(Duration::from_secs(10));
    w.look(one);
    assert_eq!(send(&mut w, one, "/login ann whatever"), wrong);
    assert_eq!(send(&mut w, one, "/login ann whatever"), wait(10));
    // This machine has no such limits.
    let here = w.join("here");
    w.look(here);
    for _ in 0..20 {
        assert_eq!(send(&mut w, here, "/login ann whatever"), wrong);
    }
}

#[test]
fn a_program_does_all_of_it_and_is_told_by_codes() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    let mut ask = |line: &str| {
        w.receive(ann, format!("{line}\n"));
        hash(&mut w);
        objects(&mut w, ann)
    };
    let account = |claimed, id: &'static str| Message::Account {
        name: "ann".into(),
        claimed,
        device: None,
        id: Some(id.into()),
    };
    let code = |told: &[Message<'_>]| errors(told);
    assert_eq!(
        code(&ask(r#"{"type":"unclaim","id":"1"}"#)),
        [Code::NotClaimed]
    );
    assert_eq!(
        code(&ask(r#"{"type":"claim","password":"short","id":"2"}"#)),
        [Code::BadPassword]
    );
    let claim = r#"{"type":"claim","password":"open sesame","id":"3"}"#;
    assert_eq!(ask(claim), [account(true, "3")]);
    assert_eq!(code(&ask(claim)), [Code::Unchanged]);
    let passwd = r#"{"type":"passwd","password":"another one","id":"4"}"#;
    assert_eq!(ask(passwd), [account(true, "4")]);
    ask(r#"{"type":"nick","name":"eve"}"#);
    let nick = r#"{"type":"nick","name":"ann.","id":"5"}"#;
    assert_eq!(code(&ask(nick)), [Code::NameClaimed]);
    let wrong = r#"{"type":"login","name":"ann","password":"open sesame","id":"6"}"#;
    assert_eq!(code(&ask(wrong)), [Code::WrongPassword]);
    let right = r#"{"type":"login","name":"ann","password":"another one","id":"7"}"#;
    assert_eq!(ask(right).last(), Some(&account(true, "7")));
    assert_eq!(ask(r#"{"type":"unclaim","id":"8"}"#), [account(false, "8")]);
}

#[test]
fn it_is_said_only_once_it_is_kept_and_is_so_after_a_restart() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let ann = k.join("ann");
    k.commit();
    k.look(ann);
    k.receive(ann, "/claim open sesame\n");
    hash(&mut k);
    assert_eq!((k.begin(), k.look(ann)), (1, String::new()));
    k.done();
    assert!(k.look(ann).contains("The name ann is yours."));
    let mut k = k.restart(9);
    k.commit();
    let other = k.join("ann");
    k.commit();
    let told = k.look(other);
    assert!(
        told.contains("* The name ann belongs to somebody; you are ann-2."),
        "{told}"
    );
    k.receive(other, "/login ann open sesame\n/unclaim\n");
    hash(&mut k);
    k.commit();
    let told = k.look(other);
    assert!(told.contains("ann-2 is now known as ann\n"), "{told}");
    let mut k = k.restart(9);
    k.commit();
    let ann = k.join("ann");
    k.commit();
    assert_eq!(k.look(ann), "Welcome to the chatroom!\n");
}

#[test]
fn accounts_are_in_no_room_that_anybody_sees() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.receive(ann, "/claim open sesame\n");
    hash(&mut k);
    k.commit();
    k.look(ann);
    let told = k.look(bob);
    assert!(!told.contains("claim"), "{told}");
    let screen = String::from_utf8(k.transcript.clone()).unwrap();
    assert_eq!(screen, "ann has joined the chat\nbob has joined the chat\n");
    let rooms: Vec<&RoomName> = k.server.rooms().map(|(name, _)| name).collect();
    assert_eq!(rooms, [&RoomName::LOBBY]);
    assert_eq!(k.server.usage().rooms, 1);
    for command in ["/rooms", "/who @accounts", "/join @accounts", "/history"] {
        k.receive(bob, format!("{command}\n"));
        k.answer();
        k.commit();
        let told = k.look(bob);
        assert!(!told.contains("claimed"), "{told}");
        let is_quoted = told.contains("\"@accounts\" is no room");
        assert!(!told.contains("@accounts") || is_quoted, "{told}");
    }
    assert!(k.store.iter().any(|it| it.room.is_accounts()));
    assert!(!format!("{:?}{:?}", k.store, k.server).contains("open sesame"));
}
