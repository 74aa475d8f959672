//! What two owners of names say to each other alone (PROTOCOL.md, "Private words").

use super::accounts::{hash, notices, send};
use super::durable::Kept;
use super::json::{errors, objects, program, token};
use super::world::World;
use chat_core::json::{Code, Message};
use chat_core::{ConnId, Input, Limits, RoomName};
use std::time::Duration;

/// Somebody with the text dialect who has made this name their own.
fn owner(w: &mut World, name: &str) -> ConnId {
    let conn = w.join(name);
    let told = send(w, conn, "/claim open sesame");
    assert!(told.contains("is yours"), "{told}");
    conn
}

fn log_in(w: &mut World, name: &str) -> ConnId {
    let conn = w.join("x");
    w.look(conn);
    w.receive(conn, format!("/login {name} open sesame\n"));
    hash(w);
    conn
}

/// The same, where a store keeps what happens.
fn kept_owner(k: &mut Kept, name: &str) -> ConnId {
    let conn = k.join(name);
    k.receive(conn, "/claim open sesame\n");
    hash(k);
    k.commit();
    k.look(conn);
    conn
}

fn kept_log_in(k: &mut Kept, name: &str) -> (ConnId, String) {
    let conn = log_in(k, name);
    k.commit();
    (conn, notices(k, conn))
}

/// Sends a line, and has the store do what is asked of it; what was sent then.
fn ask(k: &mut Kept, conn: ConnId, line: &str) -> String {
    k.receive(conn, format!("{line}\n"));
    settle(k);
    k.look(conn)
}

fn settle(k: &mut Kept) {
    k.answer();
    k.commit();
    k.answer();
    k.commit();
}

/// A program that has made this name its person's own, and its token.
fn kept_program(k: &mut Kept, name: &str) -> (ConnId, String) {
    let (conn, _) = program(k, &format!(r#"{{"name":"{name}"}}"#));
    k.commit();
    k.receive(conn, "{\"type\":\"claim\",\"password\":\"open sesame\"}\n");
    hash(k);
    k.commit();
    let told = objects(k, conn);
    (conn, token(&told))
}

fn ask_object(k: &mut Kept, conn: ConnId, request: &serde_json::Value) -> Vec<Message<'static>> {
    k.receive(conn, format!("{request}\n"));
    settle(k);
    objects(k, conn)
}

fn msg(to: &str, text: &str, id: &str) -> serde_json::Value {
    serde_json::json!({"type": "msg", "to": to, "text": text, "id": id})
}

/// Of private words, who said them, the text, the number, and whether they wait, or have.
fn words(told: &[Message<'_>]) -> Vec<(String, String, Option<u64>, bool)> {
    let words = told.iter().filter_map(|it| match it {
        Message::Private {
            from,
            text,
            seq,
            waits,
            ..
        } => Some((from.to_string(), text.to_string(), *seq, *waits)),
        _ => None,
    });
    words.collect()
}

fn read(with: &str, seq: u64) -> serde_json::Value {
    serde_json::json!({"type": "read", "with": with, "seq": seq})
}

fn inbox() -> serde_json::Value {
    serde_json::json!({"type": "inbox"})
}

/// How much waits, by whom, of what a program is told.
fn waiting(told: &[Message<'_>]) -> Option<(usize, Vec<(String, usize)>)> {
    told.iter().find_map(|it| match it {
        Message::Waiting { count, from, .. } => {
            let from = from.iter().map(|it| (it.name.to_string(), it.count));
            Some((*count, from.collect()))
        }
        _ => None,
    })
}

#[test]
fn two_who_are_here_are_sent_their_words_as_ever_and_can_read_them_again() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (owner(&mut w, "ann"), owner(&mut w, "bob"));
    w.look(ann);
    assert_eq!(send(&mut w, ann, "/msg BOB hi"), "[PM to bob] hi\n");
    assert_eq!(w.look(bob), "[PM from ann] hi\n");
    assert_eq!(send(&mut w, bob, "/reply hello"), "[PM to ann] hello\n");
    assert_eq!(w.look(ann), "[PM from bob] hello\n");
    assert_eq!(
        send(&mut w, ann, "/inbox bob"),
        "* At 1970-01-01 00:00 UTC:\n[PM to bob] hi\n[PM from bob] hello\n"
    );
    w.wait(Duration::from_secs(60));
    send(&mut w, ann, "/msg bob later");
    w.look(bob);
    assert_eq!(
        send(&mut w, bob, "/inbox ann 2"),
        "* At 1970-01-01 00:00 UTC:\n[PM to ann] hello\n* At 1970-01-01 00:01 UTC:\n[PM from ann] later\n"
    );
    assert_eq!(send(&mut w, bob, "/inbox"), "* Nothing waits for you.\n");
    assert_eq!(
        send(&mut w, bob, "/inbox ann 0"),
        "* Not done: /inbox takes [NAME [NUMBER]] after it, and nothing else. To say a line that begins with a slash, begin it with two.\n",
    );
}

#[test]
fn nobody_is_sent_words_before_they_are_committed() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    k.look(ann);
    k.receive(ann, "/msg bob hi\n");
    k.answer();
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    assert_eq!(k.begin(), 1, "the words, and nothing that waits");
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    k.done();
    assert_eq!(k.look(bob), "[PM from ann] hi\n");
    assert_eq!(k.look(ann), "[PM to bob] hi\n");
    assert!(k.transcript.is_empty() || !k.transcript.windows(2).any(|it| it == b"hi"));
}

#[test]
fn what_could_not_be_kept_is_never_sent() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    k.look(ann);
    k.receive(ann, "/msg bob hi\n");
    k.answer();
    k.begin();
    k.handle(Input::NotCommitted);
    assert!(!k.look(bob).contains("hi") && !k.look(ann).contains("hi"));
}

