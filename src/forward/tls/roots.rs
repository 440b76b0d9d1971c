//! Which roots are trusted towards the vendor: the system's and the operator's, never the gate's own CA.

use crate::authority::Identity;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};

/// What is trusted, for the log at start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// How many roots in all.
    pub count: usize,
    /// How many certificates were left out because they are the gate's own CA.
    pub own_left_out: usize,
    /// What could not be read or used, as lower-case sentences.
    pub warnings: Vec<String>,
}

/// Why the roots cannot be what the operator says they are.
#[derive(Debug)]
pub enum TlsError {
    /// A file or folder cannot be read.
    Unreadable {
        /// Who named it: `--upstream-ca`, `SSL_CERT_FILE`, `SSL_CERT_DIR`.
        named_by: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file holds no certificate.
    Empty {
        /// Who named it.
        named_by: &'static str,
        /// The file.
        path: PathBuf,
    },
}

impl std::fmt::Display for TlsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable { named_by, path, why } => {
                write!(f, "{named_by} names {}, which cannot be read: {why}", path.display())
            }
            Self::Empty { named_by, path } => write!(
                f,
                "{named_by} names {}, which holds no certificate; give a file with roots in PEM form",
                path.display()
            ),
        }
    }
}

impl std::error::Error for TlsError {}

/// What the system offers.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) warnings: Vec<String>,
}

/// The operating system's roots, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name in their place.
pub(super) fn of_the_system() -> Found {
    let found = rustls_native_certs::load_native_certs();
    Found {
        certificates: found.certs,
        warnings: found.errors.iter().map(|e| format!("some of the system's roots: {e}")).collect(),
    }
}

/// Fails at start for what would otherwise be found out by the first request.
pub(super) fn check_environment() -> Result<(), TlsError> {
    if let Some(path) = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from) {
        check_file("SSL_CERT_FILE", &path)?;
    }
    if let Some(paths) = std::env::var_os("SSL_CERT_DIR") {
        for path in std::env::split_paths(&paths).filter(|p| !p.as_os_str().is_empty()) {
            check_folder("SSL_CERT_DIR", &path)?;
        }
    }
    Ok(())
}

pub(super) fn check_file(named_by: &'static str, path: &Path) -> Result<(), TlsError> {
    let mut certificates = CertificateDer::pem_file_iter(path).map_err(|e| TlsError::Unreadable {
        named_by,
        path: path.to_owned(),
        why: pem_problem(&e),
    })?;
    match certificates.next() {
        Some(_) => Ok(()),
        None => Err(TlsError::Empty { named_by, path: path.to_owned() }),
    }
}

pub(super) fn check_folder(named_by: &'static str, path: &Path) -> Result<(), TlsError> {
    std::fs::read_dir(path).map(drop).map_err(|e| TlsError::Unreadable {
        named_by,
        path: path.to_owned(),
        why: e.to_string(),
    })
}

/// The certificates of a file that `--upstream-ca` names.
pub(super) fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    const NAMED_BY: &str = "--upstream-ca";
    let unreadable = |e: &rustls::pki_types::pem::Error| TlsError::Unreadable {
        named_by: NAMED_BY,
        path: path.to_owned(),
        why: pem_problem(e),
    };
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|e| unreadable(&e))?;
    if certificates.is_empty() {
        return Err(TlsError::Empty { named_by: NAMED_BY, path: path.to_owned() });
    }
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store.add(certificate.clone()).map_err(|e| TlsError::Unreadable {
            named_by: NAMED_BY,
            path: path.to_owned(),
            why: format!("a certificate in it is malformed ({e})"),
        })?;
    }
    Ok(certificates)
}

/// The parser's errors can quote the file.
fn pem_problem(error: &rustls::pki_types::pem::Error) -> String {
    match error {
        rustls::pki_types::pem::Error::Io(error) => error.to_string(),
        _ => "it is not in PEM form".to_owned(),
    }
}

/// Puts the roots together and leaves the gate's own CA out.
pub(super) fn collect(
    system: Found,
    extra: &[CertificateDer<'static>],
    own: &Identity,
) -> Result<(RootCertStore, Roots), String> {
    let mut store = RootCertStore::empty();
    let Found { certificates, mut warnings } = system;
    let (mut own_left_out, mut unusable) = (0, 0);
    for certificate in certificates.into_iter().chain(extra.iter().cloned()) {
        if own.is_own_ca(&certificate) {
            own_left_out += 1;
        } else if store.add(certificate).is_err() {
            unusable += 1;
        }
    }
    store.roots.shrink_to_fit();
    if unusable > 0 {
        warnings.push(format!("{unusable} of the system's roots cannot be used and are left out"));
    }
    if own_left_out > 0 {
        warnings.push(
            "the gate's own CA is among the roots and is left out: it never vouches for an upstream"
                .to_owned(),
        );
    }
    if store.is_empty() {
        let mut why = "the gate trusts no root: install the system's CA certificates, or name a bundle with --upstream-ca".to_owned();
        for warning in &warnings {
            why.push_str("; ");
            why.push_str(warning);
        }
        return Err(why);
    }
    let roots = Roots { count: store.len(), own_left_out, warnings };
    Ok((store, roots))
}
