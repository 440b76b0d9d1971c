//! One verified connection, and the one way in which a request leaves on it.

use super::UpstreamLimits;
use super::fields::{request_fields, request_target};
use super::tls::UpstreamTls;
use super::wire::{Progress, Wire};
use crate::audit::{OutcomeResult, Recorded, UpstreamFacts};
use crate::decide::FieldValue;
use crate::destination::Host;
use crate::refusal::{Code, Refusal};
use crate::respond::Answer;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long a kept connection may take to say that it is ready.
const READY: Duration = Duration::from_millis(50);

/// Fields of an answer that are passed on (R61). Nothing that steers a client elsewhere or marks it.
const PASSED: &[&str] = &["content-type", "date", "retry-after", "cache-control"];

/// A connection to one host, verified, with no request on it.
#[derive(Debug)]
pub struct Line {
    sender: SendRequest<Full<Bytes>>,
    connection: Driven,
    progress: Progress,
    host: Host,
    facts: UpstreamFacts,
    limits: UpstreamLimits,
    reused: bool,
    since: Instant,
}

/// The task that moves a connection's bytes. It ends with its line: a request that was given up, or cut by a
/// stop, goes on leaving otherwise, and a vendor that reads nothing keeps the connection for ever.
#[derive(Debug)]
struct Driven(JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What became of a request that was sent.
#[derive(Debug)]
pub struct Sent {
    /// The request, whose outcome is now to be recorded.
    pub recorded: Recorded,
    /// How much of it left.
    pub result: OutcomeResult,
    /// The upstream's status, where it answered.
    pub status: Option<u16>,
    /// Bytes of the answer's content.
    pub response_bytes: u64,
    /// The answer for the client, or why there is none.
    pub answer: Result<Answer, Refusal>,
    /// The connection, where it can take another request.
    pub line: Option<Line>,
}

/// Verifies the host behind `tcp` and makes it ready for HTTP/1.1.
///
/// # Errors
/// `upstream_tls`, `upstream_timeout`, `upstream_failed`.
pub async fn open(
    tls: &UpstreamTls,
    host: &Host,
    tcp: TcpStream,
    limits: UpstreamLimits,
) -> Result<Line, Refusal> {
    let (stream, facts) = timeout(limits.handshake, tls.connect(host, tcp)).await.map_err(|_| {
        Refusal::new(Code::UpstreamTimeout, format!("{host} did not finish the TLS handshake in time"))
    })??;
    let progress = Progress::default();
    let (sender, connection) = Builder::new()
        .max_headers(64)
        .max_buf_size(64 * 1024)
        .handshake(TokioIo::new(Wire::new(stream, progress.clone())))
        .await
        .map_err(|e| failed(host, &e))?;
    let connection = Driven(tokio::spawn(async move {
        // Its end is seen by whoever waits on the sender.
        let _ = connection.await;
    }));
    let (host, since) = (host.clone(), Instant::now());
    Ok(Line { sender, connection, progress, host, facts, limits, reused: false, since })
}

impl Line {
    /// What the record says of this connection.
    pub fn facts(&self) -> &UpstreamFacts {
        &self.facts
    }

    /// The host it was verified for.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Whether a request went over it before. Such a connection may turn out to be closed.
    pub fn is_reused(&self) -> bool {
        self.reused
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed() || self.connection.0.is_finished()
    }

    pub(super) fn is_fresh(&self, idle: Duration) -> bool {
        self.since.elapsed() < idle
    }

    pub(super) async fn is_usable(&mut self) -> bool {
        matches!(timeout(READY, self.sender.ready()).await, Ok(Ok(())))
    }

    pub(super) fn rest(&mut self) {
        self.reused = true;
        self.since = Instant::now();
    }

    /// Sends a recorded request and reads its answer to the end. The request is taken, so it is sent once.
    pub async fn send(mut self, mut recorded: Recorded) -> Sent {
        let request = match outgoing(&recorded, &self.host) {
            Ok(request) => request,
            Err(refusal) => return Sent::nothing(recorded, OutcomeResult::NotSent, refusal),
        };
        self.progress.begin();
        recorded.begin();
        let until = tokio::time::Instant::now() + self.limits.answer;
        let late = || Refusal::new(Code::UpstreamTimeout, format!("{} did not answer in time", self.host));
        let response = match tokio::time::timeout_at(until, self.sender.try_send_request(request)).await {
            Err(_) => return Sent::nothing(recorded, OutcomeResult::Unknown, late()),
            Ok(Ok(response)) => response,
            Ok(Err(mut error)) => {
                // hyper gives the request back only when not a byte of it was written.
                let unsent = error.take_message().is_some();
                let result = if unsent { OutcomeResult::NotSent } else { OutcomeResult::Unknown };
                return Sent::nothing(recorded, result, failed(&self.host, &error.into_error()));
            }
        };
        let status = response.status().as_u16();
        let read =
            tokio::time::timeout_at(until, answer(response, self.limits.answer_bytes, &self.host)).await;
        let answer = read.unwrap_or_else(|_| Err(late()));
        // A vendor may answer what it has not read. The rest then stays here: the line is not kept.
        let whole = self.progress.is_whole();
        Sent {
            recorded,
            result: if whole { OutcomeResult::Complete } else { OutcomeResult::Partial },
            status: Some(status),
            response_bytes: answer.as_ref().map_or(0, |a| a.body.len() as u64),
            line: (whole && answer.is_ok()).then_some(self),
            answer,
        }
    }
}

impl Sent {
    fn nothing(recorded: Recorded, result: OutcomeResult, refusal: Refusal) -> Self {
        Self { recorded, result, status: None, response_bytes: 0, answer: Err(refusal), line: None }
    }
}

/// The request as it leaves: every part from the record's own model of it.
fn outgoing(recorded: &Recorded, host: &Host) -> Result<Request<Full<Bytes>>, Refusal> {
    let cleared = recorded.cleared();
    if cleared.permit().host() != host {
        return Err(Refusal::new(
            Code::Internal,
            "a request was about to leave on another host's connection",
        ));
    }
    let internal = |what: &str| Refusal::new(Code::Internal, format!("the outgoing {what} cannot be built"));
    let body = cleared.body().map(|b| b.bytes.clone()).unwrap_or_default();
    let mut request = Request::new(Full::new(body));
    let method = cleared.permit().endpoint().method.as_str();
    *request.method_mut() = method.parse().map_err(|_| internal("method"))?;
    *request.uri_mut() = request_target(cleared).parse().map_err(|_| internal("target"))?;
    for (name, value) in request_fields(cleared) {
        let name = HeaderName::try_from(name).map_err(|_| internal("field name"))?;
        let value = match &value {
            FieldValue::Plain(text) => HeaderValue::from_str(text),
            FieldValue::Secret(secret) => HeaderValue::from_bytes(secret.expose()).map(|mut v| {
                v.set_sensitive(true);
                v
            }),
        };
        request.headers_mut().append(name, value.map_err(|_| internal("field value"))?);
    }
    Ok(request)
}

/// The upstream's answer, bounded, with the fields that are passed on.
async fn answer(response: Response<Incoming>, max: usize, host: &Host) -> Result<Answer, Refusal> {
    let (head, body) = response.into_parts();
    if head.status.is_informational() || head.headers.get("content-encoding").is_some_and(|c| c != "identity")
    {
        return Err(Refusal::new(
            Code::UpstreamFailed,
            format!("{host} switched protocols or coded its answer, and nothing had asked for that"),
        ));
    }
    let body = Limited::new(body, max).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let detail = format!("the answer of {host} has more than {max} bytes");
            return Refusal::new(Code::UpstreamResponseTooLarge, detail);
        }
        Refusal::new(Code::UpstreamFailed, format!("{host} broke off in the middle of its answer"))
    })?;
    let fields = PASSED
        .iter()
        .filter_map(|name| Some((*name, head.headers.get(*name)?.to_str().ok()?.to_owned())))
        .collect();
    Ok(Answer { status: head.status.as_u16(), fields, body: body.to_bytes(), close: false })
}

fn failed(host: &Host, error: &hyper::Error) -> Refusal {
    Refusal::new(Code::UpstreamFailed, format!("the exchange with {host} failed: {error}"))
}
