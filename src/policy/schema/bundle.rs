//! One document from a schema and the files that it refers to, so that nothing needs to be looked up
//! afterwards: a reference inside it is always `#/…`.
#![deny(clippy::disallowed_types, clippy::disallowed_methods)]

use super::super::document;
use super::super::error::PolicyError;
use super::keyword::{self, Holds, step};
use serde_json::{Map, Value};

/// The dialect that every schema is in, whether it says so or not.
pub(super) const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// The most files that one schema may be made of.
const MOST_FILES: usize = 64;

/// Gives the text of a schema file by its name relative to the policy, or says why not.
pub type Source<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// A schema of one piece.
#[derive(Debug)]
pub(super) struct Bundle {
    pub document: Value,
    main: String,
    files: Vec<String>,
}

impl Bundle {
    /// `file#/pointer` of a place in the document, as its author knows it.
    pub fn place(&self, pointer: &str) -> String {
        for file in &self.files {
            let prefix = step("/$defs", file);
            if let Some(rest) = pointer.strip_prefix(&prefix)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return format!("{file}#{rest}");
            }
        }
        format!("{}#{pointer}", self.main)
    }
}

/// Reads a schema file and those that it refers to.
///
/// # Errors
/// A file that cannot be had or is no JSON; a reference out of the policy's folder.
pub(super) fn of_file(file: &str, source: &Source) -> Result<Bundle, PolicyError> {
    check_name(file).map_err(|why| PolicyError::of_file(file, why))?;
    let text = source(file).map_err(|why| PolicyError::of_file(file, why))?;
    gather(file, file, document::read(file, &text)?, source)
}

/// Takes a schema that stands in the policy itself; `label` names it in messages.
///
/// # Errors
/// As for a file.
pub(super) fn inline(label: &str, document: Value, source: &Source) -> Result<Bundle, PolicyError> {
    gather("", label, document, source)
}

fn gather(main: &str, label: &str, mut document: Value, source: &Source) -> Result<Bundle, PolicyError> {
    let mut files: Vec<String> = Vec::new();
    let mut wanted = redirect(&mut document, main, main).map_err(|why| PolicyError::of_file(label, why))?;
    let mut embedded = Map::new();
    while let Some(file) = wanted.pop() {
        if file == main || files.contains(&file) {
            continue;
        }
        if files.len() == MOST_FILES {
            return Err(PolicyError::of_file(label, format!("refers to more than {MOST_FILES} files")));
        }
        let text = source(&file).map_err(|why| PolicyError::of_file(&file, why))?;
        let mut part = document::read(&file, &text)?;
        take_dialect(&mut part).map_err(|why| PolicyError::of_file(&file, why))?;
        wanted.extend(redirect(&mut part, &file, main).map_err(|why| PolicyError::of_file(&file, why))?);
        embedded.insert(file.clone(), part);
        files.push(file);
    }
    take_dialect(&mut document).map_err(|why| PolicyError::of_file(label, why))?;
    embed(&mut document, embedded).map_err(|why| PolicyError::of_file(label, why))?;
    Ok(Bundle { document, main: label.to_owned(), files })
}

/// Removes `$schema`, which may only name the one dialect: the validator is told, not asked.
fn take_dialect(document: &mut Value) -> Result<(), String> {
    let Some(dialect) = document.as_object_mut().and_then(|schema| schema.remove("$schema")) else {
        return Ok(());
    };
    if dialect.as_str().map(|d| d.trim_end_matches('#')) == Some(DIALECT) {
        return Ok(());
    }
    Err(format!("`$schema` is not the dialect of a policy: write \"{DIALECT}\""))
}

fn embed(document: &mut Value, parts: Map<String, Value>) -> Result<(), String> {
    if parts.is_empty() {
        return Ok(());
    }
    let Some(schema) = document.as_object_mut() else { return Ok(()) };
    let defs = schema.entry("$defs").or_insert_with(|| Value::Object(Map::new()));
    let Some(defs) = defs.as_object_mut() else { return Err("`$defs` is not an object".to_owned()) };
    for (file, part) in parts {
        if defs.contains_key(&file) {
            return Err(format!("`$defs` has an entry with the name of the file {file}: rename it"));
        }
        defs.insert(file, part);
    }
    Ok(())
}

/// Points every reference of a file at its place in the bundle; returns the files that are needed.
fn redirect(schema: &mut Value, file: &str, main: &str) -> Result<Vec<String>, String> {
    let mut wanted = Vec::new();
    redirect_within(schema, file, main, &mut wanted)?;
    Ok(wanted)
}

fn redirect_within(
    schema: &mut Value,
    file: &str,
    main: &str,
    wanted: &mut Vec<String>,
) -> Result<(), String> {
    let Some(schema) = schema.as_object_mut() else { return Ok(()) };
    for (keyword, value) in schema {
        if keyword == "$ref" {
            if let Value::String(reference) = value {
                let (target, pointer) = split(reference, file)?;
                *reference = if target == main {
                    format!("#{pointer}")
                } else {
                    format!("#{}{pointer}", step("/$defs", &target))
                };
                wanted.push(target);
            }
            continue;
        }
        match (keyword::known(keyword).map(|(holds, _)| holds), value) {
            (Some(Holds::Schema), value) => redirect_within(value, file, main, wanted)?,
            (Some(Holds::List), Value::Array(list)) => {
                list.iter_mut().try_for_each(|s| redirect_within(s, file, main, wanted))?;
            }
            (Some(Holds::Named), Value::Object(named)) => {
                named.values_mut().try_for_each(|s| redirect_within(s, file, main, wanted))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// A reference as the file and the pointer that it means.
fn split<'a>(reference: &'a str, from: &str) -> Result<(String, &'a str), String> {
    let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
    if pointer.contains('%') {
        return Err(format!("the reference {reference:?} is percent-encoded: write the pointer as it is"));
    }
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!("the reference {reference:?} is no JSON Pointer: write `#/$defs/…`"));
    }
    if file.is_empty() {
        return Ok((from.to_owned(), pointer));
    }
    let folder = from.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let target = format!("{folder}{file}");
    check_name(&target).map_err(|why| format!("the reference {reference:?}: {why}"))?;
    Ok((target, pointer))
}

/// A schema file's name: relative, downwards, and of plain characters.
fn check_name(file: &str) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let step = |s: &str| !s.is_empty() && !s.starts_with('.') && s.chars().all(plain);
    if file.len() <= 200 && file.split('/').all(step) {
        return Ok(());
    }
    Err("a schema is a file beside the policy or below it: write its relative name, like `schemas/metrics.json`"
        .to_owned())
}
