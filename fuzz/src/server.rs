//! The server: connections, sockets and time, in any order.

mod driver;
mod expect;
mod peer;
mod script;
mod story;
mod watch;

use driver::Driver;

/// Plays a script against a [`Server`](chat_core::Server), as its shell would, and checks it
/// against a model that knows no log and no cursor: what each peer sent, what the screen showed,
/// and what each peer got.
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
/// | `%c 3` | before the first connection, sets a limit: `c`onnections, `r`efusals, `b`ehind, `p`rivate, `d`etours, batch (`q`), `t`ranscript |
/// | `%l 1` | the screen is read only once a round |
/// | `%w 1` | all peers are written to at once, from parcels |
///
/// At the end, unless the script stopped the server, all sockets take everything and all lines
/// have to be delivered; then it stops, and everything has to end in time.
///
/// Properties:
/// - nothing panics; every pass and every row of timeouts ends; no deadline is missed or early;
/// - a peer gets whole lines, without control characters: every entry of the screen from its
///   joining to its leaving but its own, in order and once, with the private lines that its input
///   calls for between the entries where they happened, and nothing else;
/// - a pass leaves nothing to be sent to a peer whose socket takes it; when our side is closed the
///   peer has got everything, nothing is written after that, and nothing is heard of a connection
///   that was closed;
/// - who was cut off has got a prefix of that, up to the end of a line, then `* Goodbye: …` as its
///   last line; who stays until the server stops is told goodbye behind everything else;
/// - what a peer says is on the screen, in its order, under its name, once, and whatever it sent
///   has been acted on when it is read from again;
/// - names are unique in the room, and each peer has the first of those that are its due;
/// - limits hold: connections, bytes behind, private bytes, detours, batch; nobody is cut off who
///   is within them; a stop ends everything within its bound.
///
/// # Panics
/// When a property does not hold.
pub fn check(data: &[u8]) {
    let mut driver = Driver::new(data);
    for line in data.split(|b| *b == b'\n') {
        let (quiet, line) = match line.strip_prefix(b"_") {
            Some(line) => (true, line),
            None => (false, line),
        };
        let Some(step) = script::Step::parse(line) else {
            continue;
        };
        if driver.step(step) && !quiet {
            driver.round();
        }
        if driver.is_over() {
            return;
        }
    }
    driver.finale();
}
