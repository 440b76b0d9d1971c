//! The writer and its reader, as scenarios on real folders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod faults;
mod folder;
mod restart;
mod writing;
