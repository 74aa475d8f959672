//! What keys do, told one by one.

use crate::world::{World, entry};
use chat_cli::screen::{Link, Typed, Urgent};

fn line(text: &str) -> Typed {
    Typed::Line(text.into())
}

fn said(text: &str) -> Typed {
    Typed::Said(text.into())
}

/// Without the pages that the screen asks for by itself.
fn entered(world: &mut World) -> Vec<Typed> {
    let typed = std::mem::take(&mut world.typed);
    let is_entered = |typed: &Typed| !matches!(typed, Typed::Page(_));
    typed.into_iter().filter(is_entered).collect()
}

fn last_row(world: &mut World) -> String {
    let seen = world.seen();
    let rows: Vec<&str> = seen.lines().collect();
    rows[rows.len() - 2].into()
}

#[test]
fn what_is_entered_comes_out_in_order() {
    let mut world = World::online(40, 8);
    world.press("hi\r/who\r");
    world.press("one\u{1b}\rtwo\r");
    world.send("\u{1b}[200~/leave\rleave\r\u{1b}[201~");
    let out = [
        line("hi"),
        line("/who"),
        said("one"),
        said("two"),
        said("/leave"),
        said("leave"),
    ];
    assert_eq!(entered(&mut world), out);
}

#[test]
fn a_command_that_becomes_several_lines_is_not_said() {
    let mut world = World::online(80, 10);
    world.press("/msg bob ");
    world.send("\u{1b}[200~my secret one\rmy secret two\r\u{1b}[201~");
    assert_eq!(entered(&mut world), []);
    let one = "/msg bob my secret one my secret two";
    assert_eq!(last_row(&mut world), format!("> {one}"));
    world.press("\r");
    assert_eq!(entered(&mut world), [line(one)]);
    world.press("/claim multi\u{1b}\rsecond\r");
    assert_eq!(entered(&mut world), []);
    assert_eq!(last_row(&mut world), "  ••••••");
    assert!(world.seen().contains("takes one line") || world.seen().contains("takes a password"));
    world.press("\u{3}//one\u{1b}\r//two\u{1b}\rthree\r");
    let out = ["/one", "/two", "three"].map(said);
    assert_eq!(entered(&mut world), out, "it is said to whoever means it");
}

#[test]
fn a_key_that_is_bound_does_what_it_is_bound_to() {
    let config = "(keys: {\"M-j\": \"next-room\", \"C-n\": \"line\", \"C-b\": \"help\"})";
    let config = chat_cli::screen::config::Config::parse(config).unwrap();
    let settings = chat_cli::screen::Settings {
        keys: config.keys,
        ..Default::default()
    };
    let mut world = World::of(80, 24, settings);
    world.press("/query eve\rto eve\u{1b}j");
    assert_eq!(last_row(&mut world), ">", "the next one");
    world.press("\u{e}");
    assert_eq!(last_row(&mut world), ">", "the same one");
    world.press("\u{10}");
    assert_eq!(last_row(&mut world), "> to eve");
    world.press("\u{2}");
    let seen = world.seen();
    assert!(seen.contains("Alt-1 to 9 J, Ctrl-P "), "{seen}");
}

#[test]
fn a_key_goes_to_the_first_unread_line() {
    let mut world = World::online(60, 10);
    for number in 1..=3 {
        world.says("bob", &format!("read {number}"));
    }
    world.press("\u{1b}n");
    assert!(!world.seen().contains("-- more --"), "all of it is read");
    world.press("\u{1b}[O");
    for number in 1..=30 {
        world.says("bob", &format!("unread {number}."));
    }
    world.press("\u{1b}[I");
    assert!(world.seen().contains("unread 30."));
    world.press("half\u{1b}n");
    let seen = world.seen();
    let rows: Vec<&str> = seen.lines().collect();
    assert!(
        rows[0].contains(" new ") && rows[1].contains("unread 1."),
        "{seen}"
    );
    assert!(rows[rows.len() - 2].ends_with("> half"), "{seen}");
    // What it was is still to be said where it is read to the end.
    world.press("\u{1b}");
    assert!(world.seen().contains("unread 30."));
}

