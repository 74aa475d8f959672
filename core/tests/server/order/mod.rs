//! Order in rooms: who may do what, and what comes of it (PROTOCOL.md, "Order").

mod closed_rooms;
mod json;
mod lasting;
mod limits;
mod sanctions;

use super::accounts::{hash, send};
use super::durable::Kept;
use super::world::World;
use chat_core::{ConnId, Input, Limits, Name, RIGHTS, Right, Role};

/// Somebody here who owns the name that they have.
pub(super) fn owner_of(w: &mut World, name: &str) -> ConnId {
    let conn = w.join(name);
    let told = send(w, conn, "/claim open sesame");
    assert!(told.contains("is yours"), "{told}");
    conn
}

/// Somebody who looks after the server.
pub(super) fn admin(w: &mut World, name: &str) -> ConnId {
    let conn = owner_of(w, name);
    let name = Name::parse(name).unwrap();
    assert_eq!(w.server.is_admin(&name), Some(false));
    w.handle(Input::SetAdmin(&name, true));
    assert_eq!(w.server.is_admin(&name), Some(true));
    w.look(conn);
    conn
}

pub(super) fn go(w: &mut World, conn: ConnId, room: &str) -> String {
    send(w, conn, &format!("/join {room}"))
}

/// ann, who owns dev, and bob, who is there, too.
pub(super) fn dev() -> (World, ConnId, ConnId) {
    let mut w = World::new(Limits::default());
    let ann = owner_of(&mut w, "ann");
    let bob = w.join("bob");
    go(&mut w, ann, "dev");
    go(&mut w, bob, "dev");
    w.look(ann);
    (w, ann, bob)
}

/// What was asked of the store, and for passwords, is done.
pub(super) fn settle(k: &mut Kept) {
    k.commit();
    hash(k);
    k.answer();
    k.commit();
}

/// A server with a store, and ann, who owns the room `dev`.
pub(super) fn kept_dev() -> (Kept, ConnId) {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let ann = k.join("ann");
    for line in ["/claim open sesame", "/join dev"] {
        k.receive(ann, format!("{line}\n"));
        settle(&mut k);
    }
    (k, ann)
}

#[test]
fn whoever_makes_a_room_with_a_claimed_name_owns_it() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (owner_of(&mut w, "ann"), w.join("bob"));
    let told = go(&mut w, ann, "dev");
    assert!(
        told.ends_with("* You are in dev now; nobody else is here.\nann owns this room\n"),
        "{told}"
    );
    w.look(bob);
    let told = go(&mut w, bob, "tea");
    assert!(told.ends_with("nobody else is here.\n"), "{told}");
    let told = go(&mut w, ann, "tea");
    assert!(!told.contains("owns"), "it is there already: {told}");
    assert_eq!(
        send(&mut w, bob, "/kick ann"),
        "ann has joined the chat\n* Not done: /kick is for the operators of the room. Nobody owns this one: who made it had not claimed their name. /claim yours, then make another one.\n"
    );
    for command in ["/op ann", "/private on"] {
        let (name, _) = command[1..].split_once(' ').unwrap();
        let told = format!(
            "* Not done: /{name} is for the owner of the room. Nobody owns this one: who made it had not claimed their name. /claim yours, then make another one.\n"
        );
        assert_eq!(send(&mut w, bob, command), told);
    }
}

/// What each command of the table is given, and what comes of it where it is done.
fn command(right: Right, whom: &str) -> Option<(String, String)> {
    Some(match right {
        Right::Op => (
            format!("/op {whom}"),
            format!("has made {whom} an operator"),
        ),
        Right::Deop => (
            format!("/deop {whom}"),
            format!("has taken the operator's rights from {whom}"),
        ),
        Right::Kick => (format!("/kick {whom}"), format!("has removed {whom}")),
        Right::Ban => (format!("/ban {whom}"), format!("has banned {whom}")),
        Right::Unban => ("/unban eve".into(), "has lifted the ban of eve".into()),
        Right::Bans => ("/bans".into(), "* Banned: eve, by the-owner".into()),
        Right::Mute => (
            format!("/mute {whom} 10m"),
            format!("has muted {whom} for 10m"),
        ),
        Right::Unmute => ("/unmute silent".into(), "lets silent speak again".into()),
        Right::Private => ("/private on".into(), "has made the room private".into()),
        Right::Invite => ("/invite eve".into(), "has invited eve".into()),
        Right::Slow => (
            "/slow 9".into(),
            "limits everyone to one line every 9 s".into(),
        ),
        Right::Redact => (
            format!("/redact {whom}"),
            format!("has removed a line of {whom} (#"),
        ),
        Right::Close => ("/close".into(), "has closed the room".into()),
        Right::Reopen => ("/reopen".into(), "has opened the room again".into()),
        Right::EnterClosed | Right::Enter | Right::Haste | Right::Addresses => return None,
    })
}

