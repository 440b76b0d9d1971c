//! R42–R46: a body is read in one way, or it is refused; and it leaves written anew.

use crate::support::documented::{LANGGRAPH_USAGE, LICENSE, METRICS};
use crate::support::places::with_value;
use crate::support::request::Request;
use crate::support::rig::Rig;
use serde_json::json;

fn raw_json(body: impl Into<Vec<u8>>) -> Request {
    Request::post(LICENSE.host, LICENSE.path).json(body.into())
}

/// Sends bodies to the license check and asserts that each is refused with this code.
async fn assert_bodies_refused(status: u16, code: &str, bodies: &[Vec<u8>]) {
    assert!(!bodies.is_empty());
    let rig = Rig::start().await;
    for body in bodies {
        let what = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        rig.send(&raw_json(body.clone())).await.assert_refused(status, code, &what);
    }
    rig.assert_nothing_left(code);
    let done = rig.finish().await;
    assert_eq!(done.audit.denials(code), bodies.len() as u64);
    assert!(done.audit.intents().is_empty());
}

/// What RFC 8259 forbids, and what it leaves open and is refused here.
fn not_json() -> Vec<Vec<u8>> {
    let texts = [
        "",
        " ",
        "{",
        "}",
        "{\"license\":\"a\"",
        "{\"license\":\"a\"}}",
        "{\"license\":\"a\"} x",
        "{\"license\":\"a\"}{}",
        "{\"license\":\"a\",}",
        "{,\"license\":\"a\"}",
        "{'license':'a'}",
        "{license:\"a\"}",
        "{\"license\" \"a\"}",
        "{\"license\"::\"a\"}",
        "{\"license\":\"a\"; }",
        "{\"license\":\"a}",
        "{\"license\":\"\\x\"}",
        "{\"license\":\"\\u12\"}",
        "{\"license\":\"\\u12G4\"}",
        "{\"license\":\"a\nb\"}",
        "{\"license\":\"a\tb\"}",
        "{\"license\":\"a\0b\"}",
        "// c\n{\"license\":\"a\"}",
        "/* c */{\"license\":\"a\"}",
        "{\"license\":\"a\"/**/}",
        "{\"license\":NaN}",
        "{\"license\":Infinity}",
        "{\"license\":-Infinity}",
        "{\"license\":01}",
        "{\"license\":+1}",
        "{\"license\":.5}",
        "{\"license\":5.}",
        "{\"license\":1e}",
        "{\"license\":1e+}",
        "{\"license\":0x10}",
        "{\"license\":--1}",
        "{\"license\":1_0}",
        "{\"license\":TRUE}",
        "{\"license\":nul}",
        "{\"license\":truex}",
        "{\"license\":undefined}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "\"a",
        "tru",
        "{\"license\":\"a\"}\u{0}",
        "{\"license\":\"a\"}\u{c}",
        "\u{a0}{\"license\":\"a\"}",
        "{\"a\":1 \"b\":2}",
        "{1:1}",
        "{null:1}",
        "\u{feff}{\"license\":\"a\"}",
    ];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|t| t.as_bytes().to_vec()).collect();
    let bytes: [&[u8]; 7] = [
        b"{\"license\":\"\xff\"}",
        b"{\"license\":\"\xc0\xaf\"}",
        b"{\"license\":\"\xed\xa0\x80\"}",
        b"{\"lic\xe9nse\":\"a\"}",
        b"{\"license\":\"\xf4\x90\x80\x80\"}",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{\"license\":\"a\"}",
    ];
    all.extend(bytes.iter().map(|b| b.to_vec()));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r42_what_is_not_one_json_document_is_refused() {
    assert_bodies_refused(400, "malformed_body", &not_json()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r42_every_spelling_of_a_document_that_rfc_8259_has_is_understood() {
    let rig = Rig::start().await;
    for body in [
        "\r\n\t {\"license\" \t:\n \"lic-1234\"}\r\n ",
        "{\"\\u006c\\u0069cense\":\"lic\\u002d1234\"}",
        "{\"license\":\"lic-1234\",\"x\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00\"}",
        "{\"x\":[0,0.5e+1,1E-2,true,false,null,{},[],\"\"],\"license\":\"lic-1234\"}",
        "{\"\":1,\"license\":\"lic-1234\"}",
    ] {
        let (response, seen) = rig.send_and_see(&raw_json(body)).await;
        let seen = seen.unwrap_or_else(|| panic!("{body}: {}", response.text()));
        assert_eq!(seen.text(), r#"{"license":"lic-1234"}"#, "{body}: written anew");
    }
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r42_a_document_of_another_kind_is_refused() {
    let bodies: Vec<Vec<u8>> =
        ["[]", "{}", "null", "true", "1", "\"lic-1234\"", "[{\"license\":\"lic-1234\"}]"]
            .iter()
            .map(|t| t.as_bytes().to_vec())
            .collect();
    assert_bodies_refused(403, "body_not_allowed", &bodies).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r43_a_key_that_stands_twice_is_refused_in_any_spelling_and_depth() {
    let bodies: Vec<Vec<u8>> = [
        r#"{"license":"lic-1234","license":"lic-5678"}"#,
        r#"{"license":"lic-1234","license":"lic-1234"}"#,
        r#"{"license":"lic-1234","licen\u0073e":"canary"}"#,
        r#"{"\u006Cicense":"a","\u006cicense":"b"}"#,
        r#"{"license":"lic-1234","x":{"a":1,"a":2}}"#,
        r#"{"license":"lic-1234","x":[[{"a":1,"\u0061":2}]]}"#,
        r#"{"":1,"":2,"license":"lic-1234"}"#,
    ]
    .iter()
    .map(|t| t.as_bytes().to_vec())
    .collect();
    assert_bodies_refused(400, "malformed_body", &bodies).await;
}

/// The sample's text with one number of it replaced by other text.
fn metrics_with(old: &str, new: &str) -> Request {
    let text = serde_json::to_string(&METRICS.json()).unwrap();
    assert!(text.contains(old), "{old} in {text}");
    Request::post(METRICS.host, METRICS.path).json(text.replacen(old, new, 1).into_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r44_a_number_leaves_as_it_came_or_not_at_all() {
    let rig = Rig::start().await;
    let digits = "9".repeat(100_000);
    let long_fraction = format!("0.{}", "3".repeat(1000));
    for number in [
        "18446744073709551616",
        "-1",
        "1.0000000000000000005",
        "1e400",
        "-1e400",
        digits.as_str(),
        "1e18",
        "1678886400000000000.0",
        "-0",
        "1.6788864e18",
        "99999999999999999999999999",
    ] {
        let (response, seen) = rig.send_and_see(&metrics_with("1678886400000000000", number)).await;
        if let Some(seen) = seen {
            let left = seen.text();
            assert!(!left.contains(&format!(":{number},")) && left.len() < 3000, "{number} left: {left}");
            assert!(
                !left.contains("e18") && !left.contains("18446744073709551616"),
                "{number} became {left}"
            );
        } else {
            assert!(["body_not_allowed", "malformed_body"].contains(&response.code().as_str()), "{number}");
        }
    }
    for number in ["1e400", "-1e400", digits.as_str(), long_fraction.as_str()] {
        let (_, seen) = rig.send_and_see(&metrics_with("12.34", number)).await;
        assert!(seen.is_none_or(|s| !s.text().contains(number)), "{} left", &number[..4]);
    }
    for (number, leaves_as) in
        [("12.34", "12.34"), ("0.1", "0.1"), ("-12.5", "-12.5"), ("5", "5"), ("1e-3", "0.001")]
    {
        let (response, seen) = rig.send_and_see(&metrics_with("12.34", number)).await;
        let left = seen.unwrap_or_else(|| panic!("{number}: {}", response.text())).json();
        let value = &left["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]["gauge"]["dataPoints"][0]["asDouble"];
        assert_eq!(value.as_f64(), leaves_as.parse().ok(), "{number}");
    }
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_depth_and_size_are_bounded() {
    let deep_array = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    let deep_object = [b"{\"a\":".repeat(1000), b"1".to_vec(), b"}".repeat(1000)].concat();
    let deep_inside = format!("{{\"license\":\"lic-1234\",\"x\":{}1{}}}", "[".repeat(33), "]".repeat(33));
    let rig = Rig::start().await;
    for body in [deep_object, deep_inside.into_bytes()] {
        rig.send(&raw_json(body)).await.assert_refused(400, "malformed_body", "depth");
    }
    let deep = Request::post(METRICS.host, METRICS.path).json(deep_array);
    rig.send(&deep).await.assert_refused(400, "malformed_body", "depth");
    let long = format!("{{\"license\":\"lic-1234\",\"x\":\"{}\"}}", "c".repeat(20_000));
    rig.send(&raw_json(long.clone())).await.assert_refused(413, "body_too_large", "announced");
    rig.send(&raw_json(long).chunked(&[])).await.assert_refused(413, "body_too_large", "chunked");
    rig.assert_nothing_left("a body beyond its bounds");

    let mut wide = LANGGRAPH_USAGE.json();
    for i in 0..20_000 {
        wide["tags"][format!("k{i}")] = json!("true");
    }
    let (response, seen) = rig.send_and_see(&LANGGRAPH_USAGE.with_body(&wide)).await;
    match seen {
        Some(seen) => assert_eq!(seen.json(), LANGGRAPH_USAGE.json()),
        None => assert!((400..500).contains(&response.status), "{}", response.text()),
    }
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r46_text_that_is_read_in_two_ways_does_not_leave() {
    assert_bodies_refused(
        400,
        "malformed_body",
        &[
            br#"{"license":"lic-1234","x":"\ud800"}"#.to_vec(),
            br#"{"license":"lic-1234","x":"\udc00\ud800"}"#.to_vec(),
            br#"{"license":"lic-1234","\ud800":1}"#.to_vec(),
            br#"{"license":"lic-1234","x":"\ud800\u0041"}"#.to_vec(),
        ],
    )
    .await;
    let rig = Rig::start().await;
    let keys = [
        "licen\u{17f}e",
        "l\u{131}cense",
        "\u{456}icense",
        "license\u{200b}",
        "license\u{0}",
        "\u{feff}license",
        "LICENSE",
    ];
    for key in keys {
        let (response, seen) = rig.send_and_see(&LICENSE.with_body(&json!({ key: "canary-1234" }))).await;
        assert!(seen.is_none(), "{key:?} is not `license`");
        response.assert_refused(403, "body_not_allowed", key);
    }
    for text in [
        "a\u{200b}b",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{feff}b",
        "a\u{0}b",
        "a\u{1b}[2Jb",
        "a\u{7f}b",
        "a\u{85}b",
        "a\u{2028}b",
        "a\u{e0041}b",
    ] {
        let body = with_value(
            &METRICS.json(),
            "/resourceMetrics/0/scopeMetrics/0/metrics/0/description",
            json!(text),
        );
        let (_, seen) = rig.send_and_see(&METRICS.with_body(&body)).await;
        let left = seen.map(|s| s.text()).unwrap_or_default();
        assert!(!left.contains(text), "{text:?} left");
    }
    rig.finish().await;
}
