//! kill -9 at any moment: whatever the upstream saw stands in the log, and the log stays good.

use crate::support::audit::{Audit, segments, sent_digest};
use crate::support::client::{Client, Tunnel};
use crate::support::documented::LANGSMITH_USAGE;
use crate::support::places::with_value;
use crate::support::process::{Site, run};
use crate::support::request::Request;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

/// How often the gate is killed.
const ROUNDS: u32 = 200;
/// Connections that send back to back while it lives.
const CLIENTS: usize = 4;
/// The latest moment of a kill, after the first request has arrived.
const LONGEST_LIFE: Duration = Duration::from_millis(60);

/// A documented report with an id that no other request has.
fn unique_request() -> Request {
    let id = uuid::Uuid::now_v7().to_string();
    LANGSMITH_USAGE.with_body(&with_value(&LANGSMITH_USAGE.json(), "/trace_transactions/0/id", id.into()))
}

/// Sends until the gate is gone.
async fn send_without_end(client: Client) {
    let Some(mut tunnel) = open(&client).await else { return };
    loop {
        if tunnel.stream.write_all(&unique_request().bytes()).await.is_err() {
            return;
        }
        if crate::support::response::Response::read(&mut tunnel.stream).await.is_err() {
            return;
        }
    }
}

/// A tunnel, or nothing when the gate dies meanwhile.
async fn open(client: &Client) -> Option<Tunnel> {
    use tokio::io::AsyncReadExt;
    let mut stream = tokio::net::TcpStream::connect(client.gate).await.ok()?;
    stream.write_all(b"CONNECT beacon.langchain.com:443 HTTP/1.0\r\n\r\n").await.ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    client.handshake(stream, LANGSMITH_USAGE.host, |_| {}).await.ok()
}

/// The next moment to kill at: spread evenly, in an order that no timer of the gate's follows.
fn life(round: u32) -> Duration {
    LONGEST_LIFE * (round * 83 % ROUNDS) / ROUNDS
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r55_whenever_the_gate_is_killed_every_request_upstream_has_its_intent() {
    let site = Site::new().await;
    let mut written = Written::default();
    let mut checked = 0;
    for round in 0..ROUNDS {
        let gate = site.start().await;
        let client = site.client(&gate);
        let mut senders = JoinSet::new();
        for _ in 0..CLIENTS {
            senders.spawn(send_without_end(client.clone()));
        }
        site.upstream.wait_for_requests(checked + 1).await;
        // The one wait for time in these tests: a random moment is what this one is about.
        let _ = tokio::time::timeout(life(round), std::future::pending::<()>()).await;
        gate.kill();
        senders.shutdown().await;
        site.upstream.wait_for_all_closed().await;
        written.read_on(&site);
        for request in site.upstream.requests_since(checked) {
            let digest = beacongate::secret::sha256_hex(&request.body);
            assert!(written.digests.contains(&digest), "round {round}: no intent for {}", request.text());
            checked += 1;
        }
    }
    assert!(checked > 2 * ROUNDS as usize, "only {checked} requests in {ROUNDS} rounds");
    assert_log_is_good(&site).await;
}

/// The digests of every body that the log says was about to leave.
#[derive(Default)]
struct Written {
    digests: HashSet<String>,
    /// How far each segment was read.
    read: HashMap<PathBuf, usize>,
}

impl Written {
    /// Reads the lines that have been added, a torn last one left out.
    fn read_on(&mut self, site: &Site) {
        for segment in segments(&site.audit_dir()) {
            let content = std::fs::read(&segment).unwrap();
            let from = self.read.entry(segment).or_default();
            for line in content[*from..].split_inclusive(|b| *b == b'\n').filter(|l| l.ends_with(b"\n")) {
                *from += line.len();
                let record: serde_json::Value = serde_json::from_slice(line).unwrap();
                if record["kind"] == "intent" {
                    self.digests.insert(sent_digest(&record));
                }
            }
        }
    }
}

/// One more start and a proper end: then the log verifies, and says what became of every intent.
async fn assert_log_is_good(site: &Site) {
    let gate = site.start().await;
    gate.terminate();
    let (status, said) = gate.wait().await;
    assert!(status.success(), "{status}: {said}");
    let verified = run(&["audit", "verify", "audit"], site.home.path());
    let code = verified.status.code();
    assert!(code == Some(0) || code == Some(2), "{verified:?}");
    let audit = Audit::read(&site.audit_dir());
    let open: HashSet<_> = audit.intents().iter().map(|i| i["seq"].as_u64()).collect();
    let closed: HashSet<_> = audit.outcomes().iter().map(|o| o["intent"].as_u64()).collect();
    assert_eq!(open, closed, "every intent has an outcome after the restart");
}
