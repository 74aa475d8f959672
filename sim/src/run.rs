//! Runs a scenario: builds the simulated hosts, lets time pass, and makes
//! happen what the scenario says, when it says so.

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, UNIX_EPOCH},
};

use chat_net::client::{Input, Stop};
use turmoil::{Builder, Sim};

use crate::{
    crowd,
    dice::Dice,
    host::{Origin, Wire},
    person,
    raw::{self, Command},
    record::{Kind, Record, Recorder, Role, Witness},
    scenario::{Action, Client, Dialect, Ending, SERVER, Scenario},
    server::{self, Asked},
    text::Text,
};

/// The first port of the clients that ask for none.
const PORTS: u16 = 50001;

/// The first port of the crowd.
const CROWD_PORTS: u16 = 51001;

/// Where a client's wire leads.
enum Program {
    Person(Wire<Input>, Wire<Stop>),
    Raw(Wire<Command>),
}

struct Actor {
    name: String,
    witness: Witness,
    program: Program,
}

/// A scenario under way.
struct Stage<'a> {
    sim: Sim<'a>,
    recorder: Recorder,
    server: Witness,
    asked: Wire<Asked>,
    actors: Vec<Actor>,
    held: Vec<(String, String)>,
    deaf: Vec<String>,
}

/// Runs a scenario from a seed, to its end, and gives what was kept.
///
/// The same scenario and seed give the same record, in any process.
pub fn run(scenario: &Scenario, seed: u64) -> Record {
    let recorder = Recorder::default();
    let mut stage = Stage::build(scenario, seed, &recorder);
    let mut timetable = scenario.timetable().into_iter().peekable();
    for now in 0..scenario.ends_at() {
        recorder.at(now);
        while let Some((_, action)) = timetable.next_if(|(at, _)| *at <= now) {
            stage.act(&action);
        }
        if let Err(error) = stage.sim.step() {
            recorder.fault(&format!("the simulation stopped: {error}"));
            break;
        }
    }
    stage.end();
    recorder.take()
}

