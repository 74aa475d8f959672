//! What a frame costs.

use crate::world::World;
use chat_cli::screen::paint::Painter;
use chat_cli::screen::room::MAX_BLOCKS;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// What this thread has taken of a processor so far. Where the system does not tell, it is the time of day, in which others
/// have their part.
fn taken(since: Instant) -> Duration {
    // It tells what it knew when something else was to run.
    thread::yield_now();
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let told = told.split(' ').next().and_then(|nanos| nanos.parse().ok());
    told.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// To be run with `--release`: `cargo test --release -p chat-cli --test screen -- --ignored --nocapture cost`.
#[test]
#[ignore = "a measurement"]
fn of_a_hundred_frames_of_a_full_room_99_cost_less_than_4_ms() {
    let mut world = World::online(200, 60);
    for number in 0..MAX_BLOCKS {
        let text = format!("line {number} with some words in it, 日本 and naïve ones too ")
            .repeat(1 + number % 5);
        world.says(["bob", "cat", "dan"][number % 3], &text);
    }
    let mut painter = Painter::default();
    let (mut costs, mut waits) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    let steps = [
        "a",
        "\u{1b}[5~",
        "\u{7f}",
        "\u{1b}[5~",
        "\u{1b}[6~",
        "/",
        "\u{15}",
    ];
    for number in 0..4_000 {
        let begun = Instant::now();
        let before = taken(begun);
        match number % 3 {
            0 => world.says(
                "bob",
                "something new that is as long as things are that people say",
            ),
            _ => world
                .screen
                .read(world.now, steps[number % steps.len()].as_bytes()),
        }
        if let Some(frame) = world.screen.frame() {
            bytes += painter.paint(frame).len();
        }
        waits.push(begun.elapsed());
        costs.push(taken(begun).saturating_sub(before));
        // No key is part of a burst.
        world.now = world.now + Duration::from_millis(100);
        world.screen.timeout(world.now);
    }
    let [cost, wait] = [costs, waits].map(|mut all| {
        all.sort();
        [500, 990, 1000].map(|part| all[(all.len() * part / 1000).min(all.len() - 1)])
    });
    println!(
        "a frame at 200x60 of {MAX_BLOCKS} lines takes of a processor: half, p99, most {cost:?}"
    );
    println!("by the clock, with all else that this machine does: {wait:?}");
    println!("bytes for the terminal in all: {bytes}");
    assert!(cost[1] < Duration::from_millis(4), "{cost:?}");
    let begun = Instant::now();
    world.send("\u{12}nothing is like that");
    println!("a search through all of it: {:?}", begun.elapsed());
}

/// What 64 rooms take, each of 10,000 lines of 10 to 70 bytes by 40 people: what the system says that the process has more.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "a measurement"]
fn sixty_four_rooms_of_ten_thousand_lines_take_less_than_64_mb() {
    let resident = || {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
        pages * rustix::param::page_size()
    };
    let before = resident();
    let mut world = World::online(132, 43);
    let words = "what people say to each other in the course of a long day, more or less";
    let mut bytes = 0;
    for number in 0..640_000 {
        let text = &words[..10 + number * 7 % 61];
        bytes += text.len();
        let room = format!("room{}", number % 64);
        world.says_in(&room, &format!("person{}", number % 40), text);
        world.at += 1000;
    }
    let after = resident();
    let (taken, texts) = ((after - before) / 1_000_000, bytes / 1_000_000);
    println!("64 rooms of 10,000 lines: {taken} MB, of which {texts} MB are texts");
    assert_eq!(world.screen.rooms(), 64);
    assert_eq!(world.screen.loaded(), 10_000);
    assert!(taken < 64, "{taken} MB");
}
