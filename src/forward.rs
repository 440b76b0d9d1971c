//! Towards the vendor: a verified connection first, then a recorded request, then its answer.
//!
//! [`Upstreams::line`] gives a connection that carries no HTTP byte yet, so that its verified
//! certificate can stand in the record; [`Line::send`] takes a [`Recorded`] request and nothing else.
//! Nothing here tries anything twice: a second attempt is a second intent, and that is for the caller.
//!
//! [`Recorded`]: crate::audit::Recorded

pub mod address;
pub mod connect;
pub mod fields;
pub mod hosts;
pub mod line;
pub mod pool;
pub mod tls;
pub mod wire;

pub use fields::request_fields;
pub use line::{Line, Sent};

use crate::destination::Host;
use crate::refusal::Refusal;
use address::{AddressRules, ConnectTo};
use pool::Pool;
use std::net::SocketAddr;
use std::time::Duration;
use tls::UpstreamTls;

/// The ways to the hosts of the policy.
#[derive(Debug)]
pub struct Upstreams {
    tls: UpstreamTls,
    rules: AddressRules,
    connect_to: Vec<ConnectTo>,
    limits: UpstreamLimits,
    own: SocketAddr,
    pool: Pool,
}

/// What the way to an upstream may cost.
#[derive(Debug, Clone, Copy)]
pub struct UpstreamLimits {
    /// For a name look-up, and again for a TCP connection.
    pub connect: Duration,
    /// For a TLS handshake.
    pub handshake: Duration,
    /// From the first byte sent to the last byte of the answer.
    pub answer: Duration,
    /// For how long an unused connection is kept.
    pub idle: Duration,
    /// The most bytes of an answer's content.
    pub answer_bytes: usize,
}

impl Default for UpstreamLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            idle: Duration::from_secs(50),
            answer_bytes: 1024 * 1024,
        }
    }
}

impl Upstreams {
    /// Ways that verify with `tls`, vet with `rules` unless `connect_to` names the address, and never lead to
    /// `own`, where the gate itself listens.
    pub fn new(
        tls: UpstreamTls,
        rules: AddressRules,
        connect_to: Vec<ConnectTo>,
        limits: UpstreamLimits,
        own: SocketAddr,
    ) -> Self {
        Self { tls, rules, connect_to, limits, own, pool: Pool::default() }
    }

    /// Reads the roots of trust ahead of the first connection. Blocks for some milliseconds.
    pub fn prepare(&self) {
        match self.tls.roots() {
            Ok(roots) => roots.warnings.iter().for_each(|warning| tracing::warn!("{warning}")),
            Err(why) => tracing::error!("no upstream can be verified: {why}"),
        }
    }

    /// A connection to `host`: one that is open and unused, or a new one.
    ///
    /// # Errors
    /// As [`Upstreams::dial`].
    pub async fn line(&self, host: &Host) -> Result<Line, Refusal> {
        match self.pool.take(host, self.limits.idle).await {
            Some(line) => Ok(line),
            None => self.dial(host).await,
        }
    }

    /// A new connection to `host`, vetted and verified.
    ///
    /// # Errors
    /// `upstream_dns`, `upstream_address_not_allowed`, `upstream_connect`, `upstream_tls`,
    /// `upstream_timeout`.
    pub async fn dial(&self, host: &Host) -> Result<Line, Refusal> {
        let targets = connect::targets(host, &self.connect_to, &self.rules, self.limits.connect).await?;
        connect::no_loop(host, &targets, self.own)?;
        let tcp = connect::first_of(host, &targets, self.limits.connect).await?;
        line::open(&self.tls, host, tcp, self.limits).await
    }

    /// Takes back a connection whose answer has been read to its end.
    pub fn give_back(&self, line: Line) {
        self.pool.put(line);
    }
}
