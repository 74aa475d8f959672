//! The text of a line is removed (PROTOCOL.md, "Order").

use super::accounts::{hash, send};
use super::durable::Kept;
use super::json::{errors, objects, program, say, token};
use super::order::{dev, go, owner_of};
use super::world::World;
use chat_core::json::{Code, Entry, Message};
use chat_core::{ConnId, Kind, Limits};

const SECRET: &str = "the secret";

/// Somebody in the room whose socket takes so many bytes.
fn slow_reader(w: &mut World, json: bool, takes: usize) -> ConnId {
    let slow = if json {
        bot(w, "")
    } else {
        let slow = w.join("slow");
        go(w, slow, "dev");
        slow
    };
    w.look(slow);
    w.limit(slow, takes);
    slow
}

/// A program that is in dev, too.
fn bot(w: &mut World, more: &str) -> ConnId {
    let (bot, _) = program(
        w,
        &format!(r#"{{"name":"bot","rooms":{{"dev":{{}}}}{more}}}"#),
    );
    bot
}

fn page(w: &mut World, conn: ConnId) -> Vec<Message<'static>> {
    w.receive(conn, "{\"type\":\"history\",\"room\":\"dev\"}\n");
    objects(w, conn)
}

/// The entry of a number among these.
fn entry<'a>(all: &'a [Message<'static>], seq: u64) -> &'a Entry<'static> {
    let entries = all.iter().filter_map(|it| match it {
        Message::Entry(it) | Message::Past(it) => Some(it),
        _ => None,
    });
    let mut found = entries.filter(|it| it.seq == seq);
    found.next().unwrap_or_else(|| panic!("{seq}: {all:?}"))
}

#[test]
fn a_line_is_gone_for_everyone_and_everyone_is_told_so() {
    let (mut w, ann, bob) = dev();
    let bot = bot(&mut w, "");
    send(&mut w, bob, SECRET);
    send(&mut w, bob, "/me too");
    for conn in [ann, bob, bot] {
        w.look(conn);
    }
    // ann came, and owned it; bob came, and the bot.
    let told = "ann has removed a line of bob (#5)\n";
    assert_eq!(send(&mut w, ann, "/redact 5"), told);
    assert_eq!(w.look(bob), told);
    let live = objects(&mut w, bot);
    let order = entry(&live, 7).order.clone().unwrap();
    assert_eq!((order.seq, order.whom.as_deref()), (Some(5), Some("bob")));
    assert_eq!(order.reason, None);
    let all = page(&mut w, bot);
    let it = entry(&all, 5);
    assert_eq!(
        (it.kind, &*it.name, it.text.as_deref()),
        (Kind::Said, "bob", None)
    );
    assert!(it.redacted && !entry(&all, 6).redacted && !entry(&all, 7).redacted);
    // By name, the last one that has a text yet.
    assert_eq!(
        send(&mut w, ann, "/redact BOB"),
        "ann has removed a line of bob (#6)\n"
    );
    assert_eq!(
        send(&mut w, ann, "/redact bob"),
        "* Not done: bob has said nothing lately. /history shows which number each line has: /redact NUMBER.\n"
    );
    // Those who may do that are shown the numbers.
    assert_eq!(
        send(&mut w, ann, "/history 5"),
        "* bot has joined the chat\n* #5 bob: (removed)\n* #6 ** bob (removed)\n* ann has removed a line of bob (#5)\n* ann has removed a line of bob (#6)\n"
    );
    w.look(bob);
    assert!(send(&mut w, bob, "/history 4").starts_with("* bob: (removed)\n"));
    let transcript = String::from_utf8(w.transcript.clone()).unwrap();
    assert!(transcript.contains("[dev] ann has removed a line of bob (#5)\n"));
}

