//! A policy as a page for reading: what may be sent, as an outline with the shape of every value.
//!
//! It is made from the effective policy, so it shows what decides and not what a file says.

use crate::audit::escape::visible;
use crate::policy::Policy;
use serde_json::{Map, Value};
use std::fmt::Write;

/// The longest text of a pattern that is shown; the rest is in the schema.
const LONGEST: usize = 96;
/// The longest line, in characters; what is longer goes on in the next one, where it has a space.
const WIDTH: usize = 110;

/// The page.
pub(super) fn page(policy: &Policy) -> String {
    let effective: Value = serde_json::from_str(policy.effective()).unwrap_or_default();
    let mut page = format!("policy {}\n{}\n", policy.name(), policy.digest());
    if let Some(text) = effective["description"].as_str().filter(|text| !text.is_empty()) {
        page.push_str(&format!("{}\n", text.trim_end()));
    }
    for endpoint in effective["endpoints"].as_array().into_iter().flatten() {
        page.push('\n');
        describe_endpoint(&mut page, endpoint);
    }
    page.push_str("\n* required. What is not listed here does not leave.\n");
    if page.contains('…') {
        page.push_str("… a long pattern; `policy show --json` has the whole of it.\n");
    }
    page
}

fn describe_endpoint(page: &mut String, endpoint: &Value) {
    let text = |key: &str| endpoint[key].as_str().unwrap_or_default();
    line(page, 0, text("id"));
    for host in endpoint["hosts"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        line(page, 1, &format!("{} https://{host}{}", text("method"), text("path")));
    }
    line(page, 1, &format!("published   {}", text("source")));
    describe_fields(page, "query", &endpoint["query"]);
    describe_fields(page, "header", &endpoint["headers"]);
    let Value::Object(body) = &endpoint["body"] else {
        return line(page, 1, "body        none");
    };
    let types = body["content_types"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let treated = |key: &str| if body[key] == "strip" { "taken out" } else { "refused" };
    let (types, most) = (types.collect::<Vec<_>>().join(", "), &body["max_bytes"]);
    line(page, 1, &format!("body        {types}, at most {most} bytes"));
    let (unknown, invalid) = (treated("unknown"), treated("invalid"));
    line(page, 1, &format!("            unknown members are {unknown}, broken values are {invalid}"));
    line(
        page,
        1,
        &format!(
            "log keeps   the body's {}",
            if text("record") == "body" { "content, secrets masked" } else { "digest" }
        ),
    );
    Outline { page, document: &body["schema"], shown: Vec::new() }.node("", "", &body["schema"], 2);
}

fn describe_fields(page: &mut String, what: &str, fields: &Value) {
    for field in fields.as_array().into_iter().flatten() {
        let flag = |key: &str, word: &'static str| if field[key] == true { word } else { "" };
        let (name, pattern) =
            (field["name"].as_str().unwrap_or_default(), field["pattern"].as_str().unwrap_or_default());
        let name = format!("{name}{}", flag("required", "*"));
        line(page, 1, &format!("{what:<11} {name}  {}{}", flag("secret", "secret, "), shortened(pattern)));
    }
}

struct Outline<'a> {
    page: &'a mut String,
    document: &'a Value,
    /// The references that were written out already; each stands on the page once.
    shown: Vec<&'a str>,
}

impl<'a> Outline<'a> {
    /// Writes a named place and what may stand there.
    fn node(&mut self, name: &str, mark: &str, schema: &'a Value, depth: usize) {
        let (shape, target) = self.resolve(schema);
        let Value::Object(shape) = shape else {
            let text = if shape == &Value::Bool(false) { "nothing" } else { "anything" };
            return line(self.page, depth, &format!("{name}{mark}  {text}"));
        };
        let nested = ["properties", "patternProperties", "items", "prefixItems", "if"]
            .iter()
            .any(|k| shape.contains_key(*k));
        let rejects = schema["x-beacongate-invalid"] == "reject"
            || shape.get("x-beacongate-invalid").is_some_and(|m| m == "reject");
        let refused = if rejects { ", or the request is refused" } else { "" };
        let label = format!("{name}{mark}  {}{refused}", describe(shape));
        if let Some(target) = target.filter(|_| nested) {
            if self.shown.contains(&target) {
                let last = target.rsplit('/').next().unwrap_or(target);
                return line(self.page, depth, &format!("{label}, as above ({last})"));
            }
            self.shown.push(target);
        }
        if !name.is_empty() {
            line(self.page, depth, &label);
        }
        self.inside(shape, if name.is_empty() { depth } else { depth + 1 });
    }

