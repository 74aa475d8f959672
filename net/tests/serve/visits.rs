//! Who came and went is told in the log, and bounded there.

use super::log::Lines;
use super::room::{Room, line};
use chat_core::Limits;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::sleep;

/// A room, and its log from then on.
fn open(limits: Limits) -> (Room, Lines, tracing::subscriber::DefaultGuard) {
    let log = Lines::default();
    let guard = tracing::subscriber::set_default(log.clone());
    (Room::open(limits), log, guard)
}

fn peer(host: u32) -> SocketAddr {
    (Ipv4Addr::from_bits(0x0a00_0000 + host), 40_000).into()
}

#[tokio::test(start_paused = true)]
async fn who_comes_and_goes_is_told_and_not_what_they_say() {
    let (room, log, _guard) = open(Limits::default());
    let mut ann = room.connect_from(peer(1), 1024);
    ann.write_all(b"JOIN ann\nbetween you and me\nLEAVE\n")
        .await
        .unwrap();
    line(&mut ann).await;
    assert_eq!(line(&mut ann).await, "");
    drop(ann);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(
        log.take(),
        [
            "connected conn=#0.0 peer=10.0.0.1:40000",
            "joined conn=#0.0 peer=10.0.0.1:40000 name=ann",
            "left conn=#0.0 peer=10.0.0.1:40000 name=ann reason=left",
        ]
    );

    let lost = room.join(2).await;
    drop(lost);
    sleep(Duration::from_millis(1)).await;
    let told = log.take();
    assert_eq!(
        told[2..],
        ["left conn=#0.1 peer=127.0.0.1:2 name=USER2 reason=closed by the peer"]
    );

    let mut stranger = room.connect(3, 1024);
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    stranger.read_to_end(&mut Vec::new()).await.unwrap();
    drop(stranger);
    sleep(Duration::from_millis(1)).await;
    let told = log.take();
    assert_eq!(
        told[1..],
        ["refused conn=#0.2 peer=127.0.0.1:3 reason=spoke HTTP"]
    );

    drop(room.connect(4, 1024));
    sleep(Duration::from_millis(1)).await;
    let told = log.take();
    assert_eq!(
        told[1..],
        ["gone, and was not in the room conn=#0.3 peer=127.0.0.1:4 reason=closed by the peer"]
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_is_told_why() {
    let (room, log, _guard) = open(Limits {
        connections: 0,
        refusals: 1,
        ..Limits::default()
    });
    let mut told_so = room.connect_from(peer(1), 1024);
    let _at_once = room.connect_from(peer(2), 1024);
    assert!(line(&mut told_so).await.contains("full"));
    drop(told_so);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(
        log.take(),
        [
            "refused peer=10.0.0.2:40000 reason=\"too many connections\"",
            "refused conn=#0.0 peer=10.0.0.1:40000 reason=refused: the room is full",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_storm_from_one_host_is_told_in_part_and_counted() {
    let (mut room, log, _guard) = open(Limits::default());
    for more in [0, 1, 20] {
        let crowd: Vec<_> = (0..50 + more)
            .map(|_| room.connect_from(peer(1), 1024))
            .collect();
        sleep(Duration::from_millis(1)).await;
        drop(crowd);
        sleep(Duration::from_millis(1)).await;
        assert_eq!(log.take().len(), 2 * 50, "two lines for each of the first");
        // Another host is no worse off for that.
        drop(room.connect_from(peer(2), 1024));
        sleep(Duration::from_secs(9)).await;
        assert_eq!(log.take().len(), 2);
        sleep(Duration::from_secs(2)).await;
        let rest = format!("and more connected host=\"10.0.0.1\" more={more} seconds=10");
        let told = log.take();
        assert_eq!(told, if more > 0 { vec![rest] } else { vec![] });
    }

    let crowd: Vec<_> = (0..52).map(|_| room.connect_from(peer(3), 1024)).collect();
    sleep(Duration::from_millis(1)).await;
    drop(crowd);
    room.stop.take().unwrap().send(()).unwrap();
    room.server.await.unwrap().unwrap();
    let told = log.take();
    let rest = "and more connected host=\"10.0.0.3\" more=2 seconds=10";
    assert_eq!(told.last().unwrap(), rest, "at the end, too");
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_refused_connections_is_told_in_part_and_counted() {
    let (room, log, _guard) = open(Limits {
        connections: 0,
        refusals: 0,
        ..Limits::default()
    });
    for _ in 0..5 {
        room.connect_from(peer(1), 1024);
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(log.take().len(), 5);
    for _ in 0..1_234 {
        room.connect_from(peer(1), 1024);
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(log.take(), [""; 0]);
    sleep(Duration::from_secs(11)).await;
    assert_eq!(
        log.take(),
        ["and more refused host=\"10.0.0.1\" more=1234 seconds=10"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_storm_from_everywhere_is_told_in_part_and_counted() {
    let (room, log, _guard) = open(Limits::default());
    let crowd: Vec<_> = (0..600)
        .map(|host| room.connect_from(peer(host), 1024))
        .collect();
    sleep(Duration::from_millis(1)).await;
    drop(crowd);
    sleep(Duration::from_millis(1)).await;
    // A hundred hosts one by one, and fifty of the others.
    assert_eq!(log.take().len(), 2 * 150);
    sleep(Duration::from_secs(11)).await;
    assert_eq!(
        log.take(),
        ["and more connected host=\"other hosts\" more=450 seconds=10"]
    );

    for host in 0..20 {
        for _ in 0..30 {
            room.connect_from(peer(host), 1024);
        }
    }
    sleep(Duration::from_millis(1)).await;
    assert_eq!(log.take().len(), 2 * 500);
    sleep(Duration::from_secs(11)).await;
    let told = log.take();
    assert_eq!(told.len(), 4, "{told:?}");
}
