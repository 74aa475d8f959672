//! Several rooms, and conversations with one person.

use crate::world::{World, entry, line};
use chat_cli::screen::Typed;

/// What is seen of a day in several rooms.
fn story(columns: u16, rows: u16) -> String {
    let mut world = World::online(columns, rows);
    let mut steps = String::new();
    let mut see = |world: &mut World, what: &str| {
        let seen = world.seen();
        steps.extend(["=== ", what, "\n", &seen, "\n"]);
    };
    world.says("bob", "good morning");
    world.says_in("garden", "cat", "the roses are out");
    world.says_in("garden", "cat", "ann, come and see");
    world.says_in("kitchen", "dan", "tea is ready");
    world.says_to("eve", "ann", "between us: who is dan?");
    world.press("half a line");
    see(&mut world, "there is news in three rooms");
    world.press("\u{1b}a");
    see(&mut world, "to the first that names one");
    world.press("\u{1b}4");
    world.press("no idea\r");
    world.says_to("ann", "eve", "no idea");
    see(&mut world, "in the conversation");
    world.press("\u{b}kit");
    see(&mut world, "going somewhere by a few letters");
    world.press("\r");
    see(&mut world, "there");
    world.press("\u{1b}1");
    see(&mut world, "back, where half a line waits");
    steps
}

#[test]
fn several_rooms_at_80_by_24() {
    insta::assert_snapshot!(story(80, 24));
}

#[test]
fn several_rooms_at_40_by_12() {
    insta::assert_snapshot!(story(40, 12));
}

#[test]
fn several_rooms_at_132_by_43() {
    insta::assert_snapshot!(story(132, 43));
}

#[test]
fn several_rooms_at_20_by_5() {
    insta::assert_snapshot!(story(20, 5));
}

fn last_row(world: &mut World) -> String {
    let seen = world.seen();
    let rows: Vec<&str> = seen.lines().collect();
    rows[rows.len() - 2].into()
}

#[test]
fn each_room_has_its_own_line_history_and_names() {
    let mut world = World::online(60, 12);
    world.says("bob", "hi");
    world.says_in("garden", "bea", "hi");
    world.press("one\rtwo");
    world.press("\u{e}b\t");
    assert_eq!(last_row(&mut world), "> bea:");
    world.press("\u{15}three\rfour");
    world.press("\u{10}");
    assert_eq!(last_row(&mut world), "> two");
    world.press("\u{1b}[A");
    assert_eq!(last_row(&mut world), "> one");
    world.press("\u{10}");
    assert_eq!(last_row(&mut world), "> four");
    world.press("\u{1b}[A");
    assert_eq!(last_row(&mut world), "> three");
    assert_eq!(
        world.entered(),
        [line("lobby", "one"), line("garden", "three")]
    );
}

#[test]
fn what_is_said_in_a_conversation_is_said_to_that_person_alone() {
    let mut world = World::online(80, 12);
    world.press("/query eve\rhi\r//slash\r/me waves\r/who\r");
    world.send("\u{1b}[200~/leave\rleave\r\u{1b}[201~");
    let to = |text: &str| line("lobby", &format!("/msg eve {text}"));
    let all = [
        to("hi"),
        to("/slash"),
        line("lobby", "/who"),
        to("/leave"),
        to("leave"),
    ];
    assert_eq!(world.entered(), all);
    assert!(
        world
            .seen()
            .contains("/me is for rooms; nobody but eve reads this.")
    );
    world.says_to("eve", "ann", "hello");
    assert!(!world.seen().contains("2:eve 1"), "one looks at it");
    world.press("/leave\r");
    assert_eq!(world.entered(), [], "it closes the conversation alone");
    assert!(!world.seen().contains("eve"));
}

#[test]
fn a_conversation_goes_on_under_another_name_and_rings() {
    let mut world = World::online(80, 12);
    world.says_to("eve", "ann", "psst");
    assert!(world.screen.take_bell());
    world.happens("renamed", "eve", "zoe", "");
    world.says_to("zoe", "ann", "it is me");
    assert!(world.seen().contains("2:zoe 2!"));
    world.says_to("ann", "zoe", "I see");
    assert!(world.screen.take_bell());
    world.says_to("ann", "zoe", "well");
    assert!(!world.screen.take_bell(), "one does not ring for oneself");
}

#[test]
fn somebody_who_is_called_as_a_room_is_no_room() {
    let mut world = World::online(80, 12);
    world.says_to("lobby", "ann", "fooled");
    assert!(!world.seen().contains("fooled"));
    world.press("\u{1b}2hi\r");
    assert!(world.seen().contains("fooled"));
    assert_eq!(world.entered(), [line("lobby", "/msg lobby hi")]);
}

