//! Names that change, a topic, and what is said to one person alone.

use super::json::{errors, objects, program};
use super::world::World;
use chat_core::json::{Code, Message};
use chat_core::{Input, Limits, MAX_ACTION, MAX_AWAY, MAX_PRIVATE, MAX_TOPIC};
use std::time::Duration;

#[test]
fn whoever_takes_another_name_is_known_by_it_to_everyone_at_once() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    w.look(ann);
    w.receive(ann, "/nick Anna\nhello\n");
    assert_eq!(w.look(ann), "ann is now known as Anna\n");
    assert_eq!(
        w.look(bob),
        "Welcome to the chatroom!\nann is now known as Anna\nAnna: hello\n"
    );
    // The old name is free, and the new one is not.
    w.receive(bob, "/nick anna\n/nick ann\n/who\n");
    assert_eq!(
        w.look(bob),
        "* The name anna is taken; you are still bob.\nbob is now known as ann\n* In the room (2): ann, Anna\n"
    );
    // Another case of one's own name is nobody else's.
    w.receive(ann, "/nick ANNA\n/nick ANNA\n");
    assert_eq!(
        w.look(ann),
        "bob is now known as ann\nAnna is now known as ANNA\n* You are ANNA already.\n"
    );
}

#[test]
fn nobody_takes_a_name_that_is_none_or_that_would_speak_for_the_server() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    w.receive(ann, "/nick *\n/nick Admin\n/nick\n/nick two words\n");
    let told = w.look(ann);
    let lines: Vec<&str> = told.lines().collect();
    assert!(lines[0].ends_with("You are still ann."), "{told}");
    assert_eq!(lines[1], "* Nobody may be called Admin; you are still ann.");
    assert_eq!(lines[2], "* Not done: /nick takes NAME after it.");
    assert!(
        lines[3].starts_with("* Not done: /nick takes NAME after it, and nothing else."),
        "{told}"
    );
    let other = w.join("SERVER");
    let told = w.look(other);
    assert!(
        told.contains("* Nobody may be called SERVER; you are USER"),
        "{told}"
    );
}

#[test]
fn nobody_stands_beside_whom_they_would_be_taken_for() {
    let mut w = World::new(Limits::default());
    let alice = w.join("alice");
    let other = w.join("AIice");
    assert!(
        w.look(other)
            .ends_with("* The name AIice looks like alice, who is here; you are AIice-2.\n")
    );
    w.look(alice);
    w.receive(
        other,
        "/nick al1ce\n/nick alice.\n/nick СОСО\n/nick Zoe\u{308}\n",
    );
    assert_eq!(
        w.look(other),
        "* The name al1ce looks like alice, who is here; you are still AIice-2.\n\
         * The name alice. looks like alice, who is here; you are still AIice-2.\n\
         AIice-2 is now known as СОСО\nСОСО is now known as Zoë\n"
    );
    // Whoever is meant is found by it, but for another one who has that very name.
    w.receive(alice, "/nick coco\n/msg Zo\u{eb}. hi\n/msg C0C0 me\n");
    assert_eq!(
        w.look(alice),
        "AIice-2 is now known as СОСО\nСОСО is now known as Zoë\nalice is now known as coco\n\
         [PM to Zoë] hi\n[PM from coco] me\n[PM to coco] me\n"
    );
    // What is one's own is nobody else's, however it is written.
    w.receive(alice, "/nick c0co\n/nick adrnin\n");
    assert_eq!(
        w.look(alice),
        "coco is now known as c0co\n* Nobody may be called adrnin; you are still c0co.\n"
    );
}

#[test]
fn a_name_that_no_number_can_stand_beside_is_numbered_by_port_where_it_is_taken() {
    let mut w = World::new(Limits::default());
    w.join("علي٣");
    let other = w.join("علي٣");
    let told = w.look(other);
    assert!(
        told.contains("* The name علي٣ is taken; you are USER"),
        "{told}"
    );
}

#[test]
fn a_line_of_which_nothing_is_seen_is_not_said() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    w.look(bob);
    w.receive(ann, "\u{200b}\u{ad} \n/me \u{200b}\nturned \u{202e}round\n");
    assert_eq!(w.look(bob), "ann: turned ?round\n");
    let (program, _) = program(&mut w, "{}");
    w.receive(
        program,
        "{\"type\":\"say\",\"text\":\"\\u200b\",\"id\":\"1\"}\n",
    );
    assert_eq!(errors(&objects(&mut w, program)), [Code::Blank]);
}

