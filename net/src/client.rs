//! The client's shell: a keyboard, a screen, and one connection at a time.

use chat_core::{
    Client, ClientAction, ClientInput, Command, Line, LineReader, MAX_LINE, Memory, Outcome,
    Timestamp,
};
use std::future::{Future, pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// How long telling the server that nobody looks any more may take.
const PARTING: Duration = Duration::from_millis(100);

/// What comes from the keyboard, or from a pipe in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Bytes were typed; lines may be chunked in any way.
    Bytes(Vec<u8>),
    /// This is to be said as it is, although it may look like a command. It stands between two lines.
    Said(String),
    /// The person wants to know no more than who can be named. It stands between two lines.
    Names,
    /// The input ended.
    End,
}

/// What ends a client from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// As `LEAVE` does: once everything said is accepted. A second one does not wait for that.
    Leave,
    /// At once (`Ctrl-C`): the first one leaves the room, a second one does not wait for that.
    Interrupt,
}

/// Where a person looks.
pub trait Screen {
    /// Whether more can be shown. While not, nothing more is read from the server.
    ///
    /// # Errors
    /// When the screen cannot be written to; the client ends with this error.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Whether everything shown so far is where it can be seen, whatever becomes of the program.
    ///
    /// # Errors
    /// As for [`Screen::poll_ready`].
    fn poll_shown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Asks for something, in a line that is not ended: the answer is typed after it.
    ///
    /// # Errors
    /// As for [`Screen::poll_ready`].
    fn prompt(&mut self, text: &str) -> io::Result<()>;

    /// Shows a line from the room. It is safe to print.
    ///
    /// # Errors
    /// As for [`Screen::poll_ready`].
    fn line(&mut self, text: &str) -> io::Result<()>;

    /// Shows a line from the room, and when it happened: in milliseconds since the Unix epoch. A
    /// screen that shows no times shows the line alone.
    ///
    /// # Errors
    /// As for [`Screen::poll_ready`].
    fn line_at(&mut self, text: &str, at: u64) -> io::Result<()> {
        let _ = at;
        self.line(text)
    }

    /// Takes note of who is in the room, in a line as the answer to `/who`; it is not to be shown. A screen that completes no
    /// names has no use for it.
    fn names(&mut self, roster: &str) {
        let _ = roster;
    }

    /// How long it is until the next connection is tried, in whole seconds; `None` while that is
    /// nothing that is waited for. Called at least once a second while it is.
    ///
    /// # Errors
    /// As for [`Screen::poll_ready`].
    fn countdown(&mut self, seconds: Option<u64>) -> io::Result<()> {
        let _ = seconds;
        Ok(())
    }

    /// Shows a message that is not from the room; it begins with `* `.
    ///
    /// # Errors
    /// As for [`Screen::poll_ready`].
    fn notice(&mut self, text: &str) -> io::Result<()>;
}

/// Where a client keeps what it remembers from run to run.
pub trait Keep {
    /// Keeps this in place of what was kept before: it is there when this returns, whatever happens
    /// to the machine.
    ///
    /// # Errors
    /// When that cannot be; the client ends with this error.
    fn keep(&mut self, memory: &Memory) -> io::Result<()>;
}

/// A number that no other client has, for [`Setup::seed`](chat_core::Setup::seed).
///
/// # Errors
/// When the system has none to give.
pub fn seed() -> io::Result<u64> {
    getrandom::u64().map_err(io::Error::other)
}

