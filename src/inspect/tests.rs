//! Inspection as scenarios: what comes, what leaves, what the record says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod carriers;
mod documented;
mod properties;
mod testing;

use self::testing::{at, choose, clear, lines, metrics, terms, usage};
use super::{Decision, OutgoingBody, ReceivedBody, clear_body, inspect};
use crate::decide::{Permit, decide};
use crate::destination::Host;
use crate::facts::RequestFacts;
use crate::policy::Mode;
use crate::policy::profile;
use crate::refusal::Code;
use crate::removal::Place;
use serde_json::{Value, json};
use std::sync::Arc;

const REPORT: &str = r#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tags":{"version":"0.2.1","plan":"enterprise"},"measures":{"m.runs":150},"logs":[]}"#;

#[test]
fn a_conforming_body_leaves_with_the_same_meaning() {
    let (leaves, taken) = clear(&terms(&usage()), REPORT.as_bytes()).unwrap();
    assert_eq!(leaves, REPORT);
    assert!(taken.is_empty());
}

#[test]
fn r47_an_unknown_member_goes_and_the_rest_leaves() {
    let body = br#"{"license":"lsv2_pt_canary","user":{"email":"a@b.c"},"from":"2025-01-06T09:00:00Z","tags":{"secret project":"x","plan":"developer"}}"#;
    let (leaves, taken) = clear(&terms(&usage()), body).unwrap();
    assert_eq!(
        leaves,
        r#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tags":{"plan":"developer"}}"#
    );
    assert_eq!(taken, ["/user additionalProperties", "/tags/(14 bytes) additionalProperties"]);
}

#[test]
fn a_value_that_breaks_its_shape_goes_where_its_object_can_do_without_it() {
    let body =
        br#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tags":{"version":"acme-internal"},"logs":["a",{"b":1}]}"#;
    let (leaves, taken) = clear(&terms(&usage()), body).unwrap();
    assert_eq!(leaves, r#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tags":{},"logs":[]}"#);
    assert_eq!(taken, ["/tags/version pattern", "/logs/0 items", "/logs/1 items"]);
}

#[test]
fn a_parent_that_cannot_do_without_it_goes_too_and_the_record_names_the_cause() {
    let body = br#"{"metrics":[
        {"name":"a","points":[{"time":1},{"time":"x"},{"time":2,"attributes":[{"key":"env","value":{"stringValue":"Patient 7"}},{"key":"env","value":{"stringValue":"prod"}}]}]},
        {"name":"b","points":[{"asDouble":1.5}]},
        {"name":"NOT A NAME"},
        {"name":"c"}
    ]}"#;
    let (leaves, taken) = clear(&terms(&metrics()), body).unwrap();
    assert_eq!(
        leaves,
        r#"{"metrics":[{"name":"a","points":[{"time":1},{"time":2,"attributes":[{"key":"env","value":{"stringValue":"prod"}}]}]},{"name":"b"},{"name":"c"}]}"#
    );
    assert_eq!(
        taken,
        [
            "/metrics/0/points/1 anyOf <- /metrics/0/points/1/time",
            "/metrics/0/points/2/attributes/0 pattern <- /metrics/0/points/2/attributes/0/value/stringValue",
            "/metrics/1/points required <- /metrics/1/points/0",
            "/metrics/2 pattern <- /metrics/2/name",
        ]
    );
}

#[test]
fn a_broken_required_member_of_the_root_refuses_the_body() {
    let body = br#"{"license":"not a key!","from":"2025-01-06T09:00:00Z","extra":1}"#;
    let refusal = clear_body(&terms(&usage()), body).unwrap_err();
    assert_eq!(refusal.code, Code::BodyNotAllowed);
    assert_eq!(lines(&refusal.violations), ["/license pattern"]);
    assert!(!format!("{refusal:?}").contains("not a key"));
}

