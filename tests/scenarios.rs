//! What the gate is for.

mod documented;
mod killed;
mod leaks;
mod shapes;
mod shutdown;
mod startup;
