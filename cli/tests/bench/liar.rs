//! A small chat server that lies once.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What it does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    None,
    /// Not a lie: somebody else talks as well.
    Person,
    /// These are about the tenth line that is said.
    Drop,
    Double,
    Reorder,
    Echo,
    Alter,
    Goodbye,
    /// Half of the members hear what one speaker said after what another one said later; the order
    /// of each speaker's lines is kept.
    Diverge,
    /// Nothing that is said is passed on.
    Silent,
    /// It ends when the third member joins.
    Die,
    /// These are about the joining of the third member, and told to the second one.
    DropJoined,
    DoubleJoined,
    /// This is about the leaving of the third member, and told to the first one.
    DropLeft,
}

struct Room {
    lie: Lie,
    said: usize,
    held: Vec<String>,
    members: Vec<(String, TcpStream)>,
}

/// Starts it; the address that it listens on.
pub(crate) fn start(lie: Lie) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let room = Arc::new(Mutex::new(Room {
        lie,
        said: 0,
        held: Vec::new(),
        members: Vec::new(),
    }));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, room) = (stream.unwrap(), Arc::clone(&room));
            thread::spawn(move || serve(stream, &room));
        }
    });
    address
}

fn serve(stream: TcpStream, room: &Mutex<Room>) {
    stream.set_nodelay(true).unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let Some(Ok(first)) = lines.next() else {
        return;
    };
    let name = first.strip_prefix("JOIN ").unwrap().to_string();
    room.lock().unwrap().join(&name, stream);
    for line in lines {
        match line {
            Ok(line) if line != "LEAVE" => room.lock().unwrap().say(&name, &line),
            _ => break,
        }
    }
    room.lock().unwrap().leave(&name);
}

fn write(mut stream: &TcpStream, line: &str) {
    // A member that is gone is found by reading.
    let _ = stream.write_all(format!("{line}\n").as_bytes());
}

impl Room {
    fn join(&mut self, name: &str, stream: TcpStream) {
        write(&stream, "Welcome to the chatroom!");
        self.tell(
            name,
            &format!("{name} has joined the chat"),
            (Lie::DropJoined, Lie::DoubleJoined),
        );
        self.members.push((name.into(), stream));
        if self.lie == Lie::Die && self.members.len() == 3 {
            for (_, stream) in &self.members {
                let _ = stream.shutdown(Shutdown::Both);
            }
        }
    }

    fn leave(&mut self, name: &str) {
        let Some(at) = self.members.iter().position(|(other, _)| other == name) else {
            return;
        };
        let (_, stream) = self.members.remove(at);
        let _ = stream.shutdown(Shutdown::Both);
        self.tell(
            name,
            &format!("{name} has left the chat"),
            (Lie::DropLeft, Lie::None),
        );
    }

    fn tell(&self, name: &str, line: &str, (drop, double): (Lie, Lie)) {
        for (listener, stream) in &self.members {
            let to = if drop == Lie::DropLeft { "-0" } else { "-1" };
            let chosen = name.ends_with("-2") && listener.ends_with(to);
            if chosen && self.lie == drop {
                continue;
            }
            write(stream, line);
            if chosen && self.lie != Lie::None && self.lie == double {
                write(stream, line);
            }
        }
    }

    fn say(&mut self, name: &str, text: &str) {
        self.said += 1;
        let line = format!("{name}: {text}");
        if self.lie == Lie::Diverge {
            return self.diverge(name, line);
        }
        let now = self.said == 10;
        for (listener, stream) in &self.members {
            let chosen = now && listener.ends_with("-1");
            match self.lie {
                Lie::Silent => {}
                Lie::Echo if now && listener == name => write(stream, &line),
                _ if listener == name => {}
                Lie::Drop if chosen => {}
                Lie::Double if chosen => (0..2).for_each(|_| write(stream, &line)),
                Lie::Alter if chosen => write(stream, &line.replace("....", ":-) ")),
                Lie::Reorder if chosen => self.held.push(line.clone()),
                Lie::Goodbye if chosen => {
                    write(stream, "* Goodbye: enough.");
                    let _ = stream.shutdown(Shutdown::Write);
                }
                Lie::Person => {
                    write(stream, "alice: what is going on here?");
                    write(stream, &line);
                }
                _ => write(stream, &line),
            }
            if !now && listener.ends_with("-1") {
                self.held.drain(..).for_each(|held| write(stream, &held));
            }
        }
    }

    fn diverge(&mut self, name: &str, line: String) {
        let is_by = |line: &str, name: &str| line.starts_with(&format!("{name}: "));
        let holds = self.said >= 10 && self.held.iter().all(|held| is_by(held, name));
        for (listener, stream) in &self.members {
            let is_odd = listener.ends_with(['1', '3', '5', '7', '9']);
            if listener != name && !(holds && is_odd) {
                write(stream, &line);
            }
            if !holds && is_odd {
                let held = self.held.iter().filter(|held| !is_by(held, listener));
                held.for_each(|held| write(stream, held));
            }
        }
        if holds {
            self.held.push(line);
        } else if !self.held.is_empty() {
            self.held.clear();
            self.lie = Lie::None;
        }
    }
}
