//! Being in several rooms: opening one, speaking there, and closing it.

use crate::world::{World, entry, line};
use chat_cli::screen::Typed;
use chat_core::Unaccepted;

/// The connection is in a room, and what the screen asks about that is answered.
fn is_in(world: &mut World, room: &str, names: &[&str], topic: &str) {
    let told = serde_json::json!({
        "type": "in", "room": room, "epoch": "e", "head": 7, "here": names.len(),
    });
    let who = serde_json::json!({ "type": "who", "room": room, "names": names, "more": 0 });
    let topic = serde_json::json!({ "type": "topic", "room": room, "text": topic, "by": "bob" });
    for object in [told, who, topic] {
        world.screen.line(&object.to_string(), world.at);
    }
    world.wait();
}

fn is_out(world: &mut World, room: &str) {
    let out = serde_json::json!({ "type": "out", "room": room });
    world.screen.line(&out.to_string(), world.at);
}

#[test]
fn a_day_in_two_rooms() {
    let mut world = World::online(100, 12);
    let mut steps = String::new();
    let mut see = |world: &mut World, what: &str| {
        let seen = world.seen();
        steps.extend(["=== ", what, "\n", &seen, "\n"]);
    };
    world.says("bob", "who has read the plan?");
    world.press("/join #Dev\r");
    see(&mut world, "the room is there at once");
    is_in(&mut world, "dev", &["ann", "cat"], "what we build");
    world.says_in("dev", "cat", "hello ann");
    world.says("bob", "ann, have you?");
    see(
        &mut world,
        "somebody is there, and somebody asks in the lobby",
    );
    world.press("/part\r");
    is_out(&mut world, "dev");
    see(&mut world, "back in the lobby");
    insta::assert_snapshot!(steps);
    assert_eq!(
        world.entered(),
        [line("dev", "/join dev"), ("dev".into(), Typed::Part)]
    );
}

#[test]
fn what_is_typed_in_a_room_is_for_that_room() {
    let mut world = World::online(80, 12);
    world.press("/join dev\rhello\r/topic code\r/who\r\u{1b}1hi\r/join dev\rback\r");
    assert_eq!(
        world.entered(),
        [
            line("dev", "/join dev"),
            line("dev", "hello"),
            line("dev", "/topic code"),
            line("dev", "/who"),
            line("lobby", "hi"),
            line("dev", "back"),
        ],
        "and who is there already only goes there"
    );
    world.press("/join a b\r");
    assert_eq!(
        world.entered(),
        [line("dev", "/join a b")],
        "the client says why not"
    );
}

#[test]
fn who_is_there_and_what_it_is_about_are_of_each_room() {
    let mut world = World::online(110, 12);
    world.press("/join dev\r");
    is_in(&mut world, "dev", &["ann", "cat"], "what we build");
    let seen = world.seen();
    assert!(seen.contains("what we build") && seen.contains("cat"));
    assert!(!seen.contains("In the room"), "nobody has asked: {seen}");
    world.press("\u{1b}1");
    let seen = world.seen();
    assert!(!seen.contains("what we build") && !seen.contains("cat"));
    let who = "{\"type\":\"who\",\"room\":\"dev\",\"names\":[\"ann\",\"zoe\"],\"more\":0}";
    world.screen.line(who, world.at);
    assert!(world.seen().contains("In the room (2): ann, zoe"));
    world.press("\u{1b}2");
    assert!(world.seen().contains("zoe"));
}

#[test]
fn a_room_into_which_one_is_not_let_is_closed_and_one_is_told_why() {
    let mut world = World::online(80, 12);
    world.press("/join dev\r");
    is_out(&mut world, "dev");
    world
        .screen
        .notice("* Not done: there are as many as there may be.", world.at);
    let seen = world.seen();
    assert!(seen.contains("as many as there may be"), "{seen}");
    assert!(!seen.contains("dev"), "{seen}");
}

