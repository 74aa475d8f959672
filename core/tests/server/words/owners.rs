//! Whose words they are: nobody but the two owners sees any.

use super::super::accounts::hash;
use super::super::durable::Kept;
use super::super::json::{errors, objects, program};
use super::{ask, ask_object, inbox, kept_log_in, kept_owner, read, settle};
use chat_core::json::Code;
use chat_core::{Input, Limits};

#[test]
fn to_a_name_that_is_nobodys_own_or_from_one_nothing_is_kept() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let ann = kept_owner(&mut k, "ann");
    let bob = k.join("bob");
    k.commit();
    k.look(ann);
    k.look(bob);
    assert_eq!(ask(&mut k, ann, "/msg bob hi"), "[PM to bob] hi\n");
    assert_eq!(k.look(bob), "[PM from ann] hi\n");
    assert_eq!(ask(&mut k, bob, "/msg ann hi"), "[PM to ann] hi\n");
    k.look(ann);
    assert_eq!(
        ask(&mut k, ann, "/msg ann hi"),
        "[PM from ann] hi\n[PM to ann] hi\n"
    );
    ask(&mut k, ann, "LEAVE");
    k.look(bob);
    assert_eq!(
        ask(&mut k, bob, "/msg ann hi"),
        "* Not sent: nobody here is called ann.\n"
    );
    assert_eq!(
        ask(&mut k, bob, "/inbox"),
        "* Not done: the name bob is not your own. /claim PASSWORD makes it that.\n"
    );
    assert_eq!(
        ask(&mut k, bob, "/inbox ann"),
        "* Not done: the name bob is not your own. /claim PASSWORD makes it that.\n"
    );
    let (ann, _) = kept_log_in(&mut k, "ann");
    assert_eq!(
        ask(&mut k, ann, "/inbox bob"),
        "* Not done: nobody has claimed the name bob, and what is said to them alone is not kept.\n"
    );
    assert!(!k.store.iter().any(|it| it.room.is_conversation()));
}

#[test]
fn whoever_claims_a_name_later_sees_nothing_of_its_former_owners_words() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    ask(&mut k, ann, "/msg bob the old secret");
    ask(&mut k, bob, "LEAVE");
    ask(&mut k, ann, "/msg bob one that waits");
    let (bob, _) = kept_log_in(&mut k, "bob");
    ask(&mut k, bob, "/unclaim");
    ask(&mut k, bob, "LEAVE");
    let mut k = k.restart(0);
    let bob = kept_owner(&mut k, "bob");
    assert_eq!(ask(&mut k, bob, "/inbox"), "* Nothing waits for you.\n");
    assert_eq!(
        ask(&mut k, bob, "/inbox ann"),
        "* Nothing is kept of what you and ann have said to each other alone.\n"
    );
    let (ann, _) = kept_log_in(&mut k, "ann");
    assert_eq!(
        ask(&mut k, ann, "/inbox bob"),
        "* Nothing is kept of what you and bob have said to each other alone.\n"
    );
    ask(&mut k, ann, "/msg bob new");
    let told = ask(&mut k, bob, "/inbox ann");
    assert!(told.contains("new") && !told.contains("secret"), "{told}");
}

#[test]
fn nobody_else_sees_any_of_it() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    let eve = kept_owner(&mut k, "eve");
    let admin = chat_core::Name::parse("eve").unwrap();
    k.handle(Input::SetAdmin(&admin, true));
    k.commit();
    k.look(eve);
    k.transcript.clear();
    ask(&mut k, ann, "/msg bob psst");
    ask(&mut k, bob, "LEAVE");
    ask(&mut k, ann, "/msg bob psst");
    let shown = String::from_utf8_lossy(&k.transcript);
    assert_eq!(shown, "bob has left the chat\n");
    let room = k
        .store
        .iter()
        .map(|it| &it.room)
        .find(|it| it.is_conversation());
    let room = room.expect("it is kept").to_string();
    let asked = [
        "/rooms",
        "/history 1000",
        "/who",
        "/inbox",
        "/inbox ann",
        "/inbox bob",
        "/whois ann",
        &format!("/who {room}"),
        &format!("/join {room}"),
        &format!("/msg {room} hi"),
        &format!("/invite {room}"),
    ]
    .map(|line| ask(&mut k, eve, line))
    .concat();
    assert!(!asked.contains("psst"), "{asked}");
    let answers = asked
        .replace(&format!("\"{room}\""), "")
        .replace(&format!("called {room}"), "");
    assert!(!answers.contains(&room), "{answers}");
    let rooms: Vec<String> = k.server.rooms().map(|(name, _)| name.to_string()).collect();
    assert_eq!(rooms, ["lobby"]);
    assert_eq!(k.server.usage().rooms, 1);
    let (spy, _) = program(&mut k, r#"{"name":"spy"}"#);
    k.commit();
    objects(&mut k, spy);
    for (kind, code) in [
        ("history", Code::NotInRoom),
        ("join", Code::BadRoom),
        ("topic", Code::BadRoom),
    ] {
        let asked = serde_json::json!({"type": kind, "room": room});
        let told = ask_object(&mut k, spy, &asked);
        assert_eq!(errors(&told), [code], "{kind}: {told:?}");
    }
    let asked = serde_json::json!({"type": "history", "with": "ann"});
    assert_eq!(errors(&ask_object(&mut k, spy, &asked)), [Code::NotClaimed]);
    let (reader, _) = program(&mut k, r#"{"read":true}"#);
    for asked in [asked, inbox(), read("ann", 1)] {
        assert_eq!(
            errors(&ask_object(&mut k, reader, &asked)),
            [Code::ReadOnly]
        );
    }
    assert!(
        !format!("{:?}", k.server).contains("psst"),
        "what is being sent is not shown"
    );
}

#[test]
fn whoever_gave_a_name_up_while_the_store_was_asked_is_written_to_no_more() {
    let mut k = Kept::new(Limits::default(), Vec::new(), 0);
    let (ann, bob) = (kept_owner(&mut k, "ann"), kept_owner(&mut k, "bob"));
    k.look(ann);
    k.receive(ann, "/msg bob hi\n");
    k.receive(bob, "/unclaim\n");
    settle(&mut k);
    assert_eq!(k.look(ann), "* Not sent: nobody here is called bob.\n");
    assert!(!k.look(bob).contains("hi"));
    // And where it was said before.
    let bob = k.join("joe");
    k.receive(bob, "/claim open sesame\n");
    hash(&mut k);
    k.commit();
    k.look(bob);
    k.receive(ann, "/msg joe hi\n");
    k.answer();
    k.receive(bob, "/unclaim\n");
    k.commit();
    assert!(
        !k.look(bob).contains("hi"),
        "the name was theirs no more when it was committed"
    );
}
