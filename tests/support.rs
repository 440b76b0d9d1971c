//! What the scenarios are made of.

pub mod answer;
pub mod audit;
pub mod certificates;
pub mod client;
pub mod client_hello;
pub mod deadline;
pub mod documented;
pub mod hostile;
pub mod openssl;
pub mod places;
pub mod process;
pub mod request;
pub mod response;
pub mod rig;
pub mod upstream;