#[test]
fn only_what_was_said_is_removed_and_only_once_and_only_by_who_may() {
    let (mut w, ann, bob) = dev();
    send(&mut w, bob, SECRET);
    w.look(ann);
    for (conn, line, answer) in [
        (bob, "/redact 4", "/redact is for the operators"),
        (bob, "/redact bob", "/redact is for the operators"),
        (ann, "/redact", "/redact takes NAME|NUMBER"),
        (ann, "/redact 4 5", "/redact takes NAME|NUMBER"),
        (ann, "/redact **", "Nobody here is called **."),
        (ann, "/redact cat", "cat has said nothing lately"),
        (ann, "/redact 0", "there is no such line"),
        (ann, "/redact 5", "there is no such line"),
        (ann, "/redact 99999999999999999999", "there is no such line"),
        // Somebody came, or ordered something.
        (ann, "/redact 1", "there is no such line"),
        (ann, "/redact 2", "there is no such line"),
        (ann, "/redact #4", "ann has removed a line of bob (#4)"),
        (ann, "/redact 4", "it is removed already"),
    ] {
        let told = send(&mut w, conn, line);
        assert!(told.contains(answer), "{line}: {told}");
    }
}

#[test]
fn who_keeps_order_removes_their_own_lines_too_in_whatever_session() {
    let (mut w, ann, bob) = dev();
    send(&mut w, ann, SECRET);
    w.look(bob);
    assert_eq!(
        send(&mut w, ann, "/redact ann"),
        "ann has removed a line of ann (#4)\n"
    );
    assert_eq!(w.look(bob), "ann has removed a line of ann (#4)\n");
}

