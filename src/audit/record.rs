//! From a cleared request to a recorded one: what is about to leave, written down.

use super::attempt::Attempt;
use super::disk::explain;
use super::entry::{self, IntentEntry, Kept, Pair, SentEntry};
use super::escape::{NotText, one_line};
use super::log::Log;
use super::segment::sync_dir;
use super::transaction::{Intent, Outcome, Transaction, UpstreamFacts};
use crate::decide::{FieldValue, Permit};
use crate::forward::request_fields;
use crate::inspect::{Cleared, OutgoingBody};
use crate::policy::Record;
use crate::refusal::{Code, Refusal};
use crate::secret::{FingerprintKey, sha256_hex};
use std::borrow::Cow;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The longest body that stands in its record's line, in bytes; a longer one has a file of its own.
const LONGEST_IN_LINE: usize = 16 << 10;

/// A request whose intent is durable. Only [`record`] makes one.
#[derive(Debug)]
#[must_use = "an intent was recorded: forward it, and record the outcome"]
pub struct Recorded {
    cleared: Cleared,
    attempt: Attempt,
}

impl Recorded {
    /// The request that may now leave.
    pub fn cleared(&self) -> &Cleared {
        &self.cleared
    }

    /// Which record it is.
    pub fn intent(&self) -> Intent {
        self.attempt.intent()
    }

    /// See [`Attempt::begin`].
    pub fn begin(&mut self) {
        self.attempt.begin();
    }

    /// See [`Attempt::finish`]. Gives the request back for another attempt, which needs an intent of its own.
    pub fn finish(self, outcome: &Outcome) -> Cleared {
        self.attempt.finish(outcome);
        self.cleared
    }
}

/// Records the intent and waits until it is durable. May be cancelled while it waits: then the intent, where it
/// becomes durable nevertheless, gets the outcome `not_sent`.
///
/// # Errors
/// `audit_unavailable`: then nothing has been and nothing may be sent. The request is given up.
pub async fn record(
    log: &Log,
    cleared: Cleared,
    transaction: &Transaction,
    upstream: &UpstreamFacts,
) -> Result<Recorded, Refusal> {
    let unavailable = |why| Refusal::new(Code::AuditUnavailable, why).at(&cleared.permit().endpoint().id);
    let not_text = |_: NotText| Refusal::new(Code::Internal, "the outgoing body cannot be recorded");
    let body = KeptBody::of(&cleared, &log.shared().fingerprint).map_err(not_text)?;
    if let Some((digest, bytes)) = body.for_file() {
        let (dir, digest, bytes) = (log.shared().dir.join("bodies"), digest.to_owned(), bytes.to_vec());
        let written = tokio::task::spawn_blocking(move || keep_body(&dir, &digest, &bytes)).await;
        let written = written.unwrap_or_else(|_| Err(io::Error::other("writing a body broke off")));
        written.map_err(|error| unavailable(explain(&error)))?;
    }
    let tail =
        intent_record(&cleared, &body, transaction, upstream, &log.shared().fingerprint).map_err(not_text)?;
    drop(body);
    match log.intent(transaction.id, tail).await {
        Ok(attempt) => Ok(Recorded { cleared, attempt }),
        Err(why) => Err(unavailable(why)),
    }
}

fn intent_record(
    cleared: &Cleared,
    body: &KeptBody<'_>,
    transaction: &Transaction,
    upstream: &UpstreamFacts,
    key: &FingerprintKey,
) -> Result<Vec<u8>, NotText> {
    let permit = cleared.permit();
    let endpoint = permit.endpoint();
    entry::intent(&IntentEntry {
        transaction,
        host: permit.host().as_str(),
        upstream,
        endpoint: &endpoint.id,
        method: &endpoint.method,
        path: &endpoint.path,
        query: &query(permit, key),
        headers: &headers(cleared, key),
        received: cleared.received(),
        sent: body.entry(),
        policy: permit.policy().digest(),
        removals: cleared.removals(),
    })
}

/// The body as the log keeps it.
#[derive(Debug)]
struct KeptBody<'a> {
    length: u64,
    sha256: String,
    masked: usize,
    escaped: bool,
    text: Option<Cow<'a, [u8]>>,
    file: Option<String>,
}

