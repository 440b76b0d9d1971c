//! What a decision may look at: a request's head as plain data, whatever protocol brought it.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::destination::{self, Host};
use crate::http1::{Framing, Head, head};
use crate::refusal::{Code, Refusal};

/// The head of one request inside a verified tunnel.
pub struct RequestFacts<'a> {
    /// The host that CONNECT, SNI and Host agreed on.
    pub host: &'a Host,
    /// The method, as sent.
    pub method: &'a str,
    /// The path, byte for byte as sent: nothing is decoded or normalised.
    pub path: &'a str,
    /// What follows the first `?`, as sent; `Some("")` where there is only the question mark.
    pub query: Option<&'a str>,
    /// All fields in order, names in lower case.
    pub headers: &'a [(String, Vec<u8>)],
    /// Whether the framing announces a body of at least one byte, or of unknown length.
    pub has_body: bool,
}

/// Without what the client chose: path, query and fields.
impl std::fmt::Debug for RequestFacts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestFacts")
            .field("host", &self.host)
            .field("has_body", &self.has_body)
            .finish_non_exhaustive()
    }
}

impl<'a> RequestFacts<'a> {
    /// The facts of a request that came through the tunnel to `host`.
    ///
    /// # Errors
    /// `method_not_allowed` for a CONNECT inside the tunnel, `malformed_request` for a target that is
    /// no path, `malformed_host`, `misdirected` where Host names another host than the tunnel.
    pub fn of(head: &'a Head, host: &'a Host) -> Result<Self, Refusal> {
        if head.method.eq_ignore_ascii_case("CONNECT") {
            return Err(Refusal::new(Code::MethodNotAllowed, "a tunnel cannot be opened inside a tunnel"));
        }
        if !head.target.starts_with('/') || head.target.contains('#') {
            return Err(Refusal::new(
                Code::MalformedRequest,
                "the request target inside a tunnel must be a path that begins with `/`, without a fragment",
            ));
        }
        let (path, query) = match head.target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (head.target.as_str(), None),
        };
        let facts = Self {
            host,
            method: &head.method,
            path,
            query,
            headers: &head.fields,
            has_body: head.framing != Framing::None,
        };
        facts.check_host()?;
        Ok(facts)
    }

    fn check_host(&self) -> Result<(), Refusal> {
        let mut named = self.values("host");
        let (Some(value), None) = (named.next(), named.next()) else {
            return Err(Refusal::new(Code::MalformedHost, "the request needs exactly one Host field"));
        };
        if destination::host_field(value)? != *self.host {
            return Err(Refusal::new(
                Code::Misdirected,
                format!("the tunnel is for {}, the Host field names another host", self.host),
            ));
        }
        Ok(())
    }
    /// All values of a field.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        head::values(self.headers, name)
    }
}
