//! What must hold for every document, tried on many.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use super::testing::{all_places, metrics, terms, usage};
use crate::inspect::{clear_body, json};
use crate::policy::BodyTerms;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::LazyLock;

static TERMS: LazyLock<[BodyTerms; 2]> = LazyLock::new(|| [terms(&usage()), terms(&metrics())]);

/// Names and strings that schemas know, and others.
fn word() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "license",
        "from",
        "tags",
        "version",
        "plan",
        "measures",
        "m.a",
        "m.b",
        "logs",
        "metrics",
        "name",
        "points",
        "time",
        "asDouble",
        "attributes",
        "key",
        "value",
        "stringValue",
        "env",
        "method",
        "GET",
        "prod",
        "0.2.1",
        "enterprise",
        "lsv2_pt_canary",
        "2025-01-06T09:00:00Z",
        "",
    ]);
    prop_oneof![6 => known.prop_map(str::to_owned), 1 => "[a-z~/0-9\"\\\\]{0,6}", 1 => "\\PC{0,8}", 1 => any::<String>()]
}

fn number() -> impl Strategy<Value = Value> {
    let double = any::<f64>().prop_filter("finite, and exact where it is large", |d| d.is_finite());
    prop_oneof![
        any::<i64>().prop_map(|n| json!(n)),
        any::<u64>().prop_map(|n| json!(n)),
        (-3_i64..20).prop_map(|n| json!(n)),
        double.prop_map(|d| json!(d)),
    ]
}

/// Documents that are at times near to the schemas and mostly far from them.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::String),
        2 => number(),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null)
    ];
    leaf.prop_recursive(7, 60, 6, |inner| {
        prop_oneof![
            2 => vec(inner.clone(), 0..6).prop_map(Value::Array),
            5 => btree_map(word(), inner, 0..6).prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

/// A conforming document of `usage` or `metrics` with some parts replaced by anything.
fn nearly_conforming() -> impl Strategy<Value = Value> {
    let report = json!({"license": "lsv2_pt_canary", "from": "2025-01-06T09:00:00Z",
        "tags": {"version": "1.2", "plan": "developer"}, "measures": {"m.a": 1, "m.b": 2}, "logs": []});
    let attribute = json!({"key": "env", "value": {"stringValue": "prod"}});
    let point = json!({"time": 7, "asDouble": 1.5, "attributes": [attribute, attribute]});
    let points =
        json!({"metrics": [{"name": "a", "points": [point, point]}, {"name": "b", "points": [point]}]});
    (
        prop::sample::select(vec![report, points]),
        vec((any::<prop::sample::Index>(), word(), document()), 0..5),
    )
        .prop_map(|(mut value, changes)| {
            for (place, name, change) in changes {
                let places = all_places(&value);
                let below = value.pointer_mut(&places[place.index(places.len())]).unwrap();
                match below {
                    Value::Object(m) => drop(m.insert(name, change)),
                    Value::Array(a) => a.push(change),
                    leaf => *leaf = change,
                }
            }
            value
        })
}

/// Every member name and leaf of a document.
fn pieces(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            found.push(Value::String(name.clone()));
            pieces(member, found);
        }),
        Value::Array(elements) => elements.iter().for_each(|element| pieces(element, found)),
        leaf => found.push(leaf.clone()),
    }
}

/// Equal but for the last bit of doubles: `serde_json` rounds some of them wrongly without its
/// `float_roundtrip`, the reader does not.
fn alike(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            let bits = |n: &serde_json::Number| n.as_f64().unwrap().to_bits();
            bits(a).abs_diff(bits(b)) <= 1
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((n, a), (m, b))| n == m && alike(a, b))
        }
        _ => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_leaves_validates_stays_as_it_is_and_holds_nothing_new(
        value in prop_oneof![nearly_conforming(), document()],
    ) {
        for terms in &*TERMS {
            let Ok((out, removals)) = clear_body(terms, value.to_string().as_bytes()) else { continue };
            let left = json::read(&out.bytes).unwrap().value;
            prop_assert!(terms.schema.is_valid(&left));
            let (again, more) = clear_body(terms, &out.bytes).unwrap();
            prop_assert_eq!((again.bytes, more.len()), (out.bytes, 0));
            prop_assert_eq!(removals.is_empty(), left == value);
            let (mut before, mut after) = (Vec::new(), Vec::new());
            pieces(&value, &mut before);
            pieces(&left, &mut after);
            prop_assert!(after.iter().all(|piece| before.contains(piece)));
        }
    }

    #[test]
    fn a_document_survives_writing_and_reading(value in document()) {
        let text = value.to_string();
        match json::read(text.as_bytes()) {
            Ok(read) => {
                prop_assert_eq!(&read.value, &value);
                prop_assert_eq!(read.value.to_string(), text);
            }
            // A double from 2^53 on whose shortest spelling is another number.
            Err(e) => prop_assert!(matches!(e.flaw, json::Flaw::Inexact), "{}", e),
        }
    }

    #[test]
    fn r53_what_is_read_is_what_another_parser_reads(
        value in document(),
        edits in vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\u0e-.19 ".to_vec())], 0..3_u8), 0..4),
        pretty in any::<bool>(),
    ) {
        let mut bytes = if pretty { serde_json::to_vec_pretty(&value).unwrap() } else { value.to_string().into_bytes() };
        for (place, byte, kind) in edits {
            let at = place.index(bytes.len().max(1));
            match kind {
                0 => bytes.insert(at.min(bytes.len()), byte),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ if at < bytes.len() => bytes[at] = byte,
                _ => {}
            }
        }
        if let Ok(ours) = json::read(&bytes) {
            let theirs: Value = serde_json::from_slice(&bytes).unwrap();
            prop_assert!(alike(&ours.value, &theirs), "{} {}", ours.value, theirs);
        }
    }

    #[test]
    fn r44_decimals_are_read_exactly_or_refused(
        text in "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,18})?([eE][+-]?[0-9]{1,3})?",
    ) {
        if let Ok(read) = json::read(text.as_bytes()) {
            let number = read.value.as_number().unwrap();
            if number.is_f64() {
                prop_assert_eq!(number.as_f64().unwrap().to_bits(), text.parse::<f64>().unwrap().to_bits());
            } else {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = clear_body(&TERMS[0], &bytes);
        let _ = json::read(&bytes);
    }
}
