//! From a policy's file to the policy: the only way to make one.
//!
//! Every rule that a file must keep beyond its form is here, each with the place of the fault and
//! what to write instead.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::effective::{self, EffectiveEndpoint};
use super::error::{PolicyError, Position};
use super::file::{BodyFile, EndpointFile, FieldFile, ModeFile, PolicyFile, RecordFile};
use super::schema::{BodySchema, Source};
use super::yaml::{self, position};
use super::{BodyTerms, Endpoint, Field, Mode, Policy, Record, pattern};
use crate::destination::Host;
use crate::secret::sha256_hex;
use serde_json::Value;
use serde_saphyr::Spanned;
use std::collections::HashSet;
use std::sync::Arc;

/// The version of the language that this gate reads.
const VERSION: u64 = 1;
/// The largest body that an endpoint may take, in bytes.
const LARGEST_BODY: u64 = 64 << 20;
/// The methods that an endpoint may have, and whether a body may come with them.
const METHODS: &[(&str, bool)] =
    &[("GET", false), ("HEAD", false), ("POST", true), ("PUT", true), ("PATCH", true), ("DELETE", false)];
/// The media types that the gate can look into.
const CONTENT_TYPES: &[&str] = &["application/json"];
/// Fields that the gate makes itself, that end at it, or that would carry what no schema sees.
const OWN_HEADERS: &[&str] = &[
    "accept-encoding",
    "alt-svc",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

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
        let mut taken = Taken::default();
        let mut endpoints = Vec::new();
        let mut effective = Vec::new();
        for endpoint in read.endpoints.value {
            let (endpoint, schema) = self.endpoint(endpoint, &mut taken)?;
            effective.push(EffectiveEndpoint::new(&endpoint, schema));
            endpoints.push(Arc::new(endpoint));
        }
        let name = read.name.value;
        let effective = effective::text(&name, &read.description, effective);
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

    fn hosts(&self, read: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<Host>, PolicyError> {
        if read.value.is_empty() {
            return Err(self
                .at(read, "no host is listed")
                .advise("add at least one, like `- beacon.langchain.com`"));
        }
        let mut hosts = Vec::new();
        for text in &read.value {
            let host = Host::parse(text.value.as_bytes()).map_err(|why| {
                self.at(text, format!("not a host name: {why}")).advise(
                    "write one exact name, like `beacon.langchain.com`: no port, no pattern, no address",
                )
            })?;
            if host.as_str() != text.value {
                return Err(self
                    .at(text, "a host name in another than its one canonical form")
                    .advise(format!("write `{host}`")));
            }
            if hosts.contains(&host) {
                return Err(self.at(text, "this host is listed a second time"));
            }
            hosts.push(host);
        }
        Ok(hosts)
    }

    fn method(&self, method: &Spanned<String>) -> Result<bool, PolicyError> {
        let upper = method.value.to_ascii_uppercase();
        let known = METHODS.iter().find(|(name, _)| *name == upper);
        match known {
            Some((name, takes_body)) if *name == method.value => Ok(*takes_body),
            Some((name, _)) => {
                Err(self.at(method, "methods are upper case").advise(format!("write `{name}`")))
            }
            None => Err(self
                .at(method, "not a method that an endpoint may have")
                .advise("write one of GET, HEAD, POST, PUT, PATCH, DELETE")),
        }
    }

    /// A path is compared byte for byte, so it must be one that can be sent, in its only spelling.
    fn path(&self, path: &Spanned<String>) -> Result<(), PolicyError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"/-._~!$&'()*+,=:@".contains(&b);
        let text = path.value.as_str();
        let fault = if !text.starts_with('/') {
            "a path begins with `/`"
        } else if text.contains(['?', '#']) {
            "a path ends where the query begins: list query keys under `query`"
        } else if text.contains('%') {
            "a path has one spelling, so none that is percent-encoded"
        } else if text.split('/').any(|segment| segment == "." || segment == "..") {
            "a path has no dot segments"
        } else if text.contains("//") {
            "a path has no empty segments"
        } else if !text.bytes().all(allowed) || text.len() > 512 {
            "a path is at most 512 letters, digits, and `/ - . _ ~ ! $ & ' ( ) * + , = : @`"
        } else {
            return Ok(());
        };
        Err(self.at(path, fault).advise("write the exact path, like `/v1/beacon/verify`"))
    }

    fn unique(&self, read: &EndpointFile, hosts: &[Host], taken: &mut Taken) -> Result<(), PolicyError> {
        for host in hosts {
            let route = (host.as_str().to_owned(), read.method.value.clone(), read.path.value.clone());
            if !taken.routes.insert(route) {
                let (method, path) = (&read.method.value, &read.path.value);
                return Err(self
                    .at(&read.path, format!("a second endpoint for {method} {path} on {host}"))
                    .advise("keep one of the two: which of them decides must not depend on their order"));
            }
        }
        Ok(())
    }

    fn fields(
        &self,
        read: &[FieldFile],
        check_name: impl Fn(&Spanned<String>) -> Result<(), PolicyError>,
    ) -> Result<Vec<Field>, PolicyError> {
        let mut fields: Vec<Field> = Vec::new();
        for field in read {
            check_name(&field.name)?;
            let name = field.name.value.to_ascii_lowercase();
            if fields.iter().any(|f| f.name == field.name.value || f.name == name) {
                return Err(self.at(&field.name, format!("`{}` is listed a second time", field.name.value)));
            }
            let pattern = pattern::whole(&field.pattern.value).map_err(|why| self.at(&field.pattern, why))?;
            let (required, secret) = (field.required, field.secret);
            fields.push(Field { name: field.name.value.clone(), required, secret, pattern });
        }
        Ok(fields)
    }

    fn query_key(&self, name: &Spanned<String>) -> Result<(), PolicyError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if (1..=64).contains(&name.value.len()) && name.value.bytes().all(plain) {
            return Ok(());
        }
        Err(self.at(name, "a query key is 1 to 64 letters, digits, and `- . _ ~`"))
    }

    fn header_name(&self, name: &Spanned<String>) -> Result<(), PolicyError> {
        let text = name.value.as_str();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if !(1..=64).contains(&text.len()) || !text.bytes().all(token) {
            return Err(self.at(name, "a header's name is 1 to 64 letters, digits, `-` and `_`"));
        }
        let lower = text.to_ascii_lowercase();
        if lower != text {
            return Err(self.at(name, "header names are lower case here").advise(format!("write `{lower}`")));
        }
        if OWN_HEADERS.contains(&text) || text.starts_with("proxy-") || text.starts_with("sec-") {
            return Err(self
                .at(name, format!("`{text}` is the gate's own to make, or ends at the gate"))
                .advise("remove it: what the upstream needs of it is sent without being listed"));
        }
        Ok(())
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

    fn content_types(&self, read: &Spanned<Vec<Spanned<String>>>) -> Result<Vec<String>, PolicyError> {
        if read.value.is_empty() {
            return Err(self.at(read, "no content type is listed").advise("write `[application/json]`"));
        }
        for (index, media_type) in read.value.iter().enumerate() {
            if !CONTENT_TYPES.contains(&media_type.value.as_str()) {
                return Err(self
                    .at(media_type, "a content type that the gate cannot look into")
                    .advise("write `application/json`: lower case, without parameters"));
            }
            if read.value[..index].iter().any(|earlier| earlier.value == media_type.value) {
                return Err(self.at(media_type, "this content type is listed a second time"));
            }
        }
        Ok(read.value.iter().map(|media_type| media_type.value.clone()).collect())
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
        if (1..=500).contains(&text.len()) && !text.chars().any(char::is_control) {
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