#[test]
fn a_password_is_not_seen_and_is_no_draft() {
    let mut world = World::online(60, 10);
    for (room, typed) in [
        ("lobby", "/claim sesame"),
        ("lobby", " /login ann sesame"),
        ("eve", " /passwd sesame"),
    ] {
        if room == "eve" {
            world.press("/query eve\r");
        }
        world.press(typed);
        let seen = last_row(&mut world);
        assert!(seen.ends_with(" ••••••"), "{seen}");
        assert_eq!(world.screen.drafts(), [], "{typed}");
        world.press("\u{18}\u{5}");
        assert_eq!(world.screen.poll_urgent(), None);
        world.press("\u{15}\u{19}");
        assert_eq!(last_row(&mut world), ">");
    }
    assert!(world.seen().contains("Not edited elsewhere"));
}

#[test]
fn names_are_completed_with_who_spoke_last_first() {
    let mut world = World::online(40, 8);
    for name in ["bea", "bob", "ann"] {
        world.says(name, "hi");
    }
    world.press("b\t");
    assert_eq!(last_row(&mut world), "> bob:");
    world.press("\t");
    assert_eq!(last_row(&mut world), "> bea:");
    world.press("\u{15}hi b\t");
    assert_eq!(last_row(&mut world), "> hi bob");
}

#[test]
fn leaving_asks_first_where_something_is_not_accepted() {
    let mut world = World::online(60, 8);
    world.press("\u{3}");
    assert_eq!(entered(&mut world), [Typed::End]);
    world.screen.set_link(Link::Connecting);
    world.press("\u{3}");
    assert_eq!(entered(&mut world), [], "nobody would take it");
    assert_eq!(world.screen.poll_urgent(), Some(Urgent::Interrupt));
    world.screen.set_link(Link::Online);
    world.unaccepted(&[("a-1", "hello")]);
    for key in ["\u{3}", "\u{4}", "/quit\r"] {
        world.press(key);
        assert!(last_row(&mut world).contains("1 line is not accepted yet. Leave?"));
        world.press("n");
        assert_eq!(entered(&mut world), []);
        assert_eq!(world.screen.poll_urgent(), None);
    }
    world.press("\u{3}y");
    assert_eq!(world.screen.poll_urgent(), Some(Urgent::Interrupt));
}

/// A burst asks whether to leave, and answers nothing.
#[test]
fn what_comes_at_once_does_not_answer_whether_to_leave() {
    let mut world = World::online(60, 8);
    world.unaccepted(&[("a-1", "hello")]);
    for keys in ["\u{3}y", "exit\ry", "/quit\ry\r"] {
        world.send(keys);
        world.wait();
        assert_eq!(world.screen.poll_urgent(), None, "{keys:?}");
        world.press("n\u{15}");
        assert_eq!(world.screen.poll_urgent(), None, "{keys:?}");
        entered(&mut world);
    }
    world.press("\u{3}y");
    assert_eq!(world.screen.poll_urgent(), Some(Urgent::Interrupt));
}

#[test]
fn the_screen_is_cleared_by_a_command_as_by_its_key() {
    let mut world = World::online(60, 8);
    for keys in ["\u{c}", "/clear\r"] {
        world.press(keys);
        assert_eq!(entered(&mut world), []);
        assert_eq!(world.screen.poll_urgent(), Some(Urgent::Redraw), "{keys:?}");
        assert_eq!(world.screen.poll_urgent(), None, "{keys:?}");
    }
    world.says("bob", "before");
    world.press("/clear\r");
    assert!(!world.seen().contains("before"));
    world.says("bob", "after");
    assert!(world.seen().contains("after") && !world.seen().contains("before"));
    for number in 0..8 {
        world.says("bob", &number.to_string());
    }
    world.press("\u{1b}[5~\u{1b}[5~");
    assert!(world.seen().contains("before"), "who reads back finds it");
}

#[test]
fn what_goes_on_says_so_and_what_is_asked_is_seen_in_small_windows() {
    let mut world = World::online(80, 12);
    world.press("/");
    let seen = world.seen();
    assert!(
        seen.contains("│ ... and ") && seen.contains(" more"),
        "{seen}"
    );
    world.press("\u{15}\u{1b}[11~");
    assert!(world.seen().contains("│ -- more: PageDown --"));
    world.press(&"\u{1b}[6~".repeat(9));
    assert!(!world.seen().contains("-- more"));
    world.press("\u{1b}");
    world.press("/help join\r");
    assert!(world.seen().contains("you are in one room more"));
    let mut world = World::online(20, 5);
    world.unaccepted(&[("a-1", "hello")]);
    world.press("\u{3}");
    let seen = world.seen().replace("\n  ", "");
    assert!(
        seen.contains("1 line is not accepted yet. Leave? y: yes, n: no"),
        "{seen}"
    );
    world.press("n");
    world.screen.set_link(Link::Offline);
    world.screen.set_countdown(Some(12));
    assert!(world.seen().contains("offline: 12 s"));
}

