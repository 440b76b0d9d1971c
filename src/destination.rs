//! Where a request wants to go: parsed, normalised and refused once, at the border.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::refusal::{Code, Refusal};
use std::sync::Arc;

/// The one port that is ever connected to.
pub const HTTPS: u16 = 443;

/// A host name in its one canonical form: lower-case LDH labels, no trailing dot, never an address.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(Arc<str>);

impl Host {
    /// Parses a host name as a client or a policy writes it.
    ///
    /// # Errors
    /// What is wrong with it, in words that do not repeat it.
    pub fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let _ = text;
        Err("not written yet")
    }

    /// The canonical name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Parses the authority of a CONNECT: exactly `host:443`.
///
/// # Errors
/// `malformed_authority` for what is no `host:port`, `port_not_allowed` for another port,
/// `destination_not_allowed` for an address in any spelling.
pub fn connect_authority(authority: &[u8]) -> Result<Host, Refusal> {
    let _ = authority;
    Err(Refusal::new(Code::MalformedAuthority, "not written yet"))
}

/// Parses a Host field inside the tunnel: `host` or `host:443`.
///
/// # Errors
/// `malformed_host` for anything else.
pub fn host_field(value: &[u8]) -> Result<Host, Refusal> {
    let _ = value;
    Err(Refusal::new(Code::MalformedHost, "not written yet"))
}
