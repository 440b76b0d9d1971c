//! What ties one record to the next.
//!
//! A leaf is the exact bytes of one line without its newline, its hash `SHA-256(0x00 ‖ leaf)` as RFC 6962
//! §2.1 has it; every record carries the hash of the one before it.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::secret::hex;
use aws_lc_rs::digest;
use std::io::Write as _;

/// The hash of one record.
pub type LeafHash = [u8; 32];

/// The hash of a line without its newline.
pub fn leaf_hash(line: &[u8]) -> LeafHash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&[0]);
    context.update(line);
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// The end of a log: what the next record is tied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The instance's name, in every record.
    pub origin: String,
    /// The next record's number.
    pub next: u64,
    /// The hash of the record before it; zeros for the first.
    pub prev: LeafHash,
}

impl Chain {
    /// The beginning of a log.
    pub fn new(origin: impl Into<String>) -> Self {
        Self { origin: origin.into(), next: 0, prev: [0; 32] }
    }

    /// Appends a whole line: `time` (RFC 3339, µs, UTC), then `tail`, which is everything from `"kind"` to the
    /// closing brace. Returns the record's number.
    pub fn append(&mut self, out: &mut Vec<u8>, time: &str, tail: &[u8]) -> u64 {
        let (start, seq) = (out.len(), self.next);
        out.extend_from_slice(b"{\"v\":1,\"origin\":\"");
        out.extend_from_slice(self.origin.as_bytes());
        out.extend_from_slice(b"\",\"seq\":");
        let _ = write!(out, "{seq}");
        out.extend_from_slice(b",\"prev\":\"");
        out.extend_from_slice(hex(&self.prev).as_bytes());
        out.extend_from_slice(b"\",\"time\":\"");
        out.extend_from_slice(time.as_bytes());
        out.extend_from_slice(b"\",");
        out.extend_from_slice(tail);
        self.prev = leaf_hash(&out[start..]);
        self.next += 1;
        out.push(b'\n');
        seq
    }
}

/// Whether a name can be an origin: 1 to 64 letters, digits, dots, hyphens and underscores.
pub fn is_origin(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// A time as records spell it: RFC 3339, microseconds, UTC.
pub fn spell_time(at: jiff::Timestamp) -> String {
    format!("{at:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_hash_is_rfc_6962s() {
        // RFC 6962 §2.1.3's empty-leaf hash, as the certificate transparency test vectors have it.
        assert_eq!(hex(&leaf_hash(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    }

    #[test]
    fn each_line_carries_the_hash_of_the_one_before() {
        let mut chain = Chain::new("gate-1");
        let mut out = Vec::new();
        assert_eq!(chain.append(&mut out, "2026-11-20T00:00:00.000001Z", b"\"kind\":\"x\"}"), 0);
        let first = out.split(|b| *b == b'\n').next().map(leaf_hash).unwrap_or_default();
        assert_eq!(chain.append(&mut out, "2026-11-20T00:00:00.000001Z", b"\"kind\":\"y\"}"), 1);
        let text = String::from_utf8_lossy(&out);
        assert!(text.starts_with(&format!(
            "{{\"v\":1,\"origin\":\"gate-1\",\"seq\":0,\"prev\":\"{}\",\"time\":\"2026-11-20T00:00:00.000001Z\",\"kind\":\"x\"}}\n",
            "0".repeat(64)
        )));
        assert!(text.contains(&format!("\"seq\":1,\"prev\":\"{}\"", hex(&first))));
    }

    #[test]
    fn a_time_has_microseconds_even_where_they_are_zero() {
        assert_eq!(spell_time(jiff::Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn an_origin_is_a_plain_name() {
        for good in ["a", "beacongate-0123abcd", "eu.west_1"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in ["", "a b", "a\"", "é", &"x".repeat(65)] {
            assert!(!is_origin(bad), "{bad}");
        }
    }
}
