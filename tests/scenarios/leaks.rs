//! What is not documented does not leave, wherever it stands; what is documented still does.

use crate::support::audit::contains;
use crate::support::documented::{
    self, API_KEY, Documented, KEY, LANGGRAPH_USAGE, LANGSMITH_USAGE, LICENSE, METRICS, TRACES,
};
use crate::support::places::{arrays, objects, with_element, with_member};
use crate::support::request::Request;
use crate::support::rig::{Finished, Rig};
use serde_json::{Value, json};

/// Stands in every value that must not leave. No detector knows it, no schema allows it.
pub const CANARY: &str = "canary: what is the diagnosis of Jane Roe?";
/// A member name that looks like an identifier: it may be written in the log, and may not leave.
const MEMBER: &str = "undocumented_member";

/// Sends a body to which something was added, and asserts that exactly the addition was taken out.
async fn assert_stripped(rig: &Rig, endpoint: &Documented, body: &Value, what: &str) {
    let (response, seen) = rig.send_and_see(&endpoint.with_body(body)).await;
    let seen = seen.unwrap_or_else(|| panic!("{what}: {}", response.text()));
    assert_eq!(response.status, endpoint.status, "{what}");
    assert_eq!(seen.json(), endpoint.json(), "{what}: what is documented arrives, and nothing else");
}

