//! Every "no" the gate can say: a stable code, whose fault it is, and what is needed to act on it.
//!
//! How a refusal looks on the wire (status, headers, title, remedy) is one table in [`crate::respond`].
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::removal::Removal;
use std::sync::Arc;

/// A request that does not leave, and why.
#[derive(Debug, Clone)]
#[must_use]
pub struct Refusal {
    /// What kind of refusal.
    pub code: Code,
    /// What exactly, in words for the person who runs the client. Never content of the request.
    pub detail: String,
    /// The endpoint that was matched before the refusal.
    pub endpoint: Option<Arc<str>>,
    /// What in the body broke which rule.
    pub violations: Vec<Removal>,
    /// SHA-256 of the certificate that the upstream showed, where that is the matter.
    pub certificate_sha256: Option<String>,
    /// The method that the path has, for `method_not_allowed` (RFC 9110 §10.2.1).
    pub allow: Option<String>,
}

impl Refusal {
    /// A refusal with its detail: a lower-case sentence without a full stop.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            endpoint: None,
            violations: Vec::new(),
            certificate_sha256: None,
            allow: None,
        }
    }

    /// Names the endpoint whose terms were not met.
    pub fn at(mut self, endpoint: &Arc<str>) -> Self {
        self.endpoint = Some(Arc::clone(endpoint));
        self
    }

    /// Adds the violations that led here.
    pub fn because(mut self, violations: Vec<Removal>) -> Self {
        self.violations = violations;
        self
    }
}

/// Whose fault a refusal is. Also says what the audit record's `decision` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The client sent what may not leave, or what cannot be read without doubt.
    Client,
    /// The upstream, or the way to it.
    Upstream,
    /// The gate itself.
    Gate,
}

/// Declares the codes once: variant, stable name, fault.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $fault:ident;)*) => {
        /// The stable, machine-readable name of a refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, for tables and tests that must miss none.
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            /// The name as it stands in answers and records.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name,)* }
            }

            /// Whose fault it is.
            pub fn fault(self) -> Fault {
                match self { $(Code::$variant => Fault::$fault,)* }
            }
        }
    };
}

codes! {
    /// The request head is not HTTP/1.1 as RFC 9112 has it.
    MalformedRequest = "malformed_request", Client;
    /// Where the body ends could be read in two ways, or in none.
    AmbiguousFraming = "ambiguous_framing", Client;
    /// The authority of a CONNECT is not `host:port`.
    MalformedAuthority = "malformed_authority", Client;
    /// Host is missing, doubled or no host name.
    MalformedHost = "malformed_host", Client;
    /// The request asks the proxy itself for something, as if it were a web server.
    NotAProxyRequest = "not_a_proxy_request", Client;
    /// An absolute-form `http://` request.
    PlainHttpNotAllowed = "plain_http_not_allowed", Client;
    /// Bytes in the tunnel that are not TLS, or a handshake that failed.
    ClientTls = "client_tls", Client;
    /// CONNECT, SNI and Host do not name one and the same host.
    Misdirected = "misdirected", Client;
    /// No endpoint of the policy is on this host.
    DestinationNotAllowed = "destination_not_allowed", Client;
    /// A port other than 443.
    PortNotAllowed = "port_not_allowed", Client;
    /// No endpoint of this host has this path.
    PathNotAllowed = "path_not_allowed", Client;
    /// The path is an endpoint's, the method is not.
    MethodNotAllowed = "method_not_allowed", Client;
    /// A query key or value that the endpoint does not list.
    QueryNotAllowed = "query_not_allowed", Client;
    /// A header that the endpoint requires is missing, doubled or out of shape.
    HeaderNotAllowed = "header_not_allowed", Client;
    /// An `Expect` other than `100-continue`.
    ExpectationNotMet = "expectation_not_met", Client;
    /// A Content-Type that the endpoint does not list.
    ContentTypeNotAllowed = "content_type_not_allowed", Client;
    /// A Content-Encoding that the gate does not open.
    ContentCodingNotAllowed = "content_coding_not_allowed", Client;
    /// A body where the endpoint has none.
    BodyNotExpected = "body_not_expected", Client;
    /// The body is not the one JSON document that it says it is.
    MalformedBody = "malformed_body", Client;
    /// The body breaks the endpoint's schema and nothing conforming is left of it.
    BodyNotAllowed = "body_not_allowed", Client;
    /// The body is larger than the endpoint's bound.
    BodyTooLarge = "body_too_large", Client;
    /// The request head is larger, or has more fields, than the gate reads.
    HeadTooLarge = "head_too_large", Client;
    /// The client took too long to send its request.
    RequestTimeout = "request_timeout", Client;
    /// The upstream's name does not resolve.
    UpstreamDns = "upstream_dns", Upstream;
    /// The upstream's name resolves to an address that may not be connected to.
    UpstreamAddressNotAllowed = "upstream_address_not_allowed", Upstream;
    /// No connection to the upstream.
    UpstreamConnect = "upstream_connect", Upstream;
    /// The upstream's certificate or handshake does not verify.
    UpstreamTls = "upstream_tls", Upstream;
    /// The upstream broke off, or its answer is not HTTP.
    UpstreamFailed = "upstream_failed", Upstream;
    /// The upstream's answer is larger than the gate passes on.
    UpstreamResponseTooLarge = "upstream_response_too_large", Upstream;
    /// The upstream took too long.
    UpstreamTimeout = "upstream_timeout", Upstream;
    /// The audit log cannot be written, so nothing may leave.
    AuditUnavailable = "audit_unavailable", Gate;
    /// A defect of the gate; it fails closed.
    Internal = "internal_error", Gate;
}
