//! The CA's two files: written whole or not at all, and read only where nobody else can read the key.

use super::{AuthorityError, CERTIFICATE_FILE, KEY_FILE};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What the two files hold.
pub(super) struct Pair {
    pub(super) certificate: CertificateDer<'static>,
    /// The certificate's file as it is.
    pub(super) certificate_pem: String,
    pub(super) key: PrivateKeyDer<'static>,
}

/// What is written into them.
pub(super) struct Made {
    pub(super) certificate_pem: String,
    pub(super) key_pem: Zeroizing<String>,
}

/// Makes the folder. It may be entered by all: the certificate in it is for everyone.
pub(super) fn make_folder(dir: &Path) -> Result<(), AuthorityError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(dir)
        .map_err(|e| AuthorityError::io("cannot make the folder", dir, e))
}

/// Locks the folder until the handle is dropped, against another process that makes a CA in it.
pub(super) fn lock(dir: &Path) -> Result<File, AuthorityError> {
    let handle = File::open(dir).map_err(|e| AuthorityError::io("cannot open the folder", dir, e))?;
    handle.lock().map_err(|e| AuthorityError::io("cannot lock the folder", dir, e))?;
    Ok(handle)
}

/// The first of the two files that exists.
pub(super) fn present(dir: &Path) -> Option<PathBuf> {
    [CERTIFICATE_FILE, KEY_FILE]
        .iter()
        .map(|name| dir.join(name))
        .find(|path| path.symlink_metadata().is_ok())
}

/// Reads both files; `None` where neither is there.
pub(super) fn read(dir: &Path) -> Result<Option<Pair>, AuthorityError> {
    let (certificate_path, key_path) = (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE));
    match (open(&certificate_path)?, open(&key_path)?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            let (certificate, certificate_pem) = read_certificate(certificate, &certificate_path, dir)?;
            Ok(Some(Pair { certificate, certificate_pem, key: read_key(key, &key_path, dir)? }))
        }
        (certificate, _) => {
            let (there, missing) = if certificate.is_some() {
                (certificate_path, KEY_FILE)
            } else {
                (key_path, CERTIFICATE_FILE)
            };
            Err(AuthorityError::unusable(&there, format!("{missing} is missing beside it"), dir))
        }
    }
}

fn open(path: &Path) -> Result<Option<File>, AuthorityError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AuthorityError::io("cannot read", path, error)),
    }
}

/// Reads the certificate alone, which needs no right to the key.
pub(super) fn read_public(dir: &Path) -> Result<CertificateDer<'static>, AuthorityError> {
    let path = dir.join(CERTIFICATE_FILE);
    match open(&path)? {
        Some(file) => Ok(read_certificate(file, &path, dir)?.0),
        None => Err(AuthorityError::Missing { dir: dir.to_owned() }),
    }
}

/// Far above any certificate or key; the file may be anything.
const LONGEST_FILE: u64 = 64 * 1024;

fn read_bytes(file: File, path: &Path) -> Result<Zeroizing<Vec<u8>>, AuthorityError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    file.take(LONGEST_FILE)
        .read_to_end(&mut bytes)
        .map_err(|e| AuthorityError::io("cannot read", path, e))?;
    Ok(bytes)
}

fn read_certificate(
    file: File,
    path: &Path,
    dir: &Path,
) -> Result<(CertificateDer<'static>, String), AuthorityError> {
    let bytes = read_bytes(file, path)?;
    let unusable = |why: String| AuthorityError::unusable(path, why, dir);
    let mut found = CertificateDer::pem_slice_iter(&bytes)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| unusable(format!("not in PEM form: {e}")))?;
    match (found.pop(), found.len()) {
        (Some(certificate), 0) => Ok((certificate, String::from_utf8_lossy(&bytes).into_owned())),
        (None, _) => Err(unusable("holds no certificate in PEM form".to_owned())),
        (Some(_), others) => {
            Err(unusable(format!("holds {} certificates where the CA's alone belongs", others + 1)))
        }
    }
}

fn read_key(file: File, path: &Path, dir: &Path) -> Result<PrivateKeyDer<'static>, AuthorityError> {
    let metadata = file.metadata().map_err(|e| AuthorityError::io("cannot read", path, e))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(AuthorityError::Unusable {
            path: path.to_owned(),
            why: format!("others than its owner may use the key (mode {mode:04o})"),
            mend: format!("run `chmod 0400 {}`", path.display()),
        });
    }
    let bytes = read_bytes(file, path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| {
        // The parser's own error may quote the text.
        AuthorityError::unusable(path, "holds no unencrypted private key in PEM form", dir)
    })
}

/// Writes both files, the certificate last: where it is, the key is. Call with the folder locked.
pub(super) fn write(dir: &Path, made: &Made) -> Result<(), AuthorityError> {
    write_whole(dir, KEY_FILE, made.key_pem.as_bytes(), 0o400)?;
    write_whole(dir, CERTIFICATE_FILE, made.certificate_pem.as_bytes(), 0o444)?;
    let handle = File::open(dir).map_err(|e| AuthorityError::io("cannot open the folder", dir, e))?;
    handle.sync_all().map_err(|e| AuthorityError::io("cannot write the folder", dir, e))
}

/// Removes both files, the certificate first. Call with the folder locked.
pub(super) fn remove(dir: &Path) -> Result<(), AuthorityError> {
    for name in [CERTIFICATE_FILE, KEY_FILE] {
        let path = dir.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(AuthorityError::io("cannot remove", &path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn write_whole(dir: &Path, name: &str, bytes: &[u8], mode: u32) -> Result<(), AuthorityError> {
    // The lock makes the name free, but for what a crash left behind.
    let (unfinished, path) = (dir.join(format!(".{name}.new")), dir.join(name));
    let _ = std::fs::remove_file(&unfinished);
    let write = || {
        // Born unreadable for others, so that there is no moment in which they can open it.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&unfinished)?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        file.sync_all()?;
        std::fs::rename(&unfinished, &path)
    };
    write().map_err(|error| {
        let _ = std::fs::remove_file(&unfinished);
        AuthorityError::io("cannot write", &path, error)
    })
}
