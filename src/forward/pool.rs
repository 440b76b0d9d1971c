//! Connections that wait for their next request.

use super::Line;
use crate::destination::Host;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The most unused connections to one host.
const MOST: usize = 64;

/// Unused connections by host. One pool belongs to one TLS configuration, so host is the whole key.
#[derive(Debug, Default)]
pub struct Pool {
    unused: Mutex<HashMap<Host, Vec<Line>>>,
}

impl Pool {
    /// The most recently used connection that is still open and no older than `idle` in disuse.
    pub async fn take(&self, host: &Host, idle: Duration) -> Option<Line> {
        loop {
            let mut line = self.pop(host)?;
            if line.is_fresh(idle) && line.is_usable().await {
                return Some(line);
            }
        }
    }

    /// Keeps a connection, unless enough are kept or it is closed.
    pub fn put(&self, mut line: Line) {
        if line.is_closed() {
            return;
        }
        line.rest();
        let mut unused = self.unused.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = unused.entry(line.host().clone()).or_default();
        lines.retain(|l| !l.is_closed());
        if lines.len() < MOST {
            lines.push(line);
        }
    }

    fn pop(&self, host: &Host) -> Option<Line> {
        self.unused.lock().unwrap_or_else(PoisonError::into_inner).get_mut(host)?.pop()
    }
}
