//! May this request be made at all? Policy and facts in, a permit or a refusal out.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use crate::destination::Host;
use crate::facts::RequestFacts;
use crate::inspect::{UNLISTED, coding};
use crate::name;
use crate::policy::{BodyTerms, Endpoint, Policy};
use crate::refusal::{Code, Refusal};
use crate::removal::{Place, Removal};
use crate::secret::Secret;
use std::sync::Arc;

/// The right to make one request, with its terms. Only [`decide`] makes one.
#[must_use = "a permit is spent by inspecting the body it was given for"]
pub struct Permit {
    policy: Arc<Policy>,
    endpoint: Arc<Endpoint>,
    host: Host,
    query: Vec<(String, String)>,
    headers: Vec<(String, FieldValue)>,
    content_type: Option<String>,
    dropped: Vec<Removal>,
}

/// The value of a header that will be sent.
#[derive(Debug, Clone)]
pub enum FieldValue {
    /// One that may be written down.
    Plain(String),
    /// One that may not.
    Secret(Secret),
}

/// Without the values of query and fields: secrets are among them.
impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permit")
            .field("endpoint", &self.endpoint.id)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

impl Permit {
    /// The policy that gave it; the same for the whole life of the request.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The endpoint that was matched.
    pub fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// The host, one of the endpoint's.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The query that will be sent: keys of the endpoint, in its order, values that matched.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// The header fields that will be sent beside the gate's own, in the endpoint's order.
    pub fn headers(&self) -> &[(String, FieldValue)] {
        &self.headers
    }

    /// The media type of the body, one of the endpoint's; `None` without a body.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Header fields of the client's that will not be sent and are not the routine of every client.
    pub fn dropped(&self) -> &[Removal] {
        &self.dropped
    }

    /// The most bytes of body that may be read.
    pub fn max_body(&self) -> usize {
        self.endpoint.body.as_ref().map_or(0, |b| b.max_bytes)
    }
}

/// Fields that every client sends and that carry nothing of the request's meaning to the vendor: the
/// gate answers, replaces or ignores them. Everything else that is not sent is in the record.
const ROUTINE: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "pragma",
    "priority",
    "proxy-connection",
    "sec-fetch-mode",
    "te",
    "trailer",
    "transfer-encoding",
    "user-agent",
];

/// Decides on a request's head. Every way out that is not a permit carries its reason.
///
/// # Errors
/// The first term that is not met: destination, path, method, query, headers, content type, content
/// coding, in this order.
pub fn decide(policy: &Arc<Policy>, facts: &RequestFacts<'_>) -> Result<Permit, Refusal> {
    let endpoint = find(policy, facts)?;
    terms(policy, endpoint, facts).map_err(|refusal| refusal.at(&endpoint.id))
}

fn find<'p>(policy: &'p Policy, facts: &RequestFacts<'_>) -> Result<&'p Arc<Endpoint>, Refusal> {
    if !policy.allows_host(facts.host) {
        return Err(Refusal::new(
            Code::DestinationNotAllowed,
            format!("the policy `{}` lists no endpoint on this host", policy.name()),
        ));
    }
    let here: Vec<_> =
        policy.endpoints().iter().filter(|e| e.path == facts.path && e.hosts.contains(facts.host)).collect();
    if here.is_empty() {
        return Err(Refusal::new(
            Code::PathNotAllowed,
            format!("the policy `{}` lists no endpoint with this path on {}", policy.name(), facts.host),
        ));
    }
    here.iter().find(|e| e.method == facts.method).copied().ok_or_else(|| {
        let allow = here.iter().map(|e| e.method.as_str()).collect::<Vec<_>>().join(", ");
        let mut refusal = Refusal::new(Code::MethodNotAllowed, format!("this path takes {allow} only"));
        refusal.allow = Some(allow);
        refusal.at(&here[0].id)
    })
}