/// Runs a client to its end: connects when it says so, and passes lines on in both directions.
///
/// `connect` is called for each connection. What comes on `stops` ends the client. No more than one
/// chunk of `input`, if there is any, is taken before the one before it has been sent on.
///
/// # Errors
/// When the screen cannot be written to, or what is to be kept cannot be kept.
#[expect(clippy::too_many_lines, reason = "one loop that has each event once")]
pub async fn run<S, F>(
    client: &mut dyn Client,
    mut connect: impl FnMut() -> F,
    mut input: Option<Receiver<Input>>,
    stops: &mut Receiver<Stop>,
    screen: &mut impl Screen,
    keep: &mut dyn Keep,
) -> io::Result<Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = io::Result<S>>,
{
    let origin = Instant::now();
    let now = || {
        let elapsed = origin.elapsed().as_micros();
        Timestamp::from_micros(u64::try_from(elapsed).unwrap_or(u64::MAX))
    };
    let mut connecting: Option<Pin<Box<F>>> = None;
    let mut reading: Option<ReadHalf<S>> = None;
    let mut writing: Option<WriteHalf<S>> = None;
    let mut keyboard = Keyboard::default();
    let mut finishing = false;
    // The stream took something that the system may not have yet.
    let mut unflushed = false;
    let mut buffer = vec![0; 16 * 1024];
    // Something was shown, and may still be on its way to be seen.
    let mut unseen = false;
    // Whoever ends the program is not to wait for a screen that is stuck.
    let mut ending = false;
    let result = async {
        loop {
            // While the screen is stuck nothing is read, so that no answer can be missed, and what is
            // typed may lead to more that is to be shown.
            let is_stuck = poll_fn(|cx| Poll::Ready(screen.poll_ready(cx))).await;
            let is_stuck = match is_stuck {
                Poll::Ready(ready) => {
                    ready?;
                    false
                }
                Poll::Pending => true,
            };
            if !is_stuck {
                keyboard.type_into(client, now(), screen)?;
            }
            while let Some(action) = client.poll_action() {
                match action {
                    ClientAction::Prompt(text) => screen.prompt(text)?,
                    ClientAction::Show(text) => {
                        unseen = true;
                        screen.line(&text)?;
                    }
                    ClientAction::ShowAt(text, at) => {
                        unseen = true;
                        screen.line_at(&text, at)?;
                    }
                    ClientAction::Notice(text) => screen.notice(&text)?,
                    ClientAction::Connect => connecting = Some(Box::pin(connect())),
                    ClientAction::Disconnect => {
                        (connecting, reading, writing) = (None, None, None);
                        (finishing, unflushed) = (false, false);
                    }
                    ClientAction::Finish => finishing = true,
                    ClientAction::Keep(memory) => {
                        keep.keep(&memory)?;
                        client.handle(now(), ClientInput::Kept);
                    }
                    ClientAction::End(outcome) => return Ok(outcome),
                }
            }
            if let Some(roster) = client.poll_names() {
                screen.names(&roster);
            }
            if finishing && client.unsent().is_empty() {
                finishing = false;
                if let Some(mut stream) = writing.take() {
                    // If this fails, reading will tell.
                    let _: io::Result<()> = stream.shutdown().await;
                }
            }
            let next_try = client.next_try().map(|at| at.since(now()));
            let seconds = next_try.map(|left| left.as_secs() + u64::from(left.subsec_nanos() > 0));
            screen.countdown(seconds)?;
            let unsent = !client.unsent().is_empty();
            // What the server says cannot be heard meanwhile, so that it cannot be late.
            let deadline = client.next_timeout().filter(|_| !is_stuck || ending);
            let deadline = deadline.map(|d| sleep_until(origin + Duration::from_micros(d.as_micros())));
            let tick = next_try.map(|left| sleep(Duration::from_nanos(left.subsec_nanos().into())));
            let tick = tick.filter(|_| seconds > Some(1));
            tokio::select! {
                biased;
                stop = stops.recv(), if !stops.is_closed() => {
                    if let Some(stop) = stop {
                        let command = match stop {
                            Stop::Leave if !ending => Command::EndOfInput,
                            _ => Command::Interrupt,
                        };
                        ending = true;
                        // Neither is ever refused.
                        let _: Result<(), _> = client.command(now(), command);
                    }
                }
                made = optional(connecting.as_mut().map(Pin::as_mut)) => {
                    connecting = None;
                    match made {
                        Ok(stream) => {
                            let (r, w) = tokio::io::split(stream);
                            (reading, writing) = (Some(r), Some(w));
                            client.handle(now(), ClientInput::Connected);
                        }
                        Err(error) => client.handle(now(), ClientInput::Failed(&error.to_string())),
                    }
                }
                looked = look(screen, unseen, reading.as_mut(), &mut buffer) => match looked? {
                    Looked::Shown => {
                        unseen = false;
                        client.handle(now(), ClientInput::Shown);
                    }
                    Looked::Read(Ok(0)) => {
                        reading = None;
                        client.handle(now(), ClientInput::Eof);
                    }
                    Looked::Read(Ok(count)) => client.handle(now(), ClientInput::Received(&buffer[..count])),
                    Looked::Read(Err(error)) => {
                        reading = None;
                        client.handle(now(), ClientInput::Lost(&error.to_string()));
                    }
                },
                sent = optional(writing.as_mut().filter(|_| unsent || unflushed).map(|w| send(w, client.unsent()))) => match sent {
                    Ok((count, has_more)) => {
                        unflushed = has_more;
                        if count > 0 {
                            client.sent(now(), count);
                        }
                    }
                    // What the server said last is still to be read; reading will tell the end.
                    Err(_) => writing = None,
                },
                typed = optional(input.as_mut().map(Receiver::recv)), if keyboard.is_idle() && !is_stuck => keyboard.take(typed.unwrap_or(Input::End)),
                () = optional(deadline) => {
                    client.handle(now(), ClientInput::Timeout);
                }
                () = optional(tick) => {} // The countdown goes on.
            }
        }
    }
    .await;
    let result = match result {
        Ok(outcome) => see_it_all(outcome, stops, screen).await.inspect(|outcome| {
            if *outcome != Outcome::Interrupted {
                client.handle(now(), ClientInput::Shown);
            }
        }),
        Err(error) => {
            part(client, writing, now()).await;
            Err(error)
        }
    };
    while let Some(action) = client.poll_action() {
        if let ClientAction::Keep(memory) = action {
            keep.keep(&memory)?;
        }
    }
    result
}

