//! The interception CA: made on first start, loaded ever after, and good for the policy's hosts alone.
//!
//! What limits the damage of a stolen key stands in the CA's certificate, where every client checks it:
//! name constraints for exactly the policy's hosts, path length 0, serverAuth. What limits this process
//! is [`Authority::server_config`]: it mints for the hosts given to [`Authority::open`], whatever it is asked.

use crate::destination::Host;
use crate::secret;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

mod error;
mod examine;
mod files;
mod identity;
mod mint;
mod rehearse;
#[cfg(test)]
mod tests;

pub use error::AuthorityError;
pub use examine::Facts;
pub use identity::Identity;

/// The CA's certificate in its folder: what clients trust.
pub const CERTIFICATE_FILE: &str = "ca.pem";
/// The CA's private key in its folder: mode 0400, never shown.
pub const KEY_FILE: &str = "ca.key";

/// The CA with the leaves that it has minted.
pub struct Authority {
    path: PathBuf,
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    facts: Facts,
    issuer: mint::Issuer,
    leaves: BTreeMap<Host, RwLock<Option<Leaf>>>,
    made: bool,
}

/// A minted certificate, in use.
#[derive(Clone)]
struct Leaf {
    config: Arc<ServerConfig>,
    not_before: SystemTime,
    renew_after: SystemTime,
    not_after: SystemTime,
}

impl Authority {
    /// Loads the CA of this folder, or makes it (and the folder) where there is none. Processes that start
    /// at the same time end up with the same CA.
    ///
    /// # Errors
    /// The files cannot be read or written, or what they hold cannot serve these hosts; the message says
    /// what mends it.
    pub fn open(dir: &Path, hosts: &[Host]) -> Result<Self, AuthorityError> {
        // Without the lock first: the folder may be a mounted secret on which nothing can be locked.
        if let Ok(Some(pair)) = files::read(dir) {
            return Self::with(dir, pair, hosts, false);
        }
        files::make_folder(dir)?;
        let _lock = files::lock(dir)?;
        match files::read(dir)? {
            Some(pair) => Self::with(dir, pair, hosts, false),
            None => Self::make(dir, hosts),
        }
    }

    /// Makes a new CA for these hosts; with `replace`, also where there is one already.
    ///
    /// # Errors
    /// There is a CA and it is not to be replaced, or the files cannot be written.
    pub fn create(dir: &Path, hosts: &[Host], replace: bool) -> Result<Self, AuthorityError> {
        files::make_folder(dir)?;
        let _lock = files::lock(dir)?;
        match files::present(dir) {
            Some(path) if !replace => Err(AuthorityError::Present { path }),
            Some(_) => {
                files::remove(dir)?;
                Self::make(dir, hosts)
            }
            None => Self::make(dir, hosts),
        }
    }

    /// Makes the files and loads them back, so that a made CA passes every check that a loaded one does.
    /// Call with the folder locked.
    fn make(dir: &Path, hosts: &[Host]) -> Result<Self, AuthorityError> {
        let made = mint::authority(hosts, SystemTime::now())?;
        files::write(dir, &made)?;
        match files::read(dir)? {
            Some(pair) => Self::with(dir, pair, hosts, true),
            None => Err(AuthorityError::Missing { dir: dir.to_owned() }),
        }
    }

    fn with(dir: &Path, pair: files::Pair, hosts: &[Host], made: bool) -> Result<Self, AuthorityError> {
        let path = dir.join(CERTIFICATE_FILE);
        let now = SystemTime::now();
        let facts = examine::examine(&pair.certificate, now)
            .map_err(|why| AuthorityError::unusable(&path, why, dir))?;
        let issuer = mint::issuer(&pair).map_err(|why| AuthorityError::unusable(&path, why, dir))?;
        let authority = Self {
            path: path.clone(),
            certificate: pair.certificate,
            certificate_pem: pair.certificate_pem,
            facts,
            issuer,
            leaves: hosts.iter().map(|host| (host.clone(), RwLock::new(None))).collect(),
            made,
        };
        rehearse::rehearse(&authority, UnixTime::now())
            .map_err(|why| AuthorityError::unusable(&path, why, dir))?;
        Ok(authority)
    }

    /// How to speak TLS to a client that asked for this host: the certificate is minted on the first call,
    /// cached, and renewed when less than a third of its life is left.
    ///
    /// # Errors
    /// The host is none of those given to [`Authority::open`] (nothing is minted then), or signing failed.
    pub fn server_config(&self, host: &Host) -> Result<Arc<ServerConfig>, AuthorityError> {
        self.server_config_at(host, SystemTime::now())
    }

