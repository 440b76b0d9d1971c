//! The form of each record, pinned: what is written here does not change any more.

use super::folder::intent_tail;
use crate::audit::entry;
use crate::audit::event::{self, Cut};
use crate::audit::flood::Summary;
use crate::audit::{Denied, Intent, OutcomeResult, Transaction};
use crate::refusal::{Code, Refusal};
use crate::removal::{JsonType, Place, Pointer, Removal, Step};
use jiff::Timestamp;
use std::time::Duration;
use uuid::Uuid;

const ID: Uuid = Uuid::from_u128(0x0193_4b2a_7d4c_7aaa_8bbb_0123_4567_89ab);

fn transaction() -> Transaction {
    Transaction { id: ID, source: "[::ffff:192.0.2.1]:40000".parse().unwrap(), client_tls: Some("TLSv1.3") }
}

fn text(tail: Vec<u8>) -> String {
    String::from_utf8(tail).unwrap()
}

#[test]
fn an_intent() {
    let certificate = "c".repeat(64);
    let sha256 = crate::secret::sha256_hex(b"{\"n\":1}");
    assert_eq!(
        text(intent_tail(&transaction(), b"{\"n\":1}")),
        format!(
            "\"kind\":\"intent\",\"id\":\"01934b2a-7d4c-7aaa-8bbb-0123456789ab\",\
             \"source\":{{\"address\":\"192.0.2.1\",\"port\":40000}},\
             \"destination\":{{\"host\":\"beacon.langchain.com\",\"port\":443,\"address\":\"198.51.100.7\"}},\
             \"tls\":{{\"client\":{{\"version\":\"TLSv1.3\"}},\
             \"upstream\":{{\"version\":\"TLSv1.3\",\"certificate_sha256\":\"{certificate}\"}}}},\
             \"request\":{{\"endpoint\":\"license-verification\",\"method\":\"POST\",\"path\":\"/v1/beacon/verify\",\
             \"headers\":[[\"host\",\"beacon.langchain.com\"]]}},\
             \"received\":{{\"wire_length\":7,\"length\":7,\"coding\":\"identity\",\"media_type\":\"application/json\"}},\
             \"sent\":{{\"length\":7,\"sha256\":\"{sha256}\",\"masked\":0,\"body\":{{\"n\":1}}}},\
             \"policy\":\"sha256:0\",\"decision\":\"allowed\",\"removals\":[]}}"
        )
    );
}

#[test]
fn an_outcome() {
    let intent = Intent { seq: 7, id: ID };
    let took = Some(Duration::from_micros(1234));
    assert_eq!(
        text(entry::outcome(intent, OutcomeResult::Complete, Some(204), 17, took, None)),
        "\"kind\":\"outcome\",\"id\":\"01934b2a-7d4c-7aaa-8bbb-0123456789ab\",\"intent\":7,\
         \"outcome\":{\"result\":\"complete\",\"status\":204,\"response_bytes\":17,\"duration_us\":1234}}"
    );
    assert_eq!(
        text(entry::outcome(intent, OutcomeResult::Unknown, None, 0, None, Some("interrupted"))),
        "\"kind\":\"outcome\",\"id\":\"01934b2a-7d4c-7aaa-8bbb-0123456789ab\",\"intent\":7,\
         \"outcome\":{\"result\":\"unknown\",\"response_bytes\":0,\"error\":\"interrupted\"}}"
    );
}

#[test]
fn a_refusal() {
    let violation = Removal {
        place: Place::Body {
            pointer: Pointer::new([Step::Member("tags"), Step::Member("john@example.com")]),
        },
        json_type: Some(JsonType::String),
        rule: "additionalProperties".to_owned(),
        cause: None,
    };
    let denied = Denied {
        transaction: Transaction { client_tls: None, ..transaction() },
        host: None,
        method: Some("POST".to_owned()),
        path: None,
        policy_digest: "sha256:0".to_owned(),
        refusal: Refusal::new(Code::BodyNotAllowed, "the \"body\"\nbreaks\u{202e}").because(vec![violation]),
        status: 403,
    };
    assert_eq!(
        text(entry::denied(&denied).unwrap()),
        "\"kind\":\"denied\",\"id\":\"01934b2a-7d4c-7aaa-8bbb-0123456789ab\",\
         \"source\":{\"address\":\"192.0.2.1\",\"port\":40000},\"request\":{\"method\":\"POST\"},\
         \"policy\":\"sha256:0\",\"decision\":\"denied\",\
         \"refusal\":{\"code\":\"body_not_allowed\",\"status\":403,\"detail\":\"the \\\"body\\\"\\nbreaks\\u202e\",\
         \"violations\":[{\"in\":\"body\",\"pointer\":\"/tags/(16 bytes)\",\"type\":\"string\",\
         \"rule\":\"additionalProperties\"}]}}"
    );
}

#[test]
fn counted_refusals() {
    let at = Timestamp::UNIX_EPOCH;
    let source = Some("192.0.2.1".parse().unwrap());
    let summary = Summary { source, code: Code::PathNotAllowed, count: 9, from: at, to: at };
    assert_eq!(
        text(entry::denied_summary(&summary)),
        "\"kind\":\"denied_summary\",\"source\":{\"address\":\"192.0.2.1\"},\
         \"refusal\":{\"code\":\"path_not_allowed\"},\"count\":9,\
         \"from\":\"1970-01-01T00:00:00.000000Z\",\"to\":\"1970-01-01T00:00:00.000000Z\"}"
    );
}

#[test]
fn the_log_about_itself() {
    let settings = [("listen".to_owned(), "127.0.0.1:3128".to_owned())];
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        text(event::log_open("0badcafe", &settings)),
        format!(
            "\"kind\":\"log_open\",\"program\":\"beacongate\",\"program_version\":\"{version}\",\
             \"fingerprint_key\":\"0badcafe\",\"settings\":{{\"listen\":\"127.0.0.1:3128\"}}}}"
        )
    );
    assert_eq!(
        text(event::policy("documented", "sha256:1", "{\"a\":\n[1]}").unwrap()),
        "\"kind\":\"policy\",\"name\":\"documented\",\"digest\":\"sha256:1\",\"effective\":{\"a\":[1]},\"escaped\":true}"
    );
    let cut = Cut { segment: "0.jsonl".to_owned(), offset: 1, length: 2, set_aside: "torn-3".to_owned() };
    assert_eq!(
        text(event::recovery("start", Some(&cut), 1)),
        "\"kind\":\"recovery\",\"after\":\"start\",\"cut\":{\"segment\":\"0.jsonl\",\"offset\":1,\"length\":2,\
         \"set_aside\":\"torn-3\"},\"open_intents\":1}"
    );
    assert_eq!(
        text(event::fault("the audit log's disk is full", "1970-01-01T00:00:00.000000Z", 3)),
        "\"kind\":\"fault\",\"error\":\"the audit log's disk is full\",\"since\":\"1970-01-01T00:00:00.000000Z\",\
         \"refused_intents\":3}"
    );
    assert_eq!(
        text(event::log_close("SIGTERM", 9)),
        "\"kind\":\"log_close\",\"reason\":\"SIGTERM\",\"records\":9}"
    );
}
