#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::path::Path;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const HOST: &str = "beacon.langchain.com";
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A vendor with a CA of its own, and a gate that trusts it.
struct Scene {
    dir: TempDir,
    gate: Authority,
    ca: CertificateParams,
    ca_key: KeyPair,
}

/// A chain with its key, as a server has it.
struct Shown {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Scene {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let gate = Authority::open(&dir.path().join("certs"), &[host()]).unwrap();
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { dir, gate, ca, ca_key: KeyPair::generate().unwrap() }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn ca_file(&self) -> PathBuf {
        self.file("vendor.pem", &self.ca.self_signed(&self.ca_key).unwrap().pem())
    }

    /// A gate's way to the vendor on a system without roots.
    fn tls(&self) -> UpstreamTls {
        UpstreamTls::with(&[self.ca_file()], &self.gate, roots::Found::default).unwrap()
    }

    fn leaf(&self, change: impl FnOnce(&mut CertificateParams)) -> Shown {
        let mut params = CertificateParams::new([HOST.to_owned()]).unwrap();
        params.not_before = (SystemTime::now() - DAY).into();
        params.not_after = (SystemTime::now() + DAY).into();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &Issuer::from_params(&self.ca, &self.ca_key)).unwrap();
        Shown { chain: vec![certificate.into()], key }
    }
}

fn host() -> Host {
    Host::parse(HOST.as_bytes()).unwrap()
}

/// Serves one handshake and connects to it.
async fn connect(
    tls: &UpstreamTls,
    config: ServerConfig,
) -> Result<(TlsStream<TcpStream>, UpstreamFacts), Refusal> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = listener.accept().await.unwrap();
    let (acceptor, host) = (TlsAcceptor::from(Arc::new(config)), host());
    let (_, connected) = tokio::join!(acceptor.accept(accepted), tls.connect(&host, tcp));
    connected
}

fn serving(shown: &Shown, versions: &[&'static rustls::SupportedProtocolVersion]) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            shown.chain.clone(),
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(shown.key.serialize_der())),
        )
        .unwrap()
}

const BOTH: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

/// Asserts that the certificate is refused for this reason, with its fingerprint.
async fn refused(tls: &UpstreamTls, shown: &Shown, why: &str) {
    for version in BOTH {
        let refusal = connect(tls, serving(shown, &[version])).await.unwrap_err();
        assert_eq!(refusal.code, Code::UpstreamTls);
        assert!(refusal.detail.contains(why), "{}", refusal.detail);
        let sha256 = crate::secret::sha256_hex(&shown.chain[0]);
        assert_eq!(refusal.certificate_sha256, Some(sha256));
    }
}

#[tokio::test]
async fn r18_the_vendor_is_verified_by_chain_and_name() {
    let scene = Scene::new();
    let (tls, shown) = (scene.tls(), scene.leaf(|_| {}));
    for (version, name) in [(&rustls::version::TLS13, "TLSv1.3"), (&rustls::version::TLS12, "TLSv1.2")] {
        let (stream, facts) = connect(&tls, serving(&shown, &[version])).await.unwrap();
        assert_eq!(facts.tls_version, name);
        assert_eq!(facts.certificate_sha256, crate::secret::sha256_hex(&shown.chain[0]));
        assert_eq!(facts.address, stream.get_ref().0.peer_addr().unwrap());
    }
    assert_eq!(tls.roots().unwrap().count, 1);
}

#[tokio::test]
async fn r18_an_impostor_is_refused_with_what_it_showed() {
    let scene = Scene::new();
    let tls = scene.tls();
    let name = |name: &'static str| {
        move |p: &mut CertificateParams| {
            p.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into().unwrap())];
        }
    };
    refused(&tls, &scene.leaf(name("beacon.langchain.com.evil.com")), "name mismatch").await;
    refused(&tls, &scene.leaf(name("*.com")), "name mismatch").await;
    refused(&tls, &scene.leaf(|p| p.not_after = (SystemTime::now() - DAY / 2).into()), "it has expired")
        .await;
    refused(&tls, &scene.leaf(|p| p.not_before = (SystemTime::now() + DAY / 2).into()), "not valid yet")
        .await;
    let client_only =
        |p: &mut CertificateParams| p.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    refused(&tls, &scene.leaf(client_only), "not for servers").await;
    refused(&tls, &Scene::new().leaf(|_| {}), "a signature in its chain").await;
    let mut stranger = Scene::new();
    stranger.ca.distinguished_name.push(rcgen::DnType::CommonName, "a stranger");
    refused(&tls, &stranger.leaf(|_| {}), "unknown issuer").await;
}

#[tokio::test]
async fn r18_a_self_signed_certificate_is_refused() {
    let scene = Scene::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([HOST.to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, HOST);
    let certificate = params.clone().self_signed(&key).unwrap();
    refused(&scene.tls(), &Shown { chain: vec![certificate.into()], key }, "unknown issuer").await;
    let key = KeyPair::generate().unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    refused(&scene.tls(), &Shown { chain: vec![certificate.into()], key }, "CA's certificate").await;
}

#[tokio::test]
async fn r18_what_is_not_tls_is_refused_without_a_certificate() {
    let scene = Scene::new();
    let tls = scene.tls();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b""] {
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut accepted, _) = listener.accept().await.unwrap();
        let speak = async {
            tokio::io::AsyncWriteExt::write_all(&mut accepted, answer).await.unwrap();
            tokio::io::AsyncWriteExt::shutdown(&mut accepted).await.unwrap();
        };
        let host = host();
        let (connected, ()) = tokio::join!(tls.connect(&host, tcp), speak);
        let refusal = connected.unwrap_err();
        assert_eq!(refusal.code, Code::UpstreamTls);
        assert_eq!(refusal.certificate_sha256, None);
    }
}

