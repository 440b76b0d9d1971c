//! The built-in policy's values, as tables: what a real client says leaves as it is, and what only looks
//! like it — a name, a telephone number, a sentence in the spelling of an identifier — does not leave.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use super::testing::lines;
use crate::inspect::{clear_body, json};
use crate::policy::profile;
use serde_json::{Value, json};

const LANGGRAPH: &str = include_str!("../../../policy/examples/langgraph-usage-reporting.json");
const LANGSMITH: &str = include_str!("../../../policy/examples/langsmith-usage-reporting.json");
const METRICS: &str = include_str!("../../../policy/examples/telemetry-metrics.json");
const TRACES: &str = include_str!("../../../policy/examples/telemetry-traces.json");

const POINT: &str = "/resourceMetrics/0/scopeMetrics/0/metrics/0/gauge/dataPoints/0";
const SPAN: &str = "/resourceSpans/0/scopeSpans/0/spans/0";

/// Endpoint, payload, place, what leaves unchanged there, what does not leave.
type Row = (&'static str, &'static str, String, Vec<Value>, Vec<Value>);

/// What every place has to withstand.
fn carriers() -> Vec<Value> {
    let texts = [
        "john",
        "John",
        "john-smith",
        "john_smith",
        "patient_john_smith_has_hiv",
        "/users/john-smith",
        "acme-corp-prod",
        "what_is_the_diagnosis",
        "langsmith-john",
        "ls_john",
        "555.123.4567",
        "123.45.6789",
        "+1 555 123 4567",
        "4111-1111-1111-1111",
        "1984-11-20T00:00:00Z",
        "2025-01-06T09:00:00.5551234567Z",
        "10.1.2.3",
        "3.11.7.2",
        "jоhn",
        "john@acme.example",
        "https://evil.example/x",
        "https://u:p@evil.example/",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "V2hhdCBpcyB0aGUgZGlhZ25vc2lz",
        "SELECT name FROM users",
        "-----BEGIN PRIVATE KEY-----",
        "sk-proj-abcdef1234567890",
        "fe80::1",
    ];
    texts.iter().map(|text| json!(text)).chain([json!(null), json!(["john"]), json!({"john": 1})]).collect()
}

fn row(id: &'static str, body: &'static str, at: &str, leave: &[Value], stay: &[Value]) -> Row {
    (id, body, at.to_owned(), leave.to_vec(), carriers().into_iter().chain(stay.to_vec()).collect())
}

/// A row for a place that takes any short word in the documented spelling. What cannot be told from such a
/// word leaves: the README says so under what the gate does not do.
fn word_row(id: &'static str, body: &'static str, at: &str, leave: &[Value], stay: &[Value]) -> Row {
    let words = ["john", "john_smith", "what_is_the_diagnosis", "ls_john", "langsmith-john"].map(Value::from);
    let mut row = row(id, body, at, leave, stay);
    row.4.retain(|value| !words.contains(value));
    row
}

fn texts(list: &str) -> Vec<Value> {
    list.split_whitespace().map(|text| json!(text)).collect()
}

fn usage_rows() -> Vec<Row> {
    let tag = |name: &str, leave: &str, stay: &str| {
        let (mut leave, stay) = (texts(leave), texts(stay));
        leave.push(json!(""));
        row("langgraph-usage-reporting", LANGGRAPH, &format!("/tags/{name}"), &leave, &stay)
    };
    let transaction = |name: &str, leave: &str, stay: &str| {
        let at = format!("/trace_transactions/0/{name}");
        word_row("langsmith-usage-reporting", LANGSMITH, &at, &texts(leave), &texts(stay))
    };
    let times = "2025-01-06T09:00:00Z 2025-01-06T09:00:00+00:00 2026-11-20T23:31:54.120031+00:00 2026-11-20T23:31:54.120031123Z";
    let no_times = "2025-13-06T09:00:00Z 2025-01-06t09:00:00z 2025-01-06T09:00:00 1736154000";
    vec![
        tag(
            "langgraph.python.version",
            "3.11.7 3.12.0rc1 3.13.0a6 1.0.0-beta.2",
            "20250106 1.555123 1.2.dev55512345",
        ),
        tag("langgraph_api.version", "0.2.0.dev1 0.4.12.post1 0.16.7 0.0.0.dev20250106", "v1.acme"),
        tag(
            "langgraph.platform.revision",
            "abc123 9f8e7d6 r42 v1.2.3 latest 3a1c2b6f-4430-4b92-8a5b-79b8b567bbc1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "5551234567 JohnSmith 5551234567a",
        ),
        tag("langgraph.platform.variant", "standard cloud local_dev licensed self-hosted", "1"),
        tag(
            "langgraph.platform.host",
            "host-1 host-12 self-hosted saas localhost langgraph-api-0",
            "evil.com host-5551234",
        ),
        tag("langgraph.platform.plan", "enterprise developer plus self_hosted no_plan", "1"),
        tag(
            "user_app.uses_indexing",
            "true false True False",
            "openai:text-embedding-3-small ./app.py:app 1",
        ),
        row("langgraph-usage-reporting", LANGGRAPH, "/from_timestamp", &texts(times), &texts(no_times)),
        transaction("start_interval_time", times, no_times),
        transaction("status", "completed pending failed in_progress sent", "5551234567"),
        transaction(
            "transaction_type",
            "type1 type2 longlived_traces shortlived_traces nodes_executed",
            "5551234567",
        ),
    ]
}