impl Stage<'_> {
    fn build(scenario: &Scenario, seed: u64, recorder: &Recorder) -> Self {
        let asked = scenario.clients.iter().filter_map(|(_, client)| {
            let (Client::Person { port, .. } | Client::Raw { port }) = client;
            *port
        });
        let lowest = asked.fold(PORTS, u16::min);
        let (least, most) = scenario.network.latency_ms;
        let mut sim = Builder::new()
            .epoch(UNIX_EPOCH)
            .rng_seed(seed)
            .tick_duration(Duration::from_millis(1))
            .min_message_latency(Duration::from_millis(least))
            .max_message_latency(Duration::from_millis(most))
            .tcp_capacity(scenario.network.tcp_capacity)
            // One more in front: a host is brought to a port by its predecessor.
            .ephemeral_ports(lowest - 1..=u16::MAX)
            .build();

        let chop = scenario.network.chop;
        let server = recorder.witness(SERVER, Role::Server);
        server.begin();
        let asked = Wire::new();
        sim.host(SERVER, {
            let (server, asked) = (server.clone(), asked.clone());
            let (limits, address) = (server::limits(&scenario.server), scenario.server.address);
            let lives = Cell::new(0);
            move || {
                let seed = chop.then_some(seed);
                // What keeps nothing has another log each time.
                let epoch = lives.replace(lives.get() + 1);
                let options = server::options(limits.clone(), epoch);
                let running = server::run(server.clone(), options, address, seed, asked.far());
                async move {
                    running.await;
                    Ok(())
                }
            }
        });

        let mut actors = Vec::new();
        for ((name, client), number) in scenario.clients.iter().zip(0_u16..) {
            let (Client::Person { port, .. } | Client::Raw { port }) = client;
            let origin = Origin {
                port: Rc::new(Cell::new(Some(port.unwrap_or(PORTS + number)))),
                server: scenario.server.address,
                dice: chop.then(|| Dice::new(seed, 1_000_000_000 + u64::from(number))),
            };
            actors.push(enter(&mut sim, recorder, name, client, &origin));
        }
        if let Some(crowd) = &scenario.crowd {
            let per_host = crowd.members.div_ceil(crowd.hosts);
            let hosts = crowd::members(crowd, scenario.server.address, seed, chop, recorder);
            for (members, number) in hosts.into_iter().zip(0..) {
                let first = u16::try_from(number * per_host).unwrap_or(0) + CROWD_PORTS;
                sim.host(format!("crowd-{number}"), move || {
                    let running = crowd::run(members.clone(), first);
                    async move { Ok(running.await?) }
                });
            }
        }
        Self {
            sim,
            recorder: recorder.clone(),
            server,
            asked,
            actors,
            held: Vec::new(),
            deaf: Vec::new(),
        }
    }

    /// Makes something happen.
    fn act(&mut self, action: &Action) {
        match action {
            Action::Type(who, text) => self.type_bytes(who, text, person::line(&text.0)),
            Action::Begin(who, text) => {
                self.type_bytes(who, text, Input::Bytes(text.0.clone()));
            }
            Action::End(who) => {
                let (witness, program) = self.find(who);
                witness.finish();
                let taken = witness.is_running()
                    && match program {
                        Program::Person(wire, _) => wire.send(Input::End),
                        Program::Raw(wire) => wire.send(Command::End),
                    };
                self.untaken(who, taken, "ended its input");
            }
            Action::Interrupt(who) => {
                let (witness, program) = self.find(who);
                witness.event("Ctrl-C".into());
                let taken = matches!(program, Program::Person(_, wire)
                    if witness.is_running() && wire.send(Stop::Interrupt));
                self.untaken(who, taken, "was interrupted");
            }
            Action::Connect(who) => self.tell(who, Command::Connect),
            Action::Send(who, text) => {
                self.find(who).0.show(Kind::Typed, &text.0);
                self.tell(who, Command::Send(text.0.clone()));
            }
            Action::StopReading(who) => {
                self.find(who).0.event("reads no more".into());
                self.deaf.push(who.clone());
                self.tell(who, Command::StopReading);
            }
            Action::Read(who) => {
                self.find(who).0.event("reads again".into());
                self.deaf.retain(|deaf| deaf != who);
                self.tell(who, Command::Read);
            }
            Action::Close(who) => self.tell(who, Command::Close),
            Action::Hold(a, b) => {
                self.recorder.network(format!("holds {a} – {b}"));
                self.held.push((a.clone(), b.clone()));
                self.sim.hold(a.as_str(), b.as_str());
            }
            Action::Release(a, b) => {
                self.recorder.network(format!("releases {a} – {b}"));
                self.held.retain(|held| *held != (a.clone(), b.clone()));
                self.sim.release(a.as_str(), b.as_str());
            }
            Action::Partition(a, b) => {
                self.recorder.network(format!("loses {a} – {b}"));
                self.disturb(a);
                self.disturb(b);
                self.sim.partition(a.as_str(), b.as_str());
            }
            Action::Repair(a, b) => {
                self.recorder.network(format!("repairs {a} – {b}"));
                self.sim.repair(a.as_str(), b.as_str());
            }
            Action::Crash(who) => {
                if who == SERVER {
                    self.recorder.disturb_all();
                }
                let witness = self.witness(who);
                witness.event("crashes".into());
                witness.disturb();
                witness.end(Ending::Crashed);
                self.sim.crash(who.as_str());
            }
            Action::Bounce(who) => self.bounce(who),
            Action::Stop => {
                self.server.event("is asked to stop".into());
                let taken = self.asked.send(Asked::Stop);
                self.untaken(SERVER, taken, "was asked to stop");
            }
            Action::Drain => {
                self.server.event("is asked to drain".into());
                let taken = self.asked.send(Asked::Drain);
                self.untaken(SERVER, taken, "was asked to drain");
            }
            Action::Reload(server) => {
                self.server.event("reads its configuration anew".into());
                let limits = Box::new(server::limits(server));
                let taken = self.asked.send(Asked::Reload(limits));
                self.untaken(SERVER, taken, "was asked to read its configuration");
            }
            Action::Repeat { .. } => unreachable!("the timetable has repetitions written out"),
        }
    }

    /// Has a person type a line.
    fn type_bytes(&self, who: &str, line: &Text, input: Input) {
        let (witness, program) = self.find(who);
        witness.show(Kind::Typed, &line.0);
        let taken = matches!(program, Program::Person(wire, _)
            if witness.is_running() && wire.send(input));
        self.untaken(who, taken, "typed");
    }

    /// Starts a host again.
    fn bounce(&mut self, who: &str) {
        if who == SERVER {
            self.asked.renew();
        } else {
            match self.find(who).1 {
                Program::Person(keys, stops) => {
                    keys.renew();
                    stops.renew();
                }
                Program::Raw(wire) => wire.renew(),
            }
        }
        let witness = self.witness(who);
        witness.event("starts again".into());
        witness.begin();
        self.sim.bounce(who);
    }

    /// What is true at the end but not an event: who could not see everything.
    fn end(&self) {
        for (a, b) in &self.held {
            self.disturb(a);
            self.disturb(b);
        }
        for who in &self.deaf {
            self.disturb(who);
        }
    }

    fn find(&self, who: &str) -> (&Witness, &Program) {
        let actor = self.actors.iter().find(|actor| actor.name == who);
        let actor = actor.expect("names were checked when the scenario was read");
        (&actor.witness, &actor.program)
    }

    fn witness(&self, who: &str) -> &Witness {
        if who == SERVER {
            &self.server
        } else {
            self.find(who).0
        }
    }

    fn disturb(&self, who: &str) {
        // The server sees what reaches it; only what reaches clients is compared.
        if who != SERVER {
            self.witness(who).disturb();
        }
    }

    fn tell(&self, who: &str, command: Command) {
        let (witness, program) = self.find(who);
        let what = format!("was told {command:?}");
        let taken = matches!(program, Program::Raw(wire)
            if witness.is_running() && wire.send(command));
        self.untaken(who, taken, &what);
    }

    /// A scenario that addresses someone who is gone does not test what it says.
    fn untaken(&self, who: &str, taken: bool, what: &str) {
        if !taken {
            let why = format!("{who} {what}, but had ended already");
            self.recorder.fault(&why);
        }
    }
}

