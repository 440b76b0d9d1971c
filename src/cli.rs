//! The command line: one file per command group. stdout is the answer, stderr the talk.

mod arguments;
pub mod audit;
pub mod ca;
pub mod demo;
mod descriptors;
mod paint;
pub mod policy;
pub mod run;
pub mod trust;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// An egress gate for self-hosted LangSmith and LangGraph Platform: lets out what its policy lists,
/// takes out or refuses the rest, and keeps a log that can be verified without trusting it.
#[derive(Debug, Parser)]
#[command(name = "beacongate", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gate.
    Run(run::RunArgs),
    /// See it work in five seconds: no network, nothing to set up.
    Demo(demo::DemoArgs),
    /// Read, check and try policies.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Read and verify the audit log.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Make and show the certificate authority that clients must trust.
    #[command(subcommand)]
    Ca(ca::CaCommand),
}

/// Parses the arguments and runs the command. Usage errors exit with 2, as everywhere.
pub fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run(args) => run::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Policy(command) => policy::run(command),
        Command::Audit(command) => audit::run(command),
        Command::Ca(command) => ca::run(command),
    }
}
