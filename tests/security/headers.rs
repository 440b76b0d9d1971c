//! R30, R31: the request that leaves is built, never copied.

use crate::support::documented::{self, API_KEY, KEY, LICENSE};
use crate::support::request::BEACON;
use crate::support::rig::Rig;

/// Fields that the gate itself sends, and the key of the key check.
const OURS: [&str; 7] =
    ["host", "user-agent", "accept", "accept-encoding", "content-type", "content-length", "x-api-key"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r30_what_leaves_has_the_gates_own_fields_whatever_came() {
    let rig = Rig::start().await;
    for endpoint in documented::ALL {
        let (_, plain) = rig.send_and_see(&endpoint.request()).await;
        let odd = endpoint
            .request()
            .header("User-Agent", "other/1")
            .header("Connection", "close, x-api-key, content-length, X-Hop")
            .header("X-Hop", "1")
            .header("Keep-Alive", "timeout=1")
            .header("Proxy-Connection", "keep-alive")
            .header("Proxy-Authorization", "Basic Y2FuYXJ5")
            .header("X-Forwarded-For", "10.1.2.3")
            .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .header("baggage", "user=jane");
        let (_, odd) = rig.send_and_see(&odd).await;
        let (plain, odd) = (plain.unwrap(), odd.unwrap());
        assert_eq!(plain.headers, odd.headers, "{}", endpoint.name);
        for (name, value) in &plain.headers {
            assert!(OURS.contains(&name.to_ascii_lowercase().as_str()), "{name} left");
            assert!(!value.is_empty() || name.eq_ignore_ascii_case("accept"), "{name} is empty");
        }
        let length = plain.header("content-length").unwrap_or("0");
        assert_eq!(length, plain.body.len().to_string(), "{}", endpoint.name);
    }
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r30_a_listed_field_that_is_missing_doubled_or_out_of_shape_is_refused() {
    let rig = Rig::start().await;
    let cases = [
        ("missing", KEY.request().without("X-Api-Key")),
        ("doubled", KEY.request().header("x-api-key", API_KEY)),
        ("empty", KEY.request().without("X-Api-Key").header("X-Api-Key", "")),
        (
            "free text",
            KEY.request().without("X-Api-Key").header("X-Api-Key", "what is the diagnosis of Jane?"),
        ),
        (
            "two keys in one",
            KEY.request().without("X-Api-Key").header("X-Api-Key", &format!("{API_KEY}, {API_KEY}")),
        ),
        ("not ASCII", KEY.request().without("X-Api-Key").header("X-Api-Key", "lsv2_pt_é")),
        ("too long", KEY.request().without("X-Api-Key").header("X-Api-Key", &"a".repeat(5000))),
    ];
    let count = cases.len();
    for (what, request) in cases {
        rig.send(&request).await.assert_refused(403, "header_not_allowed", what);
    }
    rig.assert_nothing_left("a bad key");
    assert_eq!(rig.finish().await.audit.denials("header_not_allowed"), count as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r31_nothing_is_ever_upgraded() {
    let rig = Rig::start().await;
    let upgrades: [&[(&str, &str)]; 4] = [
        &[
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "Y2FuYXJ5"),
            ("Sec-WebSocket-Version", "13"),
        ],
        &[
            ("Connection", "Upgrade, HTTP2-Settings"),
            ("Upgrade", "h2c"),
            ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"),
        ],
        &[("Connection", "Upgrade"), ("Upgrade", "TLS/1.3")],
        &[("Upgrade", "canary")],
    ];
    for fields in upgrades {
        let request = fields.iter().fold(LICENSE.request(), |r, (name, value)| r.header(name, value));
        let (response, seen) = rig.send_and_see(&request).await;
        assert_ne!(response.status, 101);
        if let Some(seen) = seen {
            for name in ["upgrade", "connection", "http2-settings", "sec-websocket-key"] {
                assert_eq!(seen.header(name), None, "{name} left");
            }
        }
    }
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r31_an_upgrade_by_the_vendor_is_not_passed_on() {
    use crate::support::answer::Answer;
    let rig = Rig::start().await;
    rig.upstream.answer_with(|_| {
        Answer::Bytes(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\ncanary"
                .to_vec(),
        )
    });
    let mut tunnel = rig.client.open(BEACON).await;
    let response = tunnel.exchange(&LICENSE.request()).await;
    response.assert_refused(502, "upstream_failed", "a 101");
    assert!(!response.text().contains("canary"));
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r31_an_expectation_is_answered_here_or_refused() {
    let rig = Rig::start().await;
    for value in ["200-ok", "100-continue, x", "100-continue;q=1", "canary"] {
        let response = rig.send(&LICENSE.request().header("Expect", value)).await;
        response.assert_refused(417, "expectation_not_met", value);
    }
    rig.assert_nothing_left("an expectation");
    assert_eq!(rig.finish().await.audit.denials("expectation_not_met"), 4);
}
