//! A value that may leave towards the vendor and may be written nowhere else.
//!
//! License keys and API keys are this type from the moment they are recognised.
//! It has no `Serialize` and no `Display`; `Debug` names the type alone.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

/// A secret header value or JSON string, wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the bytes of a secret.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Zeroizing::new(bytes.into()))
    }

    /// The bytes themselves, for the request that is being built and for nothing else.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The key under which secrets are fingerprinted: one per deployment, outliving the log, so
/// that "the same license key as last month" can be seen and the key cannot.
pub struct FingerprintKey {
    id: String,
    key: hmac::Key,
}

impl FingerprintKey {
    /// Length of the key in bytes.
    pub const LEN: usize = 32;

    /// Makes the key from its bytes; the id is derived from them, so equal keys have equal ids.
    pub fn new(bytes: &[u8; Self::LEN]) -> Self {
        let mut named = digest::Context::new(&digest::SHA256);
        named.update(b"beacongate fingerprint key id\0");
        named.update(bytes);
        Self { id: hex(&named.finish().as_ref()[..4]), key: hmac::Key::new(hmac::HMAC_SHA256, bytes) }
    }

    /// The key's public name: 8 hex digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `hmac-sha256:<key id>:<64 hex digits>` of a secret (RFC 2104).
    pub fn fingerprint(&self, secret: &[u8]) -> String {
        let tag = hmac::sign(&self.key, secret);
        format!("hmac-sha256:{}:{}", self.id, hex(tag.as_ref()))
    }
}

impl std::fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FingerprintKey({})", self.id)
    }
}

/// Lower-case hexadecimal, the spelling of every digest in the log.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)] as char);
        out.push(DIGITS[usize::from(byte & 15)] as char);
    }
    out
}

/// SHA-256 of `bytes` as 64 hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_in_debug() {
        let shown = format!("{:?}", Secret::new("lsv2_pt_canary"));
        assert_eq!(shown, "Secret(…)");
    }

    #[test]
    fn the_same_secret_has_the_same_fingerprint_under_one_key_only() {
        let (one, two) = (FingerprintKey::new(&[1; 32]), FingerprintKey::new(&[2; 32]));
        assert_eq!(one.fingerprint(b"k"), one.fingerprint(b"k"));
        assert_ne!(one.fingerprint(b"k"), one.fingerprint(b"l"));
        assert_ne!(one.fingerprint(b"k"), two.fingerprint(b"k"));
        assert!(one.fingerprint(b"k").starts_with(&format!("hmac-sha256:{}:", one.id())));
    }
}
