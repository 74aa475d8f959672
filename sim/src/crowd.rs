//! A crowd: many people on a few hosts, each with the shipped client.

use std::{cell::Cell, net::SocketAddr, rc::Rc, time::Duration};

use chat_net::client::Input;
use tokio::{sync::mpsc, task::JoinSet, time::sleep};

use crate::{
    dice::Dice,
    host::{Origin, make_next},
    person,
    record::{Kind, Recorder, Role, Witness},
    scenario::{Crowd, Dialect},
};

/// One of many: when it does what.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    witness: Witness,
    origin: Origin,
    joins_at: Duration,
    /// How long to wait before each line, and what to say.
    says: Vec<(Duration, String)>,
    /// How long to wait after the last line.
    lingers: Duration,
}

/// The crowd, one list of members for each of its hosts.
pub(crate) fn members(
    crowd: &Crowd,
    server: SocketAddr,
    seed: u64,
    chop: bool,
    recorder: &Recorder,
) -> Vec<Vec<Member>> {
    let mut hosts: Vec<Vec<Member>> = vec![Vec::new(); crowd.hosts];
    let random = |dice: &mut Dice, ms: u64| {
        let ms = dice.below(usize::try_from(ms).unwrap_or(0)) as u64;
        ms - ms % crowd.wave_ms
    };
    for number in 0..crowd.members {
        let mut dice = Dice::new(seed, 1_000_000 + number as u64);
        let mut times: Vec<u64> = (0..crowd.lines)
            .map(|_| random(&mut dice, crowd.stay_ms))
            .collect();
        times.sort_unstable();
        let mut before = 0;
        let mut says = Vec::new();
        for (n, at) in times.into_iter().enumerate() {
            let line = format!("line {} of {number:04}", n + 1);
            says.push((Duration::from_millis(at - before), line));
            before = at;
        }
        let witness = recorder.witness(&format!("member {number:04}"), Role::Member);
        witness.begin();
        hosts[number % crowd.hosts].push(Member {
            witness,
            joins_at: Duration::from_millis(crowd.from_ms + random(&mut dice, crowd.joining_ms)),
            says,
            lingers: Duration::from_millis(crowd.stay_ms - before),
            origin: Origin {
                // They come as they come, from the ports of their host.
                port: Rc::new(Cell::new(None)),
                server,
                dice: chop.then_some(dice),
            },
        });
    }
    hosts
}

/// All members on one host. Their ports begin at `first_port`.
pub(crate) async fn run(members: Vec<Member>, first_port: u16) -> std::io::Result<()> {
    make_next(first_port).await?;
    let mut tasks = JoinSet::new();
    for member in members {
        tasks.spawn_local(live(member));
    }
    while let Some(done) = tasks.join_next().await {
        done?;
    }
    Ok(())
}

async fn live(member: Member) {
    sleep(member.joins_at).await;
    let (keyboard, keys) = mpsc::channel(16);
    let (_never, stops) = mpsc::channel(1);
    let witness = member.witness.clone();
    let typing = async move {
        type_line(&witness, &keyboard, "JOIN").await;
        for (wait, line) in member.says {
            sleep(wait).await;
            type_line(&witness, &keyboard, &line).await;
        }
        sleep(member.lingers).await;
        type_line(&witness, &keyboard, "leave").await;
        keyboard.closed().await;
    };
    let running = person::run(member.witness, member.origin, Dialect::Text, keys, stops);
    tokio::join!(biased; typing, running);
}

async fn type_line(witness: &Witness, keyboard: &mpsc::Sender<Input>, line: &str) {
    witness.show(Kind::Typed, line.as_bytes());
    // The client may have ended; its ending says why.
    let _ = keyboard.send(person::line(line.as_bytes())).await;
}
