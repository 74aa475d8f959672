//! Order in the JSON dialect.

use super::super::accounts::{far, hash};
use super::super::json::{errors, objects, program};
use super::super::world::World;
use super::go;
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
