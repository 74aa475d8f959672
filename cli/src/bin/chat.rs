//! `chat`: one person in the chat room, with the whole screen of a terminal.

use std::process::exit;

#[cfg(not(unix))]
fn main() {
    eprintln!("chat: there is no full screen on this system yet; use chat-client");
    exit(2);
}

#[cfg(unix)]
fn main() {
    exit(unix::main());
}

#[cfg(unix)]
mod unix {
    use chat_cli::address::Address;
    use chat_cli::device_label::device_label;
    use chat_cli::endings;
    use chat_cli::history_dir::System;
    use chat_cli::paper::Papers;
    use chat_cli::screen::commands;
    use chat_cli::screen::config::{self, Config};
    use chat_cli::screen::display::{Display, Kept, Shared};
    use chat_cli::screen::messages::{Language, Message};
    use chat_cli::screen::ring::Highlights;
    use chat_cli::screen::session::Session;
    use chat_cli::screen::shell::Shell;
    use chat_cli::screen::state_dir::{self, StateDir};
    use chat_cli::screen::target::Target;
    use chat_cli::screen::theme::Theme;
    use chat_cli::screen::tty::{self, Tty};
    use chat_cli::screen::{Screen, Settings};
    use chat_cli::signals::{Signal, Signals, outlive_what_need_not_end_us};
    use chat_cli::tls::client::Connector;
    use chat_cli::tls::fingerprint::Fingerprint;
    use chat_core::json::ROOM;
    use chat_core::{Memory, Name, Outcome, Setup, Timestamp};
    use chat_net::client::{Keep, Stop};
    use clap::{CommandFactory, Parser, Subcommand};
    use jiff::tz::TimeZone;
    use std::cell::Cell;
    use std::env;
    use std::io::{self, Write};
    use std::path::PathBuf;
    use std::str::FromStr;
    use tokio::sync::mpsc;

    #[expect(clippy::doc_markdown, reason = "people read it in a terminal")]
    /// Joins a chat room, with the whole screen of a terminal.
    ///
    /// What is said scrolls above; you type below it. PageUp reads back, as far as the server has a history.
    /// F1 or /help list the keys and the commands; Ctrl-C on an empty line leaves. Ctrl-X Ctrl-E has the line edited by
    /// the program that VISUAL or EDITOR name, or vi.
    /// It reconnects by itself: it loses nothing, and says nothing twice. What you entered and the server has not
    /// accepted is sent when you come back, and the line that you were typing is there again, also after a kill.
    #[derive(Debug, Parser)]
    #[command(name = "chat", version, after_help = AFTER_HELP, args_conflicts_with_subcommands = true)]
    struct Args {
        #[command(subcommand)]
        command: Option<Command>,

        /// The server: HOST:PORT, HOST for port 5000, or PORT for one on this machine; tls://HOST:PORT for one
        /// that speaks TLS; with /ROOM after it, to be in that room as well; without it, the one of the configuration, or
        /// 127.0.0.1:5000
        #[arg(value_name = "ADDR", value_parser = Target::from_str)]
        target: Option<Target>,

        /// Speak TLS, and trust the server only if this is the SHA-256 fingerprint of its certificate, whoever
        /// vouches for that
        #[arg(long, value_name = "HEX", value_parser = Fingerprint::from_str)]
        fingerprint: Option<Fingerprint>,

        /// Your name; asked for where it is not given and not remembered
        #[arg(long, value_name = "NAME", value_parser = name)]
        name: Option<String>,

        /// Save unsent lines, your name, with what you come back to it without its password, and your place in the room below
        /// this directory, from run to run, in place of chat in $XDG_STATE_HOME
        #[arg(long, value_name = "DIR")]
        state: Option<PathBuf>,

        /// Save nothing, and remember nothing
        #[arg(long, conflicts_with = "state")]
        no_state: bool,

        /// Read the configuration from this file, in place of chat/config.ron in $XDG_CONFIG_HOME or ~/.config
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,

        #[command(flatten)]
        papers: Papers,
    }

    #[derive(Debug, Subcommand)]
    enum Command {
        /// Print a configuration that sets everything as it is without one
        DefaultConfig,
    }