impl<'a> KeptBody<'a> {
    fn of(cleared: &'a Cleared, key: &FingerprintKey) -> Result<Self, NotText> {
        let bytes = cleared.body().map_or(&[][..], |body| &body.bytes);
        let (length, sha256) = (bytes.len() as u64, sha256_hex(bytes));
        let kept = cleared.body().filter(|_| cleared.permit().endpoint().record == Record::Body);
        let (text, escaped) = match kept.map(|body| mask(body, key)) {
            Some(Cow::Borrowed(text)) => one_line(text).map(|(text, escaped)| (Some(text), escaped))?,
            Some(Cow::Owned(text)) => {
                one_line(&text).map(|(text, escaped)| (Some(Cow::Owned(text.into_owned())), escaped))?
            }
            None => (None, false),
        };
        let file = text.as_ref().filter(|text| text.len() > LONGEST_IN_LINE).map(|text| sha256_hex(text));
        Ok(Self { length, sha256, masked: kept.map_or(0, |body| body.secrets.len()), escaped, text, file })
    }

    fn for_file(&self) -> Option<(&str, &[u8])> {
        Some((self.file.as_deref()?, self.text.as_deref()?))
    }

    fn entry(&self) -> SentEntry<'_> {
        let kept = match (&self.file, &self.text) {
            (Some(digest), _) => Kept::File(digest),
            (None, Some(text)) => Kept::Line(text),
            (None, None) => Kept::Nothing,
        };
        let (length, sha256) = (self.length, self.sha256.clone());
        SentEntry { length, sha256, masked: self.masked, escaped: self.escaped, kept }
    }
}

/// The body with every secret replaced by its fingerprint.
fn mask<'a>(body: &'a OutgoingBody, key: &FingerprintKey) -> Cow<'a, [u8]> {
    if body.secrets.is_empty() {
        return Cow::Borrowed(&body.bytes);
    }
    Cow::Owned(body.masked(|secret| key.fingerprint(secret)))
}

fn query(permit: &Permit, key: &FingerprintKey) -> Vec<Pair> {
    let is_secret = |name: &str| permit.endpoint().query.iter().any(|f| f.secret && f.name == name);
    let shown = |(name, value): &Pair| {
        let value = if is_secret(name) { key.fingerprint(value.as_bytes()) } else { value.clone() };
        (name.clone(), value)
    };
    permit.query().iter().map(shown).collect()
}

/// The header fields exactly as they will be sent, but for secrets.
fn headers(cleared: &Cleared, key: &FingerprintKey) -> Vec<Pair> {
    let shown = |value| match value {
        FieldValue::Plain(value) => value,
        FieldValue::Secret(secret) => key.fingerprint(secret.expose()),
    };
    request_fields(cleared).into_iter().map(|(name, value)| (name, shown(value))).collect()
}

/// Keeps a body under its digest, durably. One that is there already is kept once.
fn keep_body(dir: &Path, digest: &str, bytes: &[u8]) -> io::Result<()> {
    let path = dir.join(format!("{digest}.json"));
    if fs::metadata(&path).is_ok_and(|m| m.len() == bytes.len() as u64) {
        return sync_dir(dir);
    }
    let partial = dir.join(format!(".{}", uuid::Uuid::now_v7().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_data());
    let placed = written.and_then(|()| fs::rename(&partial, &path));
    if placed.is_err() {
        let _ = fs::remove_file(&partial);
    }
    placed.and_then(|()| sync_dir(dir))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
    use super::*;
    use bytes::Bytes;

    #[test]
    fn a_secret_is_masked_by_what_it_says_however_it_is_spelt() {
        let key = FingerprintKey::new(&[3; 32]);
        let text = r#"{"license":"can\u0061ry","n":12.340,"again":"canary"}"#;
        let ranges = ["\"can\\u0061ry\"", "\"canary\""];
        let secrets = ranges.map(|r| text.find(r).map(|at| at..at + r.len()).unwrap()).to_vec();
        let body = OutgoingBody { bytes: Bytes::from_static(text.as_bytes()), secrets };
        let print = key.fingerprint(b"canary");
        let expected = format!(r#"{{"license":"{print}","n":12.340,"again":"{print}"}}"#);
        assert_eq!(String::from_utf8_lossy(&mask(&body, &key)), expected);
    }

    #[test]
    fn a_body_is_kept_once_under_its_digest_and_nothing_else_is_left_there() {
        let dir = tempfile::tempdir().unwrap();
        let digest = sha256_hex(b"[1]");
        keep_body(dir.path(), &digest, b"[1]").unwrap();
        keep_body(dir.path(), &digest, b"[1]").unwrap();
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names, [format!("{digest}.json").as_str()]);
        assert_eq!(fs::read(dir.path().join(&names[0])).unwrap(), b"[1]");
        assert!(keep_body(&dir.path().join("nowhere"), &digest, b"[1]").is_err());
    }
}