#[test]
fn ctrl_k_cuts_out_where_there_is_something_and_goes_elsewhere_where_there_is_not() {
    let mut world = World::online(60, 12);
    world.says_in("garden", "bea", "hi");
    world.press("abc\u{1}\u{b}");
    assert_eq!(last_row(&mut world), ">");
    world.press("\u{19}");
    assert_eq!(last_row(&mut world), "> abc");
    world.press("\u{15}\u{b}gdn");
    assert_eq!(last_row(&mut world), "> go to: gdn");
    world.press("\u{7}");
    assert_eq!(last_row(&mut world), ">");
    world.press("\u{b}gdn\rhi\r");
    assert_eq!(world.entered(), [line("garden", "hi")]);
    world.press("\u{b}nowhere\rhi\r");
    assert_eq!(world.entered(), [line("garden", "hi")]);
}

#[test]
fn so_many_rooms_have_a_place_and_who_speaks_alone_beyond_that_is_heard_where_one_is() {
    let mut world = World::online(80, 12);
    world.says("bob", "hi");
    for number in 1..64 {
        world.says_to(&format!("user{number}"), "ann", "hi");
    }
    assert!(!world.seen().contains("[PM from"));
    world.says_to("user64", "ann", "hi");
    assert!(world.seen().contains("[PM from user64] hi"));
    world.press("/query user64\r/query not-\u{3}/query a/b\r");
    assert!(world.seen().contains("there are too many rooms"));
    assert!(world.seen().contains("Not done: a name is "));
    world.press("\u{10}");
    assert!(world.seen().contains("64:user63"));
}

#[test]
fn another_log_empties_the_rooms_and_leaves_the_conversations() {
    let mut world = World::online(80, 12);
    world.says("bob", "of before");
    world.says_to("eve", "ann", "alone");
    let other = crate::world::entry("entry", 1, world.at, ("said", "bob", "of now", ""));
    world
        .screen
        .line(&other.replace("\"e\"", "\"f\""), world.at);
    assert!(world.seen().contains("of now") && !world.seen().contains("of before"));
    world.press("\u{1b}2");
    assert!(world.seen().contains("eve: alone"));
}

#[test]
fn a_search_goes_on_in_what_the_server_has() {
    let mut world = World::online(60, 10);
    world.skip(100);
    world.says("bob", "hi");
    world.wait();
    let page = |world: &mut World, seq: u64, text: &str, first: u64| {
        let past = crate::world::entry("past", seq, world.at, ("said", "bob", text, ""));
        world.screen.line(&past, world.at);
        let end = format!("{{\"type\":\"page\",\"first\":{first},\"head\":101}}");
        world.screen.line(&end, world.at);
        world.draw();
        world.wait();
    };
    page(&mut world, 100, "hay", 1);
    page(&mut world, 99, "hay", 1);
    world.press("\u{12}needle");
    assert_eq!(last_row(&mut world), "> looking further back (3): needle");
    page(&mut world, 98, "hay", 1);
    assert_eq!(last_row(&mut world), "> looking further back (4): needle");
    page(&mut world, 97, "a needle", 97);
    assert_eq!(last_row(&mut world), "> search: needle");
    world.press("\u{12}");
    assert_eq!(last_row(&mut world), "> not found: needle");
}

#[test]
fn chosen_words_ring_are_listed_and_ring_no_more() {
    let mut world = World::online(80, 12);
    world.says("bob", "who likes Rust?");
    assert!(!world.screen.take_bell());
    world.press("/highlight\r");
    assert!(world.seen().contains("Nothing rings but your name."));
    world.press("/highlight rust\r/highlight\r");
    assert!(world.seen().contains("What rings besides your name: rust"));
    world.says("bob", "who likes Rust?");
    assert!(world.screen.take_bell());
    world.says("ann", "I like rust");
    assert!(!world.screen.take_bell(), "one does not ring for oneself");
    world.press("/unhighlight RUST\r/unhighlight rust\r");
    assert!(world.seen().contains("It does not ring any more: RUST"));
    assert!(world.seen().contains("It does not ring: rust"));
    world.says("bob", "rust");
    assert!(!world.screen.take_bell());
    assert_eq!(world.entered(), [], "no server need know");
}

#[test]
fn the_desktop_is_notified_of_what_one_does_not_see() {
    let settings = chat_cli::screen::Settings {
        notify: chat_cli::screen::ring::DesktopNotice::Osc9,
        rings: false,
        ..chat_cli::screen::Settings::default()
    };
    let mut world = World::of(80, 12, settings);
    let notified = |world: &mut World| {
        let bytes = world.screen.take_notification();
        String::from_utf8(bytes).unwrap()
    };
    world.screen.set_name("ann");
    world.says("bob", "ann: hi");
    assert_eq!(
        notified(&mut world),
        "\u{1b}]9;lobby | bob: ann: hi\u{1b}\\"
    );
    assert_eq!(notified(&mut world), "", "once");
    assert!(!world.screen.take_bell());
    world.press("\u{1b}[I");
    world.says("bob", "ann: you look at it");
    assert_eq!(notified(&mut world), "");
    world.press("\u{1b}[O");
    world.says_to("eve", "ann", "psst\u{7}");
    assert!(notified(&mut world).starts_with("\u{1b}]9;eve: psst"));
}

