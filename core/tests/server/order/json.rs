//! Order in the JSON dialect.

use super::super::accounts::{far, hash, send};
use super::super::json::{errors, objects, program};
use super::super::world::World;
use super::{admin, dev, go, owner_of};
use chat_core::json::{Code, Message};
use chat_core::{ConnId, Kind, Limits};
use std::net::SocketAddr;

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
fn whoever_is_asked_about_is_told_with_what_they_are_in_the_room() {
    let (mut w, ann, bob) = dev();
    let root = admin(&mut w, "root");
    let cat = owner_of(&mut w, "cat");
    w.look(ann);
    send(&mut w, ann, "/op cat");
    let (bot, _) = program(&mut w, r#"{"name":"bot","rooms":{"dev":{}}}"#);
    w.look(bob);
    let here = "has been here for less than a minute";
    for (name, role, word) in [
        ("bob", "", None),
        ("cat", "; an operator of this room", Some("operator")),
        ("ann", "; the owner of this room", Some("owner")),
        ("root", "; an administrator", Some("administrator")),
    ] {
        let told = send(&mut w, bob, &format!("/whois {name}"));
        assert_eq!(told, format!("* {name} {here}{role}.\n"));
        w.receive(
            bot,
            format!("{{\"type\":\"whois\",\"name\":\"{name}\",\"room\":\"#dev\"}}\n"),
        );
        let told = objects(&mut w, bot);
        let Some(Message::Whois { role, .. }) = told.last() else {
            panic!("{told:?}");
        };
        assert_eq!(role.as_deref(), word);
    }
    send(&mut w, ann, "/away tea");
    let told = send(&mut w, bob, "/whois ann");
    assert_eq!(
        told,
        format!("* ann {here}; the owner of this room; away: tea\n")
    );
    w.look(cat);
    let told = send(&mut w, cat, "/whois ann");
    assert_eq!(
        told,
        format!("* ann {here}; away: tea\n"),
        "cat is in the lobby"
    );
    // Of a room of which one may not know, nothing is said, nor is anything but what it was where nobody keeps order.
    send(&mut w, ann, "/private on");
    let (other, _) = program(&mut w, r#"{"name":"other"}"#);
    for (room, name) in [("dev", "ann"), ("none", "root"), ("No room", "root")] {
        let ask = format!("{{\"type\":\"whois\",\"name\":\"{name}\",\"room\":\"{room}\"}}");
        let told = send(&mut w, other, &ask);
        assert!(
            told.contains("\"online\":true") && !told.contains("role"),
            "{told}"
        );
    }
    w.look(root);
    w.look(bob);
    let told = send(&mut w, other, r#"{"type":"whois","name":"root"}"#);
    assert!(
        told.contains(r#""online":true,"role":"administrator"}"#),
        "{told}"
    );
}