#[test]
fn a_missing_required_member_of_the_root_refuses_the_body() {
    let refusal = clear_body(&terms(&usage()), br#"{"license":"lsv2_pt_canary","extra":1}"#).unwrap_err();
    assert_eq!(refusal.code, Code::BodyNotAllowed);
    assert_eq!(lines(&refusal.violations), [" required"]);
    for body in ["[]", "0", "null", r#""text""#] {
        let refusal = clear_body(&terms(&usage()), body.as_bytes()).unwrap_err();
        assert_eq!(
            (refusal.code, lines(&refusal.violations)),
            (Code::BodyNotAllowed, vec![" type".to_owned()])
        );
    }
}

#[test]
fn modes_say_whether_a_violation_is_taken_out_or_refuses() {
    let mut terms = terms(&usage());
    terms.unknown = Mode::Reject;
    let unknown =
        br#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tags":{"evil":1,"plan":"x"}}"#;
    let refusal = clear_body(&terms, unknown).unwrap_err();
    assert_eq!(lines(&refusal.violations), ["/tags/evil additionalProperties"]);

    // The nearest choice above wins, in both directions.
    terms.schema.overrides = vec![choose("/tags", Some(Mode::Strip), Some(Mode::Reject))];
    let refusal = clear_body(&terms, unknown).unwrap_err();
    assert_eq!(lines(&refusal.violations), ["/tags/plan enum"]);
    terms.schema.overrides.push(choose("/tags/plan", None, Some(Mode::Strip)));
    let (leaves, _) = clear(&terms, unknown).unwrap();
    assert_eq!(leaves, r#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tags":{}}"#);
    // A choice for the tags says nothing about what stands beside them.
    let beside = br#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tagz":{}}"#;
    assert_eq!(clear_body(&terms, beside).unwrap_err().code, Code::BodyNotAllowed);
}

#[test]
fn where_two_choices_hold_for_one_place_the_stricter_one_does() {
    let mut terms = terms(&usage());
    terms.schema.overrides =
        vec![choose("/tags", None, Some(Mode::Reject)), choose("/?", None, Some(Mode::Strip))];
    let body = br#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tags":{"plan":"x"}}"#;
    assert_eq!(clear_body(&terms, body).unwrap_err().code, Code::BodyNotAllowed);
}

#[test]
fn what_follows_from_a_removal_is_not_judged_a_second_time() {
    // Unlisted measures go; the empty object that is left breaks minProperties only because of that.
    let mut terms = terms(&usage());
    terms.invalid = Mode::Reject;
    let body = br#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","measures":{"users":1}}"#;
    let (leaves, taken) = clear(&terms, body).unwrap();
    assert_eq!(leaves, r#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z"}"#);
    assert_eq!(taken, ["/measures additionalProperties <- /measures/users"]);
    // One that was broken before is judged.
    let body = br#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","measures":{}}"#;
    let refusal = clear_body(&terms, body).unwrap_err();
    assert_eq!(lines(&refusal.violations), ["/measures minProperties"]);
}

#[test]
fn an_own_fault_stays_one_when_something_below_is_taken_out_first() {
    let mut terms = terms(&metrics());
    terms.invalid = Mode::Reject;
    let body = br#"{"metrics":[{"points":[{"time":1,"x":1}]}]}"#;
    let refusal = clear_body(&terms, body).unwrap_err();
    assert_eq!(lines(&refusal.violations), ["/metrics/0 required"]);
}

#[test]
fn too_many_members_are_counted_after_the_unknown_ones_went() {
    let body = br#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","measures":{"m.a":1,"x":0,"m.b":2,"m.c":3}}"#;
    let (leaves, taken) = clear(&terms(&usage()), body).unwrap();
    assert!(leaves.ends_with(r#""measures":{"m.a":1,"m.b":2,"m.c":3}}"#), "{leaves}");
    assert_eq!(taken, ["/measures/x additionalProperties"]);
}

#[test]
fn an_unknown_member_inside_an_alternative_does_not_cost_the_alternative() {
    let body = br#"{"metrics":[{"name":"a","points":[{"time":1,"attributes":[
        {"key":"env","value":{"stringValue":"prod","evil":[1]},"more":2},
        {"key":"customer_id","value":{"stringValue":"acme"}},
        {"key":"method","value":{"stringValue":"GET"}}]}]}]}"#;
    let (leaves, taken) = clear(&terms(&metrics()), body).unwrap();
    assert_eq!(
        leaves,
        r#"{"metrics":[{"name":"a","points":[{"time":1,"attributes":[{"key":"env","value":{"stringValue":"prod"}},{"key":"method","value":{"stringValue":"GET"}}]}]}]}"#
    );
    let prefix = "/metrics/0/points/0/attributes";
    assert_eq!(
        taken,
        [
            format!("{prefix}/0/value/evil additionalProperties"),
            format!("{prefix}/0/more additionalProperties"),
            format!("{prefix}/1 oneOf"),
        ]
    );
}

