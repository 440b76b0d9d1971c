//! TLS towards the vendor: fully verified, or no connection.
//!
//! There is no switch here that verifies less. The one thing added to the usual verification is a
//! refusal: the gate's own CA never vouches for an upstream, even where the operator's bundle holds it
//! (exporting `SSL_CERT_FILE` for the clients *and* the gate is how it gets there).

use crate::audit::UpstreamFacts;
use crate::authority::{Authority, Identity};
use crate::destination::Host;
use crate::refusal::{Code, Refusal};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

mod explain;
mod roots;
#[cfg(test)]
mod tests;
mod verify;

pub use roots::{Roots, TlsError};

/// How upstreams are verified. Made once; the system's roots are read on first use, or by
/// [`UpstreamTls::roots`].
#[derive(Debug)]
pub struct UpstreamTls {
    extra: Vec<CertificateDer<'static>>,
    own: Identity,
    system: fn() -> roots::Found,
    ready: OnceLock<Result<Ready, String>>,
}

#[derive(Debug)]
struct Ready {
    config: Arc<ClientConfig>,
    roots: Roots,
}

impl UpstreamTls {
    /// Trusts the system's roots and those of `extra` (files in PEM form), without the gate's own CA.
    ///
    /// # Errors
    /// A file of `extra`, or one that `SSL_CERT_FILE` or `SSL_CERT_DIR` names, cannot be read or holds no
    /// certificate.
    pub fn new(extra: &[PathBuf], own: &Authority) -> Result<Self, TlsError> {
        roots::check_environment()?;
        Self::with(extra, own, roots::of_the_system)
    }

    fn with(extra: &[PathBuf], own: &Authority, system: fn() -> roots::Found) -> Result<Self, TlsError> {
        let mut certificates = Vec::new();
        for path in extra {
            certificates.extend(roots::read(path)?);
        }
        Ok(Self { extra: certificates, own: own.identity().clone(), system, ready: OnceLock::new() })
    }

    /// Reads the system's roots if that has not been done, and says what is trusted. Blocks for some
    /// milliseconds the first time: call it once on a thread of its own, so that no request waits.
    ///
    /// # Errors
    /// Nothing is trusted, so that no upstream can be verified: why.
    pub fn roots(&self) -> Result<&Roots, &str> {
        self.ready().map(|ready| &ready.roots)
    }

    /// Speaks TLS to the host behind `tcp` and verifies that it is the host.
    ///
    /// # Errors
    /// `upstream_tls` with what is wrong and, where one was shown, the certificate's SHA-256.
    pub async fn connect(
        &self,
        host: &Host,
        tcp: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, UpstreamFacts), Refusal> {
        let refused =
            |why: String| Refusal::new(Code::UpstreamTls, format!("{host} was not verified: {why}"));
        let ready = self.ready().map_err(|why| refused(why.to_owned()))?;
        let address = tcp.peer_addr().map_err(|e| explain::refusal(host, &e))?;
        let name = ServerName::try_from(host.as_str().to_owned()).map_err(|e| refused(e.to_string()))?;
        let stream = TlsConnector::from(Arc::clone(&ready.config))
            .connect(name, tcp)
            .await
            .map_err(|error| explain::refusal(host, &error))?;
        let (_, session) = stream.get_ref();
        let leaf = session.peer_certificates().and_then(<[_]>::first);
        let (Some(leaf), Some(tls_version)) = (leaf, version(session.protocol_version())) else {
            return Err(refused("the handshake ended without a certificate".to_owned()));
        };
        let certificate_sha256 = crate::secret::sha256_hex(leaf);
        Ok((stream, UpstreamFacts { address, tls_version, certificate_sha256 }))
    }

    fn ready(&self) -> Result<&Ready, &str> {
        self.ready.get_or_init(|| self.prepare()).as_ref().map_err(String::as_str)
    }

    fn prepare(&self) -> Result<Ready, String> {
        let (store, roots) = roots::collect((self.system)(), &self.extra, &self.own)?;
        let config = client_config(store, &self.own).map_err(|e| e.to_string())?;
        Ok(Ready { config: Arc::new(config), roots })
    }
}

/// TLS 1.2 or 1.3 with HTTP/1.1. No resumption: each connection is verified anew, by today's clock.
fn client_config(roots: RootCertStore, own: &Identity) -> Result<ClientConfig, rustls::Error> {
    // Named here rather than taken from the process's default, which any library could set.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = verify::Verifier::new(roots, Arc::clone(&provider), own.clone())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

fn version(version: Option<ProtocolVersion>) -> Option<&'static str> {
    match version? {
        ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
        ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
        _ => None,
    }
}
