//! The gate as a client meets it: one test binary, everything over the wire.
//!
//! Start reading at [`support::rig`]: a rig is a running gate on port 0, a stand-in for the vendor that
//! keeps every decrypted byte it gets, and a client that can send anything. A scenario sends something
//! through a rig, looks at what the client was told and at what the stand-in got, then *finishes* the rig:
//! the gate is stopped, its log is verified, and the records can be looked at.
//!
//! - [`scenarios`]: what the gate is for. Documented payloads leave unchanged, undocumented content does
//!   not leave, starting, stopping, being killed.
//! - [`security`]: one test or more for each row of the table of attacks, named after the row (`r24_…`).
//! - [`clients`]: unmodified curl, Python and Node through the gate.
//! - [`purity`] and [`repository`]: what must be true of the sources themselves.
//!
//! A new scenario goes beside the ones it resembles. It asserts what the client saw (status *and* code),
//! what arrived upstream (bytes), and what the log says; it waits on conditions with
//! [`support::deadline::within`] and never sleeps; it uses loopback addresses only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod clients;
mod purity;
mod repository;
mod scenarios;
mod security;
mod support;
