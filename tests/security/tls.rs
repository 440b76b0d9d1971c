//! R13–R16: the gate's own authority, and the TLS that it speaks to clients.

use crate::support::audit::files;
use crate::support::client_hello::ClientHello;
use crate::support::deadline::within;
use crate::support::documented::LICENSE;
use crate::support::request::BEACON;
use crate::support::rig::{HOSTS, Rig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

fn authority(rig: &Rig) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(rig.certs().join("ca.pem")).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r13_every_install_has_an_authority_of_its_own_and_keeps_its_key() {
    let (one, two) = (Rig::start().await, Rig::start().await);
    assert_ne!(authority(&one), authority(&two));
    let keys = [&one, &two].map(|rig| std::fs::read(rig.certs().join("ca.key")).unwrap());
    assert_ne!(keys[0], keys[1]);
    for rig in [&one, &two] {
        for file in files(&rig.certs()).into_iter().chain(files(&rig.audit_dir())) {
            let is_key = std::fs::read(&file).unwrap().windows(11).any(|w| w == b"PRIVATE KEY");
            let mode = file.metadata().unwrap().permissions().mode() & 0o777;
            assert!(!is_key || mode == 0o400, "{} has mode {mode:o}", file.display());
        }
    }
    one.finish().await;
    two.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r14_the_authority_can_vouch_for_the_policys_hosts_only() {
    let rig = Rig::start().await;
    let der = authority(&rig);
    let (_, ca) = X509Certificate::from_der(&der).unwrap();
    let basic = ca.basic_constraints().unwrap().unwrap();
    assert!(basic.critical && basic.value.ca);
    assert_eq!(basic.value.path_len_constraint, Some(0));
    let usage = ca.key_usage().unwrap().unwrap().value;
    assert!(usage.key_cert_sign() && !usage.digital_signature() && !usage.key_encipherment());
    let purpose = ca.extended_key_usage().unwrap().unwrap().value;
    assert!(purpose.server_auth && !purpose.any && !purpose.client_auth && !purpose.code_signing);
    let names = ca.name_constraints().unwrap().unwrap();
    assert!(names.critical);
    let mut permitted: Vec<String> = names
        .value
        .permitted_subtrees
        .iter()
        .flatten()
        .filter_map(|tree| match &tree.base {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        })
        .collect();
    permitted.sort();
    let mut hosts = HOSTS.map(str::to_owned);
    hosts.sort();
    assert_eq!(permitted, hosts);
    assert!(ca.raw_serial().len() >= 8, "an unguessable serial");
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r14_a_leaf_is_short_lived_for_one_host_and_has_a_key_of_its_own() {
    let rig = Rig::start().await;
    let ca = authority(&rig);
    let (_, ca) = X509Certificate::from_der(&ca).unwrap();
    for host in HOSTS {
        let tunnel = rig.client.open(host).await;
        let der = tunnel.leaf();
        let (_, leaf) = X509Certificate::from_der(&der).unwrap();
        let san = leaf.subject_alternative_name().unwrap().unwrap();
        assert_eq!(san.value.general_names, [GeneralName::DNSName(host)]);
        let life = leaf.validity().not_after.timestamp() - leaf.validity().not_before.timestamp();
        assert!(life <= 7 * 24 * 3600, "{life} s");
        assert!(!leaf.is_ca());
        assert_ne!(leaf.public_key().raw, ca.public_key().raw);
        assert!(leaf.public_key().algorithm.algorithm.to_id_string().starts_with("1.2.840.10045"), "ECDSA");
        let purpose = leaf.extended_key_usage().unwrap().unwrap().value;
        assert!(purpose.server_auth && !purpose.client_auth && !purpose.any);
        let is_critical_unknown = leaf.extensions().iter().any(|e| {
            e.critical && matches!(e.parsed_extension(), ParsedExtension::UnsupportedExtension { .. })
        });
        assert!(!is_critical_unknown);
    }
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r15_no_certificate_is_made_for_a_host_that_is_not_allowed() {
    let rig = Rig::start().await;
    for host in ["evil.tld", "x.beacon.langchain.com", "langchain.com"] {
        let (response, mut stream) = rig.client.connect(&format!("{host}:443")).await;
        response.assert_refused(403, "destination_not_allowed", host);
        // A client that goes on all the same gets no handshake.
        let _ = stream.write_all(&ClientHello::new(host).bytes()).await;
        let _ = stream.shutdown().await;
        let mut back = Vec::new();
        let _ = within("the gate to close", stream.read_to_end(&mut back)).await;
        assert!(back.is_empty(), "{back:?}");
    }
    assert_eq!(rig.finish().await.audit.denials("destination_not_allowed"), 3);
}

/// What the gate answers a ClientHello with: the first record's type and its content.
async fn answer_to(rig: &Rig, hello: &ClientHello) -> (Option<u8>, Vec<u8>) {
    let mut stream = rig.client.tunnel(BEACON).await;
    stream.write_all(&hello.bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = Vec::new();
    let _ = within("the gate to answer a hello", stream.read_to_end(&mut back)).await;
    (back.first().copied(), back)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r16_old_versions_weak_suites_and_compression_are_not_spoken() {
    let rig = Rig::start().await;
    let good = || ClientHello::new(BEACON);
    let hellos = [
        ("TLS 1.1 at most", ClientHello { legacy_version: [3, 2], versions: None, ..good() }),
        ("TLS 1.0 at most", ClientHello { legacy_version: [3, 1], versions: None, ..good() }),
        ("SSL 3.0", ClientHello { legacy_version: [3, 0], versions: None, ..good() }),
        ("TLS 1.1 in supported_versions", ClientHello { versions: Some(vec![[3, 2], [3, 1]]), ..good() }),
        ("RSA key exchange", ClientHello { versions: None, suites: vec![[0, 0x9c], [0, 0x2f]], ..good() }),
        ("CBC", ClientHello { versions: None, suites: vec![[0xc0, 0x09], [0xc0, 0x13]], ..good() }),
        ("RC4 and 3DES", ClientHello { versions: None, suites: vec![[0, 5], [0, 0x0a]], ..good() }),
        ("NULL and export", ClientHello { versions: None, suites: vec![[0, 1], [0, 3]], ..good() }),
        ("anonymous", ClientHello { versions: None, suites: vec![[0, 0xa6], [0xc0, 0x18]], ..good() }),
        ("compression only", ClientHello { versions: None, compression: vec![1], ..good() }),
    ];
    for (what, hello) in &hellos {
        let (kind, back) = answer_to(&rig, hello).await;
        assert!(kind.is_none_or(|k| k == 21), "{what}: {back:?}");
    }
    let (kind, _) = answer_to(&rig, &good()).await;
    assert_eq!(kind, Some(22), "the same hello without the fault is answered");
    let done = rig.finish().await;
    // The last one broke off as well: it never meant to finish its handshake.
    assert_eq!(done.audit.denials("client_tls"), hellos.len() as u64 + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r16_tls_1_2_and_1_3_are_spoken_and_early_data_is_not() {
    let rig = Rig::start().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut tunnel = rig.client.open_versions(BEACON, &[version]).await;
        assert_eq!(tunnel.tls_version(), version.version);
        assert_eq!(tunnel.exchange(&LICENSE.request()).await.status, 200);
    }
    let sessions = std::sync::Arc::new(rustls::client::ClientSessionMemoryCache::new(8));
    for _ in 0..2 {
        let cache = sessions.clone();
        let mut tunnel = rig
            .client
            .open_with(BEACON, BEACON, |c| {
                c.enable_early_data = true;
                c.resumption = rustls::client::Resumption::store(cache);
            })
            .await
            .unwrap();
        assert!(tunnel.stream.get_mut().1.early_data().is_none(), "early data was offered");
        assert_eq!(tunnel.exchange(&LICENSE.request()).await.status, 200);
    }
    rig.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_1_1_is_chosen_from_what_clients_offer_and_nothing_else_is() {
    let rig = Rig::start().await;
    type Protocol = &'static [u8];
    let offers: [(&[Protocol], Option<Protocol>); 3] =
        [(&[b"h2", b"http/1.1"], Some(b"http/1.1")), (&[b"http/1.1"], Some(b"http/1.1")), (&[], None)];
    for (offered, chosen) in offers {
        let offered: Vec<Vec<u8>> = offered.iter().map(|p| p.to_vec()).collect();
        let mut tunnel = rig.client.open_with(BEACON, BEACON, |c| c.alpn_protocols = offered).await.unwrap();
        assert_eq!(tunnel.stream.get_ref().1.alpn_protocol(), chosen);
        assert_eq!(tunnel.exchange(&LICENSE.request()).await.status, 200);
    }
    rig.finish().await;
}
