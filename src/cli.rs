//! The command line: one file per command group. stdout is the answer, stderr the talk.

pub mod ca;
pub mod trust;
