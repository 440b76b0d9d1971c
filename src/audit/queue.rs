//! What waits for the writer. Callers put in, the one writer takes everything out at once: what came while it was
//! busy with the disk shares the next `fdatasync`.

use super::attempt::Attempt;
use super::flood::{Flood, Summary};
use crate::refusal::Code;
use crate::secret::FingerprintKey;
use jiff::Timestamp;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use uuid::Uuid;

/// How long an outcome or a refusal may wait for an intent to share its `fdatasync` with. Long enough that they
/// share under load; short enough that who looks into the log after an answer finds it there.
const LINGER: Duration = Duration::from_millis(20);
/// The most bytes of intents that wait; more are refused, because the disk cannot keep up.
const MOST_WAITING: usize = 64 << 20;
/// The most refusals that wait one by one; more are counted.
const MOST_DENIED: usize = 1000;

/// What the callers and the writer share.
#[derive(Debug)]
pub struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    /// Under which secrets are masked.
    pub fingerprint: FingerprintKey,
    /// The folder.
    pub dir: PathBuf,
    /// The instance's name.
    pub origin: String,
}

/// What waits.
#[derive(Debug, Default)]
pub struct Queue {
    intents: Vec<Waiting>,
    bytes: usize,
    others: Vec<Vec<u8>>,
    others_since: Option<Instant>,
    flood: Flood,
    failing: Option<Failing>,
    refused: u64,
    closing: Option<String>,
    closed: Option<String>,
    sleep: Sleep,
}

/// An intent whose caller waits for it to be durable.
#[derive(Debug)]
pub struct Waiting {
    /// The transaction.
    pub id: Uuid,
    /// The record from its kind on.
    pub tail: Vec<u8>,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Answer>,
}

/// What a waiting caller hears: it is durable, or why it is not.
pub type Answer = Result<Attempt, String>;

/// Why nothing can be written now, and when that is next tried.
#[derive(Debug, Clone)]
struct Failing {
    error: String,
    next_try: Instant,
}

/// How soundly the writer sleeps; what wakes it costs a system call, so nobody wakes it in vain.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    #[default]
    Awake,
    /// It looks again by itself within [`LINGER`].
    Light,
    /// It waits to be woken.
    Deep,
}

/// What the writer takes at once.
#[derive(Debug, Default)]
pub struct Batch {
    /// To be durable before their callers go on.
    pub intents: Vec<Waiting>,
    /// Everything that nobody waits for.
    pub others: Vec<Vec<u8>>,
    /// Refusals that were counted.
    pub summaries: Vec<Summary>,
    /// The log is to be closed, and why.
    pub closing: Option<String>,
    /// Intents refused without being tried since the last batch.
    pub refused: u64,
}

impl Shared {
    /// An empty queue.
    pub fn new(fingerprint: FingerprintKey, dir: PathBuf, origin: String) -> Self {
        Self { queue: Mutex::default(), wake: Condvar::new(), fingerprint, dir, origin }
    }

    /// Puts an intent in.
    ///
    /// # Errors
    /// Why it cannot be written, where that is known already.
    pub fn submit(&self, id: Uuid, tail: Vec<u8>) -> Result<oneshot::Receiver<Answer>, String> {
        let mut queue = self.lock();
        if let Some(why) = queue.objection(tail.len()) {
            queue.refused += 1;
            return Err(why);
        }
        let (reply, answer) = oneshot::channel();
        queue.bytes += tail.len();
        queue.intents.push(Waiting { id, tail, reply });
        self.rouse(&mut queue, Sleep::Light);
        Ok(answer)
    }

    /// Puts in what nobody waits for.
    pub fn add(&self, tail: Vec<u8>) {
        let mut queue = self.lock();
        if queue.closed.is_none() {
            queue.others.push(tail);
            queue.others_since.get_or_insert_with(Instant::now);
            self.rouse(&mut queue, Sleep::Deep);
        }
    }

