//! Backfill takes part in turns: who asks for history, or for other long answers, makes nobody wait.

use super::durable::{Kept, talk};
use super::json::{entries, objects, program, say};
use super::world::{World, line};
use chat_core::json::Message;
use chat_core::{Action, ConnId, Input, Limits, Timer};
use core::time::Duration;

/// What a turn counts for, beside its bytes; and a line that is answered.
const LEAST: usize = 32;

/// A turn ends with the line that makes it so many bytes.
const QUANTUM: usize = 8 * 1024;

/// What everyone is told who asks who is there, in the rooms below.
const WHO: &str = "* In the room (4): a, b, listener, t\n";

/// A room with 2,000 lines of 100 bytes, somebody who listens, and two who will ask.
fn long_room(limits: Limits) -> (World, ConnId, [ConnId; 2]) {
    let mut w = World::new(limits);
    let [teller, listener] = ["t", "listener"].map(|name| w.join(name));
    for _ in 0..2000 {
        w.receive(teller, line(100 - "t: \n".len()));
    }
    let askers = ["a", "b"].map(|name| w.join(name));
    for conn in [listener, askers[0], askers[1]] {
        w.look(conn);
    }
    (w, listener, askers)
}

/// Has somebody send a line; nothing is written yet.
fn send(w: &mut World, conn: ConnId, line: &str) {
    w.server
        .handle(w.now, Input::Received(conn, line.as_bytes()));
}

fn is_due(w: &World) -> bool {
    matches!(w.server.next_timeout(), Some((due, Timer::Resume)) if due <= w.now)
}

/// A whole pass, and what comes before it.
fn pass(w: &mut World) {
    if is_due(w) {
        w.server.handle(w.now, Input::Timeout);
    }
    w.write();
}

#[test]
fn a_round_makes_backfill_up_to_its_budget_and_no_turn_begins_past_it() {
    for (surplus, is_second_served) in [(0, false), (1, true)] {
        let (mut w, _, [a, b]) = long_room(Limits {
            backfill: LEAST + WHO.len() + surplus,
            ..Limits::default()
        });
        send(&mut w, a, "/who\n");
        send(&mut w, b, "/who\nafter that\n");
        w.write();
        let heard = w.look(a);
        let (answer, rest) = heard.split_at(WHO.len());
        assert_eq!((answer, rest.is_empty()), (WHO, !is_second_served));
        assert_eq!(w.look(b) == WHO, is_second_served);
        assert_eq!(w.server.wants_input(b), is_second_served);
        // It goes on though nothing else happens.
        assert_eq!(is_due(&w), !is_second_served);
        w.settle();
        assert_eq!(w.look(b) == WHO, !is_second_served);
        let rest = rest.to_owned() + &w.look(a);
        assert_eq!(rest, "b: after that\n");
        assert!(!is_due(&w), "nothing is left to be done");
    }
}

#[test]
fn who_waits_for_an_answer_is_heard_after_it() {
    let (mut w, listener, [a, b]) = long_room(Limits {
        backfill: 1,
        ..Limits::default()
    });
    send(&mut w, a, "/who\n");
    send(&mut w, b, "/history 1\nafter that\n/history 1\n");
    w.server.handle(w.now, Input::Eof(b));
    w.write();
    assert_eq!(w.look(listener), "", "b waits");
    w.settle();
    assert_eq!(w.look(listener), "b: after that\nb has left the chat\n");
}

