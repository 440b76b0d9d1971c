//! The policy, as an operator meets it: the shipped profile lets the published payloads through and
//! nothing beside them; a file with a fault is refused at the place of the fault.

use beacongate::policy::{self, Policy};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

mod command;
mod fields;
mod files;
mod holes;

fn documented() -> Policy {
    policy::load("documented").unwrap_or_else(|error| panic!("{error}"))
}

fn example(id: &str) -> Value {
    let text = std::fs::read(format!("policy/examples/{id}.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

fn conforms(policy: &Policy, id: &str, document: &Value) -> bool {
    let endpoint = policy.endpoint(id).unwrap_or_else(|| panic!("no endpoint {id}"));
    endpoint.body.as_ref().unwrap().schema.is_valid(document)
}

/// The files of a folder with this extension, sorted; a test that finds none checks nothing.
fn files_in(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    files.sort();
    assert!(!files.is_empty(), "no .{extension} in {folder}");
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

#[test]
fn every_published_payload_conforms() {
    let policy = documented();
    let examples = files_in("policy/examples", "json");
    assert_eq!(examples.len(), 5);
    for path in examples {
        assert!(conforms(&policy, stem(&path), &example(stem(&path))), "{}", path.display());
    }
}

#[test]
fn the_documented_profile_has_the_six_endpoints_and_no_other() {
    let policy = documented();
    let routes: Vec<_> = policy
        .endpoints()
        .iter()
        .flat_map(|e| e.hosts.iter().map(move |host| format!("{} {host}{}", e.method, e.path)))
        .collect();
    assert_eq!(
        routes,
        [
            "POST beacon.langchain.com/v1/beacon/verify",
            "POST api.smith.langchain.com/auth",
            "POST eu.api.smith.langchain.com/auth",
            "POST beacon.langchain.com/v1/metadata/submit",
            "POST beacon.langchain.com/v1/beacon/ingest-traces",
            "POST beacon.langchain.com/v1/beacon/v1/metrics",
            "POST beacon.langchain.com/v1/beacon/v1/traces",
        ]
    );
}

#[test]
fn the_effective_policy_is_one_document_that_stands_alone() {
    let policy = documented();
    let effective: Value = serde_json::from_str(policy.effective()).unwrap();
    assert_eq!(effective["endpoints"].as_array().unwrap().len(), 6);
    assert!(!policy.effective().contains("\"$ref\":\"schemas/"), "a schema is not inside");
    assert_eq!(policy.digest(), documented().digest(), "the digest depends on the content alone");
    assert!(policy.digest().starts_with("sha256:") && policy.digest().len() == 71);
}

/// The schema refuses a document with one more member, at every object that the published payloads have.
#[test]
fn an_unknown_member_conforms_nowhere() {
    let policy = documented();
    let mut tried = 0;
    for path in files_in("policy/examples", "json") {
        let whole = example(stem(&path));
        for pointer in pointers(&whole) {
            let mut changed = whole.clone();
            let Some(object) = changed.pointer_mut(&pointer).and_then(Value::as_object_mut) else { continue };
            object.insert("note".to_owned(), json!("what is the diagnosis of"));
            assert!(!conforms(&policy, stem(&path), &changed), "{}{pointer}", path.display());
            tried += 1;
        }
    }
    assert!(tried >= 50, "{tried}");
}

/// No string of the published payloads may be replaced with somebody's words or somebody's identity.
#[test]
fn no_text_of_a_person_fits_anywhere() {
    const TEXTS: [&str; 10] = [
        "What is the diagnosis of the patient in room four",
        "Summarize the attached contract for me",
        "john.smith@example.com",
        "John Smith",
        "+1 555 123 4567",
        "4111 1111 1111 1111",
        "10.20.30.40",
        "https://user:secret@example.com/",
        "SELECT name FROM users",
        "total\u{200b}requests",
    ];
    let policy = documented();
    for path in files_in("policy/examples", "json") {
        let whole = example(stem(&path));
        for pointer in pointers(&whole) {
            for text in TEXTS {
                let mut changed = whole.clone();
                let value = changed.pointer_mut(&pointer).unwrap();
                // A license may be any token, so one that is a token is nothing to tell apart.
                if !value.is_string() || pointer == "/license" {
                    continue;
                }
                *value = json!(text);
                assert!(!conforms(&policy, stem(&path), &changed), "{}{pointer}: {text}", path.display());
            }
        }
    }
}

/// Every place of a document.
fn pointers(document: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(k, v)| walk(v, &format!("{at}/{}", k.replace('/', "~1")), found));
            }
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(i, v)| walk(v, &format!("{at}/{i}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(document, "", &mut found);
    found
}
