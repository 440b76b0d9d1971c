//! `beacongate audit`: what the log says, and whether it is as it was written. Reads, never writes.
//!
//! Exit codes: 0 verified (or shown), 1 tampered (or nothing found to show), 2 incomplete (or wrong usage),
//! 4 something could not be read. 3 is kept for keys and trust, which nothing here checks yet.

use crate::audit::escape::{push_document, visible};
use crate::audit::folder;
use crate::audit::verify::{Report, Verdict};
use crate::audit::views::{Listing, Record, Row, story};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[cfg(test)]
mod tests;

/// What could not be read.
const UNREADABLE: u8 = 4;
/// What was asked for is not there.
const NOT_FOUND: u8 = 1;

/// The commands of `beacongate audit`.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// Re-hash every record and body, say what was covered, and name the first bad record.
    #[command(
        after_help = "Exit codes: 0 verified, 1 tampered with, 2 the end is missing or wrong usage, 4 unreadable."
    )]
    Verify {
        /// The audit folder.
        #[arg(default_value = "audit", env = "BEACONGATE_AUDIT")]
        dir: PathBuf,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// List what left and what was refused, one line each.
    #[command(after_help = "Exit codes: 0 listed, 2 wrong usage, 4 unreadable.")]
    List {
        /// The audit folder.
        #[arg(default_value = "audit", env = "BEACONGATE_AUDIT")]
        dir: PathBuf,
        /// Answer in JSON Lines.
        #[arg(long)]
        json: bool,
    },
    /// Show one transaction whole: what was asked, taken out, sent, and what became of it.
    #[command(after_help = "Exit codes: 0 shown, 1 not found, 2 wrong usage, 4 unreadable.")]
    Show {
        /// The audit folder ($BEACONGATE_AUDIT or `audit` where it is left away), then a transaction's id, the beginning of one, or a record's number.
        #[arg(value_name = "[DIR] ID", num_args = 1..=2, required = true)]
        place: Vec<String>,
        /// Print the records themselves, byte for byte as they stand in the log.
        #[arg(long)]
        json: bool,
    },
}

/// Runs a command: the answer goes to stdout, the talk to stderr.
pub fn run(command: AuditCommand) -> ExitCode {
    let mut out = BufWriter::new(io::stdout().lock());
    let (dir, done) = match &command {
        AuditCommand::Verify { dir, json } => (dir.clone(), verify(&mut out, dir, *json)),
        AuditCommand::List { dir, json } => (dir.clone(), list(&mut out, dir, *json)),
        AuditCommand::Show { place, json } => {
            let (dir, id) = match place.as_slice() {
                [dir, id] => (PathBuf::from(dir), id.as_str()),
                place => (default_folder(), place.first().map_or("", String::as_str)),
            };
            let done = show(&mut out, &dir, id, *json);
            (dir, done)
        }
    };
    match done.and_then(|code| out.flush().map(|()| code)) {
        Ok(code) => ExitCode::from(code),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}: {error}", dir.display());
            if error.kind() == io::ErrorKind::NotFound {
                eprintln!("  name the folder that `beacongate run` was given as --audit");
            }
            ExitCode::from(UNREADABLE)
        }
    }
}

/// The folder of `run`, as the other commands find it.
fn default_folder() -> PathBuf {
    std::env::var_os("BEACONGATE_AUDIT").unwrap_or_else(|| "audit".into()).into()
}

fn verify(out: &mut impl Write, dir: &Path, json: bool) -> io::Result<u8> {
    let report = folder::verify(dir)?;
    if json {
        print_json(out, &report)?
    } else {
        out.write_all(verification(&report).as_bytes())?
    }
    Ok(report.verdict.exit_code())
}

