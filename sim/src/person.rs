//! A person at a terminal: the shipped client, with a screen that is kept.

use chat_core::{Client, JsonClient, Setup, TextClient, Timestamp};
use chat_net::client;
use tokio::sync::mpsc;

use crate::{
    host::{Origin, connect},
    record::{Kind, Witness},
    scenario::{Dialect, Ending},
};

/// One run of the client, from its first prompt to its exit.
pub(crate) async fn run(
    witness: Witness,
    origin: Origin,
    dialect: Dialect,
    keys: mpsc::Receiver<client::Input>,
    mut stops: mpsc::Receiver<client::Stop>,
) {
    let mut screen = witness.clone();
    let dial = || async { connect(&origin, &witness).await };
    let (mut text, mut json);
    let client: &mut dyn Client = match dialect {
        Dialect::Text => {
            text = TextClient::new();
            &mut text
        }
        Dialect::Json => {
            let seed = origin.port.get().unwrap_or_default().into();
            let setup = Setup {
                seed,
                is_private: true,
                ..Setup::default()
            };
            json = JsonClient::new(Timestamp::ZERO, setup);
            &mut json
        }
    };
    match client::run(client, dial, Some(keys), &mut stops, &mut screen, &mut ()).await {
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
