//! Order lasts: over a restart, a lost connection, and a store that is slow.

use super::super::accounts::{far, send};
use super::super::durable::Kept;
use super::super::json::{objects, program, token};
use super::super::world::World;
use super::{go, kept_dev, owner_of, settle};
use chat_core::json::{Code, Message};
use chat_core::{ConnId, Input, Limits};
use std::net::SocketAddr;

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
