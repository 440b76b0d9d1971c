//! The form of a record, final: one line of compact JSON per record, field by field.
//!
//! What is built here is a record's *tail*, from `"kind"` to the closing brace; version, origin, number, chain and
//! time are put before it by the one writer ([`super::chain::Chain::append`]). Text goes through
//! [`super::escape`] without exception. The hot path builds no tree: fields are written straight into the line.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::escape::NotText;
use super::flood::Summary;
use super::transaction::{Denied, Intent, OutcomeResult, Transaction, UpstreamFacts};
use super::{chain, object::Object};
use crate::inspect::Received;
use crate::refusal::{Fault, Refusal};
use crate::removal::Removal;
use std::net::IpAddr;
use std::time::Duration;
use uuid::Uuid;

/// A name and its value as sent, secrets already fingerprints.
pub type Pair = (String, String);

/// What is about to leave.
#[derive(Debug)]
pub struct IntentEntry<'a> {
    /// Who asked.
    pub transaction: &'a Transaction,
    /// The host that is asked.
    pub host: &'a str,
    /// The connection.
    pub upstream: &'a UpstreamFacts,
    /// The endpoint's id.
    pub endpoint: &'a str,
    /// The method.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
    /// The query, in order.
    pub query: &'a [Pair],
    /// The header fields as sent, in order, the gate's own among them.
    pub headers: &'a [Pair],
    /// The body as received, in numbers.
    pub received: &'a Received,
    /// The body as it will leave.
    pub sent: SentEntry<'a>,
    /// The policy's digest.
    pub policy: &'a str,
    /// What was taken out.
    pub removals: &'a [Removal],
}

/// A body as it will leave.
#[derive(Debug)]
pub struct SentEntry<'a> {
    /// Bytes.
    pub length: u64,
    /// SHA-256 of the exact bytes, as hex.
    pub sha256: String,
    /// How many secrets are masked in what is kept.
    pub masked: usize,
    /// Whether hidden characters are escaped in what is kept, so that it is not what left, byte for byte.
    pub escaped: bool,
    /// What is kept.
    pub kept: Kept<'a>,
}