#[test]
fn a_page_that_waits_for_its_turn_is_what_was_there_when_it_was_asked_for() {
    let (mut w, _, [speaker, asker]) = long_room(Limits {
        backfill: 1,
        ..Limits::default()
    });
    let (program, _) = program(&mut w, "{}");
    let after = |number: u64| format!("{{\"type\":\"history\",\"after\":{number}}}\n");
    let newest = |_| "{\"type\":\"history\",\"limit\":2}\n".to_string();
    let requests: [(&dyn Fn(u64) -> String, _); 3] = [
        (&|head| after(head + 9), 0..0),
        (&|head| after(head - 1), 1..2),
        (&newest, 0..2),
    ];
    for (request, page) in requests {
        w.settle();
        objects(&mut w, program);
        w.receive(program, "{\"type\":\"ping\"}\n");
        let [Message::Pong { head }] = objects(&mut w, program)[..] else {
            panic!("no pong");
        };
        send(&mut w, asker, "/history 100\n");
        send(&mut w, program, &request(head));
        send(&mut w, speaker, "meanwhile\n");
        w.settle();
        let answer = objects(&mut w, program);
        let is_past = |message: &&Message<'_>| matches!(message, Message::Past(_));
        let past: Vec<_> = answer.iter().filter(is_past).cloned().collect();
        let past: Vec<_> = entries(&past).into_iter().map(|(seq, _)| seq).collect();
        let page: Vec<u64> = page.map(|nth| head - 1 + nth).collect();
        assert_eq!(past, page, "{}", request(head));
        assert!(matches!(answer.last(), Some(Message::Page { .. })));
    }
}

#[test]
fn a_turn_ends_with_the_line_that_fills_it_and_the_next_one_is_anothers() {
    let (mut w, _, askers) = long_room(Limits {
        backfill: 1,
        ..Limits::default()
    });
    for asker in askers {
        send(&mut w, asker, "/history 1000\n");
    }
    // The lines begin with "* ", and are 102 bytes long; the last ones of the page are shorter.
    let turn = QUANTUM.div_ceil(102) * 102;
    for n in 0..20 {
        pass(&mut w);
        let [mine, others] = if n % 2 == 0 { [0, 1] } else { [1, 0] }.map(|nth| askers[nth]);
        assert_eq!(w.look(mine).len(), turn, "in turn {n}");
        assert_eq!(w.look(others), "", "in turn {n}");
    }
    w.settle();
    for asker in askers {
        let rest = w.look(asker);
        let heard = rest.lines().count() + 10 * turn / 102;
        assert_eq!(heard, 1000);
        assert!(rest.ends_with("* b has joined the chat\n"), "{rest}");
    }
}

#[test]
fn what_is_said_while_hundreds_ask_is_heard_in_the_next_round() {
    let limits = Limits::default();
    let most = limits.backfill + QUANTUM + 4200;
    let (mut w, listener, [speaker, _]) = long_room(limits);
    let askers: Vec<_> = (0..200).map(|n| w.join(&format!("asker{n}"))).collect();
    w.look(listener);
    for asker in &askers {
        send(&mut w, *asker, "/history 600\n");
        w.look(*asker);
    }
    let mut heard_of_history = 0;
    let mut read = |w: &mut World| {
        let bytes: usize = askers.iter().map(|it| w.look(*it).len()).sum();
        heard_of_history += bytes;
        bytes
    };
    for n in 0..50 {
        pass(&mut w);
        read(&mut w);
        let said = format!("line {n}\n");
        send(&mut w, speaker, &said);
        let mut heard = String::new();
        while heard.is_empty() {
            w.stretch(1);
            heard = w.look(listener);
        }
        assert_eq!(heard, format!("a: line {n}\n"));
        let before = read(&mut w);
        assert!(before <= most, "{before} bytes come before it");
    }
    assert!(is_due(&w), "and they go on");
    w.settle();
    read(&mut w);
    assert!(heard_of_history > 200 * 300 * 100, "all are answered");
}

#[test]
fn who_is_being_sent_history_is_visited_after_those_who_are_not() {
    let (mut w, listener, [a, b]) = long_room(Limits {
        backfill: 1,
        ..Limits::default()
    });
    send(&mut w, b, "/history 100\n");
    pass(&mut w);
    w.look(b);
    send(&mut w, a, "hello\n");
    // b has the seat that is visited first otherwise.
    w.stretch(1);
    assert_eq!(
        (w.look(listener), w.look(b)),
        ("a: hello\n".into(), String::new())
    );
    w.stretch(2);
    assert!(w.look(b).contains("a: hello\n"), "in the same round");
}

