//! What the demonstration sends: the six published payloads, and three that carry something else.

/// One request.
#[derive(Debug, Clone)]
pub struct DemoRequest {
    /// What it is, in words.
    pub title: &'static str,
    /// The host.
    pub host: &'static str,
    /// The path; the method is POST.
    pub path: &'static str,
    /// Fields beside Host and Content-Type.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: String,
    /// Whether it carries something that no page documents.
    pub undocumented: bool,
}

const BEACON: &str = "beacon.langchain.com";
const API: &str = "api.smith.langchain.com";

/// All requests in the order in which they are sent.
pub fn all() -> Vec<DemoRequest> {
    let mut all = documented();
    all.extend(undocumented());
    all
}

fn documented() -> Vec<DemoRequest> {
    let of = |title, host, path, body: &str| DemoRequest {
        title,
        host,
        path,
        headers: Vec::new(),
        body: body.to_owned(),
        undocumented: false,
    };
    let mut key_check = of("API key verification", API, "/auth", "");
    key_check.headers.push(("x-api-key", "lsv2_sk_demo_0000000000000000"));
    vec![
        of("license verification", BEACON, "/v1/beacon/verify", LICENSE),
        key_check,
        of("LangGraph usage reporting", BEACON, "/v1/metadata/submit", LANGGRAPH_USAGE),
        of("LangSmith usage reporting", BEACON, "/v1/beacon/ingest-traces", LANGSMITH_USAGE),
        of("telemetry: metrics", BEACON, "/v1/beacon/v1/metrics", METRICS),
        of("telemetry: traces", BEACON, "/v1/beacon/v1/traces", TRACES),
    ]
}

fn undocumented() -> Vec<DemoRequest> {
    let of = |title, host, path, body: String| DemoRequest {
        title,
        host,
        path,
        headers: Vec::new(),
        body,
        undocumented: true,
    };
    let field = LANGSMITH_USAGE.replacen(
        "\"trace_count\": 5,",
        "\"trace_count\": 5,\n      \"user_email\": \"jane.doe@acme.example\",",
        1,
    );
    let prompt = METRICS.replacen(
        "Request latency of LangSmith services",
        "Summarise the medical history of Jane Doe, born 1984",
        1,
    );
    let trace = r#"{"name": "ChatOpenAI", "run_type": "llm", "inputs": {"prompt": "What is wrong with Jane Doe?"}}"#;
    vec![
        of("usage reporting with a field nobody documented", BEACON, "/v1/beacon/ingest-traces", field),
        of("metrics with a prompt in an allowed place", BEACON, "/v1/beacon/v1/metrics", prompt),
        of("a trace upload to an allowed host", API, "/runs", trace.to_owned()),
    ]
}

const LICENSE: &str = include_str!("../../policy/examples/license-verification.json");
const LANGGRAPH_USAGE: &str = include_str!("../../policy/examples/langgraph-usage-reporting.json");
const LANGSMITH_USAGE: &str = include_str!("../../policy/examples/langsmith-usage-reporting.json");
const METRICS: &str = include_str!("../../policy/examples/telemetry-metrics.json");
const TRACES: &str = include_str!("../../policy/examples/telemetry-traces.json");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undocumented_is_really_in_the_requests() {
        let all = all();
        assert_eq!(all.iter().filter(|r| !r.undocumented).count(), 6);
        for canary in ["jane.doe@acme.example", "medical history", "What is wrong"] {
            assert!(all.iter().any(|r| r.undocumented && r.body.contains(canary)), "{canary}");
        }
    }
}