    const AFTER_HELP: &str = "\
Examples:
  chat                          talk on this machine, or where the configuration
                                says
  chat chat.example.org         talk somewhere else
  chat tls://chat.example.org   the same over TLS; whom it trusts,
                                chat-client --help says
  chat tls://chat.example.org/garden
                                and to a room of it
  chat --name ann 7106          under a name, with the server on port 7106 of
                                this machine
  chat default-config           what can be set

Colours: 16, 256 or any, by TERM and COLORTERM; none with NO_COLOR. Where the
locale (LC_ALL, LC_CTYPE, LANG) is not of UTF-8, only ASCII is shown. Times are
those of TZ.

Exit codes: as chat-client's (chat-client --help).";

    fn name(text: &str) -> Result<String, String> {
        let name = Name::parse(text).map_err(|error| error.to_string())?;
        Ok(name.as_str().into())
    }

    pub(super) fn main() -> i32 {
        let mut args = Args::parse();
        match args.papers.print(Args::command()) {
            Ok(false) => {}
            printed => return i32::from(printed.is_err()),
        }
        if matches!(args.command, Some(Command::DefaultConfig)) {
            let printed = io::stdout().write_all(config::DEFAULT.as_bytes());
            return i32::from(printed.is_err());
        }
        let config = match configured(&mut args) {
            Ok(config) => config,
            Err(error) => {
                let _ = writeln!(io::stderr(), "chat: {error}");
                return 2;
            }
        };
        let term = env::var("TERM").unwrap_or_default();
        if let Err(why) = tty::check(&term) {
            let _ = writeln!(io::stderr(), "chat: {why}; use chat-client");
            return 2;
        }
        let begun = outlive_what_need_not_end_us().and_then(|()| endings::watch());
        match begun.and_then(|()| run(&args, &config)) {
            Ok(Outcome::Left) => 0,
            Ok(Outcome::Refused | Outcome::NeverJoined) => 1,
            Ok(Outcome::Unreachable) => 3,
            Ok(Outcome::Lost) => 4,
            Ok(Outcome::Interrupted) => 130,
            Err(error) => {
                // Its terminal may be closed.
                let _ = writeln!(io::stderr(), "chat: {error}");
                1
            }
        }
    }

    /// What is set in a file; what the arguments say counts more.
    fn configured(args: &mut Args) -> io::Result<Config> {
        let place = || config::place(|name| env::var_os(name));
        let is_named = args.config.is_some();
        let config = match args.config.clone().or_else(place) {
            Some(file) => Config::read(&file, is_named)?,
            None => Config::default(),
        };
        if args.target.is_none() {
            args.target = Some(config.server.parse().map_err(io::Error::other)?);
        }
        args.name = args.name.take().or_else(|| config.name.clone());
        Ok(config)
    }

