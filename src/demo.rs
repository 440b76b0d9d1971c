//! `beacongate demo`: the real gate between a stand-in for the vendor and a client, all on loopback.
//!
//! Nothing is simulated but the vendor's answers: real CONNECT, real TLS on both sides, the built-in
//! policy, a log on disk that is verified at the end.

pub mod client;
pub mod columns;
pub mod requests;
pub mod vendor;

use crate::authority::Authority;
use crate::forward::address::ConnectTo;
use crate::gate::{Gate, Settings};
use crate::policy::{Policy, profile};
use client::Client;
use requests::DemoRequest;
use std::path::Path;
use std::sync::Arc;
use vendor::Vendor;

/// One request of the demonstration and what became of it.
#[derive(Debug)]
pub struct Shown {
    /// What was sent.
    pub request: DemoRequest,
    /// The status that the client got.
    pub status: u16,
    /// The body that the client got.
    pub answer: String,
    /// The body that arrived at the vendor's stand-in; `None` when no request arrived.
    pub arrived: Option<Vec<u8>>,
}

/// Why a demonstration could not be given.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs every request of the demonstration in `dir` and stops the gate again.
///
/// # Errors
/// Whatever keeps gate, stand-in or client from working on this machine.
pub async fn perform(dir: &Path) -> Result<Vec<Shown>, Failure> {
    let policy = Arc::new(profile::load("documented")?);
    let vendor_ca = Authority::open(&dir.join("vendor"), &policy.hosts())?;
    let vendor_ca_file = vendor_ca.ca_path().to_owned();
    let loopback = ([127, 0, 0, 1], 0).into();
    let mut vendor = Vendor::start(vendor_ca, loopback).await?;
    let mut settings = Settings::new(Arc::clone(&policy), dir.join("certs"), dir.join("audit"));
    settings.listen = loopback;
    settings.upstream_ca = vec![vendor_ca_file];
    settings.connect_to = detours(&policy, &vendor)?;
    let gate = Gate::start(settings).await?;
    let client = Client::new(gate.address(), gate.authority())?;
    let mut shown = Vec::new();
    for request in requests::all() {
        let (status, answer) = client.send(&request).await?;
        let arrived = vendor.arrived().map(|a| a.body.to_vec());
        shown.push(Shown { request, status, answer, arrived });
    }
    gate.stop().await;
    Ok(shown)
}

fn detours(policy: &Policy, vendor: &Vendor) -> Result<Vec<ConnectTo>, Failure> {
    let detour = |host| Ok(format!("{host}:443:127.0.0.1:{}", vendor.address().port()).parse::<ConnectTo>()?);
    policy.hosts().iter().map(detour).collect()
}
