//! A room is closed, and opened again (PROTOCOL.md, "Order").

use super::accounts::send;
use super::json::{errors, objects, program};
use super::order::{admin, dev, go, kept_dev, owner_of, settle};
use super::world::World;
use chat_core::json::{Code, Message};
use chat_core::{Input, Limits, Timer};

#[test]
fn a_closed_room_is_empty_but_for_those_who_may_open_it() {
    let (mut w, ann, bob) = dev();
    let (root, cat) = (admin(&mut w, "root"), owner_of(&mut w, "cat"));
    let (bot, _) = program(&mut w, r#"{"name":"bot","rooms":{"dev":{}}}"#);
    for conn in [root, cat] {
        go(&mut w, conn, "dev");
    }
    send(&mut w, ann, "/op cat");
    for conn in [ann, bob, root, cat, bot] {
        w.look(conn);
    }
    assert!(send(&mut w, cat, "/close").contains("/close is for the owner"));
    assert_eq!(
        send(&mut w, ann, "/close until monday"),
        "ann has closed the room: until monday\nbob has left the chat\nbot has left the chat\ncat has left the chat\n"
    );
    assert!(w.look(root).ends_with("cat has left the chat\n"));
    w.look(cat);
    let told = w.look(bob);
    assert!(told.starts_with("ann has closed the room: until monday\n* dev is closed: until monday\n* You are in lobby now;"), "{told}");
    let told = objects(&mut w, bot);
    let out = told.iter().find_map(|it| match it {
        Message::Out { code, text, .. } => Some((*code, text.clone())),
        _ => None,
    });
    let (code, text) = out.unwrap();
    assert_eq!(
        (code, text.as_deref()),
        (Some(Code::Closed), Some("dev is closed: until monday"))
    );
    // Nobody comes in, operators neither, nor sees it.
    for conn in [bob, cat] {
        assert_eq!(go(&mut w, conn, "dev"), "* dev is closed: until monday\n");
        let rooms = send(&mut w, conn, "/rooms");
        assert!(!rooms.contains("dev"), "{rooms}");
        assert_eq!(send(&mut w, conn, "/who dev"), "* Nobody is in dev.\n");
    }
    w.receive(bot, "{\"type\":\"join\",\"room\":\"dev\",\"id\":\"j\"}\n");
    assert_eq!(errors(&objects(&mut w, bot)), [Code::Closed]);
    assert!(send(&mut w, ann, "/rooms").contains("dev"));
    // Who may open it comes and goes, and opens it.
    assert!(send(&mut w, ann, "/close").contains("it is closed already"));
    go(&mut w, root, "lobby");
    assert!(go(&mut w, root, "dev").contains("You are in dev now"));
    w.look(ann);
    assert_eq!(
        send(&mut w, root, "/reopen"),
        "root has opened the room again\n"
    );
    assert!(send(&mut w, root, "/reopen").contains("the room is not closed"));
    assert!(go(&mut w, bob, "dev").contains("You are in dev now"));
}

#[test]
fn the_lobby_is_never_closed() {
    let mut w = World::new(Limits::default());
    let root = admin(&mut w, "root");
    assert_eq!(
        send(&mut w, root, "/close"),
        "* Not done: everyone begins in the lobby, so that it is open to everyone.\n"
    );
    assert!(send(&mut w, root, "/reopen").contains("the room is not closed"));
}

#[test]
fn a_room_is_closed_after_a_restart_and_whoever_was_still_there_leaves() {
    let (mut k, ann) = kept_dev();
    let (bot, _) = program(&mut k, r#"{"name":"bot","rooms":{"dev":{}}}"#);
    settle(&mut k);
    k.look(bot);
    k.receive(ann, "/close\n");
    k.commit();
    // It ended between the order and their leaving.
    let closed = k.store.iter().position(|it| it.text.starts_with("close"));
    k.store.truncate(closed.unwrap() + 1);
    let mut k = k.restart(9);
    k.handle(Input::Timeout);
    settle(&mut k);
    let left: Vec<String> = k.store[closed.unwrap() + 1..]
        .iter()
        .map(|it| format!("{} {} {}", it.room, it.name, it.kind.name()))
        .collect();
    assert!(left.contains(&"dev bot left".to_owned()), "{left:?}");
    let cat = k.join("cat");
    settle(&mut k);
    k.receive(cat, "/join dev\n");
    settle(&mut k);
    assert!(k.look(cat).ends_with("* dev is closed.\n"));
}

#[test]
fn a_crowd_leaves_a_closed_room_some_at_a_time() {
    const CROWD: usize = 3000;
    let limits = Limits {
        batch: 4096,
        ..Limits::default()
    };
    let mut w = World::new(limits);
    let ann = owner_of(&mut w, "ann");
    go(&mut w, ann, "dev");
    for n in 0..CROWD {
        let conn = w.join(&format!("n{n}"));
        w.server
            .handle(w.now, Input::Received(conn, b"/join dev\n"));
    }
    w.settle();
    let here = |w: &World| w.server.usage().rooms;
    assert!(here(&w) >= 2);
    w.look(ann);
    w.server.handle(w.now, Input::Received(ann, b"/close\n"));
    // Between two parts of it, everyone is written to.
    let mut parts = 0;
    loop {
        w.write();
        let told = w.look(ann);
        let gone = told.matches("has left").count();
        assert!(gone < 300, "{gone}");
        match w.server.next_timeout() {
            Some((due, Timer::Resume)) if due <= w.now => w.server.handle(w.now, Input::Timeout),
            _ => break,
        }
        parts += 1;
    }
    assert!(parts > 10, "{parts}");
    let who = send(&mut w, ann, "/who");
    assert!(who.contains("ann") && !who.contains("n1"), "{who}");
}
