//! R55: nothing is sent before `fdatasync` has returned, seen from outside: in the system calls of the binary.

use crate::support::documented::{self, LICENSE};
use crate::support::process::{BINARY, Process, Site};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// What matters of one line of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    /// An intent was handed to the system.
    Intent,
    /// A sync of the log returned without error.
    Synced,
    /// Bytes went to the vendor.
    Sent,
}

/// `beacongate run` under strace, which writes every call that matters into a file. `None` where strace may not.
fn traced(site: &Site, trace: &Path) -> Option<Command> {
    let calls = "trace=write,writev,sendto,sendmsg,fdatasync,fsync";
    // -D: the gate stays our child, and gets our signals.
    let options = ["-D", "-f", "-qq", "-yy", "-s", "600", "-e", calls, "-o"];
    let tried = Command::new("strace").args(options).arg(trace).arg("true").output();
    if !tried.is_ok_and(|t| t.status.success()) {
        return None;
    }
    let plain = site.command();
    let mut command = Command::new("strace");
    command.args(options).arg(trace).arg(BINARY).args(plain.get_args()).current_dir(site.home.path());
    Some(command)
}

fn calls(trace: &str, vendor: SocketAddr) -> Vec<Call> {
    let to_vendor = format!("->{vendor}]");
    trace
        .lines()
        .filter_map(|line| {
            let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
            let is_sync = call.starts_with("fdatasync(") || call.starts_with("<... fdatasync resumed>");
            if is_sync && call.ends_with("= 0") {
                Some(Call::Synced)
            } else if call.contains(".jsonl>") && call.contains(r#"\"kind\":\"intent\""#) {
                Some(Call::Intent)
            } else if call.contains(&to_vendor) && !is_sync {
                Some(Call::Sent)
            } else {
                None
            }
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r55_fdatasync_has_returned_before_a_byte_of_a_request_is_sent() {
    let site = Site::new().await;
    let trace = site.home.path().join("trace");
    let Some(command) = traced(&site, &trace) else {
        eprintln!("SKIPPED r55 by system calls: no strace, or it may not trace here");
        return;
    };
    let gate = Process::start(command).await;
    let client = site.client(&gate);
    let endpoints: Vec<_> = documented::ALL.into_iter().filter(|d| d.host == LICENSE.host).collect();
    for endpoint in &endpoints {
        assert_eq!(client.send(&endpoint.request()).await.status, endpoint.status);
    }
    gate.terminate();
    assert!(gate.wait().await.0.success());

    let calls = calls(&std::fs::read_to_string(&trace).unwrap(), site.upstream.address);
    let first = calls.iter().position(|c| *c == Call::Intent).expect("an intent in the trace");
    let sent_before = calls[..first].iter().filter(|c| **c == Call::Sent).count();
    assert!((1..=3).contains(&sent_before), "only the handshake goes before the first intent: {calls:?}");
    let mut waiting = false;
    let (mut intents, mut sent) = (0, 0);
    for call in &calls[first..] {
        match call {
            Call::Intent => {
                assert_eq!(sent, intents, "as many requests went out as were recorded: {calls:?}");
                (waiting, intents) = (true, intents + 1);
            }
            Call::Synced => waiting = false,
            Call::Sent => {
                assert!(!waiting, "sent before the sync of its intent returned: {calls:?}");
                sent += 1;
            }
        }
    }
    assert_eq!(intents, endpoints.len(), "{calls:?}");
    assert!(sent >= intents, "{calls:?}");
}
