//! The listener for TLS: who does not shake hands, or badly, or not at all, and who does meanwhile.

mod cut;
mod room;

use chat_core::Limits;
use chat_net::tls::HANDSHAKES;
use cut::Cut;
use room::{Room, certificate, shake_hands};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::{Instant, sleep, timeout};

/// How long a handshake may take.
const DEADLINE: Duration = Duration::from_secs(5);

const PLAIN: &str = "This port speaks TLS: connect with chat-client tls://HOST:PORT";

/// All that comes on a stream until it is closed, and when that is.
async fn rest(stream: &mut DuplexStream) -> (Vec<u8>, Instant) {
    let mut rest = Vec::new();
    let read = timeout(Duration::from_secs(60), stream.read_to_end(&mut rest)).await;
    read.expect("it is closed").unwrap();
    (rest, Instant::now())
}

/// Whether a stream is closed, once all that can be done now is done.
async fn is_closed(stream: &mut DuplexStream) -> bool {
    let read = timeout(Duration::from_millis(10), stream.read(&mut [0])).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test(start_paused = true)]
async fn people_talk_over_tls_as_they_do_without() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    let mut bob = room.join(2).await;
    assert_eq!(ann.line().await, "USER2 has joined the chat\n");
    bob.say("hi").await;
    assert_eq!(ann.line().await, "USER2: hi\n");
    ann.say("LEAVE").await;
    // Its end is told: a connection that just breaks off would be an error here.
    assert_eq!(ann.line().await, "");
    assert_eq!(bob.line().await, "USER1 has left the chat\n");
    assert_eq!(
        room.screen(),
        "Listening on 127.0.0.1:5000\nUSER1 has joined the chat\nUSER2 has joined the chat\n\
         USER2: hi\nUSER1 has left the chat\n"
    );
}

#[tokio::test(start_paused = true)]
async fn whoever_tells_its_end_is_heard_out_and_answered() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    let mut bob = room.join(2).await;
    ann.line().await;
    bob.0.write_all(b"one\ntwo\n").await.unwrap();
    bob.0.shutdown().await.unwrap();
    assert_eq!(ann.line().await, "USER2: one\n");
    assert_eq!(ann.line().await, "USER2: two\n");
    assert_eq!(ann.line().await, "USER2 has left the chat\n");
    assert_eq!(bob.line().await, "", "its end is told, too");
}