#[test]
fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let roles = [
        ("nobody", Role::None),
        ("helper", Role::Operator),
        ("the-owner", Role::Owner),
        ("root", Role::Administrator),
    ];
    // One of each role besides, but for the owner, of whom there is one.
    let others = [
        ("other", Role::None),
        ("helper-b", Role::Operator),
        ("the-owner", Role::Owner),
        ("root-b", Role::Administrator),
    ];
    let mut done = 0;
    for (right, _) in RIGHTS {
        for (name, role) in roles {
            for (other, other_role) in others {
                let Some((line, what)) = command(right, other) else {
                    continue;
                };
                let mut w = World::new(Limits::default());
                let silent = w.join("silent");
                let mut all = vec![silent];
                let owner = owner_of(&mut w, "the-owner");
                go(&mut w, owner, "dev");
                for it in ["nobody", "helper", "other", "helper-b"] {
                    all.push(owner_of(&mut w, it));
                }
                all.extend(["root", "root-b"].map(|it| admin(&mut w, it)));
                for conn in &all {
                    go(&mut w, *conn, "dev");
                    send(&mut w, *conn, "hello");
                }
                send(&mut w, owner, "hello");
                for line in ["/op helper", "/op helper-b", "/ban eve", "/mute silent"] {
                    let told = send(&mut w, owner, line);
                    assert!(!told.contains("Not done"), "{told}");
                }
                let conn = match name {
                    "the-owner" => owner,
                    name => w
                        .server
                        .people()
                        .find(|it| it.0.as_str() == name)
                        .unwrap()
                        .1
                        .unwrap(),
                };
                if right == Right::Reopen {
                    send(&mut w, owner, "/close");
                }
                w.look(conn);
                let told = send(&mut w, conn, &line);
                // Their own lines are no lesser one's.
                let is_own = right == Right::Redact && name == other && role > Role::None;
                let may = is_own || role.may(right, Some(other_role));
                // To make somebody an operator who is more than that, or none who is none, would change nothing.
                let changes = match right {
                    Right::Op => other_role == Role::None,
                    Right::Deop => other_role == Role::Operator,
                    _ => true,
                };
                let is_done = told.contains(&what);
                assert_eq!(is_done, may && changes, "{role:?} {line}: {told}");
                assert_eq!(
                    told.contains("Not done"),
                    !is_done,
                    "{role:?} {line}: {told}"
                );
                done += usize::from(is_done);
            }
        }
    }
    assert!(done > 50, "{done}");
}

#[test]
fn nobody_does_it_to_themselves_or_to_one_who_is_not_there() {
    let (mut w, ann, _) = dev();
    assert_eq!(
        send(&mut w, ann, "/kick ann"),
        "* Not done: ann is the owner, as you are, or more than you.\n"
    );
    w.join("cat");
    w.look(ann);
    for line in ["/kick cat", "/mute cat"] {
        assert_eq!(
            send(&mut w, ann, line),
            "* Not done: cat is not in this room.\n"
        );
    }
    assert_eq!(
        send(&mut w, ann, "/kick dan"),
        "* Not done: dan is not in this room.\n"
    );
    assert_eq!(send(&mut w, ann, "/kick *"), "* Nobody here is called *.\n");
}

#[test]
fn an_operator_has_a_name_of_their_own_and_is_that_only_while_they_have_it() {
    let (mut w, ann, bob) = dev();
    assert_eq!(
        send(&mut w, ann, "/op bob"),
        "* Not done: the name bob belongs to nobody yet. They make it their own with /claim PASSWORD.\n"
    );
    send(&mut w, bob, "/claim open sesame");
    assert_eq!(
        send(&mut w, ann, "/op bob"),
        "ann has made bob an operator\n"
    );
    assert_eq!(
        send(&mut w, ann, "/op BOB"),
        "* Not done: that is an operator already.\n"
    );
    let cat = w.join("cat");
    go(&mut w, cat, "dev");
    send(&mut w, bob, "/nick bobby");
    assert!(send(&mut w, bob, "/slow 5").contains("is for the operators"));
    send(&mut w, bob, "/login bob open sesame");
    assert!(send(&mut w, bob, "/slow 5").ends_with("bob limits everyone to one line every 5 s\n"));
    // Whoever has the name after it was given up has none of its rights.
    send(&mut w, bob, "/unclaim");
    assert!(send(&mut w, bob, "/slow 0").contains("is for the operators"));
    send(&mut w, bob, "/nick bobby");
    send(&mut w, cat, "/nick bob");
    send(&mut w, cat, "/claim another one");
    assert!(send(&mut w, cat, "/slow 0").contains("is for the operators"));
    // But may be given them again, and another password takes none of them.
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/op bob"),
        "ann has made bob an operator\n"
    );
    send(&mut w, cat, "/passwd yet another");
    assert!(
        send(&mut w, cat, "/slow 0").ends_with("bob lets everyone speak as fast as they like\n")
    );
    w.look(ann);
    assert_eq!(
        send(&mut w, ann, "/deop bob"),
        "ann has taken the operator's rights from bob\n"
    );
    assert_eq!(
        send(&mut w, ann, "/deop bob"),
        "* Not done: that is no operator.\n"
    );
}
