//! How many connections the process has file descriptors for.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What one client connection may cost: its own, one towards the vendor, and what the requests before it left
/// in the pool for the vendor's other two hosts.
const EACH: u64 = 4;
/// For the log, the CA, the listener, look-ups and the runtime.
const RESERVED: u64 = 32;

/// Raises the soft limit to the hard one and says how many client connections it bears. Further ones wait in
/// the kernel's queue, where they starve neither the requests that are under way nor the log.
pub fn connections() -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Not being allowed to leaves the limit as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let descriptors = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(descriptors.saturating_sub(RESERVED) / EACH).unwrap_or(usize::MAX).max(1)
}
