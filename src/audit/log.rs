//! The handle of the one writer.

use super::attempt::Attempt;
use super::chain::{Chain, is_origin};
use super::disk::{Disk, RealDisk};
use super::queue::Shared;
use super::start::{self, Found, OpenError};
use super::transaction::{Denied, Intent, OutcomeResult};
use super::writer::Writer;
use super::{entry, event};
use crate::policy::Policy;
use crate::secret::{FingerprintKey, hex};
use jiff::Timestamp;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use uuid::Uuid;

/// How long a log that cannot be written is left alone before it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// How a log is opened.
#[derive(Debug)]
pub struct Opening {
    /// The instance's folder; made where it is missing.
    pub dir: PathBuf,
    /// The instance's name in every record; `None` keeps the folder's, or makes one.
    pub origin: Option<String>,
    /// Under which secrets are masked.
    pub fingerprint: FingerprintKey,
    /// The policy that is recorded after `log_open`: name, digest and effective text.
    pub policy: Arc<Policy>,
    /// Settings worth knowing later, as name and value; names are the program's own.
    pub settings: Vec<(String, String)>,
}

/// The writer's thread; it ends with why the log could not be closed.
type Running = JoinHandle<Result<(), String>>;

/// The handle of the one writer. Cheap to clone; the log is closed by [`Log::close`].
#[derive(Debug, Clone)]
pub struct Log {
    shared: Arc<Shared>,
    thread: Arc<Mutex<Option<Running>>>,
}

impl Log {
    /// Takes the folder, reads its end, and starts the writer. What it found amiss is recorded first.
    ///
    /// # Errors
    /// [`OpenError`]: the folder is in use, was tampered with, is another instance's or cannot be written.
    pub fn open(opening: Opening) -> Result<Self, OpenError> {
        Self::open_on(opening, Arc::new(RealDisk), RETRY)
    }

    pub(super) fn open_on(opening: Opening, disk: Arc<dyn Disk>, retry: Duration) -> Result<Self, OpenError> {
        let given = opening.origin.as_deref();
        if let Some(bad) = given.filter(|origin| !is_origin(origin)) {
            return Err(OpenError::BadOrigin(bad.to_owned()));
        }
        let lock = start::take(&opening.dir)?;
        let found = start::read(&opening.dir)?;
        let chain = match (&found.chain, given) {
            (Some(chain), Some(given)) if chain.origin != given => {
                return Err(OpenError::OtherOrigin { found: chain.origin.clone(), given: given.to_owned() });
            }
            (Some(chain), _) => chain.clone(),
            (None, Some(given)) => Chain::new(given),
            (None, None) => Chain::new(random_origin().map_err(|e| OpenError::Io(opening.dir.clone(), e))?),
        };
        let first = first_records(&opening, &found)?;
        let failed = |error| OpenError::Io(opening.dir.clone(), error);
        let shared = Shared::new(opening.fingerprint, opening.dir.clone(), chain.origin.clone());
        let shared = Arc::new(shared);
        let writer = Writer::start(Arc::clone(&shared), disk, retry, lock, chain, first).map_err(failed)?;
        let thread = std::thread::Builder::new().name("audit".to_owned()).spawn(move || writer.run());
        let thread = Arc::new(Mutex::new(Some(thread.map_err(failed)?)));
        Ok(Self { shared, thread })
    }

    /// The instance's name in every record.
    pub fn origin(&self) -> &str {
        &self.shared.origin
    }

    /// Why nothing can be recorded now; `None` while all is well. For readiness.
    pub fn failing(&self) -> Option<String> {
        self.shared.failing()
    }

    /// Records a refusal; never waits. A flood of them is counted instead, exactly.
    pub fn denied(&self, denied: &Denied) {
        let source = entry::plain_ip(denied.transaction.source.ip());
        if self.shared.admit(source, denied.refusal.code, Timestamp::now())
            && let Ok(tail) = entry::denied(denied)
        {
            self.shared.add(tail);
        }
    }

    /// Records a policy that is in force from now on; never waits. The next intent becomes durable after it.
    ///
    /// # Errors
    /// [`OpenError::Policy`] where its text is not JSON; then it must not come into force.
    pub fn policy(&self, policy: &Policy) -> Result<(), OpenError> {
        self.shared.add(policy_record(policy)?);
        Ok(())
    }

    /// Writes the `log_close`, syncs, and waits for the writer to end. Later intents are refused.
    /// Blocks the thread for as long as the disk takes. A second call does nothing.
    ///
    /// # Errors
    /// Why the log could not be closed; what was durable stays so.
    pub fn close(&self, reason: &str) -> Result<(), String> {
        let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return Ok(());
        };
        self.shared.close(reason);
        thread.join().unwrap_or_else(|_| Err("the audit log's writer broke down".to_owned()))
    }

    /// Makes an intent durable, given its record from the kind on.
    ///
    /// # Errors
    /// Why it is not durable; nothing may be sent.
    pub(super) async fn intent(&self, id: Uuid, tail: Vec<u8>) -> Result<Attempt, String> {
        let answer = self.shared.submit(id, tail)?;
        answer.await.unwrap_or_else(|_| Err("the audit log's writer has ended".to_owned()))
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }
}

/// What a run begins with: what the last one left undone, then itself, then its policy. In this order the records
/// before a `log_open` belong to the run before, so reading back to the last one finds every open intent.
fn first_records(opening: &Opening, found: &Found) -> Result<Vec<Vec<u8>>, OpenError> {
    let mut records = Vec::new();
    if found.cut.is_some() || (found.chain.is_some() && !found.is_closed) {
        records.push(event::recovery("start", found.cut.as_ref(), found.open.len()));
    }
    for &(seq, id) in &found.open {
        let unknown = OutcomeResult::Unknown;
        records.push(entry::outcome(Intent { seq, id }, unknown, None, 0, None, Some("interrupted")));
    }
    records.push(event::log_open(opening.fingerprint.id(), &opening.settings));
    records.push(policy_record(&opening.policy)?);
    Ok(records)
}

fn policy_record(policy: &Policy) -> Result<Vec<u8>, OpenError> {
    event::policy(policy.name(), policy.digest(), policy.effective()).map_err(|_| OpenError::Policy)
}

fn random_origin() -> io::Result<String> {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("no randomness for an origin"))?;
    Ok(format!("beacongate-{}", hex(&bytes)))
}
