//! What the certificates say. The only user of rcgen.

use super::files::{Made, Pair};
use super::{AuthorityError, Facts};
use crate::destination::Host;
use crate::secret;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// The CA's name and key, ready to sign.
pub(super) type Issuer = rcgen::Issuer<'static, KeyPair>;

/// How far clients' clocks may be behind.
const SKEW: Duration = Duration::from_secs(3600);
/// Two years: an interception CA is better renewed than forgotten.
const CA_LIFE: Duration = Duration::from_secs(2 * 365 * 24 * 3600);
/// Seven days, both ends included (RFC 5280 §4.1.2.5).
const LEAF_LIFE: Duration = Duration::from_secs(7 * 24 * 3600 - 1);
/// The longest common name (RFC 5280, ub-common-name).
const LONGEST_COMMON_NAME: usize = 64;

/// A new leaf.
pub(super) struct Minted {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: KeyPair,
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
}

/// Makes a CA that can vouch for these hosts and nothing else.
pub(super) fn authority(hosts: &[Host], now: SystemTime) -> Result<Made, AuthorityError> {
    let serial = random_serial()?;
    let id = serial.get(..4).map(secret::hex).unwrap_or_default();
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "beacongate");
    // Unique, because verifiers that find two CAs of one name try the wrong key.
    params.distinguished_name.push(DnType::CommonName, format!("beacongate CA {id}"));
    params.not_before = (now - SKEW).into();
    params.not_after = (now + CA_LIFE).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted(hosts),
        // Permitted DNS names say nothing about addresses (RFC 5280 §4.2.1.10).
        excluded_subtrees: vec![
            GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])),
            GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])),
        ],
    });
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Made { certificate_pem: certificate.pem(), key_pem: Zeroizing::new(key.serialize_pem()) })
}

fn permitted(hosts: &[Host]) -> Vec<GeneralSubtree> {
    let mut names: Vec<String> = hosts.iter().map(|host| host.as_str().to_owned()).collect();
    if names.is_empty() {
        // No list at all would permit every name; this one never resolves (RFC 2606).
        names.push("invalid".to_owned());
    }
    names.into_iter().map(GeneralSubtree::DnsName).collect()
}

/// The CA of these files, ready to sign.
pub(super) fn issuer(pair: &Pair) -> Result<Issuer, String> {
    let key = KeyPair::try_from(&pair.key)
        .map_err(|_| "its key is of a kind that is not supported; use ECDSA P-256".to_owned())?;
    let public_key = key.subject_public_key_info();
    let issuer =
        Issuer::from_ca_cert_der(&pair.certificate, key).map_err(|e| format!("cannot be used: {e}"))?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&pair.certificate)
        .map_err(|_| "is no X.509 certificate".to_owned())?;
    if certificate.public_key().raw != public_key.as_slice() {
        return Err("the key beside it is another certificate's".to_owned());
    }
    Ok(issuer)
}

/// Makes the certificate of one host, with a key of its own.
pub(super) fn leaf(
    issuer: &Issuer,
    host: &Host,
    ca: &Facts,
    now: SystemTime,
) -> Result<Minted, AuthorityError> {
    let not_before = (now - SKEW).max(ca.not_before);
    let not_after = (not_before + LEAF_LIFE).min(ca.not_after);
    if not_after <= now {
        return Err(AuthorityError::Minting("the CA has expired".to_owned()));
    }
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&random_serial()?));
    params.distinguished_name = DistinguishedName::new();
    if host.as_str().len() <= LONGEST_COMMON_NAME {
        params.distinguished_name.push(DnType::CommonName, host.as_str());
    }
    params.subject_alt_names = vec![SanType::DnsName(host.as_str().try_into()?)];
    params.not_before = not_before.into();
    params.not_after = not_after.into();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, issuer)?;
    Ok(Minted { certificate: certificate.into(), key, not_before, not_after })
}

/// 127 random bits, positive, not zero (RFC 5280 §4.1.2.2).
fn random_serial() -> Result<[u8; 16], AuthorityError> {
    let mut serial = [0; 16];
    aws_lc_rs::rand::fill(&mut serial)
        .map_err(|_| AuthorityError::Minting("the system gave no randomness".to_owned()))?;
    serial[0] = serial[0] & 0x7f | 0x40;
    Ok(serial)
}
