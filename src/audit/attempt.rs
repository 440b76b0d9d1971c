//! An intent that is durable and has no outcome yet.

use super::entry;
use super::queue::Shared;
use super::transaction::{Intent, Outcome, OutcomeResult};
use std::sync::Arc;
use std::time::Instant;

/// The duty to record what became of an intent. Dropping it is an outcome too: `not_sent` before
/// [`Attempt::begin`], `unknown` after it. So every intent gets exactly one, also when its task is cancelled.
#[derive(Debug)]
#[must_use = "an intent was recorded: say what became of it"]
pub struct Attempt {
    log: Arc<Shared>,
    intent: Intent,
    since: Instant,
    begun: bool,
    finished: bool,
}

impl Attempt {
    pub(super) fn new(log: Arc<Shared>, intent: Intent, since: Instant) -> Self {
        Self { log, intent, since, begun: false, finished: false }
    }

    /// Which record it is.
    pub fn intent(&self) -> Intent {
        self.intent
    }

    /// Call this right before the first byte is written to the upstream: from here on it may have left.
    pub fn begin(&mut self) {
        self.begun = true;
    }

    /// Records what became of it; never waits, durable within a second.
    pub fn finish(mut self, outcome: &Outcome) {
        self.finished = true;
        let error = outcome.error.map(crate::refusal::Code::as_str);
        self.write(outcome.result, outcome.status, outcome.response_bytes, error);
    }

    fn write(&self, result: OutcomeResult, status: Option<u16>, response_bytes: u64, error: Option<&str>) {
        let duration = Some(self.since.elapsed());
        self.log.add(entry::outcome(self.intent, result, status, response_bytes, duration, error));
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.finished {
            let result = if self.begun { OutcomeResult::Unknown } else { OutcomeResult::NotSent };
            self.write(result, None, 0, Some("cancelled"));
        }
    }
}
