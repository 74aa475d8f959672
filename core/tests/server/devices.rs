//! Devices with which an owner comes back to their name without its password (PROTOCOL.md, "Devices").

use super::accounts::{far, hash, send};
use super::durable::Kept;
use super::json::{entries, errors, objects, program, token};
use super::world::World;
use chat_core::json::{Code, DeviceOf, Message};
use chat_core::{ConnId, Input, Limits, MAX_DEVICES, MAX_LABEL, Peer};
use std::net::SocketAddr;
use std::time::Duration;

/// Sends a request that has a password, and has that hashed; what it is answered.
fn ask(w: &mut World, conn: ConnId, line: &str) -> Vec<Message<'static>> {
    w.receive(conn, format!("{line}\n"));
    hash(w);
    objects(w, conn)
}

fn device_in(told: &[Message<'_>]) -> Option<String> {
    match told.last() {
        Some(Message::Account {
            claimed: true,
            device,
            ..
        }) => device.as_ref().map(|it| it.to_string()),
        other => panic!("{other:?} is of no account"),
    }
}

/// Somebody who has made a name their own, and a device of theirs.
fn owned(w: &mut World, name: &str) -> (ConnId, String) {
    let (conn, _) = program(w, &format!(r#"{{"name":"{name}"}}"#));
    let claim = r#"{"type":"claim","password":"open sesame","device":"home"}"#;
    let device = device_in(&ask(w, conn, claim));
    (conn, device.expect("a token was asked for"))
}

fn leave(w: &mut World, conn: ConnId) {
    w.receive(conn, "{\"type\":\"leave\"}\n");
}

fn come_back(w: &mut World, name: &str, device: &str) -> (ConnId, Vec<Message<'static>>) {
    program(w, &hello(name, device))
}

fn hello(name: &str, device: &str) -> String {
    format!(r#"{{"name":"{name}","device":"{device}"}}"#)
}

/// A program on another machine, over TLS or not.
fn far_program(
    w: &mut World,
    host: u8,
    is_encrypted: bool,
    hello: &str,
) -> (ConnId, Vec<Message<'static>>) {
    let peer = Peer::from(SocketAddr::from(([192, 0, 2, host], 2000)));
    let conn = w
        .server
        .accept(w.now, peer.encrypted(is_encrypted))
        .unwrap();
    w.receive(conn, format!("JOIN {hello}\n"));
    let told = objects(w, conn);
    (conn, told)
}

#[track_caller]
fn name_in(told: &[Message<'_>]) -> String {
    match &told[0] {
        Message::Welcome { name, .. } => name.to_string(),
        other => panic!("{other:?} is no welcome"),
    }
}

fn devices(w: &mut World, conn: ConnId) -> Vec<(u32, String)> {
    match &ask(w, conn, r#"{"type":"devices"}"#)[..] {
        [Message::Devices { devices, .. }] => {
            let listed = devices.iter().map(|it| (it.number, it.label.to_string()));
            listed.collect()
        }
        other => panic!("{other:?}"),
    }
}

/// Whether a device opens a name; whoever has come in is gone again.
fn opens(w: &mut World, name: &str, device: &str) -> bool {
    let (conn, told) = come_back(w, name, device);
    leave(w, conn);
    match &errors(&told)[..] {
        [] => true,
        [.., Code::WrongDevice] => false,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_owner_comes_back_with_a_device_and_whoever_sits_on_the_name_gives_way() {
    let mut w = World::new(Limits::default());
    let (ann, device) = owned(&mut w, "ann");
    assert_eq!(device.len(), 32);
    leave(&mut w, ann);
    let (back, told) = come_back(&mut w, "ANN", &device);
    assert_eq!(
        (name_in(&told), told.len()),
        ("ann".into(), 1),
        "{told:?}: spelled as it was claimed, and no error"
    );
    // Elsewhere at the same time, and in another room.
    w.receive(back, "{\"type\":\"join\",\"room\":\"dev\"}\n");
    objects(&mut w, back);
    let watch = w.join("bob");
    w.look(watch);
    let (other, told) = come_back(&mut w, "ann", &device);
    assert_eq!(name_in(&told), "ann");
    let told = objects(&mut w, back);
    assert!(
        told.iter().any(|it| matches!(it, Message::Notice { text }
            if text == "The name ann belongs to somebody, who is here now; you are USER1000.")),
        "{told:?}"
    );
    assert_eq!(
        w.look(watch),
        "ann is now known as USER1000\nann has joined the chat\n"
    );
    assert_eq!(ask(&mut w, other, r#"{"type":"unclaim"}"#).len(), 1);
}

#[test]
fn a_session_that_is_waited_for_gives_the_name_up_to_a_device() {
    let mut w = World::new(Limits::default());
    let (ann, device) = owned(&mut w, "ann");
    w.handle(Input::Lost(ann));
    let (_, told) = come_back(&mut w, "ann", &device);
    assert_eq!(name_in(&told), "ann");
}

#[test]
fn a_device_that_is_none_opens_nothing_and_its_client_is_told() {
    let mut w = World::new(Limits::default());
    let (ann, device) = owned(&mut w, "ann");
    leave(&mut w, ann);
    let (bob, bobs) = owned(&mut w, "bob");
    leave(&mut w, bob);
    let other = format!("{}{}", &device[..31], i32::from(device.ends_with('0')));
    for wrong in [&other, &bobs, &device[1..], &device.to_uppercase(), ""] {
        let (conn, told) = come_back(&mut w, "ann", wrong);
        assert_eq!(name_in(&told), "ann-2", "{wrong}");
        assert_eq!(errors(&told), [Code::NameClaimed, Code::WrongDevice]);
        let words = "This device does not open the name ann, or not any more; you are ann-2.";
        assert!(
            matches!(&told[2], Message::Error { text, id: None, .. } if text == words),
            "{told:?}"
        );
        leave(&mut w, conn);
    }
    // Neither does a name that nobody has claimed, nor none.
    let (_, told) = come_back(&mut w, "eve", &device);
    assert_eq!(
        (name_in(&told), errors(&told)),
        ("eve".into(), vec![Code::WrongDevice])
    );
    let (_, told) = program(&mut w, &format!(r#"{{"device":"{device}"}}"#));
    assert_eq!(errors(&told), [Code::WrongDevice]);
    let (_, told) = program(&mut w, r#"{"name":"ann","device":7}"#);
    assert!(
        matches!(&told[..], [Message::Bye { code: Code::BadHello, text, .. }]
            if text == "\"device\": expected a string, found a number"),
        "{told:?}"
    );
}

#[test]
fn a_device_is_taken_only_where_nobody_reads_along() {
    let mut w = World::new(Limits::default());
    let (ann, device) = owned(&mut w, "ann");
    leave(&mut w, ann);
    let (_, told) = far_program(&mut w, 1, false, &hello("ann", &device));
    assert_eq!(name_in(&told), "ann-2");
    assert_eq!(errors(&told), [Code::NameClaimed, Code::NotPrivate]);
    let (_, told) = far_program(&mut w, 1, true, &hello("ann", &device));
    assert_eq!((name_in(&told), errors(&told)), ("ann".into(), vec![]));
}

#[test]
fn a_session_that_goes_on_needs_no_device() {
    let mut w = World::new(Limits::default());
    let (ann, welcome) = program(&mut w, r#"{"name":"ann"}"#);
    let session = token(&welcome);
    let claim = r#"{"type":"claim","password":"open sesame","device":""}"#;
    let device = device_in(&ask(&mut w, ann, claim)).unwrap();
    let again =
        |device: &str| format!(r#"{{"name":"ann","session":"{session}","device":"{device}"}}"#);
    // Neither a wrong one nor a right one is looked at.
    for each in ["wrong", &device] {
        w.handle(Input::Lost(ann));
        let (_, told) = program(&mut w, &again(each));
        assert!(
            matches!(&told[..], [Message::Welcome { name, resumed: true, .. }] if name == "ann"),
            "{told:?}"
        );
    }
    // Once it is too old, the device counts.
    w.wait(Limits::default().grace + Duration::from_secs(1));
    let (second, told) = program(&mut w, &again(&device));
    leave(&mut w, second);
    let (_, told_later) = program(&mut w, &again(&device));
    for told in [told, told_later] {
        assert_eq!((name_in(&told), errors(&told)), ("ann".into(), vec![]));
    }
}

#[test]
fn guesses_are_granted_slowly_and_what_is_right_costs_nothing() {
    let mut w = World::new(Limits::default());
    let (ann, device) = owned(&mut w, "ann");
    leave(&mut w, ann);
    let from = |w: &mut World, host, device: &str| {
        let (conn, told) = far_program(w, host, true, &hello("ann", device));
        leave(w, conn);
        (name_in(&told), errors(&told).pop())
    };
    let right = ("ann".to_string(), None);
    let wrong = ("ann-2".to_string(), Some(Code::WrongDevice));
    let late = ("ann-2".to_string(), Some(Code::TooManyGuesses));
    for _ in 0..8 {
        assert_eq!(from(&mut w, 1, &device), right);
    }
    for _ in 0..5 {
        assert_eq!(from(&mut w, 1, "wrong"), wrong);
    }
    // Not even the right one is looked at then, nor a password; from elsewhere it is.
    assert_eq!(from(&mut w, 1, "wrong"), late);
    assert_eq!(from(&mut w, 1, &device), late);
    let eve = far(&mut w, 1, true, "eve");
    let told = send(&mut w, eve, "/login ann open sesame");
    assert_eq!(
        told,
        "* Not done: too many passwords were tried. Try again in 10 s.\n"
    );
    assert_eq!(from(&mut w, 2, &device), right);
    w.wait(Duration::from_secs(10));
    assert_eq!(from(&mut w, 1, &device), right);
    // And passwords that were tried count for devices.
    w.look(eve);
    assert!(send(&mut w, eve, "/login ann whatever").contains("nobody has claimed"));
    assert_eq!(from(&mut w, 1, &device), late);
}

#[test]
fn so_many_devices_has_a_name_and_with_one_more_the_one_not_used_for_longest_goes() {
    let mut w = World::new(Limits::default());
    let (ann, first) = owned(&mut w, "ann");
    leave(&mut w, ann);
    let login = r#"{"type":"login","name":"ann","password":"open sesame","device":"x"}"#;
    let more = |w: &mut World| {
        let (conn, _) = program(w, "{}");
        let device = device_in(&ask(w, conn, login)).unwrap();
        leave(w, conn);
        device
    };
    let mut all: Vec<String> = (1..MAX_DEVICES).map(|_| more(&mut w)).collect();
    all.insert(0, first);
    assert!(
        all.iter().all(|it| opens(&mut w, "ann", it)),
        "at the limit"
    );
    // Now the first one is that which was used last.
    assert!(opens(&mut w, "ann", &all[0]));
    all.push(more(&mut w));
    let opened: Vec<bool> = all.iter().map(|it| opens(&mut w, "ann", it)).collect();
    let expected: Vec<bool> = (0..=MAX_DEVICES).map(|nth| nth != 1).collect();
    assert_eq!(opened, expected);
    let (conn, _) = come_back(&mut w, "ann", &all[0]);
    let listed: Vec<u32> = devices(&mut w, conn).iter().map(|it| it.0).collect();
    let numbers: Vec<u32> = (1..=17).filter(|it| *it != 2).collect();
    assert_eq!(listed, numbers);
}

#[test]
fn its_owner_lists_devices_and_ends_one_in_either_dialect() {
    let mut w = World::new(Limits::default());
    let (ann, home) = owned(&mut w, "ann");
    let login = r#"{"type":"login","name":"ann","password":"open sesame","device":"","id":"l"}"#;
    // Whoever has the name already has another device by that.
    let told = ask(&mut w, ann, login);
    assert!(entries(&told).is_empty(), "{told:?}");
    let other = device_in(&told).unwrap();
    w.wait(Duration::from_secs(7200));
    let told = ask(&mut w, ann, r#"{"type":"devices","id":"d"}"#);
    let listed = |number, label: &'static str| DeviceOf {
        number,
        label: label.into(),
        age_ms: 7_200_000,
    };
    assert_eq!(
        told,
        [Message::Devices {
            name: "ann".into(),
            devices: vec![listed(1, "home"), listed(2, "")],
            id: Some("d".into())
        }]
    );
    let none = ask(&mut w, ann, r#"{"type":"revoke","device":3}"#);
    assert_eq!(errors(&none), [Code::NoDevice]);
    let told = ask(&mut w, ann, r#"{"type":"revoke","device":2,"id":"r"}"#);
    let id = Some("r".into());
    assert_eq!(told, [Message::Revoked { device: 2, id }]);
    let none = ask(&mut w, ann, r#"{"type":"revoke","device":2}"#);
    assert_eq!(errors(&none), [Code::NoDevice]);
    leave(&mut w, ann);
    assert_eq!(
        (opens(&mut w, "ann", &other), opens(&mut w, "ann", &home)),
        (false, true)
    );
    // By hand.
    let bob = w.join("bob");
    w.look(bob);
    for command in ["/devices", "/devices revoke 1"] {
        assert_eq!(
            send(&mut w, bob, command),
            "* Not done: the name bob is not your own. /claim PASSWORD makes it that.\n"
        );
    }
    let told = send(&mut w, bob, "/login ann open sesame");
    assert!(told.contains("You are ann"), "{told}");
    assert_eq!(
        send(&mut w, bob, "/devices"),
        "* Devices that come back as ann without the password: 1 \"home\" (for 2 hours). \
         /devices revoke NUMBER ends one.\n"
    );
    for command in [
        "/devices revoke",
        "/devices end 1",
        "/devices revoke 1 2",
        "/devices 1",
    ] {
        assert_eq!(
            send(&mut w, bob, command),
            "* Not done: /devices takes [revoke NUMBER] after it, and nothing else. To say a line that begins \
             with a slash, begin it with two.\n"
        );
    }
    assert_eq!(
        send(&mut w, bob, "/devices revoke 9"),
        "* Not done: there is no device 9. /devices lists them.\n"
    );
    assert_eq!(
        send(&mut w, bob, "/devices REVOKE 1"),
        "* Device 1 needs the password from now on.\n"
    );
    assert_eq!(
        send(&mut w, bob, "/devices"),
        "* No device comes back as ann without the password.\n"
    );
    w.receive(bob, "LEAVE\n");
    assert!(!opens(&mut w, "ann", &home));
}

#[test]
fn another_password_ends_all_devices_and_so_does_giving_the_name_up() {
    let mut w = World::new(Limits::default());
    let (ann, first) = owned(&mut w, "ann");
    let passwd = r#"{"type":"passwd","password":"another one","device":"home"}"#;
    let second = device_in(&ask(&mut w, ann, passwd)).unwrap();
    assert_eq!(
        devices(&mut w, ann),
        [(2, "home".into())],
        "a number is given once"
    );
    leave(&mut w, ann);
    assert!(!opens(&mut w, "ann", &first) && opens(&mut w, "ann", &second));
    let (ann, _) = come_back(&mut w, "ann", &second);
    let passwd = r#"{"type":"passwd","password":"a third one"}"#;
    assert_eq!(
        device_in(&ask(&mut w, ann, passwd)),
        None,
        "none was asked for"
    );
    assert_eq!(devices(&mut w, ann), []);
    let login = r#"{"type":"login","name":"ann","password":"a third one","device":"home"}"#;
    let third = device_in(&ask(&mut w, ann, login)).unwrap();
    ask(&mut w, ann, r#"{"type":"unclaim"}"#);
    let none = ask(&mut w, ann, r#"{"type":"devices"}"#);
    assert_eq!(errors(&none), [Code::NotClaimed]);
    ask(&mut w, ann, r#"{"type":"claim","password":"open sesame"}"#);
    leave(&mut w, ann);
    for device in [first, second, third] {
        assert!(!opens(&mut w, "ann", &device));
    }
}

#[test]
fn a_device_is_called_by_at_most_so_many_bytes_that_can_be_shown() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    let claim = |label: &str, kind: &str| {
        let request = serde_json::json!({
            "type": kind, "name": "ann", "password": "open sesame", "device": label
        });
        request.to_string()
    };
    let long = "x".repeat(MAX_LABEL + 1);
    for kind in ["claim", "login", "passwd"] {
        for label in [&*long, "a\nb", "\u{202e}x", " "] {
            let told = ask(&mut w, ann, &claim(label, kind));
            assert_eq!(errors(&told), [Code::BadLabel], "{kind} {label}");
        }
    }
    let longest = "é".repeat(MAX_LABEL / 2);
    let told = ask(&mut w, ann, &claim(&longest, "claim"));
    assert!(device_in(&told).is_some());
    assert_eq!(devices(&mut w, ann), [(1, longest)]);
}

#[test]
fn nothing_is_given_where_nothing_is_asked_for() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    let claim = r#"{"type":"claim","password":"open sesame","device":null}"#;
    assert_eq!(device_in(&ask(&mut w, ann, claim)), None);
    assert_eq!(devices(&mut w, ann), []);
    let login = r#"{"type":"login","name":"ann","password":"open sesame"}"#;
    assert_eq!(errors(&ask(&mut w, ann, login)), [Code::Unchanged]);
    let login = r#"{"type":"login","name":"ann","password":"another one","device":""}"#;
    assert_eq!(errors(&ask(&mut w, ann, login)), [Code::WrongPassword]);
    assert_eq!(devices(&mut w, ann), []);
    // A reader has no name.
    let (reader, _) = program(&mut w, r#"{"read":true,"name":"ann","device":"x"}"#);
    assert_eq!(
        errors(&ask(&mut w, reader, r#"{"type":"devices"}"#)),
        [Code::ReadOnly]
    );
}

#[test]
fn a_token_is_told_only_once_it_is_kept_and_opens_the_name_after_a_restart() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let (ann, _) = program(&mut k, r#"{"name":"ann"}"#);
    k.commit();
    objects(&mut k, ann);
    k.receive(
        ann,
        "{\"type\":\"claim\",\"password\":\"open sesame\",\"device\":\"home\"}\n",
    );
    hash(&mut k);
    assert_eq!((k.begin(), k.look(ann)), (2, String::new()));
    k.done();
    let first = device_in(&objects(&mut k, ann)).unwrap();
    let login = r#"{"type":"login","name":"ann","password":"open sesame","device":"x"}"#;
    k.receive(ann, format!("{login}\n"));
    hash(&mut k);
    k.commit();
    let second = device_in(&objects(&mut k, ann)).unwrap();
    let shown = format!("{:?}{:?}", k.store, k.server);
    let texts: String = k.store.iter().map(|it| &*it.text).collect();
    for device in [&first, &second] {
        assert!(!shown.contains(device) && !texts.contains(device));
    }
    assert!(
        !shown.contains(&k.store.last().unwrap().text[..]),
        "the hash"
    );

    let mut k = k.restart(9);
    k.commit();
    let (back, _) = come_back(&mut k, "ann", &first);
    k.commit();
    let told = objects(&mut k, back);
    assert_eq!((name_in(&told), errors(&told)), ("ann".into(), vec![]));
    k.receive(back, "{\"type\":\"revoke\",\"device\":2}\n");
    assert_eq!((k.begin(), k.look(back)), (1, String::new()));
    k.done();
    let told = objects(&mut k, back);
    assert_eq!(
        told,
        [Message::Revoked {
            device: 2,
            id: None
        }]
    );
    leave(&mut k, back);

    let mut k = k.restart(9);
    k.commit();
    let (other, _) = come_back(&mut k, "ann", &second);
    k.commit();
    let told = objects(&mut k, other);
    assert_eq!(errors(&told), [Code::NameClaimed, Code::WrongDevice]);
    leave(&mut k, other);
    let (back, _) = come_back(&mut k, "ann", &first);
    k.commit();
    assert_eq!(name_in(&objects(&mut k, back)), "ann");
    let screen = String::from_utf8(k.transcript.clone()).unwrap();
    assert!(!screen.contains("device"), "{screen}");
}

#[test]
fn a_device_that_is_used_time_and_again_is_written_once() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let (ann, _) = program(&mut k, r#"{"name":"ann"}"#);
    k.commit();
    let claim = "{\"type\":\"claim\",\"password\":\"open sesame\",\"device\":\"home\"}\n";
    k.receive(ann, claim);
    hash(&mut k);
    k.commit();
    let device = device_in(&objects(&mut k, ann)).unwrap();
    leave(&mut k, ann);
    k.commit();
    let of_accounts = |k: &Kept| k.store.iter().filter(|it| it.room.is_accounts()).count();
    assert_eq!(of_accounts(&k), 2);
    for _ in 0..3 {
        let (ann, _) = come_back(&mut k, "ann", &device);
        k.commit();
        leave(&mut k, ann);
        k.commit();
    }
    assert_eq!(of_accounts(&k), 2);
}

#[test]
fn whom_to_ignore_is_for_a_client_to_know() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    for command in ["/ignore", "/ignore bob", "/unignore bob"] {
        assert_eq!(
            send(&mut w, ann, command),
            "* Not done: that is for your client to do. chat and chat-client can; by hand, there is nobody to do it.\n"
        );
    }
    assert_eq!(
        send(&mut w, ann, "/unignore"),
        "* Not done: /unignore takes NAME after it.\n"
    );
}
