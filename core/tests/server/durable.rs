//! A room that a store keeps: nothing happens for anybody before it is there to stay.

use super::json::{bye, entries, errors, objects, program, say, token};
use super::world::{World, line};
use chat_core::json::{Code, Message};
use chat_core::{
    Action, CloseReason, History, Input, Kind, Limits, MAX_JSON_LINE, MAX_LINE, Origin, Record,
    Server,
};
use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

/// A server, and what is in its store.
struct Kept {
    world: World,
    store: Vec<Record>,
    /// What is being put into it.
    batch: Vec<Record>,
}

impl Deref for Kept {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

impl Kept {
    fn new(limits: Limits, store: Vec<Record>, newest: usize) -> Self {
        let mut world = World::new(limits.clone());
        let mut present = BTreeMap::new();
        for record in &store {
            match record.kind {
                Kind::Joined => drop(present.insert(record.name.clone(), record.sender)),
                Kind::Left => drop(present.remove(&record.name)),
                Kind::Said => {}
            }
        }
        let history = History {
            first: 1,
            last: store.len() as u64,
            newest: store[store.len().saturating_sub(newest)..].to_vec(),
            present: present.into_iter().collect(),
        };
        let origin = Origin {
            // Each life of a server gives out tokens of its own.
            secret: [u8::try_from(store.len()).unwrap(); 32],
            ..Origin::default()
        };
        world.server = Server::restored(limits, origin, history);
        Self {
            world,
            store,
            batch: Vec::new(),
        }
    }

    /// Begins to put what happened into the store; how many entries that are.
    fn begin(&mut self) -> usize {
        let batch = &mut self.batch;
        self.world.server.begin_commit(batch);
        batch.len()
    }

    /// It is there.
    fn done(&mut self) {
        self.store.append(&mut self.batch);
        self.handle(Input::Committed(1));
    }

    /// Puts everything into the store.
    fn commit(&mut self) {
        while self.begin() > 0 {
            self.done();
        }
        let numbers: Vec<u64> = self.store.iter().map(|record| record.seq).collect();
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
    }

    /// Does what is asked of the store, until nothing is.
    fn answer(&mut self) {
        while let Some(action) = self.asked.pop() {
            let (world, store) = (&mut self.world, &self.store);
            match action {
                Action::Read(conn, after, most) => {
                    let kept = store.iter().filter(|record| record.seq > after);
                    let kept: Vec<Record> = kept.take(most).cloned().collect();
                    world.handle(Input::Kept(conn, &kept));
                }
                Action::Find(conn, session, id) => {
                    let is_it =
                        |r: &&Record| r.sender == Some(session) && r.id.as_ref() == Some(&id);
                    world.handle(Input::Found(conn, store.iter().find(is_it)));
                }
                _ => {}
            }
        }
    }

