use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::DEADLINE;

/// A bare socket: what `nc`, a script, or a hostile program would open.
pub struct Raw {
    stream: TcpStream,
    received: Vec<u8>,
    taken: usize,
}

impl Raw {
    /// Connects and says nothing.
    pub fn connect(server: SocketAddr) -> Self {
        Self::over(TcpStream::connect_timeout(&server, DEADLINE).expect("the server accepts"))
    }

    /// Speaks over a stream that is connected already.
    pub fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a socket has options");
        stream
            .set_write_timeout(Some(DEADLINE))
            .expect("a socket has options");
        Self {
            stream,
            received: Vec::new(),
            taken: 0,
        }
    }

    /// Connects, joins at once, and waits for the welcome.
    pub fn join(server: SocketAddr) -> Self {
        Self::first_line(server, "JOIN")
    }

    /// Connects, says `line` at once, and waits for the welcome.
    pub fn first_line(server: SocketAddr, line: &str) -> Self {
        let mut raw = Self::connect(server);
        raw.say(line);
        raw.expect("Welcome to the chatroom!");
        raw
    }

    /// The name that the server gives it if it asks for no other.
    pub fn name(&self) -> String {
        format!("USER{}", self.address().port())
    }

    /// Its own address.
    pub fn address(&self) -> SocketAddr {
        self.stream.local_addr().expect("a socket has an address")
    }

    /// The socket.
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends one line.
    pub fn say(&mut self, line: &str) {
        self.send(format!("{line}\n").as_bytes());
    }

    /// Sends bytes as they are.
    #[track_caller]
    pub fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// The next line, without its ending.
    #[track_caller]
    pub fn line(&mut self) -> String {
        match self.next(DEADLINE) {
            Some(line) => line,
            None => panic!("the server closed the connection of {}", self.address()),
        }
    }

    /// Asserts that the next line is `wanted`.
    #[track_caller]
    pub fn expect(&mut self, wanted: &str) {
        assert_eq!(self.line(), wanted);
    }

    /// Asserts that the next line is `wanted` up to its own length.
    #[track_caller]
    pub fn expect_start(&mut self, wanted: &str) {
        let line = self.line();
        assert!(line.starts_with(wanted), "{line:?} is not {wanted:?} …");
    }

    /// Asserts that nothing has been received that was not read yet: the answer to a question asked now comes next.
    #[track_caller]
    pub fn expect_nothing_more(&mut self) {
        self.say("/nothing-more");
        self.expect_start("* Unknown command /nothing-more");
    }

    /// Whether `wanted` is among the lines that the server has sent and that were not read yet. Reads them all.
    #[track_caller]
    pub fn has_heard(&mut self, wanted: &str) -> bool {
        self.say("/all-read");
        let mut heard = false;
        loop {
            let line = self.line();
            if line.starts_with("* Unknown command /all-read") {
                return heard;
            }
            heard |= line == wanted;
        }
    }

    /// Reads to the end of the connection, orderly or not, and returns the lines that came before it.
    pub fn rest(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = self.next(DEADLINE) {
            lines.push(line);
        }
        lines
    }

    /// Asserts that the server ends the connection, and says nothing more.
    #[track_caller]
    pub fn expect_end(&mut self) {
        assert_eq!(self.rest(), Vec::<String>::new());
    }

    /// Says that nothing more will be sent, and goes on reading.
    pub fn end_sending(&mut self) {
        self.stream
            .shutdown(Shutdown::Write)
            .expect("a connected socket can be shut down");
    }

    /// Ends the connection with a reset: no farewell, and nothing more is read.
    pub fn reset(self) {
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .expect("a socket has options");
    }

    /// The next line, or `None` at the end of the connection.
    #[track_caller]
    fn next(&mut self, patience: Duration) -> Option<String> {
        let end = Instant::now() + patience;
        let mut searched = self.taken;
        loop {
            if let Some(length) = self.received[searched..]
                .iter()
                .position(|byte| *byte == b'\n')
            {
                let line = self.received[self.taken..searched + length].to_vec();
                self.taken = searched + length + 1;
                return Some(String::from_utf8(line).expect("the server speaks UTF-8"));
            }
            self.received.drain(..self.taken);
            self.taken = 0;
            searched = self.received.len();

            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited {patience:?} for a line");
            if !self.receive(left) {
                let cut = String::from_utf8_lossy(&self.received);
                assert_eq!(cut, "", "the server ended in the middle of a line");
                return None;
            }
        }
    }

    /// Waits for more bytes; `false` at the end of the connection.
    fn receive(&mut self, patience: Duration) -> bool {
        self.stream
            .set_read_timeout(Some(patience))
            .expect("a socket has options");
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(length) => {
                self.received.extend_from_slice(&chunk[..length]);
                true
            }
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => true,
                ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted => false,
                _ => panic!("cannot read: {error}"),
            },
        }
    }
}
