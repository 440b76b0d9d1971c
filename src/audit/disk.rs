//! The three things the writer asks of a disk. They stand behind a trait so that a test can make each of them fail.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Where segments are written.
pub trait Disk: Debug + Send + Sync {
    /// Makes a file that must not exist yet, for appending.
    ///
    /// # Errors
    /// As the system says.
    fn create(&self, path: &Path) -> io::Result<File>;

    /// Writes all of `bytes` to the end.
    ///
    /// # Errors
    /// As the system says; some of the bytes may have been written.
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written durable (`fdatasync`).
    ///
    /// # Errors
    /// As the system says; then the descriptor must never be synced again, because a second
    /// attempt can succeed without the data being on disk.
    fn sync(&self, file: &File) -> io::Result<()>;
}

/// The disk of this machine.
#[derive(Debug)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(path)
    }

    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// An error of the disk in words for the person who runs the gate.
pub fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the audit log's disk is full".to_owned(),
        io::ErrorKind::QuotaExceeded => "the audit log's disk quota is used up".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the audit log's disk is mounted read-only".to_owned(),
        io::ErrorKind::PermissionDenied => "the audit log's folder may not be written".to_owned(),
        _ => format!("the audit log cannot be written: {error}"),
    }
}