    /// The server is killed and started again, with so many of the newest entries in memory.
    fn restart(self, newest: usize) -> Self {
        Self::new(Limits::default(), self.store, newest)
    }
}

/// A store that has this many lines, each said by ann with its number for an id, and her token.
fn talk(lines: usize) -> (Kept, String) {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, _) = program(&mut k, r#"{"name":"ann"}"#);
    k.commit();
    let answer = objects(&mut k, ann);
    for n in 0..lines {
        k.receive(ann, say(&format!("line {n}"), &n.to_string()));
        k.commit();
    }
    k.look(ann);
    (k, token(&answer))
}

#[test]
fn nothing_is_sent_or_shown_before_it_is_committed() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    assert_eq!(k.look(ann), "", "not even the welcome");
    k.commit();
    assert_eq!(k.look(ann), "Welcome to the chatroom!\n");
    let (bob, answer) = program(&mut k, r#"{"name":"bob"}"#);
    assert_eq!(answer, []);
    k.commit();
    assert_eq!(k.look(ann), "bob has joined the chat\n");
    assert!(matches!(
        objects(&mut k, bob)[..],
        [Message::Welcome { head: 2, .. }]
    ));

    k.receive(bob, say("hello", "1"));
    k.receive(ann, "hi\n");
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    assert!(!k.server.is_committed());
    assert_eq!(k.begin(), 2);
    assert_eq!((k.look(ann), k.look(bob)), (String::new(), String::new()));
    k.transcript.clear();
    k.done();
    assert!(k.server.is_committed());
    assert_eq!(k.look(ann), "bob: hello\n");
    let heard = objects(&mut k, bob);
    assert_eq!(
        entries(&heard),
        [(3, "bob: hello".into()), (4, "ann: hi".into())]
    );
    assert!(heard.contains(&Message::Accepted {
        id: Some("1".into()),
        seq: 3
    }));
    assert_eq!(k.transcript, b"bob: hello\nann: hi\n");
}

#[test]
fn what_happens_during_a_commit_forms_the_next_one() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    let bob = k.join("bob");
    k.commit();
    k.look(bob);
    k.receive(ann, "one\n");
    assert_eq!(k.begin(), 1);
    k.receive(ann, "two\n");
    k.receive(ann, "three\n");
    assert_eq!(k.begin(), 1, "one at a time");
    k.done();
    assert_eq!(k.look(bob), "ann: one\n");
    assert_eq!(k.begin(), 2);
    k.done();
    assert_eq!(k.look(bob), "ann: two\nann: three\n");
    assert_eq!(k.begin(), 0);
    k.done();
    assert_eq!(k.look(bob), "", "nobody asked for that one");
}

#[test]
fn answers_keep_their_place_behind_what_is_not_committed_yet() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.commit();
    k.look(ann);
    k.look(bob);
    k.receive(bob, "before\n");
    k.receive(ann, "/who\nmine\n/help me\n");
    k.receive(bob, "after\n");
    assert_eq!(k.begin(), 3);
    k.receive(ann, "/who\n");
    assert_eq!(k.look(ann), "");
    k.done();
    let heard = k.look(ann);
    let lines: Vec<&str> = heard.lines().collect();
    assert_eq!(lines[0], "bob: before");
    assert_eq!(lines[1], "* In the room (2): ann, bob");
    assert!(lines[2].starts_with("* Not done: /help"), "{}", lines[2]);
    assert_eq!(lines[3..], ["bob: after", "* In the room (2): ann, bob"]);
}

#[test]
fn who_leaves_is_let_go_once_what_they_said_is_committed() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    k.commit();
    k.receive(ann, "last words\nleave\n");
    k.handle(Input::Eof(ann));
    assert_eq!(k.closed, BTreeMap::new());
    k.commit();
    assert_eq!(k.closed.get(&ann), Some(&CloseReason::Left));
    assert_eq!(
        k.transcript,
        b"ann has joined the chat\nann: last words\nann has left the chat\n"
    );
}

#[test]
fn no_more_is_heard_while_a_batch_waits_to_be_committed() {
    let limits = Limits {
        batch: 1000,
        ..Limits::default()
    };
    let mut k = Kept::new(limits, Vec::new(), 0);
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    k.commit();
    k.look(bob);
    k.receive(ann, [line(600), line(600), line(600)].concat());
    assert!(!k.server.wants_input(ann));
    assert_eq!(k.begin(), 2);
    k.done();
    assert_eq!(k.look(bob).lines().count(), 2);
    assert_eq!(k.begin(), 1);
    k.done();
    assert!(k.server.wants_input(ann));
    assert_eq!(k.look(bob).lines().count(), 1);
}

