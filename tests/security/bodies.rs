//! R39, R47, R48: a body is of a listed type, and what of it is not listed does not leave.

use crate::support::documented::{LANGGRAPH_USAGE, LANGSMITH_USAGE, LICENSE, METRICS, TRACES};
use crate::support::places::{with_element, with_member, with_value};
use crate::support::request::Request;
use crate::support::rig::Rig;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r39_only_the_listed_content_type() {
    let rig = Rig::start().await;
    let plain = || LICENSE.request().without("Content-Type");
    let refused = [
        "text/plain",
        "text/json",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json, text/plain",
        "application/x-protobuf",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/ld+json",
        "application/x-www-form-urlencoded",
        "application/json; profile=canary",
        "application",
        "application/octet-stream",
        "",
    ];
    for value in refused {
        let request = plain().header("Content-Type", value);
        rig.send(&request).await.assert_refused(415, "content_type_not_allowed", value);
    }
    rig.send(&plain()).await.assert_refused(415, "content_type_not_allowed", "none");
    let twice = LICENSE.request().header("Content-Type", "application/json");
    rig.send(&twice).await.assert_refused(415, "content_type_not_allowed", "two");
    rig.assert_nothing_left("a content type");
    for value in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
    ] {
        let (response, seen) = rig.send_and_see(&plain().header("Content-Type", value)).await;
        let seen = seen.unwrap_or_else(|| panic!("{value}: {}", response.text()));
        assert_eq!(seen.header("content-type"), Some("application/json"), "{value}");
    }
    let done = rig.finish().await;
    assert_eq!(done.audit.denials("content_type_not_allowed"), refused.len() as u64 + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r39_a_body_where_none_belongs_and_a_coded_one_are_refused() {
    use crate::support::documented::{API_KEY, KEY};
    let rig = Rig::start().await;
    let key = Request::post(KEY.host, KEY.path)
        .header("X-Api-Key", API_KEY)
        .json(b"{\"prompt\":\"canary\"}".to_vec());
    rig.send(&key).await.assert_refused(403, "body_not_expected", "the key check");
    for coding in ["gzip", "deflate", "br", "zstd", "identity, gzip", "x-gzip", "canary"] {
        let request = LICENSE.request().header("Content-Encoding", coding);
        rig.send(&request).await.assert_refused(415, "content_coding_not_allowed", coding);
    }
    rig.assert_nothing_left("a body");
    let (response, seen) = rig.send_and_see(&LICENSE.request().header("Content-Encoding", "identity")).await;
    assert!(seen.is_some_and(|s| s.header("content-encoding").is_none()), "{}", response.text());
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r47_an_unknown_member_at_any_depth_does_not_leave() {
    let rig = Rig::start().await;
    let mut nested = json!("canary");
    for _ in 0..20 {
        nested = json!({ "license": nested });
    }
    for (endpoint, pointer) in [
        (LICENSE, ""),
        (LANGSMITH_USAGE, "/trace_transactions/0"),
        (TRACES, "/resourceSpans/0/scopeSpans/0/spans/0/status"),
    ] {
        let body = with_member(&endpoint.json(), pointer, "inputs", nested.clone());
        let (response, seen) = rig.send_and_see(&endpoint.with_body(&body)).await;
        assert_eq!(seen.unwrap_or_else(|| panic!("{}", response.text())).json(), endpoint.json());
    }
    let done = rig.finish().await;
    assert_eq!(done.audit.removed_pointers().len(), 3);
    assert!(!crate::support::audit::contains(&done.upstream.raw(), "canary"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r48_open_maps_and_lists_are_no_channel() {
    let rig = Rig::start().await;
    let usage = LANGGRAPH_USAGE.json();
    let mut bodies = vec![
        with_value(&usage, "/tags/user_app.uses_indexing", json!("openai:canary-text-embedding-3-small")),
        with_value(&usage, "/tags/user_app.uses_custom_app", json!("./canary_secret_project/webapp.py:app")),
        with_value(&usage, "/tags/langgraph.platform.host", json!("canary.customer.example")),
        with_value(&usage, "/measures/langgraph.platform.runs", json!("canary")),
        with_value(&usage, "/measures/langgraph.platform.runs", json!(-1)),
        with_value(&usage, "/logs", json!(["canary", {"a": "canary"}, [["canary"]]])),
        with_value(&usage, "/tags", json!(["canary"])),
    ];
    bodies.push(with_element(&usage, "/logs", Value::Null));
    for body in &bodies {
        let (response, seen) = rig.send_and_see(&LANGGRAPH_USAGE.with_body(body)).await;
        match seen {
            Some(seen) => {
                assert!(
                    !seen.text().contains("canary") && seen.json()["logs"] == json!([]),
                    "{}",
                    seen.text()
                );
                assert_ne!(&seen.json(), body);
            }
            None => assert_eq!(response.code(), "body_not_allowed"),
        }
    }
    let attribute = METRICS.json()["resourceMetrics"][0]["resource"]["attributes"][0].clone();
    let many: Vec<Value> = std::iter::repeat_n(attribute, 10_000).collect();
    let body = with_value(&METRICS.json(), "/resourceMetrics/0/resource/attributes", json!(many));
    let (_, seen) = rig.send_and_see(&METRICS.with_body(&body)).await;
    let left = seen.map_or(0, |s| s.text().matches("resource.name").count());
    assert!(left <= 64, "{left} attributes of one resource left");
    rig.finish().await;
}
