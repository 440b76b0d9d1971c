//! The core decides and the shell acts: the modules that decide touch nothing outside their arguments.
//!
//! `#![deny]` and `.clippy.toml` do the work where a banned item is named by its path; this test sees that every
//! pure module has the attribute, that no module has it and is missing here, and that none imports a library
//! that acts.

use std::path::{Path, PathBuf};

/// The pure modules: P in the floor plan.
#[rustfmt::skip]
const PURE: &[&str] = &[
    "audit/chain.rs",
    "audit/entry.rs",
    "audit/escape.rs",
    "audit/event.rs",
    "audit/flood.rs",
    "audit/follow.rs",
    "audit/object.rs",
    "audit/transaction.rs",
    "audit/verify.rs",
    "audit/views.rs",
    "audit/views/story.rs",
    "decide.rs",
    "demo/columns.rs",
    "destination.rs",
    "facts.rs",
    "forward/address.rs",
    "forward/fields.rs",
    "forward/hosts.rs",
    "http1.rs",
    "http1/chunked.rs",
    "http1/head.rs",
    "inspect.rs",
    "inspect/coding.rs",
    "inspect/json.rs",
    "inspect/json/number.rs",
    "inspect/json/string.rs",
    "inspect/places.rs",
    "inspect/record.rs",
    "inspect/remove.rs",
    "inspect/text.rs",
    "inspect/violations.rs",
    "inspect/window.rs",
    "inspect/write.rs",
    "name.rs",
    "policy.rs",
    "policy/compile.rs",
    "policy/compile/field.rs",
    "policy/compile/route.rs",
    "policy/document.rs",
    "policy/effective.rs",
    "policy/error.rs",
    "policy/file.rs",
    "policy/format.rs",
    "policy/pattern.rs",
    "policy/schema.rs",
    "policy/schema/bounds.rs",
    "policy/schema/bundle.rs",
    "policy/schema/holes.rs",
    "policy/schema/keyword.rs",
    "policy/schema/places.rs",
    "policy/schema/wellformed.rs",
    "policy/yaml.rs",
    "refusal.rs",
    "removal.rs",
    "respond.rs",
    "secret.rs",
];

/// What stands at the top of each.
const ATTRIBUTE: &str = "#![deny(clippy::disallowed_types, clippy::disallowed_methods)]";

/// What acts: sockets, files, clocks, the environment, and the libraries built on them.
const ACTS: &[&str] = &[
    "tokio",
    "hyper",
    "hyper_util",
    "rustls",
    "tokio_rustls",
    "rustls_native_certs",
    "rcgen",
    "rustix",
    "tracing",
    "std::fs",
    "std::env",
    "std::process",
    "std::thread",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::net::ToSocketAddrs",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::io::stdin",
    "std::io::stdout",
    "Timestamp::now",
    "Uuid::now_v7",
    "rand::fill",
    "SystemRandom",
    "println!",
    "eprintln!",
];

fn source(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(relative)
}

/// The file without its comments and its tests.
fn code(relative: &str) -> String {
    let text = std::fs::read_to_string(source(relative)).unwrap_or_else(|e| panic!("{relative}: {e}"));
    let before_tests = text.split("#[cfg(test)]").next().unwrap_or_default();
    let is_comment = |line: &&str| !line.trim_start().starts_with("//");
    before_tests.lines().filter(is_comment).collect::<Vec<_>>().join("\n")
}

/// Whether a file holds tests, or what only tests use.
fn is_test(file: &str) -> bool {
    file.ends_with("tests.rs") || file.ends_with("testing.rs") || file.contains("tests/")
}

/// Every Rust file below src/ but for tests, relative to it.
fn all_sources() -> Vec<String> {
    let root = source("");
    crate::support::audit::files(&root)
        .into_iter()
        .filter(|f| f.extension().is_some_and(|e| e == "rs"))
        .map(|f| f.strip_prefix(&root).unwrap().to_string_lossy().into_owned())
        .filter(|f| !is_test(f))
        .collect()
}

#[test]
fn every_pure_module_says_so_and_touches_nothing_that_acts() {
    for file in PURE {
        let code = code(file);
        assert!(code.contains(ATTRIBUTE), "src/{file} is pure and does not say {ATTRIBUTE}");
        for acts in ACTS {
            assert!(!names(&code, acts), "src/{file} is pure and names {acts}");
        }
    }
}

#[test]
fn every_module_that_says_it_is_pure_is_listed() {
    let marked: Vec<String> = all_sources().into_iter().filter(|f| code(f).contains(ATTRIBUTE)).collect();
    for file in &marked {
        assert!(PURE.contains(&file.as_str()), "src/{file} says that it is pure: list it in tests/purity.rs");
    }
    assert_eq!(marked.len(), PURE.len());
}

#[test]
fn only_the_authority_makes_certificates_and_only_forward_opens_connections() {
    let walls = [
        ("rcgen", &["authority"][..]),
        ("TcpStream::connect", &["forward", "demo"]),
        ("lookup_host", &["forward"]),
        ("ToSocketAddrs", &[]),
        ("UdpSocket", &[]),
        ("TcpSocket", &["forward"]),
        ("UnixStream", &[]),
        ("std::process::Command", &[]),
    ];
    for file in all_sources() {
        let code = code(&file);
        for (item, rooms) in walls {
            let allowed = rooms
                .iter()
                .any(|room| file == format!("{room}.rs") || file.starts_with(&format!("{room}/")));
            assert!(allowed || !names(&code, item), "src/{file} names {item}, which belongs in {rooms:?}");
        }
    }
}

/// R21: a verifier of one's own stands in one place, and that one says yes only where rustls's does.
#[test]
fn r21_nothing_replaces_the_verification_of_certificates() {
    let mut verifiers = Vec::new();
    for file in all_sources() {
        let code = code(&file);
        for yes in
            ["ServerCertVerified::assertion", "HandshakeSignatureValid::assertion", "NoServerCertVerifier"]
        {
            assert!(!code.contains(yes), "src/{file} says yes by itself: {yes}");
        }
        if code.contains("ServerCertVerifier for") {
            assert!(
                code.contains(".verify_server_cert(end_entity, intermediates, server_name"),
                "src/{file}"
            );
            verifiers.push(file);
        }
    }
    assert_eq!(verifiers, ["forward/tls/verify.rs"]);
}

/// Whether `item` stands in `code` as a word of its own.
fn names(code: &str, item: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices(item).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + item.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[test]
fn a_word_is_found_only_by_itself() {
    assert!(names("use tokio::net;", "tokio"));
    assert!(!names("use tokio_rustls::x;", "tokio"));
    assert!(!names("let x = my_tokio;", "tokio"));
}
