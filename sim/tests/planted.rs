//! Known faults, planted one after the other: exploration finds each, and shrinks it to a few steps.
#![cfg(feature = "planted")]

use chat_core::planted::{Bug, plant};
use chat_sim::explore::hunt::{Options, hunt};
use chat_sim::explore::{draw, file, play, shrink};
use std::time::Duration;

/// One test, as only one fault can be planted at a time.
#[test]
fn every_planted_fault_of_the_core_is_found() {
    let mut missed = Vec::new();
    for &bug in Bug::ALL.iter().filter(|bug| !bug.is_in_net()) {
        plant(Some(bug));
        let options = Options {
            seeds: 0..100_000,
            time: Some(Duration::from_secs(60)),
            jobs: 2,
            clients: None,
            production: false,
            findings: 1,
        };
        let report = hunt(&options, |_| {});
        let Some(finding) = report.findings.first() else {
            missed.push(bug.name());
            plant(None);
            continue;
        };
        let promise = finding.broken.promise;
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
