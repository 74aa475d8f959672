//! A life as a table: what each event does in each phase, as data that the code and PROTOCOL.md share.

/// A row of the table: in a phase, an event, the phase after it, and what is done.
pub type Transition<Phase, Event> = (Phase, Event, Phase, &'static str);

/// The phase after an event, or `None` if there is no row for it: it changes nothing.
pub(crate) fn after<Phase: Copy + PartialEq, Event: PartialEq>(
    table: &[Transition<Phase, Event>],
    phase: Phase,
    event: &Event,
) -> Option<Phase> {
    let row = table.iter().find(|row| row.0 == phase && row.1 == *event);
    row.map(|row| row.2)
}
