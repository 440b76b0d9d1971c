//! What a decision may look at: a request's head as plain data, whatever protocol brought it.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::destination::Host;

/// The head of one request inside a verified tunnel.
#[derive(Debug)]
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

impl RequestFacts<'_> {
    /// All values of a field.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.headers.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_slice())
    }
}
