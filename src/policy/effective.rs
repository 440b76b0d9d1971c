//! The effective policy: everything that decides, as one JSON document with its schemas inside.
//!
//! It is what the digest covers and the log keeps, so its text depends on nothing but its content:
//! members are sorted by name, and there is no white space between them.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::{Endpoint, Field, Mode, Record, format};
use serde::Serialize;
use serde_json::Value;

/// An endpoint in the effective policy.
#[derive(Serialize)]
pub(super) struct EffectiveEndpoint(Value);

impl EffectiveEndpoint {
    pub fn new(endpoint: &Endpoint, schema: Option<Value>) -> Self {
        let body = endpoint.body.as_ref().map(|body| {
            serde_json::json!({
                "content_types": body.content_types,
                "max_bytes": body.max_bytes,
                "unknown": mode(body.unknown),
                "invalid": mode(body.invalid),
                "schema": schema,
            })
        });
        Self(serde_json::json!({
            "id": &*endpoint.id,
            "hosts": endpoint.hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>(),
            "method": endpoint.method,
            "path": endpoint.path,
            "query": fields(&endpoint.query),
            "headers": fields(&endpoint.headers),
            "body": body,
            "record": match endpoint.record { Record::Body => "body", Record::Digest => "digest" },
            "source": endpoint.source,
        }))
    }
}

/// The text of the whole policy.
pub(super) fn text(name: &str, description: &str, endpoints: Vec<EffectiveEndpoint>) -> String {
    let endpoints: Vec<Value> = endpoints.into_iter().map(|endpoint| endpoint.0).collect();
    let mut policy = serde_json::json!({
        "version": 1,
        "name": name,
        "description": description,
        "endpoints": endpoints,
    });
    // The gate's own formats are words in its binary; what they admit is part of what decides.
    policy["formats"] = format::lists_used_by(&policy.to_string());
    policy.sort_all_objects();
    policy.to_string()
}

fn fields(fields: &[Field]) -> Vec<Value> {
    fields
        .iter()
        .map(|field| {
            serde_json::json!({
                "name": field.name,
                "required": field.required,
                "secret": field.secret,
                "pattern": field.pattern.as_str(),
            })
        })
        .collect()
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Strip => "strip",
        Mode::Reject => "reject",
    }
}
