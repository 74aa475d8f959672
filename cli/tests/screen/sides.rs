//! What stands around the messages: the topic, and who is here.

use crate::world::World;
use chat_cli::screen::Typed;

/// What is seen of a room that is about something, with people in it.
fn story(columns: u16, rows: u16) -> String {
    let mut world = World::online(columns, rows);
    let mut steps = String::new();
    let mut see = |world: &mut World, what: &str| {
        let seen = world.seen();
        steps.extend(["=== ", what, "\n", &seen, "\n"]);
    };
    let topic =
        "Tea at four, 茶 for everyone; whoever comes late brings the cake for the day after";
    world.answered(&["Zoe", "ann", "bob", "cat", "dan"], topic);
    world.says("bob", "Is Cat here?");
    world.press("/whois cat\r/msg zoe hi\r");
    let whois = "{\"type\":\"whois\",\"name\":\"cat\",\"here_ms\":7200000,\"online\":false}";
    world.screen.line(whois, world.at);
    let away = "{\"type\":\"away\",\"name\":\"Zoe\",\"text\":\"lunch\"}";
    world.screen.line(away, world.at);
    see(
        &mut world,
        "somebody has lost the connection, somebody is away",
    );
    world.happens("joined", "eve", "", "");
    world.happens("left", "dan", "", "");
    world.happens("renamed", "bob", "robert-of-the-many-names", "");
    world.happens("said", "Zoe", "back", "");
    world.happens("topic", "Zoe", "cake", "");
    see(&mut world, "people come and go, and one is back");
    world.press("\u{1b}w");
    see(&mut world, "the list is shown, or hidden");
    world.press("\u{1b}w");
    world.happens("topic", "Zoe", "", "");
    see(&mut world, "there is no topic any more");
    steps
}

#[test]
fn around_the_messages_at_80_by_24() {
    insta::assert_snapshot!(story(80, 24));
}

#[test]
fn around_the_messages_at_40_by_12() {
    insta::assert_snapshot!(story(40, 12));
}

#[test]
fn around_the_messages_at_132_by_43() {
    insta::assert_snapshot!(story(132, 43));
}

#[test]
fn around_the_messages_at_20_by_5() {
    insta::assert_snapshot!(story(20, 5));
}

#[test]
fn what_the_screen_asks_by_itself_is_not_told_and_what_one_asks_is() {
    let mut world = World::online(60, 8);
    assert!(!world.seen().contains("In the room"));
    world.press("/who\r/topic\r");
    world.answered(&["ann", "bob"], "tea");
    assert!(world.seen().contains("In the room (2): ann, bob"));
    assert!(world.seen().contains("The topic, set by bob: tea"));
}

#[test]
fn who_is_here_is_asked_once_for_each_connection() {
    let mut world = World::new(60, 8);
    let asked = |world: &mut World| {
        let typed = std::iter::from_fn(|| world.screen.poll_typed());
        typed.map(|(_, typed)| typed).collect::<Vec<_>>()
    };
    for _ in 0..2 {
        world.screen.set_link(chat_cli::screen::Link::Offline);
        assert_eq!(asked(&mut world), []);
        world.screen.set_link(chat_cli::screen::Link::Online);
        assert_eq!(asked(&mut world), [Typed::Who, Typed::Topic]);
    }
}

#[test]
fn a_list_that_is_longer_than_the_screen_says_how_many_are_left_out() {
    let names: Vec<String> = (10..60).map(|number| format!("user{number}")).collect();
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let mut world = World::online(120, 12);
    // One row is for the topic, one for how many there are.
    world.answered(&names[..8], "tea");
    assert!(world.seen().contains("│ user17") && !world.seen().contains("more"));
    world.answered(&names[..9], "tea");
    assert!(world.seen().contains("│ user16") && !world.seen().contains("│ user17"));
    assert!(world.seen().contains("│ and 2 more"));
}

#[test]
fn rooms_that_do_not_fit_are_counted_and_those_that_name_one_marked() {
    for (columns, rows, is_side) in [(60, 12, false), (110, 8, true)] {
        let mut world = World::online(columns, rows);
        for number in 2..=12 {
            world.says_in(&format!("a-room-{number}"), "bob", "hi");
        }
        let more = |world: &mut World| {
            let seen = world.seen();
            let words = seen.split_whitespace();
            let all: Vec<String> = words
                .filter(|word| word.starts_with('+'))
                .map(Into::into)
                .collect();
            assert_eq!(all.len(), 1, "{seen}");
            all[0].clone()
        };
        let before = more(&mut world);
        assert!(!before.ends_with('!'), "{before}");
        world.says_in("a-room-12", "bob", "ann?");
        assert_eq!(more(&mut world), format!("{before}!"));
        world.press("\u{10}");
        let after = more(&mut world);
        assert!(!after.ends_with('!'), "one looks at it: {after} {is_side}");
        assert!(world.seen().contains("12:a-room-12"));
    }
    let mut world = World::online(110, 12);
    for _ in 0..12 {
        world.says_in("a-very-long-name-of-a-room", "bob", "ann!");
    }
    let seen = world.seen();
    assert!(seen.contains("2:a-very-lo… 12!"), "{seen}");
}

#[test]
fn help_lists_the_orders_that_one_may_give_in_the_room() {
    let whois = |role: &str| {
        format!(
            "{{\"type\":\"whois\",\"name\":\"ann\",\"here_ms\":1,\"online\":true,\"role\":\"{role}\"}}"
        )
    };
    for (role, may, may_not) in [
        ("", &["/me", "/redact", "/close"][..], &["/kick", "/op"][..]),
        ("operator", &["/kick", "/slow"], &["/op", "/private"]),
        ("owner", &["/kick", "/op", "/reopen"], &[]),
        ("administrator", &["/ban", "/op"], &[]),
    ] {
        for open in ["/help\r", "\u{1b}[11~"] {
            let mut world = World::online(80, 90);
            world.press(open);
            let is_listed = |world: &mut World, command: &&str| {
                let line = format!("│ {command} ");
                world.seen().contains(&line)
            };
            assert!(!is_listed(&mut world, &"/kick"), "nobody knows yet");
            world.screen.line(&whois(role), world.at);
            assert!(may.iter().all(|it| is_listed(&mut world, it)), "{role}");
            assert!(!may_not.iter().any(|it| is_listed(&mut world, it)));
            world.press("\u{1b}");
            assert!(!world.seen().contains("has been here"));
            world.screen.line(&whois(role), world.at);
            assert!(world.seen().contains("has been here"), "one has asked");
        }
    }
}
