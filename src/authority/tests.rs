#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use super::*;
use rcgen::{CertificateParams, IsCa, KeyPair, SanType};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, ServerConnection};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

mod loading;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn hosts() -> Vec<Host> {
    ["beacon.langchain.com", "api.smith.langchain.com", "eu.api.smith.langchain.com"].map(host).to_vec()
}

fn host(name: &str) -> Host {
    Host::parse(name.as_bytes()).unwrap()
}

fn opened() -> (TempDir, Authority) {
    let dir = TempDir::new().unwrap();
    let authority = Authority::open(dir.path(), &hosts()).unwrap();
    (dir, authority)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Puts a CA of the test's making into a folder, as an operator would.
fn put(dir: &Path, certificate_pem: &str, key_pem: &str) {
    let _ = files::remove(dir);
    fs::write(dir.join(CERTIFICATE_FILE), certificate_pem).unwrap();
    fs::write(dir.join(KEY_FILE), key_pem).unwrap();
    fs::set_permissions(dir.join(KEY_FILE), fs::Permissions::from_mode(0o400)).unwrap();
}

fn ca_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.not_before = (SystemTime::now() - DAY).into();
    params.not_after = (SystemTime::now() + 40 * DAY).into();
    params
}

fn refusal(dir: &Path) -> String {
    Authority::open(dir, &hosts()).unwrap_err().to_string()
}

/// Whether a client that trusts this CA takes this certificate for this name.
fn verify(
    authority: &Authority,
    leaf: &CertificateDer<'_>,
    more: &[CertificateDer<'_>],
    name: &str,
) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .unwrap()
        .verify_server_cert(leaf, more, &ServerName::try_from(name).unwrap(), &[], UnixTime::now())
        .map(drop)
        .map_err(|e| format!("{e:?}"))
}

fn minted(authority: &Authority, name: &str) -> mint::Minted {
    mint::leaf(&authority.issuer, &host(name), &authority.facts, SystemTime::now()).unwrap()
}

#[test]
fn r14_the_ca_says_how_little_it_may_do() {
    let (_dir, authority) = opened();
    let (_, ca) = X509Certificate::from_der(&authority.certificate).unwrap();
    let basic = ca.basic_constraints().unwrap().unwrap();
    assert!(basic.critical && basic.value.ca);
    assert_eq!(basic.value.path_len_constraint, Some(0));
    let usage = ca.key_usage().unwrap().unwrap();
    assert!(usage.critical);
    assert_eq!(usage.value.to_string(), "Key Cert Sign, CRL Sign");
    let purpose = ca.extended_key_usage().unwrap().unwrap().value;
    assert!(purpose.server_auth);
    assert!(!purpose.any && !purpose.client_auth && !purpose.code_signing && purpose.other.is_empty());
    let constraints = ca.name_constraints().unwrap().unwrap();
    assert!(constraints.critical);
    assert_eq!(constraints.value.excluded_subtrees.as_ref().unwrap().len(), 2);
    assert_eq!(
        authority.facts.permitted,
        ["beacon.langchain.com", "api.smith.langchain.com", "eu.api.smith.langchain.com"]
    );
    assert_eq!(ca.public_key().algorithm.algorithm.to_id_string(), "1.2.840.10045.2.1");
    assert_eq!(ca.public_key().subject_public_key.data.len(), 65, "an uncompressed point of P-256");
    assert!(ca.subject().to_string().contains("beacongate CA "));
    assert!(authority.facts.identity.subject_key_id().is_some());
    let years = authority.facts.not_after.duration_since(SystemTime::now()).unwrap();
    assert!(years > 700 * DAY && years < 731 * DAY);
}

#[test]
fn r14_a_leaf_is_short_lived_for_one_host_with_a_key_of_its_own() {
    let (_dir, authority) = opened();
    let (one, two) = (minted(&authority, "beacon.langchain.com"), minted(&authority, "beacon.langchain.com"));
    verify(&authority, &one.certificate, &[], "beacon.langchain.com").unwrap();
    verify(&authority, &one.certificate, &[], "api.smith.langchain.com").unwrap_err();

    let (_, leaf) = X509Certificate::from_der(&one.certificate).unwrap();
    let (_, second) = X509Certificate::from_der(&two.certificate).unwrap();
    let (_, ca) = X509Certificate::from_der(&authority.certificate).unwrap();
    assert_ne!(leaf.public_key().raw, ca.public_key().raw);
    assert_ne!(leaf.public_key().raw, second.public_key().raw);
    assert_ne!(leaf.raw_serial(), second.raw_serial());
    let validity = leaf.validity();
    let seconds = validity.not_after.timestamp() - validity.not_before.timestamp();
    assert!(seconds <= 7 * 24 * 3600, "{seconds} seconds");
    assert_eq!(leaf.subject_alternative_name().unwrap().unwrap().value.general_names.len(), 1);
    assert!(!leaf.is_ca());
    assert!(leaf.extended_key_usage().unwrap().unwrap().value.server_auth);
    assert!(authority.identity().is_own_or_issued(&one.certificate));
    assert!(!authority.facts.identity.is_own_ca(&one.certificate));
    assert!(authority.facts.identity.is_own_ca(&authority.certificate));
}

