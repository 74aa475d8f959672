//! Rooms that not everyone may come into, and slow ones.

use super::super::accounts::{far, send};
use super::super::json::{errors, objects, program};
use super::super::world::World;
use super::{admin, dev, go};
use chat_core::json::{Code, Message};
use std::time::Duration;

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
    // So is who is not there.
    send(&mut w, ann, "/invite cat");
    assert_eq!(send(&mut w, ann, "/kick cat"), "ann has removed cat\n");
    w.look(cat);
    assert!(go(&mut w, cat, "dev").contains("not invited"));
    send(&mut w, ann, "/private off");
    assert!(go(&mut w, cat, "dev").contains("You are in dev now"));
}

#[test]
fn what_happens_in_a_private_room_is_not_on_the_servers_screen() {
    let (mut w, ann, _) = dev();
    let shown = |w: &mut World| String::from_utf8(std::mem::take(&mut w.transcript)).unwrap();
    send(&mut w, ann, "open");
    assert!(shown(&mut w).ends_with("[dev] ann: open\n"));
    send(&mut w, ann, "/private on");
    send(&mut w, ann, "secret");
    assert_eq!(shown(&mut w), "");
    send(&mut w, ann, "/private off");
    send(&mut w, ann, "open again");
    assert_eq!(
        shown(&mut w),
        "[dev] ann has opened the room to everyone\n[dev] ann: open again\n"
    );
}

#[test]
fn whoever_leaves_a_slow_room_and_comes_back_waits_on() {
    let (mut w, ann, bob) = dev();
    send(&mut w, ann, "/slow 10");
    let far_away = far(&mut w, 7, true, "far");
    let other = far(&mut w, 7, true, "other");
    for conn in [far_away, other] {
        go(&mut w, conn, "dev");
    }
    w.look(far_away);
    assert_eq!(send(&mut w, far_away, "one"), "");
    // Under another name, and on another connection from the same host.
    for line in ["/join lobby", "/nick farther", "/join dev"] {
        send(&mut w, far_away, line);
    }
    assert!(send(&mut w, far_away, "two").contains("in 10 s"));
    w.receive(far_away, "LEAVE\n");
    w.look(far_away);
    let again = far(&mut w, 7, true, "again");
    go(&mut w, again, "dev");
    assert!(send(&mut w, again, "two").contains("in 10 s"));
    // Whoever was there before them is somebody else, and so is who comes from elsewhere.
    w.look(other);
    assert_eq!(send(&mut w, other, "one"), "");
    let elsewhere = far(&mut w, 8, true, "elsewhere");
    go(&mut w, elsewhere, "dev");
    assert_eq!(send(&mut w, elsewhere, "one"), "");
    w.wait(Duration::from_secs(10));
    w.look(again);
    assert_eq!(send(&mut w, again, "two"), "");
    // From this machine, whoever has the name that spoke, or owns it, waits.
    send(&mut w, bob, "/claim open sesame");
    assert_eq!(send(&mut w, bob, "one"), "");
    for line in [
        "/nick bobby",
        "/join lobby",
        "/login bob open sesame",
        "/join dev",
    ] {
        send(&mut w, bob, line);
    }
    assert!(send(&mut w, bob, "two").contains("in 10 s"));
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
