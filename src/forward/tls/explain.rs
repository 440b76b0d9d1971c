//! What went wrong in a handshake, in words for the person who has to act.

use super::verify::{NotTaken, Why};
use crate::destination::Host;
use crate::refusal::{Code, Refusal};
use rustls::{AlertDescription, CertificateError, Error};

/// The refusal for a handshake that failed.
pub(super) fn refusal(host: &Host, error: &std::io::Error) -> Refusal {
    let Some(error) = error.get_ref().and_then(|e| e.downcast_ref::<Error>()) else {
        return Refusal::new(
            Code::UpstreamTls,
            format!("{host} broke off the TLS handshake: {}", error.kind()),
        );
    };
    if let Some(not_taken) = certificate_of(error) {
        let why = match &not_taken.why {
            Why::OwnCa => "it is signed by the gate's own CA, which never vouches for an upstream".to_owned(),
            Why::Verdict(error) => verdict(error),
        };
        let mut refusal =
            Refusal::new(Code::UpstreamTls, format!("the certificate of {host} was not taken: {why}"));
        refusal.certificate_sha256 = Some(not_taken.certificate_sha256.clone());
        return refusal;
    }
    Refusal::new(Code::UpstreamTls, format!("the TLS handshake with {host} failed: {}", protocol(error)))
}

fn certificate_of(error: &Error) -> Option<&NotTaken> {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref(),
        _ => None,
    }
}

/// The certificate problems that operators meet by name; the names in it are not repeated, being the
/// other side's to choose.
fn verdict(error: &Error) -> String {
    use CertificateError as C;
    let Error::InvalidCertificate(problem) = error else { return error.to_string() };
    #[expect(deprecated, reason = "rustls may still give the variant without context")]
    let known = match problem {
        C::Expired | C::ExpiredContext { .. } => "it has expired",
        C::NotValidYet | C::NotValidYetContext { .. } => "it is not valid yet: is the gate's clock right?",
        C::UnknownIssuer => "no root that the gate trusts issued it (unknown issuer)",
        C::NotValidForName | C::NotValidForNameContext { .. } => "it is another host's (name mismatch)",
        C::BadEncoding => "it cannot be read",
        C::BadSignature => {
            "a signature in its chain or of the handshake is wrong, or made with too weak a key"
        }
        C::UnsupportedSignatureAlgorithm
        | C::UnsupportedSignatureAlgorithmContext { .. }
        | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "a signature in its chain uses an algorithm that is not accepted, such as SHA-1 or MD5"
        }
        C::InvalidPurpose | C::InvalidPurposeContext { .. } => "it is not for servers (extended key usage)",
        C::UnhandledCriticalExtension => "it has a critical extension that is not understood",
        C::Revoked => "it has been revoked",
        C::Other(other) => return other_problem(&other.to_string()),
        _ => return format!("{problem:?}"),
    };
    known.to_owned()
}

/// webpki's remaining errors come wrapped, and are told apart by their names.
fn other_problem(text: &str) -> String {
    match text {
        "CaUsedAsEndEntity" => "it is a CA's certificate, not a server's (self-signed?)".to_owned(),
        "NameConstraintViolation" => "its issuer may not vouch for this name (name constraints)".to_owned(),
        other => format!("it does not verify ({other})"),
    }
}

fn protocol(error: &Error) -> String {
    match error {
        Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "it does not speak TLS 1.2 or 1.3".to_owned()
        }
        Error::AlertReceived(AlertDescription::NoApplicationProtocol) | Error::NoApplicationProtocol => {
            "it does not speak HTTP/1.1".to_owned()
        }
        Error::AlertReceived(alert) => format!("it sent the alert {alert:?}"),
        other => other.to_string(),
    }
}
