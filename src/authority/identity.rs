//! How the CA is recognised in a chain that somebody else shows: it must never vouch for an upstream.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;

/// What is public of the CA: its key, name and key identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    spki: Vec<u8>,
    subject: Vec<u8>,
    subject_key_id: Option<Vec<u8>>,
}

impl Identity {
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Self {
        let subject_key_id = certificate.iter_extensions().find_map(|e| match e.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        });
        Self {
            spki: certificate.public_key().raw.to_vec(),
            subject: certificate.subject().as_raw().to_vec(),
            subject_key_id,
        }
    }

    /// The subject key identifier (RFC 5280 §4.2.1.2).
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// Whether this certificate (DER) has the CA's key, whatever its name and dates: a re-issue or a
    /// cross-certificate is the CA all the same.
    pub fn is_own_ca(&self, certificate: &[u8]) -> bool {
        X509Certificate::from_der(certificate).is_ok_and(|(_, c)| c.public_key().raw == self.spki)
    }

    /// Whether this certificate (DER) is the CA's own or names it as its issuer.
    pub fn is_own_or_issued(&self, certificate: &[u8]) -> bool {
        X509Certificate::from_der(certificate).is_ok_and(|(_, c)| {
            c.public_key().raw == self.spki || c.issuer().as_raw() == self.subject || self.is_authority_of(&c)
        })
    }

    fn is_authority_of(&self, certificate: &X509Certificate<'_>) -> bool {
        self.subject_key_id.is_some()
            && certificate.iter_extensions().any(|e| match e.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    id.key_identifier.as_ref().map(|k| k.0) == self.subject_key_id.as_deref()
                }
                _ => false,
            })
    }
}
