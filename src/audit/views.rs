//! Shows a log to a person: one line per transaction, or one transaction whole. The evidence never changes for it.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::escape::visible;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::VecDeque;

mod story;

pub use story::{indented, story};

/// A record as the views read it: what is absent in a kind is empty here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Record<'a> {
    /// Its number.
    pub seq: u64,
    /// When it was written.
    pub time: String,
    /// What it records.
    pub kind: String,
    /// The transaction.
    pub id: String,
    /// The intent of an outcome.
    pub intent: Option<u64>,
    /// Who asked.
    pub source: Source,
    /// Where it goes.
    pub destination: Destination,
    /// TLS on both sides.
    pub tls: Tls,
    /// The request.
    pub request: Request,
    /// The body as received.
    pub received: Received,
    /// The body as it left.
    #[serde(borrow)]
    pub sent: Sent<'a>,
    /// The policy's digest.
    #[serde(borrow)]
    pub policy: Option<&'a RawValue>,
    /// `allowed`, `modified`, `denied` or `error`.
    pub decision: String,
    /// What was taken out.
    pub removals: Vec<Removal>,
    /// The refusal.
    pub refusal: Refusal,
    /// What became of an intent.
    pub outcome: Outcome,
    /// How many refusals a summary stands for.
    pub count: u64,
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => { $(
        $(#[$doc])*
        #[derive(Debug, Default, Deserialize)]
        #[serde(default)]
        #[allow(missing_docs, reason = "the fields are the log's, which entry documents")]
        pub struct $name { $(pub $field: $type),* }
    )* };
}

parts! {
    /// Who asked.
    Source { address: String, port: Option<u16> }
    /// Where a request goes.
    Destination { host: String, address: String, port: Option<u16> }
    /// TLS on both sides.
    Tls { client: TlsSide, upstream: TlsSide }
    /// TLS on one side.
    TlsSide { version: String, certificate_sha256: String }
    /// A request.
    Request { endpoint: String, method: String, path: String, query: Vec<(String, String)>, headers: Vec<(String, String)> }
    /// A body as received.
    Received { wire_length: u64, length: u64, coding: String, media_type: Option<String> }
    /// A refusal.
    Refusal { code: String, status: Option<u16>, detail: String, violations: Vec<Removal>, certificate_sha256: Option<String> }
    /// What became of an intent.
    Outcome { result: String, status: Option<u16>, response_bytes: u64, duration_us: Option<u64>, error: Option<String> }
}

/// A body as it left.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent<'a> {
    /// Bytes.
    pub length: u64,
    /// Digest of the exact bytes.
    pub sha256: String,
    /// Secrets that are masked.
    pub masked: u64,
    /// The body.
    #[serde(borrow)]
    pub body: Option<&'a RawValue>,
    /// The file of the body.
    pub body_file: Option<String>,
}

/// Something that was taken out, or would have to be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Removal {
    /// `body`, `header` or `trailer`.
    #[serde(rename = "in")]
    pub place: String,
    /// Where in the body.
    pub pointer: Option<String>,
    /// Which field.
    pub name: Option<String>,
    /// The JSON type.
    #[serde(rename = "type")]
    pub json_type: Option<String>,
    /// The rule.
    pub rule: String,
    /// What was wrong inside it.
    pub cause: Option<String>,
}

/// One transaction, or refusals that were counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The first record of it.
    pub seq: u64,
    /// When that was written.
    pub time: String,
    /// `allowed`, `modified`, `denied` or `error`.
    pub decision: String,
    /// The endpoint of what left, the code of what did not.
    pub what: String,
    /// The host, as far as it is known.
    pub host: String,
    /// The path, as far as it was recordable.
    pub path: String,
    /// The upstream's status or the refusal's; else how it ended (`unknown`, `not_sent`); `open` so far.
    pub outcome: String,
    /// Bytes of body that left.
    pub bytes: u64,
    /// How many things were taken out.
    pub removals: usize,
    /// How many refusals the row stands for.
    pub count: u64,
    /// The transaction.
    pub id: String,
}

/// Turns records into rows, in the order in which transactions began. Holds back what follows a transaction
/// that is still open.
#[derive(Debug, Default)]
pub struct Listing {
    waiting: VecDeque<Row>,
}

/// What stands for an outcome that is not there yet.
const OPEN: &str = "open";

impl Listing {
    /// Takes the next record.
    pub fn feed(&mut self, record: Record<'_>) {
        match record.kind.as_str() {
            "intent" => self.waiting.push_back(Row::of_intent(record)),
            "denied" | "denied_summary" => self.waiting.push_back(Row::of_refusal(record)),
            "outcome" => {
                let intent = record.intent;
                if let Some(row) = self.waiting.iter_mut().find(|row| Some(row.seq) == intent) {
                    row.outcome = record.outcome.status.map_or(record.outcome.result, |s| s.to_string());
                }
            }
            _ => {}
        }
    }

    /// The next row that is complete; with `all`, also one that is not.
    pub fn next(&mut self, all: bool) -> Option<Row> {
        // A transaction that nobody ended must not keep the rest in memory.
        let ready = |row: &Row| all || row.outcome != OPEN || self.waiting.len() > 10_000;
        if self.waiting.front().is_some_and(ready) { self.waiting.pop_front() } else { None }
    }
}

impl Row {
    fn of_intent(record: Record<'_>) -> Self {
        Self {
            seq: record.seq,
            time: record.time,
            decision: record.decision,
            what: record.request.endpoint,
            host: record.destination.host,
            path: record.request.path,
            outcome: OPEN.to_owned(),
            bytes: record.sent.length,
            removals: record.removals.len(),
            count: 1,
            id: record.id,
        }
    }

    fn of_refusal(record: Record<'_>) -> Self {
        let is_summary = record.kind == "denied_summary";
        Self {
            seq: record.seq,
            time: record.time,
            decision: if is_summary { "denied".to_owned() } else { record.decision },
            what: record.refusal.code,
            host: record.destination.host,
            path: record.request.path,
            outcome: record.refusal.status.map_or_else(|| "-".to_owned(), |s| s.to_string()),
            bytes: 0,
            removals: record.refusal.violations.len(),
            count: if is_summary { record.count } else { 1 },
            id: record.id,
        }
    }

    /// The row as a line of a table, fit for a terminal.
    pub fn table_line(&self) -> String {
        let time = self.time.get(..19).unwrap_or(&self.time);
        let target = match (self.count, self.host.as_str()) {
            (1, "") => self.path.clone(),
            (1, host) => format!("{host}{}", self.path),
            (count, _) => format!("({count} refusals, counted)"),
        };
        let id = if self.id.is_empty() { "-" } else { &self.id };
        let (decision, what, outcome) = (&self.decision, &self.what, &self.outcome);
        let (bytes, removals) = (self.bytes, self.removals);
        visible(&format!(
            "{time}Z  {decision:<8}  {what:<27}  {outcome:<8}  {bytes:>8}  {removals:>4}  {id:<36}  {target}"
        ))
    }

    /// The head of the table.
    pub fn table_head() -> String {
        format!(
            "{:<20}  {:<8}  {:<27}  {:<8}  {:>8}  {:>4}  {:<36}  target",
            "time", "decision", "endpoint or refusal", "outcome", "bytes", "out", "transaction"
        )
    }
}