#[test]
fn when_the_store_fails_everyone_is_told_and_nobody_is_sent_what_is_not_kept() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    let (bob, _) = program(&mut k, r#"{"name":"bob"}"#);
    let newcomer = k.accept(7);
    k.commit();
    k.look(ann);
    k.look(bob);
    k.transcript.clear();
    k.receive(ann, "lost\n");
    assert_eq!(k.begin(), 1);
    k.receive(bob, say("lost, too", "1"));
    k.handle(Input::NotCommitted);
    let goodbye = "* Goodbye: what is said cannot be kept any more; the server stops.\n";
    assert_eq!(k.look(ann), goodbye);
    assert_eq!(k.look(newcomer), goodbye);
    let heard = objects(&mut k, bob);
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(bye(&heard), Some((Code::NotKept, Some(1000))));
    assert_eq!(k.transcript, b"");
    for conn in [ann, bob, newcomer] {
        k.handle(Input::Eof(conn));
    }
    assert_eq!(k.closed.len(), 3);
    let now = k.now;
    assert_eq!(k.server.accept(now, 9), None);
}

#[test]
fn after_a_restart_who_had_no_session_has_left() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    k.join("ann");
    let (_, answer) = program(&mut k, r#"{"name":"bob"}"#);
    assert_eq!(answer, []);
    k.commit();
    let mut k = k.restart(10);
    assert_eq!(k.server.population(), 0);
    k.settle();
    assert_eq!(k.transcript, b"", "nothing is shown again");
    k.commit();
    assert_eq!(k.transcript, b"ann has left the chat\n");
    k.wait(Limits::default().grace);
    k.commit();
    assert_eq!(
        k.transcript,
        b"ann has left the chat\nbob has left the chat\n"
    );
    let ann = k.join("ann");
    k.commit();
    assert_eq!(k.look(ann), "Welcome to the chatroom!\n");
}

#[test]
fn a_session_goes_on_through_a_restart() {
    let (k, token) = talk(3);
    let mut k = k.restart(10);
    let watcher = k.join("watcher");
    k.commit();
    k.look(watcher);
    let (_, answer) = program(&mut k, &format!(r#"{{"session":"{token}","after":2}}"#));
    assert!(
        matches!(&answer[0], Message::Welcome { name, resumed: true, .. } if name == "ann"),
        "{answer:?}"
    );
    assert_eq!(
        entries(&answer),
        [
            (3, "ann: line 1".into()),
            (4, "ann: line 2".into()),
            (5, "+watcher".into())
        ]
    );
    assert_eq!(k.look(watcher), "");
}

#[test]
fn what_memory_does_not_hold_is_read_from_the_store() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let (ann, answer) = program(&mut k, &format!(r#"{{"session":"{token}","after":1}}"#));
    assert_eq!(entries(&answer), []);
    k.answer();
    let heard = entries(&objects(&mut k, ann));
    assert_eq!(heard.len(), 100);
    assert!(heard.iter().map(|(seq, _)| *seq).eq(2..=101));
    assert!(k.server.wants_input(ann));

    k.receive(ann, "{\"type\":\"history\",\"before\":20,\"limit\":3}\n");
    k.answer();
    let page = objects(&mut k, ann);
    let numbers: Vec<u64> = entries(&page).iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, [17, 18, 19]);
    assert_eq!(
        page.last(),
        Some(&Message::Page {
            first: 1,
            head: 101
        })
    );

    let old = k.join("old");
    k.commit();
    k.look(old);
    k.receive(old, "/history 50\n");
    k.answer();
    let heard = k.look(old);
    assert_eq!(heard.lines().count(), 50);
    assert!(heard.starts_with("* ann: line 51\n"), "{heard}");
    assert!(heard.ends_with("* old has joined the chat\n"), "{heard}");
}

#[test]
fn an_id_is_known_for_as_long_as_its_entry_is_kept() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let hello = format!(r#"{{"session":"{token}"}}"#);
    let (ann, _) = program(&mut k, &hello);
    for (id, seq) in [("98", 100), ("3", 5)] {
        let text = format!("line {id}");
        k.receive(ann, say(&text, id));
        k.answer();
        let heard = objects(&mut k, ann);
        let id = Some(id.into());
        assert_eq!(heard, [Message::Accepted { id, seq }]);
    }
    k.receive(ann, say("other words", "7"));
    k.answer();
    assert_eq!(errors(&objects(&mut k, ann)), [Code::IdReused]);
    assert_eq!(k.begin(), 0, "none of that was said");

    k.receive(
        ann,
        say("new", "new") + &say("newer", "newer") + "{\"type\":\"ping\"}\n",
    );
    assert!(!k.server.wants_input(ann), "it is looked for first");
    k.answer();
    k.commit();
    let heard = objects(&mut k, ann);
    assert_eq!(
        entries(&heard),
        [(102, "ann: new".into()), (103, "ann: newer".into())]
    );
    assert!(heard.contains(&Message::Pong { head: 103 }));
}

#[test]
fn who_closes_their_side_is_heard_to_the_end_while_an_id_is_looked_for() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}"}}"#));
    k.receive(ann, say("new", "new"));
    k.handle(Input::Eof(ann));
    assert!(k.closed.is_empty());
    k.answer();
    k.commit();
    assert_eq!(k.closed.get(&ann), Some(&CloseReason::Eof));
    assert_eq!(k.store.last().map(|record| &*record.text), Some("new"));
}

