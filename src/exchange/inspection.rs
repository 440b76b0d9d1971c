//! Inspection, kept from taking anything else down with it.

use crate::decide::Permit;
use crate::inspect::{Cleared, ReceivedBody, inspect};
use crate::refusal::{Code, Refusal};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// From this size on an inspection takes long enough to hold up others on the same core.
const LARGE: usize = 64 * 1024;

/// Runs [`inspect`], large bodies beside the event loop. A panic refuses this request and no other (R54).
pub(super) async fn isolated(permit: Permit, body: ReceivedBody) -> Result<Cleared, Refusal> {
    let failed = || Refusal::new(Code::Internal, "the inspection of the body failed");
    if body.content.len() < LARGE {
        // The permit and the body are consumed, so nothing half-done is seen afterwards.
        return catch_unwind(AssertUnwindSafe(|| inspect(permit, body))).unwrap_or_else(|_| Err(failed()));
    }
    tokio::task::spawn_blocking(move || inspect(permit, body)).await.unwrap_or_else(|_| Err(failed()))
}