/// Puts a client on a host of its own.
fn enter(
    sim: &mut Sim<'_>,
    recorder: &Recorder,
    name: &str,
    client: &Client,
    origin: &Origin,
) -> Actor {
    let (origin, name) = (origin.clone(), name.to_string());
    let program = match client {
        Client::Person { .. } => Program::Person(Wire::new(), Wire::new()),
        Client::Raw { .. } => Program::Raw(Wire::new()),
    };
    let role = match client {
        Client::Person { .. } => Role::Person,
        Client::Raw { .. } => Role::Raw,
    };
    let witness = recorder.witness(&name, role);
    witness.begin();
    let seen = witness.clone();
    let dialect = match client {
        Client::Person { dialect, .. } => *dialect,
        Client::Raw { .. } => Dialect::Text,
    };
    match &program {
        Program::Person(keys, stops) => {
            let (keys, stops) = (keys.clone(), stops.clone());
            sim.host(name.as_str(), move || {
                let (keys, stops) = (keys.far(), stops.far());
                let running = person::run(seen.clone(), origin.clone(), dialect, keys, stops);
                async move {
                    running.await;
                    Ok(())
                }
            });
        }
        Program::Raw(wire) => {
            let wire = wire.clone();
            sim.host(name.as_str(), move || {
                let running = raw::run(seen.clone(), origin.clone(), wire.far());
                async move {
                    running.await;
                    Ok(())
                }
            });
        }
    }
    Actor {
        name,
        witness,
        program,
    }
}
