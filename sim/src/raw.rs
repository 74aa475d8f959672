//! A bare socket: what `nc`, a browser or a program of someone else's does.

use std::io;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};

use crate::{
    host::{Origin, connect},
    record::{Kind, Witness},
    scenario::Ending,
};

/// What a raw client is told to do.
#[derive(Debug)]
pub(crate) enum Command {
    Connect,
    Send(Vec<u8>),
    StopReading,
    Read,
    /// Nothing more will be sent; what comes is still read.
    End,
    Close,
}

/// One run: waits to be told to connect, then does as it is told until one
/// side closes.
pub(crate) async fn run(
    mut witness: Witness,
    origin: Origin,
    mut commands: mpsc::Receiver<Command>,
) {
    loop {
        match commands.recv().await {
            Some(Command::Connect) => break,
            Some(other) => witness.event(format!("not connected: {other:?}")),
            None => return,
        }
    }
    let ending = match talk(&mut witness, &origin, &mut commands).await {
        Ok(ending) => ending,
        Err(error) => {
            witness.event(error.to_string());
            Ending::Reset
        }
    };
    witness.flush(Kind::Line);
    witness.end(ending);
}

async fn talk(
    witness: &mut Witness,
    origin: &Origin,
    commands: &mut mpsc::Receiver<Command>,
) -> io::Result<Ending> {
    let (mut reader, mut writer) = tokio::io::split(connect(origin, witness).await?);
    let mut buffer = vec![0; 4096];
    let mut reading = true;
    let mut to_send: Vec<u8> = Vec::new();
    let mut ending = false;
    loop {
        if ending && to_send.is_empty() {
            writer.shutdown().await?;
            ending = false;
        }
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                Some(Command::Connect) => witness.event("connected already".into()),
                Some(Command::Send(bytes)) => to_send.extend_from_slice(&bytes),
                Some(Command::StopReading) => reading = false,
                Some(Command::Read) => reading = true,
                Some(Command::End) => ending = true,
                Some(Command::Close) | None => return Ok(Ending::Gone),
            },
            read = reader.read(&mut buffer), if reading => match read? {
                0 => return Ok(Ending::Closed),
                n => witness.bytes(Kind::Line, &buffer[..n]),
            },
            written = writer.write(&to_send), if !to_send.is_empty() => {
                to_send.drain(..written?);
            }
        }
    }
}
