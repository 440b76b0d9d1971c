//! What a client sees: one table from refusal to answer, and the form of every answer.
//!
//! Refusals are RFC 9457 problem documents with RFC 9209 `Proxy-Status`. They name the rule that was
//! broken and what to do, and never repeat what the client sent.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::refusal::{Code, Refusal};
use crate::removal::{JsonType, Place};
use bytes::Bytes;
use serde_json::json;
use std::fmt::Write as _;
use uuid::Uuid;

/// The most violations that an answer lists; the audit record has all of them.
const LISTED: usize = 50;

/// A complete answer to a client.
#[derive(Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Fields beside Content-Length, Connection and Date, in order.
    pub fields: Vec<(&'static str, String)>,
    /// The content.
    pub body: Bytes,
    /// Whether the connection ends after it.
    pub close: bool,
}

/// Without fields and content: the vendor's answer may hold a token.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

impl Answer {
    /// The answer as HTTP/1.1 (RFC 9112 §4).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason_phrase(self.status));
        for (name, value) in &self.fields {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if self.status != 204 && self.status != 304 {
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        head.push_str(if self.close { "connection: close\r\n\r\n" } else { "\r\n" });
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The answer to a CONNECT that is allowed. It has no fields: some clients read none.
    pub fn established() -> &'static [u8] {
        b"HTTP/1.1 200 Connection established\r\n\r\n"
    }
}

/// How one code looks to a client.
struct Look {
    status: u16,
    /// The RFC 9209 §2.3 error type.
    error: &'static str,
    title: &'static str,
    remedy: &'static str,
}

/// The table: every refusal, its status, its meaning, and what to do about it.
#[rustfmt::skip]
fn look(code: Code) -> Look {
    let (status, error, title, remedy) = match code {
        Code::MalformedRequest => (400, "http_request_error", "The request is not well-formed HTTP/1.1", "send it with an HTTP/1.1 client that follows RFC 9112"),
        Code::AmbiguousFraming => (400, "http_request_error", "The length of the request body is ambiguous", "send one Content-Length, or one `Transfer-Encoding: chunked`, and not both"),
        Code::MalformedAuthority => (400, "http_request_error", "The CONNECT target is not host:port", "send `CONNECT host:443` with a plain host name"),
        Code::MalformedHost => (400, "http_request_error", "The Host field is missing or malformed", "send exactly one Host field with the name of the host that was connected to"),
        Code::NotAProxyRequest => (400, "http_request_error", "This is a proxy, not a web server", "set HTTPS_PROXY to this address and request an https:// URL"),
        Code::PlainHttpNotAllowed => (403, "http_request_denied", "Plain HTTP does not leave", "use an https:// URL; the vendor's endpoints are all HTTPS"),
        Code::ClientTls => (400, "http_request_error", "The tunnel does not carry TLS", "speak TLS 1.2 or 1.3 in the tunnel and trust the gate's CA"),
        Code::Misdirected => (421, "http_request_denied", "CONNECT, SNI and Host name different hosts", "send requests only for the host that the tunnel was opened for"),
        Code::DestinationNotAllowed => (403, "http_request_denied", "The host is not in the policy", "ask the owners of the policy to list an endpoint on this host, or remove it from the client's settings"),
        Code::PortNotAllowed => (403, "http_request_denied", "Only port 443 is allowed", "connect to port 443"),
        Code::PathNotAllowed => (403, "http_request_denied", "The path is not in the policy", "ask the owners of the policy to list this endpoint, or switch the feature off in the client"),
        Code::MethodNotAllowed => (405, "http_request_denied", "The method is not in the policy for this path", "use the method that the policy lists for this path"),
        Code::QueryNotAllowed => (403, "http_request_denied", "The query is not in the policy", "leave out the query keys that the policy does not list for this endpoint"),
        Code::HeaderNotAllowed => (403, "http_request_denied", "A header field breaks the policy", "send the header field as the policy describes it for this endpoint"),
        Code::ExpectationNotMet => (417, "http_request_error", "The expectation cannot be met", "leave out Expect, or send `Expect: 100-continue`"),
        Code::ContentTypeNotAllowed => (415, "http_request_denied", "The content type is not in the policy", "send one Content-Type that the policy lists for this endpoint, without parameters other than charset=utf-8"),
        Code::ContentCodingNotAllowed => (415, "http_request_denied", "The content coding is not supported", "send the body without Content-Encoding (for OpenTelemetry: OTEL_EXPORTER_OTLP_COMPRESSION=none)"),
        Code::BodyNotExpected => (403, "http_request_denied", "The endpoint takes no body", "send the request without a body"),
        Code::MalformedBody => (400, "http_request_error", "The body is not one well-formed JSON document", "send one UTF-8 JSON document as RFC 8259 has it, without duplicate keys"),
        Code::BodyNotAllowed => (403, "http_request_denied", "The body breaks the policy and nothing allowed is left of it", "send the members that the policy lists, in the shape it gives; `beacongate policy test` shows what would leave"),
        Code::BodyTooLarge => (413, "http_request_denied", "The body is larger than the policy allows", "send smaller batches, or ask the owners of the policy to raise max_bytes"),
        Code::HeadTooLarge => (431, "http_request_error", "The request head is too large", "send fewer and shorter header fields"),
        Code::RequestTimeout => (408, "http_request_error", "The request took too long to arrive", "send the whole request without pausing"),
        Code::UpstreamDns => (502, "dns_error", "The vendor's host name does not resolve", "check the gate's resolver, or give the address with --connect-to"),
        Code::UpstreamAddressNotAllowed => (502, "destination_ip_prohibited", "The vendor's host name resolves to an address that is not public", "if that is intended, allow it with --allow-upstream-net or --connect-to"),
        Code::UpstreamConnect => (502, "connection_refused", "The vendor's host cannot be reached", "check the gate's way out: routes, firewall, --connect-to"),
        Code::UpstreamTls => (502, "tls_certificate_error", "The vendor's certificate cannot be verified", "if a proxy on the way opens TLS, give its CA with --upstream-ca; otherwise treat this as an attack"),
        Code::UpstreamFailed => (502, "http_response_incomplete", "The vendor's host broke off or did not answer in HTTP", "send the request again; the audit record says how much of it had left"),
        Code::UpstreamResponseTooLarge => (502, "http_response_body_size", "The vendor's answer is larger than the gate passes on", "the request was sent; ask for a higher bound if the answer is wanted"),
        Code::UpstreamTimeout => (504, "http_response_timeout", "The vendor's host did not answer in time", "send the request again later"),
        Code::AuditUnavailable => (503, "proxy_internal_error", "The audit log cannot be written, so nothing leaves", "free or repair the disk of the audit folder; service resumes by itself"),
        Code::Internal => (500, "proxy_internal_error", "The gate failed, and failed closed", "report this with the record's id; nothing was sent"),
    };
    Look { status, error, title, remedy }
}

/// The status that a refusal is answered with.
pub fn status(code: Code) -> u16 {
    look(code).status
}

/// What to do about a refusal, for logs and reports.
pub fn remedy(code: Code) -> &'static str {
    look(code).remedy
}

