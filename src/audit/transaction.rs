//! What the pipeline tells the log: who asked, on which connection it is about to leave, what became of it.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::destination::Host;
use crate::refusal::{Code, Refusal};
use std::net::SocketAddr;
use uuid::Uuid;

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
    /// How far it got.
    pub result: OutcomeResult,
    /// The upstream's status.
    pub status: Option<u16>,
    /// Bytes of response body.
    pub response_bytes: u64,
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

impl OutcomeResult {
    /// The name that records give it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Partial => "partial",
            Self::Complete => "complete",
            Self::Unknown => "unknown",
        }
    }
}
