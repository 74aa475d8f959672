//! Worlds as files, and as stories.

use super::Played;
use super::trace::{Fate, Moment};
use super::world::{Client, World};
use crate::kept;
use ron::ser::PrettyConfig;
use serde::Serialize;
use std::fmt::Write as _;

/// Whether a file's text is a world, and not a scenario.
pub fn is_world(text: &str) -> bool {
    begins_with(text, "World(")
}

/// Whether this is how it begins after its comments.
fn begins_with(text: &str, word: &str) -> bool {
    let begins = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with("//");
    let first = text.lines().find(begins);
    first.is_some_and(|line| line.starts_with(word))
}

/// Whether a file's text is a world around a store.
pub fn is_kept(text: &str) -> bool {
    begins_with(text, "Kept(")
}

/// A world around a store, from a file's text.
///
/// # Errors
/// When it is none: where, and why.
pub fn read_kept(text: &str) -> Result<kept::World, String> {
    let world: kept::World = ron::from_str(text).map_err(|error| error.to_string())?;
    if world.clients_needed() > world.clients.len() {
        return Err(format!(
            "there are only {} clients, from 0",
            world.clients.len()
        ));
    }
    if world.socket == 0 {
        return Err("a socket holds one byte at least".into());
    }
    Ok(world)
}

/// A world, or a scenario, as a file's text; `comments` are put in front.
///
/// # Errors
/// When it cannot be written, which is a fault of ours.
pub fn write(world: &impl Serialize, comments: &[String]) -> Result<String, ron::Error> {
    let pretty = PrettyConfig::new().struct_names(true).depth_limit(2);
    let mut text = String::new();
    for comment in comments {
        for line in comment.lines() {
            let _ = writeln!(text, "// {line}");
        }
    }
    text += &ron::Options::default().to_string_pretty(world, pretty)?;
    text.push('\n');
    Ok(text)
}

/// A file's text as a world.
///
/// # Errors
/// When it is none: where, and why.
pub fn read(text: &str) -> Result<World, String> {
    let world: World = ron::from_str(text).map_err(|error| error.to_string())?;
    let count = world.clients.len();
    for (at, op) in &world.steps {
        if op.client().is_some_and(|who| who >= count) {
            return Err(format!(
                "at {at} ms: there are only {count} clients, from 0: {op:?}"
            ));
        }
    }
    if !world.steps.is_sorted_by_key(|(at, _)| *at) {
        return Err("the steps are not in order of time".into());
    }
    if world.network.buffer == 0 || world.server.chunk == 0 {
        return Err("the buffer and the chunk hold one byte at least".into());
    }
    if world.network.delay_us.0 > world.network.delay_us.1 {
        return Err("the least delay is above the most".into());
    }
    Ok(world)
}

/// The name of a lane.
pub fn lane(world: &World, lane: usize) -> String {
    match lane.checked_sub(1).map(|who| (who, world.clients.get(who))) {
        None => "server".into(),
        Some((who, Some(Client::Person(_)))) => format!("person {who}"),
        Some((who, _)) => format!("raw {who}"),
    }
}

/// What happened, line by line, with milliseconds.
pub fn story(world: &World, played: &Played) -> String {
    let mut out = String::new();
    for moment in &played.trace.moments {
        let (at, who, mark, text) = match moment {
            Moment::Arrow {
                from,
                to,
                sent,
                fate,
                text,
            } => {
                let came = match fate {
                    Fate::Arrived(at) => ms(*at),
                    Fate::Lost => "lost".into(),
                    Fate::UnderWay => "under way".into(),
                };
                let route = format!("{} → {}", lane(world, *from), lane(world, *to));
                (*sent, route, '~', format!("{text} ({came})"))
            }
            Moment::Note {
                lane: at_lane,
                at,
                kind,
                text,
            } => (*at, lane(world, *at_lane), kind.mark(), text.clone()),
        };
        let _ = writeln!(out, "{:>12} ms  {who:24} {mark} {text}", ms(at));
    }
    out
}

fn ms(micros: u64) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}