/// The answer to a refused request. `close` where the connection cannot be read on.
pub fn refuse(refusal: &Refusal, id: Uuid, close: bool) -> Answer {
    let Look { status, error, title, remedy } = look(refusal.code);
    let code = refusal.code.as_str();
    let mut problem = json!({
        "type": format!("urn:beacongate:refusal:{code}"),
        "title": title,
        "status": status,
        "detail": refusal.detail,
        "instance": format!("urn:uuid:{id}"),
        "code": code,
        "remedy": remedy,
    });
    if let Some(endpoint) = &refusal.endpoint {
        problem["endpoint"] = json!(&**endpoint);
    }
    if !refusal.violations.is_empty() {
        problem["violations"] = violations(refusal);
        problem["violations_total"] = json!(refusal.violations.len());
    }
    let mut fields = vec![
        ("content-type", "application/problem+json".to_owned()),
        ("proxy-status", format!("beacongate; error={error}; details=\"{code}\"")),
        ("cache-control", "no-store".to_owned()),
    ];
    if status == 503 {
        fields.push(("retry-after", "5".to_owned()));
    }
    if let Some(allow) = &refusal.allow {
        fields.push(("allow", allow.clone()));
    }
    Answer { status, fields, body: Bytes::from(format!("{problem:#}\n")), close }
}

fn violations(refusal: &Refusal) -> serde_json::Value {
    refusal
        .violations
        .iter()
        .take(LISTED)
        .map(|violation| match &violation.place {
            Place::Body { pointer } => json!({
                "pointer": violation.cause.as_ref().unwrap_or(pointer).as_str(),
                "type": violation.json_type.map(JsonType::as_str),
                "rule": violation.rule,
            }),
            Place::Header { name } => json!({ "header": name, "rule": violation.rule }),
            Place::Trailer { name } => json!({ "trailer": name, "rule": violation.rule }),
        })
        .collect()
}

fn reason_phrase(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Status")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
    use super::*;
    use crate::refusal::Fault;

    #[test]
    fn every_code_has_a_status_that_says_whose_fault_it_is() {
        for code in Code::ALL {
            let Look { status, title, remedy, .. } = look(*code);
            let fits = match code.fault() {
                Fault::Client => (400..500).contains(&status),
                Fault::Upstream => status == 502 || status == 504,
                Fault::Gate => status == 500 || status == 503,
            };
            assert!(fits, "{code:?} is answered {status}");
            assert!(title.starts_with(char::is_uppercase) && !remedy.is_empty());
        }
    }

    #[test]
    fn a_refusal_is_a_problem_document_with_a_proxy_status() {
        let refusal = Refusal::new(Code::AuditUnavailable, "the disk is full");
        let text = String::from_utf8(refuse(&refusal, Uuid::nil(), true).to_bytes()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{head}");
        assert!(head.contains("retry-after: 5"), "{head}");
        assert!(
            head.contains(
                "proxy-status: beacongate; error=proxy_internal_error; details=\"audit_unavailable\""
            )
        );
        let problem: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["code"], "audit_unavailable");
        assert_eq!(problem["detail"], "the disk is full");
    }

    #[test]
    fn an_answer_without_content_has_no_length() {
        let answer = Answer { status: 204, fields: vec![], body: Bytes::new(), close: false };
        assert_eq!(answer.to_bytes(), b"HTTP/1.1 204 No Content\r\n\r\n");
    }
}
