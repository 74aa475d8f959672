//! Who hears what, in which order.

use super::world::World;
use chat_core::{CloseReason, Input, Limits, MAX_LINE, MAX_NAME};
use std::time::Duration;

#[test]
fn everyone_hears_everyone_else_in_one_order() {
    let mut w = World::new(Limits::default());
    let [ann, bob, cat] = ["ann", "bob", "cat"].map(|name| w.join(name));
    w.receive(ann, "one\n");
    w.receive(bob, "two\nthree\n");
    w.receive(cat, "LEAVE\n");
    w.receive(ann, "four\n");
    assert_eq!(
        w.look(ann),
        "Welcome to the chatroom!\nbob has joined the chat\ncat has joined the chat\n\
         bob: two\nbob: three\ncat has left the chat\n"
    );
    assert_eq!(
        w.look(bob),
        "Welcome to the chatroom!\ncat has joined the chat\nann: one\ncat has left the chat\nann: four\n"
    );
    assert_eq!(
        w.look(cat),
        "Welcome to the chatroom!\nann: one\nbob: two\nbob: three\n"
    );
    assert_eq!(
        String::from_utf8(w.transcript).unwrap(),
        "ann has joined the chat\nbob has joined the chat\ncat has joined the chat\n\
         ann: one\nbob: two\nbob: three\ncat has left the chat\nann: four\n"
    );
}

#[test]
fn private_lines_stand_where_they_happened() {
    let mut w = World::new(Limits::default());
    let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
    w.look(ann);
    w.limit(ann, 0);
    w.receive(bob, "before\n");
    w.receive(ann, "mine\n/nothing\nmine too\n");
    w.receive(bob, "after\n");
    w.unblock(ann);
    let screen = w.look(ann);
    let lines: Vec<_> = screen.lines().collect();
    assert!(
        matches!(lines[..], ["bob: before", notice, "bob: after"] if notice.starts_with("* Unknown")),
        "{screen}"
    );
}

#[test]
fn a_write_carries_all_that_waits() {
    let mut w = World::new(Limits::default());
    let members: Vec<_> = (0..10).map(|_| w.join("m")).collect();
    w.writes = 0;
    let lines = "hi\n".repeat(1000);
    w.receive(members[0], lines);
    assert_eq!(w.writes, 9, "one for each of the others");
}

#[test]
fn a_name_that_is_taken_is_numbered_and_a_name_that_is_left_is_free() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    let second = w.join("ANN");
    let third = w.join("ann");
    assert_eq!(
        w.look(second),
        "Welcome to the chatroom!\n* The name ANN is taken; you are ANN-2.\nann-3 has joined the chat\n"
    );
    w.receive(ann, "leave\n");
    w.receive(third, "/who\n");
    assert!(w.look(third).ends_with("* In the room (2): ANN-2, ann-3\n"));
    let again = w.join("Ann");
    assert_eq!(w.look(again), "Welcome to the chatroom!\n");
    let longest = "l".repeat(MAX_NAME);
    w.join(&longest);
    let numbered = w.join(&longest);
    w.receive(numbered, "hi\n");
    assert!(
        w.look(again)
            .ends_with(&format!("\n{}-2: hi\n", &longest[2..]))
    );
    let too_long = w.join(&"l".repeat(MAX_NAME + 1));
    assert!(w.look(too_long).contains("You are USER1000."));
}

#[test]
fn what_was_sent_before_the_end_is_heard_to_the_end() {
    let limits = Limits {
        batch: 100,
        ..Limits::default()
    };
    let mut w = World::new(limits);
    let [ann, bob] = ["ann", "bob"].map(|name| w.join(name));
    w.look(ann);
    w.server
        .handle(w.now, Input::Received(bob, "hi\n".repeat(100).as_bytes()));
    w.server.handle(w.now, Input::Eof(bob));
    w.settle();
    assert_eq!(w.look(ann).matches("bob: hi\n").count(), 100);
    assert_eq!(w.closed[&bob], CloseReason::Eof);
}

#[test]
fn a_stopping_server_tells_everyone_and_ends_in_time() {
    let mut w = World::new(Limits::default());
    let [ann, deaf] = ["ann", "deaf"].map(|name| w.join(name));
    let greeting = w.server.accept(w.now, 9).unwrap();
    w.settle();
    w.look(ann);
    w.limit(deaf, 0);
    w.server.handle(w.now, Input::Stop);
    w.settle();
    let goodbye = "* Goodbye: the server is shutting down.\n";
    assert_eq!(w.look(ann), goodbye);
    assert_eq!(w.look(greeting), goodbye);
    assert_eq!(w.server.accept(w.now, 1), None);
    for conn in [ann, greeting] {
        w.server.handle(w.now, Input::Eof(conn));
    }
    w.wait(Duration::from_micros(4_999_999));
    assert_eq!(w.server.connections(), 1);
    w.wait(Duration::from_micros(1));
    assert_eq!(w.server.connections(), 0);
    assert!(!String::from_utf8(w.transcript).unwrap().contains("left"));
}

#[test]
fn an_http_request_posts_nothing() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    let browser = w.server.accept(w.now, 80).unwrap();
    w.receive(browser, "POST / HTTP/1.1\r\nHost: x\r\n\r\nJOIN\nboo\n");
    assert!(w.look(browser).starts_with("HTTP/1.1 400 Bad Request\r\n"));
    assert_eq!(w.look(ann), "");
    let late = w.server.accept(w.now, 80).unwrap();
    w.wait(Duration::from_millis(250));
    w.receive(
        late,
        format!("GET /{} HTTP/1.1\r\nboo\n", "a".repeat(MAX_LINE)),
    );
    assert_eq!(
        w.look(late),
        "Welcome to the chatroom!\n* Goodbye: this is a chat server, not a web server; type JOIN first to say that.\n"
    );
    assert_eq!(
        w.look(ann),
        "USER80 has joined the chat\nUSER80 has left the chat\n"
    );
}