#[test]
fn a_name_goes_with_its_session() {
    let mut w = World::new(Limits::default());
    let (ann, answer) = program(&mut w, r#"{"name":"ann"}"#);
    let token = super::json::token(&answer);
    w.receive(ann, "{\"type\":\"nick\",\"name\":\"zoe\",\"id\":\"1\"}\n");
    let told = objects(&mut w, ann);
    assert!(
        matches!(&told[..], [.., Message::Accepted { with: None, room: None, id: Some(id), seq: 2 }] if id == "1"),
        "{told:?}"
    );
    w.server.handle(w.now, Input::Lost(ann));
    let (ann, answer) = program(&mut w, &format!(r#"{{"session":"{token}"}}"#));
    assert!(
        matches!(&answer[0], Message::Welcome { name, resumed: true, .. } if name == "zoe"),
        "{answer:?}"
    );
    w.receive(
        ann,
        "{\"type\":\"nick\",\"name\":\"zoe\",\"id\":\"2\"}\n{\"type\":\"nick\",\"name\":\"!\"}\n",
    );
    assert_eq!(
        errors(&objects(&mut w, ann)),
        [Code::Unchanged, Code::BadName]
    );
}

#[test]
fn a_topic_is_set_shown_and_taken_away_and_is_no_longer_than_it_may_be() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    w.receive(
        ann,
        "/topic\n/topic Tea at five\n/topic\n/topic Tea at five\n/topic -\n/topic -\n",
    );
    assert_eq!(
        w.look(ann),
        "* There is no topic. /topic TEXT sets one.\n\
         ann has set the topic: Tea at five\n\
         * The topic, set by ann: Tea at five\n\
         * That is the topic already.\n\
         ann has taken the topic away\n\
         * That is the topic already.\n"
    );
    for (length, is_set) in [(MAX_TOPIC, true), (MAX_TOPIC + 1, false)] {
        w.receive(ann, format!("/topic {}\n", "t".repeat(length)));
        let told = w.look(ann);
        assert_eq!(
            told.starts_with("ann has set the topic: "),
            is_set,
            "{told}"
        );
    }
}

#[test]
fn something_done_is_shown_to_all_and_is_no_longer_than_fits_into_a_line() {
    let mut w = World::new(Limits::default());
    let ann = w.join("ann");
    w.look(ann);
    w.receive(ann, "/me waves\n/me\n");
    assert_eq!(
        w.look(ann),
        "** ann waves\n* Not done: /me takes TEXT after it.\n"
    );
    let (bob, _) = program(&mut w, r#"{"name":"bob"}"#);
    for (length, is_done) in [(MAX_ACTION, true), (MAX_ACTION + 1, false)] {
        let text = "m".repeat(length);
        w.receive(
            bob,
            format!("{{\"type\":\"say\",\"text\":\"{text}\",\"me\":true}}\n"),
        );
        let refused = errors(&objects(&mut w, bob));
        assert_eq!(refused.is_empty(), is_done, "{refused:?}");
    }
}

#[test]
fn what_is_said_to_one_alone_reaches_nobody_else() {
    let mut w = World::new(Limits::default());
    let (ann, bob, eve) = (w.join("ann"), w.join("bob"), w.join("eve"));
    for conn in [ann, bob, eve] {
        w.look(conn);
    }
    let shown = w.transcript.clone();
    w.receive(ann, "/msg BOB a secret\n/msg carl hello\n/msg bob\n");
    assert_eq!(
        w.look(ann),
        "[PM to bob] a secret\n* Not sent: nobody here is called carl.\n* Not done: /msg takes NAME TEXT after it.\n"
    );
    assert_eq!(w.look(bob), "[PM from ann] a secret\n");
    w.receive(bob, "/reply thanks\n");
    assert_eq!(w.look(ann), "[PM from bob] thanks\n");
    assert_eq!(w.look(bob), "[PM to ann] thanks\n");
    w.receive(eve, "/reply who?\n/history\n");
    let told = w.look(eve);
    assert!(told.starts_with("* Not sent: nobody who is here has written to you alone.\n"));
    assert!(
        !told.contains("secret") && !told.contains("thanks"),
        "{told}"
    );
    assert_eq!(w.transcript, shown, "the room's screen shows nothing of it");
}

#[test]
fn an_answer_goes_to_whoever_wrote_and_to_nobody_who_has_their_name_since() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    w.receive(ann, "/msg bob psst\n/nick anna\n");
    w.look(ann);
    w.look(bob);
    // They are found by another name.
    w.receive(bob, "/reply yes?\n");
    assert_eq!(w.look(bob), "[PM to anna] yes?\n");
    w.receive(ann, "leave\n");
    let stranger = w.join("anna");
    w.look(stranger);
    w.look(bob);
    w.receive(bob, "/reply are you there?\n");
    assert_eq!(
        w.look(bob),
        "* Not sent: nobody who is here has written to you alone.\n"
    );
    assert_eq!(w.look(stranger), "");
}

#[test]
fn whoever_has_no_connection_for_a_moment_is_written_to_later() {
    let mut w = World::new(Limits::default());
    let (ann, _) = program(&mut w, r#"{"name":"ann"}"#);
    let bob = w.join("bob");
    w.server.handle(w.now, Input::Lost(ann));
    w.look(bob);
    w.receive(bob, "/msg ann hello\n/whois ann\n");
    assert_eq!(
        w.look(bob),
        "* Not sent: ann has lost the connection. Try again when they are back.\n\
         * ann has been here for less than a minute, and has lost the connection.\n"
    );
    w.wait(Duration::from_secs(61));
    w.look(bob);
    w.receive(bob, "/whois ann\n/whois bob\n");
    assert_eq!(
        w.look(bob),
        "* Nobody here is called ann.\n* bob has been here for 1 minute.\n"
    );
}

#[test]
fn whoever_is_away_says_so_to_those_who_write_until_they_speak() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    w.receive(ann, "/away for tea\n");
    assert!(
        w.look(ann)
            .ends_with("* You are away, until you say something, or /back.\n")
    );
    w.look(bob);
    w.receive(bob, "/msg ann tea?\n/whois ann\n");
    assert_eq!(
        w.look(bob),
        "[PM to ann] tea?\n* ann is away: for tea\n* ann has been here for less than a minute; away: for tea\n"
    );
    w.look(ann);
    w.receive(ann, "here I am\n");
    assert_eq!(w.look(ann), "* You are back.\n");
    w.receive(bob, "/msg ann good\n");
    assert_eq!(w.look(bob), "ann: here I am\n[PM to ann] good\n");
}

#[test]
fn why_somebody_is_away_is_no_longer_than_it_may_be() {
    let mut w = World::new(Limits::default());
    let (ann, bob) = (w.join("ann"), w.accept(5001));
    w.receive(bob, "JOIN {}\n");
    w.look(ann);
    w.look(bob);
    for (length, is_away) in [(MAX_AWAY, true), (MAX_AWAY + 1, false)] {
        let why = "t".repeat(length);
        w.receive(ann, format!("/away {why}\n"));
        let told = "* Not done: why somebody is away is at most 256 bytes long.\n";
        assert_eq!(w.look(ann) != told, is_away);
        w.receive(
            bob,
            format!("{{\"type\":\"away\",\"text\":\"{why}\",\"id\":\"a\"}}\n"),
        );
        let told = w.look(bob);
        assert_eq!(!told.contains(r#""too_long""#), is_away, "{told}");
        assert!(is_away || told.contains(r#""id":"a""#), "{told}");
    }
}

#[test]
fn private_words_are_as_long_as_fits_into_a_line_and_fill_nobody_up() {
    let limits = Limits {
        private: 8192,
        ..Limits::default()
    };
    let mut w = World::new(limits);
    let (ann, bob) = (w.join("ann"), w.join("bob"));
    let (writer, _) = program(&mut w, r#"{"name":"zoe"}"#);
    for conn in [ann, bob] {
        w.look(conn);
    }
    for (length, is_said) in [(MAX_PRIVATE, true), (MAX_PRIVATE + 1, false)] {
        let text = "p".repeat(length);
        w.receive(
            writer,
            format!("{{\"type\":\"msg\",\"to\":\"ann\",\"text\":\"{text}\"}}\n"),
        );
        assert_eq!(w.look(ann).is_empty(), !is_said);
        assert_eq!(errors(&objects(&mut w, writer)).is_empty(), is_said);
    }
    // Bob reads nothing: at the limit of private bytes, whoever writes is told so, and bob is not cut off.
    w.limit(bob, 0);
    let mut refused = 0;
    for _ in 0..20 {
        w.receive(ann, format!("/msg bob {}\n", "x".repeat(1000)));
        let told = w.look(ann);
        refused += usize::from(
            told == "* Not sent: too much is waiting for bob already. Try again later.\n",
        );
    }
    assert_eq!(refused, 20 - 9);
    w.unblock(bob);
    assert_eq!(
        w.look(bob)
            .lines()
            .filter(|line| line.starts_with("[PM from ann] "))
            .count(),
        9
    );
}
