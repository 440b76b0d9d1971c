//! R24–R29, R32: where a request ends can be read in one way only, or it is refused and the connection ends.

use crate::support::documented::{LICENSE, METRICS};
use crate::support::request::{BEACON, SMITH};
use crate::support::rig::Rig;

const START: &str =
    "POST /v1/beacon/verify HTTP/1.1\r\nHost: beacon.langchain.com\r\nContent-Type: application/json\r\n";
const BODY: &str = r#"{"license":"lic-1234"}"#;

/// Sends heads (after [`START`]) with a body, each in a tunnel of its own, and asserts that each is refused
/// with this code, that the tunnel ends, that nothing left, and that each is in the record once.
async fn assert_refused(status: u16, code: &str, cases: &[(&str, &str)]) {
    let whole: Vec<_> =
        cases.iter().map(|(lines, body)| format!("{START}{lines}\r\n\r\n{body}").into_bytes()).collect();
    assert_bytes_refused(status, code, &whole).await;
}

async fn assert_bytes_refused(status: u16, code: &str, cases: &[Vec<u8>]) {
    assert!(!cases.is_empty());
    let rig = Rig::start().await;
    for bytes in cases {
        let what = String::from_utf8_lossy(bytes).into_owned();
        let mut tunnel = rig.client.open(BEACON).await;
        tunnel.exchange_bytes(bytes).await.assert_refused(status, code, &what);
        tunnel.assert_closed().await;
    }
    rig.assert_nothing_left(code);
    let done = rig.finish().await;
    assert_eq!(done.audit.denials(code), cases.len() as u64);
    assert_eq!(done.audit.all_denials(), cases.len() as u64, "one record for each request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r24_content_length_beside_transfer_encoding_is_refused() {
    let chunked = "16\r\n{\"license\":\"lic-1234\"}\r\n0\r\n\r\n";
    assert_refused(
        400,
        "ambiguous_framing",
        &[
            ("Content-Length: 22\r\nTransfer-Encoding: chunked", chunked),
            ("Transfer-Encoding: chunked\r\nContent-Length: 22", chunked),
            ("Transfer-Encoding: chunked\r\nContent-Length: 0", chunked),
            ("Content-Length: 6\r\ntransfer-encoding: CHUNKED", "0\r\n\r\nG"),
            ("Transfer-Encoding: identity\r\nContent-Length: 22", BODY),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r25_only_exactly_one_chunked_is_a_transfer_encoding() {
    let chunked = "16\r\n{\"license\":\"lic-1234\"}\r\n0\r\n\r\n";
    let values = [
        "chunked, chunked",
        "identity",
        "xchunked",
        "chunked;q=1",
        "\tchunked",
        "chunked ",
        "gzip, chunked",
        "",
        "chunked,",
        "\"chunked\"",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: identity",
    ];
    let lines: Vec<String> = values.iter().map(|v| format!("Transfer-Encoding: {v}")).collect();
    let cases: Vec<_> = lines.iter().map(|l| (l.as_str(), chunked)).collect();
    assert_refused(400, "ambiguous_framing", &cases).await;
    let old = START.replace("HTTP/1.1", "HTTP/1.0");
    let old = format!("{old}Transfer-Encoding: chunked\r\n\r\n{chunked}").into_bytes();
    assert_bytes_refused(400, "ambiguous_framing", &[old]).await;
    assert_refused(400, "malformed_request", &[("Transfer-Encoding: \u{b}chunked", chunked)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r26_only_one_plain_number_is_a_content_length() {
    let values = [
        "22\r\nContent-Length: 22",
        "22\r\nContent-Length: 23",
        "22, 22",
        "+22",
        "-0",
        "-22",
        "0x16",
        "2_2",
        "22 ",
        " 22",
        "\t22",
        "",
        "18446744073709551616",
        "99999999999999999999999",
        "22;",
        "22.0",
        "2e1",
        "twenty-two",
    ];
    let lines: Vec<String> = values.iter().map(|v| format!("Content-Length: {v}")).collect();
    let cases: Vec<_> = lines.iter().map(|l| (l.as_str(), BODY)).collect();
    assert_refused(400, "ambiguous_framing", &cases).await;
    assert_refused(413, "body_too_large", &[("Content-Length: 18446744073709551615", BODY)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r26_a_get_with_a_body_is_not_two_requests() {
    let rig = Rig::start().await;
    let smuggled = "POST /v1/beacon/verify HTTP/1.1\r\nHost: beacon.langchain.com\r\n\r\n";
    let bytes = format!(
        "GET /v1/beacon/verify HTTP/1.1\r\nHost: beacon.langchain.com\r\nContent-Length: {}\r\n\r\n{smuggled}",
        smuggled.len()
    );
    let mut tunnel = rig.client.open(BEACON).await;
    tunnel.exchange_bytes(bytes.as_bytes()).await.assert_refused(405, "method_not_allowed", "GET");
    tunnel.assert_closed().await;
    rig.assert_nothing_left("the body of a GET");
    assert_eq!(rig.finish().await.audit.all_denials(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r27_a_chunk_outside_the_grammar_is_refused() {
    let body = BODY;
    let chunks = [
        format!("ffffffffffffffff1\r\n{body}\r\n0\r\n\r\n"),
        format!("100000016\r\n{body}\r\n0\r\n\r\n"),
        format!("1_6\r\n{body}\r\n0\r\n\r\n"),
        format!("0x16\r\n{body}\r\n0\r\n\r\n"),
        format!("+16\r\n{body}\r\n0\r\n\r\n"),
        format!("-16\r\n{body}\r\n0\r\n\r\n"),
        format!(" 16\r\n{body}\r\n0\r\n\r\n"),
        format!("16 \r\n{body}\r\n0\r\n\r\n"),
        format!("16\n{body}\r\n0\r\n\r\n"),
        format!("16\r\n{body}0\r\n\r\n"),
        format!("16\r\n{body}\n0\r\n\r\n"),
        format!("16\r\n{body}XX0\r\n\r\n"),
        format!("15\r\n{body}\r\n0\r\n\r\n"),
        format!("16;a\nb\r\n{body}\r\n0\r\n\r\n"),
        format!("16;a\rb\r\n{body}\r\n0\r\n\r\n"),
        format!("16;a\0b\r\n{body}\r\n0\r\n\r\n"),
        format!("16;{}\r\n{body}\r\n0\r\n\r\n", "a".repeat(5000)),
        format!("16\r\n{body}\r\n0\r\nno colon\r\n\r\n"),
        format!("16\r\n{body}\r\n0\r\nA b: c\r\n\r\n"),
        format!("16\r\n{body}\r\n0\r\n: c\r\n\r\n"),
        format!("16\r\n{body}\r\n0\r\nA: b\n\r\n"),
        format!("\r\n{body}\r\n0\r\n\r\n"),
        format!("g\r\n{body}\r\n0\r\n\r\n"),
    ];
    let cases: Vec<_> = chunks.iter().map(|c| ("Transfer-Encoding: chunked", c.as_str())).collect();
    assert_refused(400, "ambiguous_framing", &cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r27_extensions_and_trailers_are_read_over_and_do_not_leave() {
    let rig = Rig::start().await;
    let bytes = format!(
        "{START}Transfer-Encoding: chunked\r\n\r\n8;canary=\"a\"\r\n{}\r\ne;canary\r\n{}\r\n0;canary\r\nX-Canary: canary\r\nHost: canary.tld\r\n\r\n",
        &BODY[..8],
        &BODY[8..]
    );
    let mut tunnel = rig.client.open(BEACON).await;
    assert_eq!(tunnel.exchange_bytes(bytes.as_bytes()).await.status, 200);
    let seen = &rig.upstream.requests()[0];
    assert_eq!(seen.text(), BODY);
    assert!(!crate::support::audit::contains(&rig.upstream.raw(), "canary"));
    let done = rig.finish().await;
    assert_eq!(done.audit.removed_trailers(), ["x-canary", "host"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r28_lines_names_and_folds_are_strict() {
    assert_refused(
        400,
        "malformed_request",
        &[
            ("X-A: b\r\n folded\r\nContent-Length: 22", BODY),
            ("X-A: b\r\n\tfolded\r\nContent-Length: 22", BODY),
            ("Content-Length : 17", BODY),
            ("X-A : b\r\nContent-Length: 22", BODY),
            (": b\r\nContent-Length: 22", BODY),
            ("X-A\r\nContent-Length: 22", BODY),
            ("X-\u{e9}: b\r\nContent-Length: 22", BODY),
            ("X A: b\r\nContent-Length: 22", BODY),
            ("X-A: b\rc\r\nContent-Length: 22", BODY),
            ("X-A: b\0c\r\nContent-Length: 22", BODY),
            ("X-A: b\nContent-Length: 22", BODY),
            ("X-A: b\u{1b}[2J\r\nContent-Length: 22", BODY),
            ("X(A): b\r\nContent-Length: 22", BODY),
        ],
    )
    .await;
    let rest =
        format!("Host: {BEACON}\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{BODY}");
    let lines = [
        " POST /v1/beacon/verify HTTP/1.1\r\n",
        "\r\nPOST /v1/beacon/verify HTTP/1.1\r\n",
        "POST  /v1/beacon/verify HTTP/1.1\r\n",
        "POST /v1/beacon/verify  HTTP/1.1\r\n",
        "POST /v1/beacon/verify HTTP/1.1 \r\n",
        "POST /v1/beacon/verify HTTP/1.1\n",
        "POST\t/v1/beacon/verify\tHTTP/1.1\r\n",
        "POST /v1/beacon/verify\r\n",
        "POST /v1/beacon/verify HTTP/2.0\r\n",
        "POST /v1/beacon/verify HTTP/1.2\r\n",
        "POST /v1/beacon/verify http/1.1\r\n",
        "POST /v1/beacon/verify HTTP/01.1\r\n",
        "POST /v1/beacon/verify HTTP/0.9\r\n",
        "PO ST /v1/beacon/verify HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n",
        "POST /v1/beacon/v\u{e9}rify HTTP/1.1\r\n",
        "POST /v1/beacon/verify\0 HTTP/1.1\r\n",
    ];
    let cases: Vec<_> = lines.iter().map(|l| format!("{l}{rest}").into_bytes()).collect();
    assert_bytes_refused(400, "malformed_request", &cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r28_a_head_without_end_is_refused_at_its_bound() {
    let long = format!("{START}X-A: {}\r\n\r\n", "a".repeat(64 * 1024)).into_bytes();
    let many = format!("{START}{}\r\n", "X-A: b\r\n".repeat(200)).into_bytes();
    let target = format!("POST /{} HTTP/1.1\r\nHost: {BEACON}\r\n\r\n", "a".repeat(64 * 1024)).into_bytes();
    assert_bytes_refused(431, "head_too_large", &[long, many, target]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r29_exactly_one_host_that_is_the_tunnels() {
    let with_hosts = |hosts: &str| {
        format!("POST /v1/beacon/verify HTTP/1.1\r\n{hosts}Content-Type: application/json\r\nContent-Length: 22\r\n\r\n{BODY}")
            .into_bytes()
    };
    let malformed = [
        "",
        "Host: beacon.langchain.com\r\nHost: beacon.langchain.com\r\n",
        "Host: beacon.langchain.com\r\nHost: evil.tld\r\n",
        "Host:\r\n",
        "Host: beacon.langchain.com, evil.tld\r\n",
        "Host: user@beacon.langchain.com\r\n",
        "Host: beacon.langchain.com:80\r\n",
        "Host: beacon.langchain.com:\r\n",
        "Host: beacon.langchain.com.\r\n",
        "Host: beacon.langchain.com/x\r\n",
        "Host: [::1]\r\n",
        "Host: 127.0.0.1\r\n",
        "Host: beacon.langchain.com#\r\n",
        "Host: http://beacon.langchain.com\r\n",
        "Host: beacon .langchain.com\r\n",
    ];
    let cases: Vec<_> = malformed.iter().map(|h| with_hosts(h)).collect();
    assert_bytes_refused(400, "malformed_host", &cases).await;
    let other = [with_hosts(&format!("Host: {SMITH}\r\n")), with_hosts("Host: evil.tld\r\n")];
    assert_bytes_refused(421, "misdirected", &other).await;

    let rig = Rig::start().await;
    for host in [
        "Host: beacon.langchain.com:443\r\n",
        "host: BEACON.langchain.com\r\n",
        "Host:beacon.langchain.com\r\n",
    ] {
        let mut tunnel = rig.client.open(BEACON).await;
        assert_eq!(tunnel.exchange_bytes(&with_hosts(host)).await.status, 200, "{host}");
    }
    let done = rig.finish().await;
    assert!(done.upstream.requests().iter().all(|r| r.header("host") == Some(BEACON)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r32_pipelined_requests_are_answered_in_order_with_a_record_each() {
    let rig = Rig::start().await;
    let mut tunnel = rig.client.open(BEACON).await;
    let refused = LICENSE.request().target("/runs");
    let all = [&LICENSE, &METRICS, &LICENSE].map(|e| e.request().bytes()).concat();
    tunnel.write(&[all, refused.bytes(), LICENSE.request().bytes()].concat()).await;
    for endpoint in [LICENSE, METRICS, LICENSE] {
        assert_eq!(tunnel.read().await.unwrap().text(), endpoint.answer);
    }
    tunnel.read().await.unwrap().assert_refused(403, "path_not_allowed", "the fourth");
    // Its body was not read: what follows cannot be told from it.
    tunnel.assert_closed().await;
    let done = rig.finish().await;
    assert_eq!((done.upstream.requests().len(), done.audit.intents().len()), (3, 3));
    assert_eq!(done.audit.all_denials(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r32_the_body_of_a_refused_request_is_never_read_as_a_request() {
    let rig = Rig::start().await;
    let smuggled = String::from_utf8(LICENSE.request().bytes()).unwrap();
    let refusals = [
        ("POST /runs HTTP/1.1\r\n", "Content-Type: application/json\r\n", "path_not_allowed"),
        ("POST /v1/beacon/verify HTTP/1.1\r\n", "Content-Type: text/plain\r\n", "content_type_not_allowed"),
        (
            "POST /v1/beacon/verify?q=1 HTTP/1.1\r\n",
            "Content-Type: application/json\r\n",
            "query_not_allowed",
        ),
        ("POST /v1/beacon/verify HTTP/1.1\r\n", "Content-Type: application/json\r\n", "malformed_body"),
        (
            "POST /v1/beacon/verify HTTP/1.1\r\n",
            "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
            "content_coding_not_allowed",
        ),
    ];
    for (line, fields, code) in refusals {
        let head = format!("{line}Host: {BEACON}\r\n{fields}Content-Length: {}\r\n\r\n", smuggled.len());
        let mut tunnel = rig.client.open(BEACON).await;
        let response = tunnel.exchange_bytes(format!("{head}{smuggled}").as_bytes()).await;
        assert_eq!(response.code(), code);
        if response.header("connection") == Some("close") {
            tunnel.assert_closed().await;
        } else {
            tunnel.exchange(&LICENSE.request().target("/next")).await.assert_refused(
                403,
                "path_not_allowed",
                "next",
            );
        }
    }
    rig.assert_nothing_left("a body that looks like a request");
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r32_a_request_that_breaks_off_is_refused_and_recorded() {
    use tokio::io::AsyncWriteExt;
    let rig = Rig::start().await;
    let whole = LICENSE.request().bytes();
    for cut in [10, 60, whole.len() - 5] {
        let mut tunnel = rig.client.open(BEACON).await;
        tunnel.write(&whole[..cut]).await;
        tunnel.stream.shutdown().await.unwrap();
        if let Ok(response) = tunnel.read().await {
            response.assert_refused(400, "malformed_request", "half a request");
        }
    }
    rig.assert_nothing_left("half a request");
    assert_eq!(rig.finish().await.audit.denials("malformed_request"), 3);
}