#[test]
fn whoever_has_said_nothing_can_be_named() {
    let mut world = World::online(60, 8);
    world.answered(&["ann", "anton"], "");
    world.press("an\thi\r");
    assert_eq!(entered(&mut world), [Typed::Line("anton: hi".into())]);
}

#[test]
fn a_name_is_asked_for_and_joins() {
    let mut world = World::new(60, 8);
    world.screen.ask_name();
    world.press("ann\r");
    assert_eq!(entered(&mut world), [Typed::Join("ann".into())]);
    world.screen.ask_name();
    world.press("\r");
    assert_eq!(entered(&mut world), [Typed::Join(String::new())]);
}

fn in_lobby(text: &str) -> (String, String) {
    ("lobby".into(), text.into())
}

#[test]
fn what_was_kept_waits_until_one_has_joined() {
    let mut world = World::new(60, 8);
    world.screen.restore(
        [in_lobby("half")],
        [line("one"), said("/two")].map(|typed| ("lobby".into(), typed)),
    );
    world.screen.ask_name();
    world.wait();
    assert_eq!(entered(&mut world), []);
    assert_eq!(world.screen.drafts(), [in_lobby("half")]);
    world.press("ann\r");
    let out = [Typed::Join("ann".into()), line("one"), said("/two")];
    assert_eq!(entered(&mut world), out);
    assert_eq!(last_row(&mut world), "> half");
}

#[test]
fn changes_are_taken_back() {
    let mut world = World::online(60, 8);
    for undo in ["\u{1f}", "\u{18}\u{15}"] {
        world.press("one two\u{17}\u{15}");
        assert_eq!(last_row(&mut world), ">");
        for line in ["> one", "> one two", "> one", ">", ">"] {
            world.press(undo);
            assert_eq!(last_row(&mut world), line);
        }
    }
    // What was entered is no change.
    world.press("one\rtwo\u{1f}\u{1f}");
    assert_eq!(last_row(&mut world), ">");
    world.press("\u{1b}[A\u{1f}");
    assert_eq!(last_row(&mut world), "> one");
    // Ctrl-X begins something else, or nothing.
    world.press("\u{18}x");
    assert_eq!(last_row(&mut world), "> one");
}

#[test]
fn a_line_is_edited_elsewhere_and_comes_back() {
    let mut world = World::online(60, 12);
    let edit = |world: &mut World, text: Option<&str>| {
        world.press("\u{18}\u{5}");
        assert_eq!(world.screen.poll_urgent(), Some(Urgent::Edit));
        assert_eq!(world.screen.poll_urgent(), None);
        world.screen.edited(text);
        world.wait();
    };
    world.press("one");
    edit(&mut world, Some("one and two\n"));
    assert_eq!(last_row(&mut world), "> one and two");
    world.press("\u{1f}");
    assert_eq!(last_row(&mut world), "> one");
    for unchanged in [None, Some("one\n"), Some("one")] {
        edit(&mut world, unchanged);
        assert_eq!(last_row(&mut world), "> one");
    }
    assert_eq!(entered(&mut world), []);
    // Few lines are said like a paste, many are asked about, and none of them is a command.
    edit(&mut world, Some("one\n/leave\r\n\u{1b}three\n"));
    assert_eq!(
        entered(&mut world),
        [said("one"), said("/leave"), said("?three")]
    );
    let four = "one\ntwo\nthree\nfour\n";
    edit(&mut world, Some(four));
    assert!(last_row(&mut world).contains("Say 4 lines?"));
    assert!(world.seen().contains("│ three"));
    world.press("n");
    assert_eq!(entered(&mut world), []);
    assert_eq!(last_row(&mut world), "  four", "they are still there");
    edit(&mut world, Some("1\n2\n3\n4"));
    world.press("o");
    assert_eq!(entered(&mut world), [said("1 2 3 4")]);
    edit(&mut world, Some(four));
    world.press("y");
    assert_eq!(
        entered(&mut world),
        ["one", "two", "three", "four"].map(said)
    );
    assert_eq!(last_row(&mut world), ">");
    // Nothing is edited where a name or what is searched for is asked for.
    world.press("\u{12}\u{18}\u{5}");
    assert_eq!(world.screen.poll_urgent(), None);
}

