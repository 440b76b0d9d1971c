//! The records of the log about itself: how it began, under which policy, what went wrong, how it ended.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::escape::NotText;
use super::object::Object;

/// The tail of a `log_open`.
pub fn log_open(fingerprint_key: &str, settings: &[(String, String)]) -> Vec<u8> {
    let mut record = Object::tail("log_open", 512);
    record.text("program", env!("CARGO_PKG_NAME"));
    record.text("program_version", env!("CARGO_PKG_VERSION"));
    record.text("fingerprint_key", fingerprint_key);
    record.object("settings", |out| settings.iter().for_each(|(name, value)| out.text(name, value)));
    record.finish()
}

/// The tail of a `policy`: the whole effective policy and its digest, at every load.
///
/// # Errors
/// [`NotText`] where the policy is not a JSON document.
pub fn policy(name: &str, digest: &str, effective: &str) -> Result<Vec<u8>, NotText> {
    let mut record = Object::tail("policy", 256 + effective.len());
    record.text("name", name);
    record.text("digest", digest);
    if record.document("effective", effective.as_bytes())? {
        record.flag("escaped");
    }
    Ok(record.finish())
}

/// What was found behind the last record that counts, and cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The segment's file name.
    pub segment: String,
    /// Where the cut was made, in bytes from the file's start.
    pub offset: u64,
    /// Bytes that were cut off.
    pub length: u64,
    /// The file in the same folder that now holds them.
    pub set_aside: String,
}

/// The tail of a `recovery`: the log goes on after a crash (`start`) or a failed write (`fault`).
pub fn recovery(after: &str, cut: Option<&Cut>, open_intents: usize) -> Vec<u8> {
    let mut record = Object::tail("recovery", 256);
    record.text("after", after);
    if let Some(cut) = cut {
        record.object("cut", |out| {
            out.text("segment", &cut.segment);
            out.number("offset", cut.offset);
            out.number("length", cut.length);
            out.text("set_aside", &cut.set_aside);
        });
    }
    record.number("open_intents", open_intents);
    record.finish()
}

/// The tail of a `fault`: the log could not be written, and nothing left meanwhile.
pub fn fault(error: &str, since: &str, refused: u64) -> Vec<u8> {
    let mut record = Object::tail("fault", 256);
    record.text("error", error);
    record.text("since", since);
    record.number("refused_intents", refused);
    record.finish()
}

/// The tail of a `log_close`. `records` counts this one; it is the whole log's last number plus one.
pub fn log_close(reason: &str, records: u64) -> Vec<u8> {
    let mut record = Object::tail("log_close", 128);
    record.text("reason", reason);
    record.number("records", records);
    record.finish()
}
