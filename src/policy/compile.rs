//! From a policy's file to the policy: the only way to make one.
//!
//! Every rule that a file must keep beyond its form is here, each with the place of the fault and
//! what to write instead.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::effective::{self, EffectiveEndpoint};
use super::error::{PolicyError, Position};
use super::file::{BodyFile, EndpointFile, ModeFile, PolicyFile, RecordFile};
use super::schema::{BodySchema, Source};
use super::yaml::{self, position};
use super::{BodyTerms, Endpoint, Mode, Policy, Record};
use crate::audit::escape::is_hidden;
use crate::secret::sha256_hex;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::HashSet;
use std::sync::Arc;

mod field;
mod route;

/// The version of the language that this gate reads.
const VERSION: u64 = 1;
/// The largest body that an endpoint may take, in bytes.
const LARGEST_BODY: u64 = 64 << 20;
/// Compiles a policy. `file` names it in messages; `schemas` gives the text of a schema file by its
/// name relative to the policy.
///
/// # Errors
/// The first fault: form, value, or a hole in a schema.
pub fn compile(text: &str, file: &str, schemas: &Source) -> Result<Policy, PolicyError> {
    let read = yaml::read(file, text)?;
    Compiler { file, text, schemas }.policy(read)
}

struct Compiler<'a> {
    file: &'a str,
    text: &'a str,
    schemas: &'a Source<'a>,
}

impl Compiler<'_> {
    fn policy(&self, read: PolicyFile) -> Result<Policy, PolicyError> {
        if read.version.value != VERSION {
            return Err(self
                .at(&read.version, "a version of the policy language that this gate does not know")
                .advise(format!("write `version: {VERSION}`")));
        }
        if !is_name(&read.name.value) {
            return Err(
                self.at(&read.name, "a policy's name is lower-case letters, digits and `-`, at most 64")
            );
        }
        if read.endpoints.value.is_empty() {
            return Err(self.at(&read.endpoints, "no endpoint is listed: nothing could leave"));
        }
        if read.description.value.chars().any(|c| is_hidden(c) && c != '\n') {
            return Err(self.at(&read.description, "`description` has a character that does not show"));
        }
        let mut taken = Taken::default();
        let mut endpoints = Vec::new();
        let mut effective = Vec::new();
        for endpoint in read.endpoints.value {
            let (endpoint, schema) = self.endpoint(endpoint, &mut taken)?;
            effective.push(EffectiveEndpoint::new(&endpoint, schema));
            endpoints.push(Arc::new(endpoint));
        }
        let name = read.name.value;
        let effective = effective::text(&name, &read.description.value, effective);
        let digest = format!("sha256:{}", sha256_hex(effective.as_bytes()));
        Ok(Policy { name, digest, effective, endpoints })
    }

    fn endpoint(
        &self,
        read: EndpointFile,
        taken: &mut Taken,
    ) -> Result<(Endpoint, Option<Value>), PolicyError> {
        let id = self.id(&read.id, taken)?;
        let hosts = self.hosts(&read.hosts)?;
        let takes_body = self.method(&read.method)?;
        self.path(&read.path)?;
        self.unique(&read, &hosts, taken)?;
        let query = self.fields(&read.query, |name| self.query_key(name))?;
        let headers = self.fields(&read.headers, |name| self.header_name(name))?;
        let (body, schema) = match read.body {
            Some(_) if !takes_body => {
                return Err(self
                    .at(&read.method, format!("a {} request has no body", read.method.value))
                    .advise("remove `body`, or write `method: POST`"));
            }
            Some(body) => self.body(body).map(|(body, schema)| (Some(body), Some(schema)))?,
            None => (None, None),
        };
        let endpoint = Endpoint {
            id,
            hosts,
            method: read.method.value,
            path: read.path.value,
            query,
            headers,
            body,
            record: read.record.into(),
            source: self.source(read.source)?,
        };
        Ok((endpoint, schema))
    }

    fn id(&self, id: &Spanned<String>, taken: &mut Taken) -> Result<Arc<str>, PolicyError> {
        if !is_name(&id.value) {
            return Err(self.at(id, "an endpoint's id is lower-case letters, digits and `-`, at most 64"));
        }
        if !taken.ids.insert(id.value.clone()) {
            return Err(self.at(id, format!("a second endpoint with the id `{}`", id.value)));
        }
        Ok(id.value.as_str().into())
    }

    fn body(&self, read: BodyFile) -> Result<(BodyTerms, Value), PolicyError> {
        let content_types = self.content_types(&read.content_types)?;
        if !(1..=LARGEST_BODY).contains(&read.max_bytes.value) {
            return Err(self.at(&read.max_bytes, format!("`max_bytes` is from 1 to {LARGEST_BODY}")));
        }
        let max_bytes = usize::try_from(read.max_bytes.value).unwrap_or(usize::MAX);
        let place = position(&read.schema);
        let (schema, document) = self.schema(read.schema, place)?;
        let (unknown, invalid) = (read.unknown.into(), read.invalid.into());
        Ok((BodyTerms { content_types, max_bytes, unknown, invalid, schema }, document))
    }

    fn schema(
        &self,
        read: Spanned<super::document::Document>,
        place: Position,
    ) -> Result<(BodySchema, Value), PolicyError> {
        match read.value.0 {
            Value::String(name) => {
                BodySchema::from_file(&name, self.schemas).map_err(|error| error.named_at(self.file, place))
            }
            document @ Value::Object(_) => {
                let label = format!("{}:{}:{}", self.file, place.line, place.column);
                BodySchema::from_value(&label, document, self.schemas)
            }
            _ => Err(PolicyError::at(self.file, self.text, place, "a schema is a file's name or a mapping")
                .advise("write `schema: schemas/name.json`")),
        }
    }

    fn source(&self, source: Spanned<String>) -> Result<String, PolicyError> {
        let text = source.value.as_str();
        if (1..=500).contains(&text.len()) && !text.chars().any(is_hidden) {
            return Ok(source.value);
        }
        Err(self.at(&source, "`source` says in one line where the vendor published this endpoint"))
    }

    fn at<T>(&self, place: &Spanned<T>, message: impl Into<String>) -> PolicyError {
        PolicyError::at(self.file, self.text, position(place), message)
    }
}

/// What earlier endpoints have used up.
#[derive(Default)]
struct Taken {
    ids: HashSet<String>,
    routes: HashSet<(String, String, String)>,
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

impl From<ModeFile> for Mode {
    fn from(mode: ModeFile) -> Self {
        match mode {
            ModeFile::Strip => Self::Strip,
            ModeFile::Reject => Self::Reject,
        }
    }
}

impl From<RecordFile> for Record {
    fn from(record: RecordFile) -> Self {
        match record {
            RecordFile::Body => Self::Body,
            RecordFile::Digest => Self::Digest,
        }
    }
}
