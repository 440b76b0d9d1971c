//! HTTP/1.1 as this gate reads it: RFC 9112 without the tolerances.
//!
//! httparse tokenises; what stands here is what a gate must add to it: where a message ends may be
//! readable in one way only (request smuggling lives on the second way), every line ends in CRLF, and
//! nothing is skipped. hyper's server repairs some of these cases before a service can see them
//! (a Content-Length after `Transfer-Encoding: chunked`, a repeated equal Content-Length, a bare LF,
//! empty lines before the request), and a gate that records what it refused has to see them.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

pub mod chunked;
pub mod connection;
pub mod head;

pub use connection::Connection;
pub use head::{Framing, Head};
