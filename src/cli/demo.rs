//! `beacongate demo`: prints what was sent, what arrived, and what the log says.

use super::paint::Paint;
use super::{arguments, audit};
use crate::audit::folder;
use crate::audit::verify::Verdict;
use crate::audit::views::Removal;
use crate::authority::Authority;
use crate::demo::vendor::Vendor;
use crate::demo::{self, Shown, columns};
use crate::policy::profile;
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Width of each column of a comparison.
const COLUMN: usize = 52;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 all went as documented, 1 something did not.")]
pub struct DemoArgs {
    /// Keep the folder with the CA and the log.
    #[arg(long)]
    keep: bool,
    /// Run the vendor's stand-in alone, for trying `beacongate run` and real clients against it; its
    /// CA is made in the folder vendor/. Prints every request that arrives, until it is stopped.
    #[arg(long, value_name = "ADDR:PORT", conflicts_with = "keep", value_parser = arguments::address)]
    vendor: Option<SocketAddr>,
}

/// Runs the demonstration in a temporary folder.
pub fn run(args: &DemoArgs) -> ExitCode {
    if let Some(listen) = args.vendor {
        return match stand_in(listen) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: the stand-in cannot run on {listen}: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let dir = std::env::temp_dir().join(format!("beacongate-demo-{}", uuid::Uuid::now_v7().simple()));
    let shown = std::fs::create_dir(&dir).map_err(Into::into).and_then(|()| perform(&dir));
    let done = shown.and_then(|shown| {
        let mut page = Page::new();
        page.tell(&shown, &removals(&dir.join("audit"))?);
        let verified = page.log(&dir.join("audit"))?;
        page.end(&dir, args.keep);
        std::io::stdout().lock().write_all(page.text.as_bytes())?;
        Ok(verified && shown.iter().all(went_as_documented))
    });
    if !args.keep {
        // Made by us a moment ago, under a name of its own.
        let _ = std::fs::remove_dir_all(&dir);
    }
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("error: the demonstration did not go as documented; please report what it printed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: the demonstration could not be given: {error}");
            ExitCode::FAILURE
        }
    }
}

fn perform(dir: &Path) -> Result<Vec<Shown>, demo::Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(demo::perform(dir))
}

/// What the log says was taken out, a list for each transaction, in the order in which they began.
fn removals(dir: &Path) -> Result<Vec<Vec<String>>, demo::Failure> {
    let mut all = Vec::new();
    audit::each_record(dir, |record, _| {
        if matches!(record.kind.as_str(), "intent" | "denied") {
            let told = |r: &Removal| match &r.pointer {
                Some(pointer) => {
                    format!("{pointer} ({}, rule `{}`)", r.json_type.as_deref().unwrap_or("-"), r.rule)
                }
                None => format!("{} {} (rule `{}`)", r.place, r.name.as_deref().unwrap_or("-"), r.rule),
            };
            all.push(record.removals.iter().map(told).collect());
        }
        Ok(())
    })?;
    Ok(all)
}

/// Prints what arrives at the stand-in until the process is stopped.
fn stand_in(listen: SocketAddr) -> Result<(), demo::Failure> {
    let policy = profile::load("documented")?;
    let authority = Authority::open(Path::new("vendor"), &policy.hosts())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let ca = authority.ca_path().display().to_string();
        let mut vendor = Vendor::start(authority, listen)
            .await
            .map_err(|error| format!("{error}; choose another address, or stop what listens there"))?;
        eprintln!("the vendor's stand-in listens on {}; its CA is {ca}", vendor.address());
        while let Some(request) = vendor.next().await {
            let (head, body) = (&request.head, String::from_utf8_lossy(&request.body));
            let (method, target) = (&head.method, &head.target);
            // A reader that went away (`| head`) ends it without a panic.
            writeln!(
                std::io::stdout(),
                "arrived: {method} https://{}{target}\n{}\n",
                request.host,
                body.trim_end()
            )?;
        }
        Ok(())
    })
}

fn went_as_documented(shown: &Shown) -> bool {
    let sent: Option<Value> = serde_json::from_str(&shown.request.body).ok();
    let arrived: Option<Value> = shown.arrived.as_deref().and_then(|b| serde_json::from_slice(b).ok());
    if shown.request.undocumented {
        sent != arrived
    } else {
        (200..300).contains(&shown.status) && shown.arrived.is_some() && sent == arrived
    }
}

