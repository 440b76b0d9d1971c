//! The vendor's samples under the built-in policy: they leave, and whatever is done to them does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use super::testing::{all_places, lines};
use crate::inspect::{clear_body, json};
use crate::policy::{BodyTerms, Policy, profile};
use crate::refusal::Code;
use serde_json::{Value, json};

const SAMPLES: &[(&str, &str)] = &[
    ("license-verification", include_str!("../../../policy/examples/license-verification.json")),
    ("langgraph-usage-reporting", include_str!("../../../policy/examples/langgraph-usage-reporting.json")),
    ("langsmith-usage-reporting", include_str!("../../../policy/examples/langsmith-usage-reporting.json")),
    ("telemetry-metrics", include_str!("../../../policy/examples/telemetry-metrics.json")),
    ("telemetry-traces", include_str!("../../../policy/examples/telemetry-traces.json")),
];

const CANARY: &str = "canary7311 of patient 42";

fn policy() -> Policy {
    profile::load(profile::DEFAULT).unwrap()
}

fn terms<'p>(policy: &'p Policy, id: &str) -> &'p BodyTerms {
    policy.endpoint(id).unwrap().body.as_ref().unwrap()
}

/// Inspects `body`; asserts that nothing of the canary shows anywhere and that the answer is final.
fn inspected(terms: &BodyTerms, body: &Value, what: &str) -> Option<(Value, Vec<String>)> {
    match clear_body(terms, body.to_string().as_bytes()) {
        Ok((out, removals)) => {
            let text = std::str::from_utf8(&out.bytes).unwrap();
            assert!(!text.contains("canary"), "{what}: {text}");
            assert!(!format!("{removals:?}").contains("canary"), "{what}: {removals:?}");
            let (again, more) = clear_body(terms, &out.bytes).unwrap();
            assert_eq!((&again.bytes, more), (&out.bytes, Vec::new()), "{what}");
            Some((json::read(&out.bytes).unwrap().value, lines(&removals)))
        }
        Err(refusal) => {
            assert_eq!(refusal.code, Code::BodyNotAllowed, "{what}");
            assert!(!format!("{refusal:?}").contains("canary"), "{what}: {refusal:?}");
            assert!(!refusal.violations.is_empty(), "{what}");
            None
        }
    }
}

#[test]
fn every_sample_leaves_with_the_same_meaning_and_its_license_is_marked() {
    let policy = policy();
    for (id, body) in SAMPLES {
        let (out, removals) = clear_body(terms(&policy, id), body.as_bytes()).unwrap();
        assert!(removals.is_empty(), "{id}: {removals:?}");
        assert_eq!(json::read(&out.bytes).unwrap().value, json::read(body.as_bytes()).unwrap().value);
        let masked = String::from_utf8(out.masked(|_| "masked".to_owned())).unwrap();
        assert!(!masked.contains("LICENSE"), "{masked}");
        assert_eq!(body.contains("LICENSE"), masked.contains(r#""license":"masked""#), "{id}");
    }
}

#[test]
fn r47_an_unknown_member_in_any_object_goes_and_all_else_leaves() {
    let policy = policy();
    for (id, body) in SAMPLES {
        let sample: Value = serde_json::from_str(body).unwrap();
        let objects = all_places(&sample).into_iter().filter(|p| sample.pointer(p).unwrap().is_object());
        for at in objects {
            for unknown in [json!(CANARY), json!(1), json!(null), json!({"a": [CANARY]}), json!([])] {
                let mut changed = sample.clone();
                changed.pointer_mut(&at).unwrap()["unlisted"] = unknown;
                let what = format!("{id} {at}");
                let (left, taken) = inspected(terms(&policy, id), &changed, &what).expect(&what);
                assert_eq!(left, sample, "{what}");
                assert_eq!(taken.len(), 1, "{what}: {taken:?}");
                assert!(taken[0].starts_with(&format!("{at}/unlisted ")), "{what}: {taken:?}");
            }
        }
    }
}

#[test]
fn r47_unknown_members_in_all_objects_at_once_go_and_all_else_leaves() {
    let policy = policy();
    for (id, body) in SAMPLES {
        let sample: Value = serde_json::from_str(body).unwrap();
        let mut changed = sample.clone();
        let mut count = 0;
        for at in all_places(&sample) {
            if let Some(members) = changed.pointer_mut(&at).unwrap().as_object_mut() {
                members.insert(CANARY.to_owned(), json!(CANARY));
                members.insert("unlisted".to_owned(), json!({"deep": CANARY}));
                count += 2;
            }
        }
        let (left, taken) = inspected(terms(&policy, id), &changed, id).expect(id);
        assert_eq!((left, taken.len()), (sample, count), "{id}");
    }
}

#[test]
fn r49_a_broken_value_at_any_place_never_leaves() {
    let policy = policy();
    let broken = [
        json!(CANARY),
        json!(format!("{CANARY}\u{200b}")),
        json!({CANARY: 1}),
        json!([CANARY]),
        json!([[]]),
        json!({CANARY: {CANARY: CANARY}}),
    ];
    for (id, body) in SAMPLES {
        let sample: Value = serde_json::from_str(body).unwrap();
        for at in all_places(&sample) {
            for value in &broken {
                let mut changed = sample.clone();
                *changed.pointer_mut(&at).unwrap() = value.clone();
                let what = format!("{id} {at} {value}");
                let Some((_, taken)) = inspected(terms(&policy, id), &changed, &what) else { continue };
                assert!(!taken.is_empty(), "{what}");
                let pointer = taken[0].split(' ').next().unwrap();
                assert!(at.starts_with(pointer) || pointer.starts_with(&at), "{what}: {taken:?}");
            }
        }
    }
}

#[test]
fn anything_taken_away_leaves_a_conforming_rest_or_nothing() {
    let policy = policy();
    for (id, body) in SAMPLES {
        let sample: Value = serde_json::from_str(body).unwrap();
        for at in all_places(&sample).into_iter().skip(1) {
            let (parent, last) = at.rsplit_once('/').unwrap();
            let mut changed = sample.clone();
            match changed.pointer_mut(parent).unwrap() {
                Value::Object(members) => {
                    drop(members.shift_remove(&last.replace("~1", "/").replace("~0", "~")))
                }
                Value::Array(elements) => drop(elements.remove(last.parse().unwrap())),
                _ => unreachable!(),
            }
            inspected(terms(&policy, id), &changed, &format!("{id} without {at}"));
        }
    }
}
