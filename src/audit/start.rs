//! Opens a folder: takes the lock, reads the last run, sets a torn tail aside, and says where the log goes on.

use super::chain::Chain;
use super::event::Cut;
use super::follow::{Follower, Line};
use super::lines::Lines;
use super::segment;
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use uuid::Uuid;

/// Why a log cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// Another writer has the folder.
    InUse(PathBuf),
    /// A record was changed, or stands where it does not belong.
    Tampered {
        /// The segment.
        file: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// The folder belongs to another instance than `--origin` says.
    OtherOrigin {
        /// The folder's.
        found: String,
        /// The setting's.
        given: String,
    },
    /// `--origin` is no proper name.
    BadOrigin(String),
    /// The policy's effective text is not JSON.
    Policy,
    /// The system says no.
    Io(PathBuf, io::Error),
}

impl std::error::Error for OpenError {}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse(dir) => write!(
                f,
                "the audit folder {} is in use by another gate: give this one a folder of its own with --audit",
                dir.display()
            ),
            Self::Tampered { file, line, reason } => write!(
                f,
                "the audit log was changed: {}, line {line}: {reason}; run `audit verify`, keep the folder as evidence, \
                 and start with an empty one",
                file.display()
            ),
            Self::OtherOrigin { found, given } => write!(
                f,
                "the audit folder belongs to the instance {found}, not to {given}: leave --origin away, or name an empty folder"
            ),
            Self::BadOrigin(given) => write!(
                f,
                "the origin {given:?} cannot be used: write 1 to 64 letters, digits, dots, hyphens and underscores"
            ),
            Self::Policy => f.write_str("the effective policy is not a JSON document and cannot be recorded"),
            Self::Io(path, error) => write!(f, "the audit log cannot be opened: {}: {error}", path.display()),
        }
    }
}

/// What a folder held.
#[derive(Debug, Default)]
pub struct Found {
    /// Where the log goes on; `None` for a new one.
    pub chain: Option<Chain>,
    /// The torn tail that was set aside.
    pub cut: Option<Cut>,
    /// Intents of the last run that have no outcome.
    pub open: Vec<(u64, Uuid)>,
    /// Whether the last run ended with a `log_close`.
    pub is_closed: bool,
}

/// Makes the folder where it is missing and takes its lock, which lasts as long as the file is open.
///
/// # Errors
/// [`OpenError::InUse`] and [`OpenError::Io`].
pub fn take(dir: &Path) -> Result<File, OpenError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| OpenError::Io(path, error)
    };
    let bodies = dir.join("bodies");
    DirBuilder::new().recursive(true).mode(0o700).create(&bodies).map_err(io(&bodies))?;
    let path = dir.join("lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let lock = options.open(&path).map_err(io(&path))?;
    // A verifier holds the lock for an instant when it looks whether anybody writes: hence more than one try.
    for _ in 0..4 {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::Error(error)) => return Err(OpenError::Io(path, error)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    Err(OpenError::InUse(dir.to_owned()))
}

/// Whether some process writes this folder now.
pub fn is_taken(dir: &Path) -> bool {
    File::open(dir.join("lock"))
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Reads the last run and makes the folder fit for the next.
///
/// # Errors
/// [`OpenError::Tampered`] and [`OpenError::Io`].
pub fn read(dir: &Path) -> Result<Found, OpenError> {
    let io = |error| OpenError::Io(dir.to_owned(), error);
    let segments = segment::list(dir).map_err(io)?;
    let mut first = segments.len().saturating_sub(1);
    while first > 0 && !holds_log_open(&segments[first].1).map_err(io)? {
        first -= 1;
    }
    let mut follower = if first == 0 { Follower::from_start() } else { Follower::from_anywhere() };
    let mut found = Found::default();
    for (i, (start, path)) in segments.iter().enumerate().skip(first) {
        let is_last = i + 1 == segments.len();
        check_name(&follower, *start, path)?;
        let torn = follow(&mut follower, path, is_last, &mut found.is_closed)?;
        if let Some(keep) = torn {
            let next = follower.chain().map_or(*start, |c| c.next);
            found.cut = segment::set_aside(dir, path, keep, next).map_err(io)?;
        }
    }
    found.open = follower.open().iter().map(|(seq, id)| (*seq, *id)).collect();
    found.chain = follower.chain().cloned();
    Ok(found)
}

fn check_name(follower: &Follower, start: u64, path: &Path) -> Result<(), OpenError> {
    match follower.chain() {
        Some(chain) if chain.next != start => Err(OpenError::Tampered {
            file: path.to_owned(),
            line: 1,
            reason: format!("the segment starts with record {start}, but record {} comes next", chain.next),
        }),
        _ => Ok(()),
    }
}

/// Follows one segment; returns where its torn tail starts, if it has one.
fn follow(
    follower: &mut Follower,
    path: &Path,
    is_last: bool,
    is_closed: &mut bool,
) -> Result<Option<u64>, OpenError> {
    let io = |error| OpenError::Io(path.to_owned(), error);
    let tampered = |line, reason| OpenError::Tampered { file: path.to_owned(), line, reason };
    let mut lines = Lines::open(path).map_err(io)?;
    let mut torn: Option<(u64, u64, String)> = None;
    while let Some(piece) = lines.read_next().map_err(io)? {
        let is_record = piece.ended && serde_json::from_slice::<Line<'_>>(piece.text).is_ok();
        match &torn {
            Some((_, line, reason)) if is_record => return Err(tampered(*line, reason.clone())),
            Some(_) => {}
            None if is_record => {
                let line = follower.feed(piece.text).map_err(|reason| tampered(piece.number, reason))?;
                *is_closed = line.kind == "log_close";
            }
            None => torn = Some((piece.offset, piece.number, "not a record, and records follow".to_owned())),
        }
    }
    match torn {
        Some((_, line, _)) if !is_last => {
            Err(tampered(line, "not a record, and a segment follows".to_owned()))
        }
        torn => Ok(torn.map(|(offset, ..)| offset)),
    }
}

fn holds_log_open(path: &Path) -> io::Result<bool> {
    let mut lines = Lines::open(path)?;
    while let Some(piece) = lines.read_next()? {
        if serde_json::from_slice::<Line<'_>>(piece.text).is_ok_and(|line| line.kind == "log_open") {
            return Ok(true);
        }
    }
    Ok(false)
}
