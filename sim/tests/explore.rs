//! Exploration: it finds nothing, tells the same in every process, and what it finds can be kept.

use chat_sim::explore::hunt::{Options, Worlds, hunt};
use chat_sim::explore::{draw, file, play};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn options(seeds: std::ops::Range<u64>) -> Options {
    Options {
        seeds,
        time: None,
        jobs: 2,
        clients: None,
        worlds: Worlds::Network,
        orders: false,
        findings: 1,
    }
}

#[test]
fn no_world_breaks_a_promise() {
    let report = hunt(&options(0..500), |_| {});
    assert_eq!(report.tally.worlds, 500);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(report.tally.deliveries > 1000 && report.tally.faults() > 1000);
}

#[test]
fn no_world_breaks_a_promise_in_the_production_shell() {
    let production = Options {
        worlds: Worlds::Production,
        ..options(0..60)
    };
    let report = hunt(&production, |_| {});
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn two_processes_tell_the_same() {
    let explore = || {
        Command::new(env!("CARGO_BIN_EXE_chat-sim"))
            .args(["explore", "--seeds", "1000..2000"])
            .output()
            .unwrap()
    };
    let (first, second) = (explore(), explore());
    let hash = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let hash = text.split("trace hash ").nth(1);
        hash.unwrap_or_else(|| panic!("no hash in {output:?}"))
            .to_string()
    };
    assert_eq!(hash(&first), hash(&second));
    assert!(first.status.success(), "{first:?}");
}

#[test]
fn one_line_says_whether_everything_held_and_counts_come_if_asked_for() {
    let explore = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat-sim"));
        let output = command.arg("explore").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for kind in [&["--seeds", "0..5"][..], &["--seeds", "0..5", "--kept"]] {
        let told = explore(kind);
        assert!(
            told.starts_with("everything held; 5 worlds from seed 0 in "),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
        let told = explore(&[kind, &["--counts"]].concat());
        let last = told.lines().last().unwrap();
        assert!(last.starts_with("everything held; 5 worlds"), "{told}");
        assert!(told.contains("\nrare paths in the core\n"), "{told}");
    }
}

#[test]
fn other_seeds_tell_something_else() {
    let hash = |seed| play(&draw(seed, None, false), false).trace.hash();
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

#[test]
fn a_world_in_a_file_is_the_world_that_was_drawn() {
    for seed in 0..200 {
        let world = draw(seed, None, false);
        let text = file::write(&world, &["Two lines\nof words.".into()]).unwrap();
        assert!(file::is_world(&text));
        assert_eq!(file::read(&text).as_ref(), Ok(&world), "{text}");
    }
}

#[test]
fn a_file_that_is_no_world_is_refused_with_a_reason() {
    let world = file::write(&draw(1, Some(2), false), &[]).unwrap();
    for (from, to, why) in [
        ("seed: 1", "seed: one", "expected integer"),
        ("buffer: ", "buffer: 0, // ", "one byte at least"),
        ("steps: [", "steps: [(0, Heal(2)),", "only 2 clients"),
        ("steps: [", "steps: [(99999999, Start),", "order of time"),
    ] {
        let text = world.replacen(from, to, 1);
        assert_ne!(text, world, "{from}");
        let error = file::read(&text).unwrap_err();
        assert!(error.to_lowercase().contains(why), "{error}");
    }
}

/// Small worlds in which something was wrong once, with the server or with how it was looked at.
#[test]
fn worlds_in_which_a_promise_was_broken_once_keep_it() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds");
    let mut worlds = 0;
    for file in fs::read_dir(dir).unwrap() {
        let path = file.unwrap().path();
        if path.is_dir() {
            continue; // Those around a store.
        }
        let world = file::read(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(play(&world, false).broken, None, "{}", path.display());
        worlds += 1;
    }
    assert!(worlds > 0);
}