    fn inside(&mut self, shape: &'a Map<String, Value>, depth: usize) {
        let required = |name: &str| {
            let listed = shape.get("required").and_then(Value::as_array);
            if listed.is_some_and(|r| r.iter().any(|n| n == name)) { "*" } else { "" }
        };
        for keyword in ["properties", "patternProperties"] {
            for (name, member) in shape.get(keyword).and_then(Value::as_object).into_iter().flatten() {
                self.node(name, required(name), member, depth);
            }
        }
        for (index, element) in
            shape.get("prefixItems").and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            self.node(&format!("[{index}]"), "", element, depth);
        }
        if let Some(items) = shape.get("items").filter(|items| **items != Value::Bool(false)) {
            self.node("[]", "", items, depth);
        }
        self.conditions(shape, depth);
    }

    /// `if`/`then`/`else` chains as one line for each case.
    fn conditions(&mut self, shape: &'a Map<String, Value>, depth: usize) {
        let Some(condition) = shape.get("if") else { return };
        let case = condition["properties"].as_object().into_iter().flatten();
        let case = case
            .map(|(name, is)| format!("{name} is {}", describe_any(is)))
            .collect::<Vec<_>>()
            .join(" and ");
        if let Some(then) = shape.get("then") {
            self.restriction(&format!("where {case}:"), then, depth);
        }
        match shape.get("else") {
            Some(Value::Object(next)) if next.contains_key("if") => self.conditions(next, depth),
            Some(otherwise) => self.restriction("otherwise:", otherwise, depth),
            None => {}
        }
    }

    fn restriction(&mut self, case: &str, schema: &'a Value, depth: usize) {
        line(self.page, depth, case);
        let (Value::Object(shape), _) = self.resolve(schema) else { return };
        self.inside(shape, depth + 1);
    }

    /// The schema behind a reference that stands alone, and the reference.
    fn resolve(&self, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
        let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        match reference.and_then(|target| Some((self.document.pointer(target)?, target))) {
            Some((referred, target)) => {
                let (end, deeper) = self.resolve(referred);
                (end, deeper.or(Some(target)))
            }
            None => (schema, None),
        }
    }
}

fn describe_any(schema: &Value) -> String {
    schema.as_object().map(describe).unwrap_or_default()
}

/// The shape of a value in a few words.
fn describe(shape: &Map<String, Value>) -> String {
    let mut words = Vec::new();
    if shape.get("writeOnly") == Some(&Value::Bool(true)) {
        words.push("secret".to_owned());
    }
    match (shape.get("const"), shape.get("enum")) {
        (Some(only), _) => words.push(only.to_string()),
        (None, Some(Value::Array(list))) => {
            words.push(list.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
        }
        _ => words.extend(describe_type(shape)),
    }
    words.extend(shape.get("format").and_then(Value::as_str).map(str::to_owned));
    match (shape.get("pattern").and_then(Value::as_str), shape.get("description").and_then(Value::as_str)) {
        // A pattern too long to be read is better told in its author's words.
        (Some(pattern), Some(said)) if pattern.chars().count() > LONGEST => words.push(format!("\"{said}\"")),
        (Some(pattern), _) => words.push(shortened(pattern)),
        (None, _) => {}
    }
    let mut add = |keyword: &str, before: &str| {
        words.extend(shape.get(keyword).map(|value| format!("{before}{value}")));
    };
    add("maxLength", "at most ");
    add("minimum", "from ");
    add("maximum", "to ");
    add("maxItems", "at most ");
    if shape.get("items") == Some(&Value::Bool(false)) && !shape.contains_key("prefixItems") {
        words.push("always empty".to_owned());
    }
    words.join(", ")
}

fn describe_type(shape: &Map<String, Value>) -> Option<String> {
    match shape.get("type")? {
        Value::Array(types) => Some(types.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or ")),
        Value::String(one)
            if one == "string" && (shape.contains_key("pattern") || shape.contains_key("format")) =>
        {
            None
        }
        Value::String(one) => Some(one.clone()),
        _ => None,
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(std::iter::once('…')).collect()
}

/// Writes one line, or several where it is long. Nothing in it moves the terminal's cursor.
fn line(page: &mut String, depth: usize, text: &str) {
    let text = visible(text.trim_end());
    let indent = depth * 2;
    let mut rest = text.as_str();
    let mut from = indent;
    while let Some((end, next)) = fold(rest, WIDTH.saturating_sub(from).max(40)) {
        // Writing to a String cannot fail.
        let _ = writeln!(page, "{:from$}{}", "", &rest[..end]);
        rest = &rest[next..];
        from = indent + 4;
    }
    let _ = writeln!(page, "{:from$}{rest}", "");
}

/// Where a text of more than `width` characters may be broken: the end of the first part and the start of
/// the second.
fn fold(text: &str, width: usize) -> Option<(usize, usize)> {
    let (limit, _) = text.char_indices().nth(width)?;
    let space = text[..limit].rfind(' ').filter(|at| !text[..*at].trim().is_empty());
    let at = space.or_else(|| text[limit..].find(' ').map(|at| limit + at))?;
    Some((at, at + 1))
}
