//! As much as may wait, and be open, and no more.

use super::super::accounts::{notices, send};
use super::super::durable::Kept;
use super::super::json::{errors, objects, program};
use super::super::world::World;
use super::{ask, kept_log_in, kept_owner, log_in, msg, owner};
use chat_core::json::Code;
use chat_core::{Input, Limits, RoomName};

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
        "* Not sent: bob is not here, and their inbox is full, or holds as many messages from you as it may.\n"
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
fn one_person_fills_nobodys_inbox() {
    let limits = Limits {
        inbox: 3,
        inbox_of_one: 2,
        ..Limits::default()
    };
    let mut w = World::new(limits);
    let [ann, bob, eve] = ["ann", "bob", "eve"].map(|it| owner(&mut w, it));
    w.receive(bob, "LEAVE\n");
    w.look(ann);
    w.look(eve);
    for (conn, text, waits) in [
        (eve, "1", true),
        (eve, "2", true),
        (eve, "3", false),
        (ann, "4", true),
        (ann, "5", false),
    ] {
        let told = send(&mut w, conn, &format!("/msg bob {text}"));
        assert_eq!(told.ends_with("it waits for them.\n"), waits, "{told}");
    }
    assert_eq!(Limits::default().inbox_of_one, 25);
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
