//! A client that comes back, as PROTOCOL.md asks it to.

use super::ledger::Ledger;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

/// The pause after a connection that ended without a word.
const PAUSE: Duration = Duration::from_millis(200);

/// What is looked at of a line.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    seq: Option<u64>,
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    head: Option<u64>,
    session: Option<&'a str>,
    epoch: Option<&'a str>,
    resumed: Option<bool>,
    retry_after_ms: Option<u64>,
}

pub(super) struct Client {
    number: u32,
    address: SocketAddr,
    ledger: Rc<Ledger>,
    /// How often it says something.
    every: Option<Duration>,
    next: Instant,
    said: u64,
    unaccepted: BTreeMap<u64, String>,
    session: Option<(String, String)>,
}

impl Client {
    pub(super) fn new(
        number: u32,
        address: SocketAddr,
        ledger: Rc<Ledger>,
        every: Option<Duration>,
    ) -> Self {
        Self {
            number,
            address,
            ledger,
            every,
            next: Instant::now(),
            said: 0,
            unaccepted: BTreeMap::new(),
            session: None,
        }
    }

    /// Connects, again and again.
    pub(super) async fn live(mut self, free: Rc<Semaphore>) {
        while !self.ledger.is_over() {
            let place = Rc::clone(&free);
            let wait = match self.connect(&place).await {
                Ok(retry) => retry,
                Err(_) => PAUSE,
            };
            sleep(wait).await;
        }
    }

    /// One connection, from its first line to its end; when to come back.
    async fn connect(&mut self, free: &Semaphore) -> io::Result<Duration> {
        let place = free.acquire().await.map_err(io::Error::other)?;
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (reader, mut writer) = stream.into_split();
        let hello = match &self.session {
            None => format!("JOIN {{\"name\":\"m{}\"}}\n", self.number),
            Some((session, epoch)) => format!(
                "JOIN {{\"session\":\"{session}\",\"epoch\":\"{epoch}\",\"after\":{}}}\n",
                self.ledger.last(self.number)
            ),
        };
        writer.write_all(hello.as_bytes()).await?;
        let mut place = Some(place);
        let mut reader = BufReader::with_capacity(4096, reader);
        let mut line = Vec::new();
        let mut retry = PAUSE;
        loop {
            tokio::select! {
                biased;
                read = reader.read_until(b'\n', &mut line) => {
                    if read? == 0 {
                        return Ok(retry);
                    }
                    if let Some(told) = self.takes(&line, &mut writer).await? {
                        retry = told;
                    }
                    if self.session.is_some() {
                        place = None;
                    }
                    line.clear();
                }
                () = sleep_until(self.next), if self.is_to_speak(place.is_none()) => self.speak(&mut writer).await?,
            }
        }
    }

    fn is_to_speak(&self, is_in: bool) -> bool {
        is_in && self.every.is_some() && !self.ledger.is_silent()
    }

    async fn speak(&mut self, writer: &mut OwnedWriteHalf) -> io::Result<()> {
        self.next = Instant::now() + self.every.unwrap_or(PAUSE);
        self.said += 1;
        let id = format!("{}-{}", self.number, self.said);
        let line = format!("{{\"type\":\"say\",\"id\":\"{id}\",\"text\":\"line {id}\"}}\n");
        self.ledger.says();
        self.unaccepted.insert(self.said, line.clone());
        writer.write_all(line.as_bytes()).await
    }

    /// Takes what came; when to come back, if it is told.
    async fn takes(
        &mut self,
        line: &[u8],
        writer: &mut OwnedWriteHalf,
    ) -> io::Result<Option<Duration>> {
        let told: Line<'_> = serde_json::from_slice(line)?;
        match told.kind {
            "welcome" => {
                let is_again = self.session.is_some();
                if let (false, Some(session), Some(epoch)) = (is_again, told.session, told.epoch) {
                    self.session = Some((session.into(), epoch.into()));
                    self.ledger.begins(self.number, told.head.unwrap_or(0));
                }
                self.ledger
                    .came(self.number, is_again, told.resumed == Some(true));
                for line in self.unaccepted.values() {
                    writer.write_all(line.as_bytes()).await?;
                }
            }
            "entry" => {
                let seq = told.seq.unwrap_or(0);
                self.ledger
                    .entry(self.number, seq, line, told.id.as_deref());
            }
            "accepted" => {
                let number = told.id.and_then(|id| id.rsplit_once('-')?.1.parse().ok());
                if number
                    .and_then(|number: u64| self.unaccepted.remove(&number))
                    .is_some()
                {
                    self.ledger.accepted();
                }
            }
            "gap" => self.ledger.gap(),
            "bye" => return Ok(told.retry_after_ms.map(Duration::from_millis)),
            _ => {}
        }
        Ok(None)
    }
}
