//! Content codings (RFC 9110 §8.4) that the gate undoes before it inspects.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::refusal::{Code, Refusal};

/// How a body's content is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Identity,
}

impl Coding {
    /// The coding's registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
        }
    }
}

/// Reads all Content-Encoding values of a request.
///
/// # Errors
/// `content_coding_not_allowed` for every coding that the gate does not undo, and for several:
/// what is coded twice can hide in between.
pub fn supported<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Result<Coding, Refusal> {
    let mut values = values.into_iter();
    let refuse = |detail| Err(Refusal::new(Code::ContentCodingNotAllowed, detail));
    match (values.next(), values.next()) {
        (None, _) => Ok(Coding::Identity),
        (Some(value), None) if value.trim_ascii().eq_ignore_ascii_case(b"identity") => Ok(Coding::Identity),
        (Some(_), None) => refuse("the content-encoding is not identity: send the body uncoded"),
        (Some(_), Some(_)) => refuse("content-encoding stands more than once: send the body uncoded"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn r40_identity_passes_and_nothing_else() {
        for values in [&[][..], &["identity"], &["Identity"], &[" identity "]] {
            assert_eq!(supported(values.iter().map(|v| v.as_bytes())).unwrap(), Coding::Identity);
        }
        let refused: &[&[&str]] = &[
            &[""],
            &["gzip"],
            &["x-gzip"],
            &["deflate"],
            &["br"],
            &["zstd"],
            &["gzip, gzip"],
            &["identity, gzip"],
            &["identity", "identity"],
            &["identity", "gzip"],
            &["identity;q=1"],
            &["*"],
            &["gzip identity"],
            &["identity\0"],
        ];
        for values in refused {
            let refusal = supported(values.iter().map(|v| v.as_bytes())).unwrap_err();
            assert_eq!(refusal.code, Code::ContentCodingNotAllowed, "{values:?}");
        }
    }
}