#[test]
fn who_asks_for_pages_and_who_resumes_share_what_there_is() {
    let mut w = World::new(Limits {
        backfill: 1,
        ..Limits::default()
    });
    let teller = w.join("t");
    let (pages, _) = program(&mut w, r#"{"name":"pages"}"#);
    for _ in 0..400 {
        w.receive(teller, line(60));
    }
    let askers: Vec<_> = (0..50).map(|n| w.join(&format!("asker{n}"))).collect();
    for asker in &askers {
        send(&mut w, *asker, "/history 1000\n");
    }
    w.look(pages);
    let resumes = w.accept(7);
    send(&mut w, resumes, "JOIN {\"after\":0}\n");
    let mut passes = 0;
    while entries(&objects(&mut w, resumes)).last().map(|it| it.0) != Some(453) {
        pass(&mut w);
        passes += 1;
        assert!(passes < 100, "it waits for all fifty each time");
    }
    assert!(passes > 5, "{passes}");
}

#[test]
fn answers_that_are_short_are_counted_together_and_who_speaks_now_and_then_is_heard() {
    let (mut w, listener, [flood, calm]) = long_room(Limits {
        answers: 10 * (LEAST + "* Unknown command /x. Try /help.\n".len()),
        ..Limits::default()
    });
    send(&mut w, flood, "/x\n");
    w.write();
    let answer = w.look(flood);
    let most = 10 * (LEAST + "* Unknown command /x. Try /help.\n".len());
    let answers = most.div_ceil(LEAST + answer.len());
    send(&mut w, flood, &"/x\n".repeat(1000));
    send(&mut w, calm, "now\n");
    assert!(is_due(&w), "she has a turn at once");
    pass(&mut w);
    assert_eq!(w.look(listener), "b: now\n");
    let heard = w.look(flood);
    assert_eq!(heard.matches(&answer).count(), answers);
    // A line that is answered by nothing counts as well.
    w.settle();
    let heard = w.look(flood);
    assert_eq!(heard.matches(&answer).count(), 1000 - answers);
    send(&mut w, flood, &"\n".repeat(most / LEAST));
    send(&mut w, calm, "\nagain\n");
    assert_eq!(w.look(listener), "");
    w.settle();
    assert_eq!(w.look(listener), "b: again\n");
}

/// A server that is asked by many for what its store has alone.
fn many_who_resume(reads: usize) -> (Kept, String, Vec<ConnId>) {
    let (k, token) = talk(100);
    let limits = Limits {
        reads,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, k.store, 5);
    k.commit();
    let hello = r#"JOIN {"after":1}"#;
    let conns = (0..4).map(|port| {
        let conn = k.accept(port);
        send(&mut k, conn, &format!("{hello}\n"));
        conn
    });
    let conns = conns.collect();
    k.commit();
    (k, token, conns)
}

fn asked_by(k: &Kept) -> Vec<ConnId> {
    let who = |action: &Action| match action {
        Action::Read(id, ..) | Action::Find(id, ..) => *id,
        other => panic!("{other:?}"),
    };
    k.asked.iter().map(who).collect()
}

#[test]
fn the_store_is_asked_for_as_much_at_a_time_as_the_limit_says() {
    for reads in [1, 2] {
        let (mut k, _, conns) = many_who_resume(reads);
        assert_eq!(asked_by(&k), conns[..reads], "and no more");
        let Some(Action::Read(conn, ..)) = k.asked.pop() else {
            panic!("nothing is read");
        };
        k.handle(Input::Unreadable(conn));
        assert_eq!(k.asked.len(), reads, "the next one has its turn");
        k.answer();
        for conn in conns {
            let heard = entries(&objects(&mut k, conn));
            assert!(heard.len() > 100, "{heard:?}");
        }
    }
}

#[test]
fn who_is_gone_waits_for_the_store_no_more_and_an_answer_that_comes_too_late_is_nobodys() {
    let (mut k, _, conns) = many_who_resume(1);
    assert_eq!(asked_by(&k), conns[..1]);
    let late = k.asked.pop().unwrap();
    k.handle(Input::Lost(conns[0]));
    k.handle(Input::Lost(conns[1]));
    // The place of one who is gone is another's.
    let newcomer = k.accept(50);
    assert!([conns[0].slot(), conns[1].slot()].contains(&newcomer.slot()));
    send(&mut k, newcomer, "JOIN {\"after\":50}\n");
    k.commit();
    assert_eq!(k.asked, [], "one is asked for already");
    let Action::Read(conn, _, after, most) = late else {
        panic!("{late:?}");
    };
    let kept = k.store.iter().filter(|record| record.seq > after);
    let kept: Vec<_> = kept.take(most).cloned().collect();
    k.handle(Input::Kept(conn, 1, &kept));
    assert_eq!(
        asked_by(&k),
        [conns[2]],
        "who waits still has the next turn"
    );
    k.answer();
    let heard = entries(&objects(&mut k, newcomer));
    assert!(
        heard
            .iter()
            .map(|(seq, _)| *seq)
            .is_sorted_by(|a, b| a + 1 == *b)
    );
    assert_eq!(heard[0].0, 51);
}

#[test]
fn an_id_is_looked_for_though_many_have_the_store_read() {
    let (mut k, token, conns) = many_who_resume(1);
    let speaker = k.accept(60);
    let hello = format!("JOIN {{\"session\":\"{token}\"}}\n");
    send(&mut k, speaker, &hello);
    k.commit();
    k.receive(speaker, say("line 7", "7"));
    assert_eq!(asked_by(&k), conns[..1]);
    let Some(Action::Read(conn, ..)) = k.asked.pop() else {
        panic!("nothing is read");
    };
    k.handle(Input::Unreadable(conn));
    assert_eq!(asked_by(&k), [speaker], "that comes before the other three");
    k.answer();
    let heard = objects(&mut k, speaker);
    let is_accepted = |it: &Message| {
        matches!(
            it,
            Message::Accepted {
                room: None,
                seq: 9,
                ..
            }
        )
    };
    assert!(heard.iter().any(is_accepted), "{heard:?}");
}

#[test]
fn while_something_is_not_committed_history_makes_way_for_so_long_and_no_longer() {
    let limits = Limits {
        backfill: 1,
        ..Limits::default()
    };
    let way = limits.make_way;
    let mut k = Kept::new(limits, Vec::new(), 0);
    let [talker, asker, other] = ["t", "a", "b"].map(|name| k.join(name));
    for _ in 0..500 {
        k.receive(talker, line(96));
    }
    k.commit();
    k.look(asker);

    for asker in [asker, other] {
        send(&mut k, asker, "/history 1000\n");
    }
    pass(&mut k);
    assert!(!k.look(asker).is_empty(), "everything is committed");
    k.receive(talker, "hello\n");
    assert_eq!(k.begin(), 1);
    k.write();
    assert!(!is_due(&k));
    let made = k.now;
    assert_eq!(k.server.next_timeout(), Some((made + way, Timer::Resume)));
    k.stand_still(way.saturating_sub(Duration::from_micros(1)));
    assert_eq!(k.server.next_timeout(), Some((made + way, Timer::Resume)));
    k.stand_still(Duration::from_micros(1));
    // Another turn was given, however long the commit takes; what it made waits behind what is to be committed.
    let again = (k.now + way, Timer::Resume);
    assert_eq!(k.server.next_timeout(), Some(again));
    k.done();
    k.settle();
    assert!(!k.look(asker).is_empty(), "it goes on at once");
}
