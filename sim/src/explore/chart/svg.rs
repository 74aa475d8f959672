//! The drawing.

use super::class;
use super::layout::{ASIDE, Band, IDLE_HEIGHT, LINE, Layout, NOTE, Shaft, Tag};
use super::lines::Ill;
use super::text::{counted, escape, ms};
use crate::explore::file::lane;
use crate::explore::trace::Fate;
use crate::explore::world::World;
use std::fmt::Write as _;

/// All of it, in the order in which one thing covers another.
pub(super) fn draw(world: &World, layout: &Layout<'_>) -> String {
    let (width, height) = (layout.width, layout.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-label=\"sequence chart\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n{HEADS}"
    );
    rows(&mut out, layout);
    lanes(&mut out, world, layout);
    for shaft in layout.arrows.iter().filter(|shaft| !is_lost(shaft)) {
        arrow(&mut out, world, shaft);
    }
    for band in &layout.bands {
        broken(&mut out, band, width);
    }
    for tag in &layout.notes {
        note(&mut out, world, tag);
    }
    for shaft in layout.arrows.iter().filter(|shaft| is_lost(shaft)) {
        arrow(&mut out, world, shaft);
    }
    for shaft in &layout.arrows {
        label(&mut out, world, shaft);
    }
    out.push_str("</svg>\n");
    out
}

/// Heads of arrows.
const HEADS: &str = "<defs>\n\
    <marker id=\"up\" viewBox=\"0 0 10 8\" refX=\"10\" refY=\"4\" markerWidth=\"10\" \
    markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
    <path class=\"head-up\" d=\"M0 0L10 4L0 8z\"/></marker>\n\
    <marker id=\"down\" viewBox=\"0 0 10 8\" refX=\"10\" refY=\"4\" markerWidth=\"10\" \
    markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
    <path class=\"head-down\" d=\"M0 0L10 4L0 8z\"/></marker>\n</defs>\n";

fn is_lost(shaft: &Shaft<'_>) -> bool {
    shaft.arrow.fate == Fate::Lost
}

/// Where something happens, where nothing does, and where the steps end.
fn rows(out: &mut String, layout: &Layout<'_>) {
    let width = layout.width;
    for (y, _) in &layout.idle {
        let (top, height) = (y + 4, IDLE_HEIGHT - 8);
        let _ = writeln!(
            out,
            "<rect class=\"idle\" x=\"0\" y=\"{top}\" width=\"{width}\" height=\"{height}\"/>"
        );
    }
    for row in &layout.rows {
        let _ = writeln!(out, "<path class=\"row\" d=\"M0 {}H{width}\"/>", row.y + 5);
    }
    if let Some(y) = layout.calm {
        let _ = writeln!(
            out,
            "<g class=\"calm\"><path d=\"M0 {y}H{width}\"/><text x=\"8\" y=\"{}\">\
             the last step: faults end, all must come to rest</text></g>",
            y - 4
        );
    }
}

/// The line of each machine.
fn lanes(out: &mut String, world: &World, layout: &Layout<'_>) {
    let height = layout.height;
    for column in &layout.columns {
        let x = column.x;
        let _ = writeln!(
            out,
            "<g class=\"lane\"><title>{}</title><path d=\"M{x} 0V{height}\"/></g>",
            escape(&lane(world, column.lane))
        );
    }
    for (x, (top, bottom), stretch) in &layout.ill {
        let class = match stretch.ill {
            Ill::Cut => "cut",
            Ill::Gone => "gone",
            Ill::Still => "still",
        };
        let until = stretch.until.map(|at| format!("{} ms", ms(at)));
        let until = until.unwrap_or("the end".into());
        let _ = writeln!(
            out,
            "<g class=\"ill {class}\"><title>{}: {}, from {} ms to {}</title>\
             <path class=\"erased\" d=\"M{x} {top}V{bottom}\"/>\
             <path d=\"M{x} {top}V{bottom}\"/></g>",
            escape(&lane(world, stretch.lane)),
            escape(&stretch.fault),
            ms(stretch.from),
            until
        );
    }
}

