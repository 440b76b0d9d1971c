//! From the documented request to its record: what is written is what would leave, and no secret is.

use super::folder::*;
use crate::audit::{Outcome, OutcomeResult, Recorded, UpstreamFacts, folder, record};
use crate::decide::decide;
use crate::destination::Host;
use crate::facts::RequestFacts;
use crate::inspect::{ReceivedBody, inspect};
use crate::policy::profile;
use crate::refusal::Refusal;
use crate::secret::sha256_hex;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const CANARY: &str = "lsv2_pt_canary0123456789abcdef0123456789_abcdef0123";

/// Takes one documented request all the way to its record.
async fn send(
    log: &crate::audit::Log,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Recorded, Refusal> {
    let policy = Arc::new(profile::load("documented").unwrap());
    let host = Host::parse(host.as_bytes()).unwrap();
    let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
    let has_body = !body.is_empty();
    let facts = RequestFacts { host: &host, method: "POST", path, query: None, headers: &headers, has_body };
    let permit = decide(&policy, &facts)?;
    let content = bytes::Bytes::copy_from_slice(body);
    let cleared =
        inspect(permit, ReceivedBody { content, wire_length: body.len() as u64, trailers: Vec::new() })?;
    let upstream = UpstreamFacts {
        address: "198.51.100.7:443".parse().unwrap(),
        tls_version: "TLSv1.3",
        certificate_sha256: "c".repeat(64),
    };
    record(log, cleared, &transaction(), &upstream).await
}

fn complete() -> Outcome {
    Outcome { result: OutcomeResult::Complete, status: Some(200), response_bytes: 0, error: None }
}

fn everything_written(dir: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        all.extend(if path.is_dir() { everything_written(&path) } else { fs::read(&path).unwrap() });
    }
    all
}

fn contains(all: &[u8], what: &str) -> bool {
    all.windows(what.len()).any(|w| w == what.as_bytes())
}

#[tokio::test]
async fn a_license_key_is_recognised_again_and_written_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let example = include_str!("../../../policy/examples/license-verification.json");
    for _ in 0..2 {
        let body = example.replace("<YOUR_LICENSE_KEY>", CANARY);
        assert!(body.contains(CANARY));
        let json = [("content-type", "application/json")];
        let recorded =
            send(&log, "beacon.langchain.com", "/v1/beacon/verify", &json, body.as_bytes()).await.unwrap();
        let sent = recorded.cleared().body().unwrap().bytes.clone();
        let found = records(dir.path());
        let intent = &found[recorded.intent().seq as usize];
        assert_eq!(intent["sent"]["sha256"], sha256_hex(&sent));
        assert_eq!(intent["sent"]["masked"], 1);
        assert!(intent["sent"]["body"].to_string().contains("hmac-sha256:"));
        let _ = recorded.finish(&complete());
    }
    log.close("test").unwrap();
    let found = records(dir.path());
    let intents = of_kind(&found, "intent");
    assert_eq!(intents[0]["sent"]["body"], intents[1]["sent"]["body"], "the same key shows as the same");
    assert!(!contains(&everything_written(dir.path()), "canary"));
    assert_eq!(folder::verify(dir.path()).unwrap().verdict.exit_code(), 0);
}

#[tokio::test]
async fn an_api_key_in_a_header_is_a_fingerprint_among_the_fields_as_sent() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let recorded =
        send(&log, "api.smith.langchain.com", "/auth", &[("x-api-key", CANARY)], b"").await.unwrap();
    let seq = recorded.intent().seq as usize;
    let _ = recorded.finish(&complete());
    log.close("test").unwrap();
    let found = records(dir.path());
    let headers = found[seq]["request"]["headers"].as_array().unwrap();
    let names: Vec<_> = headers.iter().map(|pair| pair[0].as_str().unwrap()).collect();
    assert_eq!(names, ["host", "user-agent", "content-length", "x-api-key"]);
    assert!(headers[3][1].as_str().unwrap().starts_with("hmac-sha256:"));
    assert!(found[seq]["sent"].get("body").is_none());
    assert!(!contains(&everything_written(dir.path()), "canary"));
}

#[tokio::test]
async fn a_large_body_is_in_its_file_before_its_intent_is_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let example = include_str!("../../../policy/examples/telemetry-traces.json");
    let mut body: serde_json::Value = serde_json::from_str(example).unwrap();
    let spans = body["resourceSpans"].as_array_mut().unwrap();
    let one = spans[0].clone();
    spans.extend(std::iter::repeat_n(one, 40));
    let body = serde_json::to_vec(&body).unwrap();
    let json = [("content-type", "application/json")];
    let recorded = send(&log, "beacon.langchain.com", "/v1/beacon/v1/traces", &json, &body).await.unwrap();
    let sent = recorded.cleared().body().unwrap().bytes.clone();
    assert!(sent.len() > 16 << 10, "{} bytes", sent.len());
    let found = records(dir.path());
    let file = found[recorded.intent().seq as usize]["sent"]["body_file"].as_str().unwrap().to_owned();
    assert_eq!(fs::read(dir.path().join(&file)).unwrap(), sent);
    let _ = recorded.finish(&complete());
    log.close("test").unwrap();
    let report = folder::verify(dir.path()).unwrap();
    assert_eq!((report.verdict.exit_code(), report.covered.bodies_exact), (0, 1));
}

#[tokio::test]
async fn what_was_taken_out_is_named_and_its_value_is_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let example = include_str!("../../../policy/examples/license-verification.json");
    let body =
        example.replace("<YOUR_LICENSE_KEY>", CANARY).replacen('{', "{\"prompt\":\"diagnosis-canary\",", 1);
    let headers = [("content-type", "application/json"), ("x-trace", "header-canary")];
    let recorded =
        send(&log, "beacon.langchain.com", "/v1/beacon/verify", &headers, body.as_bytes()).await.unwrap();
    let seq = recorded.intent().seq as usize;
    drop(recorded);
    log.close("test").unwrap();
    let found = records(dir.path());
    assert_eq!(found[seq]["decision"], "modified");
    assert!(found[seq]["removals"].to_string().contains("\"/prompt\""));
    assert!(!contains(&everything_written(dir.path()), "canary"));
}
