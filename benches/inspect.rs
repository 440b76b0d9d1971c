//! What inspection costs: each documented payload, and OTLP metrics of 100 KB and 1 MB, conforming and
//! with one data point in a hundred broken. `read`, `validate` and `write` alone show where it goes.
#![allow(missing_docs, clippy::expect_used, reason = "a bench fails by panicking")]

use beacongate::inspect::{clear_body, json};
use beacongate::policy::{BodyTerms, Policy, profile};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};
use std::hint::black_box;

/// The endpoints with the vendor's sample of their body.
const DOCUMENTED: &[(&str, &str)] = &[
    ("license-verification", include_str!("../policy/examples/license-verification.json")),
    ("langgraph-usage-reporting", include_str!("../policy/examples/langgraph-usage-reporting.json")),
    ("langsmith-usage-reporting", include_str!("../policy/examples/langsmith-usage-reporting.json")),
    ("telemetry-metrics", include_str!("../policy/examples/telemetry-metrics.json")),
    ("telemetry-traces", include_str!("../policy/examples/telemetry-traces.json")),
];

/// What may be wrong with a generated data point.
#[derive(Clone, Copy)]
enum Wrong {
    /// Nothing.
    Nothing,
    /// A member that no schema lists, in every hundredth point.
    Member,
    /// An attribute of an undocumented key, in every hundredth point.
    Attribute,
}

fn terms<'p>(policy: &'p Policy, id: &str) -> &'p BodyTerms {
    policy.endpoint(id).and_then(|e| e.body.as_ref()).expect("the endpoint has a body")
}

/// Metrics as the documented sample has them, with as many data points as make `size` bytes.
fn metrics(size: usize, wrong: Wrong) -> Vec<u8> {
    let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let point = |i: usize| {
        let mut point = json!({
            "asDouble": i as f64 / 8.0,
            "startTimeUnixNano": 1_678_886_400_000_000_000_u64,
            "timeUnixNano": (1_678_886_400_000_000_000_u64 + i as u64).to_string(),
            "attributes": [
                attribute("endpoint", "/sessions"),
                attribute("method", "GET"),
                attribute("service_name", "langsmith_backend"),
            ]
        });
        match (wrong, i % 100) {
            (Wrong::Member, 99) => point["customer"] = json!("acme"),
            (Wrong::Attribute, 99) => point["attributes"][1]["key"] = json!("customer_id"),
            _ => {}
        }
        point
    };
    let metric = |points: Vec<Value>| {
        json!({
            "name": "langsmith_http_requests_latency", "unit": "seconds",
            "description": "Request latency of LangSmith services", "gauge": {"dataPoints": points}
        })
    };
    let per_point = point(0).to_string().len() + 1;
    let points: Vec<Value> = (0..size / per_point).map(point).collect();
    let metrics: Vec<Value> = points.chunks(50).map(|points| metric(points.to_vec())).collect();
    let resource = json!({"attributes": [attribute("env", "ls_self_hosted")]});
    let scopes: Vec<Value> =
        metrics.chunks(8).map(|metrics| json!({"scope": {}, "metrics": metrics})).collect();
    json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": scopes}]}).to_string().into_bytes()
}

fn documented(c: &mut Criterion) {
    let policy = profile::load(profile::DEFAULT).expect("the built-in policy loads");
    let mut group = c.benchmark_group("documented");
    for (id, body) in DOCUMENTED {
        let terms = terms(&policy, id);
        let (_, removals) = clear_body(terms, body.as_bytes()).expect("the vendor's sample leaves");
        assert!(removals.is_empty(), "{id}: {removals:?}");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(*id, |b| b.iter(|| clear_body(terms, black_box(body.as_bytes()))));
    }
    group.finish();
}

fn otlp(c: &mut Criterion) {
    let policy = profile::load(profile::DEFAULT).expect("the built-in policy loads");
    let terms = terms(&policy, "telemetry-metrics");
    for (size, label) in [(100_000, "100KB"), (1_000_000, "1MB")] {
        let mut group = c.benchmark_group(label);
        group.sample_size(30);
        let cases = [
            ("conforming", Wrong::Nothing),
            ("1%members", Wrong::Member),
            ("1%attributes", Wrong::Attribute),
        ];
        for (name, wrong) in cases {
            let body = metrics(size, wrong);
            let (_, removals) = clear_body(terms, &body).expect("the rest leaves");
            assert_eq!(removals.is_empty(), matches!(wrong, Wrong::Nothing), "{removals:?}");
            group.throughput(Throughput::Bytes(body.len() as u64));
            group.bench_function(name, |b| b.iter(|| clear_body(terms, black_box(&body))));
        }
        let body = metrics(size, Wrong::Nothing);
        let value = json::read(&body).expect("it is JSON").value;
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function("read", |b| b.iter(|| json::read(black_box(&body))));
        group.bench_function("validate", |b| b.iter(|| terms.schema.is_valid(black_box(&value))));
        group.bench_function("write", |b| b.iter(|| serde_json::to_vec(black_box(&value))));
        group.finish();
    }
}

criterion_group!(benches, documented, otlp);
criterion_main!(benches);