#[test]
fn words_wait_for_their_receiver_over_a_restart_until_they_are_read() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    let eve = kept_owner(&mut k, "eve");
    ask(&mut k, bob, "LEAVE");
    for conn in [ann, eve] {
        k.look(conn);
    }
    for (conn, text) in [(ann, "one"), (eve, "two"), (ann, "three")] {
        assert_eq!(
            ask(&mut k, conn, &format!("/msg bob {text}")),
            format!("[PM to bob] {text}\n* bob is not here; it waits for them.\n")
        );
        k.wait(Duration::from_secs(60));
    }
    let mut k = k.restart(2);
    let (bob, told) = kept_log_in(&mut k, "bob");
    assert!(
        told.contains(
            "* 3 private messages since 1970-01-01 00:00 UTC (2 from ann, 1 from eve): /inbox\n"
        ),
        "{told}"
    );
    let shown = "* At 1970-01-01 00:00 UTC:\n[PM from ann] one\n\
                 * At 1970-01-01 00:01 UTC:\n[PM from eve] two\n\
                 * At 1970-01-01 00:02 UTC:\n[PM from ann] three\n";
    assert_eq!(ask(&mut k, bob, "/inbox"), shown);
    assert_eq!(ask(&mut k, bob, "/inbox"), "* Nothing waits for you.\n");
    // An answer goes to whoever wrote last, who is not here.
    assert_eq!(
        ask(&mut k, bob, "/reply yes"),
        "[PM to ann] yes\n* ann is not here; it waits for them.\n"
    );
    let mut k = k.restart(1);
    let (_, told) = kept_log_in(&mut k, "bob");
    assert!(!told.contains("private message"), "{told}");
    let (ann, told) = kept_log_in(&mut k, "ann");
    assert!(told.contains("* 1 private message since"), "{told}");
    assert_eq!(
        ask(&mut k, ann, "/inbox bob 2"),
        "* At 1970-01-01 00:02 UTC:\n[PM to bob] three\n* At 1970-01-01 00:03 UTC:\n[PM from bob] yes\n"
            .replace("00:03", "00:00"),
        "the clock of the test begins anew"
    );
    assert_eq!(
        ask(&mut k, ann, "/inbox"),
        "* Nothing waits for you.\n",
        "it was among the last"
    );
}

