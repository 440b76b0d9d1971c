//! A request head, read strictly.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::refusal::{Code, Refusal};

/// The most bytes of a request head, CRLFs included.
pub const MAX_HEAD: usize = 16 * 1024;
/// The most header fields.
pub const MAX_FIELDS: usize = 64;

/// The head of one request.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    /// The method, as sent.
    pub method: String,
    /// The request target, as sent: visible ASCII.
    pub target: String,
    /// All fields in order, names in lower case, values without surrounding white space.
    pub fields: Vec<(String, Vec<u8>)>,
    /// How the body is delimited.
    pub framing: Framing,
    /// Whether the request is HTTP/1.0, which some clients speak for a CONNECT.
    pub is_http_1_0: bool,
    /// Whether the client keeps the connection after this request.
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// Without the target and the fields: they are the client's text, and keys are among them.
impl std::fmt::Debug for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Head")
            .field("framing", &self.framing)
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}

impl Head {
    /// All values of a field, named in lower case, in order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        values(&self.fields, name)
    }
}

/// How a body is delimited (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// By Content-Length, in bytes.
    Length(u64),
    /// By chunked transfer coding.
    Chunked,
}

/// Whether the bytes so far hold a whole head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// More bytes are needed.
    Incomplete,
    /// The head is this long, final CRLF included.
    Complete(usize),
}

/// Looks for the end of a head, refusing at the first byte that can be part of none.
///
/// `seen` bytes were scanned before; the caller passes what it last held.
///
/// # Errors
/// `malformed_request` for a bare CR or LF, NUL or leading white space; `head_too_large`.
pub fn scan(bytes: &[u8], seen: usize) -> Result<Scan, Refusal> {
    if let Some(first) = bytes.first()
        && !is_token_byte(*first)
    {
        return Err(malformed("the first byte is not the beginning of an HTTP request"));
    }
    let mut at = seen.saturating_sub(3);
    while at < bytes.len() {
        match bytes[at] {
            b'\n' if at == 0 || bytes[at - 1] != b'\r' => {
                return Err(malformed("a line of the head ends in LF without CR"));
            }
            b'\n' if bytes[..=at].ends_with(b"\r\n\r\n") => {
                return if at < MAX_HEAD { Ok(Scan::Complete(at + 1)) } else { Err(too_large()) };
            }
            b'\r' if bytes.get(at + 1).is_some_and(|next| *next != b'\n') => {
                return Err(malformed("the head has a CR without LF"));
            }
            0 => return Err(malformed("the head has a NUL byte")),
            _ => {}
        }
        at += 1;
    }
    if bytes.len() >= MAX_HEAD { Err(too_large()) } else { Ok(Scan::Incomplete) }
}

/// Parses a whole head, as [`scan`] delimited it.
///
/// # Errors
/// `malformed_request`, `ambiguous_framing`, `expectation_not_met`, `head_too_large`.
pub fn parse(bytes: &[u8]) -> Result<Head, Refusal> {
    let mut slots = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut request = httparse::Request::new(&mut slots);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Ok(_) => return Err(malformed("the head does not end where its empty line is")),
        Err(httparse::Error::TooManyHeaders) => return Err(too_large()),
        Err(error) => return Err(malformed(&format!("the head is not HTTP/1.1: {error}"))),
    }
    let (Some(method), Some(target), Some(minor)) = (request.method, request.path, request.version) else {
        return Err(malformed("the request line is not complete"));
    };
    if !target.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(malformed("the request target has bytes that are not visible ASCII"));
    }
    let fields = collect_fields(bytes, request.headers)?;
    let framing = framing(&fields, minor)?;
    Ok(Head {
        method: method.to_owned(),
        target: target.to_owned(),
        framing,
        is_http_1_0: minor == 0,
        keep_alive: keeps_alive(&fields, minor),
        expects_continue: expectation(&fields)?,
        fields,
    })
}

fn collect_fields(bytes: &[u8], headers: &[httparse::Header<'_>]) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
    let mut fields = Vec::with_capacity(headers.len());
    for header in headers {
        let name = header.name.to_ascii_lowercase();
        if matches!(name.as_str(), "content-length" | "transfer-encoding") {
            check_bare_value(bytes, header)?;
        }
        fields.push((name, header.value.to_vec()));
    }
    Ok(fields)
}

/// White space around the value of a framing field is where readers differ: one space before it is
/// what everybody sends, anything else is refused.
fn check_bare_value(bytes: &[u8], header: &httparse::Header<'_>) -> Result<(), Refusal> {
    let start = header.name.as_ptr() as usize - bytes.as_ptr() as usize + header.name.len() + 1;
    let line = bytes.get(start..).unwrap_or_default();
    let raw = line.split(|b| *b == b'\r').next().unwrap_or_default();
    let bare = raw.strip_prefix(b" ").unwrap_or(raw);
    if bare == header.value {
        Ok(())
    } else {
        Err(ambiguous("a Content-Length or Transfer-Encoding has unusual white space around its value"))
    }
}

/// All values of a field, named in lower case, in order.
pub fn values<'a>(fields: &'a [(String, Vec<u8>)], name: &str) -> impl Iterator<Item = &'a [u8]> {
    fields.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_slice())
}

