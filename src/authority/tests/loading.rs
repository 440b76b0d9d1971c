//! Which CAs are loaded, made and refused.

use super::*;
use rustls::pki_types::PrivateSec1KeyDer;
use rustls::pki_types::pem::PemObject;

#[test]
fn r13_each_install_makes_a_ca_of_its_own_and_keeps_it() {
    let (dir, first) = opened();
    let (_other_dir, other) = opened();
    assert!(first.is_new());
    assert_ne!(first.ca_sha256_fingerprint(), other.ca_sha256_fingerprint());
    assert_ne!(first.facts.serial, other.facts.serial);
    assert_ne!(first.facts.subject, other.facts.subject);
    assert_eq!(mode(&dir.path().join(KEY_FILE)), 0o400);
    assert_eq!(mode(first.ca_path()), 0o444);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing unfinished is left behind");

    let again = Authority::open(dir.path(), &hosts()).unwrap();
    assert!(!again.is_new());
    assert_eq!(again.ca_sha256_fingerprint(), first.ca_sha256_fingerprint());
    assert_eq!(again.ca_pem(), first.ca_pem());
    assert!(!format!("{again:?}").contains("PRIVATE"));
    assert!(again.warnings().is_empty());
}

#[test]
fn r13_processes_that_start_together_share_one_ca() {
    let dir = TempDir::new().unwrap();
    let start = std::sync::Barrier::new(8);
    let fingerprints: Vec<String> = std::thread::scope(|scope| {
        let open = || {
            start.wait();
            Authority::open(&dir.path().join("certs"), &hosts()).unwrap().ca_sha256_fingerprint()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(fingerprints.iter().all(|f| *f == fingerprints[0]), "{fingerprints:?}");
}

#[test]
fn r13_a_key_that_others_may_use_is_refused() {
    let (dir, _) = opened();
    for open_to in [0o440, 0o404, 0o600 | 0o020, 0o644] {
        fs::set_permissions(dir.path().join(KEY_FILE), fs::Permissions::from_mode(open_to)).unwrap();
        let message = refusal(dir.path());
        assert!(
            message.contains(&format!("mode {open_to:04o}")) && message.contains("chmod 0400"),
            "{message}"
        );
    }
    fs::set_permissions(dir.path().join(KEY_FILE), fs::Permissions::from_mode(0o600)).unwrap();
    Authority::open(dir.path(), &hosts()).unwrap();
}

#[test]
fn a_ca_that_cannot_serve_is_refused_with_what_mends_it() {
    let dir = TempDir::new().unwrap();
    let key = KeyPair::generate().unwrap();
    let key_pem = key.serialize_pem();
    let good = ca_params().self_signed(&key).unwrap().pem();

    let mut not_a_ca = ca_params();
    not_a_ca.is_ca = IsCa::NoCa;
    let mut expired = ca_params();
    expired.not_after = (SystemTime::now() - Duration::from_secs(60)).into();
    let mut future = ca_params();
    future.not_before = (SystemTime::now() + DAY).into();
    let mut cannot_sign = ca_params();
    cannot_sign.key_usages = vec![rcgen::KeyUsagePurpose::CrlSign];
    let mut other_purpose = ca_params();
    other_purpose.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    for (params, why) in [
        (not_a_ca, "not the certificate of a CA"),
        (expired, "has expired"),
        (future, "not valid yet"),
        (cannot_sign, "key usage"),
        (other_purpose, "serverAuth"),
    ] {
        put(dir.path(), &params.self_signed(&key).unwrap().pem(), &key_pem);
        let message = refusal(dir.path());
        assert!(message.contains(why) && message.contains("ca init"), "{message}");
    }
    let other_key = KeyPair::generate().unwrap().serialize_pem();
    for (certificate, key, why) in [
        (good.as_str(), other_key.as_str(), "another certificate's"),
        ("no PEM here", &key_pem, "holds no certificate"),
        (&format!("{good}{good}"), &key_pem, "holds 2 certificates"),
        (&good, "no PEM here", "holds no unencrypted private key"),
        (&good, &good, "holds no unencrypted private key"),
    ] {
        put(dir.path(), certificate, key);
        let message = refusal(dir.path());
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn half_a_ca_is_refused_and_not_made_whole() {
    for gone in [CERTIFICATE_FILE, KEY_FILE] {
        let (dir, _) = opened();
        fs::remove_file(dir.path().join(gone)).unwrap();
        let message = refusal(dir.path());
        assert!(message.contains(&format!("{gone} is missing")), "{message}");
        assert!(!dir.path().join(gone).exists());
    }
}

#[test]
fn a_host_that_came_into_the_policy_after_the_ca_is_named() {
    let (dir, _) = opened();
    let more = [hosts(), vec![host("new.langchain.com")]].concat();
    let message = Authority::open(dir.path(), &more).unwrap_err().to_string();
    assert!(message.contains("new.langchain.com is outside the CA's name constraints"), "{message}");
    assert!(message.contains("--force"), "{message}");
    // Fewer hosts than the CA could vouch for are fine.
    Authority::open(dir.path(), &hosts()[..1]).unwrap();
}

#[test]
fn a_policy_without_hosts_does_not_make_a_ca_for_all_of_them() {
    let dir = TempDir::new().unwrap();
    let authority = Authority::open(dir.path(), &[]).unwrap();
    assert_eq!(authority.facts.permitted, ["invalid"]);
    assert!(refusal(dir.path()).contains("outside the CA's name constraints"));
}

#[test]
fn a_ca_from_elsewhere_serves_with_a_key_in_pkcs8_or_sec1() {
    let dir = TempDir::new().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = ca_params().self_signed(&key).unwrap().pem();
    let signing = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
        &aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING,
        key.serialized_der(),
    )
    .unwrap();
    let sec1: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> =
        aws_lc_rs::encoding::AsDer::as_der(&signing.private_key()).unwrap();
    let sec1_pem = pem_of("EC PRIVATE KEY", sec1.as_ref());
    PrivateSec1KeyDer::from_pem_slice(sec1_pem.as_bytes()).unwrap();
    for key_pem in [key.serialize_pem(), sec1_pem] {
        put(dir.path(), &certificate, &key_pem);
        let authority = Authority::open(dir.path(), &hosts()).unwrap();
        let leaf = minted(&authority, "beacon.langchain.com");
        verify(&authority, &leaf.certificate, &[], "beacon.langchain.com").unwrap();
        assert!(authority.warnings()[0].contains("no name constraints"));
    }
}

fn pem_of(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in der.chunks(3) {
        let n = chunk.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            let digit = DIGITS[(n >> (18 - 6 * i) & 63) as usize] as char;
            text.push(if i <= chunk.len() { digit } else { '=' });
        }
    }
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[test]
fn a_ca_that_fails_the_rehearsal_is_refused_at_start() {
    // Two organisational units, which a leaf's issuer field would lose one of.
    let dir = TempDir::new().unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = ca_params();
    params.distinguished_name.push(rcgen::DnType::OrganizationalUnitName, "one");
    params.distinguished_name.push(rcgen::DnType::CustomDnType(vec![2, 5, 4, 11]), "two");
    put(dir.path(), &params.self_signed(&key).unwrap().pem(), &key.serialize_pem());
    assert!(refusal(dir.path()).contains("an attribute twice"), "{}", refusal(dir.path()));
}

#[test]
fn create_replaces_only_when_told_to() {
    let (dir, first) = opened();
    let error = Authority::create(dir.path(), &hosts(), false).unwrap_err();
    assert!(matches!(error, AuthorityError::Present { .. }), "{error}");
    let second = Authority::create(dir.path(), &hosts(), true).unwrap();
    assert_ne!(first.ca_sha256_fingerprint(), second.ca_sha256_fingerprint());
    let seen = CaCertificate::read(dir.path()).unwrap();
    assert_eq!(seen.sha256, second.ca_sha256_fingerprint());
    assert_eq!(seen.facts.subject, second.facts.subject);
    let empty = TempDir::new().unwrap();
    let error = CaCertificate::read(empty.path()).unwrap_err();
    assert!(error.to_string().contains("beacongate ca init --certs"), "{error}");
}