#[test]
fn what_is_typed_while_a_line_is_edited_elsewhere_waits() {
    let mut world = World::online(60, 8);
    world.send("one\u{18}\u{5} two");
    world.wait();
    assert_eq!(last_row(&mut world), "> one");
    assert_eq!(world.screen.poll_urgent(), Some(Urgent::Edit));
    world.screen.edited(Some("three"));
    assert_eq!(last_row(&mut world), "> three two");
}

#[test]
fn each_line_of_several_may_be_as_long_as_a_line() {
    let mut world = World::online(80, 24);
    let long = "x".repeat(chat_core::MAX_LINE);
    world.press("\u{18}\u{5}");
    world.screen.edited(Some(&format!("{long}\n{long}\n")));
    world.wait();
    assert_eq!(entered(&mut world), [said(&long), said(&long)]);
    world.screen.edited(Some(&format!("{long}\n{long}x\n")));
    world.wait();
    assert_eq!(entered(&mut world), []);
    assert!(world.seen().contains("4097 bytes"), "{}", world.seen());
    assert_eq!(
        world.screen.drafts()[0].1.len(),
        2 * long.len() + 2,
        "it is still there"
    );
}

#[test]
fn commands_take_names_that_are_completed() {
    let mut world = World::online(60, 8);
    world.says("bob", "hi");
    world.says("bea", "hi");
    world.press("/msg \t");
    assert_eq!(last_row(&mut world), "> /msg bea");
    world.press("\t");
    assert_eq!(last_row(&mut world), "> /msg bob");
    world.press("hi b\t");
    assert_eq!(last_row(&mut world), "> /msg bob hi bea");
    world.press("\u{15}/help wh\t");
    assert_eq!(last_row(&mut world), "> /help who");
}

#[test]
fn keys_that_come_at_once_are_as_good_as_keys_one_by_one() {
    let keys = "draft\u{12}two\u{12}\r and\u{1b}[5~ more";
    let both = [true, false].map(|at_once| {
        let mut world = World::online(40, 6);
        for text in ["one two", "two", "three", "four", "five", "six", "seven"] {
            world.says("bob", text);
        }
        if at_once {
            world.send(keys);
            world.wait();
        } else {
            world.press(keys);
        }
        world.seen()
    });
    assert_eq!(both[0], both[1]);
    assert!(both[0].contains("> draft and more"), "{}", both[0]);
}

#[test]
fn a_search_finds_the_newest_then_older_and_comes_back() {
    let mut world = World::online(40, 6);
    for number in 1..=50 {
        let what = if number % 20 == 0 { "needle" } else { "hay" };
        world.says("bob", &format!("{what} {number}"));
    }
    world.press("draft\u{12}NEEDLE");
    assert!(world.seen().contains("needle 40"));
    world.press("\u{12}");
    assert!(world.seen().contains("needle 20"));
    world.press("\u{12}");
    assert!(last_row(&mut world).contains("looking further back (50): NEEDLE"));
    world.press("\r");
    assert!(world.seen().contains("needle 20"));
    assert_eq!(last_row(&mut world), "> draft");
    world.press("\u{1b}");
    assert!(world.seen().contains("hay 50"));
}

#[test]
fn a_page_is_asked_for_once_where_the_top_is_near_and_never_offline() {
    let mut world = World::online(40, 8);
    let pages = |world: &mut World| {
        world.draw();
        world.wait();
        std::mem::take(&mut world.typed)
    };
    assert_eq!(pages(&mut world), [Typed::Page(None)]);
    world.skip(10);
    world.says("bob", "hi");
    assert_eq!(pages(&mut world), [], "one is on its way");
    world
        .screen
        .line("{\"type\":\"page\",\"first\":1,\"head\":11}", 0);
    assert_eq!(pages(&mut world), [], "there is nothing before");
    let mut world = World::online(40, 8);
    world.screen.set_link(Link::Offline);
    assert_eq!(pages(&mut world), []);
}

