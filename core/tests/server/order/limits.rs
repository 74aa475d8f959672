//! The limits of order, and the help that shows what one may do.

use super::super::accounts::send;
use super::{dev, go};
use chat_core::{MAX_BANS, MAX_INVITED, MAX_MUTES, MAX_OPERATORS, MAX_ORDER_REASON, MAX_SLOW};
use std::time::Duration;

#[test]
fn every_limit_holds_at_it_and_not_past_it() {
    let (mut w, ann, bob) = dev();
    w.look(bob);
    let reason = "x".repeat(MAX_ORDER_REASON);
    assert!(send(&mut w, ann, &format!("/ban eve {reason}")).contains("has banned eve"));
    assert_eq!(
        send(&mut w, ann, &format!("/ban eve {reason}x")),
        "* Not done: a reason is at most 256 bytes long.\n"
    );
    assert_eq!(
        send(&mut w, ann, "/ban eve 366d"),
        "* Not done: /ban is for 1s to 365d, such as 30s, 10m, 2h, 7d or 2w; without a time, it has no end, and a reason begins with no digit.\n"
    );
    assert_eq!(
        send(&mut w, ann, "/slow 3601"),
        "* Not done: the wait between two lines is at most 3600 s.\n"
    );
    assert!(send(&mut w, ann, &format!("/slow {MAX_SLOW}")).contains("every 3600 s"));
    send(&mut w, ann, "/slow 0");
    let full = "there are as many as there may be";
    for nth in 1..MAX_BANS {
        let told = send(&mut w, ann, &format!("/ban n{nth} 60s"));
        assert!(told.contains("has banned"), "{nth}: {told}");
    }
    assert!(send(&mut w, ann, "/ban one-more").contains(full));
    assert!(
        send(&mut w, ann, "/ban EVE").contains("has banned EVE"),
        "in place of the one before"
    );
    assert!(send(&mut w, ann, "/bans").contains(" more\n"));
    w.wait(Duration::from_secs(60));
    assert!(
        send(&mut w, ann, "/ban one-more").contains("has banned"),
        "those before are over"
    );
    for nth in 0..MAX_INVITED {
        w.wait(Duration::from_millis(50));
        let told = send(&mut w, ann, &format!("/invite n{nth}"));
        assert!(told.contains("has invited"), "{nth}: {told}");
    }
    assert!(send(&mut w, ann, "/invite one-more").contains(full));
}

#[test]
fn there_are_no_more_operators_and_mutes_than_may_be() {
    let (mut w, ann, _) = dev();
    let full = "there are as many as there may be";
    for nth in 0..=MAX_MUTES {
        let name = format!("n{nth}");
        let conn = w.join(&name);
        go(&mut w, conn, "dev");
        w.look(ann);
        let told = send(&mut w, ann, &format!("/mute {name}"));
        assert_eq!(told.contains(full), nth == MAX_MUTES, "{nth}: {told}");
        if nth <= MAX_OPERATORS {
            send(&mut w, conn, "/claim open sesame");
        }
    }
    for nth in 0..=MAX_OPERATORS {
        let told = send(&mut w, ann, &format!("/op n{nth}"));
        assert_eq!(told.contains(full), nth == MAX_OPERATORS, "{nth}: {told}");
    }
    assert!(send(&mut w, ann, "/deop n0").contains("has taken"));
    assert!(send(&mut w, ann, &format!("/op n{MAX_OPERATORS}")).contains("has made"));
}

#[test]
fn help_shows_what_one_may_do() {
    let (mut w, ann, bob) = dev();
    w.look(bob);
    let all = send(&mut w, ann, "/help");
    let none = send(&mut w, bob, "/help");
    for word in [
        "/kick", "/mute", "/op NAME", "/private", "/redact", "/close",
    ] {
        assert!(all.contains(word) && !none.contains(word), "{word}");
    }
    send(&mut w, bob, "/claim open sesame");
    send(&mut w, ann, "/op bob");
    w.look(bob);
    let some = send(&mut w, bob, "/help");
    assert!(
        some.contains("/kick") && !some.contains("/op NAME"),
        "{some}"
    );
    assert!(send(&mut w, bob, "/help kick").starts_with("* /kick NAME [REASON]: "));
    let lines = [&all, &some, &none].map(|help| help.lines().count());
    assert_eq!(lines, [19, 17, 14]);
    assert!(all.ends_with("in the room.\n") && none.ends_with("in the room.\n"));
}

#[test]
fn what_begins_like_a_time_or_looks_like_an_address_and_is_none_is_refused_in_words() {
    let (mut w, ann, bob) = dev();
    w.look(bob);
    for time in [
        "7",
        "7y",
        "7 days",
        "1.5h",
        "2h30m",
        "-7d",
        "7D",
        "3 warnings",
    ] {
        let told = send(&mut w, ann, &format!("/ban eve {time}"));
        assert!(
            told.starts_with("* Not done: /ban is for 1s to 365d, such as "),
            "{told}"
        );
        let told = send(&mut w, ann, &format!("/mute bob {time}"));
        assert!(
            told.starts_with("* Not done: /mute is for 1s to 365d, such as "),
            "{told}"
        );
    }
    let no_address =
        "is no address or network: a network is an address, / and how many bits of it count";
    for text in [
        "10.0.0.300",
        "10.0.0",
        "10.0.0.0/33",
        "10.0.0.0/7",
        "fe80::zz",
        "[::1]:5000",
        "10.0.0.*",
    ] {
        let told = send(&mut w, ann, &format!("/ban {text}"));
        assert!(
            told.starts_with(&format!("* Not done: {text} {no_address}")),
            "{told}"
        );
    }
    for text in ["10.0.0.0/33", "fe80::zz"] {
        let told = send(&mut w, ann, &format!("/unban {text}"));
        assert!(told.contains(no_address), "{told}");
    }
    assert_eq!(send(&mut w, ann, "/bans"), "* Nobody is banned.\n");
    // Who is here is meant by their name, whatever it looks like.
    w.join("10.0.0.300");
    w.look(ann);
    assert!(
        send(&mut w, ann, "/ban 10.0.0.300 too loud").contains("has banned 10.0.0.300: too loud")
    );
    assert!(send(&mut w, ann, "/ban eve 1w").contains("has banned eve for 7d"));
    assert!(send(&mut w, ann, "/mute bob 2w").contains("has muted bob for 14d"));
}
