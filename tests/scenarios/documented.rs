//! What the vendor documents leaves unchanged, and the vendor's answer comes back.

use crate::support::audit::result;
use crate::support::documented::{self, API_KEY, Documented, KEY, METRICS};
use crate::support::response::Response;
use crate::support::rig::Rig;
use crate::support::upstream::Seen;

/// Asserts that a documented request arrived as documented, and so did its answer.
#[track_caller]
pub fn assert_as_documented(endpoint: &Documented, response: &Response, seen: &Seen) {
    let name = endpoint.name;
    assert_eq!(response.status, endpoint.status, "{name}: {}", response.text());
    assert_eq!(response.text(), endpoint.answer, "{name}");
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", endpoint.path), "{name}");
    assert_eq!(seen.header("host"), Some(endpoint.host), "{name}");
    match endpoint.file {
        Some(_) => {
            assert_eq!(seen.json(), endpoint.json(), "{name}");
            assert_eq!(seen.header("content-type"), Some("application/json"), "{name}");
        }
        None => {
            assert!(seen.body.is_empty(), "{name}");
            assert_eq!(seen.header("x-api-key"), Some(API_KEY), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_documented_request_leaves_unchanged_and_its_answer_comes_back() {
    let rig = Rig::start().await;
    for endpoint in documented::ALL {
        let (response, seen) = rig.send_and_see(&endpoint.request()).await;
        let seen = seen.unwrap_or_else(|| panic!("{}: {}", endpoint.name, response.text()));
        assert_as_documented(&endpoint, &response, &seen);
    }
    let done = rig.finish().await;
    assert_eq!(done.audit.intents().len(), documented::ALL.len());
    assert!(done.audit.intents().iter().all(|i| i["decision"] == "allowed"), "{:?}", done.audit.intents());
    assert!(done.audit.outcomes().iter().all(|o| result(o) == "complete"), "{:?}", done.audit.outcomes());
    assert_eq!(done.audit.all_denials(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_leave_digit_for_digit() {
    let rig = Rig::start().await;
    let (_, seen) = rig.send_and_see(&METRICS.request()).await;
    let text = seen.unwrap().text();
    assert_eq!(text.matches(":1678886400000000000").count(), 4, "{text}");
    assert!(text.contains(":12.34"), "{text}");
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_tunnel_takes_many_requests_and_upstream_connections_are_kept() {
    let rig = Rig::start().await;
    let mut tunnel = rig.client.open(METRICS.host).await;
    for endpoint in documented::with_bodies().chain(documented::with_bodies()) {
        let response = tunnel.exchange(&endpoint.request()).await;
        assert_eq!(response.status, endpoint.status, "{}", response.text());
    }
    let done = rig.finish().await;
    assert_eq!(done.upstream.requests().len(), 10);
    assert_eq!(done.upstream.connections().len(), 1, "a connection for each request");
    assert_eq!(done.audit.intents().len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_speaks_http_1_0_to_the_proxy_without_any_field_is_served() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let rig = Rig::start().await;
    let mut stream = rig.client.tcp().await;
    stream.write_all(b"CONNECT api.smith.langchain.com:443 HTTP/1.0\r\n\r\n").await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{:?}", String::from_utf8_lossy(&head));
    let mut tunnel = rig.client.handshake(stream, KEY.host, |_| {}).await.unwrap();
    let response = tunnel.exchange(&KEY.request()).await;
    assert_eq!(response.text(), KEY.answer);
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunked_body_and_one_that_waits_for_100_continue_leave_with_a_length() {
    let rig = Rig::start().await;
    let (response, seen) = rig.send_and_see(&METRICS.request().chunked(&[])).await;
    assert_as_documented(&METRICS, &response, &seen.unwrap());

    let request = METRICS.request().header("Expect", "100-continue");
    let bytes = request.bytes();
    let (head, body) = bytes.split_at(bytes.len() - request.body.len());
    let mut tunnel = rig.client.open(METRICS.host).await;
    let go_on = tunnel.exchange_bytes(head).await;
    assert_eq!(go_on.status, 100);
    let response = tunnel.exchange_bytes(body).await;
    let seen = rig.upstream.requests().pop().unwrap();
    assert_as_documented(&METRICS, &response, &seen);
    assert_eq!(seen.header("expect"), None);
    rig.finish().await;
}