#[test]
fn what_names_one_rings_and_is_counted_where_one_does_not_look() {
    let mut world = World::online(80, 8);
    world.says("bob", "hi Ann");
    assert!(world.screen.take_bell());
    assert!(!world.screen.take_bell());
    world.says("ann", "I am ann");
    world.says("bob", "hi all");
    assert!(!world.screen.take_bell());
    world.press("\u{1b}[O");
    world.says("bob", "ann?");
    world.says("bob", "well");
    assert!(world.seen().contains("lobby(2!)"));
    assert!(world.seen().contains("── new ─"));
    world.press("\u{1b}[I");
    assert!(!world.seen().contains("lobby(2!)"));
    assert!(
        world.seen().contains("── new ─"),
        "it stays until one looks away again"
    );
    world.press("\u{1b}[O");
    assert!(!world.seen().contains("── new ─"));
}

#[test]
fn the_screen_is_drawn_anew_where_it_is_asked_for() {
    let mut world = World::online(40, 8);
    assert!(world.draw());
    assert!(!world.draw());
    world.press("\u{c}");
    assert_eq!(world.screen.poll_urgent(), Some(Urgent::Redraw));
    world.screen.redraw();
    assert!(world.draw());
}

#[test]
fn a_page_at_the_limit_is_taken_whole_and_no_more_of_it() {
    for (count, taken) in [(1000, 1000), (1001, 1000)] {
        let mut world = World::online(40, 8);
        for seq in 1..=count {
            let line = entry("past", seq, seq, ("said", "bob", "hi", ""));
            world.screen.line(&line, 0);
        }
        world
            .screen
            .line("{\"type\":\"page\",\"first\":1,\"head\":9}", 0);
        assert_eq!(world.screen.loaded(), taken);
    }
}

#[test]
fn help_is_there_until_one_types_on() {
    for open in ["/help\r", "\u{1b}[11~"] {
        let mut world = World::online(80, 12);
        world.press(open);
        assert!(world.seen().contains("│ PageUp PageDown"));
        world.press(&"\u{1b}[6~".repeat(7));
        assert!(!world.seen().contains("│ PageUp PageDown"));
        assert!(world.seen().contains("│ /who"));
        world.press("h");
        assert!(!world.seen().contains('│'));
        assert_eq!(last_row(&mut world), "> h");
        world.press(&format!("\u{15}{open}"));
        assert!(world.seen().contains("│ PageUp PageDown"));
        world.press("\u{1b}");
        assert!(!world.seen().contains('│'));
    }
}

/// The client takes the next thing that was entered, and refuses it where it is of use with a connection alone.
fn takes(world: &mut World, is_refused: bool) {
    while let Some((_, typed)) = world.screen.pass_on() {
        if matches!(typed, Typed::Line(_) | Typed::Said(_)) {
            world.screen.taken();
            if is_refused {
                world.screen.refused();
            }
        }
    }
}

#[test]
fn what_is_refused_without_a_connection_is_told_each_time_and_given_back() {
    let mut world = World::online(80, 20);
    world.screen.set_link(Link::Offline);
    let enter = |world: &mut World, text: &str| {
        for key in text.chars().map(String::from).chain(["\r".into()]) {
            world.screen.read(world.now, key.as_bytes());
            world.now = world.now + std::time::Duration::from_secs(1);
            world.screen.timeout(world.now);
        }
        takes(world, true);
    };
    for text in ["/topic tea", "/topic tea", "/msg bob psst"] {
        enter(&mut world, text);
        assert_eq!(last_row(&mut world), format!("> {text}"));
        world.press("\u{15}");
    }
    let told = |world: &mut World, text: &str| {
        let told = format!("Not done, as there is no connection now: {text}");
        world.seen().matches(&told).count()
    };
    assert_eq!(
        (
            told(&mut world, "/topic tea"),
            told(&mut world, "/msg bob psst")
        ),
        (2, 1)
    );
    world.press("/query eve\r");
    for text in ["between us", "//slash"] {
        enter(&mut world, text);
        assert_eq!(last_row(&mut world), format!("> {text}"));
        world.press("\u{15}");
    }
    assert_eq!(told(&mut world, "/msg eve between us"), 1);
    // What is being typed stays; a password is given back to nobody.
    world.screen.read(world.now, b"again\r");
    world.wait_quietly();
    world.screen.read(world.now, b"half");
    takes(&mut world, true);
    assert_eq!(last_row(&mut world), "> half");
    world.press("\u{15}\u{19}");
    assert_eq!(last_row(&mut world), "> half", "it was cut out last");
    world.press("\u{1b}y");
    assert_eq!(last_row(&mut world), "> again");
    world.press("\u{15}");
    enter(&mut world, "/claim sesame");
    assert_eq!(last_row(&mut world), ">");
    assert!(!world.seen().contains("sesame"));
}