#[tokio::test]
async fn r18_an_upstream_that_only_speaks_http_2_is_refused() {
    let scene = Scene::new();
    let mut config = serving(&scene.leaf(|_| {}), BOTH);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let refusal = connect(&scene.tls(), config).await.unwrap_err();
    assert!(refusal.detail.contains("does not speak HTTP/1.1"), "{}", refusal.detail);
}

#[tokio::test]
async fn r19_sha1_and_md5_signatures_are_refused() {
    let mut scene = Scene::new();
    scene.ca_key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let tls = scene.tls();
    let shown = scene.leaf(|_| {});
    connect(&tls, serving(&shown, BOTH)).await.unwrap();
    // sha256WithRSAEncryption is 1.2.840.113549.1.1.11; SHA-1 has .5 at its end, MD5 .4 (RFC 8017).
    let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    for weak in [0x05, 0x04] {
        let mut der = shown.chain[0].to_vec();
        let places: Vec<_> =
            (0..der.len()).filter(|&i| der[i..].starts_with(&oid) && der[i + 10] == 0x0b).collect();
        assert_eq!(places.len(), 2, "the algorithm stands inside and outside of what is signed");
        for place in places {
            der[place + 10] = weak;
        }
        let key = KeyPair::try_from(shown.key.serialize_der()).unwrap();
        refused(&tls, &Shown { chain: vec![der.into()], key }, "SHA-1 or MD5").await;
    }
}

#[tokio::test]
async fn r19_the_gates_own_ca_never_vouches_for_an_upstream() {
    let scene = Scene::new();
    let both = std::fs::read_to_string(scene.ca_file()).unwrap() + scene.gate.ca_pem();
    let bundle = scene.file("both.pem", &both);
    let tls = UpstreamTls::with(&[bundle], &scene.gate, roots::Found::default).unwrap();
    let roots = tls.roots().unwrap();
    assert_eq!((roots.count, roots.own_left_out), (1, 1));
    assert!(roots.warnings[0].contains("never vouches"), "{:?}", roots.warnings);
    let config = scene.gate.server_config(&host()).unwrap();
    let refusal = connect(&tls, ServerConfig::clone(&config)).await.unwrap_err();
    assert!(refusal.detail.contains("signed by the gate's own CA"), "{}", refusal.detail);
    assert!(refusal.certificate_sha256.is_some());
    // The vendor itself is still verified with the same bundle.
    connect(&tls, serving(&scene.leaf(|_| {}), BOTH)).await.unwrap();
}

#[tokio::test]
async fn r19_a_root_that_signed_the_gates_ca_does_not_make_it_trusted() {
    // The gate's CA, re-issued under its own key by a root that is trusted (a cross-certificate).
    let scene = Scene::new();
    let certs = scene.dir.path().join("certs");
    let key = KeyPair::from_pem(&std::fs::read_to_string(certs.join("ca.key")).unwrap()).unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "under another name");
    let cross = params.signed_by(&key, &Issuer::from_params(&scene.ca, &scene.ca_key)).unwrap();
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([HOST.to_owned()])
        .unwrap()
        .signed_by(&leaf_key, &Issuer::new(params, key))
        .unwrap();
    let shown = Shown { chain: vec![leaf.into(), cross.into()], key: leaf_key };
    refused(&scene.tls(), &shown, "signed by the gate's own CA").await;
}

#[tokio::test]
async fn r19_a_bundle_of_the_gates_ca_alone_trusts_nothing_and_says_so() {
    let scene = Scene::new();
    let tls =
        UpstreamTls::with(&[scene.gate.ca_path().to_owned()], &scene.gate, roots::Found::default).unwrap();
    let why = tls.roots().unwrap_err();
    assert!(why.contains("trusts no root") && why.contains("the gate's own CA is among the roots"), "{why}");
    let refusal = connect(&tls, serving(&scene.leaf(|_| {}), BOTH)).await.unwrap_err();
    assert_eq!(refusal.code, Code::UpstreamTls);
    assert!(refusal.detail.contains("trusts no root"), "{}", refusal.detail);
}

#[test]
fn a_root_file_that_is_none_is_named_at_start() {
    let scene = Scene::new();
    let missing = scene.dir.path().join("missing.pem");
    let malformed = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (path, why) in [
        (missing.clone(), "No such file"),
        (scene.file("empty.pem", ""), "holds no certificate"),
        (
            scene.file("key.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            "holds no certificate",
        ),
        (scene.file("cut.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n"), "not in PEM form"),
        (scene.file("malformed.pem", malformed), "malformed"),
    ] {
        let error =
            UpstreamTls::with(std::slice::from_ref(&path), &scene.gate, roots::Found::default).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("--upstream-ca names") && message.contains(why), "{message}");
        assert!(message.contains(&*path.display().to_string()), "{message}");
    }
    assert!(
        roots::check_file("SSL_CERT_FILE", &missing)
            .unwrap_err()
            .to_string()
            .starts_with("SSL_CERT_FILE names")
    );
    assert!(roots::check_folder("SSL_CERT_DIR", Path::new("/nowhere")).is_err());
}
