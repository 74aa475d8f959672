//! The server from its start to its end.

use super::args::Args;
use super::given::{self, allow_descriptors};
#[cfg(unix)]
use super::stop::read_anew_at_hang_up;
use super::stop::{last_wait, signal_to_stop, watch};
use chat_cli::config;
use chat_cli::listen::listen;
use chat_cli::operator::notify::Notify;
use chat_cli::operator::{self, Operator, SetLog};
use chat_cli::start_warnings;
use chat_cli::terminal::Log;
use chat_cli::tls::server::AnyListener;
use chat_cli::transcript::Transcript;
use chat_net::proxy::{HEADERS, ProxyListener};
use chat_net::tls::HANDSHAKES;
use chat_net::{Either, Listener, Metrics, Options};
use clap::{ArgMatches, CommandFactory};
use std::env;
use std::error::Error;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

pub(super) fn serve(
    args: &Args,
    matches: ArgMatches,
    log: &Log,
    set_log: SetLog,
    wrong_log: Option<String>,
    started: Instant,
) -> Result<(), Box<dyn Error>> {
    let notify = Arc::new(Notify::from_environment());
    let limits = args.limits();
    let mut handshakes = args.tls.listen_tls.len() * HANDSHAKES;
    if !args.proxy_from.is_empty() {
        handshakes += (args.listen.len() + args.tls.listen_tls.len()) * HEADERS;
    }
    allow_descriptors(limits.connections + 2 * limits.refusals + handshakes);
    let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // From before anybody can connect on.
        let signals = watch(!args.reads_anew_at_hang_up())?;
        let mut plain = operator::inherited()?;
        if plain.is_empty() {
            plain = listen(&args.listen)?;
        }
        let over_tls = listen(&args.tls.listen_tls)?;
        let (control, controlled) = chat_net::control();
        let metrics = Metrics::default();
        let options = Options {
            limits,
            writers: args.threads.unwrap_or(processors),
            origin: None,
            store: args.store()?,
            control: Some(controlled),
            metrics: metrics.clone(),
            hasher: None,
        };
        let in_plain_text: Vec<_> = (plain.iter())
            .map(Listener::local_addr)
            .collect::<Result<_, _>>()?;
        let dir = args.data.directory("").ok().filter(|_| !args.ephemeral);
        let believing = |listener| {
            let runtime = tokio::runtime::Handle::current();
            ProxyListener::new(listener, args.proxy_from.clone(), &runtime)
        };
        let plain: Vec<_> = plain.into_iter().map(believing).collect();
        let over_tls = over_tls.into_iter().map(believing).collect();
        let (over_tls, running) = args.tls.start(over_tls, dir.as_deref())?;
        let unknown =
            config::unknown_variables(&Args::command(), env::vars_os().map(|(name, _)| name));
        let of_environment = wrong_log
            .into_iter()
            .chain(start_warnings::of_variables(&unknown));
        let of_all = start_warnings::at_start(dir.as_deref(), &in_plain_text);
        for note in of_environment.chain(of_all) {
            tracing::warn!("{note}");
        }
        let listeners: Vec<AnyListener> = plain
            .into_iter()
            .map(Either::Left)
            .chain(over_tls)
            .collect();
        let operator = Operator {
            control,
            metrics,
            data: dir.clone(),
            reload: given::reload(matches),
            set_log,
            certificate: running.as_ref().map(|it| it.expiry.clone()),
            notify: Arc::clone(&notify),
            reloads_at_hang_up: args.reloads_at_hang_up(),
            started,
        };
        let operating = operator.start(args.places(dir)?)?;
        // Before the first line of the screen, where both are on one terminal.
        log.catch_up();
        let mut transcript = Transcript::start(io::stdout())?;
        #[cfg(unix)]
        if args.reads_anew_at_hang_up() {
            read_anew_at_hang_up(running.as_ref())?;
        }
        let stop = signal_to_stop(signals, notify);
        let served =
            chat_net::serve(listeners, options, |lines| transcript.push(lines), stop).await;
        drop(running);
        operating.finish(last_wait()).await;
        transcript.finish(last_wait());
        Ok(served?)
    })
}
