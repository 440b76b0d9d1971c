//! beacongate: an egress gate that lets out what its policy names, and writes it down first.
#![forbid(unsafe_code)]

pub mod audit;
pub mod cli;
pub mod decide;
pub mod destination;
pub mod facts;
pub mod inspect;
pub mod name;
pub mod policy;
pub mod refusal;
pub mod removal;
pub mod secret;
