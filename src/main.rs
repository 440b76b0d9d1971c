//! The command line of beacongate.

fn main() {}