fn metric_rows() -> Vec<Row> {
    let metric = |at: &str, leave: &[Value], stay: &[Value]| {
        let at = format!("/resourceMetrics/0/scopeMetrics/0/metrics/0/{at}");
        row("telemetry-metrics", METRICS, &at, leave, stay)
    };
    let attribute = |index: usize, leave: &str, stay: &str| {
        let at = format!("{POINT}/attributes/{index}/value/stringValue");
        word_row("telemetry-metrics", METRICS, &at, &texts(leave), &texts(stay))
    };
    let descriptions = [
        "",
        "Queue depth",
        "Total number of HTTP requests.",
        "P95 latency of ClickHouse queries",
        "Histogram of request latencies (seconds)",
        "Number of concurrent in-flight requests",
        "Summary of response sizes, by service",
        "Number of 5xx responses",
        "Latency of HTTP requests in seconds",
    ];
    let whole = [json!("9223372036854775807"), json!("-1"), json!(0), json!(u64::MAX >> 1), json!(i64::MIN)];
    let too_large =
        [json!("9999999999999999999"), json!(u64::MAX), json!(1e300), json!(1.5), json!("1.5"), json!("007")];
    let times = [json!("0"), json!(0), json!("18446744073709551615"), json!(1_678_886_400_000_000_000_u64)];
    vec![
        metric(
            "unit",
            &texts("seconds ms 1 By {request} {requests} jobs bytes/second {token}"),
            &texts("acme {john}"),
        ),
        metric("description", &descriptions.map(|text| json!(text)), &[json!("Requests of John Smith")]),
        metric(
            "name",
            &texts(
                "langsmith_redis_queue_depth langsmith_http_requests_latency_seconds_bucket langsmith_http_5xx_total",
            ),
            &texts("langsmith_5551234567 acme_requests"),
        ),
        attribute(
            0,
            "/ /info /runs/query /v2/datasets /api/v1/sessions/{session_id}/runs /sessions/",
            "/sessions/12345",
        ),
        attribute(1, "GET POST DELETE", "get LOGIN"),
        attribute(
            2,
            "langsmith_backend langsmith-backend langsmith_ace_backend",
            "langsmith_5551234567 acme",
        ),
        metric("gauge/dataPoints/0/timeUnixNano", &times, &[json!(-1), json!("-1"), json!(0.5)]),
        row(
            "telemetry-metrics",
            METRICS,
            "/resourceMetrics/0/scopeMetrics/0/metrics/1/sum/dataPoints/0/asInt",
            &whole,
            &too_large,
        ),
    ]
}

fn trace_rows() -> Vec<Row> {
    let steps = "receive_request send_response parse_request event query_database s3_put list_sessions";
    let states = "status-cancelled status-timeout status-internal-error status-bad-gateway";
    vec![
        word_row("telemetry-traces", TRACES, &format!("{SPAN}/name"), &texts(steps), &texts("5551234567")),
        word_row(
            "telemetry-traces",
            TRACES,
            &format!("{SPAN}/events/0/name"),
            &texts(steps),
            &texts("Get_it"),
        ),
        row(
            "telemetry-traces",
            TRACES,
            &format!("{SPAN}/status/message"),
            &texts(states),
            &texts("status-john"),
        ),
        row(
            "telemetry-traces",
            TRACES,
            &format!("{SPAN}/droppedAttributesCount"),
            &[json!(0), json!("0"), json!(u32::MAX)],
            &[json!("5551234567"), json!(5_551_234_567_u64), json!(-1)],
        ),
    ]
}