#[test]
fn a_search_goes_on_in_the_other_rooms() {
    let mut world = World::online(60, 10);
    world.says("bob", "a needle");
    world.says_in("garden", "bob", "nothing");
    world.says_in("kitchen", "bob", "another Needle");
    world.press("half\u{1b}sneedle");
    assert_eq!(last_row(&mut world), "> search: needle");
    world.press("\u{1b}s");
    assert!(world.seen().contains("bob: another Needle"));
    assert_eq!(last_row(&mut world), "> search: needle");
    world.press("\u{1b}s");
    assert!(world.seen().contains("bob: a needle"));
    world.press("s and thread\u{1b}s");
    assert_eq!(
        last_row(&mut world),
        "> in no other room, as far as loaded: needles and thread"
    );
    world.press("\u{1b}");
    assert_eq!(last_row(&mut world), "> half");
    world.press("\u{1b}s\u{1b}");
    world.press("\u{1b}sanother\u{1b}s");
    assert!(world.seen().contains("bob: another Needle"));
    world.press("\u{1b}");
    assert!(!world.seen().contains("another"), "back where it began");
}

/// A page of a room comes, its first entry this one.
fn page(world: &mut World, room: &str, seq: u64, text: &str, first: u64) {
    let of_room = |line: String| line.replace("\"lobby\"", &format!("\"{room}\""));
    let past = entry("past", seq, world.at, ("said", "cat", text, ""));
    world.screen.line(&of_room(past), world.at);
    let end = format!("{{\"type\":\"page\",\"room\":\"{room}\",\"first\":{first},\"head\":90}}");
    world.screen.line(&end, world.at);
    world.wait();
}

#[test]
fn a_search_in_the_other_rooms_goes_back_in_their_history_until_it_finds_something() {
    let mut world = World::online(60, 10);
    page(&mut world, "lobby", 1, "nothing", 1);
    for room in ["garden", "kitchen"] {
        let told = format!(
            "{{\"type\":\"in\",\"room\":\"{room}\",\"epoch\":\"e\",\"head\":80,\"here\":1}}"
        );
        world.screen.line(&told, world.at);
    }
    world.skip(80);
    world.says_in("garden", "bob", "hi");
    world.wait();
    let asked = |world: &mut World| {
        let places = std::mem::take(&mut world.places).into_iter();
        let both = places.zip(std::mem::take(&mut world.typed));
        both.filter(|(_, typed)| matches!(typed, Typed::Page(_)))
            .collect::<Vec<_>>()
    };
    asked(&mut world);
    let of = |room: &str, before| vec![(String::from(room), Typed::Page(before))];
    world.press("\u{1b}sneedle\u{1b}s");
    assert_eq!(last_row(&mut world), "> looking back in garden (1): needle");
    assert_eq!(asked(&mut world), of("garden", Some(81)));
    page(&mut world, "garden", 70, "roses", 1);
    assert_eq!(last_row(&mut world), "> looking back in garden (2): needle");
    assert_eq!(asked(&mut world), of("garden", Some(70)));
    page(&mut world, "garden", 1, "more roses", 1);
    assert_eq!(
        last_row(&mut world),
        "> looking back in kitchen (0): needle"
    );
    assert_eq!(asked(&mut world), of("kitchen", None));
    page(&mut world, "kitchen", 60, "A needle, at last", 1);
    assert!(world.seen().contains("cat: A needle, at last"));
    assert_eq!(last_row(&mut world), "> search: needle");
    // Who types on asks for nothing any more, and neither does who has ended the search.
    world.press("\u{1b}");
    world.press("\u{1b}sother\u{1b}s");
    assert_eq!(last_row(&mut world), "> looking back in kitchen (1): other");
    asked(&mut world);
    world.press("\u{1b}");
    page(&mut world, "kitchen", 50, "the other one", 1);
    assert_eq!(
        (last_row(&mut world), asked(&mut world)),
        (">".into(), vec![])
    );
    world.press("\u{1b}snowhere\u{1b}s");
    page(&mut world, "kitchen", 1, "the first", 1);
    assert_eq!(
        last_row(&mut world),
        "> in no other room, as far as loaded: nowhere"
    );
}

