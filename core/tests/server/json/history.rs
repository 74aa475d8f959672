//! Pages of what happened before.

use super::{entries, object, objects, program, say, seqs};
use crate::world::{World, line};
use chat_core::json::{MAX_PAGE, Message};
use chat_core::{CloseReason, Input, Limits};

#[test]
fn history_comes_in_pages() {
    let mut w = World::new(Limits::default());
    let ann = w.join("Ann");
    let (bot, _) = program(&mut w, "{\"name\": \"bot\"}");
    for n in 3..=1200 {
        w.receive(ann, format!("{n}\n"));
    }
    objects(&mut w, bot);
    let mut page = |request: &str| {
        w.receive(bot, format!("{{\"type\": \"history\"{request}}}\n"));
        let answer = objects(&mut w, bot);
        assert_eq!(
            answer.last(),
            Some(&Message::Page {
                with: None,
                room: None,
                first: 1,
                head: 1200
            })
        );
        assert!(
            answer
                .iter()
                .rev()
                .skip(1)
                .all(|m| matches!(m, Message::Past(_)))
        );
        let seqs = seqs(&answer);
        let (first, last) = (*seqs.first().unwrap_or(&0), *seqs.last().unwrap_or(&0));
        assert_eq!(
            seqs.len() as u64,
            if first == 0 { 0 } else { last - first + 1 }
        );
        (first, last)
    };
    assert_eq!(page(""), (1101, 1200));
    assert_eq!(page(", \"limit\": 5"), (1196, 1200));
    assert_eq!(page(", \"before\": 1101"), (1001, 1100));
    assert_eq!(page(", \"before\": 5"), (1, 4));
    assert_eq!(page(", \"before\": 1"), (0, 0));
    assert_eq!(page(", \"before\": 0"), (0, 0));
    assert_eq!(page(", \"after\": 0, \"limit\": 3"), (1, 3));
    assert_eq!(page(", \"after\": 1199"), (1200, 1200));
    assert_eq!(page(", \"after\": 1200"), (0, 0));
    assert_eq!(page(", \"after\": 18446744073709551615"), (0, 0));
    assert_eq!(page(", \"limit\": 0"), (0, 0));
    assert_eq!(page(&format!(", \"limit\": {MAX_PAGE}")), (201, 1200));
    assert_eq!(page(&format!(", \"limit\": {}", MAX_PAGE + 1)), (201, 1200));
    assert_eq!(
        page(&format!(", \"after\": 0, \"limit\": {}", u64::MAX)),
        (1, 1000)
    );

    // For people, too.
    w.look(ann);
    w.receive(ann, "/history 2\n");
    assert_eq!(w.look(ann), "* Ann: 1199\n* Ann: 1200\n");
    w.receive(ann, "/HISTORY\n");
    assert_eq!(w.look(ann).lines().count(), 20);
    w.receive(ann, "/history 99999999999999999999999\n");
    assert_eq!(w.look(ann).lines().count(), 1000);
    w.receive(ann, "/history 0\n/history -1\n");
    assert!(
        w.look(ann)
            .starts_with("* Not done: /history takes a number")
    );
}

#[test]
fn a_page_waits_for_a_slow_socket_and_what_comes_behind_it_waits_too() {
    let mut w = World::new(Limits {
        private: 300,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (bot, _) = program(&mut w, "{\"name\": \"bot\"}");
    for n in 3..=100 {
        w.receive(ann, format!("{n}\n"));
    }
    objects(&mut w, bot);
    w.limit(bot, 0);
    w.receive(bot, "{\"type\": \"history\"}\n{\"type\": \"ping\"}\n");
    w.server.handle(w.now, Input::Eof(bot));
    w.receive(ann, "101\n");
    let mut screen = String::new();
    while !w.closed.contains_key(&bot) {
        w.limit(bot, 50);
        w.server.handle(w.now, Input::Writable(bot));
        w.settle();
        screen += &w.look(bot);
        if w.server.phase(bot) == chat_core::server_phase::Phase::Lingering {
            break;
        }
    }
    let all: Vec<_> = screen.lines().map(object).collect();
    let past = all.iter().filter(|m| matches!(m, Message::Past(_))).count();
    assert_eq!(past, 100);
    assert!(all.contains(&Message::Pong { head: 101 }));
    assert_eq!(entries(&all).len(), 101);
}

#[test]
fn as_much_of_a_page_is_put_together_at_once_as_private_lines_may_wait() {
    for (private, at_once) in [(100, 10), (101, 11)] {
        let mut w = World::new(Limits {
            private,
            ..Limits::default()
        });
        let ann = w.join("Ann");
        w.receive(ann, "hi\n".repeat(20));
        w.look(ann);
        w.server.handle(w.now, Input::Received(ann, b"/history\n"));
        w.stretch(1);
        assert_eq!(w.look(ann), "* Ann: hi\n".repeat(at_once));
        w.settle();
        assert_eq!(w.look(ann), "* Ann: hi\n".repeat(20 - at_once));
    }
}

#[test]
fn who_closes_their_side_behind_a_request_is_sent_the_page_and_closed() {
    let mut w = World::new(Limits {
        private: 300,
        ..Limits::default()
    });
    let ann = w.join("Ann");
    let (bot, _) = program(&mut w, "{}");
    w.receive(ann, "hello\n".repeat(98));
    objects(&mut w, bot);
    w.limit(bot, 0);
    w.receive(bot, "{\"type\": \"history\"}\n");
    w.server.handle(w.now, Input::Eof(bot));
    w.unblock(bot);
    assert_eq!(entries(&objects(&mut w, bot)).len(), 100);
    assert_eq!(w.closed[&bot], CloseReason::Eof);
}

#[test]
fn what_was_sent_before_the_end_is_heard_whatever_is_being_sent() {
    let says = say("last words", "1");
    let pages = "{\"type\":\"history\"}\n".repeat(3);
    for (input, private) in [
        (format!("JOIN {{}}\n{pages}{says}"), 100),
        (format!("JOIN {{\"after\":0}}\n{says}"), 1),
        ("JOIN late\n/history\nlast words\n".to_string(), 1),
    ] {
        for is_full in [false, true] {
            let mut w = World::new(Limits {
                batch: 2000,
                private,
                ..Limits::default()
            });
            let ann = w.join("Ann");
            for n in 0..10 {
                w.receive(ann, format!("{n}\n"));
            }
            let late = w.server.accept(w.now, 1000).unwrap();
            if is_full {
                w.server.handle(w.now, Input::Received(ann, &line(2000)));
            }
            w.server
                .handle(w.now, Input::Received(late, input.as_bytes()));
            w.server.handle(w.now, Input::Eof(late));
            w.settle();
            assert!(w.look(ann).contains(": last words\n"), "{input}");
            assert_eq!(w.closed[&late], CloseReason::Eof);
        }
    }
}
