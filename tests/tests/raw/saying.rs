//! What may be said, and how it arrives.

use chat_tests::{Raw, Server};

use crate::room;

fn pair() -> (Server, Raw, Raw) {
    let (server, mut listener) = room();
    let speaker = Raw::first_line(server.address(), "JOIN speaker");
    listener.expect("speaker has joined the chat");
    (server, speaker, listener)
}

#[test]
fn is_heard_by_everyone_but_the_speaker() {
    let (server, mut speaker, mut listener) = pair();
    let mut third = Raw::join(server.address());
    let joined = format!("{} has joined the chat", third.name());
    speaker.say("hello");
    speaker.expect(&joined);
    speaker.expect_nothing_more();
    listener.expect(&joined);
    listener.expect("speaker: hello");
    third.expect("speaker: hello");
}

#[test]
fn keeps_a_line_as_it_is() {
    let (_server, mut speaker, mut listener) = pair();
    for line in [
        "  indented ",
        "tab\tin it",
        "Grüße, 世界 🦀",
        ": * colon",
        "* Goodbye: not really",
    ] {
        speaker.say(line);
        listener.expect(&format!("speaker: {line}"));
    }
}

#[test]
fn passes_over_blank_lines() {
    let (_server, mut speaker, mut listener) = pair();
    speaker.send(b"\n\r\n  \n\t\nsomething\n");
    listener.expect("speaker: something");
    speaker.expect_nothing_more();
}

#[test]
fn begins_with_a_slash_when_two_are_typed() {
    let (_server, mut speaker, mut listener) = pair();
    for (typed, said) in [
        ("//who", "/who"),
        ("//", "/"),
        ("///", "//"),
        ("// a comment", "/ a comment"),
    ] {
        speaker.say(typed);
        listener.expect(&format!("speaker: {said}"));
    }
}

#[test]
fn takes_a_line_of_4096_bytes_and_not_one_more() {
    let (_server, mut speaker, mut listener) = pair();
    let longest = "x".repeat(4096);
    speaker.say(&longest);
    listener.expect(&format!("speaker: {longest}"));
    speaker.say(&format!("{longest}\r"));
    listener.expect(&format!("speaker: {longest}"));

    for length in [4097, 4098, 8192, 100_000] {
        speaker.say(&"y".repeat(length));
        speaker.expect("* Not sent: the line is longer than 4096 bytes.");
    }
    speaker.say("short again");
    listener.expect("speaker: short again");
}

#[test]
fn counts_bytes_and_not_letters() {
    let (_server, mut speaker, mut listener) = pair();
    let longest = "ü".repeat(2048);
    speaker.say(&longest);
    listener.expect(&format!("speaker: {longest}"));
    speaker.say(&format!("{longest}ü"));
    speaker.expect("* Not sent: the line is longer than 4096 bytes.");
}

#[test]
fn drops_a_line_that_is_not_utf_8() {
    let (_server, mut speaker, mut listener) = pair();
    for bytes in [
        &b"caf\xe9"[..],
        b"\xfe\xfd",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"cut \xf0\x9f\xa6",
    ] {
        speaker.send(bytes);
        speaker.send(b"\n");
        speaker.expect("* Not sent: the line is not UTF-8.");
    }
    speaker.say("café");
    listener.expect("speaker: café");
}

#[test]
fn shows_control_characters_as_question_marks() {
    let (_server, mut speaker, mut listener) = pair();
    for (said, heard) in [
        ("\x1b[31mred\x1b[0m", "?[31mred?[0m"),
        ("bell\x07 null\0 delete\x7f", "bell? null? delete?"),
        ("over\rwritten", "over?written"),
        ("c1 \u{85} \u{9b}31m", "c1 ? ?31m"),
        ("lines \u{2028} and \u{2029} too", "lines ? and ? too"),
        ("tab\tstays", "tab\tstays"),
    ] {
        speaker.say(said);
        listener.expect(&format!("speaker: {heard}"));
    }
}

#[test]
fn cannot_forge_what_another_said() {
    let (_server, mut speaker, mut listener) = pair();
    speaker.say("hi\rlistener: I agree\u{2028}listener: with all of it");
    listener.expect("speaker: hi?listener: I agree?listener: with all of it");
}

#[test]
fn survives_any_cutting_into_packets() {
    let (_server, mut speaker, mut listener) = pair();
    for byte in "ein Grüßchen\r\nnoch eins\n".as_bytes() {
        speaker.send(&[*byte]);
    }
    listener.expect("speaker: ein Grüßchen");
    listener.expect("speaker: noch eins");
}