#[test]
fn what_clients_say_leaves_unchanged_and_what_looks_like_it_does_not() {
    let policy = profile::load(profile::DEFAULT).unwrap();
    let rows: Vec<Row> = [usage_rows(), metric_rows(), trace_rows()].into_iter().flatten().collect();
    let mut left = Vec::new();
    for (id, body, at, leave, stay) in rows {
        let terms = policy.endpoint(id).unwrap().body.as_ref().unwrap();
        let sample = json::read(body.as_bytes()).unwrap().value;
        let tried = |value: &Value| {
            let mut changed = sample.clone();
            *changed.pointer_mut(&at).expect(&at) = value.clone();
            (clear_body(terms, changed.to_string().as_bytes()), changed)
        };
        for value in leave {
            let (cleared, changed) = tried(&value);
            let (out, removals) = cleared.expect(&at);
            assert!(removals.is_empty(), "{id} {at} {value}: {:?}", lines(&removals));
            assert_eq!(json::read(&out.bytes).unwrap().value, changed, "{id} {at} {value}");
        }
        for value in stay {
            if tried(&value).0.is_ok_and(|(_, removals)| removals.is_empty()) {
                left.push(format!("{id} {at} {value}"));
            }
        }
    }
    assert!(left.is_empty(), "these leave: {left:#?}");
}

/// OTLP/JSON as protobuf's JSON mapping writes it: what is empty or zero may be missing.
#[test]
fn every_kind_of_data_point_leaves_unchanged_with_its_optional_parts_missing() {
    let policy = profile::load(profile::DEFAULT).unwrap();
    let terms = policy.endpoint("telemetry-metrics").unwrap().body.as_ref().unwrap();
    let t = "1678886400000000000";
    let kinds = [
        json!({"gauge": {}}),
        json!({"gauge": {"dataPoints": [{"timeUnixNano": t, "asDouble": 1e-5}, {"timeUnixNano": t, "flags": 1}]}}),
        json!({"gauge": {"dataPoints": [{"timeUnixNano": t, "asDouble": "NaN"}, {"timeUnixNano": t, "asDouble": 5.0}]}}),
        json!({"sum": {"aggregationTemporality": 1, "isMonotonic": false, "dataPoints": []}}),
        json!({"histogram": {"dataPoints": [{"timeUnixNano": t, "count": "0", "bucketCounts": [], "explicitBounds": []}]}}),
        json!({"histogram": {"dataPoints": [{"timeUnixNano": t, "count": 3, "sum": 0, "min": 0.0, "max": 1,
            "bucketCounts": ["1", 2, "0"], "explicitBounds": [0, 5.5]}], "aggregationTemporality": 2}}),
        json!({"exponentialHistogram": {"dataPoints": [{"timeUnixNano": t, "count": "18446744073709551615", "scale": -10,
            "zeroCount": "0", "zeroThreshold": 0.0, "positive": {"offset": -1, "bucketCounts": ["0", 2]}, "negative": {}}]}}),
        json!({"summary": {"dataPoints": [{"timeUnixNano": t, "count": 4, "sum": 1, "quantileValues": []}]}}),
    ];
    for mut metric in kinds {
        metric["name"] = json!("langsmith_requests");
        let rest = [
            json!({"resource": {}, "scopeMetrics": [{"metrics": [metric]}]}),
            json!({"scopeMetrics": [{}]}),
            json!({}),
        ];
        let body = json!({"resourceMetrics": rest});
        let (out, removals) = clear_body(terms, body.to_string().as_bytes()).unwrap();
        assert!(removals.is_empty(), "{body}: {:?}", lines(&removals));
        assert_eq!(json::read(&out.bytes).unwrap().value, body);
    }
}

/// A bucket's bounds follow from scale and offset: without them the counts would say something else.
#[test]
fn a_point_never_leaves_without_what_its_other_values_mean() {
    let policy = profile::load(profile::DEFAULT).unwrap();
    let terms = policy.endpoint("telemetry-metrics").unwrap().body.as_ref().unwrap();
    let point = json!({"timeUnixNano": "1678886400000000000", "count": 1});
    let with = |name: &str, value: Value| {
        let mut point = point.clone();
        point[name] = value;
        json!({"exponentialHistogram": {"dataPoints": [point]}})
    };
    let gauge = json!({"timeUnixNano": "1678886400000000000", "flags": 0, "asDouble": "john"});
    for (mut metric, refused) in [
        (with("scale", json!("john")), true),
        (with("positive", json!({"offset": "john", "bucketCounts": [1]})), true),
        (json!({"gauge": {"dataPoints": [gauge]}}), false),
    ] {
        metric["name"] = json!("langsmith_requests");
        let body = json!({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]});
        match clear_body(terms, body.to_string().as_bytes()) {
            Err(_) => assert!(refused, "{body}"),
            Ok((_, removals)) => {
                assert!(!refused, "{body}");
                assert_eq!(removals.len(), 1);
                assert!(lines(&removals)[0].contains("/dataPoints/0 "), "{:?}", lines(&removals));
            }
        }
    }
}
