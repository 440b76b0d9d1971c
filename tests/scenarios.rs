//! What the gate is for.

pub mod documented;
mod killed;
mod leaks;
mod policy;
mod shapes;
mod shutdown;
mod startup;
