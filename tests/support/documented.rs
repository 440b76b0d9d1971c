//! The six documented endpoints, as the vendor's pages give them: where each payload goes and what comes back.

use super::request::{BEACON, Request, SMITH, SMITH_EU};
use serde_json::Value;
use std::path::PathBuf;

/// One documented request on one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Documented {
    pub name: &'static str,
    pub host: &'static str,
    pub path: &'static str,
    /// The file of policy/examples with its body.
    pub file: Option<&'static str>,
    pub status: u16,
    pub answer: &'static str,
}

/// The short-lived token that the vendor answers a license check with: it may be written nowhere.
pub const TOKEN: &str = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbnN3ZXItY2FuYXJ5In0.c2lnbmF0dXJlLWNhbmFyeQ";
const TOKEN_ANSWER: &str =
    r#"{"token": "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbnN3ZXItY2FuYXJ5In0.c2lnbmF0dXJlLWNhbmFyeQ"}"#;
const ORGANIZATION: &str = r#"{"org_config": {"org_id": "c5b5f53a-4716-4326-8967-d4f7f7799735"}}"#;

/// The key of the key check.
pub const API_KEY: &str = "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";

pub const LICENSE: Documented = Documented {
    name: "license verification",
    host: BEACON,
    path: "/v1/beacon/verify",
    file: Some("license-verification.json"),
    status: 200,
    answer: TOKEN_ANSWER,
};
pub const KEY: Documented = Documented {
    name: "key check",
    host: SMITH,
    path: "/auth",
    file: None,
    status: 200,
    answer: ORGANIZATION,
};
pub const LANGGRAPH_USAGE: Documented = Documented {
    name: "LangGraph usage",
    host: BEACON,
    path: "/v1/metadata/submit",
    file: Some("langgraph-usage-reporting.json"),
    status: 204,
    answer: "",
};
pub const LANGSMITH_USAGE: Documented = Documented {
    name: "LangSmith usage",
    host: BEACON,
    path: "/v1/beacon/ingest-traces",
    file: Some("langsmith-usage-reporting.json"),
    status: 200,
    answer: r#"{"inserted_count": 1}"#,
};
pub const METRICS: Documented = Documented {
    name: "metrics",
    host: BEACON,
    path: "/v1/beacon/v1/metrics",
    file: Some("telemetry-metrics.json"),
    status: 200,
    answer: "{}",
};
pub const TRACES: Documented = Documented {
    name: "traces",
    host: BEACON,
    path: "/v1/beacon/v1/traces",
    file: Some("telemetry-traces.json"),
    status: 200,
    answer: "{}",
};

/// Every documented request, the key check on both its hosts.
pub const ALL: [Documented; 7] = [
    LICENSE,
    KEY,
    Documented { host: SMITH_EU, name: "key check (EU)", ..KEY },
    LANGGRAPH_USAGE,
    LANGSMITH_USAGE,
    METRICS,
    TRACES,
];

/// Those with a body.
pub fn with_bodies() -> impl Iterator<Item = Documented> {
    ALL.into_iter().filter(|d| d.file.is_some())
}

impl Documented {
    /// The file of its body.
    pub fn example(&self) -> PathBuf {
        let file = self.file.expect("an endpoint with a body");
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("policy/examples").join(file)
    }

    /// The published body, byte for byte.
    pub fn body(&self) -> Vec<u8> {
        match self.file {
            Some(_) => std::fs::read(self.example()).unwrap(),
            None => Vec::new(),
        }
    }

    /// The published body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body()).unwrap()
    }

    /// The documented request.
    pub fn request(&self) -> Request {
        match self.file {
            Some(_) => Request::post(self.host, self.path).json(self.body()),
            None => {
                Request::post(self.host, self.path).header("X-Api-Key", API_KEY).header("Content-Length", "0")
            }
        }
    }

    /// The documented request with another body.
    pub fn with_body(&self, body: &Value) -> Request {
        Request::post(self.host, self.path).json(serde_json::to_vec(body).unwrap())
    }
}