    /// Counts a refusal. Says whether it is to be written by itself.
    pub fn admit(&self, source: IpAddr, code: Code, at: Timestamp) -> bool {
        let mut queue = self.lock();
        let room = queue.failing.is_none() && queue.others.len() < MOST_DENIED;
        let singly = queue.flood.admit(source, code, at, room);
        if !singly {
            queue.others_since.get_or_insert_with(Instant::now);
            self.rouse(&mut queue, Sleep::Deep);
        }
        singly
    }

    /// Why nothing can be written now; `None` while all is well.
    pub fn failing(&self) -> Option<String> {
        let queue = self.lock();
        queue.closed.clone().or_else(|| queue.failing.as_ref().map(|f| f.error.clone()))
    }

    /// Asks the writer to close the log.
    pub fn close(&self, reason: &str) {
        let mut queue = self.lock();
        queue.closing = Some(reason.to_owned());
        self.rouse(&mut queue, Sleep::Light);
    }

    /// Waits until there is something to do, and takes all of it.
    pub fn next(&self, batch: &mut Batch) {
        let mut queue = self.lock();
        let mut rested = false;
        while queue.intents.is_empty() && queue.closing.is_none() {
            let now = Instant::now();
            let until = queue.due().or((!rested).then(|| now + LINGER));
            match until.map(|until| until.saturating_duration_since(now)) {
                Some(Duration::ZERO) => break,
                Some(wait) => {
                    rested = queue.due().is_none();
                    queue.sleep = Sleep::Light;
                    queue = self.wake.wait_timeout(queue, wait).unwrap_or_else(PoisonError::into_inner).0;
                }
                None => {
                    queue.sleep = Sleep::Deep;
                    queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        queue.sleep = Sleep::Awake;
        queue.empty_into(batch);
    }

    /// Takes all of it without waiting.
    pub fn rest(&self, batch: &mut Batch) {
        self.lock().empty_into(batch);
    }

    /// Says that nothing can be written, why, and when the next try may be.
    pub fn set_failing(&self, failing: Option<(String, Instant)>) {
        self.lock().failing = failing.map(|(error, next_try)| Failing { error, next_try });
    }

    /// Refuses everything from now on.
    pub fn set_closed(&self, why: &str) {
        let mut queue = self.lock();
        queue.closed.get_or_insert_with(|| why.to_owned());
        for waiting in std::mem::take(&mut queue.intents) {
            let _ = waiting.reply.send(Err(why.to_owned()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rouse(&self, queue: &mut Queue, least: Sleep) {
        if queue.sleep == Sleep::Deep || queue.sleep == least {
            queue.sleep = Sleep::Awake;
            self.wake.notify_one();
        }
    }
}

impl Queue {
    fn objection(&self, length: usize) -> Option<String> {
        if let Some(why) = &self.closed {
            return Some(why.clone());
        }
        if let Some(failing) = self.failing.as_ref().filter(|f| Instant::now() < f.next_try) {
            return Some(failing.error.clone());
        }
        (self.bytes + length > MOST_WAITING).then(|| "the disk cannot keep up with the audit log".to_owned())
    }

    /// When the writer has to act although no intent waits.
    fn due(&self) -> Option<Instant> {
        match &self.failing {
            Some(failing) => Some(failing.next_try),
            None => self.others_since.map(|since| since + LINGER),
        }
    }

    fn empty_into(&mut self, batch: &mut Batch) {
        batch.intents.append(&mut self.intents);
        batch.others.append(&mut self.others);
        batch.closing = self.closing.take();
        batch.refused = std::mem::take(&mut self.refused);
        self.bytes = 0;
        let is_last = batch.closing.is_some() || self.closed.is_some();
        if self.failing.is_none() || is_last {
            batch.summaries = self.flood.take(Timestamp::now(), is_last);
        }
        self.others_since = self.flood.is_pending().then(Instant::now);
    }
}
