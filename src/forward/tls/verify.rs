//! rustls's own verification, with two additions: the gate's own CA is refused, and an error carries the
//! SHA-256 of the certificate that was shown.

use crate::authority::Identity;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// Says yes only where rustls's verifier says yes.
#[derive(Debug)]
pub(super) struct Verifier {
    webpki: Arc<WebPkiServerVerifier>,
    own: Identity,
}

/// Why a certificate was not taken, and which. Travels inside the [`rustls::Error`], because one
/// configuration serves many handshakes at a time.
#[derive(Debug)]
pub(super) struct NotTaken {
    pub(super) certificate_sha256: String,
    pub(super) why: Why,
}

/// What spoke against it.
#[derive(Debug)]
pub(super) enum Why {
    /// The gate's own CA is in the chain.
    OwnCa,
    /// The verifier's verdict.
    Verdict(Error),
}

impl std::fmt::Display for NotTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.why {
            Why::OwnCa => f.write_str("signed by the gate's own CA"),
            Why::Verdict(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for NotTaken {}

impl Verifier {
    pub(super) fn new(
        roots: RootCertStore,
        provider: Arc<CryptoProvider>,
        own: Identity,
    ) -> Result<Self, Error> {
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|e| Error::General(e.to_string()))?;
        Ok(Self { webpki, own })
    }
}

fn not_taken(certificate: &CertificateDer<'_>, why: Why) -> Error {
    let certificate_sha256 = crate::secret::sha256_hex(certificate);
    CertificateError::Other(OtherError(Arc::new(NotTaken { certificate_sha256, why }))).into()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // First, so that the reason is this one; the roots lack the CA anyway.
        if std::iter::once(end_entity).chain(intermediates).any(|c| self.own.is_own_or_issued(c)) {
            return Err(not_taken(end_entity, Why::OwnCa));
        }
        self.webpki
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| not_taken(end_entity, Why::Verdict(error)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls12_signature(message, certificate, signature)
            .map_err(|error| not_taken(certificate, Why::Verdict(error)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki
            .verify_tls13_signature(message, certificate, signature)
            .map_err(|error| not_taken(certificate, Why::Verdict(error)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
