//! The gate as a whole: wired, listening, stopped. The command line and the tests start the same thing.

use crate::accept;
use crate::audit::key::KeyError;
use crate::audit::{self, Log, OpenError, Opening};
use crate::authority::{Authority, AuthorityError};
use crate::drain::{self, Drained, Stop, Stopping};
use crate::forward::address::{AddressRules, ConnectTo};
use crate::forward::tls::{TlsError, UpstreamTls};
use crate::forward::{UpstreamLimits, Upstreams};
use crate::http1::connection::Patience;
use crate::policy::Policy;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

/// How the process runs. What may leave is the policy's.
#[derive(Debug)]
pub struct Settings {
    /// Where the proxy listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What may leave.
    pub policy: Arc<Policy>,
    /// The folder of the CA.
    pub certs: PathBuf,
    /// The folder of the log.
    pub audit: PathBuf,
    /// The instance's name in the log; `None` keeps the folder's, or makes one.
    pub origin: Option<String>,
    /// The file of the fingerprint key; `None` for `fingerprint.key` beside the CA.
    pub fingerprint_key: Option<PathBuf>,
    /// Fixed addresses instead of a look-up.
    pub connect_to: Vec<ConnectTo>,
    /// Roots to trust towards the vendor beside the system's, PEM.
    pub upstream_ca: Vec<PathBuf>,
    /// Networks that a look-up may lead into although they are not public.
    pub allow_upstream_net: Vec<IpNet>,
    /// Bounds.
    pub limits: Limits,
}

impl Settings {
    /// The defaults, with the three things that have none.
    pub fn new(policy: Arc<Policy>, certs: PathBuf, audit: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 3128)),
            policy,
            certs,
            audit,
            origin: None,
            fingerprint_key: None,
            connect_to: Vec::new(),
            upstream_ca: Vec::new(),
            allow_upstream_net: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// What a reader of the log should know of this run: everything that widens what may be connected to.
    fn worth_recording(&self, address: SocketAddr) -> Vec<(String, String)> {
        let list = |items: Vec<String>| items.join(", ");
        let mut known = vec![("listen", address.to_string())];
        if !self.connect_to.is_empty() {
            let detours = self.connect_to.iter().map(|c| format!("{} to {}", c.host, c.target));
            known.push(("connect_to", list(detours.collect())));
        }
        if !self.upstream_ca.is_empty() {
            known.push((
                "upstream_ca",
                list(self.upstream_ca.iter().map(|f| f.display().to_string()).collect()),
            ));
        }
        if !self.allow_upstream_net.is_empty() {
            let nets = self.allow_upstream_net.iter().map(ToString::to_string);
            known.push(("allow_upstream_net", list(nets.collect())));
        }
        known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What a client, an upstream or a stop may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The most client connections at once; further ones wait in the kernel's queue.
    pub connections: usize,
    /// For an unused connection.
    pub idle: Duration,
    /// For a request head, from its first byte; for a CONNECT, from the connection.
    pub head: Duration,
    /// For the TLS handshake inside a tunnel.
    pub handshake: Duration,
    /// For a body, and for the client to take an answer.
    pub body: Duration,
    /// Towards the vendor.
    pub upstream: UpstreamLimits,
    /// For requests in flight when the gate stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            idle: Duration::from_secs(90),
            head: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            body: Duration::from_secs(30),
            upstream: UpstreamLimits::default(),
            drain: Duration::from_secs(20),
        }
    }
}

/// What every connection shares.
#[derive(Debug)]
pub struct Core {
    pub(crate) policy: Arc<Policy>,
    pub(crate) authority: Authority,
    pub(crate) upstreams: Upstreams,
    pub(crate) log: Log,
    pub(crate) limits: Limits,
    pub(crate) patience: Patience,
}

/// A running gate.
#[derive(Debug)]
pub struct Gate {
    address: SocketAddr,
    core: Arc<Core>,
    stop: Stop,
    listening: JoinHandle<JoinSet<()>>,
}