    /// [`Authority::server_config`] at a given time.
    ///
    /// # Errors
    /// As there.
    pub fn server_config_at(
        &self,
        host: &Host,
        now: SystemTime,
    ) -> Result<Arc<ServerConfig>, AuthorityError> {
        let slot = self.leaves.get(host).ok_or(AuthorityError::HostNotAllowed)?;
        // A poisoned lock holds a whole leaf or none: it is assigned in one step.
        let usable = |leaf: &&Leaf| leaf.not_before <= now && now < leaf.renew_after;
        if let Some(leaf) = slot.read().unwrap_or_else(PoisonError::into_inner).as_ref().filter(usable) {
            return Ok(Arc::clone(&leaf.config));
        }
        let mut slot = slot.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(leaf) = slot.as_ref().filter(usable) {
            return Ok(Arc::clone(&leaf.config));
        }
        match self.mint(host, now) {
            Ok(leaf) => Ok(Arc::clone(&slot.insert(leaf).config)),
            // One that is old but valid serves better than none.
            Err(error) => match slot.as_ref().filter(|leaf| leaf.not_before <= now && now < leaf.not_after) {
                Some(leaf) => Ok(Arc::clone(&leaf.config)),
                None => Err(error),
            },
        }
    }

    fn mint(&self, host: &Host, now: SystemTime) -> Result<Leaf, AuthorityError> {
        let minted = mint::leaf(&self.issuer, host, &self.facts, now)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(minted.key.serialize_der()));
        let life = minted.not_after.duration_since(minted.not_before).unwrap_or_default();
        Ok(Leaf {
            config: Arc::new(server_config(self.chain(minted.certificate), key)?),
            not_before: minted.not_before,
            renew_after: minted.not_after - life / 3,
            not_after: minted.not_after,
        })
    }

    /// The leaf, and the CA after it where it is no root: clients then know its issuer only.
    fn chain(&self, leaf: CertificateDer<'static>) -> Vec<CertificateDer<'static>> {
        if self.facts.self_issued { vec![leaf] } else { vec![leaf, self.certificate.clone()] }
    }

    /// Where the CA's certificate is: the file that clients are told to trust.
    pub fn ca_path(&self) -> &Path {
        &self.path
    }

    /// The CA's certificate in PEM (RFC 7468), as its file has it.
    pub fn ca_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// SHA-256 of the CA's certificate as 64 hex digits.
    pub fn ca_sha256_fingerprint(&self) -> String {
        secret::sha256_hex(&self.certificate)
    }

    /// By what the CA and its leaves are recognised, without its key.
    pub fn identity(&self) -> &Identity {
        &self.facts.identity
    }

    /// Whether this call of [`Authority::open`] made the CA.
    pub fn is_new(&self) -> bool {
        self.made
    }

    /// The hosts that it mints for.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.leaves.keys()
    }

    /// What the operator should know at start though the CA can serve: lower-case sentences.
    pub fn warnings(&self) -> Vec<String> {
        let path = self.ca_path().display();
        let mut warnings = Vec::new();
        if self.facts.permitted.is_empty() {
            warnings.push(format!(
                "the CA {} has no name constraints: who steals its key can impersonate any host to your clients; \
                 `beacongate ca init` makes one that is good for the policy's hosts alone",
                path
            ));
        }
        let left = self.facts.not_after.duration_since(SystemTime::now()).unwrap_or_default();
        if left < Duration::from_secs(30 * 24 * 3600) {
            warnings.push(format!("the CA {} expires in {} days", path, left.as_secs() / 86400));
        }
        warnings
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("path", &self.path)
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// The CA's certificate as anybody may see it, without its key.
#[derive(Debug, Clone)]
pub struct CaCertificate {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub facts: Facts,
    /// SHA-256 of the certificate as 64 hex digits.
    pub sha256: String,
}

impl CaCertificate {
    /// Reads the certificate in this folder, even one that can no longer serve.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn read(dir: &Path) -> Result<Self, AuthorityError> {
        let path = dir.join(CERTIFICATE_FILE);
        let certificate = files::read_public(dir)?;
        let facts = examine::read(&certificate).map_err(|why| AuthorityError::unusable(&path, why, dir))?;
        Ok(Self { path, facts, sha256: secret::sha256_hex(&certificate) })
    }
}

/// TLS 1.2 and 1.3 with AEAD and ephemeral key exchange (all that rustls has), HTTP/1.1, and nothing that
/// outlives the connection: no early data, no tickets, no session cache (so no resumption across hosts).
fn server_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, AuthorityError> {
    // Named here rather than taken from the process's default, which any library could set.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(AuthorityError::tls)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(AuthorityError::tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.max_early_data_size = 0;
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    Ok(config)
}
