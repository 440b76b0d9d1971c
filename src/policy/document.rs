//! A JSON document of which every key stands once, read from JSON or YAML.
//!
//! `serde_json::Value` keeps the last of two equal keys without a word; a schema read that way
//! would not say what its reader sees.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::error::{PolicyError, Position};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// A document without duplicate keys.
#[derive(Debug)]
pub(super) struct Document(pub Value);

/// Reads the text of a schema file.
///
/// # Errors
/// What is no JSON, or has a key twice, with its line.
pub(super) fn read(file: &str, text: &str) -> Result<Value, PolicyError> {
    serde_json::from_str::<Document>(text).map(|document| document.0).map_err(|error| {
        let said = error.to_string();
        let message = said.split(" at line ").next().unwrap_or("not a JSON document");
        let position = Position { line: error.line().max(1), column: error.column().max(1) };
        PolicyError::at(file, text, position, message)
    })
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DocumentVisitor).map(Self)
    }
}

struct DocumentVisitor;

impl<'de> Visitor<'de> for DocumentVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number that JSON does not have"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Document(element)) = access.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            if members.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key {key:?} stands here a second time")));
            }
            let Document(member) = access.next_value()?;
            members.insert(key, member);
        }
        Ok(Value::Object(members))
    }
}
