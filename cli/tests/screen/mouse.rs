//! What the terminal tells between the keys: its background, and what the mouse does.

use crate::world::World;
use chat_cli::screen::Settings;
use chat_cli::screen::theme::{Background, Colours, Theme};
use chat_core::Timestamp;
use ratatui_core::style::Color;
use std::time::Duration;

fn world(columns: u16, rows: u16, mouse: bool) -> World {
    let settings = Settings {
        mouse,
        theme: Theme {
            colours: Colours::Palette,
            ..Theme::default()
        },
        ..Settings::default()
    };
    let mut world = World::of(columns, rows, settings);
    for number in 0..50 {
        world.says("bob", &format!("line {number}"));
    }
    world.says_in("garden", "bob", "hi");
    world
}

#[test]
fn the_wheel_scrolls_where_that_is_wanted_and_no_line_is_disturbed() {
    for mouse in [false, true] {
        let mut world = world(40, 10, mouse);
        world.press("half a line");
        let before = world.seen();
        world.send("\u{1b}[<64;1;1M");
        let seen = world.seen();
        assert_eq!(seen.contains("-- more --"), mouse);
        assert!(seen.contains("> half a line"), "{seen}");
        world.send("\u{1b}[<65;1;1M");
        assert_eq!(world.seen(), before);
    }
}

#[test]
fn a_click_on_a_room_goes_there() {
    for (columns, click) in [(60, "\u{1b}[<0;12;1M"), (120, "\u{1b}[<0;3;2M")] {
        for mouse in [false, true] {
            let mut world = world(columns, 10, mouse);
            world.draw();
            world.send(click);
            assert_eq!(world.seen().contains("bob: hi"), mouse, "{columns}");
            world.send("\u{1b}[<0;50;9M");
            assert_eq!(world.seen().contains("bob: hi"), mouse, "there is no room");
        }
    }
}

#[test]
fn a_line_that_is_edited_elsewhere_comes_back_in_its_room() {
    let mut world = world(120, 10, true);
    world.draw();
    world.press("one\u{18}\u{5}");
    world.send("\u{1b}[<0;3;2M");
    assert!(!world.seen().contains("bob: hi"), "its room is still there");
    world.screen.edited(Some("two"));
    assert_eq!(world.screen.being_typed(), "two");
    world.send("\u{1b}[<0;3;2M");
    world.wait();
    assert_eq!(world.screen.being_typed(), "", "the other room");
    world.press("three\u{18}\u{5}");
    assert_eq!(world.screen.being_typed(), "three");
    world.screen.edited(None);
    // Changes are those of the line that is there now.
    world.press("\u{1b}1\u{1f}");
    assert_eq!(world.screen.being_typed(), "two");
}

/// The colour of the first letter of `bob`, in the last row of messages.
fn colour(world: &mut World) -> Color {
    world.seen();
    let cells = &world.screen.shown().cells;
    let row = cells.area.height - 3;
    let x = (0..cells.area.width)
        .find(|x| cells[(*x, row)].symbol() == "b")
        .unwrap();
    cells[(x, row)].fg
}

#[test]
fn the_terminal_is_asked_for_its_background_and_names_have_the_shades_for_it() {
    let shades = [Background::Dark, Background::Light, Background::Unknown].map(|background| {
        let settings = Settings {
            theme: Theme {
                colours: Colours::Palette,
                background,
                ..Theme::default()
            },
            ..Settings::default()
        };
        let mut world = World::of(40, 10, settings);
        world.says("bob", "hi");
        colour(&mut world)
    });
    let ask = |after: Duration, answer: &str| {
        let mut world = world(40, 10, false);
        assert_eq!(
            world.screen.ask_background(Timestamp::ZERO),
            b"\x1b]11;?\x1b\\"
        );
        world.now = Timestamp::ZERO + after;
        world.send(&format!("a{answer}b"));
        assert!(world.seen().contains("> ab"), "what is typed stays");
        colour(&mut world)
    };
    let (dark, light) = (
        "\u{1b}]11;rgb:1e1e/1e1e/1e1e\u{1b}\\",
        "\u{1b}]11;rgb:ff/ff/ff\u{7}",
    );
    let second = Duration::from_secs(1);
    assert_eq!(ask(second, dark), shades[0]);
    assert_eq!(ask(second, light), shades[1]);
    assert_eq!(ask(second, ""), shades[2]);
    assert_eq!(
        ask(second + Duration::from_micros(1), light),
        shades[2],
        "too late"
    );
    assert_ne!(shades[0], shades[1]);
}

#[test]
fn a_terminal_is_not_asked_where_that_makes_no_difference() {
    for theme in [
        Theme::default(),
        Theme {
            colours: Colours::True,
            background: Background::Light,
            ..Theme::default()
        },
    ] {
        let mut world = World::of(
            40,
            10,
            Settings {
                theme,
                ..Settings::default()
            },
        );
        assert_eq!(world.screen.ask_background(Timestamp::ZERO), b"");
        // Who answers without having been asked changes nothing.
        world.says("bob", "hi");
        let before = colour(&mut world);
        world.send("\u{1b}]11;rgb:00/00/00\u{7}");
        assert_eq!(colour(&mut world), before);
    }
}