/// A number and what it counts.
fn counted(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A verification in words.
fn verification(report: &Report) -> String {
    let covered = &report.covered;
    let mut said = match (report.verdict, report.live) {
        (Verdict::Verified, false) => "verified".to_owned(),
        (Verdict::Verified, true) => "verified so far: a gate is writing this log".to_owned(),
        (Verdict::Tampered, _) => "TAMPERED".to_owned(),
        (Verdict::Incomplete, _) => {
            "incomplete: nothing is changed that can be seen, but the end is missing".to_owned()
        }
    };
    if let Some(problem) = &report.problem {
        let (file, line, offset) = (&problem.file, problem.line, problem.offset);
        said += &format!("\n  {file}, line {line}, byte {offset}: {}", problem.reason);
    }
    let (from, to) = (covered.from.as_deref().unwrap_or("-"), covered.to.as_deref().unwrap_or("-"));
    said += &format!("\ncovered\n  log       {}", covered.origin.as_deref().unwrap_or("-"));
    said += &format!(
        "\n  records   {} in {}, {} bytes, {from} to {to}",
        covered.records,
        counted(covered.segments, "segment"),
        covered.bytes
    );
    said +=
        &format!("\n  intents   {}, {} of them without an outcome", covered.intents, covered.open_intents);
    said += &format!(
        "\n  bodies    {} exactly as they left, {} with secrets masked, {} by digest only",
        covered.bodies_exact, covered.bodies_masked, covered.bodies_by_digest
    );
    said += &format!("\n  refusals  {}", covered.denied);
    said += &format!("\n  runs      {}, faults {}", covered.runs, covered.faults);
    for (digest, times) in &covered.policies {
        said += &format!("\n  policy    {digest}, in force {}", counted(*times, "time"));
    }
    said += "\nnot covered";
    for sentence in &report.not_covered {
        said += &format!("\n  {sentence}");
    }
    said.lines().map(|line| visible(line) + "\n").collect()
}

fn list(out: &mut impl Write, dir: &Path, json: bool) -> io::Result<u8> {
    // With the first row, so that a folder without a log is answered with that alone.
    let mut needs_head = !json;
    let unread = each_row(dir, |row| {
        if std::mem::take(&mut needs_head) {
            writeln!(out, "{}", Row::table_head())?;
        }
        if json { print_json(out, &row) } else { writeln!(out, "{}", row.table_line()) }
    })?;
    if needs_head {
        writeln!(out, "{}", Row::table_head())?;
    }
    warn_of(unread);
    Ok(0)
}

/// Hands over the transactions in order; returns how many lines are no records.
pub(super) fn each_row(dir: &Path, mut take: impl FnMut(Row) -> io::Result<()>) -> io::Result<u64> {
    let mut listing = Listing::default();
    let unread = each_record(dir, |record, _| {
        listing.feed(record);
        while let Some(row) = listing.next(false) {
            take(row)?;
        }
        Ok(())
    })?;
    while let Some(row) = listing.next(true) {
        take(row)?;
    }
    Ok(unread)
}

fn show(out: &mut impl Write, dir: &Path, wanted: &str, json: bool) -> io::Result<u8> {
    let ids = ids(dir, wanted)?;
    let [id] = ids.as_slice() else {
        let wanted = visible(wanted);
        match ids.len() {
            0 => eprintln!("error: no transaction or record {wanted} is in {}", dir.display()),
            _ => eprintln!("error: {wanted} is the beginning of several transactions: write more of it"),
        }
        return Ok(NOT_FOUND);
    };
    let mut lines = Vec::new();
    each_record(dir, |record, text| {
        if record.id == *id && (!id.is_empty() || record.seq.to_string() == wanted) {
            lines.push(text.to_vec());
        }
        Ok(())
    })?;
    if json {
        for line in &lines {
            out.write_all(line)?;
            out.write_all(b"\n")?;
        }
        return Ok(0);
    }
    let records: Vec<Record<'_>> = lines.iter().filter_map(|l| serde_json::from_slice(l).ok()).collect();
    let body = records.iter().find_map(|record| folder::body(dir, record.sent.body_file.as_deref()?));
    if id.is_empty() {
        lines.iter().try_for_each(|l| out.write_all(pretty(l).as_bytes()))?;
    } else {
        out.write_all(story(&records, body.as_deref()).as_bytes())?;
    }
    Ok(0)
}

/// A record that belongs to no transaction, indented.
fn pretty(line: &[u8]) -> String {
    let text = crate::audit::views::indented(&String::from_utf8_lossy(line));
    text.lines().map(|line| visible(line) + "\n").collect()
}

/// The transactions that are meant: by the number of one of their records, or by the beginning of their id.
/// A record without a transaction has the empty id. More than two are not told apart.
fn ids(dir: &Path, wanted: &str) -> io::Result<Vec<String>> {
    // A UUIDv7 of this age begins with 0, a number does not.
    let seq = wanted.parse::<u64>().ok().filter(|_| wanted == "0" || !wanted.starts_with('0'));
    let wanted = wanted.to_ascii_lowercase();
    let mut ids: Vec<String> = Vec::new();
    each_record(dir, |record, _| {
        let is_meant = match seq {
            Some(seq) => record.seq == seq,
            None => !wanted.is_empty() && record.id.starts_with(&wanted),
        };
        if is_meant && ids.len() < 2 && !ids.contains(&record.id) {
            ids.push(record.id);
        }
        Ok(())
    })?;
    Ok(ids)
}

/// Hands over every record that can be read, with its line; returns how many lines could not.
pub(super) fn each_record(
    dir: &Path,
    mut take: impl FnMut(Record<'_>, &[u8]) -> io::Result<()>,
) -> io::Result<u64> {
    let mut unread = 0;
    folder::each_line(dir, |line| match serde_json::from_slice::<Record<'_>>(line) {
        Ok(record) => take(record, line),
        Err(_) => {
            unread += 1;
            Ok(())
        }
    })?;
    Ok(unread)
}

fn warn_of(unread: u64) {
    if unread > 0 {
        eprintln!(
            "warning: {unread} lines are no records; `beacongate audit verify` says where the first is"
        );
    }
}

fn print_json(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    let json = serde_json::to_vec(value)?;
    let mut line = Vec::with_capacity(json.len() + 1);
    push_document(&mut line, &json).map_err(|_| io::Error::other("an answer that is no JSON"))?;
    line.push(b'\n');
    out.write_all(&line)
}
