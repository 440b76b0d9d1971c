//! Stopping: no new work, what is under way may finish, and a deadline for it.

use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// The switch that stops the gate.
#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

/// What everything that waits for a client watches beside it.
#[derive(Debug, Clone)]
pub struct Stopping(watch::Receiver<bool>);

/// How a drain went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Connections that ended by themselves.
    pub finished: usize,
    /// Connections that were cut at the deadline.
    pub cut: usize,
}

/// A switch and its watcher.
pub fn switch() -> (Stop, Stopping) {
    let (sender, receiver) = watch::channel(false);
    (Stop(sender), Stopping(receiver))
}

impl Stop {
    /// Asks everything to stop.
    pub fn request(&self) {
        self.0.send_replace(true);
    }
}

impl Stopping {
    /// Returns when stopping was requested, at once if it already was. Cancelling it loses nothing.
    pub async fn requested(&mut self) {
        // A dropped switch means the same: nobody can ask any more.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Whether stopping was requested.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }
}

/// Waits until every connection has ended, for at most `deadline`; cuts the rest.
pub async fn drain(mut connections: JoinSet<()>, deadline: Duration) -> Drained {
    let all = connections.len();
    let _ = timeout(deadline, async { while connections.join_next().await.is_some() {} }).await;
    let cut = connections.len();
    connections.shutdown().await;
    Drained { finished: all - cut, cut }
}

impl std::fmt::Display for Drained {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.finished, self.cut) {
            (0, 0) => f.write_str("no connection was open"),
            (n, 0) => write!(f, "open connections: {n} ended"),
            (n, cut) => write!(f, "open connections: {n} ended, {cut} cut at the deadline"),
        }
    }
}
