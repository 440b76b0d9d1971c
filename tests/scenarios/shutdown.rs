//! Stopping: what is in flight completes, what is idle is closed, and the log says how it ended.

use crate::support::answer::Answer;
use crate::support::audit::{Audit, result};
use crate::support::documented::LICENSE;
use crate::support::process::{Site, run};
use std::sync::Arc;
use tokio::sync::Semaphore;

fn verifies(site: &Site) {
    let verified = run(&["audit", "verify", "audit"], site.home.path());
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_in_flight_completes_after_sigterm_and_the_log_is_closed() {
    let site = Site::new().await;
    let go = Arc::new(Semaphore::new(0));
    let held = Answer::After(Arc::clone(&go), Box::new(Answer::of(&LICENSE)));
    site.upstream.answer_with(move |_| held.clone());
    let gate = site.start().await;
    let mut tunnel = site.client(&gate).open(LICENSE.host).await;
    tunnel.write(&LICENSE.request().bytes()).await;
    site.upstream.wait_for_requests(1).await;
    gate.terminate();
    go.add_permits(1);
    let response = tunnel.read().await.expect("the answer to the request in flight");
    assert_eq!((response.status, response.text().as_str()), (200, LICENSE.answer));
    tunnel.assert_closed().await;
    let (status, said) = gate.wait().await;
    assert!(status.success(), "{status}: {said}");
    let audit = Audit::read(&site.audit_dir());
    assert_eq!(audit.records.last().unwrap()["kind"], "log_close");
    assert_eq!(result(audit.outcomes()[0]), "complete");
    verifies(&site);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_tunnel_is_closed_at_once_and_no_connection_is_accepted_after() {
    let site = Site::new().await;
    let gate = site.start().await;
    let client = site.client(&gate);
    let mut used = client.open(LICENSE.host).await;
    used.exchange(&LICENSE.request()).await;
    let mut unused = client.open(LICENSE.host).await;
    let address = gate.address;
    gate.terminate();
    used.assert_closed().await;
    unused.assert_closed().await;
    let (status, said) = gate.wait().await;
    assert!(status.success(), "{status}: {said}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let audit = Audit::read(&site.audit_dir());
    assert_eq!(audit.records.last().unwrap()["kind"], "log_close");
    verifies(&site);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_outlives_the_deadline_is_cut_and_recorded_as_unknown() {
    let site = Site::new().await;
    site.upstream.answer_with(|_| Answer::Never);
    let mut command = site.command();
    command.args(["--drain", "1"]);
    let gate = crate::support::process::Process::start(command).await;
    let mut tunnel = site.client(&gate).open(LICENSE.host).await;
    tunnel.write(&LICENSE.request().bytes()).await;
    site.upstream.wait_for_requests(1).await;
    gate.terminate();
    let (_, said) = gate.wait().await;
    let audit = Audit::read(&site.audit_dir());
    assert_eq!(audit.records.last().unwrap()["kind"], "log_close", "{said}");
    assert_eq!(result(audit.outcomes()[0]), "unknown");
    verifies(&site);
}