#[tokio::test(start_paused = true)]
async fn what_a_full_socket_did_not_take_goes_out_when_it_does() {
    let room = Room::open(Limits::default());
    let stream = room.connect_from(([127, 0, 0, 1], 1).into(), 600);
    let mut ann = room.shake_hands(stream).await.unwrap();
    ann.join().await;
    let mut bob = room.join(2).await;
    assert_eq!(ann.line().await, "USER2 has joined the chat\n");
    let said = "x".repeat(1000);
    for _ in 0..20 {
        bob.say(&said).await;
    }
    // Nothing else happens from here on that could push the last of it out.
    sleep(Duration::from_secs(1)).await;
    for _ in 0..20 {
        assert_eq!(ann.line().await, format!("USER2: {said}\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_told_what_is_spoken_here_and_ended_after_5_s() {
    let room = Room::open(Limits::default());
    let begun = Instant::now();
    let mut silent = room.connect(1);
    let (told, at) = rest(&mut silent).await;
    assert_eq!(at - begun, DEADLINE);
    let told = String::from_utf8(told).unwrap();
    assert!(told.starts_with(PLAIN) && told.ends_with('\n'), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_end_is_given_up_after_5_s_however_it_drips() {
    let room = Room::open(Limits::default());
    let begun = Instant::now();
    let mut slow = room.connect(1);
    // The head of a record of 256 bytes, which come one by one.
    slow.write_all(&[22, 3, 1, 1, 0, 1]).await.unwrap();
    while slow.write_all(&[0]).await.is_ok() {
        sleep(Duration::from_millis(100)).await;
        assert!(begun.elapsed() < 2 * DEADLINE, "it is never given up");
    }
    assert!(begun.elapsed() >= DEADLINE);
    room.join(2).await;
}

#[tokio::test(start_paused = true)]
async fn plain_text_is_told_so_in_plain_text_at_once() {
    let room = Room::open(Limits::default());
    for opening in [
        "JOIN\n",
        "{\"type\":\"join\"}\n",
        "GET / HTTP/1.1\r\n\r\n",
        "é\n",
        "\n",
        "x",
    ] {
        let begun = Instant::now();
        let mut plain = room.connect(1);
        plain.write_all(opening.as_bytes()).await.unwrap();
        let mut told = [0; 1024];
        let count = plain.read(&mut told).await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let told = String::from_utf8_lossy(&told[..count]);
        assert!(told.starts_with(PLAIN), "{opening:?}: {told:?}");
        let (_, at) = rest(&mut plain).await;
        assert!(at - begun < DEADLINE, "{opening:?}");
    }
    assert_eq!(room.screen(), "Listening on 127.0.0.1:5000\n");
}

/// Whatever comes first, and whatever comes after it.
#[tokio::test(start_paused = true)]
async fn garbage_ends_its_connection_within_5_s_and_nobody_elses() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    for first in 0..=255 {
        for rest_of_it in [
            &b"\x03\x01\xff\xff"[..],
            b"\x03\x03\0\x02\x02\x28",
            b"\n",
            b"\0\0\0\0\0\0\0\0",
        ] {
            let begun = Instant::now();
            let mut stream = room.connect(2);
            stream.write_all(&[first]).await.unwrap();
            stream.write_all(rest_of_it).await.unwrap();
            let (_, at) = rest(&mut stream).await;
            assert!(at - begun <= DEADLINE, "{first} {rest_of_it:?}");
        }
    }
    let mut bob = room.join(3).await;
    assert_eq!(ann.line().await, "USER3 has joined the chat\n");
    ann.say("calm").await;
    assert_eq!(bob.line().await, "USER1: calm\n");
}

#[tokio::test(start_paused = true)]
async fn a_handshake_may_be_cut_at_every_byte() {
    let room = Room::open(Limits::default());
    let cut_after = |left| Cut {
        stream: room.connect(1),
        left,
        sent: 0,
    };
    let whole = room.shake_hands(cut_after(usize::MAX)).await.unwrap();
    let length = whole.0.get_ref().get_ref().0.sent;
    assert!(length > 200, "{length} bytes are no handshake");
    for left in 0..length {
        // What is done with it after that fails, if not the handshake itself.
        if let Ok(mut person) = room.shake_hands(cut_after(left)).await {
            let _ = person.0.write_all(b"JOIN\n").await;
            assert!(person.0.flush().await.is_err(), "cut after {left}");
        }
    }
    let mut ann = room.join(2).await;
    let mut bob = room.join(3).await;
    assert_eq!(ann.line().await, "USER3 has joined the chat\n");
    ann.say("calm").await;
    assert_eq!(bob.line().await, "USER2: calm\n");
    assert!(!room.screen().contains("USER1"), "{}", room.screen());
}

#[tokio::test(start_paused = true)]
async fn as_many_may_shake_hands_as_the_bound_says_and_with_one_more_the_oldest_gives_way() {
    let room = Room::open(Limits::default());
    let mut silent: Vec<_> = (0..HANDSHAKES).map(|_| room.connect(1)).collect();
    assert!(!is_closed(&mut silent[0]).await, "at the bound");
    silent.push(room.connect(1));
    assert!(is_closed(&mut silent[0]).await, "one past it");
    assert!(!is_closed(&mut silent[1]).await);
    assert!(!is_closed(&mut silent[HANDSHAKES]).await);
}

#[tokio::test(start_paused = true)]
async fn whoever_shakes_most_hands_gives_way_and_a_host_with_few_does_not() {
    let room = Room::open(Limits::default());
    let from = |host| room.connect_from(SocketAddr::from(([192, 0, 2, host], 1)), 1024);
    let mut first = from(1);
    let mut many: Vec<_> = (1..HANDSHAKES).map(|_| from(2)).collect();
    let mut last = from(3);
    assert!(is_closed(&mut many[0]).await, "the oldest of most");
    for other in [&mut first, &mut last, &mut many[1]] {
        assert!(!is_closed(other).await);
    }
}

#[tokio::test(start_paused = true)]
async fn two_thousand_silent_handshakes_shut_nobody_out() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    let _silent: Vec<_> = (0..2000).map(|_| room.connect(2)).collect();
    let begun = Instant::now();
    let mut bob = room.join(3).await;
    assert_eq!(ann.line().await, "USER3 has joined the chat\n");
    ann.say("calm").await;
    assert_eq!(bob.line().await, "USER1: calm\n");
    assert!(begun.elapsed() < Duration::from_secs(1), "nobody waits");
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_after_a_new_identity_gets_that_and_nobody_is_dropped() {
    let room = Room::open(Limits::default());
    let mut ann = room.join(1).await;
    let (new, key) = certificate("chat.example");
    let (_, other_key) = certificate("chat.example");
    let error = room
        .identity
        .replace(vec![new.clone()], other_key)
        .unwrap_err();
    assert_eq!(error.to_string(), "the key is not of that certificate");
    // What was is still there.
    let mut bob = room.join(2).await;
    assert_eq!(ann.line().await, "USER2 has joined the chat\n");
    room.identity.replace(vec![new.clone()], key).unwrap();
    assert!(room.shake_hands(room.connect(3)).await.is_err());
    let mut cat = shake_hands(room.connect(4), &new).await.unwrap();
    cat.join().await;
    cat.say("hi").await;
    for person in [&mut ann, &mut bob] {
        assert_eq!(person.line().await, "USER4 has joined the chat\n");
        assert_eq!(person.line().await, "USER4: hi\n");
    }
}
