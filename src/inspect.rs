//! What of this body may leave? Permit and bytes in, exact outgoing bytes or a refusal out.
//!
//! In order: [`json`] reads strictly, `violations` and `text` say what may not leave, `remove` takes it
//! out until the schema holds, `write` makes the bytes. Nothing of the client's text is copied: what
//! leaves is written anew from the values that were understood. The same bytes and permit always give
//! the same answer, and inspecting what came out changes nothing.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod coding;
pub mod json;
mod places;
mod record;
mod remove;
mod text;
mod violations;
mod window;
mod write;

use crate::decide::Permit;
use crate::policy::BodyTerms;
use crate::refusal::{Code, Refusal};
use crate::removal::{Place, Removal};
use bytes::Bytes;
use coding::Coding;
use std::ops::Range;
use zeroize::Zeroizing;

/// The rule that header and trailer fields break which no endpoint lists.
pub const UNLISTED: &str = "unlisted";

/// A body as it was read, framing undone, coding still on.
#[derive(Default)]
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
pub struct OutgoingBody {
    /// Compact UTF-8 JSON without a newline.
    pub bytes: Bytes,
    /// The JSON tokens (of a string: quotes included) that are secrets, ascending and disjoint.
    pub secrets: Vec<Range<usize>>,
}

/// What became of a request that leaves, as the record's `decision`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It leaves as it came, framing and routine headers apart.
    Allowed,
    /// Something was taken out.
    Modified,
}

impl Decision {
    /// The word in the record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Modified => "modified",
        }
    }
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

    /// Everything that was taken out: headers, body, trailers.
    pub fn removals(&self) -> &[Removal] {
        &self.removals
    }

    /// Whether anything was taken out.
    pub fn decision(&self) -> Decision {
        if self.removals.is_empty() { Decision::Allowed } else { Decision::Modified }
    }
}

/// Without the content: what was not inspected is written nowhere.
impl std::fmt::Debug for ReceivedBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReceivedBody({} bytes)", self.content.len())
    }
}

/// Without the content: secrets stand in it.
impl std::fmt::Debug for OutgoingBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutgoingBody({} bytes, {} secrets)", self.bytes.len(), self.secrets.len())
    }
}

impl OutgoingBody {
    /// The same document with each secret replaced by the JSON string that `mask` makes of it: of
    /// the decoded string, or of the token itself where the secret is no string.
    pub fn masked(&self, mut mask: impl FnMut(&[u8]) -> String) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 64 * self.secrets.len());
        let mut copied = 0;
        for range in &self.secrets {
            out.extend_from_slice(&self.bytes[copied..range.start]);
            let token = &self.bytes[range.clone()];
            let shown = match serde_json::from_slice::<String>(token).map(Zeroizing::new) {
                Ok(secret) => mask(secret.as_bytes()),
                Err(_) => mask(token),
            };
            out.extend_from_slice(serde_json::Value::String(shown).to_string().as_bytes());
            copied = range.end;
        }
        out.extend_from_slice(&self.bytes[copied..]);
        out
    }
}

/// Inspects a body under its permit. Pure: the same bytes and permit always give the same answer.
///
/// # Errors
/// `malformed_body`, `body_not_allowed`, `body_not_expected`, `body_too_large`.
pub fn inspect(permit: Permit, body: ReceivedBody) -> Result<Cleared, Refusal> {
    let endpoint = permit.endpoint().clone();
    let (outgoing, taken_out) = match &endpoint.body {
        Some(terms) => {
            let (outgoing, taken_out) =
                clear_body(terms, &body.content).map_err(|refusal| refusal.at(&endpoint.id))?;
            (Some(outgoing), taken_out)
        }
        None if body.content.is_empty() => (None, Vec::new()),
        None => {
            let detail = "this endpoint takes no body";
            return Err(Refusal::new(Code::BodyNotExpected, detail).at(&endpoint.id));
        }
    };
    let received = Received {
        wire_length: body.wire_length,
        length: body.content.len() as u64,
        coding: Coding::Identity.as_str().to_owned(),
        media_type: permit.content_type().map(str::to_owned),
    };
    let removals =
        permit.dropped().iter().cloned().chain(taken_out).chain(trailers(&body.trailers)).collect();
    Ok(Cleared { permit, received, body: outgoing, removals })
}

fn trailers(names: &[String]) -> impl Iterator<Item = Removal> {
    names.iter().map(|name| Removal {
        place: Place::Trailer { name: crate::name::recordable(name).into_owned() },
        json_type: None,
        rule: UNLISTED.to_owned(),
        cause: None,
    })
}

/// Inspects the decoded content of a JSON body under an endpoint's terms: what may leave of it, and
/// what was taken out, in the order of the document.
///
/// # Errors
/// `body_too_large`, `malformed_body`, `body_not_allowed`; none of them says what stood in the body.
pub fn clear_body(terms: &BodyTerms, content: &[u8]) -> Result<(OutgoingBody, Vec<Removal>), Refusal> {
    if content.len() > terms.max_bytes {
        let detail = format!("the body has more than {} bytes", terms.max_bytes);
        return Err(Refusal::new(Code::BodyTooLarge, detail));
    }
    let document = json::read(content).map_err(|e| Refusal::new(Code::MalformedBody, e.to_string()))?;
    let (value, removals) = remove::conform(terms, document)?;
    Ok((write::write(&value, &terms.schema.secrets), removals))
}

#[cfg(test)]
mod tests;
