//! Content codings (RFC 9110 §8.4.1).
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::refusal::{Code, Refusal};

/// Placeholder until merged.
pub fn supported<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Result<(), Refusal> {
    match (values.next(), values.next()) {
        (None, _) => Ok(()),
        (Some(v), None) if v.eq_ignore_ascii_case(b"identity") => Ok(()),
        _ => Err(Refusal::new(Code::ContentCodingNotAllowed, "no")),
    }
}
