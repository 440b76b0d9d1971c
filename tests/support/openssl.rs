//! Vendors with certificates that current libraries neither make nor serve: the openssl command does.

use super::rig::HOSTS;
use beacongate::secret::sha256_hex;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use tempfile::TempDir;

/// Vendors that are weak in some way, and the CA that vouches for them.
pub struct Weak {
    pub ca: PathBuf,
    pub vendors: Vec<Vendor>,
    _dir: TempDir,
}

/// A running `openssl s_server`; killed when dropped.
pub struct Vendor {
    /// What is weak.
    pub what: &'static str,
    pub sha256: String,
    pub address: SocketAddr,
    child: Child,
    said: BufReader<ChildStdout>,
}

/// `None` where there is no openssl.
pub fn weak_vendors() -> Option<Weak> {
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
    let vendors = weak.into_iter().map(|(what, key, digest)| vendor(dir, what, key, digest)).collect();
    Some(Weak { ca: dir.join("ca.pem"), vendors, _dir: home })
}

fn vendor(dir: &Path, what: &'static str, key: &str, digest: &str) -> Vendor {
    let request = [
        "req", "-new", "-newkey", key, "-nodes", "-subj", "/CN=x", "-keyout", "leaf.key", "-out", "leaf.csr",
    ];
    openssl(dir, &request);
    let sign = ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    let more = ["-days", "2", "-extfile", "ext", digest, "-out", "leaf.pem"];
    openssl(dir, &[&sign[..], &more[..]].concat());
    openssl(dir, &["x509", "-in", "leaf.pem", "-outform", "DER", "-out", "leaf.der"]);
    let sha256 = sha256_hex(&std::fs::read(dir.join("leaf.der")).unwrap());
    let serve =
        ["s_server", "-accept", "127.0.0.1:0", "-cert", "leaf.pem", "-key", "leaf.key", "-naccept", "1"];
    let mut child = Command::new("openssl")
        .args(serve)
        .args(["-cipher", "DEFAULT:@SECLEVEL=0"])
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut lines = (&mut said).lines().map_while(Result::ok);
    let address =
        lines.find_map(|l| l.strip_prefix("ACCEPT ").map(str::to_owned)).expect("s_server to listen");
    Vendor { what, sha256, address: address.parse().unwrap(), child, said }
}

impl Vendor {
    /// Ends it; everything that it received.
    pub fn stop(mut self) -> String {
        self.child.kill().unwrap();
        let mut received = Vec::new();
        self.said.read_to_end(&mut received).unwrap();
        String::from_utf8_lossy(&received).into_owned()
    }
}

impl Drop for Vendor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn openssl(dir: &Path, args: &[&str]) {
    let done = Command::new("openssl").args(args).current_dir(dir).output().unwrap();
    assert!(done.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}
