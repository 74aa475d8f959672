//! Everything that can happen in a small room, in every order.
//!
//! Each test is a model of three people and a server whose limits are small. It says how often each
//! of them may connect, send, close its side, fail, and have a socket that takes nothing, one byte
//! or everything; how often time may go on to the next deadline; and whether the server may stop.
//! Within that, every order of events is gone through, with a pass of writing after each event or
//! after several (`burst`). The state of a model is the server itself and a reference beside it,
//! which knows lines and people, but no log and no cursor (`reference`). After every event the
//! reference judges what the server would send if all sockets took everything, what it did send,
//! what its screen shows and what it wants done (`state`). In every state there are two looks at
//! what lies ahead: that all is heard once all sockets take everything, and that a stop ends all in
//! time. What is to be so has names and stands in `scene`; what has to be reached, in `sights`.
//!
//! All of it together is about 1,600,000 states and 3,200,000 steps, up to 16 events deep; that takes
//! 75 s of processor time. `--nocapture` shows the numbers of each model.

mod judge;
mod reference;
mod scene;
mod sights;
mod state;

use chat_core::Limits;
use reference::Person;
use scene::{Act, Chunk, Event, Part, Scene};
use state::{Fault, State};
use stateright::{Checker, HasDiscoveries, Model, Path};
use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

const JOIN: Chunk = Chunk(b"JOIN\n");
const JOIN_A: Chunk = Chunk(b"JOIN a\n");
const JOIN_BIG_A: Chunk = Chunk(b"JOIN A\n");
const SAY: Chunk = Chunk(b"x\n");
const SAY_TWICE: Chunk = Chunk(b"y\nz\n");
const SAY_MUCH: Chunk = Chunk(b"0123456789012345678901234567890123456789\n");
const BAD_THEN_SAY: Chunk = Chunk(b"\xff\nx\n");
const SAY_THEN_BAD: Chunk = Chunk(b"x\n\xff\n");
const WHO: Chunk = Chunk(b"/who\n");
const LEAVE: Chunk = Chunk(b"leave\n");

/// A scene in which little has to wait for long. The length of time means nothing; it matters
/// which deadline is first.
fn scene<const N: usize>(parts: [Part; N]) -> Scene {
    Scene {
        limits: Limits {
            connections: 3,
            refusals: 1,
            // As much as `USER2 has joined the chat` and `USER2: 0123…`, and no byte more.
            behind: 74,
            private: 40,
            splices: 2,
            batch: 1000,
            first_line: Duration::from_micros(2),
            stall: Duration::from_micros(3),
            linger: Duration::from_micros(2),
            shutdown: Duration::from_micros(5),
            ..Limits::default()
        },
        parts: parts.into(),
        burst: 1,
        timeouts: 1,
        stops: false,
        echo: false,
        sights: &[],
    }
}

#[test]
fn names() {
    check(&Scene {
        sights: &[
            sights::COLLIDED,
            sights::COLLIDED_BY_CASE,
            sights::THREE_OF_A_NAME,
            sights::FREE_AGAIN,
            sights::SILENT,
            sights::LOST,
        ],
        ..scene([
            Part::new(1, 3, &[JOIN_A, LEAVE]).connects(2),
            Part::new(2, 1, &[JOIN_BIG_A]).fails(),
            Part::new(3, 2, &[JOIN_A, WHO]),
        ])
    });
}

#[test]
fn ends() {
    check(&Scene {
        burst: 2,
        timeouts: 2,
        stops: true,
        sights: &[
            sights::SILENT,
            sights::IN_ALREADY,
            sights::LOST,
            sights::LINGERED,
            sights::GOODBYE,
            sights::STOPPED,
        ],
        ..scene([
            Part::new(1, 2, &[JOIN_A, LEAVE]).ends().fails(),
            Part::new(2, 1, &[JOIN]).ends(),
            Part::new(3, 1, &[JOIN_A]),
        ])
    });
}

#[test]
fn slow_readers() {
    check(&Scene {
        sights: &[
            sights::CUT_OFF,
            sights::CUT_IN_A_LINE,
            sights::STALLED,
            sights::PART_OF_A_LINE,
        ],
        ..scene([
            Part::new(1, 1, &[JOIN_A]).takes(3).ends(),
            Part::new(2, 3, &[SAY_MUCH]),
            Part::new(3, 1, &[SAY]),
        ])
    });
}

#[test]
fn full_batches() {
    let mut s = Scene {
        burst: 3,
        sights: &[
            sights::BATCH,
            sights::FIRST_LINE_WAITS,
            sights::RESUMED,
            sights::TWO_RESUMED,
            sights::EOF_WAITS,
        ],
        ..scene([
            Part::new(1, 2, &[BAD_THEN_SAY]).ends(),
            Part::new(2, 1, &[SAY_TWICE]),
            Part::new(3, 1, &[JOIN_A]),
        ])
    };
    s.limits.batch = 8;
    check(&s);
}