#[test]
fn what_is_older_than_a_page_waits_on() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (owner(&mut w, "ann"), owner(&mut w, "bob"));
    w.receive(bob, "LEAVE\n");
    for text in ["one", "two"] {
        send(&mut w, ann, &format!("/msg bob {text}"));
    }
    let bob = log_in(&mut w, "bob");
    w.look(bob);
    let shown = send(&mut w, bob, "/inbox ann 1");
    assert_eq!(shown, "* At 1970-01-01 00:00 UTC:\n[PM from ann] two\n");
    assert!(send(&mut w, bob, "/inbox").ends_with("one\n[PM from ann] two\n"));
}

#[test]
fn a_program_is_sent_again_what_it_does_not_say_it_has_read() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = kept_owner(&mut k, "ann");
    let (bob, session) = kept_program(&mut k, "bob");
    for text in ["one", "two"] {
        ask(&mut k, ann, &format!("/msg bob {text}"));
    }
    let told = objects(&mut k, bob);
    let of = |text: &str, seq, waits| ("ann".to_owned(), text.to_owned(), Some(seq), waits);
    assert_eq!(words(&told), [of("one", 1, false), of("two", 2, false)]);
    assert!(ask_object(&mut k, bob, &read("ann", 1)).is_empty());
    k.handle(Input::Lost(bob));
    // While it has no connection, one more is said.
    assert_eq!(
        ask(&mut k, ann, "/msg bob three").lines().last(),
        Some("* bob is not here; it waits for them.")
    );
    let (bob, told) = program(&mut k, &format!(r#"{{"session":"{session}"}}"#));
    assert_eq!(waiting(&told), Some((2, vec![("ann".into(), 2)])));
    let told = ask_object(&mut k, bob, &inbox());
    assert_eq!(words(&told), [of("two", 2, true), of("three", 3, true)]);
    assert!(matches!(told.last(), Some(Message::Inbox { count: 2, .. })));
    // They wait until it says so.
    assert_eq!(words(&ask_object(&mut k, bob, &inbox())).len(), 2);
    assert!(ask_object(&mut k, bob, &read("Ann", 3)).is_empty());
    assert!(matches!(
        ask_object(&mut k, bob, &inbox())[..],
        [Message::Inbox { count: 0, .. }]
    ));
    for none in [read("nobody", 3), read("ann", 7), read("two words", 1)] {
        assert!(ask_object(&mut k, bob, &none).is_empty());
    }
}

#[test]
fn what_is_sent_again_with_its_id_is_said_once_also_after_a_restart() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let bob = kept_owner(&mut k, "bob");
    let (ann, session) = kept_program(&mut k, "ann");
    k.look(bob);
    let told = ask_object(&mut k, ann, &msg("bob", "hi", "1"));
    assert!(
        matches!(&told[..], [Message::Private { from, to, seq: Some(1), id: Some(id), waits: false, .. }]
            if from == "ann" && to == "bob" && id == "1"),
        "{told:?}"
    );
    let is_accepted = |told: &[Message<'_>]| {
        matches!(told, [Message::Accepted { room: None, with: Some(with), id: Some(id), seq: 1 }]
            if with == "bob" && id == "1")
    };
    let told = ask_object(&mut k, ann, &msg("bob", "hi", "1"));
    assert!(is_accepted(&told), "{told:?}");
    let told = ask_object(&mut k, ann, &msg("bob", "other", "1"));
    assert_eq!(errors(&told), [Code::IdReused]);
    // An id is of the session, for all that it says.
    let said = serde_json::json!({"type": "say", "text": "hi", "id": "1"});
    assert_eq!(errors(&ask_object(&mut k, ann, &said)), [Code::IdReused]);
    let bad = msg("bob", "hi", "");
    assert_eq!(errors(&ask_object(&mut k, ann, &bad)), [Code::BadId]);
    assert_eq!(k.look(bob), "[PM from ann] hi\n");
    for newest in [0, 9] {
        k = k.restart(newest);
        let (ann, _) = program(&mut k, &format!(r#"{{"session":"{session}"}}"#));
        settle(&mut k);
        objects(&mut k, ann);
        let told = ask_object(&mut k, ann, &msg("bob", "hi", "1"));
        assert!(is_accepted(&told), "{told:?}");
        assert_eq!(
            errors(&ask_object(&mut k, ann, &said)),
            [Code::IdReused],
            "{newest}"
        );
    }
    let all = k.store.iter().filter(|it| it.room.is_conversation());
    assert_eq!(all.count(), 1);
}

#[test]
fn where_it_cannot_be_read_whether_it_was_said_it_is_not_said() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    kept_owner(&mut k, "bob");
    let (ann, session) = kept_program(&mut k, "ann");
    ask_object(&mut k, ann, &msg("bob", "hi", "1"));
    let mut k = k.restart(0);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{session}"}}"#));
    settle(&mut k);
    objects(&mut k, ann);
    // First the id is looked for, then the conversation.
    for answers in [0, 1] {
        k.receive(ann, format!("{}\n", msg("bob", "hi", "new")));
        for _ in 0..answers {
            k.answer_one();
        }
        assert_eq!(k.asked.len(), 1);
        k.asked.clear();
        k.handle(Input::Unreadable(ann));
        k.commit();
        assert_eq!(errors(&objects(&mut k, ann)), [Code::NotKept]);
    }
    let told = ask_object(&mut k, ann, &msg("bob", "hi", "new"));
    assert_eq!(words(&told).len(), 1, "the id is free");
}

#[test]
fn to_a_name_that_is_nobodys_own_or_from_one_nothing_is_kept() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = kept_owner(&mut k, "ann");
    let bob = k.join("bob");
    k.commit();
    k.look(ann);
    k.look(bob);
    assert_eq!(ask(&mut k, ann, "/msg bob hi"), "[PM to bob] hi\n");
    assert_eq!(k.look(bob), "[PM from ann] hi\n");
    assert_eq!(ask(&mut k, bob, "/msg ann hi"), "[PM to ann] hi\n");
    k.look(ann);
    assert_eq!(
        ask(&mut k, ann, "/msg ann hi"),
        "[PM from ann] hi\n[PM to ann] hi\n"
    );
    ask(&mut k, ann, "LEAVE");
    k.look(bob);
    assert_eq!(
        ask(&mut k, bob, "/msg ann hi"),
        "* Not sent: nobody here is called ann.\n"
    );
    assert_eq!(
        ask(&mut k, bob, "/inbox"),
        "* Not done: the name bob is not your own. /claim PASSWORD makes it that.\n"
    );
    assert_eq!(
        ask(&mut k, bob, "/inbox ann"),
        "* Not done: the name bob is not your own. /claim PASSWORD makes it that.\n"
    );
    let (ann, _) = kept_log_in(&mut k, "ann");
    assert_eq!(
        ask(&mut k, ann, "/inbox bob"),
        "* Not done: nobody has claimed the name bob, and what is said to them alone is not kept.\n"
    );
    assert!(!k.store.iter().any(|it| it.room.is_conversation()));
}

