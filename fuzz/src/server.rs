//! The server: connections, sockets and time, in any order.

mod play;
mod script;

use play::Play;

/// Plays a script against a [`Server`](chat_core::Server), as its shell would, and holds it against
/// the [reference model](chat_sim::model).
///
/// `data` is a script, one step a line; any bytes are one. Peers are named by letters, in the
/// order in which they were accepted. After each step comes one round of the shell: a timeout if
/// one is due, one pass of writing, the transcript, the actions.
///
/// | step | what happens |
/// |---|---|
/// | `+5000` | a connection from port 5000 is accepted |
/// | `a:text` | peer `a` sends a line |
/// | `a.one\|two` | peer `a` sends bytes in one chunk; `\|` is the end of a line in them |
/// | `a*5000 x` | peer `a` sends a line of 5000 bytes, of `x` over and over |
/// | `a!` | peer `a` closes its side |
/// | `a~` | the connection of `a` fails |
/// | `a=10` | the socket of `a` takes 10 bytes from now on; `a=` any number; `a=x` it fails instead |
/// | `a?` | the socket of `a` is called writable though it takes no more than before |
/// | `@` | time goes to the next deadline; `@10` goes on by 10 ms |
/// | `-10` | the clock is 10 ms behind in this step |
/// | `^` | the server stops |
/// | `>` | rounds until nothing is due |
/// | `_` before a step | no round after it |
/// | `%c 3` | before the first connection, sets a limit: `c`onnections, `r`efusals, `b`ehind, `p`rivate, `d`etours, batch (`q`), pass (`m`), `t`ranscript |
/// | `%l 1` | the screen is read only once a round |
/// | `%w 1` | all peers are written to in one round |
///
/// At the end, unless the script stopped the server, all sockets take everything and all lines
/// have to be delivered; then it stops, and everything has to end in time.
///
/// The properties are the invariants of [`chat_sim::Invariant`] that concern a server.
///
/// # Panics
/// When a property does not hold.
pub fn check(data: &[u8]) {
    let mut play = Play::new(data);
    for line in data.split(|b| *b == b'\n') {
        let (quiet, line) = match line.strip_prefix(b"_") {
            Some(line) => (true, line),
            None => (false, line),
        };
        let Some(step) = script::Step::parse(line) else {
            continue;
        };
        if play.step(step) && !quiet {
            play.round();
        }
        if play.is_over() {
            return;
        }
    }
    play.finale();
}