#[test]
fn r14_what_a_stolen_key_signs_for_other_names_is_refused_by_clients() {
    let (_dir, authority) = opened();
    let key = KeyPair::generate().unwrap();
    for name in ["example.com", "smith.langchain.com", "beacon.langchain.com.evil.com"] {
        let forged =
            CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &authority.issuer).unwrap();
        let error = verify(&authority, forged.der(), &[], name).unwrap_err();
        assert!(error.contains("NameConstraintViolation"), "{name}: {error}");
    }
    let mut params = CertificateParams::new(["beacon.langchain.com".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress("192.0.2.1".parse().unwrap()));
    let forged = params.signed_by(&key, &authority.issuer).unwrap();
    let error = verify(&authority, forged.der(), &[], "192.0.2.1").unwrap_err();
    assert!(error.contains("NameConstraintViolation"), "{error}");
}

#[test]
fn r14_the_constraints_bind_a_ca_below_the_ca_too() {
    // rustls takes a trust anchor's path length for granted, OpenSSL and Go do not; names bind everywhere.
    let (_dir, authority) = opened();
    let (key, leaf_key) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let below = ca_params();
    let chain = [below.signed_by(&key, &authority.issuer).unwrap().der().clone()];
    let forged = CertificateParams::new(["example.com".to_owned()])
        .unwrap()
        .signed_by(&leaf_key, &rcgen::Issuer::new(below, key))
        .unwrap();
    let error = verify(&authority, forged.der(), &chain, "example.com").unwrap_err();
    assert!(error.contains("NameConstraintViolation"), "{error}");
}

#[test]
fn r15_nothing_is_minted_for_a_host_outside_the_policy() {
    let (_dir, authority) = opened();
    for other in ["example.com", "x.beacon.langchain.com", "langchain.com"] {
        let error = authority.server_config(&host(other)).unwrap_err();
        assert!(matches!(error, AuthorityError::HostNotAllowed), "{other}: {error}");
    }
    assert!(authority.leaves.values().all(|slot| slot.read().unwrap().is_none()));
}

#[test]
fn a_leaf_is_minted_once_and_renewed_in_its_last_third() {
    let (_dir, authority) = opened();
    let beacon = host("beacon.langchain.com");
    let now = SystemTime::now();
    let first = authority.server_config_at(&beacon, now).unwrap();
    for later in [Duration::ZERO, DAY, 4 * DAY] {
        assert!(Arc::ptr_eq(&first, &authority.server_config_at(&beacon, now + later).unwrap()));
    }
    let renewed = authority.server_config_at(&beacon, now + 5 * DAY).unwrap();
    assert!(!Arc::ptr_eq(&first, &renewed));
    let other = authority.server_config_at(&host("api.smith.langchain.com"), now).unwrap();
    assert!(!Arc::ptr_eq(&first, &other));
}

#[test]
fn a_leaf_does_not_outlive_the_ca() {
    let (_dir, authority) = opened();
    let beacon = host("beacon.langchain.com");
    let end = authority.facts.not_after;
    let late = mint::leaf(&authority.issuer, &beacon, &authority.facts, end - DAY).unwrap();
    assert_eq!(late.not_after, end);
    authority.server_config_at(&beacon, end - DAY).unwrap();
    let error = authority.server_config_at(&beacon, end).unwrap_err();
    assert!(error.to_string().contains("has expired"), "{error}");
}

/// A handshake in memory; what was agreed on.
fn handshake(
    authority: &Authority,
    version: &'static rustls::SupportedProtocolVersion,
) -> (ProtocolVersion, Vec<u8>) {
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("beacon.langchain.com").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let server_config = authority.server_config(&host("beacon.langchain.com")).unwrap();
    let mut server = ServerConnection::new(server_config).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets().unwrap();
    }
    assert_eq!(client.peer_certificates().unwrap().len(), 1, "the leaf alone: clients have the root");
    (client.protocol_version().unwrap(), client.alpn_protocol().unwrap().to_vec())
}

#[test]
fn r16_clients_get_tls_1_2_or_1_3_and_http_1_1() {
    let (_dir, authority) = opened();
    assert_eq!(
        handshake(&authority, &rustls::version::TLS13),
        (ProtocolVersion::TLSv1_3, b"http/1.1".to_vec())
    );
    assert_eq!(
        handshake(&authority, &rustls::version::TLS12),
        (ProtocolVersion::TLSv1_2, b"http/1.1".to_vec())
    );
    let config = authority.server_config(&host("beacon.langchain.com")).unwrap();
    assert_eq!(config.max_early_data_size, 0);
    assert!(!config.ticketer.enabled() && !config.session_storage.can_cache());
}
