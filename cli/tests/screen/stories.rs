//! A day in a room, seen at several sizes.

use crate::world::{World, entry};
use chat_cli::screen::messages::Language;
use chat_cli::screen::{Link, Settings};

/// What is seen at each step of a day.
fn story(columns: u16, rows: u16) -> String {
    story_of(World::new(columns, rows))
}

fn story_of(mut world: World) -> String {
    let mut steps = String::new();
    let mut see = |world: &mut World, what: &str| {
        let seen = world.seen();
        steps.extend(["=== ", what, "\n", &seen, "\n"]);
    };
    world.screen.ask_name();
    world.press("ann");
    see(&mut world, "who one is");
    world.press("\r");
    world.screen.set_name("ann");
    world.screen.set_link(Link::Connecting);
    world.screen.set_link(Link::Online);
    world.skip(40);
    world.happens("joined", "ann", "", "");
    world.says(
        "bob",
        "Good morning, ann! Did you sleep well, or has the new bench kept you awake all night?",
    );
    world.says(
        "bob",
        "日本語 too, and a family: 👨\u{200d}👩\u{200d}👧, e\u{301}t voilà",
    );
    world.at += 60_000;
    for name in ["cat", "dan", "eve", "fay"] {
        world.happens("joined", name, "", "");
    }
    world.happens("left", "dan", "", "");
    world.press("/h");
    see(&mut world, "a command is being typed");
    world.press("\u{15}fine, th\u{1b}\rand you?");
    see(&mut world, "a second line is being typed");
    world.press("\u{15}\u{8}\u{15}thank you\r");
    world.unaccepted(&[("a-1", "thank you")]);
    see(&mut world, "it is not accepted yet");
    world.happens("said", "ann", "thank you", "a-1");
    world.unaccepted(&[]);
    world.screen.set_link(Link::Offline);
    world.screen.notice(
        "* Offline: the connection was lost. Trying again.",
        world.at,
    );
    world.screen.set_countdown(Some(7));
    world.unaccepted(&[("a-2", "are you there?")]);
    see(&mut world, "the connection is lost");
    world.screen.set_countdown(None);
    world.screen.set_link(Link::Online);
    for seq in 20..=40 {
        let text = format!("what was said yesterday, number {seq}");
        let at = world.at - 24 * 3_600_000;
        world.screen.line(
            &entry("past", seq, at, ("said", "bob", &text, "")),
            world.at,
        );
    }
    world
        .screen
        .line("{\"type\":\"page\",\"first\":20,\"head\":48}", world.at);
    world.unaccepted(&[]);
    world.happens("said", "ann", "are you there?", "a-2");
    world.press("\u{1b}[5~");
    world.says("cat", "ann: yes");
    world.says("cat", "all of us are");
    see(&mut world, "one has read back, and something new came");
    world.press("\u{1b}");
    see(&mut world, "back at the end");
    world.send("\u{1b}[200~one\rtwo\rthree\rfour\rfive\rsix\rseven\r\u{1b}[201~");
    see(&mut world, "a paste is asked about");
    world.wait();
    world.press("n");
    world.press("\u{12}yesterday, number 33");
    see(&mut world, "a search");
    world.press("\u{7}");
    world.press("\u{1b}[11~");
    see(&mut world, "help");
    steps
}

#[test]
fn a_day_at_80_by_24() {
    insta::assert_snapshot!(story(80, 24));
}

#[test]
fn a_day_at_40_by_12() {
    insta::assert_snapshot!(story(40, 12));
}

#[test]
fn a_day_at_132_by_43() {
    insta::assert_snapshot!(story(132, 43));
}

#[test]
fn a_day_at_20_by_5() {
    insta::assert_snapshot!(story(20, 5));
}

#[test]
fn a_day_in_german() {
    let settings = Settings {
        language: Language::German,
        ..Settings::default()
    };
    insta::assert_snapshot!(story_of(World::of(80, 24, settings)));
}

#[test]
fn what_the_client_machine_and_the_line_editor_say_is_said_in_german_too() {
    let mut world = World::of(
        80,
        14,
        Settings {
            language: Language::German,
            ..Settings::default()
        },
    );
    world.screen.set_name("ann");
    world.screen.set_link(Link::Online);
    let offline = "* Offline: the server closed the connection. Trying again.";
    world.screen.notice(offline, world.at);
    assert!(
        world
            .seen()
            .contains("Getrennt: der Server hat die Verbindung geschlossen.")
    );
    world.send("\u{1b}[200~a\nb\nc\nd\u{1b}[201~");
    assert!(
        world
            .seen()
            .contains("> 4 eingefügte Zeilen sagen? y: ja, n: nein, o: als eine\n(cursor: 57, 13)")
    );
    world.wait();
    world.press("n/claim\r");
    assert!(
        world
            .seen()
            .contains("> Passwort (es wird nicht gezeigt):\n(cursor: 36, 13)")
    );
    world.press("\u{1b}");
    // What somebody says is theirs.
    world.says("bob", offline);
    assert!(world.seen().contains(&format!("bob: {offline}")));
}

#[test]
fn a_link_is_one_in_all_its_rows_and_only_where_that_is_wanted() {
    for links in [true, false] {
        let settings = Settings {
            links,
            ..Settings::default()
        };
        let mut world = World::of(30, 8, settings);
        world.screen.set_name("ann");
        world.screen.set_link(Link::Online);
        let to = "https://a.example/a/long/way/to/go";
        world.says("bob", &format!("see {to}, there"));
        let frame = world.screen.frame().unwrap();
        let rows: Vec<u16> = frame.links.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows.len(), if links { 2 } else { 0 }, "{}", frame.text());
        assert!(rows.is_sorted() && frame.links.iter().all(|(_, it)| &*it.to == to));
        let parts = frame.links.iter().map(|(row, it)| {
            let cells = it.columns.clone();
            let x = |column: usize| u16::try_from(column).unwrap();
            cells
                .map(|column| frame.cells[(x(column), *row)].symbol())
                .collect::<String>()
        });
        assert_eq!(parts.collect::<String>(), if links { to } else { "" });
    }
}
