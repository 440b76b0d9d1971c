//! What of this body may leave? Permit and bytes in, exact outgoing bytes or a refusal out.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod coding;

use crate::decide::Permit;
use crate::refusal::{Code, Refusal};
use crate::removal::Removal;
use bytes::Bytes;
use std::ops::Range;

/// A body as it was read, framing undone, coding still on.
#[derive(Debug, Default)]
pub struct ReceivedBody {
    /// The content (RFC 9110 §6.4).
    pub content: Bytes,
    /// Bytes on the wire, chunk framing included.
    pub wire_length: u64,
    /// Names of trailer fields, lower case; they are never forwarded.
    pub trailers: Vec<String>,
}

/// A request of which every byte that will leave has been decided. Only [`inspect`] makes one.
#[derive(Debug)]
#[must_use = "a cleared request is spent by recording it"]
pub struct Cleared {
    permit: Permit,
    received: Received,
    body: Option<OutgoingBody>,
    removals: Vec<Removal>,
}

/// The measurements of a body as received, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Bytes on the wire, chunk framing included.
    pub wire_length: u64,
    /// Bytes of content after decoding.
    pub length: u64,
    /// The content coding (`identity`).
    pub coding: String,
    /// The media type.
    pub media_type: Option<String>,
}

/// The exact bytes that will leave, and where in them secrets stand.
#[derive(Debug)]
pub struct OutgoingBody {
    /// Compact UTF-8 JSON without a newline.
    pub bytes: Bytes,
    /// The JSON string tokens (quotes included) that are secrets, ascending and disjoint.
    pub secrets: Vec<Range<usize>>,
}

impl Cleared {
    /// The permit that it was given under.
    pub fn permit(&self) -> &Permit {
        &self.permit
    }

    /// The body as received, in numbers.
    pub fn received(&self) -> &Received {
        &self.received
    }

    /// The body that will leave; `None` where the endpoint has none.
    pub fn body(&self) -> Option<&OutgoingBody> {
        self.body.as_ref()
    }

    /// Everything that was taken out: body, headers, trailers.
    pub fn removals(&self) -> &[Removal] {
        &self.removals
    }
}

/// Inspects a body under its permit. Pure: the same bytes and permit always give the same answer.
///
/// # Errors
/// `malformed_body`, `body_not_allowed`, `body_not_expected`, `body_too_large`.
pub fn inspect(permit: Permit, body: ReceivedBody) -> Result<Cleared, Refusal> {
    let _ = (permit, body);
    Err(Refusal::new(Code::Internal, "not written yet"))
}
