//! R61: what the vendor answers is bounded, reduced to listed fields, and written nowhere.

use crate::support::answer::Answer;
use crate::support::audit::{contains, result};
use crate::support::documented::LICENSE;
use crate::support::response::Response;
use crate::support::rig::{Finished, Rig};
use std::time::Duration;

/// The answer to one request whose upstream does this.
async fn answered(answer: Answer) -> (Response, Finished) {
    answered_by(Rig::start().await, answer).await
}

async fn answered_by(rig: Rig, answer: Answer) -> (Response, Finished) {
    rig.upstream.answer_with(move |_| answer.clone());
    let response = rig.send(&LICENSE.request()).await;
    (response, rig.finish().await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_only_listed_fields_of_an_answer_pass() {
    let (response, done) = answered(
        Answer::json(r#"{"token": "t"}"#)
            .header("Set-Cookie", "canary=1; Path=/")
            .header("Server", "canary")
            .header("X-Canary", "canary")
            .header("Via", "1.1 canary")
            .header("Access-Control-Allow-Origin", "canary")
            .header("Proxy-Authenticate", "Basic realm=canary")
            .header("Trailer", "canary")
            .header("Content-Security-Policy", "canary"),
    )
    .await;
    assert_eq!((response.status, response.text().as_str()), (200, r#"{"token": "t"}"#));
    assert!(!response.head.contains("canary"), "{}", response.head);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert!(!contains(&done.audit.bytes(), "canary"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_a_hostile_answer_is_a_502_that_repeats_nothing_of_it() {
    let flood = b"HTTP/1.1 103 Early Hints\r\nLink: <canary>\r\n\r\n".repeat(5000);
    let cases: [(&str, Answer); 12] = [
        ("no answer", Answer::BytesThenClose(Vec::new())),
        ("not HTTP", Answer::BytesThenClose(b"220 canary ESMTP\r\n".to_vec())),
        ("half a head", Answer::BytesThenClose(b"HTTP/1.1 200 OK\r\nX-Canary: ".to_vec())),
        (
            "half a body",
            Answer::BytesThenClose(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncanary".to_vec()),
        ),
        (
            "half a chunk",
            Answer::BytesThenClose(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\ncanary".to_vec(),
            ),
        ),
        (
            "a bad chunk",
            Answer::BytesThenClose(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ncanary".to_vec(),
            ),
        ),
        (
            "two lengths",
            Answer::BytesThenClose(
                b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\ncanary".to_vec(),
            ),
        ),
        (
            "a bad length",
            Answer::BytesThenClose(b"HTTP/1.1 200 OK\r\nContent-Length: -6\r\n\r\ncanary".to_vec()),
        ),
        ("a huge head", Answer::BytesThenClose(huge_head())),
        ("many fields", Answer::BytesThenClose(many_fields())),
        ("a flood of 1xx", Answer::BytesThenClose(flood)),
        (
            "a NUL in a field",
            Answer::BytesThenClose(b"HTTP/1.1 200 OK\r\nX-A: can\0ary\r\nContent-Length: 0\r\n\r\n".to_vec()),
        ),
    ];
    for (what, answer) in cases {
        let (response, done) = answered(answer).await;
        response.assert_refused(502, "upstream_failed", what);
        assert!(
            !response.text().contains("canary") && !response.head.contains("canary"),
            "{what}: {}",
            response.text()
        );
        let outcomes = done.audit.outcomes();
        assert_eq!(outcomes.len(), 1, "{what}");
        assert_eq!(outcomes[0]["outcome"]["error"], "upstream_failed", "{what}");
        assert_ne!(result(outcomes[0]), "not_sent", "{what}: it was sent");
        assert!(!contains(&done.audit.bytes(), "canary"), "{what}");
        assert_eq!(done.upstream.requests().len(), 1, "{what}: sent again");
    }
}

fn huge_head() -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nX-Canary: {}\r\nContent-Length: 0\r\n\r\n", "canary".repeat(200_000))
        .into_bytes()
}

fn many_fields() -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "X-Canary: canary\r\n".repeat(5000))
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_an_answer_without_end_is_cut_at_a_bound() {
    let huge = vec![b'c'; 4 << 20];
    let chunk = [format!("{:x}\r\n", huge.len()).as_bytes(), &huge, b"\r\n0\r\n\r\n"].concat();
    let cases = [
        ("announced", Answer::Whole { status: 200, headers: Vec::new(), body: huge.clone() }),
        (
            "chunked",
            Answer::BytesThenClose(
                [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &chunk[..]].concat(),
            ),
        ),
        ("until the end", Answer::BytesThenClose([b"HTTP/1.1 200 OK\r\n\r\n", &huge[..]].concat())),
    ];
    for (what, answer) in cases {
        let (response, _) = answered(answer).await;
        response.assert_refused(502, "upstream_response_too_large", what);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_an_answer_that_never_comes_is_a_504_and_recorded_as_unknown() {
    let half = Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec());
    // Half an answer says that the request was there; silence says nothing.
    for (answer, left) in [(Answer::Never, "unknown"), (half, "complete")] {
        let impatient = Rig::start_with(|s| s.limits.upstream.answer = Duration::from_secs(1)).await;
        let (response, done) = answered_by(impatient, answer).await;
        response.assert_refused(504, "upstream_timeout", left);
        assert_eq!(result(done.audit.outcomes()[0]), left);
        assert_eq!(done.audit.outcomes()[0]["outcome"]["error"], "upstream_timeout");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_the_forms_of_a_good_answer_all_pass() {
    let text = r#"{"inserted_count": 1}"#;
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n15;x=y\r\n{text}\r\n0\r\nX-T: canary\r\n\r\n"
    );
    let closing = format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{text}");
    let early = format!(
        "HTTP/1.1 103 Early Hints\r\nLink: <canary>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{text}"
    );
    for answer in [
        Answer::json(text),
        Answer::Bytes(chunked.into_bytes()),
        Answer::BytesThenClose(closing.into_bytes()),
        Answer::Bytes(early.into_bytes()),
    ] {
        let (response, done) = answered(answer.clone()).await;
        assert_eq!((response.status, response.text().as_str()), (200, text), "{answer:?}");
        assert!(!response.head.contains("canary"));
        assert_eq!(result(done.audit.outcomes()[0]), "complete");
    }
    for status in [202, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503] {
        let (response, done) = answered(Answer::status(status).header("Retry-After", "7")).await;
        assert_eq!(response.status, status);
        assert_eq!(response.header("retry-after"), Some("7"), "{status}");
        assert_eq!(done.audit.outcomes()[0]["outcome"]["status"], status);
        assert_eq!(done.upstream.requests().len(), 1, "{status} was tried again");
    }
}