#[test]
fn pointers_count_in_the_body_as_received_however_many_rounds_it_takes() {
    // Round one takes out elements 1 and 4; what goes in round two stood at 2 and 5.
    let body = br#"{"metrics":[{"name":"a","points":[
        {"time":0},{"time":1,"attributes":0,"asDouble":"x"},7,{"time":3},8,{"time":"y"},{"time":6,"z":1}]}]}"#;
    let (leaves, taken) = clear(&terms(&metrics()), body).unwrap();
    assert_eq!(
        leaves,
        r#"{"metrics":[{"name":"a","points":[{"time":0},{"time":1},{"time":3},{"time":6}]}]}"#
    );
    let p = "/metrics/0/points";
    assert_eq!(
        taken,
        [
            format!("{p}/1/attributes type"),
            format!("{p}/1/asDouble type"),
            format!("{p}/2 type"),
            format!("{p}/4 type"),
            format!("{p}/5 anyOf <- {p}/5/time"),
            format!("{p}/6/z additionalProperties"),
        ]
    );
}

#[test]
fn r46_text_that_nobody_can_read_does_not_leave_even_where_the_schema_allows_it() {
    let wide = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let terms = terms(&wide);
    let (leaves, taken) = clear(&terms, "{\"a\":\"ok\",\"b\":\"z\u{200b}w\",\"c\":\"\\u0000\",\"d\":\"\\ud83d\\ude00\",\"e\\u202e\":\"x\",\"f\":\"Tag \u{e0041}\"}".as_bytes()).unwrap();
    assert_eq!(leaves, r#"{"a":"ok","d":"😀"}"#);
    assert_eq!(taken, ["/b text", "/c text", "/(4 bytes) text", "/f text"]);
}

#[test]
fn r46_a_name_equal_only_after_normalisation_is_another_name() {
    let body = |name: &str| {
        format!(r#"{{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","tags":{{"{name}":"x"}}}}"#)
    };
    let (_, taken) = clear(&terms(&usage()), body("café").as_bytes()).unwrap();
    assert!(taken.is_empty(), "{taken:?}");
    for other in ["cafe\u{301}", "саfé", "Café", "café ", "cafe"] {
        let (leaves, taken) = clear(&terms(&usage()), body(other).as_bytes()).unwrap();
        assert!(leaves.ends_with(r#""tags":{}}"#), "{leaves}");
        assert_eq!(taken.len(), 1);
    }
}

#[test]
fn text_inside_an_unknown_member_is_that_members_matter() {
    let mut terms = terms(&usage());
    terms.invalid = Mode::Reject;
    let body = "{\"license\":\"lsv2_pt_canary\",\"from\":\"2025-01-06T09:00:00Z\",\"x\\u0007\":{\"y\":\"\u{200b}\"}}";
    let (_, taken) = clear(&terms, body.as_bytes()).unwrap();
    assert_eq!(taken, ["/(2 bytes) additionalProperties"]);
}

#[test]
fn secrets_are_found_where_the_schema_has_them_and_nowhere_else() {
    let schema = json!({"type": "object"});
    let mut terms = terms(&schema);
    terms.schema.secrets = vec![at("/license"), at("/keys/*/value"), at("/by_name/?")];
    let body = r#"{"other":"lsv2","license":"a\"b\\c","keys":[{"value":"k1","name":"n"},{"value":12.50}],"by_name":{"x":{"deep":[true]}},"value":"v"}"#;
    let (out, _) = clear_body(&terms, body.as_bytes()).unwrap();
    let tokens: Vec<&str> =
        out.secrets.iter().map(|r| std::str::from_utf8(&out.bytes[r.clone()]).unwrap()).collect();
    assert_eq!(tokens, [r#""a\"b\\c""#, r#""k1""#, "12.5", r#"{"deep":[true]}"#]);
    let mut seen = Vec::new();
    let masked = out.masked(|secret| {
        seen.push(String::from_utf8(secret.to_vec()).unwrap());
        format!("\"{}\"", seen.len())
    });
    assert_eq!(seen, ["a\"b\\c", "k1", "12.5", r#"{"deep":[true]}"#]);
    assert_eq!(
        String::from_utf8(masked).unwrap(),
        r#"{"other":"lsv2","license":"\"1\"","keys":[{"value":"\"2\"","name":"n"},{"value":"\"3\""}],"by_name":{"x":"\"4\""},"value":"v"}"#
    );
}

#[test]
fn r58_a_refusal_says_where_and_never_what() {
    let canary = "CANARY7311";
    let bodies = [
        format!("{{\"license\":\"{canary}"),
        format!("{{\"a\":{canary}}}"),
        format!("{{\"{canary} x\":1,\"{canary} x\":2}}"),
        format!("{{\"license\":\"{canary} broken\",\"from\":\"{canary}\"}}"),
        format!("{{\"license\":[\"{canary}\"],\"{canary} y\":1}}"),
    ];
    for body in bodies {
        let refusal = clear_body(&terms(&usage()), body.as_bytes()).unwrap_err();
        assert!(!format!("{refusal:?}").contains(canary), "{refusal:?}");
    }
}

#[test]
fn r45_a_body_beyond_its_bound_is_too_large_before_it_is_read() {
    let mut terms = terms(&usage());
    terms.max_bytes = REPORT.len();
    assert!(clear_body(&terms, REPORT.as_bytes()).is_ok());
    let refusal = clear_body(&terms, format!("{REPORT} ").as_bytes()).unwrap_err();
    assert_eq!(refusal.code, Code::BodyTooLarge);
}

#[test]
fn r45_more_violations_than_can_be_listed_refuse_the_body() {
    let mut body = String::from(r#"{"metrics":[{"name":"a"}"#);
    body.push_str(&",0".repeat(super::remove::MAX_REMOVALS + 1));
    body.push_str("]}");
    let refusal = clear_body(&terms(&metrics()), body.as_bytes()).unwrap_err();
    assert_eq!(refusal.code, Code::BodyNotAllowed);
    assert!(refusal.detail.contains("16384"), "{}", refusal.detail);
    let empties = format!("[{}{{}}]", "{},".repeat(300_000));
    let refusal = clear_body(&terms(&metrics()), empties.as_bytes()).unwrap_err();
    assert_eq!(refusal.code, Code::BodyNotAllowed);
}

#[test]
fn r47_unevaluated_members_go_and_listed_ones_of_a_failing_alternative_stay() {
    let schema = json!({
        "type": "object",
        "allOf": [{"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}],
        "unevaluatedProperties": false
    });
    let (leaves, taken) = clear(&terms(&schema), br#"{"a":"x","b":2,"c":3}"#).unwrap();
    assert_eq!(leaves, r#"{"b":2}"#);
    assert_eq!(taken, ["/a type", "/c unevaluatedProperties"]);
}

#[test]
fn every_way_to_close_an_object_or_array_is_understood() {
    let cases = [
        (json!({"type": "object", "additionalProperties": false}), r#"{"a":1,"b":2}"#, "{}", 2),
        (json!({"type": "object", "propertyNames": false}), r#"{"a":1,"b":2}"#, "{}", 2),
        (json!({"type": "object", "propertyNames": {"pattern": "^a$"}}), r#"{"a":1,"b":2}"#, r#"{"a":1}"#, 1),
        (json!({"type": "object", "propertyNames": {"enum": ["a"]}}), r#"{"a":1,"b":2}"#, r#"{"a":1}"#, 1),
        (json!({"type": "object", "maxProperties": 0}), r#"{"a":1}"#, "", 0),
        (json!({"properties": {"a": false}}), r#"{"a":1,"b":2}"#, r#"{"b":2}"#, 1),
        (
            json!({"properties": {"additionalProperties": false}}),
            r#"{"additionalProperties":{"x":1},"b":2}"#,
            r#"{"b":2}"#,
            1,
        ),
        (
            json!({"patternProperties": {"^a": {"type": "null"}}, "additionalProperties": false}),
            r#"{"a":null,"ab":1,"b":2}"#,
            r#"{"a":null}"#,
            2,
        ),
        (json!({"prefixItems": [{"type": "integer"}], "items": false}), "[1,2,3]", "[1]", 2),
        (json!({"type": "array", "maxItems": 0}), "[1]", "", 0),
        (json!({"properties": {"l": {"type": "array", "maxItems": 2}}}), r#"{"l":[1,2,3]}"#, "{}", 1),
        (json!({"properties": {"l": {"uniqueItems": true}}}), r#"{"l":[1,1]}"#, "{}", 1),
        (json!({"properties": {"l": {"contains": {"const": 1}}}}), r#"{"l":[2]}"#, "{}", 1),
        (json!({"properties": {"a": {"not": {"const": 1}}}}), r#"{"a":1}"#, "{}", 1),
        (json!({"dependentRequired": {"a": ["b"]}, "properties": {"a": {}}}), r#"{"a":1}"#, "", 0),
        (
            json!({"properties": {"k": {}, "v": {}}, "if": {"properties": {"k": {"const": "n"}}}, "then": {"properties": {"v": {"type": "integer"}}}}),
            r#"{"k":"n","v":"s"}"#,
            r#"{"k":"n"}"#,
            1,
        ),
        (
            json!({"properties": {"l": {"prefixItems": [{}], "unevaluatedItems": false}}}),
            r#"{"l":[1,2]}"#,
            "{}",
            1,
        ),
        (json!(false), "{}", "", 0),
    ];
    for (schema, body, leaves, count) in cases {
        match clear(&terms(&schema), body.as_bytes()) {
            Ok((left, taken)) => assert_eq!((left.as_str(), taken.len()), (leaves, count), "{schema}"),
            Err(refusal) => assert_eq!((refusal.code, leaves), (Code::BodyNotAllowed, ""), "{schema}"),
        }
    }
}

#[test]
fn a_member_named_like_a_pointer_is_still_found() {
    let schema = json!({"additionalProperties": {"additionalProperties": {"type": "integer"}}});
    let body = r#"{"a/b":{"~1":"x","~0":1,"0":"y","":"z","~01":2},"":{"":3}}"#;
    let (leaves, taken) = clear(&terms(&schema), body.as_bytes()).unwrap();
    assert_eq!(leaves, r#"{"a/b":{"~0":1,"~01":2},"":{"":3}}"#);
    assert_eq!(taken.len(), 3);
}

#[test]
fn what_comes_out_is_left_alone_the_second_time() {
    let bodies: [(Value, &str); 3] = [
        (
            usage(),
            r#"{"license":"lsv2_pt_canary","from":"2025-01-06T09:00:00Z","x":1,"measures":{"m.a":-1}}"#,
        ),
        (metrics(), r#"{"metrics":[{"name":"a","points":[{"time":"x"}]},0]}"#),
        (metrics(), r#"{"metrics":[{"name":"a","points":[{"time":1,"asDouble":1E2}]}]}"#),
    ];
    for (schema, body) in bodies {
        let terms = terms(&schema);
        let (once, _) = clear(&terms, body.as_bytes()).unwrap();
        let (twice, taken) = clear(&terms, once.as_bytes()).unwrap();
        assert_eq!((once, taken), (twice, Vec::new()));
    }
}

#[test]
fn an_empty_body_is_not_a_document() {
    let refusal = clear_body(&terms(&usage()), b"").map(|(OutgoingBody { .. }, _)| ()).unwrap_err();
    assert_eq!(
        (refusal.code, refusal.detail.as_str()),
        (Code::MalformedBody, "the body is empty at byte 0 (line 1, column 1)")
    );
}

fn permit(host: &str, path: &str, headers: &[(&str, &str)], has_body: bool) -> Permit {
    let policy = Arc::new(profile::load(profile::DEFAULT).unwrap());
    let host = Host::parse(host.as_bytes()).unwrap();
    let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), v.as_bytes().to_vec())).collect();
    let facts = RequestFacts { host: &host, method: "POST", path, query: None, headers: &headers, has_body };
    decide(&policy, &facts).unwrap()
}

fn received(content: &[u8]) -> ReceivedBody {
    ReceivedBody {
        content: content.to_vec().into(),
        wire_length: content.len() as u64 + 9,
        trailers: Vec::new(),
    }
}

fn verify_permit() -> Permit {
    let headers = [("content-type", "application/json"), ("x-evil", "1")];
    permit("beacon.langchain.com", "/v1/beacon/verify", &headers, true)
}

#[test]
fn a_cleared_request_says_what_came_what_leaves_and_what_does_not() {
    let mut body = received(br#" {"license": "lsv2_pt_0123456789abcdef", "x": 1} "#);
    body.trailers = vec!["x-trailer".to_owned(), "what is this".to_owned()];
    let cleared = inspect(verify_permit(), body).unwrap();
    assert_eq!(&cleared.body().unwrap().bytes[..], br#"{"license":"lsv2_pt_0123456789abcdef"}"#);
    assert_eq!((cleared.received().length, cleared.received().wire_length), (49, 58));
    assert_eq!(cleared.received().coding, "identity");
    assert_eq!(cleared.decision(), Decision::Modified);
    let places: Vec<String> = cleared
        .removals()
        .iter()
        .map(|removal| match &removal.place {
            Place::Header { name } => format!("header {name}"),
            Place::Body { pointer } => format!("body {pointer}"),
            Place::Trailer { name } => format!("trailer {name}"),
        })
        .collect();
    assert_eq!(places, ["header x-evil", "body /x", "trailer x-trailer", "trailer (12 bytes)"]);
}

#[test]
fn an_endpoint_without_a_body_takes_none() {
    let auth = || {
        permit(
            "api.smith.langchain.com",
            "/auth",
            &[("x-api-key", "lsv2_pt_0123456789abcdef0123456789abcdef_0123456789")],
            false,
        )
    };
    let cleared = inspect(auth(), ReceivedBody::default()).unwrap();
    assert!(cleared.body().is_none());
    assert_eq!(cleared.decision(), Decision::Allowed);
    let refusal = inspect(auth(), received(b" ")).unwrap_err();
    assert_eq!(refusal.code, Code::BodyNotExpected);
    assert!(refusal.endpoint.is_some());
}

#[test]
fn a_refused_body_names_its_endpoint() {
    for (content, code) in [
        (&b"{"[..], Code::MalformedBody),
        (b"{}", Code::BodyNotAllowed),
        (&[b' '; 20_000], Code::BodyTooLarge),
    ] {
        let refusal = inspect(verify_permit(), received(content)).unwrap_err();
        assert_eq!((refusal.code, refusal.endpoint.as_deref()), (code, Some("license-verification")));
    }
}
