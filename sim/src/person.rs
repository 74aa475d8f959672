//! A person at a terminal: the shipped client, with a screen that is kept.

use chat_net::client;
use tokio::sync::mpsc;

use crate::{
    host::{Origin, connect},
    record::{Kind, Witness},
    scenario::Ending,
};

/// One run of the client, from its first prompt to its exit.
pub(crate) async fn run(
    witness: Witness,
    origin: Origin,
    keys: mpsc::Receiver<client::Input>,
    mut interrupts: mpsc::Receiver<()>,
) {
    let mut screen = witness.clone();
    let dial = || async { connect(&origin, &witness).await };
    match client::run(dial, keys, &mut interrupts, &mut screen).await {
        Ok(outcome) => witness.end(outcome.into()),
        Err(error) => {
            witness.show(Kind::Notice, format!("* {error}").as_bytes());
            witness.end(Ending::Failed);
        }
    }
}

/// A line as the keyboard gives it.
pub(crate) fn line(text: &[u8]) -> client::Input {
    let mut bytes = text.to_vec();
    bytes.push(b'\n');
    client::Input::Bytes(bytes)
}