/// The page that is printed.
struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    fn new() -> Self {
        Self { text: String::new(), paint: Paint::for_stdout() }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn tell(&mut self, all: &[Shown], removals: &[Vec<String>]) {
        self.line("A gate with the built-in policy `documented`, a client before it, a stand-in for the vendor behind it.\n");
        self.line(&self.paint.bold("Documented: leaves as it came"));
        for shown in all.iter().filter(|s| !s.request.undocumented) {
            self.documented(shown);
        }
        for (shown, removals) in all.iter().zip(removals).filter(|(s, _)| s.request.undocumented) {
            self.undocumented(shown, removals);
        }
    }

    fn documented(&mut self, shown: &Shown) {
        let request = &shown.request;
        let ok = went_as_documented(shown);
        let mark = if ok { self.paint.green("✓") } else { self.paint.red("✗") };
        let what = if ok { "with the same meaning" } else { "and not as it was sent" };
        self.line(&format!(
            "  {mark} {:<28} https://{}{}\n    {} bytes sent, {} arrived {what}; answered {}",
            request.title,
            request.host,
            request.path,
            request.body.len(),
            shown.arrived.as_ref().map_or(0, Vec::len),
            shown.status,
        ));
    }

    fn undocumented(&mut self, shown: &Shown, removals: &[String]) {
        let request = &shown.request;
        self.line(&format!("\n{}", self.paint.bold(&format!("Undocumented: {}", request.title))));
        self.line(&format!("  https://{}{}", request.host, request.path));
        let sent: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let arrived: Option<Value> = shown.arrived.as_deref().and_then(|b| serde_json::from_slice(b).ok());
        self.line(&format!("    {:<COLUMN$} │ arrived at the vendor", "sent by the client"));
        let rows = columns::align(&sent, arrived.as_ref());
        for row in columns::around(&rows, 2) {
            match row {
                None => self.line(&format!("    {:<COLUMN$} │ …", "…")),
                Some(row) => self.row(row),
            }
        }
        match serde_json::from_str::<Value>(&shown.answer) {
            Ok(problem) if problem["code"].is_string() => {
                let said = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
                self.line(&format!("  refused: {} {}, {}", shown.status, said("code"), said("detail")));
                self.line(&format!("  remedy:  {}", said("remedy")));
            }
            _ => {
                for removal in removals {
                    self.line(&format!("  taken out: {removal}"));
                }
                self.line(&format!("  the rest left; the client was answered {}", shown.status));
            }
        }
    }

    fn row(&mut self, row: &columns::Row) {
        let clip = |line: &str| line.chars().take(COLUMN).collect::<String>();
        let sent = format!("{:<COLUMN$}", clip(&row.sent));
        let line = match &row.arrived {
            Some(arrived) => format!("    {sent} │ {}", clip(arrived)),
            None => format!("  {} {} │", self.paint.red("-"), self.paint.red(&sent)),
        };
        self.line(&line);
    }

    /// What the log has to say, and whether it verifies.
    fn log(&mut self, dir: &Path) -> Result<bool, demo::Failure> {
        self.line(&format!("\n{}", self.paint.bold("In the audit log")));
        audit::each_row(dir, |row| {
            let out = match row.removals {
                0 => String::new(),
                n => format!(" {n} taken out"),
            };
            let line = format!("  {:<9} {:<27} {:<4}{out}", row.decision, row.what, row.outcome);
            self.line(line.trim_end());
            Ok(())
        })?;
        let report = folder::verify(dir)?;
        let verified = report.verdict == Verdict::Verified;
        let verdict = report.verdict.as_str();
        let verdict = if verified { self.paint.green(verdict) } else { self.paint.red(verdict) };
        let covered = &report.covered;
        self.line(&format!(
            "\n  audit verify: {verdict}, {} records, {} intents, {} refusals",
            covered.records, covered.intents, covered.denied
        ));
        Ok(verified)
    }

    fn end(&mut self, dir: &Path, keep: bool) {
        let at = |name: &str| -> PathBuf { dir.join(name) };
        self.line("");
        if keep {
            self.line(&format!("CA   {}", at("certs").join("ca.pem").display()));
            self.line(&format!("log  {}", at("audit").display()));
            self.line(&format!(
                "     beacongate audit list {0}\n     beacongate audit verify {0}",
                at("audit").display()
            ));
        } else {
            self.line(
                "Everything it made is removed again; `beacongate demo --keep` leaves it to be looked at.",
            );
        }
    }
}
