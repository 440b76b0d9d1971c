//! `beacongate run`: the gate itself, from an empty folder if need be.

use super::{arguments, descriptors, trust};
use crate::forward::address::ConnectTo;
use crate::gate::{Gate, Limits, Settings, StartError};
use crate::policy::{Policy, profile};
use ipnet::IpNet;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Settings of the process. What may leave stands in the policy.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 stopped as asked, 1 could not start, 2 wrong usage or policy.")]
pub struct RunArgs {
    /// Where the proxy listens.
    #[arg(long, env = "BEACONGATE_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:3128",
          value_parser = arguments::address)]
    listen: SocketAddr,
    /// What may leave: a file, or a built-in profile.
    #[arg(long, env = "BEACONGATE_POLICY", value_name = "FILE|PROFILE", default_value = "documented")]
    policy: String,
    /// The folder of the CA; it is made there on first start.
    #[arg(long, env = "BEACONGATE_CERTS", value_name = "DIR", default_value = "certs")]
    certs: PathBuf,
    /// The folder of the audit log.
    #[arg(long, env = "BEACONGATE_AUDIT", value_name = "DIR", default_value = "audit")]
    audit: PathBuf,
    /// This instance's name in the log [default: the folder's, or one made at random]
    #[arg(long, env = "BEACONGATE_ORIGIN", value_name = "NAME")]
    origin: Option<String>,
    /// The key under which secrets are fingerprinted in the log [default: fingerprint.key beside the CA]
    #[arg(long, env = "BEACONGATE_FINGERPRINT_KEY", value_name = "FILE")]
    fingerprint_key: Option<PathBuf>,
    /// Connect to ADDR:PORT instead of looking HOST up (as curl's --connect-to; repeatable).
    #[arg(long, env = "BEACONGATE_CONNECT_TO", value_name = "HOST:443:ADDR:PORT", value_delimiter = ',')]
    connect_to: Vec<ConnectTo>,
    /// Trust the roots in this PEM file towards the vendor, beside the system's (repeatable).
    #[arg(long, env = "BEACONGATE_UPSTREAM_CA", value_name = "FILE", value_delimiter = ',')]
    upstream_ca: Vec<PathBuf>,
    /// Let the vendor's names resolve into this network although it is not public (repeatable).
    #[arg(long, env = "BEACONGATE_ALLOW_UPSTREAM_NET", value_name = "CIDR", value_delimiter = ',',
          value_parser = arguments::network)]
    allow_upstream_net: Vec<IpNet>,
    /// Seconds that requests in flight may take when the gate stops.
    #[arg(long, env = "BEACONGATE_DRAIN", value_name = "SECONDS", default_value = "20",
          value_parser = arguments::seconds)]
    drain: Duration,
    /// Seconds that a client may be silent between requests.
    #[arg(long, env = "BEACONGATE_IDLE", value_name = "SECONDS", default_value = "90",
          value_parser = arguments::seconds)]
    idle: Duration,
    /// Seconds that the vendor may take for an answer.
    #[arg(long, env = "BEACONGATE_UPSTREAM_TIMEOUT", value_name = "SECONDS", default_value = "30",
          value_parser = arguments::seconds)]
    upstream_timeout: Duration,
    /// What is said on stderr while it runs: error, warn, info or debug.
    #[arg(long, env = "BEACONGATE_LOG", value_name = "LEVEL", default_value = "info")]
    log: tracing::level_filters::LevelFilter,
}

impl RunArgs {
    fn settings(&self, policy: Arc<Policy>) -> Settings {
        let mut limits = Limits { drain: self.drain, idle: self.idle, ..Limits::default() };
        limits.connections = limits.connections.min(descriptors::connections());
        limits.upstream.answer = self.upstream_timeout;
        Settings {
            listen: self.listen,
            origin: self.origin.clone(),
            fingerprint_key: self.fingerprint_key.clone(),
            connect_to: self.connect_to.clone(),
            upstream_ca: self.upstream_ca.clone(),
            allow_upstream_net: self.allow_upstream_net.clone(),
            limits,
            ..Settings::new(policy, self.certs.clone(), self.audit.clone())
        }
    }
}

/// Runs until SIGTERM or SIGINT.
pub fn run(args: RunArgs) -> ExitCode {
    crate::observe::to_stderr(args.log);
    // The first random number of a process takes AWS-LC about 20 ms; the policy compiles meanwhile.
    std::thread::spawn(|| aws_lc_rs::rand::fill(&mut [0; 1]));
    let policy = match profile::load(&args.policy) {
        Ok(policy) => Arc::new(policy),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    if let Some(stray) = args.connect_to.iter().find(|detour| !policy.allows_host(&detour.host)) {
        // A misspelt host would be looked up after all, and a trial would reach the vendor.
        let hosts = policy.hosts().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        eprintln!(
            "error: --connect-to names {}, which the policy does not; its hosts are {hosts}",
            stray.host
        );
        return ExitCode::from(2);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let served = runtime.block_on(serve(&args, policy));
    // The log is closed. What may still block is a look-up that hangs, and nobody waits for its answer.
    runtime.shutdown_background();
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: &RunArgs, policy: Arc<Policy>) -> Result<(), StartError> {
    let listen_error = |error| StartError::Listen(args.listen, error);
    // Before anything is opened: a signal from here on is a proper stop.
    let mut term = signal(SignalKind::terminate()).map_err(listen_error)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(listen_error)?;
    let gate = Gate::start(args.settings(Arc::clone(&policy))).await?;
    let _ = std::io::stdout().lock().write_all(banner(&gate, &policy, args).as_bytes());
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    eprintln!("stopping: no new connections, requests in flight have {} s", args.drain.as_secs());
    eprintln!("stopped: {}; the log is closed", gate.stop().await);
    Ok(())
}

/// What a platform engineer needs to see at start: where, what, whom to trust, and how.
fn banner(gate: &Gate, policy: &Policy, args: &RunArgs) -> String {
    let mut text =
        format!("listening on {}\npolicy       {} ({})\n", gate.address(), policy.name(), policy.digest());
    for endpoint in policy.endpoints() {
        for host in &endpoint.hosts {
            text.push_str(&format!(
                "  {:<28} {:<5} https://{host}{}\n",
                endpoint.id, endpoint.method, endpoint.path
            ));
        }
    }
    text.push_str(&format!(
        "audit log    {}\nCA           {} (sha256 {}){}\n\n",
        args.audit.display(),
        gate.authority().ca_path().display(),
        gate.authority().ca_sha256_fingerprint(),
        if gate.authority().is_new() { ", made now" } else { "" }
    ));
    text.push_str(&trust::instructions(gate.address(), gate.authority().ca_path()));
    text
}
