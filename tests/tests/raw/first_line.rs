//! What the first line of a connection may be.

use chat_tests::Raw;

use crate::{WELCOME, room};

#[test]
fn join_in_any_case_joins_and_is_not_said() {
    let (server, mut listener) = room();
    for join in ["JOIN", "join", "Join", "jOiN", "JOIN\r"] {
        let mut raw = Raw::first_line(server.address(), join);
        let name = raw.name();
        raw.say("in");
        listener.expect(&format!("{name} has joined the chat"));
        listener.expect(&format!("{name}: in"));
        raw.say("leave");
        raw.expect_end();
        listener.expect(&format!("{name} has left the chat"));
    }
}

#[test]
fn anything_else_joins_and_is_said() {
    let (server, mut listener) = room();
    let mut raw = Raw::first_line(server.address(), "hello, all");
    let name = raw.name();
    listener.expect(&format!("{name} has joined the chat"));
    listener.expect(&format!("{name}: hello, all"));

    let joiner = Raw::first_line(server.address(), "JOINT effort");
    let other = joiner.name();
    raw.expect(&format!("{other} has joined the chat"));
    raw.expect(&format!("{other}: JOINT effort"));
}

#[test]
fn leave_joins_and_leaves() {
    let (server, mut listener) = room();
    let mut raw = Raw::first_line(server.address(), "LEAVE");
    raw.expect_end();
    let name = raw.name();
    listener.expect(&format!("{name} has joined the chat"));
    listener.expect(&format!("{name} has left the chat"));
}

#[test]
fn a_command_joins_and_is_obeyed() {
    let (server, mut listener) = room();
    let mut raw = Raw::first_line(server.address(), "/who");
    raw.expect_start("* ");
    listener.expect(&format!("{} has joined the chat", raw.name()));
    listener.expect_nothing_more();
}

#[test]
fn in_json_opens_the_other_dialect() {
    let (server, mut listener) = room();
    for spoken in [
        r#"JOIN {"version":1,"name":"bot"}"#,
        r#"join {"name":"bot"}"#,
    ] {
        let mut raw = Raw::connect(server.address());
        raw.say(spoken);
        listener.expect("bot has joined the chat");
        raw.say(r#"{"type":"say","text":"hi","id":"1"}"#);
        listener.expect("bot: hi");
        raw.say(r#"{"type":"leave"}"#);
        listener.expect("bot has left the chat");
        let sent = raw.rest();
        assert!(
            sent[0].starts_with(r#"{"type":"welcome","version":1,"#),
            "{}",
            sent[0]
        );
        assert!(
            sent[2].starts_with(r#"{"type":"accepted","id":"1","#),
            "{}",
            sent[2]
        );
    }
    for (spoken, code) in [
        ("JOIN {", "bad_hello"),
        (r#"JOIN {"version":9}"#, "bad_version"),
    ] {
        let mut raw = Raw::connect(server.address());
        raw.say(spoken);
        let sent = raw.rest();
        assert!(sent[0].starts_with(&format!(r#"{{"type":"bye","code":"{code}""#)));
    }
    listener.expect_nothing_more();
}

#[test]
fn of_http_is_refused_and_nothing_is_posted() {
    let (mut server, mut listener) = room();
    for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /say HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\nhello\nleave\n",
        "OPTIONS * HTTP/1.0\r\n\r\n",
    ] {
        let mut raw = Raw::connect(server.address());
        raw.send(request.as_bytes());
        let answer = raw.rest();
        let status = answer.first().map_or("", String::as_str);
        assert!(status.starts_with("HTTP/1.1 400 "), "{answer:?}");
        let body = answer.iter().skip_while(|line| *line != "\r").skip(1);
        let length: usize = body.map(|line| line.len() + 1).sum();
        let header = format!("Content-Length: {length}\r");
        assert!(answer.contains(&header), "{header:?} is not in {answer:?}");
    }
    listener.expect_nothing_more();

    listener.say("leave");
    listener.expect_end();
    server.expect("listener has left the chat");
}

#[test]
fn of_http_that_comes_late_posts_nothing_either() {
    let (server, mut listener) = room();
    let mut raw = Raw::connect(server.address());
    raw.expect(WELCOME);
    raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = raw.rest();
    assert!(
        answer.iter().all(|line| line.starts_with("* ")),
        "{answer:?}"
    );
    listener.expect(&format!("{} has joined the chat", raw.name()));
    listener.expect(&format!("{} has left the chat", raw.name()));
    listener.expect_nothing_more();
}
