//! Inspection, kept from taking anything else down with it.

use crate::decide::Permit;
use crate::inspect::{Cleared, ReceivedBody, inspect};
use crate::refusal::{Code, Refusal};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::thread::available_parallelism;
use tokio::sync::Semaphore;

/// From this size on an inspection takes long enough to hold up others on the same core.
const LARGE: usize = 64 * 1024;

/// Large inspections run one to a core. More at once would be no faster, and each holds the whole document
/// that it reads, many times the size of its body.
static CORES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(available_parallelism().map_or(1, std::num::NonZero::get)));

/// Runs [`inspect`], large bodies beside the event loop. A panic refuses this request and no other (R54).
pub(super) async fn isolated(permit: Permit, body: ReceivedBody) -> Result<Cleared, Refusal> {
    let is_large = body.content.len() >= LARGE;
    contained(is_large, move || inspect(permit, body)).await
}

async fn contained<T, W>(is_large: bool, work: W) -> Result<T, Refusal>
where
    T: Send + 'static,
    W: FnOnce() -> Result<T, Refusal> + Send + 'static,
{
    let failed = || Refusal::new(Code::Internal, "the inspection of the body failed");
    if is_large {
        // It is never closed, so this only waits.
        let _core = CORES.acquire().await;
        return tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(failed()));
    }
    // What it works on is consumed, so nothing half-done is seen afterwards.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(failed()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, reason = "the panic is what is tested")]
    use super::*;

    #[tokio::test]
    async fn r54_a_panic_in_the_filter_refuses_its_request_and_no_other() {
        for is_large in [false, true] {
            let broken = contained(is_large, || -> Result<(), Refusal> { panic!("a defect of the filter") });
            assert_eq!(broken.await.map_err(|refusal| refusal.code), Err(Code::Internal));
            let sound = contained(is_large, || Ok::<_, Refusal>(7));
            assert_eq!(sound.await.map_err(|refusal| refusal.code), Ok(7));
        }
    }
}
