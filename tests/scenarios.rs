//! What the gate is for.

pub mod documented;
mod killed;
mod leaks;
mod shapes;
mod shutdown;
mod startup;
