//! `beacongate policy test`: one request through the same decision and inspection as in the gate, with
//! nothing sent and nothing logged.

use super::diff;
use super::{MODIFIED, OK, REFUSED, complain, load, print};
use crate::cli::paint::Paint;
use crate::decide::{FieldValue, decide};
use crate::destination::Host;
use crate::facts::RequestFacts;
use crate::forward::fields::request_target;
use crate::inspect::{Cleared, ReceivedBody, inspect};
use crate::policy::schema::PlacePattern;
use crate::policy::{Endpoint, profile};
use crate::refusal::Refusal;
use bytes::Bytes;
use clap::Args;
use serde_json::{Value, json};
use std::io::{IsTerminal, Read};
use std::sync::Arc;

/// Arguments of `policy test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// The endpoint that the request is for; `policy show` lists them.
    #[arg(long, value_name = "ID")]
    endpoint: String,
    /// A policy file, or the name of a built-in profile.
    #[arg(long, value_name = "FILE|PROFILE", default_value = profile::DEFAULT, env = "BEACONGATE_POLICY")]
    policy: String,
    /// A header of the request; repeatable. Content-Type is the endpoint's own unless given.
    #[arg(long = "header", short = 'H', value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The query of the request, without the question mark.
    #[arg(long, value_name = "QUERY")]
    query: Option<String>,
    /// One of the endpoint's hosts; the first unless given.
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The answer as one JSON document.
    #[arg(long)]
    json: bool,
}

/// Tries the request; returns the exit code.
pub(super) fn run(args: &TestArgs) -> u8 {
    match prepare(args) {
        Ok(trial) => trial.judge(args.json),
        Err(code) => code,
    }
}

/// A request that can be judged.
struct Trial {
    policy: Arc<crate::policy::Policy>,
    endpoint: Arc<Endpoint>,
    host: Host,
    query: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    content: Bytes,
}

fn prepare(args: &TestArgs) -> Result<Trial, u8> {
    let policy = Arc::new(load(&args.policy)?);
    let Some(endpoint) = policy.endpoint(&args.endpoint).map(Arc::clone) else {
        let known = policy.endpoints().iter().map(|e| &*e.id).collect::<Vec<_>>().join(", ");
        return Err(complain(&format!("no endpoint `{}` in this policy; it has {known}", args.endpoint)));
    };
    let host = match &args.host {
        Some(text) => Host::parse(text.as_bytes()).map_err(|why| complain(&format!("--host: {why}")))?,
        None => endpoint.hosts.first().cloned().ok_or_else(|| complain("this endpoint has no host"))?,
    };
    let content = match &endpoint.body {
        Some(terms) => stdin(terms.max_bytes)?,
        None => Bytes::new(),
    };
    let mut headers = args.headers.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>()?;
    let given = headers.iter().any(|(name, _)| name == "content-type");
    if let Some(first) =
        endpoint.body.as_ref().and_then(|terms| terms.content_types.first()).filter(|_| !given)
    {
        headers.push(("content-type".to_owned(), first.clone().into_bytes()));
    }
    Ok(Trial { policy, endpoint, host, query: args.query.clone(), headers, content })
}

/// Reads the body; one byte beyond the bound is read so that the refusal is the gate's.
fn stdin(max_bytes: usize) -> Result<Bytes, u8> {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("reading the body from the terminal; end it with Ctrl-D");
    }
    let mut content = Vec::new();
    let read = input.lock().take(max_bytes as u64 + 1).read_to_end(&mut content);
    read.map_err(|error| complain(&format!("stdin: {error}")))?;
    Ok(content.into())
}

fn header(text: &str) -> Result<(String, Vec<u8>), u8> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_ascii_lowercase(), value.trim().as_bytes().to_vec()))
        }
        _ => Err(complain("--header takes `Name: value`")),
    }
}

impl Trial {
    fn judge(self, json: bool) -> u8 {
        let facts = RequestFacts {
            host: &self.host,
            method: &self.endpoint.method,
            path: &self.endpoint.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            has_body: !self.content.is_empty(),
        };
        let wire_length = self.content.len() as u64;
        let body = ReceivedBody { content: self.content.clone(), wire_length, trailers: Vec::new() };
        match decide(&self.policy, &facts).and_then(|permit| inspect(permit, body)) {
            Ok(cleared) => {
                let code = if cleared.removals().is_empty() { OK } else { MODIFIED };
                print(&if json { cleared_json(&cleared) } else { self.cleared_page(&cleared) }, code)
            }
            Err(refusal) => {
                print(&if json { refused_json(&refusal) } else { self.refused_page(&refusal) }, REFUSED)
            }
        }
    }

