//! The audit log: written down before it happens.
//!
//! A request becomes [`Recorded`] when its `intent` is durable, and only a [`Recorded`] request can be forwarded;
//! [`record`] is the only way to one. What becomes of it is its `outcome`, which is never waited for: the duty to
//! record it is a value, the [`Attempt`], and dropping that value is an outcome too. A refusal is a `denied`, never
//! waited for either, and a flood of refusals is counted instead.
//!
//! ```text
//! exchange ── record(Cleared) ──► entry: the line from its kind on ──► queue ──► writer: seq, prev, time
//!     ▲                                                                              │ write, fdatasync
//!     └───────────────── Recorded { Cleared, Attempt } ◄── durable ──────────────────┘
//! ```
//!
//! - **Form.** JSON Lines; [`entry`] has the records of requests, [`event`] those of the log itself, [`escape`] keeps
//!   everything invisible out of a line, [`chain`] ties one record to the next.
//! - **Order.** Whatever came while the writer was busy shares the next `fdatasync`, which starts at once for an
//!   intent; outcomes and refusals wait for at most 400 ms for one to share. A run begins with what the last one
//!   left undone, then `log_open`, then `policy`, in a segment of its own; it ends with `log_close`.
//! - **Failure.** A failed write or sync poisons its descriptor. What was not durable was never claimed: it is cut off
//!   and set aside, and the log goes on in a new segment, tried once a second, with a `fault` and a `recovery`
//!   record. Until then every intent is refused. There is no way to go on without the log.
//! - **Reading.** [`verify`] re-hashes everything and names the first bad record; [`views`] shows it to a person.

pub mod chain;
pub mod disk;
pub mod entry;
pub mod escape;
pub mod event;
pub mod flood;
pub mod folder;
pub mod follow;
pub mod key;
pub mod lines;
pub mod object;
pub mod start;
pub mod verify;
pub mod views;

mod attempt;
mod log;
mod queue;
mod record;
mod segment;
mod transaction;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub use attempt::Attempt;
pub use log::{Log, Opening};
pub use record::{Recorded, record};
pub use start::OpenError;
pub use transaction::{Denied, Intent, Outcome, OutcomeResult, Transaction, UpstreamFacts};
