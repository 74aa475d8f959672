//! What a program that knows only TCP and lines can count on: the rule of the first line, leaving, what may be said, and
//! names.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use chat_tests::{Raw, Server};

mod commands;
mod first_line;
mod leaving;
mod names;
mod saying;
mod silence;

const WELCOME: &str = "Welcome to the chatroom!";

/// A room with someone in it who hears everything.
fn room() -> (Server, Raw) {
    let mut server = Server::start();
    let listener = Raw::first_line(server.address(), "JOIN listener");
    server.expect("listener has joined the chat");
    (server, listener)
}

/// The documented client, transcribed: it connects, waits for the welcome, then sends what is typed without asking what
/// is on the way, and reads in pieces of 1024 bytes.
#[test]
fn the_documented_client_is_served() {
    let (server, mut listener) = room();
    let mut socket = TcpStream::connect(server.address()).expect("the server accepts");
    let name = format!(
        "USER{}",
        socket.local_addr().expect("it is connected").port()
    );
    let mut piece = [0; 1024];
    let length = socket.read(&mut piece).expect("the server answers");
    assert_eq!(&piece[..length], b"Welcome to the chatroom!\n");

    socket.write_all(b"hi\n").expect("the server reads");
    socket.write_all(b"leave\n").expect("the server reads");
    assert_eq!(socket.read(&mut piece).expect("the server ends"), 0);
    socket.shutdown(Shutdown::Both).ok();
    for line in [" has joined the chat", ": hi", " has left the chat"] {
        listener.expect(&format!("{name}{line}"));
    }
}