/// Why a gate does not start. Each says what to do.
#[derive(Debug)]
pub enum StartError {
    /// The address cannot be listened on.
    Listen(SocketAddr, std::io::Error),
    /// The CA cannot be made, read or used.
    Authority(AuthorityError),
    /// The roots towards the vendor cannot be read.
    UpstreamTls(TlsError),
    /// The fingerprint key cannot be made or read.
    FingerprintKey(KeyError),
    /// The log cannot be opened.
    Audit(OpenError),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Listen(address, error) => write!(
                f,
                "cannot listen on {address}: {error}\n  choose another address with --listen, or stop what listens there"
            ),
            Self::Authority(error @ AuthorityError::Io { .. }) => write!(
                f,
                "{error}\n  --certs names the folder of the CA; this user must be able to read it, and to write it on first start"
            ),
            Self::Authority(error) => write!(f, "{error}"),
            Self::UpstreamTls(error) => write!(f, "{error}"),
            Self::FingerprintKey(error) => write!(f, "{error}"),
            Self::Audit(error @ OpenError::Io(..)) => {
                write!(
                    f,
                    "{error}\n  --audit names the folder of the log; this user must be able to write it"
                )
            }
            Self::Audit(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StartError {}

impl Gate {
    /// Opens CA, log and listener, and serves until [`Gate::stop`].
    ///
    /// # Errors
    /// Whatever would keep it from doing all that it promises: it never starts in part.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let Settings { listen, policy, certs, limits, .. } = &settings;
        let authority = Authority::open(certs, &policy.hosts()).map_err(StartError::Authority)?;
        let tls = UpstreamTls::new(&settings.upstream_ca, &authority).map_err(StartError::UpstreamTls)?;
        let rules = AddressRules::allowing(settings.allow_upstream_net.clone());
        let listener = TcpListener::bind(listen).await.map_err(|e| StartError::Listen(*listen, e))?;
        let address = listener.local_addr().map_err(|e| StartError::Listen(*listen, e))?;
        let log = open_log(&settings, address)?;
        let core = Arc::new(Core {
            policy: Arc::clone(policy),
            authority,
            upstreams: Upstreams::new(tls, rules, settings.connect_to.clone(), limits.upstream, address),
            log,
            patience: Patience { idle: limits.idle, head: limits.head, body: limits.body },
            limits: *limits,
        });
        for warning in core.authority.warnings() {
            tracing::warn!("{warning}");
        }
        // Clients wait in the listener's queue for the milliseconds that this takes, not in their first request.
        core.upstreams.prepare();
        let (stop, stopping) = drain::switch();
        let listening = tokio::spawn(accept_all(Arc::clone(&core), listener, stopping));
        Ok(Self { address, core, stop, listening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The CA that clients must trust.
    pub fn authority(&self) -> &Authority {
        &self.core.authority
    }

    /// Stops accepting, lets requests in flight finish until the drain deadline, closes the log.
    pub async fn stop(self) -> Drained {
        self.stop.request();
        let connections = self.listening.await.unwrap_or_default();
        let drained = drain::drain(connections, self.core.limits.drain).await;
        let core = Arc::clone(&self.core);
        // Closing waits for the disk, which is no business of the event loop.
        let closed = tokio::task::spawn_blocking(move || core.log.close("stopped")).await;
        if let Ok(Err(error)) = closed {
            tracing::error!(error, "the audit log could not be closed");
        }
        drained
    }
}

fn open_log(settings: &Settings, address: SocketAddr) -> Result<Log, StartError> {
    let key = settings.fingerprint_key.clone().unwrap_or_else(|| settings.certs.join("fingerprint.key"));
    Log::open(Opening {
        dir: settings.audit.clone(),
        origin: settings.origin.clone(),
        fingerprint: audit::key::load_or_make(&key).map_err(StartError::FingerprintKey)?,
        policy: Arc::clone(&settings.policy),
        settings: settings.worth_recording(address),
    })
    .map_err(StartError::Audit)
}

/// Accepts until stopping is requested; returns the connections that are still open.
async fn accept_all(core: Arc<Core>, listener: TcpListener, mut stopping: Stopping) -> JoinSet<()> {
    let room = Arc::new(Semaphore::new(core.limits.connections));
    let mut connections = JoinSet::new();
    loop {
        // Room before accept: a connection that is taken is served.
        let accepted = tokio::select! {
            biased;
            () = stopping.requested() => return connections,
            accepted = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            (Ok(place), Ok((stream, source))) => {
                let (core, stopping) = (Arc::clone(&core), stopping.clone());
                connections.spawn(async move {
                    accept::serve(core, stream, source, stopping).await;
                    drop(place);
                });
            }
            (_, Err(error)) => {
                tracing::error!(%error, "cannot accept a connection; if descriptors have run out, raise the limit (ulimit -n)");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            (Err(_), _) => return connections,
        }
    }
}
