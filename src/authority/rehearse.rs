//! Whether clients will accept what the CA signs: asked at start, of the verifier that clients of Rust use,
//! rather than found out by the first of them.

use super::{Authority, mint};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{ServerName, UnixTime};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Mints for every host, throws it away, and says which host the CA cannot vouch for. This finds name
/// constraints that a host is outside of, and names that would not survive being copied into a leaf.
pub(super) fn rehearse(authority: &Authority, now: UnixTime) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).map_err(|e| format!("cannot be a trust anchor: {e}"))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|e| format!("cannot be a trust anchor: {e}"))?;
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
    for host in authority.hosts() {
        let leaf = mint::leaf(&authority.issuer, host, &authority.facts, time)
            .map_err(|e| format!("{host}: {e}"))?;
        let name = ServerName::try_from(host.as_str()).map_err(|e| format!("{host}: {e}"))?;
        verifier
            .verify_server_cert(&leaf.certificate, &[], &name, &[], now)
            .map_err(|error| refused(authority, host.as_str(), &error))?;
    }
    Ok(())
}

fn refused(authority: &Authority, host: &str, error: &rustls::Error) -> String {
    if *error == rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) {
        // The name in its leaves is not its name: rcgen knows each attribute once.
        return "its subject name has an attribute twice (such as two DC or OU), which cannot be signed under; \
                use a CA with a plainer subject"
            .to_owned();
    }
    let permitted = &authority.facts.permitted;
    let within =
        |p: &String| host == p || host.strip_suffix(p.as_str()).is_some_and(|rest| rest.ends_with('.'));
    if permitted.is_empty() || permitted.iter().any(within) {
        format!("clients would refuse its certificate for {host}: {error}")
    } else {
        format!(
            "the policy's host {host} is outside the CA's name constraints ({}), so it was probably added after the CA was made",
            permitted.join(", ")
        )
    }
}