#[test]
fn a_session_that_was_made_by_this_server_needs_no_looking() {
    let (k, _) = talk(100);
    let mut k = k.restart(5);
    let (bob, _) = program(&mut k, r#"{"name":"bob"}"#);
    k.commit();
    k.receive(bob, say("new", "1"));
    assert!(k.asked.is_empty());
    k.commit();
    let heard = objects(&mut k, bob);
    assert!(
        heard.contains(&Message::Accepted {
            id: Some("1".into()),
            seq: 103
        }),
        "{heard:?}"
    );
}

#[test]
fn what_the_store_cannot_give_any_more_is_a_gap() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":1}}"#));
    k.store.drain(..50);
    k.answer();
    let heard = objects(&mut k, ann);
    assert!(
        heard.contains(&Message::Gap { after: 1, next: 51 }),
        "{heard:?}"
    );
    assert_eq!(entries(&heard).len(), 51);

    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":60}}"#));
    k.store.clear();
    k.answer();
    let heard = objects(&mut k, ann);
    assert!(
        heard.contains(&Message::Gap {
            after: 60,
            next: 97
        }),
        "{heard:?}"
    );
    assert_eq!(entries(&heard).len(), 5);
}

#[test]
fn the_words_of_a_silent_stay_are_committed_before_they_are_sent_in_the_other_dialect() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    let silent = k.accept(9);
    k.wait(Limits::default().first_line);
    k.commit();
    k.look(silent);
    k.receive(ann, "not kept yet\n");
    k.receive(silent, "JOIN {}\n");
    assert_eq!(k.look(silent), "");
    assert_eq!(k.begin(), 3);
    k.done();
    let heard = k.look(silent);
    assert!(
        heard.starts_with("ann: not kept yet\n{\"type\":\"welcome\""),
        "{heard}"
    );
    k.receive(ann, "more\n");
    k.commit();
    assert!(k.look(silent).contains("more"));
}

#[test]
fn who_has_left_is_told_when_their_last_words_are_not_kept() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    k.commit();
    k.look(ann);
    k.receive(ann, "last words\nleave\n");
    assert_eq!(k.begin(), 2);
    k.handle(Input::NotCommitted);
    let goodbye = "* Goodbye: what is said cannot be kept any more; the server stops.\n";
    assert_eq!(k.look(ann), goodbye);
}

