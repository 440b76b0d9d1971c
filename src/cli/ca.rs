//! `beacongate ca`: make the CA, and say what it is and how to trust it.

use super::{arguments, trust};
use crate::authority::{Authority, CaCertificate, KEY_FILE};
use crate::policy::profile;
use jiff::Timestamp;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

/// Make and show the certificate authority that clients must trust.
#[derive(Debug, clap::Subcommand)]
pub enum CaCommand {
    /// Make the CA, good for the hosts of the policy alone (`run` does it too, where there is none).
    #[command(after_help = "Exit codes: 0 made, 1 not made, 2 wrong usage or policy.")]
    Init(InitArgs),
    /// Say what the CA is, and which lines make clients trust it.
    #[command(after_help = "Exit codes: 0 shown, 1 there is none, 2 wrong usage.")]
    Show(ShowArgs),
}

/// What `ca init` takes.
#[derive(Debug, clap::Args)]
pub struct InitArgs {
    /// The folder of the CA; it is made where it is missing.
    #[arg(long, env = "BEACONGATE_CERTS", value_name = "DIR", default_value = "certs")]
    certs: PathBuf,
    /// Whose hosts the CA can vouch for: a file, or a built-in profile.
    #[arg(long, env = "BEACONGATE_POLICY", value_name = "FILE|PROFILE", default_value = "documented")]
    policy: String,
    /// Replace the CA that is there; clients must trust the new one then.
    #[arg(long)]
    force: bool,
}

/// What `ca show` takes.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// The folder of the CA.
    #[arg(long, env = "BEACONGATE_CERTS", value_name = "DIR", default_value = "certs")]
    certs: PathBuf,
    /// Where the gate listens, for the lines that clients need.
    #[arg(long, env = "BEACONGATE_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:3128",
          value_parser = arguments::address)]
    listen: SocketAddr,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(command: CaCommand) -> ExitCode {
    match command {
        CaCommand::Init(args) => init(&args),
        CaCommand::Show(args) => show(&args),
    }
}

fn init(args: &InitArgs) -> ExitCode {
    let policy = match profile::load(&args.policy) {
        Ok(policy) => policy,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    match Authority::create(&args.certs, &policy.hosts(), args.force)
        .and_then(|_| CaCertificate::read(&args.certs))
    {
        Ok(certificate) => {
            eprintln!(
                "made; `beacongate ca show --certs {}` says how clients trust it",
                args.certs.display()
            );
            print(&description(&certificate))
        }
        Err(error) => failed(&error),
    }
}

fn show(args: &ShowArgs) -> ExitCode {
    match CaCertificate::read(&args.certs) {
        Ok(certificate) if args.json => print(&format!("{}\n", json(&certificate))),
        Ok(certificate) => {
            let lines = trust::instructions(args.listen, &certificate.path);
            print(&format!("{}\n{lines}", description(&certificate)))
        }
        Err(error) => failed(&error),
    }
}

fn description(certificate: &CaCertificate) -> String {
    let facts = &certificate.facts;
    let state = if SystemTime::now() < facts.not_after { "" } else { " (expired)" };
    let permitted = if facts.permitted.is_empty() {
        "any host (no name constraints)".to_owned()
    } else {
        facts.permitted.join(", ")
    };
    format!(
        "subject      {}\nserial       {}\nsha256       {}\nvalid        {} to {}{state}\nvouches for  {permitted}\ncertificate  {}\nprivate key  {} (never leaves this host)\n",
        facts.subject,
        facts.serial,
        certificate.sha256,
        time(facts.not_before),
        time(facts.not_after),
        certificate.path.display(),
        certificate.path.with_file_name(KEY_FILE).display(),
    )
}

fn json(certificate: &CaCertificate) -> serde_json::Value {
    let facts = &certificate.facts;
    serde_json::json!({
        "subject": facts.subject,
        "serial": facts.serial,
        "sha256": certificate.sha256,
        "not_before": time(facts.not_before),
        "not_after": time(facts.not_after),
        "permitted_dns_names": facts.permitted,
        "certificate": certificate.path.display().to_string(),
    })
}

/// RFC 3339 in UTC.
fn time(at: SystemTime) -> String {
    Timestamp::try_from(at).map_or_else(|_| "out of range".to_owned(), |t| t.to_string())
}

fn print(text: &str) -> ExitCode {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("error: {error}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Whole {
        #[command(subcommand)]
        command: CaCommand,
    }

    #[test]
    fn the_arguments_are_consistent() {
        <Whole as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn the_ca_of_the_documented_policy_is_described() {
        let dir = tempfile::TempDir::new().unwrap();
        Authority::create(dir.path(), &profile::load("documented").unwrap().hosts(), false).unwrap();
        let certificate = CaCertificate::read(dir.path()).unwrap();
        let text = description(&certificate);
        assert!(text.contains("CN=beacongate CA "), "{text}");
        assert!(
            text.contains("vouches for  api.smith.langchain.com, beacon.langchain.com, eu.api"),
            "{text}"
        );
        assert!(text.contains(&certificate.sha256) && !text.contains("expired"), "{text}");
        let json = json(&certificate);
        assert_eq!(json["permitted_dns_names"].as_array().unwrap().len(), 3);
        assert!(json["not_after"].as_str().unwrap().ends_with('Z'));
    }
}
