//! Drawn worlds against the production shell: the same clients and steps as a scenario, under turmoil.
//!
//! Fewer worlds and slower ones, for what the network model of exploration cannot show: faults of
//! `chat_net` itself. What turmoil has no like of (clocks, pauses, windows, resets) is left out.

use super::draw;
use super::world::{Client, Op, World};
use crate::broken::{Broken, quietly};
use crate::invariant::Invariant;
use crate::scenario::{self, Action, SERVER, Scenario};
use crate::text::Text;
use chat_core::{FirstLine, Limits};
use std::collections::{BTreeMap, BTreeSet};

/// The most clients: each has a host of its own.
const CLIENTS: usize = 8;

/// In some worlds much happens at the same moment: at multiples of so many milliseconds.
const BURST: u64 = 50;

/// So many milliseconds after all else, in most worlds, the raw peers that are still there leave.
const LAST: u64 = 1000;

/// How many milliseconds after connecting a raw peer is in the room, whatever the network is like.
const SETTLED: u64 = 1000;

/// Draws a world, plays it under turmoil, and says what is wrong with it.
pub fn play_production(seed: u64) -> (Scenario, Option<Broken>) {
    let clients = 1 + usize::try_from(seed).unwrap_or(0) % CLIENTS;
    let scenario = scenario(&draw(seed, Some(clients), false));
    let broken = broken(&scenario);
    (scenario, broken)
}

/// What is wrong with a scenario, played from its own seed.
pub(super) fn broken(scenario: &Scenario) -> Option<Broken> {
    let faults = quietly(|| {
        let record = crate::run(scenario, scenario.seed);
        crate::faults(scenario, &record)
    });
    match faults {
        // What is said to somebody who has gone is nobody's fault here.
        Ok(faults) => faults
            .iter()
            .find(|fault| !fault.contains("but had ended already"))
            .map(|fault| Broken::of_panic(fault, 0)),
        Err(why) => Some(Broken {
            invariant: Invariant::NoPanic,
            why,
            at: 0,
        }),
    }
}

/// A world as a scenario, as far as there is one.
fn scenario(world: &World) -> Scenario {
    let name = |who: usize| format!("c{who}");
    let mut steps = Vec::new();
    let mut held = BTreeSet::new();
    let (mut is_up, mut stopped) = (true, false);
    // What each is up to: raw peers since when they have been connected, and who has ended.
    let mut since: Vec<Option<u64>> = vec![None; world.clients.len()];
    let mut over = vec![false; world.clients.len()];
    let bursts = world.seed.is_multiple_of(2);
    let duration = world.steps.last().map_or(0, |(at, _)| *at);
    let begun = SETTLED.min(duration / 4);
    for (at, op) in &world.steps {
        // All that are there from the beginning are in the room before the rest happens.
        let begins = matches!(op, Op::Connect(_) | Op::Type(..)) && *at <= begun;
        let at = if begins { *at } else { at + 2 * SETTLED };
        let at = &if bursts {
            at.next_multiple_of(BURST)
        } else {
            at
        };
        let who = op.client().unwrap_or(0);
        let is_person = matches!(world.clients[who], Client::Person(_));
        let is_settled = since[who].is_some_and(|since| at - since > SETTLED);
        let action = match op {
            _ if op.client().is_some() && over[who] => continue,
            Op::Type(_, text) if is_person => Action::Type(name(who), alone(text, who)),
            Op::Interrupt(_) if is_person => Action::Interrupt(name(who)),
            Op::Connect(_) if !is_person && since[who].is_none() => {
                since[who] = Some(*at);
                steps.push((*at, Action::Connect(name(who))));
                Action::Send(name(who), Text(b"JOIN\n".to_vec()))
            }
            Op::Send(_, text) if !is_person && is_settled => {
                Action::Send(name(who), Text([&text.0[..], b"\n"].concat()))
            }
            Op::End(_) | Op::Finish(_) if is_person || is_settled => {
                if is_person && who.is_multiple_of(2) {
                    steps.push((*at, Action::Begin(name(who), Text(b"unended".to_vec()))));
                }
                Action::End(name(who))
            }
            Op::Deaf(_) if !is_person && is_settled => Action::StopReading(name(who)),
            Op::Read(_) if !is_person && is_settled => Action::Read(name(who)),
            Op::Cut(..) if held.insert(who) => Action::Hold(name(who), SERVER.into()),
            Op::Heal(_) if held.remove(&who) => Action::Release(name(who), SERVER.into()),
            Op::Stop if is_up && !stopped => {
                stopped = true;
                Action::Stop
            }
            Op::Crash if is_up && !stopped => {
                is_up = false;
                Action::Crash(SERVER.into())
            }
            Op::Start if !is_up => {
                is_up = true;
                Action::Bounce(SERVER.into())
            }
            _ => continue,
        };
        over[who] |= matches!(action, Action::End(_) | Action::Interrupt(_));
        steps.push((*at, action));
    }
    let end = steps.last().map_or(0, |(at, _)| *at);
    let release = |who: &usize| (end + 10, Action::Release(name(*who), SERVER.into()));
    steps.extend(held.iter().map(release));
    if !world.seed.is_multiple_of(3) {
        let is_there = |who: &usize| since[*who].is_some() && !over[*who];
        let leave = |who| Action::Send(name(who), Text(b"leave\n".to_vec()));
        let there = (0..world.clients.len()).filter(is_there);
        steps.extend(there.map(|who| (end + LAST, leave(who))));
    }
    steps.sort_by_key(|(at, _)| *at);
    let limits = world.server.limits();
    let (least, most) = world.network.delay_us;
    Scenario {
        about: world.about.clone(),
        seed: world.seed,
        duration_ms: Some(end + LAST + 2000 + read_slowly(&steps)),
        server: scenario::Server {
            connections: Some(limits.connections),
            behind: Some(limits.behind),
            batch: Some(limits.batch),
            ..scenario::Server::default()
        },
        network: scenario::Network {
            latency_ms: (least.div_ceil(1000).min(50), most.div_ceil(1000).min(50)),
            ..scenario::Network::default()
        },
        clients: world
            .clients
            .iter()
            .enumerate()
            .map(|(who, c)| (name(who), client(c)))
            .collect(),
        crowd: None,
        steps,
        expect: Vec::new(),
    }
}

/// For how many milliseconds at most somebody is read slowly who has sent more than may come at once.
fn read_slowly(steps: &[(u64, Action)]) -> u64 {
    let mut sent = BTreeMap::<&str, u64>::new();
    for (_, action) in steps {
        if let Action::Send(who, text) | Action::Type(who, text) = action {
            *sent.entry(who).or_default() += text.0.len() as u64;
        }
    }
    let bytes = Limits::default().rate.bytes;
    let surplus = sent
        .into_values()
        .max()
        .unwrap_or(0)
        .saturating_sub(bytes.burst);
    1000 * surplus / bytes.count.max(1)
}

fn client(client: &Client) -> scenario::Client {
    match client {
        Client::Person(_) => scenario::Client::Person {
            port: None,
            dialect: scenario::Dialect::Text,
        },
        Client::Raw(_) => scenario::Client::Raw { port: None },
    }
}

/// A line, but for the name that it may ask for: that is nobody else's. Screens tell a stay by its
/// name, and cannot tell those of two people with the same name apart for sure.
fn alone(text: &Text, who: usize) -> Text {
    match FirstLine::decode(&text.0) {
        FirstLine::Join(Some(name)) => Text(format!("JOIN {name}{who}").into_bytes()),
        _ => text.clone(),
    }
}
