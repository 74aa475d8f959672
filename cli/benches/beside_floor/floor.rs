//! The floor: the least that a server of one room can do, on one thread.
//!
//! All that is read in one wake-up becomes one buffer that all members share; each is written it
//! once, stepping over its own lines. There are no limits, no checks, no transcript.

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Ipv4Addr;
use std::ops::Range;

/// Read at once.
const READ: usize = 256 * 1024;

/// Stretches of the buffer in one write.
const SLICES: usize = 128;

const LISTENER: Token = Token(usize::MAX);

/// Serves one room on a port of the system's choosing, which it prints, until it is killed.
pub(crate) fn serve() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    let mut listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0).into())?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("Listening on {}", listener.local_addr()?);
    let mut room = Room {
        read: vec![0; READ],
        ..Room::default()
    };
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            match event.token() {
                LISTENER => room.accept(&poll, &listener)?,
                Token(slot) => room.serve(slot, event),
            }
        }
        if !room.batch.is_empty() {
            room.deliver();
        }
        room.bury();
    }
}

/// A stretch of the buffer that its speaker is not written.
type Own = (usize, Range<usize>);

#[derive(Default)]
struct Room {
    members: Vec<Option<Member>>,
    free: Vec<usize>,
    read: Vec<u8>,
    /// What everyone is to be written, and whose lines the stretches of it are.
    batch: Vec<u8>,
    own: Vec<Own>,
    gone: Vec<usize>,
}

struct Member {
    stream: TcpStream,
    /// Nobody, until it has joined.
    name: Vec<u8>,
    begun: Vec<u8>,
    /// What its socket did not take.
    rest: Vec<u8>,
    spoke: bool,
    leaves: bool,
}

impl Room {
    fn accept(&mut self, poll: &Poll, listener: &TcpListener) -> io::Result<()> {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            let slot = self.free.pop().unwrap_or_else(|| {
                self.members.push(None);
                self.members.len() - 1
            });
            let interest = Interest::READABLE | Interest::WRITABLE;
            poll.registry()
                .register(&mut stream, Token(slot), interest)?;
            self.members[slot] = Some(Member {
                stream,
                name: Vec::new(),
                begun: Vec::new(),
                rest: Vec::new(),
                spoke: false,
                leaves: false,
            });
        }
    }

    fn serve(&mut self, slot: usize, event: &Event) {
        let Some(member) = &mut self.members[slot] else {
            return;
        };
        if event.is_writable() {
            member.write_rest();
            if member.leaves && member.rest.is_empty() {
                self.gone.push(slot);
            }
        }
        while event.is_readable() && !member.leaves {
            match member.stream.read(&mut self.read) {
                Ok(0) => member.leaves = true,
                Ok(count) => {
                    let mut from = 0;
                    for end in memchr::memchr_iter(b'\n', &self.read[..count]) {
                        let line = &self.read[from..end];
                        from = end + 1;
                        if member.begun.is_empty() {
                            member.line(slot, line, &mut self.batch, &mut self.own);
                        } else {
                            let mut whole = std::mem::take(&mut member.begun);
                            whole.extend_from_slice(line);
                            member.line(slot, &whole, &mut self.batch, &mut self.own);
                        }
                    }
                    member.begun.extend_from_slice(&self.read[from..count]);
                    if count < self.read.len() && !event.is_read_closed() && !member.leaves {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => member.leaves = true,
            }
            if member.leaves {
                member.leave(slot, &mut self.batch, &mut self.own);
                self.gone.push(slot);
            }
        }
    }

    /// One write for each member that is in.
    fn deliver(&mut self) {
        for (slot, member) in self.members.iter_mut().enumerate() {
            let Some(member) = member.as_mut().filter(|member| !member.name.is_empty()) else {
                continue;
            };
            if std::mem::take(&mut member.spoke) {
                member.write_others(slot, &self.batch, &self.own);
            } else {
                member.write(&self.batch);
            }
        }
        self.batch.clear();
        self.own.clear();
    }

    /// Closes the connections of those that have left and were written everything.
    fn bury(&mut self) {
        for slot in std::mem::take(&mut self.gone) {
            if let Some(member) = &mut self.members[slot] {
                member.name.clear();
                if member.rest.is_empty() {
                    self.members[slot] = None;
                    self.free.push(slot);
                }
            }
        }
    }
}

impl Member {
    fn line(&mut self, slot: usize, line: &[u8], batch: &mut Vec<u8>, own: &mut Vec<Own>) {
        let mut at = batch.len();
        if self.name.is_empty() {
            self.name = line.strip_prefix(b"JOIN ").unwrap_or(line).to_vec();
            self.write(b"Welcome to the chatroom!\n");
            batch.extend_from_slice(&self.name);
            batch.extend_from_slice(b" has joined the chat\n");
            // What was before is not for it either.
            at = 0;
        } else if line == b"LEAVE" {
            self.leaves = true;
            return;
        } else {
            batch.extend_from_slice(&self.name);
            batch.extend_from_slice(b": ");
            batch.extend_from_slice(line);
            batch.push(b'\n');
        }
        self.spoke = true;
        match own.last_mut() {
            Some((speaker, last)) if *speaker == slot => last.end = batch.len(),
            _ => own.push((slot, at..batch.len())),
        }
    }

    /// Nothing from here on is for it.
    fn leave(&mut self, slot: usize, batch: &mut Vec<u8>, own: &mut Vec<Own>) {
        if !self.name.is_empty() {
            own.push((slot, batch.len()..usize::MAX));
            self.spoke = true;
            batch.extend_from_slice(&self.name);
            batch.extend_from_slice(b" has left the chat\n");
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        let count = if self.rest.is_empty() {
            self.stream.write(bytes).unwrap_or(0)
        } else {
            0
        };
        self.rest.extend_from_slice(&bytes[count..]);
    }

    fn write_others(&mut self, slot: usize, batch: &[u8], own: &[Own]) {
        let own = own.iter().filter(|(speaker, _)| *speaker == slot);
        let mut slices = [IoSlice::new(&[]); SLICES];
        let (mut used, mut from) = (0, 0);
        let end = batch.len()..batch.len();
        for stretch in own.map(|(_, stretch)| stretch).chain([&end]) {
            if stretch.start > from {
                slices[used] = IoSlice::new(&batch[from..stretch.start]);
                used += 1;
            }
            from = stretch.end;
            if used == SLICES {
                self.write_slices(&slices);
                used = 0;
            }
        }
        if used > 0 {
            self.write_slices(&slices[..used]);
        }
    }

    fn write_slices(&mut self, slices: &[IoSlice<'_>]) {
        let mut count = if self.rest.is_empty() {
            self.stream.write_vectored(slices).unwrap_or(0)
        } else {
            0
        };
        for slice in slices {
            let written = count.min(slice.len());
            count -= written;
            self.rest.extend_from_slice(&slice[written..]);
        }
    }

    fn write_rest(&mut self) {
        while !self.rest.is_empty() {
            let Ok(count) = self.stream.write(&self.rest) else {
                return;
            };
            self.rest.drain(..count);
        }
    }
}
