//! Many rooms, in the text dialect: one at a time, and nobody hears of another one.

use super::world::World;
use chat_core::{Input, Limits, MAX_ROOM_NAME};
use std::time::Duration;

#[test]
fn whoever_goes_to_another_room_leaves_one_and_joins_the_other() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    for conn in [ann, bob] {
        w.look(conn);
    }
    w.receive(ann, "/join #Dev\nhello dev\n");
    assert_eq!(w.look(ann), "* You are in dev now; nobody else is here.\n");
    assert_eq!(w.look(bob), "ann has left the chat\n");
    w.receive(bob, "hello lobby\n/join dev\nhello ann\n");
    assert_eq!(w.look(bob), "* You are in dev now; 1 other is here.\n");
    assert_eq!(w.look(ann), "bob has joined the chat\nbob: hello ann\n");
    w.receive(ann, "/join lobby\n");
    assert_eq!(
        w.look(ann),
        "* You are in lobby now; nobody else is here.\n"
    );
    assert_eq!(w.look(bob), "ann has left the chat\n");
    w.receive(bob, "leave\n");
    assert_eq!(w.look(ann), "");
    // The screen has all of it, in the order in which it happened.
    let shown = String::from_utf8(w.transcript.clone()).unwrap();
    assert_eq!(
        shown,
        "ann has joined the chat\n\
         bob has joined the chat\n\
         ann has left the chat\n\
         [dev] ann has joined the chat\n\
         [dev] ann: hello dev\n\
         bob: hello lobby\n\
         bob has left the chat\n\
         [dev] bob has joined the chat\n\
         [dev] bob: hello ann\n\
         [dev] ann has left the chat\n\
         ann has joined the chat\n\
         [dev] bob has left the chat\n"
    );
}

#[test]
fn a_name_is_of_one_person_in_all_rooms() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.receive(ann, "/join dev\n");
    let other = w.join("ANN");
    assert!(w.look(other).contains("ANN-2"));
    w.receive(other, "/nick ann\n/msg ann psst\n");
    assert_eq!(
        w.look(other),
        "* The name ann is taken; you are still ANN-2.\n[PM to ann] psst\n"
    );
    w.look(ann);
    w.receive(ann, "/nick cy\n/join tea\n");
    w.receive(other, "/nick ann\n/join tea\n");
    assert_eq!(
        w.look(ann),
        "ann is now known as cy\n* You are in tea now; nobody else is here.\nann has joined the chat\n"
    );
}

#[test]
fn nobody_is_taken_for_somebody_in_another_room() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.receive(ann, "/join dev\n");
    let like = w.join("ANN.");
    assert!(
        w.look(like)
            .ends_with("* The name ANN. looks like ann, who is here; you are ANN.-2.\n")
    );
    w.receive(like, "/nick Ann_\n/msg ann- hi\n");
    assert_eq!(
        w.look(like),
        "* The name Ann_ looks like ann, who is here; you are still ANN.-2.\n[PM to ann] hi\n"
    );
    w.receive(ann, "/nick Ann_\n/leave\n");
    w.look(like);
    w.receive(like, "/nick ann\n");
    assert_eq!(w.look(like), "ANN.-2 is now known as ann\n");
}

#[test]
fn topics_lists_and_history_are_of_the_room_where_one_is() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    w.receive(bob, "in the lobby\n/topic lobbying\n");
    w.receive(ann, "/join dev\n/topic code\nfirst\n");
    w.look(ann);
    w.look(bob);
    w.receive(
        ann,
        "/who\n/who #LOBBY\n/who tea\n/who a/b\n/rooms\n/topic\n/history\n",
    );
    assert_eq!(
        w.look(ann),
        "* In the room (1): ann\n\
         * In the room (1): bob\n\
         * Nobody is in tea.\n\
         * \"a/b\" is no room: a room's name has 1 to 32 letters a to z, digits, dashes, underscores and dots. You are still in dev.\n\
         * Rooms: dev (1), lobby (1)\n\
         * The topic, set by ann: code\n\
         * ann has joined the chat\n\
         * ann has set the topic: code\n\
         * ann: first\n"
    );
    w.receive(bob, "/join dev\n");
    assert_eq!(
        w.look(bob),
        "* You are in dev now; 1 other is here.\n* The topic, set by ann: code\n"
    );
}