#[test]
fn whoever_claims_a_name_later_sees_nothing_of_its_former_owners_words() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    ask(&mut k, ann, "/msg bob the old secret");
    ask(&mut k, bob, "LEAVE");
    ask(&mut k, ann, "/msg bob one that waits");
    let (bob, _) = kept_log_in(&mut k, "bob");
    ask(&mut k, bob, "/unclaim");
    ask(&mut k, bob, "LEAVE");
    let mut k = k.restart(0);
    let bob = kept_owner(&mut k, "bob");
    assert_eq!(ask(&mut k, bob, "/inbox"), "* Nothing waits for you.\n");
    assert_eq!(
        ask(&mut k, bob, "/inbox ann"),
        "* Nothing is kept of what you and ann have said to each other alone.\n"
    );
    let (ann, _) = kept_log_in(&mut k, "ann");
    assert_eq!(
        ask(&mut k, ann, "/inbox bob"),
        "* Nothing is kept of what you and bob have said to each other alone.\n"
    );
    ask(&mut k, ann, "/msg bob new");
    let told = ask(&mut k, bob, "/inbox ann");
    assert!(told.contains("new") && !told.contains("secret"), "{told}");
}

#[test]
fn nobody_else_sees_any_of_it() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    let eve = kept_owner(&mut k, "eve");
    let admin = chat_core::Name::parse("eve").unwrap();
    k.handle(Input::SetAdmin(&admin, true));
    k.commit();
    k.look(eve);
    k.transcript.clear();
    ask(&mut k, ann, "/msg bob psst");
    ask(&mut k, bob, "LEAVE");
    ask(&mut k, ann, "/msg bob psst");
    let shown = String::from_utf8_lossy(&k.transcript);
    assert_eq!(shown, "bob has left the chat\n");
    let room = k
        .store
        .iter()
        .map(|it| &it.room)
        .find(|it| it.is_conversation());
    let room = room.expect("it is kept").to_string();
    let asked = [
        "/rooms",
        "/history 1000",
        "/who",
        "/inbox",
        "/inbox ann",
        "/inbox bob",
        "/whois ann",
        &format!("/who {room}"),
        &format!("/join {room}"),
        &format!("/msg {room} hi"),
        &format!("/invite {room}"),
    ]
    .map(|line| ask(&mut k, eve, line))
    .concat();
    assert!(!asked.contains("psst"), "{asked}");
    let answers = asked
        .replace(&format!("\"{room}\""), "")
        .replace(&format!("called {room}"), "");
    assert!(!answers.contains(&room), "{answers}");
    let rooms: Vec<String> = k.server.rooms().map(|(name, _)| name.to_string()).collect();
    assert_eq!(rooms, ["lobby"]);
    assert_eq!(k.server.usage().rooms, 1);
    let (spy, _) = program(&mut k, r#"{"name":"spy"}"#);
    k.commit();
    objects(&mut k, spy);
    for (kind, code) in [
        ("history", Code::NotInRoom),
        ("join", Code::BadRoom),
        ("topic", Code::BadRoom),
    ] {
        let asked = serde_json::json!({"type": kind, "room": room});
        let told = ask_object(&mut k, spy, &asked);
        assert_eq!(errors(&told), [code], "{kind}: {told:?}");
    }
    let asked = serde_json::json!({"type": "history", "with": "ann"});
    assert_eq!(errors(&ask_object(&mut k, spy, &asked)), [Code::NotClaimed]);
    let (reader, _) = program(&mut k, r#"{"read":true}"#);
    for asked in [asked, inbox(), read("ann", 1)] {
        assert_eq!(
            errors(&ask_object(&mut k, reader, &asked)),
            [Code::ReadOnly]
        );
    }
    assert!(
        !format!("{:?}", k.server).contains("psst"),
        "what is being sent is not shown"
    );
}

#[test]
fn as_much_waits_for_a_name_as_may_and_no_more() {
    let limits = Limits {
        inbox: 3,
        ..Limits::default()
    };
    let mut w = World::new(limits.clone());
    let (ann, bob) = (owner(&mut w, "ann"), owner(&mut w, "bob"));
    w.receive(bob, "LEAVE\n");
    w.look(ann);
    for n in 1..=3 {
        let told = send(&mut w, ann, &format!("/msg bob {n}"));
        assert!(
            told.ends_with("* bob is not here; it waits for them.\n"),
            "{told}"
        );
    }
    assert_eq!(
        send(&mut w, ann, "/msg bob 4"),
        "* Not sent: bob is not here, and as much waits for them as may.\n"
    );
    let (program, _) = program(&mut w, r#"{"name":"eve"}"#);
    send(
        &mut w,
        program,
        r#"{"type":"claim","password":"open sesame"}"#,
    );
    w.receive(program, format!("{}\n", msg("bob", "4", "1")));
    assert_eq!(errors(&objects(&mut w, program)), [Code::InboxFull]);
    let bob = log_in(&mut w, "bob");
    w.look(bob);
    assert!(send(&mut w, bob, "/inbox").ends_with("1\n[PM from ann] 2\n[PM from ann] 3\n"));
    w.receive(bob, "LEAVE\n");
    assert!(send(&mut w, ann, "/msg bob 4").ends_with("it waits for them.\n"));
}

#[test]
fn a_program_that_is_here_and_never_says_what_it_has_read_is_sent_more_all_the_same() {
    let limits = Limits {
        inbox: 3,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, Vec::new(), 0);
    let ann = kept_owner(&mut k, "ann");
    let (bob, _) = kept_program(&mut k, "bob");
    for n in 1..=4 {
        ask(&mut k, ann, &format!("/msg bob {n}"));
    }
    assert_eq!(words(&objects(&mut k, bob)).len(), 4);
    let told = words(&ask_object(&mut k, bob, &inbox()));
    let texts: Vec<&str> = told.iter().map(|(_, text, ..)| &**text).collect();
    assert_eq!(texts, ["2", "3", "4"]);
}

#[test]
fn conversations_beyond_the_limit_are_opened_again_where_they_are_kept() {
    let limits = Limits {
        conversations: 1,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, Vec::new(), 0);
    let ann = kept_owner(&mut k, "ann");
    let (bob, eve) = (kept_owner(&mut k, "bob"), kept_owner(&mut k, "eve"));
    for n in 1..=3 {
        for name in ["bob", "eve"] {
            ask(&mut k, ann, &format!("/msg {name} {n}"));
        }
    }
    for conn in [bob, eve] {
        k.look(conn);
        assert_eq!(
            ask(&mut k, conn, "/inbox ann"),
            "* At 1970-01-01 00:00 UTC:\n[PM from ann] 1\n[PM from ann] 2\n[PM from ann] 3\n"
        );
    }
}

#[test]
fn a_server_that_keeps_nothing_forgets_the_conversation_that_is_one_too_many() {
    let limits = Limits {
        conversations: 2,
        ..Limits::default()
    };
    let mut w = World::new(limits);
    let ann = owner(&mut w, "ann");
    for name in ["bob", "eve", "joe"] {
        let conn = owner(&mut w, name);
        w.receive(conn, "LEAVE\n");
    }
    for name in ["bob", "eve", "joe"] {
        send(&mut w, ann, &format!("/msg {name} hi"));
    }
    let told = |w: &mut World, name: &str| {
        let conn = log_in(w, name);
        let told = notices(w, conn);
        let is_told = told.contains("1 private message");
        assert_eq!(
            send(w, conn, "/inbox").contains("[PM from ann] hi"),
            is_told
        );
        is_told
    };
    assert_eq!(
        ["bob", "eve", "joe"].map(|name| told(&mut w, name)),
        [false, true, true]
    );
    // It begins anew.
    w.look(ann);
    send(&mut w, ann, "/msg bob again");
    let shown = send(&mut w, ann, "/inbox bob");
    assert_eq!(shown, "* At 1970-01-01 00:00 UTC:\n[PM to bob] again\n");
}

#[test]
fn programs_read_pages_of_a_conversation() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let bob = kept_owner(&mut k, "bob");
    let (ann, _) = kept_program(&mut k, "ann");
    let asked = |more: &str| -> serde_json::Value {
        serde_json::from_str(&format!(
            r#"{{"type":"history","with":"bob","id":"7"{more}}}"#
        ))
        .unwrap()
    };
    let told = ask_object(&mut k, ann, &asked(""));
    assert!(
        matches!(&told[..], [Message::Page { room: None, with: Some(with), first: 1, head: 0 }] if with == "bob"),
        "{told:?}"
    );
    for n in 1..=5 {
        ask_object(&mut k, ann, &msg("bob", &n.to_string(), &n.to_string()));
    }
    ask(&mut k, bob, "/msg ann six");
    objects(&mut k, ann);
    let seqs = |told: &[Message<'_>]| -> Vec<u64> {
        words(told)
            .iter()
            .filter_map(|(_, _, seq, _)| *seq)
            .collect()
    };
    for (more, expected) in [
        ("", vec![1, 2, 3, 4, 5, 6]),
        (r#","limit":2"#, vec![5, 6]),
        (r#","before":5,"limit":2"#, vec![3, 4]),
        (r#","after":4"#, vec![5, 6]),
        (r#","after":9"#, vec![]),
        (r#","limit":0"#, vec![]),
    ] {
        let told = ask_object(&mut k, ann, &asked(more));
        assert_eq!(seqs(&told), expected, "{more}");
        assert!(
            matches!(
                told.last(),
                Some(Message::Page {
                    with: Some(_),
                    first: 1,
                    head: 6,
                    ..
                })
            ),
            "{told:?}"
        );
        let own = words(&told).into_iter().filter(|(from, ..)| from == "ann");
        assert!(own.into_iter().all(|(_, _, _, waits)| !waits));
    }
    let told = ask_object(&mut k, ann, &asked(r#","after":1,"before":3"#));
    assert!(
        matches!(&told[..], [Message::Error { code: Code::BadRequest, id: Some(id), .. }] if id == "7"),
        "{told:?}"
    );
}

#[test]
fn whoever_gave_a_name_up_while_the_store_was_asked_is_written_to_no_more() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    k.look(ann);
    k.receive(ann, "/msg bob hi\n");
    k.receive(bob, "/unclaim\n");
    settle(&mut k);
    assert_eq!(k.look(ann), "* Not sent: nobody here is called bob.\n");
    assert!(!k.look(bob).contains("hi"));
    // And where it was said before.
    let bob = k.join("joe");
    k.receive(bob, "/claim open sesame\n");
    hash(&mut k);
    k.commit();
    k.look(bob);
    k.receive(ann, "/msg joe hi\n");
    k.answer();
    k.receive(bob, "/unclaim\n");
    k.commit();
    assert!(
        !k.look(bob).contains("hi"),
        "the name was theirs no more when it was committed"
    );
}

#[test]
fn words_for_one_who_leaves_before_they_are_committed_wait() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    k.receive(ann, "/msg bob hi\n");
    k.answer();
    k.handle(Input::Lost(bob));
    k.commit();
    let (_, told) = kept_log_in(&mut k, "bob");
    assert!(told.contains("* 1 private message since"), "{told}");
}

#[test]
fn words_for_one_who_reads_slowly_are_refused_at_the_limit() {
    let limits = Limits::default();
    let mut w = World::new(limits.clone());
    let (ann, bob) = (owner(&mut w, "ann"), owner(&mut w, "bob"));
    w.look(ann);
    w.limit(bob, 0);
    let text = "x".repeat(1000);
    let line = format!("[PM from ann] {text}\n").len();
    let fit = limits.private.div_ceil(line);
    for _ in 0..fit {
        assert!(send(&mut w, ann, &format!("/msg bob {text}")).starts_with("[PM to bob] "));
    }
    assert_eq!(
        send(&mut w, ann, "/msg bob more"),
        "* Not sent: too much is waiting for bob already. Try again later.\n"
    );
}

#[test]
fn while_the_disk_is_full_nothing_is_said_and_what_waits_waits_on() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    ask(&mut k, bob, "LEAVE");
    ask(&mut k, ann, "/msg bob hi");
    let (bob, _) = kept_log_in(&mut k, "bob");
    k.handle(Input::DiskFull(true));
    k.look(ann);
    k.look(bob);
    assert_eq!(
        ask(&mut k, ann, "/msg bob hi"),
        "* Not done: the server's disk is full. Try again later.\n"
    );
    for _ in 0..2 {
        assert!(ask(&mut k, bob, "/inbox").ends_with("[PM from ann] hi\n"));
    }
    k.handle(Input::DiskFull(false));
    k.look(bob);
    assert!(ask(&mut k, bob, "/inbox").ends_with("[PM from ann] hi\n"));
    assert_eq!(ask(&mut k, bob, "/inbox"), "* Nothing waits for you.\n");
}

#[test]
fn one_room_too_many_is_no_conversation() {
    let limits = Limits {
        stored_rooms: 3,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, Vec::new(), 0);
    let ann = kept_owner(&mut k, "ann");
    for name in ["bob", "eve", "joe"] {
        kept_owner(&mut k, name);
    }
    k.look(ann);
    // The lobby is one.
    let told = ["bob", "eve", "joe"].map(|name| ask(&mut k, ann, &format!("/msg {name} hi")));
    let is_said = told.map(|told| told.starts_with("[PM to "));
    assert_eq!(is_said, [true, true, false]);
    let rooms = k.store.iter().filter(|it| it.room.is_conversation());
    assert_eq!(rooms.count(), 2);
    assert!(RoomName::parse_kept("@1.2").is_ok_and(|it| it.is_conversation()));
}
