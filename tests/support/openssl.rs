//! Certificates that no current library makes any more: for these the openssl command is asked.

use super::certificates::Leaf;
use super::rig::HOSTS;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Leaves that are weak in some way, and the CA that signed them.
pub struct Weak {
    pub ca: PathBuf,
    pub leaves: Vec<(&'static str, Leaf)>,
    _dir: TempDir,
}

/// `None` where there is no openssl.
pub fn weak_leaves() -> Option<Weak> {
    if Command::new("openssl").arg("version").stdout(Stdio::null()).status().is_err() {
        assert!(std::env::var_os("CI").is_none(), "no openssl command: install it");
        eprintln!("SKIPPED weak certificates: no openssl command");
        return None;
    }
    let home = TempDir::new().unwrap();
    let dir = home.path();
    let ca = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=vendor"];
    openssl(dir, &[&ca[..], &["-keyout", "ca.key", "-out", "ca.pem"]].concat());
    let names: Vec<String> = HOSTS.iter().map(|h| format!("DNS:{h}")).collect();
    std::fs::write(dir.join("ext"), format!("subjectAltName={}\n", names.join(","))).unwrap();
    let weak = [("SHA-1", "rsa:2048", "-sha1"), ("RSA with 1024 bits", "rsa:1024", "-sha256")];
    let leaves = weak.into_iter().map(|(what, key, digest)| (what, leaf(dir, key, digest))).collect();
    Some(Weak { ca: dir.join("ca.pem"), leaves, _dir: home })
}

fn leaf(dir: &Path, key: &str, digest: &str) -> Leaf {
    openssl(dir, &["req", "-new", "-newkey", key, "-nodes", "-subj", "/CN=x", "-keyout", "leaf.key", "-out", "leaf.csr"]);
    let sign = ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    let more = ["-days", "2", "-extfile", "ext", digest, "-outform", "DER", "-out", "leaf.der"];
    openssl(dir, &[&sign[..], &more[..]].concat());
    openssl(dir, &["pkcs8", "-topk8", "-nocrypt", "-in", "leaf.key", "-outform", "DER", "-out", "key.der"]);
    Leaf::from_der(std::fs::read(dir.join("leaf.der")).unwrap(), std::fs::read(dir.join("key.der")).unwrap())
}

fn openssl(dir: &Path, args: &[&str]) {
    let done = Command::new("openssl").args(args).current_dir(dir).output().unwrap();
    assert!(done.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}
