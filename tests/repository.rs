//! What may stand in the repository: no keys, no certificates, nothing outside the floor plan.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Everything at the top.
const TOP: &[&str] = &[
    ".ci",
    ".clippy.toml",
    ".gitignore",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "certs",
    "deploy",
    "policy",
    "src",
    "tests",
];

/// The files that git has, or would have with the next commit; where there is no git, all but what is built.
fn tracked() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|o| o.status.success() && !o.stdout.is_empty());
    match listed {
        Some(output) => {
            let text = String::from_utf8(output.stdout).unwrap();
            text.split_terminator('\0').map(PathBuf::from).filter(|f| root.join(f).is_file()).collect()
        }
        None => unpacked(root),
    }
}

fn unpacked(root: &Path) -> Vec<PathBuf> {
    let is_kept = |f: &PathBuf| !f.starts_with("target") && !f.starts_with(".git") && !f.starts_with("audit");
    crate::support::audit::files(root)
        .into_iter()
        .map(|f| f.strip_prefix(root).unwrap().to_owned())
        .filter(is_kept)
        .collect()
}

#[test]
fn r13_no_key_and_no_certificate_is_in_the_repository() {
    let files = tracked();
    assert!(files.len() > 60, "only {} files: are they listed at all?", files.len());
    for file in files {
        let name = file.to_string_lossy().into_owned();
        for ending in [".pem", ".key", ".der", ".crt", ".cer", ".p12", ".pfx", ".jks"] {
            assert!(!name.ends_with(ending), "{name} is committed");
        }
        let content = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).unwrap();
        assert!(!holds_pem(&String::from_utf8_lossy(&content)), "{name} holds a key or certificate");
    }
}

/// Whether a PEM block with content stands in the text; the words alone, as code and messages have them, do not count.
fn holds_pem(text: &str) -> bool {
    let is_base64 = |line: &str| {
        let line = line.trim();
        line.len() >= 48 && line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
    };
    text.match_indices("-----BEGIN ").any(|(at, _)| text[at..].lines().skip(1).take(3).any(is_base64))
}

#[test]
fn a_pem_block_is_found_and_its_mention_is_not() {
    let line = "MIIBszCCAVmgAwIBAgIUQ0FOQVJZQ0FOQVJZQ0FOQVJZQ0FOQVJZ";
    assert!(holds_pem(&format!("-----BEGIN X-----\n{line}\n-----END X-----")));
    assert!(!holds_pem("a file that begins with -----BEGIN CERTIFICATE-----\nand so on"));
}

#[test]
fn every_file_has_its_place_in_the_floor_plan() {
    for file in tracked() {
        let top = file.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        assert!(TOP.contains(&top.as_str()), "{} stands outside the floor plan", file.display());
    }
}

#[test]
fn r13_what_a_gate_makes_here_is_not_committed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join(".git").exists() {
        return;
    }
    for made in ["certs/ca.key", "certs/ca.pem", "certs/fingerprint.key", "audit/00000000000000000000.jsonl"]
    {
        let ignored =
            Command::new("git").args(["check-ignore", "-q", made]).current_dir(root).status().unwrap();
        assert!(ignored.success(), "{made} would be committed");
    }
}
