//! Known faults, planted one after the other: exploration finds each, and shrinks it to a few steps.
#![cfg(feature = "planted")]

use chat_core::planted::{Bug, plant};
use chat_sim::explore::hunt::{Options, Worlds, hunt};
use chat_sim::explore::{
    draw, file, play, play_production, shrink, shrink_kept, shrink_production,
};
use chat_sim::kept;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// One test, as only one fault can be planted at a time.
#[test]
fn every_planted_fault_is_found() {
    let mut missed = Vec::new();
    for &bug in Bug::ALL {
        plant(Some(bug));
        let options = Options {
            seeds: 0..100_000,
            time: Some(Duration::from_secs(60)),
            jobs: 2,
            clients: None,
            worlds: Worlds::for_bug(bug),
            findings: 1,
        };
        let report = hunt(&options, |_| {});
        let Some(finding) = report.findings.first() else {
            missed.push(bug.name());
            plant(None);
            continue;
        };
        if bug.is_in_net() {
            let (scenario, _) = play_production(finding.seed);
            let promise = finding.broken.promise;
            let small = shrink_production(&scenario, promise, Duration::from_secs(5));
            let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("planted.ron");
            fs::write(&path, file::write(&small, &[]).unwrap()).unwrap();
            let again = chat_sim::load(&path).unwrap();
            let faults = || chat_sim::faults(&again, &chat_sim::run(&again, again.seed));
            assert!(!faults().is_empty(), "{}", bug.name());
            plant(None);
            assert!(faults().is_empty(), "{} is not what breaks it", bug.name());
            continue;
        }
        let promise = finding.broken.promise;
        if bug.is_around_a_store() {
            let world = kept::World::draw(finding.seed);
            let small = shrink_kept(&world, promise, Duration::from_secs(5));
            let text = file::write(&small, &[]).unwrap();
            let again = kept::play(&file::read_kept(&text).unwrap(), false).broken;
            assert_eq!(again.map(|b| b.promise), Some(promise), "{}", bug.name());
            plant(None);
            let broken = kept::play(&small, false).broken;
            assert_eq!(broken, None, "{} is not what breaks it", bug.name());
            continue;
        }
        let small = shrink(&draw(finding.seed, None), promise, Duration::from_secs(5));
        let text = file::write(&small, &[]).unwrap();
        let again = play(&file::read(&text).unwrap(), false).broken;
        assert_eq!(again.map(|b| b.promise), Some(promise), "{}", bug.name());
        plant(None);
        let broken = play(&small, false).broken;
        assert_eq!(broken, None, "{} is not what breaks it", bug.name());
    }
    assert!(missed.is_empty(), "{missed:?}");
}
