//! A running gate with the vendor's stand-in behind it and a client before it.

use super::audit::{Audit, contains, sent_digest};
use super::certificates::TestCa;
use super::client::Client;
use super::deadline::within;
use super::documented::TOKEN;
use super::process::run;
use super::request::{BEACON, Request, SMITH, SMITH_EU};
use super::response::Response;
use super::upstream::{Seen, Upstream};
use beacongate::forward::address::ConnectTo;
use beacongate::gate::{Gate, Settings};
use beacongate::policy::Policy;
use rustls::ServerConfig;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// The three hosts of the default policy.
pub const HOSTS: [&str; 3] = [BEACON, SMITH, SMITH_EU];

/// The file of the authority that a gate trusts towards its stand-in.
const VENDOR_CA: &str = "vendor-ca.pem";

/// A gate, its upstream, its client.
pub struct Rig {
    pub client: Client,
    pub upstream: Upstream,
    pub home: TempDir,
    gate: Gate,
}

impl Rig {
    /// The default policy, and a stand-in with a good certificate.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(|ca| ca.leaf(&HOSTS).server(), change).await
    }

    /// A stand-in whose TLS is made by `tls` from the authority that the gate trusts.
    pub async fn start_with_upstream(tls: impl FnOnce(&TestCa) -> Arc<ServerConfig>) -> Self {
        Self::build(tls, |_| {}).await
    }

    /// A stand-in of any kind, and any settings.
    pub async fn build(
        tls: impl FnOnce(&TestCa) -> Arc<ServerConfig>,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let home = TempDir::new().unwrap();
        let vendor_ca = TestCa::new("vendor");
        vendor_ca.write_to(home.path(), VENDOR_CA);
        let upstream = Upstream::start(tls(&vendor_ca)).await;
        Self::in_home(home, upstream, change).await
    }

    /// A gate in the folder of one that has stopped, before another stand-in.
    pub async fn resume(home: TempDir, upstream: Upstream, change: impl FnOnce(&mut Settings)) -> Self {
        Self::in_home(home, upstream, change).await
    }

    async fn in_home(home: TempDir, upstream: Upstream, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings(&home);
        settings.connect_to = HOSTS.iter().map(|host| connect_to(host, &upstream)).collect();
        change(&mut settings);
        let gate = Gate::start(settings).await.unwrap();
        let client = Client::new(gate.address(), &home.path().join("certs/ca.pem"));
        Self { client, upstream, home, gate }
    }

    pub async fn send(&self, request: &Request) -> Response {
        self.client.send(request).await
    }

    /// What arrived upstream for the request that is sent now; `None` when nothing did.
    pub async fn send_and_see(&self, request: &Request) -> (Response, Option<Seen>) {
        let before = self.upstream.requests().len();
        let response = self.send(request).await;
        let mut after = self.upstream.requests();
        assert!(after.len() <= before + 1, "one request became several: {after:?}");
        let seen = if after.len() > before { after.pop() } else { None };
        (response, seen)
    }

    /// Asserts that not one byte went upstream.
    #[track_caller]
    pub fn assert_nothing_left(&self, what: &str) {
        let raw = self.upstream.raw();
        assert!(raw.is_empty(), "{what}: {:?} went upstream", String::from_utf8_lossy(&raw));
    }

    pub fn certs(&self) -> PathBuf {
        self.home.path().join("certs")
    }

    pub fn audit_dir(&self) -> PathBuf {
        self.home.path().join("audit")
    }

    /// Stops the gate, verifies its log, and gives what is left to look at.
    pub async fn finish(self) -> Finished {
        within("the gate to stop", self.gate.stop()).await;
        let dir = self.home.path().join("audit");
        assert_verifies(&dir);
        let audit = Audit::read(&dir);
        assert_every_request_has_its_intent(&audit, &self.upstream);
        assert!(!contains(&audit.bytes(), TOKEN), "an answer's token stands in the log");
        Finished { audit, upstream: self.upstream, home: self.home }
    }
}

/// What a rig leaves.
pub struct Finished {
    pub audit: Audit,
    pub upstream: Upstream,
    pub home: TempDir,
}

/// The default policy.
fn policy() -> Arc<Policy> {
    Arc::new(beacongate::policy::profile::load("documented").unwrap())
}

/// The settings of a gate that lives in `home`, on a port of the system's choice.
pub fn settings(home: &TempDir) -> Settings {
    let mut settings = Settings::new(policy(), home.path().join("certs"), home.path().join("audit"));
    settings.listen = "127.0.0.1:0".parse().unwrap();
    settings.upstream_ca = vec![home.path().join(VENDOR_CA)];
    settings
}

/// `--connect-to`, as the flag spells it.
fn connect_to(host: &str, upstream: &Upstream) -> ConnectTo {
    format!("{host}:443:{}", upstream.address).parse().unwrap()
}

/// Verifies a log with the verifier that ships.
#[track_caller]
pub fn assert_verifies(dir: &Path) {
    let report = run(&["audit", "verify", &dir.to_string_lossy()], Path::new("."));
    assert_eq!(report.status.code(), Some(0), "{report:?}");
}

/// Asserts that each request that arrived upstream stands in the log with the digest of its very bytes.
fn assert_every_request_has_its_intent(audit: &Audit, upstream: &Upstream) {
    let mut intents: Vec<_> = audit.intents();
    for seen in upstream.requests() {
        let digest = beacongate::secret::sha256_hex(&seen.body);
        let at = intents.iter().position(|i| {
            sent_digest(i) == digest
                && i["destination"]["host"].as_str() == seen.header("host")
                && i["request"]["path"].as_str() == seen.target.split('?').next()
        });
        let at = at.unwrap_or_else(|| panic!("no intent for {seen:?}"));
        intents.remove(at);
    }
}
