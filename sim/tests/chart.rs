//! Charts of worlds: what happened has to be in them, in a page that is well-formed.

use chat_sim::Invariant;
use chat_sim::explore::trace::{Fate, Kind, Moment};
use chat_sim::explore::{Broken, Played, World, chart, draw, file, play};
use std::collections::BTreeSet;

/// A world with every fault that changes the line of a machine.
const ILL: &str = r#"World(
    about: "all are <ill> & \"worse\"",
    seed: 1,
    network: (delay_us: (2000, 9000)),
    clients: [Person(5000), Raw(5001), Raw(5002)],
    steps: [
        (10, Type(0, "JOIN ann")),
        (20, Connect(1)),
        (30, Cut(0, Both)),
        (40, Type(0, "can you <hear> me & 'him'?")),
        (50, Heal(0)),
        (60, Pause(Client(1), 15)),
        (70, Vanish(2)),
        (80, Connect(2)),
        (90, Crash),
        (110, Start),
        (115, Vanish(2)),
        (120, Cut(0, Up)),
        (130, Pause(Server, 1000)),
        (140, Type(0, "JOIN")),
    ],
)"#;

fn ill() -> (World, Played) {
    let world = file::read(ILL).unwrap();
    let played = play(&world, true);
    (world, played)
}

/// The ill world, with other moments.
fn with(moments: Vec<Moment>) -> String {
    let (world, mut played) = ill();
    played.trace.moments = moments;
    chart::html(&world, &played)
}

fn note(lane: usize, at: u64, kind: Kind, text: &str) -> Moment {
    let text = text.into();
    Moment::Note {
        lane,
        at,
        kind,
        text,
    }
}

fn arrow((from, to): (usize, usize), sent: u64, fate: Fate, text: &str) -> Moment {
    Moment::Arrow {
        from,
        to,
        sent,
        fate,
        text: text.into(),
    }
}

/// Drawn worlds that are not too long to be charted whole.
fn drawn() -> impl Iterator<Item = (Played, String)> {
    let chart_of = |seed| {
        let world = draw(seed, None, false);
        let played = play(&world, true);
        let page = chart::html(&world, &played);
        (played, page)
    };
    let is_whole = |(_, page): &(Played, String)| !page.contains("class=\"left-out\"");
    (0..24).map(chart_of).filter(is_whole)
}

/// What stands between the two, wherever that is.
fn all<'a>(page: &'a str, before: &str, after: &str) -> Vec<&'a str> {
    let parts = page.split(before).skip(1);
    parts
        .map(|part| part.split_once(after).expect("an end").0)
        .collect()
}

