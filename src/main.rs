//! The `beacongate` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    beacongate::cli::main()
}
