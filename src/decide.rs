//! May this request be made at all? Policy and facts in, a permit or a refusal out.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::destination::Host;
use crate::policy::{Endpoint, Policy};
use crate::removal::Removal;
use crate::secret::Secret;
use std::sync::Arc;

/// The right to make one request, with its terms. Only [`decide`] makes one.
#[derive(Debug)]
#[must_use = "a permit is spent by inspecting the body it was given for"]
pub struct Permit {
    policy: Arc<Policy>,
    endpoint: Arc<Endpoint>,
    host: Host,
    query: Vec<(String, String)>,
    headers: Vec<(String, FieldValue)>,
    content_type: Option<String>,
    dropped: Vec<Removal>,
}

/// The value of a header that will be sent.
#[derive(Debug, Clone)]
pub enum FieldValue {
    /// One that may be written down.
    Plain(String),
    /// One that may not.
    Secret(Secret),
}

impl Permit {
    /// The policy that gave it; the same for the whole life of the request.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The endpoint that was matched.
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// The host, one of the endpoint's.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The query that will be sent: keys of the endpoint, in its order, values that matched.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The header fields that will be sent beside the gate's own, in the endpoint's order.
    pub fn headers(&self) -> &[(String, FieldValue)] {
        &self.headers
    }

    /// The media type of the body, one of the endpoint's; `None` without a body.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Header fields of the client's that will not be sent and are not the routine of every client.
    pub fn dropped(&self) -> &[Removal] {
        &self.dropped
    }

    /// The most bytes of body that may be read.
    pub fn max_body(&self) -> usize {
        self.endpoint.body.as_ref().map_or(0, |b| b.max_bytes)
    }
}