/// Waits until everything is where it can be seen, unless it was, or is, interrupted.
async fn see_it_all(
    outcome: Outcome,
    stops: &mut Receiver<Stop>,
    screen: &mut impl Screen,
) -> io::Result<Outcome> {
    if outcome == Outcome::Interrupted {
        return Ok(outcome);
    }
    tokio::select! {
        biased;
        Some(_) = stops.recv() => Ok(Outcome::Interrupted),
        shown = poll_fn(|cx| screen.poll_shown(cx)) => shown.map(|()| outcome),
    }
}

/// Nobody looks any more: the room is to know.
async fn part<W: AsyncWrite + Unpin>(client: &mut dyn Client, writing: Option<W>, now: Timestamp) {
    let _: Result<(), _> = client.command(now, Command::Interrupt);
    if let Some(mut stream) = writing {
        let leaving = async {
            while !client.unsent().is_empty()
                && let Ok(count @ 1..) = stream.write(client.unsent()).await
            {
                client.sent(now, count);
            }
            // If that fails, nobody is there to be told.
            let _: io::Result<()> = stream.flush().await;
        };
        let _ = timeout(PARTING, leaving).await;
    }
    let _: Result<(), _> = client.command(now, Command::Interrupt);
}

/// Sends as much as the stream takes at once, or, if nothing is left, what it took before: how much it took, and
/// whether some of that is still to be passed on.
async fn send<W: AsyncWrite + Unpin>(stream: &mut W, unsent: &[u8]) -> io::Result<(usize, bool)> {
    if unsent.is_empty() {
        stream.flush().await?;
        return Ok((0, false));
    }
    let count = stream.write(unsent).await?;
    let flushed = poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_flush(cx))).await;
    match flushed {
        Poll::Pending => Ok((count, true)),
        Poll::Ready(flushed) => flushed.map(|()| (count, false)),
    }
}

/// What came of looking.
enum Looked {
    /// Everything shown can be seen.
    Shown,
    /// So much was read from the server.
    Read(io::Result<usize>),
}

/// Looks whether the screen has caught up, if that is of interest, and reads from the server, if
/// there is one, once the screen can show more. The outer failure is the screen's.
async fn look<R: AsyncRead + Unpin>(
    screen: &mut impl Screen,
    unseen: bool,
    mut stream: Option<&mut R>,
    buffer: &mut [u8],
) -> io::Result<Looked> {
    poll_fn(|cx| {
        if unseen && screen.poll_shown(cx)?.is_ready() {
            return Poll::Ready(Ok(Looked::Shown));
        }
        ready!(screen.poll_ready(cx))?;
        let Some(stream) = &mut stream else {
            return Poll::Pending;
        };
        let mut buffer = ReadBuf::new(buffer);
        let read = ready!(Pin::new(stream).poll_read(cx, &mut buffer));
        Poll::Ready(Ok(Looked::Read(read.map(|()| buffer.filled().len()))))
    })
    .await
}

/// `future` where there is one; otherwise nothing, for ever.
async fn optional<F: Future>(future: Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

/// Input on its way to the client: it waits here until the client wants it.
struct Keyboard {
    reader: LineReader,
    bytes: Vec<u8>,
    used: usize,
    said: Option<String>,
    names: bool,
    ended: bool,
    told: bool,
}

impl Default for Keyboard {
    fn default() -> Self {
        Self {
            reader: LineReader::new(MAX_LINE).skipping_mark(),
            bytes: Vec::new(),
            used: 0,
            said: None,
            names: false,
            ended: false,
            told: false,
        }
    }
}

impl Keyboard {
    /// Whether more input can be taken.
    fn is_idle(&self) -> bool {
        self.used == self.bytes.len() && self.said.is_none() && !self.names && !self.ended
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Bytes(bytes) => (self.bytes, self.used) = (bytes, 0),
            Input::Said(text) => self.said = Some(text),
            Input::Names => self.names = true,
            Input::End => {
                self.ended = true;
                if self.reader.is_mid_line() {
                    // The last line of a file need not be ended.
                    (self.bytes, self.used) = (b"\n".to_vec(), 0);
                }
            }
        }
    }

    /// Passes on as many lines as the client wants, then the end.
    fn type_into(
        &mut self,
        client: &mut dyn Client,
        now: Timestamp,
        screen: &mut impl Screen,
    ) -> io::Result<()> {
        while client.wants_input() {
            if std::mem::take(&mut self.names) {
                client.ask_names();
                continue;
            }
            if let Some(text) = self.said.take() {
                if let Err(error) = client.command(now, Command::Say(&text)) {
                    screen.notice(&format!("* {error}"))?;
                }
                continue;
            }
            let mut rest = &self.bytes[self.used..];
            let line: Option<Line<'_>> = self.reader.next(&mut rest);
            self.used = self.bytes.len() - rest.len();
            let Some(line) = line else {
                if self.ended && !self.told {
                    self.told = true;
                    // The end of the input is never refused.
                    let _: Result<(), _> = client.command(now, Command::EndOfInput);
                }
                return Ok(());
            };
            if let Err(error) = client.command(now, Command::Line(line)) {
                screen.notice(&format!("* {error}"))?;
            }
        }
        Ok(())
    }
}