#[test]
fn the_room_of_the_beginning_is_gone_to_once_unless_one_is_there() {
    for (room, join) in [
        ("garden", Some(line("garden", "/join garden"))),
        ("lobby", None),
    ] {
        let mut world = World::new(60, 10);
        world
            .screen
            .start_in(chat_core::RoomName::parse(room).unwrap());
        world.wait();
        assert_eq!(world.entered(), [], "there is no connection");
        for _ in 0..2 {
            world.screen.set_link(chat_cli::screen::Link::Online);
            world.wait();
            world.screen.set_link(chat_cli::screen::Link::Offline);
        }
        assert_eq!(world.entered(), Vec::from_iter(join));
    }
}

#[test]
fn the_rooms_of_the_beginning_stand_in_their_order() {
    for (named, shown) in [(None, "dev"), (Some("tea"), "tea"), (Some("new"), "new")] {
        let mut world = World::new(60, 10);
        let room = |name: &&str| chat_core::RoomName::parse(name).unwrap();
        // One is in some of them already, and in another.
        for remembered in ["old", "tea"] {
            world.screen.set_read_to(remembered, None);
        }
        let rooms = ["dev", "tea", "garden"];
        world.screen.join_at_start(rooms.iter().map(room).collect());
        if let Some(named) = &named {
            world.screen.start_in(room(named));
        }
        world.screen.set_link(chat_cli::screen::Link::Online);
        world.wait();
        let mut joins = vec![line("dev", "/join dev"), line("garden", "/join garden")];
        joins.extend((shown == "new").then(|| line("new", "/join new")));
        assert_eq!(world.entered(), joins);
        world.press("x\r");
        assert_eq!(world.entered(), [line(shown, "x")]);
        for (key, room) in ["lobby", "dev", "tea", "garden", "old"].iter().enumerate() {
            world.press(&format!("\u{1b}{}x\r", key + 1));
            assert_eq!(world.entered(), [line(room, "x")]);
        }
    }
}

#[test]
fn what_was_for_one_person_alone_is_kept_as_that() {
    let mut world = World::online(60, 10);
    let in_lobby = |text: &str| ("lobby".to_string(), text.to_string());
    world.press("/query eve\rbetween us");
    assert_eq!(world.screen.drafts(), [in_lobby("/msg eve between us")]);
    world.press("\u{1b}1for all");
    assert_eq!(world.screen.drafts(), [in_lobby("for all")]);
    world.press("\u{1b}2");
    let drafts = world.screen.drafts();
    assert_eq!(drafts, [in_lobby("for all")], "the other one has its place");
    world.press("\u{1b}1\u{15}\u{1b}2\u{15}/who");
    assert_eq!(world.screen.drafts(), []);
}

#[test]
fn what_is_being_typed_in_each_room_is_there_again() {
    let kept = [("dev", "half"), ("lobby", "a quarter")];
    let kept = kept.map(|(room, text)| (room.to_string(), text.to_string()));
    let mut world = World::new(60, 10);
    world.screen.set_read_to("dev", None);
    world.screen.restore(kept.clone(), []);
    assert_eq!(
        world.screen.drafts(),
        kept,
        "the room that was looked at is"
    );
    world.screen.set_link(chat_cli::screen::Link::Online);
    world.press("\u{1b}1");
    assert_eq!(world.screen.drafts(), [kept[1].clone(), kept[0].clone()]);
}

#[test]
fn what_is_entered_in_a_room_is_not_said_in_another() {
    let mut world = World::online(60, 14);
    world.press("/query eve\r\u{1b}1");
    world.send("\u{1b}[200~one\rtwo\rthree\rfour\r\u{1b}[201~\u{1b}2");
    world.wait();
    assert!(last_row(&mut world).contains("Say 4 pasted lines?"));
    world.press("\u{1b}2y");
    let said = |text: &str| ("lobby".to_owned(), Typed::Said(text.into()));
    let all = ["one", "two", "three", "four"].map(said);
    assert_eq!(world.entered(), all);
    world.press("\u{1b}2one\r\u{1b}1two\r");
    assert_eq!(
        world.entered(),
        [line("lobby", "/msg eve one"), line("lobby", "two")]
    );
}

#[test]
fn one_stays_where_one_is_while_too_much_waits_to_be_taken() {
    let mut world = World::online(60, 14);
    world.says_in("garden", "bob", "hi");
    let long = "x".repeat(4000);
    for _ in 0..300 {
        world.screen.read(world.now, long.as_bytes());
        world.now = world.now + std::time::Duration::from_secs(1);
        world.screen.read(world.now, b"\r");
        world.now = world.now + std::time::Duration::from_secs(1);
        world.screen.timeout(world.now);
    }
    world.screen.read(world.now, b"\x1b2");
    world.wait();
    let places = std::mem::take(&mut world.places);
    assert_eq!(places.len(), 300);
    assert!(places.iter().all(|place| place == "lobby"));
    world.press("\u{1b}2hi\r");
    assert_eq!(world.places, ["garden"]);
}
