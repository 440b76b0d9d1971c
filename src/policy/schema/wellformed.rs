//! The first look at a schema: only known keywords, references that lead to a subschema, secrets that
//! are strings.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::super::error::meant;
use super::holes::Hole;
use super::keyword::{self, children};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Looks at every subschema, also those in `$defs` that nothing refers to.
///
/// # Errors
/// The first place that is not well formed, and what to write there.
pub(super) fn check(document: &Value) -> Result<(), Hole> {
    let mut seen = Seen::default();
    seen.schema("", document)?;
    for (pointer, target) in seen.references {
        if !seen.schemas.contains(&target) {
            return Err(Hole::new(
                &pointer,
                format!(
                    "`$ref` leads to no schema at `#{target}`: write the pointer of one, like `#/$defs/name`"
                ),
            ));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Seen {
    schemas: HashSet<String>,
    references: Vec<(String, String)>,
}

impl Seen {
    fn schema(&mut self, pointer: &str, schema: &Value) -> Result<(), Hole> {
        self.schemas.insert(pointer.to_owned());
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(_) => return Ok(()),
            _ => return Err(Hole::new(pointer, "a schema is an object, `true` or `false`")),
        };
        for (keyword, value) in schema {
            check_keyword(pointer, keyword, value)?;
        }
        check_secret(pointer, schema)?;
        if let Some(reference) = schema.get("$ref") {
            let target = reference.as_str().and_then(|r| r.strip_prefix('#'));
            let target =
                target.ok_or_else(|| Hole::new(pointer, "`$ref` is no reference: write a string"))?;
            self.references.push((pointer.to_owned(), target.to_owned()));
        }
        children(pointer, schema).iter().try_for_each(|child| self.schema(&child.pointer, child.schema))
    }
}

fn check_keyword(pointer: &str, keyword: &str, value: &Value) -> Result<(), Hole> {
    let hole = |message: String| Err(Hole::new(pointer, message));
    if keyword == keyword::UNKNOWN || keyword == keyword::INVALID {
        return match value.as_str() {
            Some("strip" | "reject") => Ok(()),
            _ => hole(format!("`{keyword}` is neither \"strip\" nor \"reject\"")),
        };
    }
    if keyword == "$schema" {
        return hole("`$schema` stands at the top of a file only".to_owned());
    }
    if keyword::known(keyword).is_some() {
        return Ok(());
    }
    if let Some((_, advice)) = keyword::ELSEWHERE.iter().find(|(name, _)| *name == keyword) {
        return hole(format!("`{keyword}` is not used here: {advice}"));
    }
    match meant(keyword, keyword::names()) {
        Some(name) => hole(format!("unknown keyword `{keyword}`: write `{name}`")),
        None => hole(format!("unknown keyword `{keyword}`: remove it, or put remarks into `$comment`")),
    }
}

/// A secret is masked in the log as a string token, so it must be a string.
fn check_secret(pointer: &str, schema: &Map<String, Value>) -> Result<(), Hole> {
    match schema.get("writeOnly") {
        Some(Value::Bool(true)) if schema.get("type").and_then(Value::as_str) != Some("string") => {
            Err(Hole::new(
                pointer,
                "`writeOnly` marks a secret, and a secret is a string: add `\"type\": \"string\"`",
            ))
        }
        _ => Ok(()),
    }
}
