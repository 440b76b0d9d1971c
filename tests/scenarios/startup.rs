//! From an empty folder: what a first start makes and says, and that a second one uses it again.

use crate::support::documented::LICENSE;
use crate::support::process::{Process, Site, run};
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_start_makes_what_it_needs_and_says_how_to_use_it() {
    let site = Site::new().await;
    let gate = site.start().await;
    let response = site.client(&gate).send(&LICENSE.request()).await;
    assert_eq!(response.text(), LICENSE.answer);
    let mode = site.certs().join("ca.key").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400, "the CA's key is its owner's to read");
    gate.terminate();
    let (status, said) = gate.wait().await;
    assert!(status.success(), "{status}: {said}");
    for wanted in [
        "documented",
        "sha256:",
        "ca.pem",
        "HTTPS_PROXY",
        "CURL_CA_BUNDLE",
        "REQUESTS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "NODE_EXTRA_CA_CERTS",
        "javax.net.ssl.trustStore",
        "beacon.langchain.com",
        "/v1/beacon/verify",
    ] {
        assert!(said.contains(wanted), "no {wanted} in:\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_uses_the_same_ca_and_reads_on_from_the_same_log() {
    let site = Site::new().await;
    let mut authorities = Vec::new();
    for _ in 0..2 {
        let gate = site.start().await;
        site.client(&gate).send(&LICENSE.request()).await;
        authorities.push(std::fs::read(site.certs().join("ca.pem")).unwrap());
        stop(gate).await;
    }
    assert_eq!(authorities[0], authorities[1]);
    let verified = run(&["audit", "verify", "audit"], site.home.path());
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    let listed = run(&["audit", "list", "audit", "--json"], site.home.path());
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(listed.matches("/v1/beacon/verify").count() % 2, 0, "{listed}");
    assert!(listed.contains("/v1/beacon/verify"), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_gate_on_the_same_log_is_refused() {
    let site = Site::new().await;
    let first = site.start().await;
    let mut command = site.command();
    let second = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("audit"), "{said}");
    stop(first).await;
}

#[test]
fn a_detour_for_a_host_that_the_policy_does_not_name_is_refused() {
    let home = tempfile::TempDir::new().unwrap();
    let detour = "--connect-to=beacon.langchian.com:443:127.0.0.1:8443";
    let refused = run(&["run", "--listen", "127.0.0.1:0", detour], home.path());
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.starts_with("error: --connect-to names beacon.langchian.com"), "{said}");
    assert!(said.contains("beacon.langchain.com"), "it names the hosts that there are: {said}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing was made");
}

async fn stop(gate: Process) {
    gate.terminate();
    let (status, said) = gate.wait().await;
    assert!(status.success(), "{status}: {said}");
}