#[test]
fn input_that_is_held_back() {
    let mut s = Scene {
        timeouts: 0,
        sights: &[sights::OWES_PRIVATE, sights::OWES_OWN],
        ..scene([
            Part::new(1, 2, &[SAY_TWICE, BAD_THEN_SAY]).takes(3).ends(),
            Part::new(2, 2, &[SAY]),
            Part::new(3, 1, &[SAY_THEN_BAD]),
        ])
    };
    s.limits.behind = 200;
    check(&s);
}

#[test]
fn refusals() {
    let mut s = Scene {
        sights: &[sights::REFUSED],
        ..scene([
            Part::new(1, 1, &[JOIN_A]).connects(2).ends().fails(),
            Part::new(2, 1, &[SAY]).connects(2).ends(),
            Part::new(3, 1, &[SAY]).takes(2).ends(),
        ])
    };
    s.limits.connections = 1;
    s.limits.give_way.count = 0; // Who gives way is explored elsewhere.
    check(&s);
}

#[test]
fn everything_at_once() {
    let mut s = Scene {
        stops: true,
        sights: &[sights::STOPPED_IN_TIME],
        ..scene([
            Part::new(1, 1, &[JOIN_A]).takes(1).ends(),
            Part::new(2, 1, &[JOIN_BIG_A]).fails(),
            Part::new(3, 1, &[SAY]).takes(1),
        ])
    };
    s.limits.shutdown = Duration::from_micros(1);
    check(&s);
}

/// A reference that has the speaker hear itself is not that of this server: a model can fail, and
/// the shortest way to that is found.
#[test]
fn a_reference_that_is_wrong_is_found_out() {
    let parts = [
        Part::new(1, 2, &[JOIN_A, LEAVE]).ends().takes(1),
        Part::new(2, 1, &[SAY]),
        Part::new(3, 0, &[]),
    ];
    let wrong = explore(&Scene {
        echo: true,
        ..scene(parts)
    });
    let broken = wrong.unwrap_err();
    assert!(broken.property.starts_with("a member hears"), "{broken:?}");
    assert!(broken.faults.contains(&Fault::Heard), "{broken:?}");
    let events: Vec<_> = broken.acts.iter().map(|act| act.event).collect();
    assert_eq!(events, [Event::Connect(1), Event::Send(1, SAY)]);
}

/// Goes through a scene to its end, where everything has to be as it should.
#[track_caller]
fn check(scene: &Scene) {
    if let Err(broken) = explore(scene) {
        panic!(
            "it is not so that {}: {:?}\nafter {:#?}\nwith {:#?}",
            broken.property, broken.faults, broken.acts, broken.people
        );
    }
}

/// What is not so in a scene, and the shortest way to it.
#[derive(Debug)]
struct Broken {
    property: &'static str,
    acts: Vec<Act>,
    /// What is wrong then, or is going to be.
    faults: BTreeSet<Fault>,
    people: Vec<Person>,
}

impl Broken {
    fn new(scene: &Scene, property: &'static str, path: Path<State, Act>) -> Self {
        let last = path.last_state();
        let ahead = [last.with_open_sockets(scene), last.with_a_stop(scene)];
        Self {
            property,
            faults: ahead.into_iter().flat_map(|s| s.faults).collect(),
            people: last.people.clone(),
            acts: path.into_actions(),
        }
    }
}

/// Goes through a scene to its end, or until something is not so.
fn explore(scene: &Scene) -> Result<(), Box<Broken>> {
    let start = Instant::now();
    let mut found = None;
    let mut depth = usize::MAX;
    loop {
        let checker = scene
            .clone()
            .checker()
            // One thread looks at what is near first; more are faster.
            .threads(if found.is_none() { 2 } else { 1 })
            .target_max_depth(depth)
            .finish_when(HasDiscoveries::AnyFailures)
            .spawn_bfs()
            .join();
        let mut discoveries = checker.discoveries();
        let broken = scene.properties().into_iter().filter_map(|property| {
            let path = discoveries.remove(property.name)?;
            let is_failure = property.expectation.discovery_is_failure();
            is_failure.then(|| Broken::new(scene, property.name, path))
        });
        if let Some(broken) = broken.min_by_key(|broken| broken.acts.len()) {
            depth = broken.acts.len() + 1;
            found = Some(Box::new(broken));
        } else if let Some(broken) = found {
            return Err(broken);
        } else {
            println!(
                "{}: {} states, {} steps, {} deep, {:.1} s",
                thread::current().name().unwrap_or_default(),
                checker.unique_state_count(),
                checker.state_count(),
                checker.max_depth(),
                start.elapsed().as_secs_f64()
            );
            checker.assert_properties();
            return Ok(());
        }
    }
}
