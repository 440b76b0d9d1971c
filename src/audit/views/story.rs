//! One transaction, told from beginning to end.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::{Record, Removal};
use crate::audit::escape::visible;
use std::fmt::Write as _;

/// Tells the records of one transaction in words. `body` is the text of a body file, where there is one.
/// Everything that comes from outside is fit for a terminal.
pub fn story(records: &[Record<'_>], body: Option<&str>) -> String {
    let mut told = Told(String::new());
    if let Some(first) = records.first() {
        told.line(0, format_args!("transaction {}", first.id));
    }
    for record in records {
        match record.kind.as_str() {
            "intent" => told.intent(record, body),
            "outcome" => told.outcome(record),
            "denied" => told.denied(record),
            _ => {
                let (seq, time, kind) = (record.seq, &record.time, &record.kind);
                told.line(0, format_args!("record {seq}, {time}: {kind}"));
            }
        }
    }
    told.0
}

struct Told(String);

impl Told {
    fn line(&mut self, indent: usize, text: std::fmt::Arguments<'_>) {
        let text = visible(&text.to_string());
        let _ = writeln!(self.0, "{:indent$}{text}", "");
    }

    fn fact(&mut self, name: &str, text: std::fmt::Arguments<'_>) {
        self.line(2, format_args!("{name:<11} {text}"));
    }

    fn intent(&mut self, record: &Record<'_>, body: Option<&str>) {
        let (to, tls, request) = (&record.destination, &record.tls, &record.request);
        self.line(0, format_args!("intent: record {}, {}, {}", record.seq, record.time, record.decision));
        self.source(record);
        self.fact("to", format_args!("{} at {} port {}", to.host, to.address, to.port.unwrap_or(0)));
        self.fact(
            "",
            format_args!("{}, certificate sha256 {}", tls.upstream.version, tls.upstream.certificate_sha256),
        );
        self.fact("request", format_args!("{} {} ({})", request.method, request.path, request.endpoint));
        self.pairs("query", &request.query);
        self.pairs("headers", &request.headers);
        self.policy(record);
        let received = &record.received;
        let media_type = received.media_type.as_deref().unwrap_or("no type");
        self.fact(
            "received",
            format_args!(
                "{} bytes, {} on the wire, {}, {media_type}",
                received.length, received.wire_length, received.coding
            ),
        );
        self.removals("taken out", &record.removals);
        self.sent(record, body);
    }

    fn sent(&mut self, record: &Record<'_>, body: Option<&str>) {
        let sent = &record.sent;
        self.fact("left", format_args!("{} bytes, sha256 {}", sent.length, sent.sha256));
        match sent.masked {
            0 => {}
            1 => self.fact("", format_args!("one secret is shown as its fingerprint")),
            n => self.fact("", format_args!("{n} secrets are shown as their fingerprints")),
        }
        if let Some(file) = &sent.body_file {
            self.fact("", format_args!("kept in {file}"));
        }
        if let Some(text) = sent.body.map(serde_json::value::RawValue::get).or(body) {
            for line in indented(text).lines() {
                self.line(14, format_args!("{line}"));
            }
        }
    }

    fn outcome(&mut self, record: &Record<'_>) {
        let outcome = &record.outcome;
        self.line(0, format_args!("outcome: record {}, {}", record.seq, record.time));
        let meaning = match outcome.result.as_str() {
            "not_sent" => "not sent: nothing of it left",
            "partial" => "partial: some of it left",
            "complete" => "complete: all of it left, and an answer came",
            _ => "unknown: it may have left",
        };
        self.fact("result", format_args!("{meaning}"));
        if let Some(status) = outcome.status {
            self.fact("answer", format_args!("status {status}, {} bytes of body", outcome.response_bytes));
        }
        if let Some(duration) = outcome.duration_us {
            self.fact("took", format_args!("{}.{:03} ms", duration / 1000, duration % 1000));
        }
        if let Some(error) = &outcome.error {
            self.fact("error", format_args!("{error}"));
        }
    }

    fn denied(&mut self, record: &Record<'_>) {
        let (refusal, request) = (&record.refusal, &record.request);
        self.line(0, format_args!("{}: record {}, {}", record.decision, record.seq, record.time));
        self.source(record);
        if !record.destination.host.is_empty() {
            self.fact("to", format_args!("{}", record.destination.host));
        }
        let endpoint = if request.endpoint.is_empty() { "no endpoint" } else { &request.endpoint };
        self.fact("request", format_args!("{} {} ({endpoint})", request.method, request.path));
        self.policy(record);
        self.fact("refusal", format_args!("{} (status {})", refusal.code, refusal.status.unwrap_or(0)));
        self.fact("", format_args!("{}", refusal.detail));
        if let Some(certificate) = &refusal.certificate_sha256 {
            self.fact("", format_args!("certificate sha256 {certificate}"));
        }
        self.removals("violations", &refusal.violations);
    }

    fn source(&mut self, record: &Record<'_>) {
        let (source, tls) = (&record.source, &record.tls.client.version);
        let tls = if tls.is_empty() { "no TLS" } else { tls };
        self.fact("from", format_args!("{} port {}, {tls}", source.address, source.port.unwrap_or(0)));
    }

    fn policy(&mut self, record: &Record<'_>) {
        if let Some(digest) = record.policy.and_then(|p| serde_json::from_str::<String>(p.get()).ok()) {
            self.fact("policy", format_args!("{digest}"));
        }
    }

    fn pairs(&mut self, name: &str, pairs: &[(String, String)]) {
        for (i, (key, value)) in pairs.iter().enumerate() {
            self.fact(if i == 0 { name } else { "" }, format_args!("{key}: {value}"));
        }
    }

    fn removals(&mut self, name: &str, removals: &[Removal]) {
        if removals.is_empty() {
            self.fact(name, format_args!("nothing"));
        }
        for (i, removal) in removals.iter().enumerate() {
            let at = match (removal.pointer.as_deref(), removal.name.as_deref()) {
                (Some(""), _) => "the whole",
                (Some(pointer), _) => pointer,
                (None, name) => name.unwrap_or_default(),
            };
            let kind = removal.json_type.as_deref().map_or(String::new(), |t| format!(" ({t})"));
            let cause = removal.cause.as_deref().map_or(String::new(), |c| format!(", because of {c}"));
            let name = if i == 0 { name } else { "" };
            self.fact(name, format_args!("{} {at}{kind}: {}{cause}", removal.place, removal.rule));
        }
    }
}

/// Compact JSON over several lines; every token stays as it is, digit for digit.
pub fn indented(json: &str) -> String {
    let mut out = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' if chars.peek().is_some_and(|next| matches!(next, '}' | ']')) => {
                out.push(c);
                out.extend(chars.next());
            }
            '{' | '[' => {
                depth += 1;
                out.push(c);
                new_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c => {
                in_string = c == '"';
                out.push(c);
            }
        }
    }
    out
}

fn new_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indenting_changes_nothing_but_the_space_between_tokens() {
        let json = r#"{"a":[1678886400000000000,12.340,{},[]],"b{\":,":"x\\","c":{"d":null}}"#;
        let shown = indented(json);
        assert_eq!(
            shown,
            "{\n  \"a\": [\n    1678886400000000000,\n    12.340,\n    {},\n    []\n  ],\n  \"b{\\\":,\": \"x\\\\\",\n  \"c\": {\n    \"d\": null\n  }\n}"
        );
    }
}