/// Asserts that nothing of the canaries is anywhere.
fn assert_clean(done: &Finished) {
    let raw = done.upstream.raw();
    for canary in [CANARY, "canary", MEMBER, "Jane"] {
        assert!(!contains(&raw, canary), "{canary} left");
    }
    let log = done.audit.bytes();
    for canary in [CANARY, "Jane", "diagnosis"] {
        assert!(!contains(&log, canary), "{canary} stands in the log");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_member_of_any_object_is_taken_out_and_recorded() {
    let rig = Rig::start().await;
    let mut expected = Vec::new();
    for endpoint in documented::with_bodies() {
        for object in objects(&endpoint.json()) {
            let body = with_member(&endpoint.json(), &object, MEMBER, json!(CANARY));
            assert_stripped(&rig, &endpoint, &body, &format!("{} at {object:?}", endpoint.name)).await;
            expected.push(format!("{object}/{MEMBER}"));
        }
    }
    assert!(expected.len() >= 50, "only {} objects", expected.len());
    let done = rig.finish().await;
    assert_eq!(done.audit.removed_pointers(), expected);
    assert!(done.audit.intents().iter().all(|i| i["decision"] == "modified"));
    assert_clean(&done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_them_at_once_and_nested_ones_are_taken_out_too() {
    let rig = Rig::start().await;
    let mut removed = 0;
    for endpoint in documented::with_bodies() {
        let mut body = endpoint.json();
        for object in objects(&endpoint.json()) {
            body =
                with_member(&body, &object, MEMBER, json!({"a": [CANARY, {"b": CANARY}], "license": CANARY}));
            removed += 1;
        }
        assert_stripped(&rig, &endpoint, &body, endpoint.name).await;
    }
    let done = rig.finish().await;
    assert_eq!(done.audit.removed_pointers().len(), removed, "the outermost thing removed, once");
    assert_clean(&done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_whose_name_carries_content_is_not_even_named() {
    let rig = Rig::start().await;
    for name in [CANARY, "jane.roe@canary.example", "5551234567", "licence\u{200b}", "Jane\u{202e}Roe", ""] {
        let body = with_member(&LANGGRAPH_USAGE.json(), "/tags", name, json!("true"));
        assert_stripped(&rig, &LANGGRAPH_USAGE, &body, name).await;
    }
    let done = rig.finish().await;
    assert_clean(&done);
    for name in ["jane.roe", "5551234567", "\u{200b}", "\u{202e}"] {
        assert!(!contains(&done.audit.bytes(), name), "{name:?} stands in the log");
    }
    assert_eq!(done.audit.removed_pointers()[0], format!("/tags/({} bytes)", CANARY.len()));
}

/// Additions in the places that are maps or lists by nature.
fn additions() -> Vec<(Documented, Value, String)> {
    let attribute = json!({"key": "user.prompt", "value": {"stringValue": CANARY}});
    let mut all = Vec::new();
    for endpoint in [METRICS, TRACES] {
        let lists = arrays(&endpoint.json()).into_iter().filter(|p| p.ends_with("/attributes"));
        for list in lists {
            let at = endpoint.json().pointer(&list).unwrap().as_array().unwrap().len();
            all.push((
                endpoint,
                with_element(&endpoint.json(), &list, attribute.clone()),
                format!("{list}/{at}"),
            ));
        }
    }
    let usage = LANGGRAPH_USAGE.json();
    let add = |pointer: &str, name: &str, value: Value| {
        (LANGGRAPH_USAGE, with_member(&usage, pointer, name, value), format!("{pointer}/{name}"))
    };
    all.push(add("/tags", "user_app.last_prompt", json!(CANARY)));
    all.push(add("/measures", "user_app.cost", json!(7)));
    all.push(add("/measures", "user_app.canary", json!(CANARY)));
    for log in [json!(CANARY), json!({"message": CANARY}), json!([CANARY])] {
        all.push((LANGGRAPH_USAGE, with_element(&usage, "/logs", log), "/logs/0".to_owned()));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_attribute_tag_measure_or_log_is_taken_out_and_recorded() {
    let rig = Rig::start().await;
    let additions = additions();
    assert!(additions.len() >= 10);
    for (endpoint, body, pointer) in &additions {
        assert_stripped(&rig, endpoint, body, &format!("{} at {pointer}", endpoint.name)).await;
    }
    let done = rig.finish().await;
    let expected: Vec<_> = additions.into_iter().map(|(_, _, pointer)| pointer).collect();
    assert_eq!(done.audit.removed_pointers(), expected);
    assert_clean(&done);
}

/// Header fields that carry something about the client, its user or its request.
const HEADERS: &[&str] = &[
    "Cookie",
    "Referer",
    "Authorization",
    "X-Forwarded-For",
    "X-Real-IP",
    "Forwarded",
    "Via",
    "From",
    "X-Prompt",
    "traceparent",
    "tracestate",
    "baggage",
    "X-B3-TraceId",
    "X-Amzn-Trace-Id",
    "X-Request-Id",
    "X-Langchain-License-Key",
    "X-Tenant-Id",
    "X-Custom-Canary",
    "Origin",
    "DNT",
    "If-None-Match",
    "Range",
    "Proxy-Authorization",
    "Content-Language",
    "Content-Disposition",
    "Link",
    "Warning",
    "X-HTTP-Method-Override",
    "X-Original-URL",
    "Content-MD5",
    "Digest",
    "Sec-CH-UA",
    "X-Stainless-Lang",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlisted_header_field_is_dropped_and_recorded() {
    let rig = Rig::start().await;
    for endpoint in documented::ALL {
        for name in HEADERS {
            let request = endpoint.request().header(name, &format!("session={CANARY}"));
            let (response, seen) = rig.send_and_see(&request).await;
            let seen = seen.unwrap_or_else(|| panic!("{name}: {}", response.text()));
            assert_eq!(seen.header(name), None, "{name} left");
        }
    }
    let done = rig.finish().await;
    let expected: Vec<_> =
        documented::ALL.iter().flat_map(|_| HEADERS.iter().map(|n| n.to_ascii_lowercase())).collect();
    assert_eq!(done.audit.removed_headers(), expected);
    assert_clean(&done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_that_every_client_sends_are_replaced_by_the_gates_own() {
    let rig = Rig::start().await;
    for (name, value) in [
        ("User-Agent", "canary/1.0 (Jane's laptop)"),
        ("Accept", "text/canary"),
        ("Accept-Language", "canary"),
        ("Accept-Encoding", "canary"),
        ("Cache-Control", "canary=1"),
        ("Pragma", "canary"),
        ("Connection", "keep-alive, canary"),
        ("Keep-Alive", "canary=1"),
        ("Proxy-Connection", "canary"),
        ("TE", "canary"),
        ("Trailer", "canary"),
        ("Priority", "canary"),
    ] {
        let (response, seen) = rig.send_and_see(&LICENSE.request().header(name, value)).await;
        assert!(seen.is_some(), "{name}: {}", response.text());
    }
    let done = rig.finish().await;
    assert_clean(&done);
    let agents: Vec<_> =
        done.upstream.requests().iter().map(|r| r.header("user-agent").map(str::to_owned)).collect();
    assert!(agents.iter().all(|a| *a == agents[0]), "{agents:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_that_no_endpoint_lists_is_refused() {
    let rig = Rig::start().await;
    let queries = ["?", "?q=canary", "?canary", "?license=1&canary=2", "?%63anary=1", "?langgraph-api=true"];
    for endpoint in documented::ALL {
        for query in queries {
            let request = endpoint.request().target(&format!("{}{query}", endpoint.path));
            rig.send(&request).await.assert_refused(403, "query_not_allowed", query);
        }
    }
    rig.assert_nothing_left("a query");
    let done = rig.finish().await;
    assert_eq!(done.audit.denials("query_not_allowed"), (documented::ALL.len() * queries.len()) as u64);
    assert_clean(&done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trailers_and_chunk_extensions_do_not_leave() {
    let rig = Rig::start().await;
    let trailer = format!("X-Canary-Trailer: {CANARY}");
    for endpoint in documented::with_bodies() {
        let request = endpoint.request().chunked(&[&trailer, "X-Second: canary"]);
        let (response, seen) = rig.send_and_see(&request).await;
        let seen = seen.unwrap_or_else(|| panic!("{}", response.text()));
        assert_eq!(seen.json(), endpoint.json());
    }
    let body = LICENSE.body();
    let mut framed = format!("{:x};canary=\"{CANARY}\"\r\n", body.len()).into_bytes();
    framed.extend_from_slice(&body);
    framed.extend_from_slice(b"\r\n0;canary\r\n\r\n");
    let request = Request { body: framed, ..LICENSE.request().without("Content-Length") };
    let (_, seen) = rig.send_and_see(&request.header("Transfer-Encoding", "chunked")).await;
    assert_eq!(seen.unwrap().json(), LICENSE.json());

    let done = rig.finish().await;
    let trailers = done.audit.removed_trailers();
    assert_eq!(trailers.len(), 10, "{trailers:?}");
    assert!(trailers.contains(&"x-canary-trailer".to_owned()), "{trailers:?}");
    assert_clean(&done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn secrets_leave_and_are_written_nowhere() {
    let rig = Rig::start().await;
    let key = "lic_9f1b6c0a7d5e4f3b8a2c1d0e9f8a7b6c";
    for endpoint in [LICENSE, LANGGRAPH_USAGE, LANGSMITH_USAGE] {
        let body = with_member(&endpoint.json(), "", "license", json!(key));
        let (_, seen) = rig.send_and_see(&endpoint.with_body(&body)).await;
        assert_eq!(seen.unwrap().json(), body);
    }
    let (_, seen) = rig.send_and_see(&KEY.request()).await;
    assert_eq!(seen.unwrap().header("x-api-key"), Some(API_KEY));
    let done = rig.finish().await;
    for secret in [key, API_KEY] {
        assert!(!contains(&done.audit.bytes(), secret), "{secret} stands in the log");
    }
    assert_eq!(done.audit.intents().len(), 4);
    assert!(contains(&done.audit.bytes(), "hmac-sha256:"), "secrets are fingerprinted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_body_is_kept_in_a_file_of_its_own_with_its_secret_masked() {
    let rig = Rig::start().await;
    let key = "lic_2f1b6c0a7d5e4f3b8a2c1d0e9f8a7b6d";
    let one = LANGSMITH_USAGE.json()["trace_transactions"][0].clone();
    let many: Vec<Value> = std::iter::repeat_n(one, 500).collect();
    let body = json!({"license": key, "trace_transactions": many});
    let with_canary = with_member(&body, "/trace_transactions/499", MEMBER, json!(CANARY));
    let (response, seen) = rig.send_and_see(&LANGSMITH_USAGE.with_body(&with_canary)).await;
    assert_eq!(seen.unwrap_or_else(|| panic!("{}", response.text())).json(), body);
    let done = rig.finish().await;
    assert_clean(&done);
    assert!(!contains(&done.audit.bytes(), key), "the secret stands in the log");
    let file = done.audit.intents()[0]["sent"]["body_file"].as_str().expect("a file of its own").to_owned();
    let mut kept: Value = serde_json::from_slice(&std::fs::read(done.audit.dir.join(file)).unwrap()).unwrap();
    let masked = std::mem::replace(&mut kept["license"], json!(key));
    assert!(masked.as_str().is_some_and(|m| m.starts_with("hmac-sha256:")), "{masked}");
    assert_eq!(kept, body, "the kept body is the sent one but for the secret");
}
