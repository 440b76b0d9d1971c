//! Why there is no CA to work with, and what mends it.

use std::path::{Path, PathBuf};

/// Why the CA cannot be opened, or cannot mint.
#[derive(Debug)]
pub enum AuthorityError {
    /// A file or folder could not be read or written.
    Io {
        /// What was tried: "cannot read", "cannot lock".
        doing: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is there cannot serve.
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// What to do about it.
        mend: String,
    },
    /// There is no CA.
    Missing {
        /// The folder without one.
        dir: PathBuf,
    },
    /// There is a CA where a new one was to be made.
    Present {
        /// The file that is there.
        path: PathBuf,
    },
    /// A certificate was asked for a host that the policy does not name.
    HostNotAllowed,
    /// Making or signing a certificate failed.
    Minting(String),
}

impl AuthorityError {
    pub(super) fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), source }
    }

    /// What is mended by a new CA, which clients then have to trust.
    pub(super) fn unusable(path: &Path, why: impl Into<String>, dir: &Path) -> Self {
        let mend = format!(
            "put a sound {} and {} there, or run `beacongate ca init --certs {} --force` with the --policy of the gate; \
             clients must trust the new CA then",
            super::CERTIFICATE_FILE,
            super::KEY_FILE,
            dir.display(),
        );
        Self::Unusable { path: path.to_owned(), why: why.into(), mend }
    }

    pub(super) fn tls(error: rustls::Error) -> Self {
        Self::Minting(error.to_string())
    }
}

impl From<rcgen::Error> for AuthorityError {
    fn from(error: rcgen::Error) -> Self {
        Self::Minting(error.to_string())
    }
}

impl std::fmt::Display for AuthorityError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Io { doing, path, source } => write!(f, "{doing} {}: {source}", path.display()),
            Self::Unusable { path, why, mend } => write!(f, "{}: {why}; {mend}", path.display()),
            Self::Missing { dir } => {
                write!(f, "no CA in {dir}; run `beacongate ca init --certs {dir}`", dir = dir.display())
            }
            Self::Present { path } => write!(
                f,
                "{} is there already; --force replaces the CA, and clients must trust the new one then",
                path.display()
            ),
            Self::HostNotAllowed => {
                f.write_str("no certificate is made for a host that the policy does not name")
            }
            Self::Minting(why) => write!(f, "cannot make a certificate: {why}"),
        }
    }
}

impl std::error::Error for AuthorityError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