    fn run(args: &Args, config: &Config) -> io::Result<Outcome> {
        let Some(Target { server, room }) = &args.target else {
            return Err(io::Error::other("no server is named"));
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut screen = Screen::new(settings(config));
        if let Some(room) = room {
            screen.start_in(room.clone());
        }
        screen.join_at_start(config.rooms.clone());
        let (mut state, keep, memory) = remembered(args, &server.address, &mut screen);
        if let Some(state) = &mut state {
            screen.set_highlights(Highlights::new(&config.highlights, &state.highlights()));
        }
        // Who is remembered need not say again who they are.
        let join = args
            .name
            .clone()
            .or(memory.name.as_ref().map(|_| String::new()));
        mark_as_read(&mut screen, &memory);
        let setup = Setup {
            seed: chat_net::client::seed()?,
            keeps: state.is_some(),
            memory: memory.clone(),
            device: Some(device_label("chat")),
            commands: commands::own(true),
            is_private: server.is_private(args.fingerprint.is_some()),
            ..Setup::default()
        };
        let shared = Shared::new(screen, state, &memory);
        let mut keep = Kept::new(keep, shared.clone());
        let watched = shared.clone();
        let watch = move |did, phase, memory: &_| watched.watch(did, phase, memory);
        let mut client = Session::new(Timestamp::ZERO, setup, watch);
        let outcome = runtime.block_on(async {
            let mut connector = Connector::of(server, false, args.fingerprint)?;
            // Whoever is asked about a server is asked before the screen is taken.
            let met = match connector.meet(None).await {
                Ok(met) => Cell::new(met),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    let _ = writeln!(io::stderr(), "chat: {error}");
                    return Ok(Outcome::Unreachable);
                }
                Err(error) => return Err(error),
            };
            let (stops, mut stopped) = mpsc::channel(2);
            let (typed, input) = mpsc::channel(2);
            let (pressed, keys) = mpsc::channel(4);
            let mut signals = Signals::new()?;
            let shell = Shell {
                shared: shared.clone(),
                tty: Tty::open(pressed)?,
                keys,
                typed: typed.clone(),
                stops: stops.clone(),
                edit: None,
            };
            let signals = async {
                loop {
                    let stop = match signals.next().await {
                        // It is for the program that has the terminal.
                        Signal::Interrupt if shared.is_lent() => continue,
                        Signal::Interrupt => Stop::Interrupt,
                        Signal::Terminate | Signal::HangUp => Stop::Leave,
                    };
                    // Two that wait are enough.
                    let _ = stops.try_send(stop);
                }
            };
            let mut display = Display::new(shared.clone(), join, typed);
            let connect = || {
                let (met, connector) = (met.take(), &connector);
                async move {
                    match met {
                        Some(stream) => Ok(stream),
                        None => connector.connect(None).await,
                    }
                }
            };
            let (input, keep) = (Some(input), &mut keep);
            let run = chat_net::client::run(
                &mut client,
                connect,
                input,
                &mut stopped,
                &mut display,
                keep,
            );
            tokio::select! {
                biased;
                outcome = run => outcome,
                // Before the shell: what came while another program had the terminal is not for us.
                () = signals => Ok(Outcome::Interrupted),
                ended = shell.run() => ended.map(|()| Outcome::Interrupted),
            }
        })?;
        if matches!(outcome, Outcome::Unreachable | Outcome::Lost)
            && let Some(notice) = shared.last_notice()
        {
            // The screen that showed it is gone.
            let _ = writeln!(io::stderr(), "chat: {}", notice.trim_start_matches("* "));
        }
        Ok(outcome)
    }

    /// How far everything is read, in each room.
    fn mark_as_read(screen: &mut Screen, memory: &Memory) {
        screen.set_read_to(ROOM, memory.after);
        for room in &memory.rooms {
            let place = memory.places.iter().find(|it| it.room == *room);
            screen.set_read_to(room, place.and_then(|it| it.after));
        }
    }

    /// What the screen is to be, by the configuration and the environment.
    fn settings(config: &Config) -> Settings {
        let mut theme = Theme::of(|name| env::var_os(name));
        theme.colours = config.colours.or(theme.colours);
        theme.background = config.theme.or(theme.background);
        Settings {
            theme,
            zone: TimeZone::system(),
            rings: config.bell,
            mouse: config.mouse,
            links: config.links && theme.opens_links(|name| env::var_os(name)),
            notify: config.notify,
            highlights: Highlights::new(&config.highlights, ""),
            has_times: config.times,
            has_people: config.people,
            language: config.language.unwrap_or_else(|| of_environment(theme)),
            keys: config.keys.clone(),
        }
    }

    /// The language of the environment. A terminal that shows nothing but ASCII has no letters for others than English.
    fn of_environment(theme: Theme) -> Language {
        if theme.is_ascii {
            Language::English
        } else {
            Language::of(|name| env::var_os(name))
        }
    }

    /// What is remembered of this server, and where it is kept.
    fn remembered(
        args: &Args,
        server: &Address,
        screen: &mut Screen,
    ) -> (Option<StateDir>, Box<dyn Keep>, Memory) {
        let below = match &args.state {
            _ if args.no_state => None,
            Some(dir) => Some(dir.clone()),
            None => state_dir::directory(System::HERE, |name| env::var_os(name)),
        };
        let opened = below.map(|below| StateDir::open(&below, server, args.name.as_deref()));
        match opened {
            Some(Ok((state, file, memory))) => (Some(state), Box::new(file), memory),
            Some(Err(error)) => {
                let now = chat_cli::clock::wall_clock();
                screen.tell(Message::NotRemembered, &[&error.to_string()], now);
                (None, Box::new(()), Memory::default())
            }
            None => (None, Box::new(()), Memory::default()),
        }
    }
}
