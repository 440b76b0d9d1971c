//! beacongate: an egress gate that lets out what its policy names, and writes it down first.
#![forbid(unsafe_code)]

pub mod audit;
pub mod authority;
pub mod decide;
pub mod destination;
pub mod facts;
pub mod forward;
pub mod http1;
pub mod inspect;
pub mod name;
pub mod policy;
pub mod refusal;
pub mod removal;
pub mod respond;
pub mod secret;