fn terms(
    policy: &Arc<Policy>,
    endpoint: &Arc<Endpoint>,
    facts: &RequestFacts<'_>,
) -> Result<Permit, Refusal> {
    let query = query(endpoint, facts.query)?;
    let headers = headers(endpoint, facts)?;
    let content_type = match &endpoint.body {
        Some(body) => Some(content_type(body, facts)?),
        None if facts.has_body => {
            return Err(Refusal::new(Code::BodyNotExpected, "this endpoint takes no body"));
        }
        None => None,
    };
    coding::supported(facts.values("content-encoding"))?;
    Ok(Permit {
        policy: Arc::clone(policy),
        endpoint: Arc::clone(endpoint),
        host: facts.host.clone(),
        query,
        headers,
        content_type,
        dropped: dropped(endpoint, facts),
    })
}

fn query(endpoint: &Endpoint, query: Option<&str>) -> Result<Vec<(String, String)>, Refusal> {
    let refuse = |detail: String| Err(Refusal::new(Code::QueryNotAllowed, detail));
    let mut given: Vec<(&str, &str)> = Vec::new();
    for pair in query.into_iter().flat_map(|q| q.split('&')) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if given.iter().any(|(k, _)| *k == key) {
            return refuse(format!("the query key {} stands twice", name::recordable(key)));
        }
        let Some(term) = endpoint.query.iter().find(|f| f.name == key) else {
            return refuse(format!("the query key {} is not listed", name::recordable(key)));
        };
        if !term.pattern.is_match(value) {
            return refuse(format!("the value of the query key {key} does not have its listed shape"));
        }
        given.push((key, value));
    }
    if let Some(missing) =
        endpoint.query.iter().find(|f| f.required && !given.iter().any(|(k, _)| *k == f.name))
    {
        return refuse(format!("the query key {} is missing", missing.name));
    }
    let in_order = endpoint.query.iter().filter_map(|f| given.iter().find(|(k, _)| *k == f.name));
    Ok(in_order.map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
}

fn headers(endpoint: &Endpoint, facts: &RequestFacts<'_>) -> Result<Vec<(String, FieldValue)>, Refusal> {
    let mut headers = Vec::with_capacity(endpoint.headers.len());
    for term in &endpoint.headers {
        let refuse = |what: &str| {
            Err(Refusal::new(Code::HeaderNotAllowed, format!("the header {} {what}", term.name)))
        };
        let mut values = facts.values(&term.name);
        match (values.next(), values.next()) {
            (None, _) if term.required => return refuse("is missing"),
            (None, _) => {}
            (Some(_), Some(_)) => return refuse("stands twice"),
            (Some(value), None) => match std::str::from_utf8(value) {
                Ok(text) if term.pattern.is_match(text) => {
                    let value = if term.secret {
                        FieldValue::Secret(Secret::new(value))
                    } else {
                        FieldValue::Plain(text.to_owned())
                    };
                    headers.push((term.name.clone(), value));
                }
                _ => return refuse("does not have its listed shape"),
            },
        }
    }
    Ok(headers)
}

/// One Content-Type of the endpoint's; as parameters only the charset that JSON has anyway.
fn content_type(body: &BodyTerms, facts: &RequestFacts<'_>) -> Result<String, Refusal> {
    let refuse = |what: &str| {
        let listed = body.content_types.join(" or ");
        Err(Refusal::new(
            Code::ContentTypeNotAllowed,
            format!("the Content-Type {what}; this endpoint takes {listed}"),
        ))
    };
    let mut values = facts.values("content-type");
    let value = match (values.next().map(std::str::from_utf8), values.next()) {
        (None, _) => return refuse("is missing"),
        (Some(Ok(value)), None) => value.to_ascii_lowercase(),
        _ => return refuse("stands twice or is not ASCII"),
    };
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    if !body.content_types.iter().any(|t| t == media_type) {
        return refuse("is not listed");
    }
    if parts.any(|p| !matches!(p, "charset=utf-8" | "charset=\"utf-8\"")) {
        return refuse("has a parameter other than charset=utf-8");
    }
    Ok(media_type.to_owned())
}

fn dropped(endpoint: &Endpoint, facts: &RequestFacts<'_>) -> Vec<Removal> {
    facts
        .headers
        .iter()
        .filter(|(n, _)| !ROUTINE.contains(&n.as_str()) && !endpoint.headers.iter().any(|f| f.name == *n))
        .map(|(n, _)| Removal {
            place: Place::Header { name: name::recordable(n).into_owned() },
            json_type: None,
            rule: UNLISTED.to_owned(),
            cause: None,
        })
        .collect()
}
