//! What is said to one person alone, where it is kept: from the inbox, of a page, and live, each line is in its place once.

use crate::world::World;
use serde_json::json;

/// Something that `eve` and `ann`, who is at this screen, said to each other.
fn words(
    world: &mut World,
    seq: u64,
    at: u64,
    (from, text): (&str, &str),
    is_past: bool,
    waits: bool,
) {
    let to = if from == "ann" { "eve" } else { "ann" };
    let line = json!({
        "type": "private", "from": from, "to": to, "text": text, "at": at, "seq": seq, "past": is_past, "waits": waits,
    });
    world.screen.line(&line.to_string(), at);
}

/// The lines of a conversation, which is looked at.
fn seen(world: &mut World) -> Vec<String> {
    let seen = world.seen();
    let lines = seen.lines().filter(|line| line.contains("number"));
    lines
        .map(|line| {
            line.trim()
                .rsplit("number ")
                .next()
                .unwrap_or_default()
                .to_owned()
        })
        .collect()
}

#[test]
fn lines_of_a_conversation_are_there_once_and_in_their_order() {
    let mut world = World::online(80, 20);
    let minute = |n: u64| world_at() + n * 60_000;
    words(&mut world, 4, minute(4), ("eve", "number 4"), false, false);
    // What waited came before it.
    words(&mut world, 2, minute(2), ("eve", "number 2"), true, true);
    words(&mut world, 3, minute(3), ("eve", "number 3"), true, true);
    world
        .screen
        .line(&json!({"type": "inbox", "count": 2}).to_string(), 0);
    // All of it, asked for: the screen goes there.
    for (n, from) in [(1, "ann"), (2, "eve"), (3, "eve"), (4, "eve")] {
        words(
            &mut world,
            n,
            minute(n),
            (from, &format!("number {n}")),
            true,
            false,
        );
    }
    let page = json!({"type": "page", "with": "eve", "first": 1, "head": 4});
    world.screen.line(&page.to_string(), 0);
    assert_eq!(seen(&mut world), ["1", "2", "3", "4"]);
    // A server that keeps nothing begins anew.
    words(&mut world, 1, minute(5), ("eve", "number 5"), false, false);
    assert_eq!(seen(&mut world), ["1", "2", "3", "4", "5"]);
}

/// The time of day when it begins.
fn world_at() -> u64 {
    1_700_000_000_000
}

#[test]
fn people_are_told_what_waits() {
    let mut world = World::online(80, 20);
    let waiting = json!({
        "type": "waiting", "count": 3, "since": 1_700_000_000_000_u64,
        "from": [{"name": "bob", "count": 2}, {"name": "eve", "count": 1}],
    });
    world.screen.line(&waiting.to_string(), 0);
    world
        .screen
        .line(&json!({"type": "inbox", "count": 0}).to_string(), 0);
    let seen = world.seen().replace('\n', " ");
    let seen: Vec<&str> = seen.split_whitespace().collect();
    let seen = seen.join(" ");
    assert!(
        seen.contains("3 private messages since 2023-11-14 22:13 UTC"),
        "{seen}"
    );
    assert!(seen.contains("Nothing waits for you."), "{seen}");
}