/// Every tag is closed in its turn, every quote as well, and what is no tag has none of its signs.
fn check_form(page: &str) {
    let page = page.strip_prefix("<!DOCTYPE html>\n").expect("a doctype");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some((text, tag)) = rest.split_once('<') {
        check_text(text);
        let mut is_quoted = false;
        let end = tag.find(|c| {
            is_quoted ^= c == '"';
            assert!(c != '<' || is_quoted, "a tag in a tag: <{tag:.80}");
            c == '>' && !is_quoted
        });
        let (tag, after) = tag.split_at(end.expect("an end of a tag"));
        rest = &after[1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "before {rest:.80}");
        } else if !tag.ends_with('/') {
            open.push(tag.split_once(' ').map_or(tag, |(name, _)| name));
        }
        for value in tag.split('"').skip(1).step_by(2) {
            check_text(value);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    assert_eq!(rest.trim(), "");
}

fn check_text(text: &str) {
    assert!(!text.contains('<'), "{text}");
    let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
    for (at, _) in text.match_indices('&') {
        assert!(known.iter().any(|it| text[at..].starts_with(it)), "{text}");
    }
    let is_seen = |c: char| c == '\n' || !c.is_control();
    assert!(text.chars().all(is_seen), "{text:?}");
}

#[test]
fn a_page_is_well_formed_and_needs_nothing_else() {
    for (_, page) in drawn() {
        check_form(&page);
        assert_eq!(page.matches("<svg ").count(), 1);
        assert!(!page.contains("<script"));
        let own = page
            .replace("url(#", "")
            .replace("http://www.w3.org/2000/svg", "");
        for other in ["url(", "http:", "https:", "src=", "@import", "<link"] {
            assert!(!own.contains(other), "{other}");
        }
    }
}

#[test]
fn the_same_makes_the_same() {
    let (world, played) = ill();
    let again = play(&world, true);
    assert_eq!(chart::html(&world, &played), chart::html(&world, &again));
}

#[test]
fn each_machine_that_takes_part_has_one_line() {
    for (played, page) in drawn() {
        let mut lanes = BTreeSet::from([0]);
        for moment in &played.trace.moments {
            match moment {
                Moment::Arrow { from, to, .. } => lanes.extend([*from, *to]),
                Moment::Note { lane, .. } => lanes.extend([*lane]),
            }
        }
        assert_eq!(all(&page, "<g class=\"lane\">", "</g>").len(), lanes.len());
        assert_eq!(all(&page, "class=\"head\"", "</span>").len(), lanes.len());
    }
    let (world, played) = ill();
    let page = chart::html(&world, &played);
    let titles = all(&page, "<g class=\"lane\"><title>", "</title>");
    assert_eq!(titles, ["server", "person 0", "raw 1", "raw 2"]);
    assert!(page.contains("person 0 <small>:5000</small>"));
    let alone = with(vec![note(3, 5, Kind::Did, "connect")]);
    let titles = all(&alone, "<g class=\"lane\"><title>", "</title>");
    assert_eq!(titles, ["server", "raw 2"]);
    let ends = with(vec![
        arrow((0, 2), 1, Fate::Arrived(2), ""),
        arrow((3, 0), 1, Fate::Arrived(2), ""),
    ]);
    let titles = all(&ends, "<g class=\"lane\"><title>", "</title>");
    assert_eq!(titles, ["server", "raw 1", "raw 2"]);
}

/// How many pieces the arrows of a class stand for, by their titles.
fn pieces(page: &str, class: &str) -> usize {
    let arrows = all(
        page,
        &format!("<g class=\"arrow {class}\"><title>"),
        "</title>",
    );
    let count = |title: &&str| {
        let second = title.lines().nth(1).expect("times");
        let number = second.strip_suffix(" pieces")?.rsplit(", ").next()?;
        Some(number.parse::<usize>().expect("a number"))
    };
    arrows.iter().map(|title| count(title).unwrap_or(1)).sum()
}

#[test]
fn every_arrow_is_there_lost_or_not() {
    let mut lost_ones = 0;
    for (played, page) in drawn() {
        let count = |up: bool, lost: bool| {
            let is = |moment: &&Moment| {
                matches!(moment, Moment::Arrow { from, to, fate, .. }
                    if (to < from) == up && (*fate == Fate::Lost) == lost)
            };
            played.trace.moments.iter().filter(is).count()
        };
        assert_eq!(pieces(&page, "up"), count(true, false));
        assert_eq!(pieces(&page, "down"), count(false, false));
        assert_eq!(pieces(&page, "up lost"), count(true, true));
        assert_eq!(pieces(&page, "down lost"), count(false, true));
        let crosses = page.matches("class=\"cross\"").count();
        assert_eq!(crosses, page.matches(" lost\"><title>").count());
        lost_ones += crosses;
    }
    assert!(lost_ones > 0, "no drawn world loses anything");
}

#[test]
fn every_note_is_there() {
    for (played, page) in drawn() {
        let kinds = [
            (Kind::Did, "did"),
            (Kind::Shown, "shown"),
            (Kind::Transcript, "transcript"),
            (Kind::State, "state"),
            (Kind::Fault, "fault"),
        ];
        for (kind, class) in kinds {
            let is = |m: &&Moment| matches!(m, Moment::Note { kind: k, .. } if *k == kind);
            let noted = played.trace.moments.iter().filter(is).count();
            let boxes = all(&page, &format!("<g class=\"note {class}\">"), "</g>");
            // One that stands for several says so.
            let stands_for = |text: &&str| {
                let more = text.split_once(">and ")?.1.split_once(" more</text>")?.0;
                Some(more.parse::<usize>().expect("a number"))
            };
            let drawn: usize = boxes.iter().map(|it| stands_for(it).unwrap_or(1)).sum();
            assert_eq!(drawn, noted, "{class}");
        }
    }
}

#[test]
fn many_notes_at_once_are_few_boxes() {
    let texts = (0..9).map(|n| format!("line {n}"));
    let notes = texts.map(|text| note(1, 5, Kind::Shown, &text));
    let page = with(notes.collect());
    let boxes = all(&page, "<g class=\"note shown\">", "</g>");
    assert_eq!(boxes.len(), 6);
    assert!(boxes[5].contains(">and 4 more</text>"));
    assert!(boxes[5].contains("line 5\nline 6\nline 7\nline 8</title>"));
}

/// The ends of every arrow.
fn shafts(page: &str) -> Vec<[usize; 4]> {
    let ends = all(page, "<path class=\"shaft\" d=\"M", "\"");
    let numbers = ends.iter().map(|ends| {
        let numbers = ends.split([' ', 'L']).map(|n| n.parse().expect("a number"));
        let numbers: Vec<usize> = numbers.collect();
        numbers.try_into().expect("two ends")
    });
    numbers.collect()
}

#[test]
fn time_runs_downwards() {
    let at_once = with(vec![arrow((1, 0), 5, Fate::Arrived(5), "at once")]);
    assert!(shafts(&at_once).iter().all(|[_, from, _, to]| from < to));
    for (_, page) in drawn() {
        for [_, from, _, to] in shafts(&page) {
            assert!(from > 0 && from < to, "from {from} to {to}");
        }
        let (_, times) = page.split_once("<div class=\"times\">").expect("times");
        let (times, _) = times.split_once("</div>").expect("an end");
        let mut last = None;
        for row in all(times, "<span style=\"top:", "</span>") {
            let (y, at) = row.split_once("px\">").expect("a time");
            let (at, y): (f64, usize) = (at.parse().expect("ms"), y.parse().expect("px"));
            if let Some((before, above)) = last {
                assert!(
                    at > before && y >= above + 15,
                    "{before}, {at} at {above}, {y}"
                );
            }
            last = Some((at, y));
        }
    }
}

#[test]
fn a_chopped_stream_is_one_arrow() {
    let page = with(vec![
        arrow((1, 0), 10, Fate::Arrived(20), "JO"),
        arrow((1, 0), 10, Fate::Arrived(20), "IN\\n"),
        arrow((1, 0), 10, Fate::Arrived(20), ""),
        arrow((1, 0), 10, Fate::Arrived(21), "later"),
        arrow((2, 0), 10, Fate::Arrived(21), "another"),
    ]);
    let arrows = all(&page, "<g class=\"arrow up\"><title>", "</title>");
    assert_eq!(
        arrows,
        [
            "person 0 → server\nsent 0.010 ms, arrived 0.020 ms, 3 pieces\nJOIN\\n (end)",
            "person 0 → server\nsent 0.010 ms, arrived 0.021 ms\nlater",
            "raw 1 → server\nsent 0.010 ms, arrived 0.021 ms\nanother",
        ]
    );
    assert!(page.contains("</title>JOIN↵ (end)</text>"));
}

#[test]
fn a_lost_arrow_ends_halfway() {
    let page = with(vec![
        note(1, 0, Kind::Did, "connect"),
        arrow((0, 1), 10, Fate::Lost, "down"),
        arrow((1, 0), 20, Fate::Lost, "up"),
        arrow((0, 1), 30, Fate::Arrived(40), "whole"),
    ]);
    let [[x1, _, x2, _], [x3, _, x4, _], [x5, _, x6, _]] = shafts(&page)[..] else {
        panic!("three arrows are wanted");
    };
    // The one that arrives is drawn first.
    let half = usize::midpoint(x1, x2);
    assert_eq!([x3, x4, x5, x6], [x1, half, x2, half]);
}

#[test]
fn what_is_under_way_when_all_ends_is_there_and_not_lost() {
    let page = with(vec![
        note(1, 0, Kind::Did, "connect"),
        arrow((1, 0), 10, Fate::UnderWay, "asked"),
        note(0, 20, Kind::Broken, "too late"),
    ]);
    check_form(&page);
    let title = "person 0 → server\nsent 0.010 ms, still under way at the end\nasked";
    assert!(page.contains(&format!("<g class=\"arrow up under-way\"><title>{title}<")));
    assert!(!page.contains("class=\"cross\""));
}

#[test]
fn lines_show_what_is_ill() {
    let (world, played) = ill();
    let page = chart::html(&world, &played);
    let ill = all(&page, "<g class=\"ill ", "</title>");
    assert_eq!(
        ill,
        [
            "gone\"><title>server: crash, from 90.000 ms to 110.000 ms",
            // At the last step all is mended.
            "still\"><title>server: stands still for 1000 ms, from 130.000 ms to 140.000 ms",
            "cut\"><title>person 0: cut: Both, from 30.000 ms to 50.000 ms",
            "cut\"><title>person 0: cut: Up, from 120.000 ms to 140.000 ms",
            "still\"><title>raw 1: stands still for 15 ms, from 60.000 ms to 75.000 ms",
            "gone\"><title>raw 2: vanish, from 70.000 ms to 80.000 ms",
            "gone\"><title>raw 2: vanish, from 115.000 ms to the end",
        ]
    );
    assert!(page.contains("<g class=\"calm\">"));
}

#[test]
fn a_broken_promise_stands_out() {
    let (world, mut played) = ill();
    let page = chart::html(&world, &played);
    assert!(page.contains("Every invariant was kept"));
    assert!(!page.contains("id=\"broken\""));

    let (invariant, why) = (Invariant::NoEcho, "person 0 was sent <\"x\">".to_string());
    let text = format!("{invariant}: {why}");
    played
        .trace
        .moments
        .push(note(0, 99_000_000, Kind::Broken, &text));
    let at = 99_000_000;
    played.broken = Some(Broken { invariant, why, at });
    let page = chart::html(&world, &played);
    check_form(&page);
    assert!(!page.contains("Every invariant was kept"));
    assert!(page.contains("<a href=\"#broken\">at 99000.000 ms</a>"));
    let band = &all(&page, "id=\"broken\">", "</g>");
    let [band] = band[..] else {
        panic!("one band is wanted");
    };
    assert!(band.contains("BROKEN: no echo</text>"));
    for text in [
        invariant.sentence(),
        "person 0 was sent &lt;&quot;x&quot;&gt;",
    ] {
        assert_eq!(
            page.matches(text).count(),
            2 + usize::from(text.starts_with('p'))
        );
        assert!(band.contains(text));
    }
}

#[test]
fn no_text_is_markup() {
    let evil = "</title></svg><script>alert(\"'&'\")</script>\u{202e}\u{1b}";
    let (mut world, mut played) = ill();
    world.about = evil.into();
    world.breaks = Some(evil.into());
    let kinds = [
        Kind::Did,
        Kind::Shown,
        Kind::Transcript,
        Kind::State,
        Kind::Fault,
        Kind::Broken,
    ];
    for kind in kinds {
        played.trace.moments.push(note(1, 99_000_000, kind, evil));
    }
    for fate in [Fate::Lost, Fate::UnderWay, Fate::Arrived(99_000_000)] {
        played
            .trace
            .moments
            .push(arrow((1, 0), 98_000_000, fate, evil));
    }
    played.broken = Some(Broken {
        invariant: Invariant::NoPanic,
        why: evil.into(),
        at: 99_000_000,
    });
    let page = chart::html(&world, &played);
    check_form(&page);
    assert!(!page.contains("<script"));
    assert!(!page.contains(['\u{202e}', '\u{1b}']));
    assert!(page.matches("&lt;script&gt;").count() >= 2 + 1 + 1 + 6 + 6);
}

#[test]
fn only_the_last_of_very_many_are_drawn() {
    let many = (0..3000).map(|n| note(1 + n % 3, 10 * n as u64, Kind::Did, "x"));
    let mut moments: Vec<Moment> = many.collect();
    // Pieces of one arrow are drawn as one, and left out as many.
    moments.splice(0..0, vec![arrow((1, 0), 0, Fate::Arrived(0), "y"); 234]);
    moments.push(arrow((1, 0), 5, Fate::Arrived(30_000), "from before"));
    let page = with(moments);
    check_form(&page);
    assert!(page.contains("The 1,235 moments before 10.010 ms are left out."));
    assert_eq!(all(&page, "<g class=\"note did\">", "</g>").len(), 1999);
    assert!(page.contains("sent 0.005 ms, arrived 30.000 ms\nfrom before"));
    assert!(with(Vec::new()).contains("Nothing was kept"));
}
