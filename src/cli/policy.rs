//! `beacongate policy`: read, check and try policies, with no network and nothing running.

mod diff;
mod outline;
mod trial;

use crate::policy::{self, Policy, profile};
use clap::{Args, Subcommand};
use std::io::Write;
use std::process::ExitCode;
pub use trial::TestArgs;

/// Everything leaves, or the policy is sound.
const OK: u8 = 0;
/// Something was taken out of the body that was tried.
const MODIFIED: u8 = 1;
/// The command line, the policy or the input cannot be used.
const UNUSABLE: u8 = 2;
/// The request that was tried is refused.
const REFUSED: u8 = 3;

/// The commands under `policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Load a policy and say what is wrong with it, or what it allows.
    #[command(
        after_help = "Exit codes: 0 the policy is sound, 2 it is not (file:line:column and what to write)."
    )]
    Check(Chosen),
    /// Show a policy as a page: every endpoint, every field, the shape of every value.
    #[command(after_help = "Exit codes: 0 shown, 2 the policy is not sound.")]
    Show(ShowArgs),
    /// Try a body (from stdin): what would leave, what is taken out, and why.
    #[command(
        after_help = "Exit codes: 0 all of it leaves, 1 something is taken out, 3 the request is refused,\n\
                            2 the command line, the policy or the input cannot be used."
    )]
    Test(TestArgs),
}

/// The policy that a command is about.
#[derive(Debug, Args)]
pub struct Chosen {
    /// A policy file, or the name of a built-in profile.
    #[arg(value_name = "FILE|PROFILE", default_value = profile::DEFAULT, env = "BEACONGATE_POLICY")]
    policy: String,
}

/// Arguments of `policy show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    chosen: Chosen,
    /// The effective policy as one JSON document, schemas inside, and the digest over it.
    #[arg(long)]
    json: bool,
}

/// Runs a command of the group.
pub fn run(command: PolicyCommand) -> ExitCode {
    let code = match command {
        PolicyCommand::Check(chosen) => with_policy(&chosen.policy, |policy| {
            let mut page = format!("{}: sound\n\n", chosen.policy);
            page.push_str(&summary(policy));
            page
        }),
        PolicyCommand::Show(args) => with_policy(&args.chosen.policy, |policy| {
            if args.json { machine_form(policy) } else { outline::page(policy) }
        }),
        PolicyCommand::Test(args) => trial::run(&args),
    };
    ExitCode::from(code)
}

fn with_policy(spec: &str, answer: impl FnOnce(&Policy) -> String) -> u8 {
    match load(spec) {
        Ok(policy) => print(&answer(&policy), OK),
        Err(code) => code,
    }
}

/// Loads a policy or says on stderr why not.
fn load(spec: &str) -> Result<Policy, u8> {
    policy::load(spec).map_err(|error| complain(&error.to_string()))
}

/// Writes the answer; a reader that went away (`| head`) is no failure.
fn print(answer: &str, code: u8) -> u8 {
    match std::io::stdout().lock().write_all(answer.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => complain(&format!("stdout: {error}")),
        _ => code,
    }
}

fn complain(message: &str) -> u8 {
    eprintln!("error: {message}");
    UNUSABLE
}

/// What a policy allows, on one screen.
fn summary(policy: &Policy) -> String {
    let hosts = policy.hosts().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut page =
        format!("  name       {}\n  digest     {}\n  hosts      {hosts}\n\n", policy.name(), policy.digest());
    let widest = policy.endpoints().iter().map(|e| e.id.len()).max().unwrap_or(0);
    for endpoint in policy.endpoints() {
        for (index, host) in endpoint.hosts.iter().enumerate() {
            let id = if index == 0 { &*endpoint.id } else { "" };
            page.push_str(&format!("  {id:widest$}  {} https://{host}{}\n", endpoint.method, endpoint.path));
        }
    }
    page
}

/// `{"name":…,"digest":…,"effective":…}`: the digest is over the exact bytes of `effective`.
fn machine_form(policy: &Policy) -> String {
    let (name, digest) = (serde_json::json!(policy.name()), serde_json::json!(policy.digest()));
    format!("{{\"name\":{name},\"digest\":{digest},\"effective\":{}}}\n", policy.effective())
}