fn framing(fields: &[(String, Vec<u8>)], minor: u8) -> Result<Framing, Refusal> {
    let mut lengths = values(fields, "content-length");
    let mut codings = values(fields, "transfer-encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(Framing::None),
        (Some(_), Some(_)) => Err(ambiguous("the request has both Content-Length and Transfer-Encoding")),
        (Some(length), None) if lengths.next().is_none() => content_length(length),
        (Some(_), None) => Err(ambiguous("the request has more than one Content-Length")),
        (None, Some(_)) if minor == 0 => Err(ambiguous("an HTTP/1.0 request has a Transfer-Encoding")),
        (None, Some(coding)) if codings.next().is_none() && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::Chunked)
        }
        (None, Some(_)) => Err(ambiguous("the Transfer-Encoding is not exactly `chunked`")),
    }
}

fn content_length(value: &[u8]) -> Result<Framing, Refusal> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(ambiguous("the Content-Length is not a decimal number"));
    }
    let length = value.iter().try_fold(0_u64, |sum, digit| {
        sum.checked_mul(10).and_then(|sum| sum.checked_add(u64::from(digit - b'0')))
    });
    match length {
        Some(0) => Ok(Framing::None),
        Some(length) => Ok(Framing::Length(length)),
        None => Err(ambiguous("the Content-Length does not fit into 64 bits")),
    }
}

