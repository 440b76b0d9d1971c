//! The policy, compiled: what may leave, and nothing else in a form that a decision can misread.
//!
//! The file's form is [`file`], the way from one to the other is [`compile()`] and is the only
//! constructor of what stands here.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::destination::Host;
use std::sync::Arc;

pub mod compile;
mod document;
mod effective;
pub mod error;
mod file;
mod format;
mod pattern;
pub mod profile;
pub mod schema;
mod yaml;

pub use compile::compile;
pub use error::PolicyError;
pub use profile::load;
pub use schema::BodySchema;

/// Everything that may leave.
#[derive(Debug)]
pub struct Policy {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) effective: String,
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
}

impl Policy {
    /// The policy's name, as its file gives it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `sha256:<hex>` of [`Policy::effective`].
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The whole policy as one JSON document, schemas resolved: what the digest covers and the log keeps.
    pub fn effective(&self) -> &str {
        &self.effective
    }

    /// The endpoints in the file's order.
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// The endpoint with this id.
    pub fn endpoint(&self, id: &str) -> Option<&Arc<Endpoint>> {
        self.endpoints.iter().find(|e| &*e.id == id)
    }

    /// Whether any endpoint is on this host.
    pub fn allows_host(&self, host: &Host) -> bool {
        self.endpoints.iter().any(|e| e.hosts.contains(host))
    }

    /// Every host that some endpoint names, sorted, each once.
    pub fn hosts(&self) -> Vec<Host> {
        let mut hosts: Vec<Host> = self.endpoints.iter().flat_map(|e| e.hosts.iter().cloned()).collect();
        hosts.sort();
        hosts.dedup();
        hosts
    }
}

/// One thing that may be asked of the vendor, with its terms.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name in answers, records and commands.
    pub id: Arc<str>,
    /// The hosts that it is on.
    pub hosts: Vec<Host>,
    /// The one method.
    pub method: String,
    /// The one path, compared byte for byte.
    pub path: String,
    /// The query keys that may be sent. Empty: a query, even an empty one, is refused.
    pub query: Vec<Field>,
    /// The header fields that may be sent beside the gate's own. Names in lower case.
    pub headers: Vec<Field>,
    /// The body's terms; `None` where there is none.
    pub body: Option<BodyTerms>,
    /// What the log keeps of the body.
    pub record: Record,
    /// Where the vendor published it.
    pub source: String,
}

/// A query key or header field with the shape of its value.
#[derive(Debug)]
pub struct Field {
    /// The exact key, or the field name in lower case.
    pub name: String,
    /// Whether the request is refused without it.
    pub required: bool,
    /// Whether the value is a secret.
    pub secret: bool,
    /// The whole value must match; anchored and bounded at load.
    pub pattern: regex::Regex,
}

/// What a body must be.
#[derive(Debug)]
pub struct BodyTerms {
    /// Its media types in lower case, without parameters (`application/json`).
    pub content_types: Vec<String>,
    /// The most bytes that are read of it, after decoding.
    pub max_bytes: usize,
    /// What is done with members that the schema does not list.
    pub unknown: Mode,
    /// What is done with values that break their shape.
    pub invalid: Mode,
    /// The shape.
    pub schema: BodySchema,
}

/// What is done with a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is taken out and the rest leaves.
    Strip,
    /// The request is refused.
    Reject,
}

/// What the audit log keeps of a body that left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The body, secrets masked.
    Body,
    /// Its length and digest.
    Digest,
}
