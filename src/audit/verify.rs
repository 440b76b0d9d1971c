//! Verifies a log: every record, every chain link, every digest; read-only, offline, in constant memory.
//!
//! What is here works on lines; [`super::folder`] reads them from disk.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::follow::{Follower, Line, SentLine};
use crate::secret::sha256_hex;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a verification says in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything is as it was written.
    Verified,
    /// Something was changed.
    Tampered,
    /// Nothing was changed that can be seen, but the end is missing.
    Incomplete,
}

impl Verdict {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Tampered => "tampered",
            Self::Incomplete => "incomplete",
        }
    }

    /// The exit code: 0, 1, 2. (3 is for keys and trust, 4 for files that cannot be read.)
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Tampered => 1,
            Self::Incomplete => 2,
        }
    }
}

/// The first thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file's name in the folder.
    pub file: String,
    /// The line, counted from 1.
    pub line: u64,
    /// The line's first byte, counted from 0.
    pub offset: u64,
    /// What is wrong.
    pub reason: String,
}

/// What was verified.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Coverage {
    /// The instance.
    pub origin: Option<String>,
    /// Segments read.
    pub segments: u64,
    /// Bytes read, body files not counted.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// Time of the first record.
    pub from: Option<String>,
    /// Time of the last record.
    pub to: Option<String>,
    /// Intents.
    pub intents: u64,
    /// Intents that have no outcome (yet): they may have left.
    pub open_intents: u64,
    /// Refusals, counted ones included.
    pub denied: u64,
    /// Times that the log could not be written.
    pub faults: u64,
    /// Runs of the gate (`log_open`).
    pub runs: u64,
    /// Policies by digest, with how often each came into force.
    pub policies: BTreeMap<String, u64>,
    /// Bodies whose kept text is exactly what left.
    pub bodies_exact: u64,
    /// Bodies kept with secrets masked or hidden characters escaped: the digest of what left cannot be recomputed.
    pub bodies_masked: u64,
    /// Intents of which only length and digest are kept.
    pub bodies_by_digest: u64,
    /// Whether the last record is a `log_close`.
    pub closed: bool,
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub struct Report {
    /// In one word.
    pub verdict: Verdict,
    /// Whether a gate was writing meanwhile.
    pub live: bool,
    /// The first thing that is wrong.
    pub problem: Option<Problem>,
    /// What was verified.
    pub covered: Coverage,
    /// What was not, in sentences.
    pub not_covered: Vec<String>,
}

/// A body file that an intent names.
#[derive(Debug, PartialEq, Eq)]
pub struct BodyFile {
    /// The digest of its content, which is its name.
    pub sha256: String,
}

/// Verifies line by line.
#[derive(Debug)]
pub struct Verifier {
    follower: Follower,
    covered: Coverage,
}

impl Default for Verifier {
    fn default() -> Self {
        Self { follower: Follower::from_start(), covered: Coverage::default() }
    }
}

impl Verifier {
    /// Begins a segment that is named by its first record.
    ///
    /// # Errors
    /// That a segment is missing before it.
    pub fn segment(&mut self, first: u64) -> Result<(), String> {
        self.covered.segments += 1;
        let next = self.follower.chain().map_or(0, |chain| chain.next);
        if first == next {
            return Ok(());
        }
        Err(format!(
            "the file is named for record {first}, but record {next} comes next: a segment is missing or was renamed"
        ))
    }

    /// Takes the next line, without its newline. Gives the body file that has to be looked at.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn line(&mut self, text: &[u8]) -> Result<Option<BodyFile>, String> {
        let line = self.follower.feed(text)?;
        let file = match &line.sent {
            Some(sent) => self.covered.check_body(line.seq, sent)?,
            None => None,
        };
        check_policy(&line)?;
        self.covered.count(&line, text.len());
        Ok(file)
    }

    /// Where the log stands, for words about its last record.
    pub fn next(&self) -> u64 {
        self.follower.chain().map_or(0, |chain| chain.next)
    }

    /// Ends the verification.
    pub fn finish(mut self) -> Coverage {
        self.covered.open_intents = self.follower.open().len() as u64;
        self.covered.origin = self.follower.chain().map(|chain| chain.origin.clone());
        self.covered
    }
}

impl Coverage {
    fn count(&mut self, line: &Line<'_>, length: usize) {
        self.records += 1;
        self.bytes += length as u64 + 1;
        if self.from.is_none() {
            self.from = Some(line.time.clone().into_owned());
        }
        let to = self.to.get_or_insert_default();
        to.clear();
        to.push_str(&line.time);
        self.closed = false;
        match &*line.kind {
            "intent" => self.intents += 1,
            "denied" => self.denied += 1,
            "denied_summary" => self.denied += line.count.unwrap_or(0),
            "fault" => self.faults += 1,
            "log_open" => self.runs += 1,
            "policy" => *self.policies.entry(line.digest.clone().unwrap_or_default()).or_default() += 1,
            "log_close" => self.closed = true,
            _ => {}
        }
    }

    fn check_body(&mut self, seq: u64, sent: &SentLine<'_>) -> Result<Option<BodyFile>, String> {
        let is_exact = sent.masked == 0 && !sent.escaped;
        let differs = || format!("record {seq}: the body is not the one whose digest is recorded");
        let file = match (sent.body, &sent.body_file) {
            (Some(body), None) => {
                let text = body.get().as_bytes();
                if is_exact && (text.len() as u64 != sent.length || sha256_hex(text) != sent.sha256) {
                    return Err(differs());
                }
                None
            }
            (None, Some(name)) => {
                let sha256 = digest_of(name)
                    .ok_or_else(|| format!("record {seq} names no proper body file"))?
                    .to_owned();
                if is_exact && sha256 != sent.sha256 {
                    return Err(differs());
                }
                Some(BodyFile { sha256 })
            }
            (None, None) => {
                self.bodies_by_digest += u64::from(sent.length > 0);
                return Ok(None);
            }
            (Some(_), Some(_)) => return Err(format!("record {seq} has two bodies")),
        };
        let count = if is_exact { &mut self.bodies_exact } else { &mut self.bodies_masked };
        *count += 1;
        Ok(file)
    }
}

fn check_policy(line: &Line<'_>) -> Result<(), String> {
    match (&line.digest, line.effective) {
        (Some(digest), Some(text)) if !line.escaped => {
            let found = format!("sha256:{}", sha256_hex(text.get().as_bytes()));
            if found == *digest {
                return Ok(());
            }
            Err(format!("record {}: the policy is not the one whose digest is recorded", line.seq))
        }
        _ => Ok(()),
    }
}

/// The digest in the name of a body file, where it is one and nothing else.
pub fn digest_of(name: &str) -> Option<&str> {
    let digest = name.strip_prefix("bodies/")?.strip_suffix(".json")?;
    let is_digest =
        digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    is_digest.then_some(digest)
}
