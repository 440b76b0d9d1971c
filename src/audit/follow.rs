//! Follows a log record by record and says what is wrong with one.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::chain::{Chain, is_origin, leaf_hash};
use crate::secret::hex;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// The kinds of record that there are.
pub const KINDS: [&str; 12] = [
    "log_open",
    "policy",
    "intent",
    "outcome",
    "denied",
    "denied_summary",
    "heartbeat",
    "segment_seal",
    "key_rotation",
    "recovery",
    "fault",
    "log_close",
];

/// What a record's line says, as far as the chain and the digests need it.
#[derive(Debug, Deserialize)]
pub struct Line<'a> {
    /// The form's version; 1.
    pub v: u32,
    /// The instance.
    #[serde(borrow)]
    pub origin: Cow<'a, str>,
    /// The record's number.
    pub seq: u64,
    /// The leaf hash of the record before.
    #[serde(borrow)]
    pub prev: Cow<'a, str>,
    /// When it was written.
    #[serde(borrow)]
    pub time: Cow<'a, str>,
    /// One of [`KINDS`].
    #[serde(borrow)]
    pub kind: Cow<'a, str>,
    /// The transaction.
    pub id: Option<String>,
    /// The intent that an outcome is of.
    pub intent: Option<u64>,
    /// The body of an intent.
    #[serde(borrow)]
    pub sent: Option<SentLine<'a>>,
    /// The digest of a policy.
    pub digest: Option<String>,
    /// The text of a policy.
    #[serde(borrow)]
    pub effective: Option<&'a RawValue>,
    /// Whether that text had to be escaped.
    #[serde(default)]
    pub escaped: bool,
    /// How many records a closed log has.
    pub records: Option<u64>,
    /// How many refusals a summary stands for.
    pub count: Option<u64>,
}

/// What an intent says of the body that left.
#[derive(Debug, Deserialize)]
pub struct SentLine<'a> {
    /// Bytes.
    pub length: u64,
    /// Digest of the exact bytes.
    pub sha256: String,
    /// Secrets masked in what is kept.
    #[serde(default)]
    pub masked: u64,
    /// Whether what is kept had to be escaped.
    #[serde(default)]
    pub escaped: bool,
    /// The body, in the line.
    #[serde(borrow)]
    pub body: Option<&'a RawValue>,
    /// The body, beside it.
    pub body_file: Option<String>,
}

/// Where in a log one is, and what is still open there.
#[derive(Debug, Default)]
pub struct Follower {
    chain: Option<Chain>,
    open: BTreeMap<u64, Uuid>,
    is_whole: bool,
}

impl Follower {
    /// Follows a log from its first record.
    pub fn from_start() -> Self {
        Self { is_whole: true, ..Self::default() }
    }

    /// Follows a log from the record that comes first, whichever that is.
    pub fn from_anywhere() -> Self {
        Self::default()
    }

    /// Where the log goes on; `None` before the first record.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The intents that have no outcome yet.
    pub fn open(&self) -> &BTreeMap<u64, Uuid> {
        &self.open
    }

    /// Takes the next line, without its newline.
    ///
    /// # Errors
    /// What is wrong with it, in words that name the record.
    pub fn feed<'a>(&mut self, text: &'a [u8]) -> Result<Line<'a>, String> {
        let line: Line<'a> =
            serde_json::from_slice(text).map_err(|error| format!("not a record: {}", plain(&error)))?;
        self.check_form(&line)?;
        self.check_place(&line)?;
        self.track(&line)?;
        self.chain = Some(Chain {
            origin: line.origin.clone().into_owned(),
            next: line.seq + 1,
            prev: leaf_hash(text),
        });
        Ok(line)
    }

    fn check_form(&self, line: &Line<'_>) -> Result<(), String> {
        let seq = line.seq;
        if line.v != 1 {
            return Err(format!("record {seq} has form {}, this program reads form 1", line.v));
        }
        if !KINDS.contains(&&*line.kind) {
            return Err(format!("record {seq} is of no known kind"));
        }
        if line.time.len() != 27 || line.time.parse::<jiff::Timestamp>().is_err() {
            return Err(format!("record {seq} has no proper time"));
        }
        match &self.chain {
            Some(chain) if chain.origin != line.origin => {
                Err(format!("record {seq} belongs to another log: its origin is not {}", chain.origin))
            }
            None if !is_origin(&line.origin) => Err(format!("record {seq} has no proper origin")),
            _ => Ok(()),
        }
    }

    fn check_place(&self, line: &Line<'_>) -> Result<(), String> {
        let genesis = Chain::new("");
        let expected = match &self.chain {
            Some(chain) => chain,
            None if self.is_whole => &genesis,
            None => return Ok(()),
        };
        if line.seq != expected.next {
            return Err(format!("here stands record {} where record {} belongs", line.seq, expected.next));
        }
        if line.prev != hex(&expected.prev) {
            return Err(match line.seq {
                0 => "record 0 names a record before it".to_owned(),
                seq => format!(
                    "record {seq} does not follow from record {}: one of the two was changed",
                    seq - 1
                ),
            });
        }
        Ok(())
    }

    fn track(&mut self, line: &Line<'_>) -> Result<(), String> {
        let seq = line.seq;
        let id = || {
            let id = line.id.as_deref().and_then(|id| Uuid::try_parse(id).ok());
            id.ok_or_else(|| format!("record {seq} has no transaction id"))
        };
        match &*line.kind {
            "intent" => {
                if line.sent.is_none() {
                    return Err(format!("record {seq} does not say what was sent"));
                }
                self.open.insert(seq, id()?);
            }
            "outcome" => {
                let id = id()?;
                let intent = line.intent.ok_or_else(|| format!("record {seq} names no intent"))?;
                match self.open.remove(&intent) {
                    Some(known) if known == id => {}
                    None if !self.is_whole => {}
                    _ => return Err(format!("record {seq} is the outcome of no open intent")),
                }
            }
            "log_close" if line.records != Some(seq + 1) => {
                return Err(format!("record {seq} closes a log of another length"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// A JSON error without its text, which could repeat the line.
fn plain(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a member is missing, doubled or of the wrong type",
        serde_json::error::Category::Eof => "it breaks off",
        _ => "malformed JSON",
    };
    format!("{what} at column {}", error.column())
}
