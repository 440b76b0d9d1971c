//! A value that is not of its documented shape does not leave: it is taken out, or the request is refused.

use super::leaks::CANARY;
use crate::support::audit::contains;
use crate::support::documented::{self, Documented};
use crate::support::places::{arrays, leaves, with_value};
use crate::support::response::Response;
use crate::support::rig::Rig;
use crate::support::upstream::Seen;
use serde_json::{Value, json};

/// Values that no place of a documented payload takes.
fn misshapen() -> Vec<Value> {
    vec![
        json!(CANARY),
        json!(format!("v1.{CANARY}")),
        json!({"stringValue": CANARY}),
        json!([CANARY]),
        json!("jane.roe@canary.example"),
        json!("can\u{202e}ary"),
        json!("can\u{0}ary"),
        json!("canary-".repeat(2000)),
    ]
}

/// Asserts that a request was either refused, or arrived without what was wrong with it.
fn assert_not_passed(what: &str, response: &Response, seen: Option<&Seen>) {
    match seen {
        None => {
            let code = response.code();
            assert!(code == "body_not_allowed" || code == "malformed_body", "{what}: {}", response.text());
        }
        Some(seen) => {
            let text = seen.text();
            for canary in ["canary", "Jane", "ary"] {
                assert!(!text.contains(canary), "{what}: {text} left");
            }
        }
    }
}

async fn send_misshapen(rig: &Rig, endpoint: &Documented) -> usize {
    let mut sent = 0;
    let document = endpoint.json();
    for place in leaves(&document).into_iter().chain(arrays(&document)) {
        for value in misshapen() {
            // An array of one string is not wrong where there is an array: that is the other test's.
            if document.pointer(&place).unwrap().is_array() && value.is_array() {
                continue;
            }
            // A secret is any string of a key's form: that is all that can be known about it.
            let what = format!("{} at {place}: {value}", endpoint.name);
            let body = with_value(&document, &place, value);
            let (response, seen) = rig.send_and_see(&endpoint.with_body(&body)).await;
            assert_not_passed(&what, &response, seen.as_ref());
            sent += 1;
        }
    }
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_that_breaks_its_shape_at_any_leaf_is_never_passed() {
    let rig = Rig::start().await;
    let mut sent = 0;
    for endpoint in documented::with_bodies() {
        sent += send_misshapen(&rig, &endpoint).await;
    }
    assert!(sent > 500, "only {sent} misshapen values");
    let done = rig.finish().await;
    for canary in ["Jane", "diagnosis", "jane.roe", "canary-canary"] {
        assert!(!contains(&done.upstream.raw(), canary), "{canary} left");
        assert!(!contains(&done.audit.bytes(), canary), "{canary} stands in the log");
    }
    assert_eq!(done.audit.intents().len() as u64 + done.audit.all_denials(), sent as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_string_where_a_number_belongs_and_null_anywhere_are_never_passed() {
    let rig = Rig::start().await;
    for endpoint in documented::with_bodies() {
        let document = endpoint.json();
        for place in leaves(&document) {
            let body = with_value(&document, &place, Value::Null);
            let (response, seen) = rig.send_and_see(&endpoint.with_body(&body)).await;
            let what = format!("{} at {place}", endpoint.name);
            match seen {
                None => response.assert_refused(403, "body_not_allowed", &what),
                Some(seen) => assert!(!seen.text().contains("null"), "{what}: {}", seen.text()),
            }
        }
    }
    rig.finish().await;
}
