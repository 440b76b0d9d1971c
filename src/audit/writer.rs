//! The one writer: a thread that owns the files, gives every record its number, and answers when it is durable.

use super::attempt::Attempt;
use super::chain::{Chain, spell_time};
use super::disk::{Disk, explain};
use super::entry;
use super::event::{self, Cut};
use super::queue::{Batch, Shared, Waiting};
use super::segment::Segment;
use super::transaction::Intent;
use jiff::Timestamp;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The writer's own state; nothing of it is shared.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    retry: Duration,
    /// The end of what is durable.
    chain: Chain,
    segment: Segment,
    fault: Option<Fault>,
    /// Records that nobody waits for and that are not durable yet.
    kept: Vec<Vec<u8>>,
    lines: Vec<u8>,
    _lock: File,
}

/// A write that failed; the segment that it failed in is never written or synced again.
#[derive(Debug)]
struct Fault {
    error: String,
    since: String,
    refused: u64,
    cut: Option<Cut>,
    is_cut: bool,
}

impl Writer {
    /// Takes over a folder whose lock is held. Starts a segment and writes `first` into it, durably.
    ///
    /// # Errors
    /// As the system says.
    pub fn start(
        shared: Arc<Shared>,
        disk: Arc<dyn Disk>,
        retry: Duration,
        lock: File,
        chain: Chain,
        first: Vec<Vec<u8>>,
    ) -> io::Result<Self> {
        let segment = Segment::create(&shared.dir, chain.next, &*disk)?;
        let (fault, lines) = (None, Vec::new());
        let mut writer = Self { shared, disk, retry, chain, segment, fault, kept: first, lines, _lock: lock };
        writer.commit(&[])?;
        Ok(writer)
    }

    /// Writes until the log is closed.
    ///
    /// # Errors
    /// Why it could not be closed properly.
    pub fn run(mut self) -> Result<(), String> {
        let _last = LastWord(Arc::clone(&self.shared));
        let mut batch = Batch::default();
        loop {
            self.shared.next(&mut batch);
            self.keep(&mut batch);
            self.turn(&mut batch.intents);
            if let Some(reason) = batch.closing.take() {
                return self.close(&reason);
            }
        }
    }

    fn keep(&mut self, batch: &mut Batch) {
        self.kept.append(&mut batch.others);
        self.kept.extend(batch.summaries.drain(..).map(|summary| entry::denied_summary(&summary)));
        if let Some(fault) = &mut self.fault {
            fault.refused += batch.refused;
        }
    }

    /// Makes everything durable that waits, or refuses it.
    fn turn(&mut self, intents: &mut Vec<Waiting>) {
        let ready = if self.fault.is_some() { self.recover() } else { Ok(()) };
        match ready.and_then(|()| self.commit(intents)) {
            Ok(first) => self.answer(first, intents),
            Err(error) => self.fail(&error, intents),
        }
    }

    /// Writes one group: what is kept, then the intents, so that a policy stands before what leaves under it.
    /// Nothing counts before the sync has returned. Returns the number of the first intent.
    fn commit(&mut self, intents: &[Waiting]) -> io::Result<u64> {
        let first = self.chain.next + self.kept.len() as u64;
        if intents.is_empty() && self.kept.is_empty() {
            return Ok(first);
        }
        let time = spell_time(Timestamp::now());
        let mut chain = self.chain.clone();
        self.lines.clear();
        let mut last = 0;
        for tail in self.kept.iter().chain(intents.iter().map(|w| &w.tail)) {
            last = self.lines.len();
            chain.append(&mut self.lines, &time, tail);
        }
        self.segment.append(&*self.disk, &self.lines, self.lines.len() - last)?;
        self.chain = chain;
        self.kept.clear();
        self.lines.shrink_to(1 << 20);
        Ok(first)
    }

    /// Tells the callers. An attempt whose caller is gone is dropped here, and that is its outcome.
    fn answer(&self, first: u64, intents: &mut Vec<Waiting>) {
        let since = Instant::now();
        for (seq, waiting) in (first..).zip(intents.drain(..)) {
            let intent = Intent { seq, id: waiting.id };
            let _ = waiting.reply.send(Ok(Attempt::new(Arc::clone(&self.shared), intent, since)));
        }
    }

    fn fail(&mut self, error: &io::Error, intents: &mut Vec<Waiting>) {
        let error = explain(error);
        if self.fault.is_none() {
            tracing::error!(%error, "the audit log cannot be written: nothing leaves until it can");
        }
        let fault = self.fault.get_or_insert_with(|| Fault {
            error: error.clone(),
            since: spell_time(Timestamp::now()),
            refused: 0,
            cut: None,
            is_cut: false,
        });
        fault.refused += intents.len() as u64;
        self.shared.set_failing(Some((error.clone(), Instant::now() + self.retry)));
        for waiting in intents.drain(..) {
            let _ = waiting.reply.send(Err(error.clone()));
        }
    }

    /// Goes on in a new segment, the poisoned one cut back to what is known to be durable.
    fn recover(&mut self) -> io::Result<()> {
        let Some(fault) = &mut self.fault else { return Ok(()) };
        if !fault.is_cut {
            fault.cut = self.segment.cut_back(&self.shared.dir, self.chain.next, &self.chain.prev)?;
            fault.is_cut = true;
        }
        let (mut chain, mut lines) = (self.chain.clone(), Vec::new());
        let time = spell_time(Timestamp::now());
        chain.append(&mut lines, &time, &event::fault(&fault.error, &fault.since, fault.refused));
        let last = lines.len();
        chain.append(&mut lines, &time, &event::recovery("fault", fault.cut.as_ref(), 0));
        let last = lines.len() - last;
        // A try that failed left nothing but these two records behind, and nobody was told of them.
        Segment::discard(&self.shared.dir, self.chain.next)?;
        let mut next = Segment::create(&self.shared.dir, self.chain.next, &*self.disk)?;
        next.append(&*self.disk, &lines, last)?;
        self.segment = next;
        self.chain = chain;
        self.fault = None;
        self.shared.set_failing(None);
        tracing::info!("the audit log can be written again");
        Ok(())
    }

    fn close(mut self, reason: &str) -> Result<(), String> {
        self.shared.set_closed("the gate is stopping");
        let mut rest = Batch::default();
        self.shared.rest(&mut rest);
        self.keep(&mut rest);
        if self.fault.is_some() {
            self.recover().map_err(|error| explain(&error))?;
        }
        let records = self.chain.next + self.kept.len() as u64 + 1;
        self.kept.push(event::log_close(reason, records));
        self.commit(&[]).map(drop).map_err(|error| explain(&error))
    }
}

/// However the thread ends, nobody waits for it in vain.
struct LastWord(Arc<Shared>);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.set_closed("the audit log's writer has ended");
    }
}
