//! A log in a folder of its own, what is put into it, and a disk that fails when it is told to.

use crate::audit::disk::{Disk, RealDisk};
use crate::audit::entry::{self, IntentEntry, Kept, SentEntry};
use crate::audit::follow::Follower;
use crate::audit::lines::Lines;
use crate::audit::{Attempt, Denied, Log, OpenError, Opening, Transaction, UpstreamFacts, escape, segment};
use crate::inspect::Received;
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::secret::{FingerprintKey, sha256_hex};
use serde_json::Value;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

pub fn opening(dir: &Path) -> Opening {
    let effective = r#"{"name":"test","endpoints":[]}"#.to_owned();
    let digest = format!("sha256:{}", sha256_hex(effective.as_bytes()));
    let policy = Policy { name: "test".to_owned(), digest, effective, endpoints: Vec::new() };
    Opening {
        dir: dir.to_owned(),
        origin: Some("gate-1".to_owned()),
        fingerprint: FingerprintKey::new(&[7; 32]),
        policy: Arc::new(policy),
        settings: vec![("listen".to_owned(), "127.0.0.1:3128".to_owned())],
    }
}

pub fn open(dir: &Path) -> Log {
    Log::open(opening(dir)).unwrap()
}

pub fn open_on(dir: &Path, disk: &Arc<Disky>) -> Result<Log, OpenError> {
    Log::open_on(opening(dir), Arc::clone(disk) as Arc<dyn Disk>, Duration::ZERO)
}

pub fn transaction() -> Transaction {
    let source = "192.0.2.1:40000".parse().unwrap();
    Transaction { id: Uuid::now_v7(), source, client_tls: Some("TLSv1.3") }
}

pub fn intent_tail(transaction: &Transaction, body: &[u8]) -> Vec<u8> {
    let (text, escaped) = escape::one_line(body).unwrap();
    let kept = Kept::Line(&text);
    let sent = SentEntry { length: body.len() as u64, sha256: sha256_hex(body), masked: 0, escaped, kept };
    intent_of(transaction, sent)
}

pub fn intent_of(transaction: &Transaction, sent: SentEntry<'_>) -> Vec<u8> {
    let upstream = UpstreamFacts {
        address: "198.51.100.7:443".parse().unwrap(),
        tls_version: "TLSv1.3",
        certificate_sha256: "c".repeat(64),
    };
    let received = Received {
        wire_length: sent.length,
        length: sent.length,
        coding: "identity".to_owned(),
        media_type: Some("application/json".to_owned()),
    };
    let entry = IntentEntry {
        transaction,
        host: "beacon.langchain.com",
        upstream: &upstream,
        endpoint: "license-verification",
        method: "POST",
        path: "/v1/beacon/verify",
        query: &[],
        headers: &[("host".to_owned(), "beacon.langchain.com".to_owned())],
        received: &received,
        sent,
        policy: "sha256:0",
        removals: &[],
    };
    entry::intent(&entry).unwrap()
}

pub async fn intent(log: &Log) -> Result<Attempt, String> {
    let transaction = transaction();
    log.intent(transaction.id, intent_tail(&transaction, br#"{"n":12.34}"#)).await
}

pub fn denied(code: Code) -> Denied {
    Denied {
        transaction: transaction(),
        host: None,
        method: Some("POST".to_owned()),
        path: Some("/runs".to_owned()),
        policy_digest: "sha256:0".to_owned(),
        refusal: Refusal::new(code, "no endpoint has this path"),
        status: 403,
    }
}

/// Every record of a folder, followed from the first: panics where one is wrong.
pub fn records(dir: &Path) -> Vec<Value> {
    let mut follower = Follower::from_start();
    let mut records = Vec::new();
    for (first, path) in segment::list(dir).unwrap() {
        assert_eq!(first, records.len() as u64, "the name of {}", path.display());
        let mut lines = Lines::open(&path).unwrap();
        while let Some(piece) = lines.read_next().unwrap() {
            assert!(piece.ended, "a torn line");
            follower.feed(piece.text).unwrap();
            records.push(serde_json::from_slice(piece.text).unwrap());
        }
    }
    records
}

pub fn kinds(records: &[Value]) -> Vec<&str> {
    records.iter().map(|r| r["kind"].as_str().unwrap()).collect()
}

pub fn of_kind<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|r| r["kind"] == kind).collect()
}

/// What a disk is to do wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// Write this many bytes, then fail.
    Write(usize),
    /// Fail the sync, the bytes being in the file.
    Sync,
    /// Fail to make a file.
    Create,
}

/// A disk that fails as it is told to.
#[derive(Debug, Default)]
pub struct Disky {
    wrong: Mutex<Option<(Wrong, i32)>>,
    pub syncs: AtomicU32,
    /// Held by a test to keep a sync from returning.
    pub hold: Mutex<()>,
}

impl Disky {
    pub fn set(&self, wrong: Option<(Wrong, i32)>) {
        *self.wrong.lock().unwrap() = wrong;
    }

    fn now(&self) -> Option<(Wrong, io::Error)> {
        self.wrong.lock().unwrap().map(|(wrong, errno)| (wrong, io::Error::from_raw_os_error(errno)))
    }
}

impl Disk for Disky {
    fn create(&self, path: &Path) -> io::Result<File> {
        match self.now() {
            Some((Wrong::Create, error)) => Err(error),
            _ => RealDisk.create(path),
        }
    }

    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<()> {
        match self.now() {
            Some((Wrong::Write(some), error)) => {
                RealDisk.write(file, &bytes[..some.min(bytes.len())])?;
                Err(error)
            }
            _ => RealDisk.write(file, bytes),
        }
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        drop(self.hold.lock().unwrap());
        self.syncs.fetch_add(1, Ordering::Relaxed);
        match self.now() {
            Some((Wrong::Sync, error)) => Err(error),
            _ => RealDisk.sync(file),
        }
    }
}