#[test]
fn what_is_entered_before_the_first_connection_is_seen_counted_and_asked_about() {
    for link in [Link::None, Link::Connecting] {
        let mut world = World::new(80, 14);
        world.screen.passes("lobby", &Typed::Join("dan".into()));
        world.screen.taken();
        world.screen.set_link(link);
        for (room, typed) in [
            ("lobby", line("hello")),
            ("lobby", line("/me waves")),
            ("lobby", said("/said")),
            ("lobby", line("/claim sesame")),
            ("dev", line("elsewhere")),
        ] {
            world.screen.passes(room, &typed);
        }
        let seen = world.seen();
        for row in [
            "…     dan: hello",
            "…     ** dan waves",
            "…     dan: /said",
            "…     /claim ******",
        ] {
            assert!(seen.contains(row), "{row} {seen}");
        }
        assert!(
            !seen.contains("elsewhere") && seen.contains("5 not accepted"),
            "{seen}"
        );
        world.press("\u{3}");
        assert!(last_row(&mut world).contains("5 lines are not accepted yet. Leave?"));
        let mut world = World::new(80, 14);
        world.screen.set_link(link);
        world.screen.read(world.now, b"hello\r\x03");
        world.wait_quietly();
        assert!(last_row(&mut world).contains("1 line is not accepted yet. Leave?"));
    }
}

#[test]
fn tries_that_fail_in_the_same_way_are_told_once() {
    let mut world = World::new(60, 10);
    let failed = "* Could not connect: connection refused.";
    let count = |world: &mut World| world.seen().matches("Could not connect").count();
    for _ in 0..3 {
        world.screen.notice(failed, world.at);
    }
    assert_eq!(count(&mut world), 1);
    world.screen.notice("* It waits.", world.at);
    world.screen.notice(failed, world.at);
    assert_eq!(count(&mut world), 2);
    world.screen.set_link(Link::Online);
    world.screen.notice(failed, world.at);
    assert_eq!(count(&mut world), 3, "whoever asks is answered");
}

#[test]
fn what_is_refused_is_told_to_be_so_once() {
    let mut world = World::online(80, 12);
    for (text, told) in [
        (
            "Not done: /kick is for the operators.",
            "Not done: /kick is",
        ),
        (
            "Not sent: nobody here is called zoe.",
            "Not sent: nobody here",
        ),
        ("nobody can do that.", "Not done: nobody can do that."),
    ] {
        let refused = serde_json::json!({"type": "error", "code": "bad_request", "text": text});
        world.screen.line(&refused.to_string(), world.at);
        let seen = world.seen();
        assert!(
            seen.contains(&format!("      {told}")) || seen.contains(&format!("04 {told}")),
            "{seen}"
        );
    }
}

#[test]
fn tab_completes_rooms_who_is_kept_out_and_who_is_called_otherwise_now() {
    let mut world = World::online(80, 12);
    for object in [
        serde_json::json!({"type": "rooms", "rooms": [{"room": "garden", "here": 2}], "more": 0}),
        serde_json::json!({"type": "bans", "bans": [{"whom": "mallory", "by": "bob"}], "more": 0}),
    ] {
        world.screen.line(&object.to_string(), world.at);
    }
    world.says("bob", "hi");
    world.happens("renamed", "bob", "robert", "");
    for (typed, completed) in [
        ("/join g", "/join garden"),
        ("/part l", "/part lobby"),
        ("/unban m", "/unban mallory"),
        ("/private o", "/private on"),
        ("/query r", "/query robert"),
        ("/msg b", "/msg b"),
    ] {
        world.press(&format!("{typed}\t"));
        assert_eq!(last_row(&mut world), format!("> {completed}"));
        world.press("\u{15}");
    }
}