#[test]
fn a_line_that_was_begun_is_ended_when_the_store_fails() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    let silent = k.accept(9);
    k.wait(Limits::default().first_line);
    k.commit();
    k.look(silent);
    k.limit(silent, 7);
    k.receive(ann, "a long line\n");
    k.commit();
    assert_eq!(k.look(silent), "ann: a ");
    k.receive(ann, "not kept\n");
    assert_eq!(k.begin(), 1);
    k.receive(silent, "JOIN {}\n");
    k.handle(Input::NotCommitted);
    k.unblock(silent);
    let heard = k.look(silent);
    assert!(heard.starts_with("long line\n{\"type\":\"bye\""), "{heard}");
}

#[test]
fn a_crowd_that_comes_and_goes_while_the_store_is_slow_is_bounded() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    k.join("ann");
    assert_eq!(k.begin(), 1);
    for _ in 0..5_000 {
        let conn = k.accept(5);
        k.wait(Limits::default().first_line);
        k.handle(Input::Lost(conn));
    }
    k.done();
    let waiting = k.begin();
    assert!((1000..4000).contains(&waiting), "{waiting} entries");
}

#[test]
fn an_entry_that_the_store_has_before_that_is_said_is_sent_once() {
    let (k, token) = talk(5);
    let mut k = k.restart(0);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":0}}"#));
    k.join("bea");
    assert_eq!(k.begin(), 1);
    let batch = k.batch.clone();
    k.store.extend(batch);
    k.answer();
    k.batch.clear();
    k.done();
    k.answer();
    let heard = entries(&objects(&mut k, ann));
    assert!(heard.iter().map(|(seq, _)| *seq).eq(1..=7), "{heard:?}");
}

#[test]
fn of_what_is_read_in_the_store_no_more_waits_than_of_other_private_lines() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = k.join("ann");
    for _ in 0..50 {
        k.receive(ann, line(MAX_LINE));
        k.commit();
    }
    let mut k = k.restart(1);
    k.commit();
    let (bob, _) = program(&mut k, r#"{"name":"bob"}"#);
    k.commit();
    k.look(bob);
    k.limit(bob, 0);
    k.receive(bob, "{\"type\":\"history\",\"after\":0}\n");
    k.answer();
    k.unblock(bob);
    let private = Limits::default().private;
    let page = k.look(bob);
    let waited = page.len();
    assert!(
        (private..private + MAX_JSON_LINE).contains(&waited),
        "{waited} bytes"
    );
    k.answer();
    let page = page + &k.look(bob);
    assert_eq!(
        page.lines().count(),
        54,
        "53 entries, and the end of the page"
    );
}

#[test]
fn a_page_has_what_its_reader_has_just_said() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (bob, ann) = (program(&mut k, r#"{"name":"bob"}"#).0, k.join("ann"));
    k.commit();
    k.look(bob);
    k.look(ann);
    k.receive(
        bob,
        say("mine", "1") + "{\"type\":\"history\",\"limit\":1}\n",
    );
    k.receive(ann, "mine, too\n/history 1\n");
    k.commit();
    assert_eq!(k.look(bob).matches(r#""text":"mine""#).count(), 2);
    assert_eq!(k.look(ann), "bob: mine\n* ann: mine, too\n");
}

#[test]
fn a_store_that_cannot_be_read_is_the_trouble_of_who_asks() {
    let (k, token) = talk(100);
    let mut k = k.restart(5);
    let (ann, _) = program(&mut k, &format!(r#"{{"session":"{token}","after":1}}"#));
    k.asked.clear();
    k.handle(Input::Unreadable(ann));
    let heard = objects(&mut k, ann);
    assert!(heard.contains(&Message::Gap { after: 1, next: 97 }));
    assert_eq!(entries(&heard).len(), 5);
    k.receive(ann, say("line 7", "7"));
    k.asked.clear();
    k.handle(Input::Unreadable(ann));
    assert_eq!(errors(&objects(&mut k, ann)), [Code::NotKept]);
    assert_eq!(k.begin(), 0, "it is not said, for it may have been");
    k.receive(ann, "{\"type\":\"ping\"}\n");
    assert_eq!(objects(&mut k, ann), [Message::Pong { head: 101 }]);
}
