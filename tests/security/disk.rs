//! R55, R56: while the log cannot be written, nothing leaves; when it can again, service resumes by itself.

use crate::support::audit::Audit;
use crate::support::deadline::within;
use crate::support::documented::LANGSMITH_USAGE;
use crate::support::places::with_value;
use crate::support::process::{BINARY, Process, Site, run};
use crate::support::request::Request;
use serde_json::{Value, json};
use std::process::Command;

/// `beacongate run` where no file may grow beyond some hundred kilobytes: then a write fails as on a full disk.
fn confined(site: &Site) -> Command {
    let plain = site.command();
    let mut command = Command::new("sh");
    // An ignored SIGXFSZ stays ignored over exec, and leaves the error.
    command.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh", BINARY]);
    command.args(plain.get_args()).current_dir(site.home.path());
    command
}

/// A report of some ten kilobytes that stands in its record's line.
fn long_report() -> Request {
    let one = LANGSMITH_USAGE.json()["trace_transactions"][0].clone();
    let many: Vec<Value> = std::iter::repeat_n(one, 25).collect();
    LANGSMITH_USAGE.with_body(&with_value(&LANGSMITH_USAGE.json(), "/trace_transactions", json!(many)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r56_a_log_that_cannot_be_written_stops_everything_and_then_resumes() {
    let site = Site::new().await;
    let gate = Process::start(confined(&site)).await;
    let client = site.client(&gate);
    let mut left = 0;
    let refusal = within("the log to be full", async {
        loop {
            let response = client.send(&long_report()).await;
            if response.status != 200 {
                return response;
            }
            left += 1;
        }
    })
    .await;
    refusal.assert_refused(503, "audit_unavailable", "a full log");
    assert!(refusal.header("retry-after").is_some_and(|s| s.parse::<u32>().is_ok()), "{}", refusal.head);
    assert_eq!(site.upstream.requests().len(), left, "a request left without its record");
    assert!(left > 5);

    // A new file has room again: the gate finds that out by itself.
    let resumed = within("the gate to resume", async {
        loop {
            let response = client.send(&long_report()).await;
            if response.status == 200 {
                return response;
            }
            assert_eq!(response.status, 503, "{}", response.text());
        }
    })
    .await;
    assert_eq!(resumed.text(), LANGSMITH_USAGE.answer);
    gate.terminate();
    let (status, said) = gate.wait().await;
    assert!(status.success(), "{said}");
    assert!(said.contains("audit"), "the operator is told: {said}");

    let audit = Audit::read(&site.audit_dir());
    assert_eq!(audit.of_kind("fault").count(), 1);
    let attempted =
        audit.outcomes().iter().filter(|o| crate::support::audit::result(o) == "complete").count();
    assert_eq!(attempted, left + 1, "each request that left has its record");
    assert_eq!(site.upstream.requests().len(), left + 1);
    let verified = run(&["audit", "verify", "audit"], site.home.path());
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}
