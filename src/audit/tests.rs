//! The writer and its reader, as scenarios on real folders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod faults;
pub mod folder;
mod form;
mod recording;
mod restart;
mod tampering;
mod writing;
