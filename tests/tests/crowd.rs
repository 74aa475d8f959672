//! Five hundred at once: everyone gets everything once, in one order, and never what they said themselves.

use std::sync::Barrier;
use std::thread;

use chat_tests::{Raw, Server, raise_descriptor_limit};

const CROWD: usize = 500;
const LINES: usize = 4;
const THREADS: usize = 10;

#[test]
fn everyone_hears_the_same_story() {
    raise_descriptor_limit();
    let mut server = Server::start();
    let address = server.address();
    let everyone_is_in = Barrier::new(THREADS);
    let mut heard: Vec<(String, Vec<String>)> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let mut crowd: Vec<_> =
                        (0..CROWD / THREADS).map(|_| Raw::join(address)).collect();
                    everyone_is_in.wait();
                    for number in 0..LINES {
                        for (at, raw) in crowd.iter_mut().enumerate() {
                            raw.say(&format!("line {number} of {at}"));
                        }
                    }
                    for raw in &mut crowd {
                        raw.say("LEAVE");
                    }
                    let heard = crowd.iter_mut().map(|raw| (raw.name(), raw.rest()));
                    heard.collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("a crowd does not panic"))
            .collect()
    });

    let story: Vec<_> = (0..CROWD * (LINES + 2))
        .map(|_| server.transcript.line())
        .collect();
    heard.sort();
    heard.dedup_by(|one, other| one.0 == other.0);
    assert_eq!(heard.len(), CROWD, "every name is given once");
    for (name, heard) in &heard {
        let position = |line: String| {
            let mut found = (0..story.len()).filter(|at| story[*at] == line);
            let first = found.next();
            assert_eq!(found.next(), None, "{line:?} is in the story twice");
            first.unwrap_or_else(|| panic!("{line:?} is not in the story"))
        };
        let joined = position(format!("{name} has joined the chat"));
        let left = position(format!("{name} has left the chat"));
        let said = format!("{name}: ");
        let stay = &story[joined + 1..left];
        let own = stay.iter().filter(|line| line.starts_with(&said)).count();
        assert_eq!(own, LINES, "everything that {name} said is in the story");
        let others: Vec<_> = stay
            .iter()
            .filter(|line| !line.starts_with(&said))
            .collect();
        assert!(heard.iter().eq(others), "{name} heard another story");
    }
    server.process.kill();
    assert_eq!(server.transcript.rest(), Vec::<String>::new());
}
