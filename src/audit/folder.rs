//! Reads a log's folder for [`super::verify`] and [`super::views`]. Writes nothing.

use super::lines::{Lines, Piece};
use super::verify::{BodyFile, Coverage, Problem, Report, Verdict, Verifier, digest_of};
use super::{segment, start};
use crate::secret::hex;
use aws_lc_rs::digest;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

const NO_LOG: &str = "no audit log is in this folder";
/// How many body files are remembered as verified; more are verified again when they are named again.
const REMEMBERED: usize = 4096;

/// Verifies a folder.
///
/// # Errors
/// As the system says: something could not be read, and nothing is said about the log.
pub fn verify(dir: &Path) -> io::Result<Report> {
    let mut pass = Pass { dir, verifier: Verifier::default(), known: HashSet::new() };
    let stopped = pass.run()?;
    let live = start::is_taken(dir);
    let next = pass.verifier.next();
    let covered = pass.verifier.finish();
    let (verdict, problem) = match stopped {
        Some(Stop::Wrong(problem)) => (Verdict::Tampered, Some(problem)),
        Some(Stop::Torn(problem)) if !live => (Verdict::Incomplete, Some(problem)),
        _ if live || covered.closed => (Verdict::Verified, None),
        _ => (Verdict::Incomplete, None),
    };
    let not_covered = not_covered(dir, &covered, verdict, live, next)?;
    Ok(Report { verdict, live, problem, covered, not_covered })
}

/// Why a pass ended before the end.
enum Stop {
    Wrong(Problem),
    Torn(Problem),
}

struct Pass<'a> {
    dir: &'a Path,
    verifier: Verifier,
    known: HashSet<String>,
}

impl Pass<'_> {
    fn run(&mut self) -> io::Result<Option<Stop>> {
        let segments = segment::list(self.dir)?;
        if segments.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, NO_LOG));
        }
        for (i, (first, path)) in segments.iter().enumerate() {
            let stopped = self.read(*first, path, i + 1 == segments.len())?;
            if stopped.is_some() {
                return Ok(stopped);
            }
        }
        Ok(None)
    }

    fn read(&mut self, first: u64, path: &Path, is_last: bool) -> io::Result<Option<Stop>> {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let problem = |line, offset, reason| Problem { file: file.clone(), line, offset, reason };
        if let Err(reason) = self.verifier.segment(first) {
            return Ok(Some(Stop::Wrong(problem(1, 0, reason))));
        }
        let mut lines = Lines::open(path)?;
        while let Some(piece) = lines.read_next()? {
            let (line, offset) = (piece.number, piece.offset);
            if !piece.ended && is_last {
                let reason = format!("the last line breaks off after {} bytes", piece.text.len());
                return Ok(Some(Stop::Torn(problem(line, offset, reason))));
            }
            if let Err(reason) = self.line(piece)? {
                return Ok(Some(Stop::Wrong(problem(line, offset, reason))));
            }
        }
        Ok(None)
    }

    fn line(&mut self, piece: Piece<'_>) -> io::Result<Result<(), String>> {
        if !piece.ended {
            return Ok(Err("the line has no end".to_owned()));
        }
        let seq = self.verifier.next();
        match self.verifier.line(piece.text) {
            Ok(Some(file)) => self.body(seq, file),
            Ok(None) => Ok(Ok(())),
            Err(reason) => Ok(Err(reason)),
        }
    }

    fn body(&mut self, seq: u64, file: BodyFile) -> io::Result<Result<(), String>> {
        if self.known.contains(&file.sha256) {
            return Ok(Ok(()));
        }
        let name = format!("bodies/{}.json", file.sha256);
        match hash_file(&self.dir.join(&name)) {
            Ok(found) if found == file.sha256 => {
                if self.known.len() < REMEMBERED {
                    self.known.insert(file.sha256);
                }
                Ok(Ok(()))
            }
            Ok(_) => Ok(Err(format!("record {seq}: its body file {name} was changed"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Err(format!("record {seq}: its body file {name} is missing")))
            }
            Err(error) => Err(error),
        }
    }
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut context = digest::Context::new(&digest::SHA256);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(context.finish().as_ref())),
            n => context.update(&buffer[..n]),
        }
    }
}

fn not_covered(
    dir: &Path,
    covered: &Coverage,
    verdict: Verdict,
    live: bool,
    next: u64,
) -> io::Result<Vec<String>> {
    let mut said = Vec::new();
    if verdict == Verdict::Tampered {
        said.push("everything from the first bad record on".to_owned());
        return Ok(said);
    }
    if live {
        said.push("a gate is writing this log: what it wrote after the last record read here".to_owned());
    } else if !covered.closed {
        said.push(
            "the end: no log_close stands there, so the gate was stopped hard or the end was cut off"
                .to_owned(),
        );
    }
    said.push(
        "no signed checkpoint: the records follow from one another, but somebody who can write this folder could have \
         replaced all of them, or cut off the end together with its log_close"
            .to_owned(),
    );
    if let Some(last) = next.checked_sub(1) {
        said.push(format!("record {last} is the last: no record after it vouches for what it says"));
    }
    if covered.bodies_masked + covered.bodies_by_digest > 0 {
        said.push(format!(
            "the digest of what left of {} bodies whose secrets are masked and {} that are not kept",
            covered.bodies_masked, covered.bodies_by_digest
        ));
    }
    let torn =
        fs::read_dir(dir)?.flatten().filter(|e| e.file_name().to_string_lossy().starts_with("torn-")).count();
    if torn > 0 {
        said.push(format!("{torn} torn-* files: set aside after a crash or a fault, not part of the log"));
    }
    Ok(said)
}

/// Hands over every whole line of a folder, in order; whether it is a record is the reader's to see.
///
/// # Errors
/// As the system or the reader says.
pub fn each_line(dir: &Path, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let segments = segment::list(dir)?;
    if segments.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, NO_LOG));
    }
    for (_, path) in segments {
        let mut lines = Lines::open(&path)?;
        while let Some(piece) = lines.read_next()? {
            if piece.ended {
                take(piece.text)?;
            }
        }
    }
    Ok(())
}

/// The text of a body file, named as a record names it; `None` where it cannot be read.
pub fn body(dir: &Path, name: &str) -> Option<String> {
    digest_of(name)?;
    fs::read_to_string(dir.join(name)).ok()
}
