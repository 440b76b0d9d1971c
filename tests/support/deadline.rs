//! Waiting for something that must happen, and failing with its name when it does not.

use std::future::Future;
use std::time::Duration;

/// Longer than anything here takes on a slow machine; only a failing test waits for it.
const DEADLINE: Duration = Duration::from_secs(30);

/// Waits for `future`, and fails the test when it takes longer than anything should.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}
