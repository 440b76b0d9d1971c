//! The audit log: written down before it happens.
//!
//! [`Log`] is the writer's handle. [`record`] turns a [`Cleared`] request into a [`Recorded`] one when its
//! `intent` is durable; only a [`Recorded`] request can be forwarded.

use crate::destination::Host;
use crate::inspect::Cleared;
use crate::refusal::{Code, Refusal};
use crate::secret::FingerprintKey;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use uuid::Uuid;

/// A request whose intent is durable. Only [`record`] makes one.
#[derive(Debug)]
#[must_use = "an intent was recorded: forward it, and record the outcome"]
pub struct Recorded {
    cleared: Cleared,
    intent: Intent,
}

impl Recorded {
    /// The request that may now leave.
    pub fn cleared(&self) -> &Cleared {
        &self.cleared
    }

    /// Which record it is.
    pub fn intent(&self) -> Intent {
        self.intent
    }

    /// Gives the request back for another attempt, which needs an intent of its own.
    pub fn into_cleared(self) -> Cleared {
        self.cleared
    }
}

/// The identity of an intent, for its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// The record's sequence number.
    pub seq: u64,
    /// The transaction.
    pub id: Uuid,
}

/// Who asked, in which transaction.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// UUIDv7, made when the request's first byte was read.
    pub id: Uuid,
    /// The client's address.
    pub source: SocketAddr,
    /// The TLS version between client and gate (`TLSv1.3`), where there is TLS yet.
    pub client_tls: Option<&'static str>,
}

/// The verified connection that a request is about to leave on.
#[derive(Debug, Clone)]
pub struct UpstreamFacts {
    /// The vetted address that is connected.
    pub address: SocketAddr,
    /// `TLSv1.2` or `TLSv1.3`.
    pub tls_version: &'static str,
    /// SHA-256 of the verified leaf, as hex.
    pub certificate_sha256: String,
}

/// A refusal, for the record.
#[derive(Debug, Clone)]
pub struct Denied {
    /// Who asked.
    pub transaction: Transaction,
    /// The host of CONNECT or SNI, as far as it was a host name.
    pub host: Option<Host>,
    /// The request's method, where it is a known one.
    pub method: Option<String>,
    /// The path, as far as [`crate::name::recordable_path`] lets it be written.
    pub path: Option<String>,
    /// The policy in force.
    pub policy_digest: String,
    /// The refusal itself.
    pub refusal: Refusal,
    /// The status that the client was answered.
    pub status: u16,
}

/// What became of an intent.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which intent.
    pub intent: Intent,
    /// How far it got.
    pub result: OutcomeResult,
    /// The upstream's status.
    pub status: Option<u16>,
    /// Bytes of response body.
    pub response_bytes: u64,
    /// From the durable intent to here.
    pub duration: Duration,
    /// What went wrong, as a refusal's code.
    pub error: Option<Code>,
}

/// How much of a request left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeResult {
    /// Certainly nothing.
    NotSent,
    /// Some of it.
    Partial,
    /// All of it, and an answer came.
    Complete,
    /// It may have left.
    Unknown,
}

/// How a log is opened.
#[derive(Debug)]
pub struct Opening {
    /// The instance's folder; made where it is missing.
    pub dir: PathBuf,
    /// The instance's name in every record; `None` keeps the folder's, or makes one.
    pub origin: Option<String>,
    /// Under which secrets are masked.
    pub fingerprint: FingerprintKey,
    /// The policy that is recorded after `log_open`: name, digest and effective text.
    pub policy: std::sync::Arc<crate::policy::Policy>,
}

/// The handle of the one writer. Cheap to clone; the log is closed by [`Log::close`].
#[derive(Debug, Clone)]
pub struct Log {
    _private: (),
}

/// Records the intent and waits until it is durable.
///
/// # Errors
/// `audit_unavailable`: then nothing has been and nothing may be sent. The request is given up.
pub async fn record(
    log: &Log,
    cleared: Cleared,
    transaction: &Transaction,
    upstream: &UpstreamFacts,
) -> Result<Recorded, Refusal> {
    let _ = (log, transaction, upstream);
    drop(cleared);
    Err(Refusal::new(Code::AuditUnavailable, "not written yet"))
}

impl Log {
    /// Records a refusal; never waits.
    pub fn denied(&self, denied: Denied) {
        let _ = denied;
    }

    /// Records what became of an intent; never waits, durable within a second.
    pub fn outcome(&self, outcome: Outcome) {
        let _ = outcome;
    }
}