fn keeps_alive(fields: &[(String, Vec<u8>)], minor: u8) -> bool {
    let says = |word: &str| {
        values(fields, "connection")
            .flat_map(|v| v.split(|b| *b == b','))
            .any(|option| option.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
    };
    if minor == 0 { says("keep-alive") && !says("close") } else { !says("close") }
}

fn expectation(fields: &[(String, Vec<u8>)]) -> Result<bool, Refusal> {
    let mut expected = values(fields, "expect");
    match (expected.next(), expected.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.eq_ignore_ascii_case(b"100-continue") => Ok(true),
        _ => Err(Refusal::new(Code::ExpectationNotMet, "the Expect field is not exactly `100-continue`")),
    }
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn malformed(detail: &str) -> Refusal {
    Refusal::new(Code::MalformedRequest, detail)
}

fn ambiguous(detail: &str) -> Refusal {
    Refusal::new(Code::AmbiguousFraming, detail)
}

fn too_large() -> Refusal {
    Refusal::new(
        Code::HeadTooLarge,
        format!("the request head has more than {MAX_HEAD} bytes or {MAX_FIELDS} fields"),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Head, Refusal> {
        match scan(text.as_bytes(), 0)? {
            Scan::Complete(length) => parse(&text.as_bytes()[..length]),
            Scan::Incomplete => panic!("the head is not complete: {text:?}"),
        }
    }

    fn framed(lines: &str) -> Result<Framing, Code> {
        read(&format!("POST / HTTP/1.1\r\nHost: a.b\r\n{lines}\r\n\r\n"))
            .map(|h| h.framing)
            .map_err(|r| r.code)
    }

    #[test]
    fn ordinary_heads_are_read() {
        let head = read("POST /v1/beacon/verify HTTP/1.1\r\nHost: beacon.langchain.com\r\nContent-Length: 12\r\nExpect: 100-Continue\r\n\r\n").unwrap();
        assert_eq!((head.method.as_str(), head.target.as_str()), ("POST", "/v1/beacon/verify"));
        assert_eq!(head.framing, Framing::Length(12));
        assert!(head.keep_alive && head.expects_continue);
        let old = read("CONNECT beacon.langchain.com:443 HTTP/1.0\r\n\r\n").unwrap();
        assert!(!old.keep_alive && old.fields.is_empty());
        assert_eq!(framed("Transfer-Encoding: Chunked"), Ok(Framing::Chunked));
        assert_eq!(framed("Content-Length: 0"), Ok(Framing::None));
    }

    #[test]
    fn r58_what_the_client_wrote_does_not_show_in_debug() {
        let head =
            read("POST /auth?c4nary HTTP/1.1\r\nHost: a.b\r\nX-Api-Key: c4nary\r\nX-C4nary: 1\r\n\r\n")
                .unwrap();
        assert!(!format!("{head:?}").to_ascii_lowercase().contains("c4nary"));
        assert!(head.values("x-api-key").eq([b"c4nary"]));
    }

    #[test]
    fn r24_a_length_beside_a_transfer_coding_is_refused_in_either_order() {
        for lines in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
        ] {
            assert_eq!(framed(lines), Err(Code::AmbiguousFraming), "{lines}");
        }
    }

    #[test]
    fn r25_only_exactly_one_chunked_is_a_transfer_coding() {
        for value in [
            " chunked, chunked",
            " identity",
            " xchunked",
            " chunked;q=1",
            "\tchunked",
            " chunked ",
            "  chunked",
            " chunked,",
            " gzip, chunked",
            "",
            " \"chunked\"",
            " chunked\r\nTransfer-Encoding: chunked",
        ] {
            assert_eq!(
                framed(&format!("Transfer-Encoding:{value}")),
                Err(Code::AmbiguousFraming),
                "{value:?}"
            );
        }
        let old = read("POST / HTTP/1.0\r\nHost: a.b\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_eq!(old.unwrap_err().code, Code::AmbiguousFraming);
        assert_eq!(framed("Transfer-Encoding: \u{b}chunked"), Err(Code::MalformedRequest));
    }

    #[test]
    fn r26_only_plain_digits_are_a_length() {
        for value in [
            " 5\r\nContent-Length: 5",
            " 5, 5",
            " +5",
            " -0",
            " 0x5",
            " 5_0",
            " 5 ",
            "\t5",
            "  5",
            "",
            " 18446744073709551616",
            " 5;",
            " 5.0",
            " ५",
        ] {
            assert_eq!(framed(&format!("Content-Length:{value}")), Err(Code::AmbiguousFraming), "{value:?}");
        }
        assert_eq!(framed("Content-Length: 18446744073709551615"), Ok(Framing::Length(u64::MAX)));
    }

    #[test]
    fn r28_lines_names_and_folds_are_strict() {
        for text in [
            " POST / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\nHost: a\n\n",
            "POST / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",
            "POST / HTTP/1.1\r\nHost : a\r\n\r\n",
            "POST / HTTP/1.1\r\n: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHo\u{e9}st: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\0b\r\n\r\n",
            "POST  / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1 \r\nHost: a\r\n\r\n",
            "POST /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/2.0\r\nHost: a\r\n\r\n",
            "POST /\r\nHost: a\r\n\r\n",
            "\u{16}\u{3}\u{1}\r\n\r\n",
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        ] {
            assert_eq!(read(text).unwrap_err().code, Code::MalformedRequest, "{text:?}");
        }
    }

    #[test]
    fn a_head_that_never_ends_is_refused_at_its_bound() {
        let long = format!("GET /{} HTTP/1.1\r\n", "a".repeat(MAX_HEAD));
        assert_eq!(scan(long.as_bytes(), 0).unwrap_err().code, Code::HeadTooLarge);
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_FIELDS + 1));
        assert_eq!(read(&many).unwrap_err().code, Code::HeadTooLarge);
    }

    #[test]
    fn a_head_that_arrives_byte_by_byte_is_the_same_head() {
        let text = b"POST / HTTP/1.1\r\nHost: a.b\r\n\r\n";
        for end in 1..text.len() {
            assert_eq!(scan(&text[..end], end - 1).unwrap(), Scan::Incomplete, "{end}");
        }
        assert_eq!(scan(text, text.len() - 1).unwrap(), Scan::Complete(text.len()));
    }

    #[test]
    fn an_expectation_that_is_not_continue_is_refused() {
        let odd = read("POST / HTTP/1.1\r\nHost: a.b\r\nExpect: 200-ok\r\n\r\n").unwrap_err();
        assert_eq!(odd.code, Code::ExpectationNotMet);
    }

    /// Scans what has come after each of these many bytes, as a connection does.
    fn scan_in_parts(bytes: &[u8], step: usize) -> Result<Scan, Code> {
        let mut seen = 0;
        for end in (step..bytes.len()).step_by(step).chain([bytes.len()]) {
            match scan(&bytes[..end], seen).map_err(|r| r.code)? {
                Scan::Incomplete => seen = end,
                complete => return Ok(complete),
            }
        }
        Ok(Scan::Incomplete)
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_where_they_are_cut_makes_no_difference(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("\r\n"), Just("\r"), Just("\n"), Just("\0"), Just(": "), Just(":"), Just(" "), Just("\t"),
                    Just("POST / HTTP/1.1\r\n"), Just("Host: a.b\r\n"), Just("Content-Length: 5"), Just(" chunked"),
                    Just("Transfer-Encoding:"), Just("Expect: 100-continue\r\n"), Just("\u{e9}"), Just("x"),
                ],
                0..24,
            ),
            step in 1_usize..9,
        ) {
            let text = parts.concat();
            let whole = scan(text.as_bytes(), 0).map_err(|r| r.code);
            prop_assert_eq!(scan_in_parts(text.as_bytes(), step), whole);
            if let Ok(Scan::Complete(length)) = whole {
                let _ = parse(&text.as_bytes()[..length]);
            }
        }
    }
}