/// What is typed while somebody removes one from the room is said nowhere else.
#[test]
fn who_is_removed_from_a_room_stays_before_it_with_what_they_type() {
    let mut world = World::online(80, 14);
    let mut steps = String::new();
    let mut see = |world: &mut World, what: &str| {
        let seen = world.seen();
        steps.extend(["=== ", what, "\n", &seen, "\n"]);
    };
    world.press("/join dev\r");
    is_in(&mut world, "dev", &["ann", "cat"], "what we build");
    world.entered();
    world.press("between us, I ");
    is_out(&mut world, "dev");
    let why = "* cat has removed you from dev: enough.";
    world.screen.notice(why, world.at);
    world.press("think\r");
    see(&mut world, "the rest is said nowhere");
    assert_eq!(world.entered(), []);
    world.press("\u{15}/me thinks\r\u{15}one\u{1b}\rtwo\r\u{15}");
    world.send("\u{1b}[200~three\rfour\r\u{1b}[201~");
    assert_eq!(world.entered(), []);
    // Of commands, some are of use.
    world.press("\u{15}/msg cat why?\r/join dev\r");
    let out = [line("dev", "/msg cat why?"), line("dev", "/join dev")];
    assert_eq!(world.entered(), out);
    is_out(&mut world, "dev");
    world.press("half a line");
    see(&mut world, "not let in again");
    world.press("\u{1b}1");
    see(&mut world, "elsewhere, with what was typed");
    world.press("\u{19}");
    assert!(world.seen().contains("> half a line"));
    insta::assert_snapshot!(steps);
}

#[test]
fn a_room_from_which_one_was_removed_is_closed_or_joined_again() {
    for close in ["/part\r", "/close\r", "\u{1b}1"] {
        let mut world = World::online(80, 12);
        world.press("/join dev\r");
        is_in(&mut world, "dev", &["ann"], "");
        is_out(&mut world, "dev");
        assert!(world.seen().contains("2:(dev)"));
        world.entered();
        world.press(close);
        assert!(!world.seen().contains("dev"), "{close}");
        assert_eq!(world.entered(), []);
    }
    let mut world = World::online(80, 12);
    world.press("/join dev\r");
    is_in(&mut world, "dev", &["ann"], "");
    is_out(&mut world, "dev");
    world.press("/join dev\r");
    is_in(&mut world, "dev", &["ann"], "");
    world.entered();
    world.press("hello\r");
    assert!(!world.seen().contains("(dev)"));
    assert_eq!(world.entered(), [line("dev", "hello")]);
}

#[test]
fn what_is_typed_in_a_room_that_goes_is_there_with_ctrl_y() {
    let mut world = World::online(80, 12);
    for is_removed in [false, true] {
        world.press("/join dev\r");
        is_in(&mut world, "dev", &["ann"], "");
        world.press("half a line\u{1b}1");
        if !is_removed {
            world.press("/part dev\r");
        }
        is_out(&mut world, "dev");
        assert!(
            world
                .seen()
                .contains("What you were typing in dev is there with Ctrl-Y: half a line")
        );
        world.press("\u{19}");
        assert!(world.seen().contains("> half a line"));
        world.press("\u{15}");
    }
    // A draft of the last run is for the room that it was for.
    let mut world = World::new(80, 12);
    world
        .screen
        .restore([("dev".into(), "between us".into())], []);
    assert!(world.seen().contains("in dev is there with Ctrl-Y"));
    assert_eq!(world.screen.drafts(), []);
}

#[test]
fn who_is_not_let_in_stays_where_they_were() {
    let mut world = World::online(80, 12);
    world.press("/query eve\r/join dev\r");
    is_out(&mut world, "dev");
    world.entered();
    world.press("hi\r");
    assert_eq!(world.entered(), [line("lobby", "/msg eve hi")]);
    // Who has begun to type there is moved nowhere.
    world.press("/join dev\rhal");
    is_out(&mut world, "dev");
    world.entered();
    world.press("f\r");
    assert_eq!(world.entered(), []);
}

#[test]
fn nothing_that_comes_moves_who_is_typing() {
    let mut world = World::online(80, 12);
    world.press("half ");
    let page = serde_json::json!({"type": "page", "with": "eve", "first": 1, "head": 4});
    world.screen.line(&page.to_string(), 0);
    world.press("a line\r");
    assert_eq!(world.entered(), [line("lobby", "half a line")]);
    let mut world = World::new(80, 12);
    world
        .screen
        .start_in(chat_core::RoomName::parse("dev").unwrap());
    world.press("half ");
    world.screen.set_link(chat_cli::screen::Link::Online);
    world.press("a line\r");
    let out = [line("dev", "/join dev"), line("lobby", "half a line")];
    assert_eq!(world.entered(), out);
}

