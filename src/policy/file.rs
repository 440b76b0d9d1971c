//! The policy as it stands in its file: what serde reads, with positions, before anything is judged.
//!
//! A key that is not here is an error. What the values must be is [`super::compile`]'s to say.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::document::Document;
use serde::Deserialize;
use serde_saphyr::{Location, Spanned};

/// A whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyFile {
    pub version: Spanned<u64>,
    pub name: Spanned<String>,
    #[serde(default = "nothing")]
    pub description: Spanned<String>,
    pub endpoints: Spanned<Vec<EndpointFile>>,
}

fn nothing() -> Spanned<String> {
    Spanned::new(String::new(), Location::UNKNOWN, Location::UNKNOWN)
}

/// One entry of `endpoints`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointFile {
    pub id: Spanned<String>,
    pub hosts: Spanned<Vec<Spanned<String>>>,
    pub method: Spanned<String>,
    pub path: Spanned<String>,
    #[serde(default)]
    pub query: Vec<FieldFile>,
    #[serde(default)]
    pub headers: Vec<FieldFile>,
    pub body: Option<BodyFile>,
    #[serde(default)]
    pub record: RecordFile,
    pub source: Spanned<String>,
}

/// One entry of `query` or `headers`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldFile {
    pub name: Spanned<String>,
    pub pattern: Spanned<String>,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub secret: bool,
}

/// The terms of a body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyFile {
    pub content_types: Spanned<Vec<Spanned<String>>>,
    pub max_bytes: Spanned<u64>,
    pub unknown: ModeFile,
    pub invalid: ModeFile,
    /// A file's name, or the schema itself.
    pub schema: Spanned<Document>,
}

/// `strip` or `reject`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ModeFile {
    Strip,
    Reject,
}

/// `body` or `digest`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RecordFile {
    #[default]
    Body,
    Digest,
}
