//! The table of attacks, one test or more for each row, named after it. All go over the wire.

mod bodies;
mod destination;
mod disk;
mod durable;
mod failure;
mod found_names;
mod found_stuck;
mod found_tunnel;
mod found_upstream;
mod framing;
mod headers;
mod json;
mod responses;
mod tls;
mod tunnel;
mod upstream_tls;
