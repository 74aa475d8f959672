//! Whether what a scenario expects has come of its run.

use crate::{
    record::{Record, Role, Screen},
    report::screen_text,
    scenario::{Ending, Expectation, Scenario},
};

/// Every expectation that was not met: what it was, and the screen it was not
/// met on.
pub fn unmet(scenario: &Scenario, record: &Record) -> Vec<String> {
    let faults = scenario.expect.iter();
    faults.filter_map(|one| fault(one, record)).collect()
}

fn fault(expectation: &Expectation, record: &Record) -> Option<String> {
    let screen = |who: &str| {
        let screen = record.screen(who);
        screen.expect("names were checked when the scenario was read")
    };
    match expectation {
        Expectation::Sees(who, line) => {
            let seen = screen(who).lines().any(|seen| seen == line.as_bytes());
            (!seen).then(|| complaint(screen(who), &format!("never saw \"{line}\"")))
        }
        Expectation::SeesInOrder(who, lines) => {
            let mut shown = screen(who).lines();
            let missing = lines
                .iter()
                .find(|line| !shown.any(|seen| seen == line.as_bytes()))?;
            let why = format!("did not see \"{missing}\" after the lines expected before it");
            Some(complaint(screen(who), &why))
        }
        Expectation::NeverSees(who, part) => {
            let seen = count(screen(who), part);
            (seen > 0).then(|| complaint(screen(who), &format!("saw \"{part}\"")))
        }
        Expectation::SeesTimes(who, part, times) => {
            let seen = count(screen(who), part);
            let why = format!("saw \"{part}\" in {seen} lines, not in {times}");
            (seen != *times).then(|| complaint(screen(who), &why))
        }
        Expectation::Ends(who, ending) => ended(screen(who), *ending),
        Expectation::CrowdEnds(ending) => record
            .screens
            .iter()
            .filter(|screen| screen.role == Role::Member)
            .find_map(|screen| ended(screen, *ending)),
    }
}

fn ended(screen: &Screen, expected: Ending) -> Option<String> {
    let ending = screen.ending();
    let why = format!("ended as {ending:?}, not as {expected:?}");
    (ending != expected).then(|| complaint(screen, &why))
}

fn count(screen: &Screen, part: &str) -> usize {
    let part = part.as_bytes();
    let has = |line: &[u8]| line.windows(part.len().max(1)).any(|bytes| bytes == part);
    screen.lines().filter(|line| has(line)).count()
}

fn complaint(screen: &Screen, why: &str) -> String {
    format!(
        "{} {why}; its screen:\n{}",
        screen.name,
        screen_text(screen)
    )
}
