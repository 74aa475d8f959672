//! Metrics over HTTP, on a listener of their own.

use super::{Operator, accept, usage};
use crate::tls::validity::Expiry;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// So many are answered at the same time; the next ones wait.
const AT_ONCE: usize = 16;

/// How long one may take with all it asks.
const TIME: Duration = Duration::from_secs(10);

const TEXT: &str = "text/plain; charset=utf-8";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is exported.
struct Exporter {
    operator: Arc<Operator>,
    registry: Registry,
    memory: Gauge,
    history: Gauge,
    free: Gauge,
    /// Exported where there is a certificate.
    certificate: Gauge,
    /// One look at the disk at a time: it may take long.
    looks: Arc<Semaphore>,
}

/// Answers whoever asks.
pub(super) fn serve(listener: TcpListener, operator: Arc<Operator>, runtime: &Handle) {
    let exporter = Arc::new(Exporter::new(operator));
    accept::serve(listener, runtime, AT_ONCE, move |stream| {
        let exporter = Arc::clone(&exporter);
        async move {
            let answer = service_fn(|request| exporter.answer(request));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(TIME)
                .keep_alive(false)
                .max_buf_size(16 * 1024)
                .serve_connection(TokioIo::new(stream), answer);
            // Whoever asks in another way, or goes away, has no answer.
            let _ = timeout(TIME, served).await;
        }
    });
}

impl Exporter {
    fn new(operator: Arc<Operator>) -> Self {
        let mut registry = Registry::with_prefix("chat");
        operator.metrics.register(&mut registry);
        let gauge = |registry: &mut Registry, name, help, unit| {
            let gauge = Gauge::default();
            registry.register_with_unit(name, help, unit, gauge.clone());
            gauge
        };
        let registry_ref = &mut registry;
        let memory = gauge(registry_ref, "memory", "The process's memory", Unit::Bytes);
        let history = gauge(
            registry_ref,
            "history",
            "What the history takes on the disk",
            Unit::Bytes,
        );
        let free = gauge(
            registry_ref,
            "history_free",
            "What is free on the history's disk",
            Unit::Bytes,
        );
        let start = gauge(
            registry_ref,
            "start_time",
            "When the server was started, since 1970",
            Unit::Seconds,
        );
        let certificate = Gauge::default();
        if operator.certificate.is_some() {
            let help = "When the certificate runs out, since 1970";
            registry.register_with_unit(
                "certificate_expires",
                help,
                Unit::Seconds,
                certificate.clone(),
            );
        }
        let up = operator.started.elapsed();
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let since = since.unwrap_or_default().saturating_sub(up).as_secs();
        start.set(since.cast_signed());
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which version runs", build);
        Self {
            operator,
            registry,
            memory,
            history,
            free,
            certificate,
            looks: Arc::new(Semaphore::new(1)),
        }
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "GET or HEAD\n".into());
            answer
                .headers_mut()
                .insert(ALLOW, "GET, HEAD".parse().expect("it is a header"));
            return Ok(answer);
        }
        Ok(match request.uri().path() {
            "/metrics" => {
                self.look();
                let mut text = String::new();
                match encode(&mut text, &self.registry) {
                    Ok(()) => answer(StatusCode::OK, OPEN_METRICS, text),
                    Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, String::new()),
                }
            }
            "/healthz" => told(self.is_alive().await),
            "/readyz" => told(self.is_ready().await),
            _ => answer(
                StatusCode::NOT_FOUND,
                TEXT,
                "/metrics, /healthz and /readyz are here\n".into(),
            ),
        })
    }

    /// The room answers.
    async fn is_alive(&self) -> Result<(), String> {
        let operator = &self.operator;
        operator.patient(operator.control.usage()).await.map(drop)
    }

    /// Whoever comes can come in, and say something.
    async fn is_ready(&self) -> Result<(), String> {
        let operator = &self.operator;
        let usage = operator.patient(operator.control.usage()).await?;
        if usage.is_stopping {
            Err("stopping".into())
        } else if usage.is_disk_full {
            Err("the disk is full".into())
        } else {
            Ok(())
        }
    }

    /// Looks at memory, the certificate and the disk. What the disk takes its time for is seen the next time.
    fn look(&self) {
        let bytes = |bytes: u64| bytes.cast_signed();
        if let Some(memory) = usage::memory() {
            self.memory.set(bytes(memory));
        }
        let certificate = self.operator.certificate.as_ref();
        if let Some(seconds) = certificate.and_then(Expiry::seconds) {
            self.certificate.set(seconds);
        }
        let Some(dir) = self.operator.data.clone() else {
            return;
        };
        let Ok(look) = Arc::clone(&self.looks).try_acquire_owned() else {
            return;
        };
        let (history, free) = (self.history.clone(), self.free.clone());
        tokio::task::spawn_blocking(move || {
            if let Ok(disk) = usage::disk(&dir) {
                history.set(bytes(disk.used_bytes));
                free.set(bytes(disk.free_bytes.unwrap_or(0)));
            }
            drop(look);
        });
    }
}

fn told(state: Result<(), String>) -> Response<Full<Bytes>> {
    match state {
        Ok(()) => answer(StatusCode::OK, TEXT, "ok\n".into()),
        Err(why) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
    }
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let kind = hyper::header::HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
