//! What happened in a world, drawn: a sequence chart as a page of its own.

mod items;
mod layout;
mod lines;
mod svg;
mod text;

use super::file::lane;
use super::trace::{Fate, Kind, Moment};
use super::world::{Client, Op, World};
use super::{Broken, Played};
use layout::Layout;
use std::fmt::Write as _;
use text::{counted, escape, ms};

const STYLE: &str = include_str!("chart/style.css");

/// What happened, as a page of HTML that needs nothing else.
///
/// Each machine is a line from top to bottom, and what goes from one to another an arrow between
/// them. Time runs downwards, but stretches in which nothing happens are short.
pub fn html(world: &World, played: &Played) -> String {
    let layout = Layout::new(world, &played.trace.moments);
    let mut out = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
    out.push_str("<meta charset=\"utf-8\"/>\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n");
    let about = escape(&world.about);
    let _ = writeln!(out, "<title>{about}</title>");
    let _ = writeln!(out, "<style>\n{STYLE}</style>\n</head>\n<body>\n<header>");
    let _ = writeln!(out, "<h1>{about}</h1>");
    let _ = writeln!(out, "<p class=\"facts\">{}</p>", facts(world));
    out.push_str(&verdict(world, played));
    let _ = writeln!(out, "<p class=\"facts\">{}</p>", counts(played));
    out.push_str(&left_out(&layout, played));
    out.push_str(&legend());
    out.push_str("</header>\n<main>\n");
    out.push_str(&heads(world, &layout));
    out.push_str(&times(&layout));
    out.push_str(&svg::draw(world, &layout));
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// What the world is like.
fn facts(world: &World) -> String {
    let is_person = |client: &&Client| matches!(client, Client::Person(_));
    let persons = world.clients.iter().filter(is_person).count();
    let network = &world.network;
    let (least, most) = network.delay_us;
    let pieces = match network.chop {
        0 => "not chopped".into(),
        longest => format!("chopped into {} at most", counted(longest, "byte")),
    };
    [
        format!("seed {}", world.seed),
        counted(persons, "person"),
        counted(world.clients.len() - persons, "raw peer"),
        counted(world.steps.len(), "step"),
        format!("{} to {} ms on the way, {pieces}", ms(least), ms(most)),
        format!("connections hold {}", counted(network.buffer, "byte")),
    ]
    .join(" · ")
}

/// The invariant that is broken, and how, or that none is.
fn verdict(world: &World, played: &Played) -> String {
    let known = world.breaks.as_ref().map_or(String::new(), |invariant| {
        format!("<p>Known to break “{}”.</p>", escape(invariant))
    });
    let Some(Broken { invariant, why, at }) = &played.broken else {
        return format!(
            "<section class=\"verdict\">\n<h2>Every invariant was kept</h2>{known}\n</section>\n"
        );
    };
    format!(
        "<section class=\"verdict is-broken\">\n<h2>Broken: {}</h2>\n\
         <p>Promised: <q>{}</q></p>\n<p class=\"why\">{}</p>\n\
         <p><a href=\"#broken\">at {} ms</a></p>{known}\n</section>\n",
        escape(invariant.name()),
        escape(invariant.sentence()),
        escape(why),
        ms(*at),
    )
}

/// How much there was of everything.
fn counts(played: &Played) -> String {
    let tally = &played.tally;
    let mut arrows = 0;
    let mut lost = 0;
    for moment in &played.trace.moments {
        if let Moment::Arrow { fate, .. } = moment {
            arrows += 1;
            lost += usize::from(*fate == Fate::Lost);
        }
    }
    let mut parts = vec![
        format!("{} s long", ms(tally.simulated / 1000)),
        counted(played.trace.moments.len(), "moment"),
        format!("{} sent, {lost} lost", counted(arrows, "piece")),
        format!("{} delivered", counted(tally.deliveries, "line")),
    ];
    let ops = Op::NAMES.iter().zip(tally.ops.0);
    let ops = ops.filter(|(_, times)| *times > 0);
    let ops: Vec<String> = ops.map(|(name, times)| format!("{name} {times}")).collect();
    if !ops.is_empty() {
        parts.push(format!("steps: {}", ops.join(", ")));
    }
    parts.join(" · ")
}

/// What the chart does not show.
fn left_out(layout: &Layout, played: &Played) -> String {
    if played.trace.moments.is_empty() {
        return "<p class=\"left-out\">Nothing was kept to be drawn.</p>\n".into();
    }
    match layout.left_out {
        0 => String::new(),
        count => format!(
            "<p class=\"left-out\">The {} before {} ms are left out.</p>\n",
            counted(count, "moment"),
            ms(layout.begin),
        ),
    }
}

/// What the colours and lines mean.
fn legend() -> String {
    let marks = [
        ("line up", "to the server"),
        ("line down", "from the server"),
        ("line lost", "lost on the way"),
        ("line under-way", "still under way at the end"),
        ("box did", "typed or done"),
        ("box shown", "shown to a person"),
        ("box transcript", "shown by the server"),
        ("box state", "what became of a connection"),
        ("box fault", "fault, or order to the server"),
        ("lane-mark cut", "cut off"),
        ("lane-mark gone", "dead"),
        ("lane-mark still", "standing still"),
        ("box broken", "an invariant broken"),
    ];
    let mut out = String::from("<ul class=\"legend\">\n");
    for (class, text) in marks {
        let _ = writeln!(out, "<li><i class=\"{class}\"></i>{text}</li>");
    }
    out.push_str("<li><b>↵</b> the end of a line</li>\n");
    out.push_str("<li><b>(end)</b> the sender has closed its side</li>\n");
    out.push_str("<li>time in ms, downwards, not to scale</li>\n");
    out.push_str("<li>shortened texts are whole where the mouse rests</li>\n</ul>\n");
    out
}

/// The names of the machines, which stay in sight.
fn heads(world: &World, layout: &Layout) -> String {
    let mut out = format!(
        "<div class=\"heads\" style=\"width:{}px\">\n<span class=\"unit\">ms</span>\n",
        layout.width
    );
    for column in &layout.columns {
        let client = column.lane.checked_sub(1);
        let port = client.and_then(|who| world.clients.get(who));
        let port = port.map_or(String::new(), |client| match client.address() {
            here if here.ip().is_loopback() => format!(" <small>:{}</small>", here.port()),
            away => format!(" <small>{away}</small>"),
        });
        let _ = writeln!(
            out,
            "<span class=\"head\" style=\"left:{}px\">{}{port}</span>",
            column.x,
            lane(world, column.lane)
        );
    }
    out.push_str("</div>\n");
    out
}

/// The time of each row, and how long nothing happens between them; they stay in sight as well.
fn times(layout: &Layout) -> String {
    let mut out = String::from("<div class=\"times\">\n");
    for row in &layout.rows {
        let top = row.y - 2;
        let _ = writeln!(out, "<span style=\"top:{top}px\">{}</span>", ms(row.at));
    }
    for (y, micros) in &layout.idle {
        let (top, tenths) = (y + 8, micros / 100_000);
        let _ = writeln!(
            out,
            "<span class=\"passed\" style=\"top:{top}px\">⋮ +{}.{} s</span>",
            tenths / 10,
            tenths % 10
        );
    }
    out.push_str("</div>\n");
    out
}

/// The class of a kind of note.
fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Did => "did",
        Kind::Shown => "shown",
        Kind::Transcript => "transcript",
        Kind::State => "state",
        Kind::Fault => "fault",
        Kind::Broken => "broken",
    }
}
