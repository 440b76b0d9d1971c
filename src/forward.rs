//! The way to the upstream.

pub mod address;
pub mod tls;
