//! Whether a certificate can be the CA, and what it says.

use super::Identity;
use std::time::{Duration, SystemTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

/// What the CA's certificate says, for people and for minting.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The subject's name, one line.
    pub subject: String,
    /// The serial number, as hex.
    pub serial: String,
    /// From when it is valid.
    pub not_before: SystemTime,
    /// Until when it is valid.
    pub not_after: SystemTime,
    /// The DNS names (with their subdomains) that it is constrained to; empty where it is not.
    pub permitted: Vec<String>,
    /// Whether it is a root: subject and issuer are the same.
    pub self_issued: bool,
    /// By what it is recognised.
    pub identity: Identity,
}

/// Checks what a verifier does not check of a trust anchor, because it takes the operator's word for it.
pub(super) fn examine(certificate: &[u8], now: SystemTime) -> Result<Facts, String> {
    let certificate = parse(certificate)?;
    let facts = facts(&certificate)?;
    check_purpose(&certificate)?;
    if now < facts.not_before {
        return Err("the CA is not valid yet: is the clock right?".to_owned());
    }
    if now >= facts.not_after {
        return Err("the CA has expired".to_owned());
    }
    Ok(facts)
}

/// What a certificate says, whether it can be the CA or not.
pub(super) fn read(certificate: &[u8]) -> Result<Facts, String> {
    facts(&parse(certificate)?)
}

fn parse(certificate: &[u8]) -> Result<X509Certificate<'_>, String> {
    match X509Certificate::from_der(certificate) {
        Ok((_, certificate)) => Ok(certificate),
        Err(_) => Err("is no X.509 certificate".to_owned()),
    }
}

fn facts(certificate: &X509Certificate<'_>) -> Result<Facts, String> {
    let constraints = certificate.name_constraints().map_err(|_| unreadable("name constraints"))?;
    let permitted = constraints.and_then(|c| c.value.permitted_subtrees.as_ref()).into_iter().flatten();
    Ok(Facts {
        subject: certificate.subject().to_string(),
        serial: crate::secret::hex(certificate.raw_serial()),
        not_before: system_time(certificate.validity().not_before),
        not_after: system_time(certificate.validity().not_after),
        permitted: permitted
            .filter_map(|subtree| match subtree.base {
                GeneralName::DNSName(name) => Some(name.to_owned()),
                _ => None,
            })
            .collect(),
        self_issued: certificate.subject().as_raw() == certificate.issuer().as_raw(),
        identity: Identity::of(certificate),
    })
}

fn check_purpose(certificate: &X509Certificate<'_>) -> Result<(), String> {
    let basic = certificate.basic_constraints().map_err(|_| unreadable("basic constraints"))?;
    if !basic.is_some_and(|b| b.value.ca) {
        return Err("is not the certificate of a CA (no CA:TRUE in its basic constraints)".to_owned());
    }
    let usage = certificate.key_usage().map_err(|_| unreadable("key usage"))?;
    if usage.is_some_and(|u| !u.value.key_cert_sign()) {
        return Err("its key usage does not allow it to sign certificates".to_owned());
    }
    let purpose = certificate.extended_key_usage().map_err(|_| unreadable("extended key usage"))?;
    if purpose.is_some_and(|p| !p.value.server_auth && !p.value.any) {
        return Err("its extended key usage does not allow certificates of servers (serverAuth)".to_owned());
    }
    Ok(())
}

fn unreadable(extension: &str) -> String {
    format!("its {extension} extension cannot be read, or stands there twice")
}

fn system_time(time: ASN1Time) -> SystemTime {
    // Before 1970 is as good as 1970 for a validity that is compared with today.
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(time.timestamp()).unwrap_or(0))
}