    fn cleared_page(&self, cleared: &Cleared) -> String {
        let paint = Paint::for_stdout();
        let mut page = head(cleared);
        if let Some(body) = cleared.body() {
            let (received, leaves) = (self.content.len(), body.bytes.len());
            page.push_str(&format!("body      {received} bytes received, {leaves} bytes would leave\n\n"));
            page.push_str(&self.marked(cleared.removals(), paint));
        }
        page.push('\n');
        if cleared.removals().is_empty() {
            page.push_str(&paint.green("all of it leaves"));
            page.push('\n');
        } else {
            page.push_str(&taken_out("taken out", cleared.removals()));
        }
        page
    }

    fn refused_page(&self, refusal: &Refusal) -> String {
        let paint = Paint::for_stdout();
        let verdict = paint.red("refused");
        let mut page = format!("{verdict}   {}: {}\n", refusal.code.as_str(), refusal.detail);
        if !refusal.violations.is_empty() {
            page.push('\n');
            page.push_str(&self.marked(&refusal.violations, paint));
            page.push('\n');
            page.push_str(&taken_out("because of", &refusal.violations));
        }
        page
    }

    /// The received body with the marks; a body that is no JSON has none.
    fn marked(&self, removals: &[crate::removal::Removal], paint: Paint) -> String {
        let secrets: &[PlacePattern] = self.endpoint.body.as_ref().map_or(&[], |terms| &terms.schema.secrets);
        match serde_json::from_slice::<Value>(&self.content) {
            Ok(body) => diff::render(&body, removals, secrets, paint),
            Err(_) => String::new(),
        }
    }
}

fn head(cleared: &Cleared) -> String {
    let permit = cleared.permit();
    let endpoint = permit.endpoint();
    let mut page = format!("endpoint  {}\nrequest   {} {}\n", endpoint.id, endpoint.method, url(cleared));
    for (name, value) in permit.headers() {
        page.push_str(&format!("header    {name}: {}\n", shown(value)));
    }
    page
}

/// Where it would go, by the gate's own words.
fn url(cleared: &Cleared) -> String {
    format!("https://{}{}", cleared.permit().host(), request_target(cleared))
}

fn shown(value: &FieldValue) -> &str {
    match value {
        FieldValue::Plain(text) => text,
        FieldValue::Secret(_) => diff::MASK,
    }
}

fn taken_out(title: &str, removals: &[crate::removal::Removal]) -> String {
    const MOST: usize = 50;
    let mut page = format!("{title} ({})\n", removals.len());
    for removal in removals.iter().take(MOST) {
        page.push_str(&format!("  {}\n", diff::summary(removal)));
    }
    if removals.len() > MOST {
        page.push_str(&format!("  and {} more; --json lists all\n", removals.len() - MOST));
    }
    page
}

fn cleared_json(cleared: &Cleared) -> String {
    let permit = cleared.permit();
    let headers: serde_json::Map<String, Value> =
        permit.headers().iter().map(|(name, value)| (name.clone(), json!(shown(value)))).collect();
    let body = cleared.body().map_or(Value::Null, |body| {
        serde_json::from_slice(&body.masked(|_| diff::MASK.to_owned())).unwrap_or_default()
    });
    let answer = json!({
        "verdict": if cleared.removals().is_empty() { "allowed" } else { "modified" },
        "endpoint": &*permit.endpoint().id,
        "method": permit.endpoint().method,
        "url": url(cleared),
        "headers": headers,
        "body": body,
        "removals": cleared.removals(),
    });
    format!("{answer}\n")
}

fn refused_json(refusal: &Refusal) -> String {
    let answer = json!({
        "verdict": "refused",
        "endpoint": refusal.endpoint.as_deref(),
        "code": refusal.code.as_str(),
        "detail": refusal.detail,
        "violations": refusal.violations,
    });
    format!("{answer}\n")
}
