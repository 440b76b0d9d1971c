//! The fingerprint key's file: 64 hex digits, made on first start, read-only for its owner.

use crate::secret::{FingerprintKey, hex};
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::{Zeroize as _, Zeroizing};

/// Why there is no fingerprint key.
#[derive(Debug)]
pub enum KeyError {
    /// The system says no.
    Io(PathBuf, io::Error),
    /// The file is no key.
    Malformed(PathBuf),
    /// Others than the owner and its group can read it, or others than the owner can write it.
    Exposed(PathBuf, u32),
}

impl std::error::Error for KeyError {}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "the fingerprint key {}: {error}", path.display()),
            Self::Malformed(path) => write!(
                f,
                "the fingerprint key {} is not 64 hexadecimal digits: restore it, or move it away to have a new one \
                 made (secrets recorded so far can then not be recognised any more)",
                path.display()
            ),
            Self::Exposed(path, mode) => write!(
                f,
                "the fingerprint key {} has mode {mode:04o}, so others can read or change it: chmod 0400 it",
                path.display()
            ),
        }
    }
}

/// Reads the key, or makes it where there is none.
///
/// # Errors
/// [`KeyError`]; a file that is there and is no key is never overwritten.
pub fn load_or_make(path: &Path) -> Result<FingerprintKey, KeyError> {
    let failed = |error| KeyError::Io(path.to_owned(), error);
    match load(path) {
        Err(KeyError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            make(path).map_err(failed)?;
            load(path)
        }
        loaded => loaded,
    }
}

fn load(path: &Path) -> Result<FingerprintKey, KeyError> {
    let failed = |error| KeyError::Io(path.to_owned(), error);
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o027 != 0 {
        return Err(KeyError::Exposed(path.to_owned(), mode));
    }
    let mut text = Zeroizing::new(Vec::with_capacity(256));
    file.take(256).read_to_end(&mut text).map_err(failed)?;
    let mut key = unhex(text.trim_ascii()).ok_or_else(|| KeyError::Malformed(path.to_owned()))?;
    let made = FingerprintKey::new(&key);
    key.zeroize();
    Ok(made)
}

/// Makes the file whole or not at all; where another process was faster, its key stays.
fn make(path: &Path) -> io::Result<()> {
    let mut key = [0; FingerprintKey::LEN];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("no randomness"))?;
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let partial = dir.join(format!(".fingerprint-{}", uuid::Uuid::now_v7().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o400).open(&partial)?;
    let text = Zeroizing::new(hex(&key) + "\n");
    key.zeroize();
    let linked = file
        .write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&partial, path));
    fs::remove_file(&partial)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => super::segment::sync_dir(dir),
    }
}

fn unhex(text: &[u8]) -> Option<[u8; FingerprintKey::LEN]> {
    if text.len() != 2 * FingerprintKey::LEN {
        return None;
    }
    let mut key = [0; FingerprintKey::LEN];
    for (byte, pair) in key.iter_mut().zip(text.chunks_exact(2)) {
        let digit = |d: u8| char::from(d).to_digit(16);
        *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]
    use super::*;

    #[test]
    fn a_key_is_made_once_and_then_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("certs/fingerprint.key");
        let made = load_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
        assert_eq!(load_or_make(&path).unwrap().id(), made.id());
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("fingerprint.key");
        load_or_make(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
        let error = load_or_make(&path).unwrap_err().to_string();
        assert!(error.contains("mode 0444") && error.contains("chmod 0400"), "{error}");
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_overwritten_or_repeated() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("empty", ""), ("short", "abcd"), ("text", &"canary! ".repeat(8))] {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
            let error = load_or_make(&path).unwrap_err().to_string();
            assert!(error.contains("64 hexadecimal digits") && !error.contains("canary"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