#[test]
fn everyone_removes_what_they_said_themselves_in_their_session() {
    let (mut w, ann, _) = dev();
    let bot = bot(&mut w, "");
    let other = {
        let (it, _) = program(&mut w, r#"{"name":"bot2","rooms":{"dev":{}}}"#);
        it
    };
    let said =
        |text: &str, id: &str| say(text, id).replace("\"text\"", "\"room\":\"dev\",\"text\"");
    w.receive(bot, said(SECRET, "1"));
    objects(&mut w, bot);
    w.look(ann);
    objects(&mut w, other);
    let order = |what: &str| {
        format!("{{\"type\":\"order\",\"room\":\"dev\",\"do\":\"redact\",{what},\"id\":\"o\"}}\n")
    };
    for what in ["\"seq\":6", "\"whom\":\"bot\""] {
        w.receive(other, order(what));
        assert_eq!(
            errors(&objects(&mut w, other)),
            [Code::NotAllowed],
            "{what}"
        );
    }
    for what in ["\"on\":true", "\"seq\":6,\"whom\":\"bot\""] {
        w.receive(bot, order(what));
        assert_eq!(errors(&objects(&mut w, bot)), [Code::BadRequest], "{what}");
    }
    w.receive(bot, order("\"seq\":6"));
    let told = objects(&mut w, bot);
    assert!(
        matches!(&told[1], Message::Accepted { seq: 7, .. }),
        "{told:?}"
    );
    assert_eq!(w.look(ann), "bot has removed a line of bot (#6)\n");
    w.receive(bot, order("\"seq\":6"));
    assert_eq!(errors(&objects(&mut w, bot)), [Code::Unchanged]);
    w.receive(bot, order("\"seq\":1"));
    assert_eq!(errors(&objects(&mut w, bot)), [Code::NotAllowed]);
    // Its id is given, whatever comes with it: nobody knows any more what it was given to.
    for text in [SECRET, "something else"] {
        w.receive(bot, said(text, "1"));
        let told = objects(&mut w, bot);
        assert!(
            matches!(&told[..], [Message::Accepted { seq: 6, .. }]),
            "{told:?}"
        );
    }
    assert_eq!(w.look(ann), "");
}

/// How much of a text is at the end of what was sent before a line ends.
fn shown(sent: &str) -> bool {
    sent.contains(SECRET)
}

#[test]
fn nobody_is_sent_a_text_that_is_gone_however_slowly_they_read() {
    let mut endings = std::collections::BTreeSet::new();
    for json in [false, true] {
        for room in 0..250 {
            let (mut w, ann, bob) = dev();
            let slow = slow_reader(&mut w, json, room);
            send(&mut w, bob, "before");
            send(&mut w, bob, SECRET);
            send(&mut w, bob, "after");
            assert!(send(&mut w, ann, "/redact 6").contains("has removed"));
            let before = w.look(slow);
            w.unblock(slow);
            let after = w.look(slow);
            let all = format!("{before}{after}");
            assert!(!shown(&after) && (shown(&before) || !shown(&all)), "{all}");
            if !json {
                let mut lines = all.lines();
                assert_eq!(lines.next(), Some("bob: before"));
                endings.insert(lines.next().unwrap().to_owned());
                let rest: Vec<&str> = lines.collect();
                assert_eq!(rest, ["bob: after", "ann has removed a line of bob (#6)"]);
                continue;
            }
            let all: Vec<Message<'_>> = all
                .lines()
                .map(|it| serde_json::from_str(it).unwrap())
                .collect();
            let seqs = all.iter().filter_map(|it| match it {
                Message::Entry(it) => Some((it.seq, it.redacted)),
                _ => None,
            });
            let seqs: Vec<(u64, bool)> = seqs.collect();
            let numbers: Vec<u64> = seqs.iter().map(|it| it.0).collect();
            assert_eq!(numbers, [5, 6, 7, 8]);
            assert!(!seqs[0].1 && !seqs[2].1);
        }
    }
    assert!(
        endings.contains("bob: (removed) ") && endings.contains("bob: the"),
        "{endings:?}"
    );
    assert_eq!(endings.len(), 2 + SECRET.len());
}

#[test]
fn nor_what_was_copied_for_them_or_is_history() {
    for (json, asks) in [
        (false, "/history\n"),
        (true, "{\"type\":\"history\",\"room\":\"dev\"}\n"),
    ] {
        for room in [0, 7, 100] {
            let (mut w, ann, bob) = dev();
            send(&mut w, bob, SECRET);
            let slow = slow_reader(&mut w, json, room);
            // What it is sent of the history waits for it, and so does the line where it leaves.
            w.receive(slow, asks);
            send(&mut w, bob, SECRET);
            if !json {
                w.receive(slow, "/join lobby\n");
            }
            for seq in ["4", "6"] {
                assert!(send(&mut w, ann, &format!("/redact {seq}")).contains("has removed"));
            }
            w.look(slow);
            w.unblock(slow);
            let after = w.look(slow);
            assert!(!shown(&after), "{room}: {after}");
            assert!(
                after.contains(if json {
                    "\"redacted\":true"
                } else {
                    "bob: (removed)"
                }),
                "{after}"
            );
        }
    }
}

fn settle(k: &mut Kept) {
    k.commit();
    hash(k);
    k.answer();
    k.commit();
}

/// ann, who owns dev, and bob, who has said something there.
fn kept() -> (Kept, ConnId, ConnId) {
    let mut k = Kept::new(Limits::default(), Vec::new(), 9);
    let (ann, bob) = (k.join("ann"), k.join("bob"));
    for (conn, line) in [
        (ann, "/claim open sesame"),
        (ann, "/join dev"),
        (bob, "/join dev"),
        (bob, SECRET),
    ] {
        k.receive(conn, format!("{line}\n"));
        settle(&mut k);
    }
    (k, ann, bob)
}

#[test]
fn a_text_is_there_until_the_order_is_committed_and_no_longer() {
    let (mut k, ann, bob) = kept();
    k.receive(ann, "/redact 4\n");
    // It is ordered once.
    k.receive(ann, "/redact 4\n");
    k.receive(ann, "/redact bob\n");
    k.begin();
    assert_eq!(k.batch.len(), 1);
    assert_eq!(k.batch[0].redacts(), Some(4));
    k.look(bob);
    k.receive(bob, "/history\n");
    assert_eq!(k.look(bob), "");
    k.done();
    settle(&mut k);
    let told = k.look(ann);
    assert!(
        told.contains("it is removed already") && told.contains("bob has said nothing lately"),
        "{told}"
    );
    let told = k.look(bob);
    assert!(told.contains("bob: (removed)") && !shown(&told), "{told}");
    assert!(k.store.iter().all(|it| !shown(&it.text)));
    // Also after a restart, whatever is in memory then.
    for newest in [0, 9] {
        k = k.restart(newest);
        settle(&mut k);
        let cat = k.join("cat");
        settle(&mut k);
        for line in ["/join dev\n", "/history\n"] {
            k.receive(cat, line);
            settle(&mut k);
        }
        let told = k.look(cat);
        assert!(
            told.contains("* bob: (removed)\n") && !shown(&told),
            "{told}"
        );
    }
}

#[test]
fn what_is_in_the_store_alone_is_looked_for_there() {
    let (k, _, _) = kept();
    let mut k = k.restart(9);
    settle(&mut k);
    let ann = k.join("ann");
    for line in ["/login ann open sesame", "/join dev"] {
        k.receive(ann, format!("{line}\n"));
        settle(&mut k);
    }
    // The room is opened with the last four.
    for n in 0..5 {
        k.receive(ann, format!("line {n}\n"));
    }
    settle(&mut k);
    let mut k = k.restart(0);
    settle(&mut k);
    let ann = k.join("ann");
    let cat = k.join("cat");
    settle(&mut k);
    for (conn, line) in [
        (ann, "/login ann open sesame"),
        (ann, "/join dev"),
        (cat, "/join dev"),
    ] {
        k.receive(conn, format!("{line}\n"));
        settle(&mut k);
    }
    k.look(ann);
    // cat is being sent what was read before.
    k.receive(cat, "/history\n");
    let read = std::mem::take(&mut k.asked);
    assert!(!read.is_empty());
    k.receive(ann, "/redact 4\n/redact 1\n");
    settle(&mut k);
    let told = k.look(ann);
    assert!(
        told.contains("ann has removed a line of bob (#4)\n"),
        "{told}"
    );
    assert!(
        told.contains("* Not done: there is no such line."),
        "{told}"
    );
    k.asked = read;
    // What the store answers now is what it had then.
    let old = k.store.clone();
    for record in k.store.iter_mut().filter(|it| it.is_redacted()) {
        record.text = SECRET.into();
    }
    let read = k.asked.len();
    assert_eq!(read, 1);
    k.answer_one();
    k.store = old;
    settle(&mut k);
    let told = k.look(cat);
    assert!(told.contains("bob: (removed)") && !shown(&told), "{told}");
    // It cannot be read.
    k.is_readable = |_| false;
    k.receive(ann, "/redact 3\n");
    settle(&mut k);
    assert!(k.look(ann).contains("there is no such line"));
}

#[test]
fn a_text_stays_where_the_order_is_never_kept() {
    let (mut k, ann, bob) = kept();
    k.receive(ann, "/redact 4\n");
    k.begin();
    k.look(bob);
    k.handle(chat_core::Input::NotCommitted);
    assert!(!k.look(bob).contains("removed"));
    let mut k = k.restart(9);
    settle(&mut k);
    let cat = k.join("cat");
    settle(&mut k);
    for line in ["/join dev\n", "/history\n"] {
        k.receive(cat, line);
        settle(&mut k);
    }
    assert!(shown(&k.look(cat)));
}

#[test]
fn the_lobbys_lines_are_removed_by_administrators() {
    let mut w = World::new(Limits::default());
    let root = super::order::admin(&mut w, "root");
    let bob = owner_of(&mut w, "bob");
    send(&mut w, bob, SECRET);
    w.look(root);
    assert_eq!(
        send(&mut w, root, "/redact bob"),
        "root has removed a line of bob (#3)\n"
    );
    let (_, told) = program(&mut w, r#"{"name":"bot","history":9}"#);
    token(&told);
    assert!(entry(&told, 3).redacted);
}