/// What the log keeps of a body.
#[derive(Debug)]
pub enum Kept<'a> {
    /// Length and digest, or there is no body.
    Nothing,
    /// The body in the line, secrets masked.
    Line(&'a [u8]),
    /// The body in a file of this digest, secrets masked.
    File(&'a str),
}

/// The tail of an `intent`.
///
/// # Errors
/// [`NotText`] where the body is not a JSON document.
pub fn intent(entry: &IntentEntry<'_>) -> Result<Vec<u8>, NotText> {
    let kept = if let Kept::Line(body) = entry.sent.kept { body.len() } else { 0 };
    let mut record = Object::tail("intent", 1280 + kept);
    identify(&mut record, entry.transaction);
    record.object("destination", |to| {
        to.text("host", entry.host);
        to.number("port", entry.upstream.address.port());
        to.text("address", &entry.upstream.address.ip().to_string());
    });
    record.object("tls", |tls| {
        client_tls(tls, entry.transaction);
        tls.object("upstream", |upstream| {
            upstream.text("version", entry.upstream.tls_version);
            upstream.text("certificate_sha256", &entry.upstream.certificate_sha256);
        });
    });
    record.object("request", |request| {
        request.text("endpoint", entry.endpoint);
        request.text("method", entry.method);
        request.text("path", entry.path);
        if !entry.query.is_empty() {
            request.pairs("query", entry.query);
        }
        request.pairs("headers", entry.headers);
    });
    record.object("received", |received| {
        received.number("wire_length", entry.received.wire_length);
        received.number("length", entry.received.length);
        received.text("coding", &entry.received.coding);
        received.maybe_text("media_type", entry.received.media_type.as_deref());
    });
    record.object("sent", |out| sent(out, &entry.sent))?;
    record.text("policy", entry.policy);
    record.text("decision", if entry.removals.is_empty() { "allowed" } else { "modified" });
    removals(&mut record, "removals", entry.removals)?;
    Ok(record.finish())
}

fn sent(out: &mut Object<'_>, sent: &SentEntry<'_>) -> Result<(), NotText> {
    out.number("length", sent.length);
    out.text("sha256", &sent.sha256);
    if !matches!(sent.kept, Kept::Nothing) {
        out.number("masked", sent.masked);
    }
    if sent.escaped {
        out.flag("escaped");
    }
    match sent.kept {
        Kept::Nothing => {}
        Kept::Line(body) => out.document("body", body).map(drop)?,
        Kept::File(digest) => out.text("body_file", &format!("bodies/{digest}.json")),
    }
    Ok(())
}

/// The tail of an `outcome`. `error` is a refusal's code, or `interrupted`, or `cancelled`.
pub fn outcome(
    intent: Intent,
    result: OutcomeResult,
    status: Option<u16>,
    response_bytes: u64,
    duration: Option<Duration>,
    error: Option<&str>,
) -> Vec<u8> {
    let mut record = Object::tail("outcome", 256);
    record.text("id", intent.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    record.number("intent", intent.seq);
    record.object("outcome", |outcome| {
        outcome.text("result", result.as_str());
        if let Some(status) = status {
            outcome.number("status", status);
        }
        outcome.number("response_bytes", response_bytes);
        if let Some(duration) = duration {
            outcome.number("duration_us", duration.as_micros());
        }
        outcome.maybe_text("error", error);
    });
    record.finish()
}

/// The tail of a `denied`.
///
/// # Errors
/// Never in practice: every text of a refusal can be written.
pub fn denied(denied: &Denied) -> Result<Vec<u8>, NotText> {
    let mut record = Object::tail("denied", 768);
    identify(&mut record, &denied.transaction);
    if let Some(host) = &denied.host {
        record.object("destination", |to| to.text("host", host.as_str()));
    }
    if denied.transaction.client_tls.is_some() {
        record.object("tls", |tls| client_tls(tls, &denied.transaction));
    }
    record.object("request", |request| {
        request.maybe_text("endpoint", denied.refusal.endpoint.as_deref());
        request.maybe_text("method", denied.method.as_deref());
        request.maybe_text("path", denied.path.as_deref());
    });
    record.text("policy", &denied.policy_digest);
    let by_rule = denied.refusal.code.fault() == Fault::Client;
    record.text("decision", if by_rule { "denied" } else { "error" });
    record.object("refusal", |out| refusal(out, &denied.refusal, denied.status))?;
    Ok(record.finish())
}

fn refusal(out: &mut Object<'_>, refusal: &Refusal, status: u16) -> Result<(), NotText> {
    out.text("code", refusal.code.as_str());
    out.number("status", status);
    out.text("detail", &refusal.detail);
    removals(out, "violations", &refusal.violations)?;
    out.maybe_text("certificate_sha256", refusal.certificate_sha256.as_deref());
    Ok(())
}

/// The tail of a `denied_summary`: refusals beside those that stand one by one, counted exactly.
pub fn denied_summary(summary: &Summary) -> Vec<u8> {
    let mut record = Object::tail("denied_summary", 256);
    if let Some(source) = summary.source {
        record.object("source", |out| out.text("address", &source.to_string()));
    }
    record.object("refusal", |out| out.text("code", summary.code.as_str()));
    record.number("count", summary.count);
    record.text("from", &chain::spell_time(summary.from));
    record.text("to", &chain::spell_time(summary.to));
    record.finish()
}

fn identify(record: &mut Object<'_>, transaction: &Transaction) {
    record.text("id", transaction.id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
    record.object("source", |source| {
        source.text("address", &plain_ip(transaction.source.ip()).to_string());
        source.number("port", transaction.source.port());
    });
}

fn client_tls(tls: &mut Object<'_>, transaction: &Transaction) {
    if let Some(version) = transaction.client_tls {
        tls.object("client", |client| client.text("version", version));
    }
}

fn removals(out: &mut Object<'_>, key: &str, removals: &[Removal]) -> Result<(), NotText> {
    if removals.is_empty() {
        return out.document(key, b"[]").map(drop);
    }
    let json = serde_json::to_vec(removals).map_err(|_| NotText)?;
    out.document(key, &json).map(drop)
}

/// An IPv4 client of a dual-stack listener is written as what it is.
pub fn plain_ip(address: IpAddr) -> IpAddr {
    address.to_canonical()
}
