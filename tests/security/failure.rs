//! R54, R55, R58, R62: what happens when something goes wrong, and what is said about it.

use crate::support::answer::Answer;
use crate::support::audit::{Audit, contains, files, sent_digest};
use crate::support::documented::{self, API_KEY, KEY, LANGGRAPH_USAGE, LICENSE, TOKEN};
use crate::support::places::{objects, with_member};
use crate::support::process::{Process, Site};
use crate::support::request::{BEACON, Request};
use crate::support::rig::Rig;
use serde_json::json;
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r54_each_record_names_the_one_policy_that_it_was_made_under() {
    let rig = Rig::start().await;
    for endpoint in documented::ALL {
        rig.send(&endpoint.request()).await;
        rig.send(&endpoint.request().target("/runs")).await;
    }
    let done = rig.finish().await;
    let policy: Vec<_> = done.audit.of_kind("policy").collect();
    assert_eq!(policy.len(), 1);
    assert!(policy[0]["effective"].is_object(), "the policy's whole text is in the log");
    let mut judged = 0;
    for record in done.audit.intents().into_iter().chain(done.audit.denied()) {
        assert_eq!(record["policy"], policy[0]["digest"], "{record}");
        judged += 1;
    }
    assert!(judged >= 14);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r54_a_gate_that_cannot_keep_its_promises_does_not_start() {
    let rig = Rig::start().await;
    let home = rig.finish().await.home;
    let blocked = home.path().join("a-file");
    std::fs::write(&blocked, "not a folder").unwrap();
    let start = |change: &dyn Fn(&mut beacongate::gate::Settings)| {
        let mut settings = crate::support::rig::settings(&home);
        change(&mut settings);
        beacongate::gate::Gate::start(settings)
    };
    assert!(start(&|s| s.audit = blocked.clone()).await.is_err(), "no audit folder");
    assert!(start(&|s| s.certs = blocked.clone()).await.is_err(), "no CA folder");
    assert!(start(&|s| s.upstream_ca = vec![blocked.clone()]).await.is_err(), "an upstream CA that is none");
    assert!(
        start(&|s| s.upstream_ca = vec![home.path().join("missing.pem")]).await.is_err(),
        "no upstream CA"
    );
    let segment = crate::support::audit::segments(&home.path().join("audit")).remove(0);
    let text = std::fs::read_to_string(&segment).unwrap();
    std::fs::write(&segment, text.replacen("log_open", "log_0pen", 1)).unwrap();
    let error = start(&|_| {}).await.expect_err("a refusal to go on after a changed record");
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r55_the_intent_is_in_the_file_when_the_request_arrives() {
    let rig = Rig::start().await;
    let missing = Arc::new(Mutex::new(Vec::new()));
    let (dir, found_missing) = (rig.audit_dir(), Arc::clone(&missing));
    rig.upstream.answer_with(move |seen| {
        let digest = beacongate::secret::sha256_hex(&seen.body);
        let audit = Audit::read(&dir);
        if !audit.intents().iter().any(|i| sent_digest(i) == digest) {
            found_missing.lock().unwrap().push(seen.target.clone());
        }
        Answer::documented(seen)
    });
    for endpoint in documented::ALL {
        assert_eq!(rig.send(&endpoint.request()).await.status, endpoint.status);
    }
    assert!(missing.lock().unwrap().is_empty(), "sent before they were recorded: {missing:?}");
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r55_a_request_that_the_vendor_never_answered_may_have_left_and_is_not_sent_again() {
    let rig = Rig::start().await;
    rig.upstream.answer_with(|_| Answer::BytesThenClose(Vec::new()));
    rig.send(&LICENSE.request()).await.assert_refused(502, "upstream_failed", "no answer");
    let done = rig.finish().await;
    assert_eq!((done.upstream.requests().len(), done.audit.intents().len()), (1, 1));
    assert_ne!(crate::support::audit::result(done.audit.outcomes()[0]), "not_sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r55_a_client_that_gives_up_leaves_an_intent_with_an_outcome() {
    let rig = Rig::start().await;
    let go = Arc::new(tokio::sync::Semaphore::new(0));
    let held = Answer::After(Arc::clone(&go), Box::new(Answer::of(&LICENSE)));
    rig.upstream.answer_with(move |_| held.clone());
    let mut tunnel = rig.client.open(BEACON).await;
    tunnel.write(&LICENSE.request().bytes()).await;
    rig.upstream.wait_for_requests(1).await;
    drop(tunnel);
    go.add_permits(1);
    let done = rig.finish().await;
    assert_eq!((done.audit.intents().len(), done.audit.outcomes().len()), (1, 1));
    assert_eq!(done.audit.outcomes()[0]["intent"], done.audit.intents()[0]["seq"]);
    assert_ne!(crate::support::audit::result(done.audit.outcomes()[0]), "not_sent");
}

/// Things that would be read in a terminal or a log as something that they are not.
const INJECTIONS: [&str; 5] = [
    "\u{1b}[2Jcanary-esc",
    "canary\u{202e}bidi",
    "canary\r\n{\"kind\":\"intent\"}",
    "canary\u{2028}line",
    "canary\u{9b}c1",
];

/// Requests with something secret or hostile in every place that a careless program repeats.
fn careless_places() -> Vec<Request> {
    let mut all = vec![
        LICENSE.request().target("/canary-path/jane.roe@canary.example"),
        LICENSE.request().target("/v1/beacon/verify?canary%20query=canary-value"),
        LICENSE.request().header("Content-Encoding", "canary-coding"),
        LICENSE.request().without("Content-Type").header("Content-Type", "canary/type"),
        LICENSE.request().header("Expect", "canary-expectation"),
        LICENSE.request().header("canary-jane.roe-5551234567", "canary-value"),
        LICENSE.request().method("CANARYMETHODWITHCONTENTOFJANE"),
        LICENSE.request().without("Host").header("Host", "canary@canary"),
        Request::post(BEACON, LICENSE.path).json(b"{\"license\":\"canary-key-000000\",\"canary".to_vec()),
        Request::post(BEACON, LICENSE.path).json(b"{\"license\":\"canary key with spaces\"}".to_vec()),
        KEY.request().without("X-Api-Key").header("X-Api-Key", "canary key with spaces"),
        KEY.request(),
    ];
    for text in INJECTIONS {
        let object = &objects(&LANGGRAPH_USAGE.json())[1];
        all.push(LANGGRAPH_USAGE.with_body(&with_member(&LANGGRAPH_USAGE.json(), object, text, json!(text))));
        all.push(LANGGRAPH_USAGE.with_body(&with_member(
            &LANGGRAPH_USAGE.json(),
            "",
            "from_timestamp",
            json!(text),
        )));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r58_nothing_that_was_secret_refused_or_taken_out_is_repeated_anywhere() {
    let site = Site::new().await;
    let mut command = site.command();
    command.env("RUST_LOG", "trace").args(["--log", "trace"]);
    let gate = Process::start(command).await;
    let client = site.client(&gate);
    for request in careless_places() {
        let response = client.send(&request).await;
        for canary in ["canary", "jane", API_KEY] {
            assert!(
                !response.text().contains(canary) && !response.head.contains(canary),
                "{}",
                response.text()
            );
        }
    }
    let _ = client.raw(b"CONNECT canary.example:443 HTTP/1.1\r\nHost: canary.example:443\r\n\r\n").await;
    client.send(&LICENSE.request()).await;
    gate.terminate();
    let (status, said) = gate.wait().await;
    assert!(status.success(), "{said}");
    assert_unrepeated("what it says", said.replace("canary.example", "").as_bytes());
    let log: Vec<u8> = files(&site.audit_dir()).iter().flat_map(|f| std::fs::read(f).unwrap()).collect();
    let log = String::from_utf8(log).unwrap().replace("\"canary.example\"", "");
    assert_unrepeated("the log", log.as_bytes());
    let text = log.replace('\n', "");
    assert!(
        !text.chars().any(|c| c.is_control() || "\u{202e}\u{2028}\u{9b}".contains(c)),
        "raw control characters"
    );
}

fn assert_unrepeated(place: &str, bytes: &[u8]) {
    let secrets = [
        API_KEY,
        TOKEN,
        "canary-value",
        "canary-key",
        "canary key",
        "canary-path",
        "jane.roe",
        "5551234567",
        "canary%20query",
        "canary query",
        "canary-coding",
        "canary/type",
        "canary-expectation",
        "OFJANE",
        "canary@",
        "canary-esc",
        "bidi",
        "c1",
    ];
    for secret in secrets {
        let found = contains(bytes, secret) && !is_digest_part(bytes, secret);
        assert!(!found, "{secret} stands in {place}");
    }
}

/// `c1` is also two hexadecimal digits of any digest: only a longer match means anything.
fn is_digest_part(bytes: &[u8], secret: &str) -> bool {
    secret == "c1" && !contains(bytes, "nary\u{9b}c1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r58_a_path_that_looks_plain_is_named_in_the_record_and_one_that_does_not_is_a_length() {
    let rig = Rig::start().await;
    rig.send(&LICENSE.request().target("/runs/multipart")).await;
    rig.send(&LICENSE.request().target("/users/jane.roe@example.com")).await;
    let done = rig.finish().await;
    let paths: Vec<_> = done.audit.denied().iter().map(|d| d["request"]["path"].clone()).collect();
    assert_eq!(paths, ["/runs/multipart", "(27 bytes)"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r62_the_gate_connects_for_an_allowed_request_and_for_nothing_else() {
    let rig = Rig::start().await;
    let mut idle = rig.client.open(BEACON).await;
    idle.exchange(&LICENSE.request().target("/runs")).await.assert_refused(403, "path_not_allowed", "/runs");
    rig.client.connect("canary.example:443").await;
    rig.send(&Request::post(BEACON, LICENSE.path).json(b"{}".to_vec())).await;
    assert!(rig.upstream.connections().is_empty(), "a connection without a request that may leave");
    rig.send(&LICENSE.request()).await;
    assert_eq!(rig.upstream.connections().len(), 1);
    rig.finish().await;
}