#[test]
fn rooms_are_closed_by_name_and_the_lobby_stays() {
    let mut world = World::online(80, 12);
    for room in ["dev", "tea"] {
        world.press(&format!("/join {room}\r"));
        is_in(&mut world, room, &["ann"], "");
    }
    world.press("/part #DEV\r");
    is_out(&mut world, "dev");
    let seen = world.seen();
    assert!(seen.contains("2:tea") && !seen.contains("dev"), "{seen}");
    world.press("hi\r/part\r");
    is_out(&mut world, "tea");
    for (typed, told) in [
        ("/part\r", "the lobby stays open"),
        ("/part nowhere\r", "you are not in nowhere"),
    ] {
        world.press(typed);
        let seen = world.seen();
        assert!(seen.contains(told), "{seen}");
    }
    let part = |room: &str| (room.to_owned(), Typed::Part);
    let all = world.entered();
    assert_eq!(all[2..], [part("dev"), line("tea", "hi"), part("tea")]);
    is_out(&mut world, "lobby");
    assert!(world.seen().contains("lobby"));
}

#[test]
fn what_is_not_accepted_is_shown_in_its_room() {
    let mut world = World::online(80, 12);
    world.press("/join dev\r");
    let said = Unaccepted {
        id: "1".into(),
        text: "for dev alone".into(),
        me: false,
        room: Some("dev".into()),
    };
    world.screen.set_unaccepted([said].iter());
    assert!(world.seen().contains("ann: for dev alone"));
    world.press("\u{1b}1");
    let seen = world.seen();
    assert!(!seen.contains("for dev alone"), "{seen}");
    assert!(seen.contains("1 not accepted"), "{seen}");
}

#[test]
fn another_log_of_one_room_leaves_the_others_as_they_are() {
    let mut world = World::online(80, 12);
    world.says("bob", "in the lobby");
    world.press("/join dev\r");
    world.says_in("dev", "bob", "of before");
    let other = entry("entry", 1, world.at, ("said", "bob", "of now", ""));
    let other = other.replace("\"e\"", "\"f\"").replace("lobby", "dev");
    world.screen.line(&other, world.at);
    let seen = world.seen();
    assert!(
        seen.contains("of now") && !seen.contains("of before"),
        "{seen}"
    );
    world.press("\u{1b}1");
    assert!(world.seen().contains("in the lobby"));
}

#[test]
fn the_history_of_a_room_is_asked_for_there_once_one_is_in_it() {
    let mut world = World::online(80, 12);
    world.draw();
    world.wait();
    let end = "{\"type\":\"page\",\"first\":1,\"head\":0}";
    world.screen.line(end, world.at);
    world.press("/join dev\r");
    world.draw();
    world.wait();
    let pages = |world: &World| {
        let both = world.places.iter().zip(&world.typed);
        let pages = both.filter(|(_, typed)| matches!(typed, Typed::Page(_)));
        pages.map(|(room, _)| room.clone()).collect::<Vec<_>>()
    };
    assert_eq!(pages(&world), ["lobby"]);
    is_in(&mut world, "dev", &["ann"], "");
    world.draw();
    world.wait();
    assert_eq!(pages(&world), ["lobby", "dev"]);
    let past = entry("past", 3, world.at, ("said", "bob", "long ago", ""));
    world.screen.line(&past.replace("lobby", "dev"), world.at);
    let end = "{\"type\":\"page\",\"room\":\"dev\",\"first\":3,\"head\":7}";
    world.screen.line(end, world.at);
    assert!(world.seen().contains("bob: long ago"));
    world.press("\u{1b}1");
    assert!(!world.seen().contains("long ago"));
}

#[test]
fn the_rooms_of_the_last_run_are_there_again() {
    let mut world = World::new(80, 12);
    world.screen.set_read_to("lobby", Some(3));
    world.screen.set_read_to("dev", Some(5));
    world.screen.set_link(chat_cli::screen::Link::Online);
    let seen = world.seen();
    assert!(seen.contains("1:lobby") && seen.contains("2:dev"), "{seen}");
}