/// Its class, and all that is to be said of it.
fn about(world: &World, shaft: &Shaft<'_>) -> (String, String) {
    let arrow = &shaft.arrow;
    let way = if arrow.is_up() { "up" } else { "down" };
    let (fate, came) = match arrow.fate {
        Fate::Arrived(at) => ("", format!("arrived {} ms", ms(at))),
        Fate::Lost => (" lost", "lost".into()),
        Fate::UnderWay => (" under-way", "still under way at the end".into()),
    };
    let pieces = match arrow.pieces.len() {
        1 => String::new(),
        pieces => format!(", {}", counted(pieces, "piece")),
    };
    let title = format!(
        "{} → {}\nsent {} ms, {came}{pieces}\n{}",
        lane(world, arrow.from),
        lane(world, arrow.to),
        ms(arrow.sent),
        arrow.text()
    );
    (format!("{way}{fate}"), escape(&title))
}

fn arrow(out: &mut String, world: &World, shaft: &Shaft<'_>) {
    let (class, title) = about(world, shaft);
    let ((x1, y1), (x2, y2)) = (shaft.from, shaft.to);
    let way = format!("M{x1} {y1}L{x2} {y2}");
    let end = if is_lost(shaft) {
        let (left, right, top, bottom) = (x2 - 5, x2 + 5, y2 - 5, y2 + 5);
        format!(
            "/><path class=\"cross\" \
             d=\"M{left} {top}L{right} {bottom}M{left} {bottom}L{right} {top}\"/>"
        )
    } else {
        let head = if shaft.arrow.is_up() { "up" } else { "down" };
        format!(" marker-end=\"url(#{head})\"/>")
    };
    // What is wider than the arrow, and not seen, is easier to point at.
    let _ = writeln!(
        out,
        "<g class=\"arrow {class}\"><title>{title}</title><path class=\"aim\" d=\"{way}\"/>\
         <path class=\"shaft\" d=\"{way}\"{end}</g>"
    );
}

fn label(out: &mut String, world: &World, shaft: &Shaft<'_>) {
    let (class, title) = about(world, shaft);
    let first = if shaft.is_label_first { " first" } else { "" };
    let (x, y) = shaft.label_at;
    let _ = writeln!(
        out,
        "<text class=\"label {class}{first}\" x=\"{x}\" y=\"{y}\"><title>{title}</title>{}</text>",
        escape(&shaft.label)
    );
}

fn note(out: &mut String, world: &World, tag: &Tag<'_>) {
    let Tag {
        note,
        lane_x,
        x,
        y,
        width,
        ..
    } = tag;
    let middle = y + NOTE / 2;
    let end = if x < lane_x {
        lane_x - ASIDE
    } else {
        lane_x + ASIDE
    };
    let _ = writeln!(
        out,
        "<g class=\"note {}\"><title>{}, {} ms\n{}</title>\
         <path d=\"M{lane_x} {middle}H{end}\"/><circle cx=\"{lane_x}\" cy=\"{middle}\" r=\"3\"/>\
         <rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{NOTE}\" rx=\"3\"/>\
         <text x=\"{}\" y=\"{}\">{}</text></g>",
        class(note.kind),
        escape(&lane(world, note.lane)),
        ms(note.at),
        escape(&note.whole()),
        x + 6,
        y + 12,
        escape(&tag.text)
    );
}

fn broken(out: &mut String, band: &Band, width: usize) {
    let Band { y, height, .. } = band;
    let _ = write!(
        out,
        "<g class=\"note broken\" id=\"broken\"><title>{}</title>\
         <rect x=\"0\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>\
         <path d=\"M0 {y}H{width}M0 {}H{width}\"/>",
        escape(&band.text),
        y + height
    );
    for (number, line) in band.lines.iter().enumerate() {
        let _ = write!(
            out,
            "<text x=\"12\" y=\"{}\">{}</text>",
            y + LINE * (number + 1) + 1,
            escape(line)
        );
    }
    out.push_str("</g>\n");
}