#[test]
fn a_room_that_is_none_or_is_where_one_is_changes_nothing() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    let longest = "r".repeat(MAX_ROOM_NAME);
    w.receive(
        ann,
        format!("/join lobby\n/join {longest}r\n/join\n/join a b\n"),
    );
    let told = w.look(ann);
    let told: Vec<&str> = told.lines().collect();
    assert_eq!(told[0], "* You are in lobby already.");
    assert!(told[1].contains("is no room"), "{told:?}");
    assert!(told[2].starts_with("* Not done: /join takes"), "{told:?}");
    assert!(told[3].starts_with("* Not done: /join takes"), "{told:?}");
    w.receive(ann, format!("/join {longest}\n"));
    assert!(w.look(ann).starts_with("* You are in rrr"));
}

#[test]
fn there_are_as_many_rooms_as_the_limit_says_and_no_more() {
    let mut w = World::new(Limits {
        rooms: 3,
        ..Limits::default()
    });
    let people = ["ann", "bob", "cy"].map(|name| w.join(name));
    w.receive(people[0], "/join a\n");
    w.receive(people[1], "/join b\n");
    w.look(people[2]);
    w.receive(people[2], "/join c\n");
    assert_eq!(
        w.look(people[2]),
        "* Not done: there are as many rooms as there may be. /rooms lists those with people in them.\n"
    );
    // A room in which nobody is any more makes way.
    w.receive(people[1], "/join a\n");
    w.look(people[2]);
    w.receive(people[2], "/join c\n");
    assert_eq!(
        w.look(people[2]),
        "* You are in c now; nobody else is here.\n"
    );
}

#[test]
fn a_room_that_nobody_keeps_begins_anew_when_nobody_is_in_it() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.receive(ann, "/join dev\n/topic old\n/join lobby\n");
    w.receive(ann, "/rooms\n");
    assert!(w.look(ann).ends_with("* Rooms: lobby (1)\n"));
    w.receive(ann, "/join dev\n/topic\n/history\n");
    assert_eq!(
        w.look(ann),
        "* You are in dev now; nobody else is here.\n\
         * There is no topic. /topic TEXT sets one.\n\
         * ann has joined the chat\n"
    );
}

#[test]
fn what_waits_of_the_old_room_comes_before_all_of_the_new_one() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    let cy = w.join("cy");
    w.receive(cy, "/join dev\n");
    w.look(ann);
    w.limit(ann, 3);
    w.receive(bob, "one\n");
    w.receive(ann, "/join dev\n");
    w.receive(bob, "two\n");
    w.receive(cy, "three\n");
    w.unblock(ann);
    assert_eq!(
        w.look(ann),
        "bob: one\n* You are in dev now; 1 other is here.\ncy: three\n"
    );
}

#[test]
fn whoever_is_lost_or_slow_in_a_room_leaves_that_one() {
    let mut w = World::new(Limits {
        behind: 1000,
        ..Limits::default()
    });
    let (ann, bob, cy) = (w.join("ann"), w.join("bob"), w.join("cy"));
    for conn in [ann, bob, cy] {
        w.receive(conn, "/join dev\n");
    }
    for conn in [ann, bob, cy] {
        w.look(conn);
    }
    w.handle(Input::Lost(bob));
    assert_eq!(w.look(ann), "bob has left the chat\n");
    w.limit(cy, 0);
    for _ in 0..20 {
        w.receive(
            ann,
            "a line of some length, so that it does not take many of them to be behind\n",
        );
        w.wait(Duration::from_millis(100));
    }
    assert_eq!(w.look(ann), "cy has left the chat\n");
}
