//! Whatever is done to a log, verification finds it and names the place.

use super::folder::*;
use crate::audit::chain::Chain;
use crate::audit::entry::{self, Kept, SentEntry};
use crate::audit::verify::{Report, Verdict, Verifier};
use crate::audit::{Intent, Outcome, OutcomeResult, folder};
use crate::refusal::Code;
use crate::secret::sha256_hex;
use std::fs;
use std::path::{Path, PathBuf};

fn verify(dir: &Path) -> Report {
    folder::verify(dir).unwrap()
}

fn segment(dir: &Path) -> PathBuf {
    dir.join(format!("{:020}.jsonl", 0))
}

/// A closed log with ten intents and their outcomes, three refusals among them.
async fn log(dir: &Path) -> Vec<String> {
    let log = open(dir);
    for n in 0..10 {
        let attempt = intent(&log).await.unwrap();
        let complete =
            Outcome { result: OutcomeResult::Complete, status: Some(200), response_bytes: n, error: None };
        attempt.finish(&complete);
        if n % 3 == 1 {
            log.denied(&denied(Code::PathNotAllowed));
        }
    }
    log.close("test").unwrap();
    let text = fs::read_to_string(segment(dir)).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn put(dir: &Path, lines: &[String]) {
    let text: String = lines.iter().map(|l| format!("{l}\n")).collect();
    fs::write(segment(dir), text).unwrap();
}

/// Expects that line `line` (from 1) is named, with its file and offset.
fn expect_tampered(dir: &Path, lines: &[String], line: usize, what: &str) {
    put(dir, lines);
    let report = verify(dir);
    assert_eq!(report.verdict, Verdict::Tampered, "{what} at line {line}");
    let problem = report.problem.unwrap();
    assert_eq!(problem.line, line as u64, "{what}: {}", problem.reason);
    let offset: usize = lines[..line - 1].iter().map(|l| l.len() + 1).sum();
    assert_eq!(problem.offset, offset as u64, "{what}");
    assert_eq!(problem.file, format!("{:020}.jsonl", 0));
}

#[tokio::test]
async fn an_untouched_log_verifies_and_says_what_was_covered() {
    let dir = tempfile::tempdir().unwrap();
    let lines = log(dir.path()).await;
    let report = verify(dir.path());
    assert_eq!((report.verdict, report.live), (Verdict::Verified, false), "{report:?}");
    let covered = report.covered;
    assert_eq!(covered.records, lines.len() as u64);
    assert_eq!((covered.intents, covered.open_intents, covered.denied), (10, 0, 3));
    assert_eq!((covered.bodies_exact, covered.runs, covered.policies.len()), (10, 1, 1));
    assert_eq!(covered.origin.as_deref(), Some("gate-1"));
    assert!(report.not_covered.iter().any(|s| s.contains("no signed checkpoint")));
}

#[tokio::test]
async fn every_kind_of_change_at_every_place_is_found_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let lines = log(dir.path()).await;
    let last = lines.len() - 1;
    for at in 0..last {
        let edit = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            lines
        };
        let time = |l: &mut Vec<String>| l[at] = l[at].replacen("\"time\":\"2", "\"time\":\"3", 1);
        // A change that keeps the record well-formed shows in the link of the next one.
        expect_tampered(dir.path(), &edit(&time), at + 2, "changed time");
        expect_tampered(dir.path(), &edit(&|l| l[at].insert(1, ' ')), at + 2, "a space");
        expect_tampered(
            dir.path(),
            &edit(&|l| l[at] = l[at].replacen("\"time\"", "\"time", 1)),
            at + 1,
            "no end",
        );
        expect_tampered(dir.path(), &edit(&|l| l[at].clear()), at + 1, "emptied");
        expect_tampered(dir.path(), &edit(&|l| drop(l.remove(at))), at + 1, "deleted");
        expect_tampered(dir.path(), &edit(&|l| l.swap(at, at + 1)), at + 1, "swapped");
        expect_tampered(dir.path(), &edit(&|l| l.insert(at, l[at].clone())), at + 2, "doubled");
        let origin = |l: &mut Vec<String>| l[at] = l[at].replacen("gate-1", "gate-2", 1);
        expect_tampered(dir.path(), &edit(&origin), if at == 0 { 2 } else { at + 1 }, "another's");
        let kind = |l: &mut Vec<String>| l[at] = l[at].replacen("\"kind\":\"", "\"kind\":\"x", 1);
        expect_tampered(dir.path(), &edit(&kind), at + 1, "unknown kind");
    }
    put(dir.path(), &lines);
    assert_eq!(verify(dir.path()).verdict, Verdict::Verified);
}

#[tokio::test]
async fn a_change_to_what_left_is_found_in_its_own_record() {
    let dir = tempfile::tempdir().unwrap();
    let lines = log(dir.path()).await;
    for at in (0..lines.len()).filter(|at| lines[*at].contains("\"kind\":\"intent\"")) {
        let mut changed = lines.clone();
        changed[at] = changed[at].replacen("12.34", "12.35", 1);
        expect_tampered(dir.path(), &changed, at + 1, "changed body");
    }
    let mut changed = lines.clone();
    let policy = changed.iter().position(|l| l.contains("\"kind\":\"policy\"")).unwrap();
    changed[policy] = changed[policy].replacen("\"endpoints\":[]", "\"endpoints\":[1]", 1);
    expect_tampered(dir.path(), &changed, policy + 1, "changed policy");
}

#[tokio::test]
async fn a_cut_end_is_incomplete_at_every_record_and_in_the_middle_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let lines = log(dir.path()).await;
    for keep in 1..lines.len() {
        put(dir.path(), &lines[..keep]);
        let report = verify(dir.path());
        assert_eq!(report.verdict, Verdict::Incomplete, "{keep} records");
        assert!(report.not_covered.iter().any(|s| s.contains("no log_close")));
    }
    put(dir.path(), &lines);
    let text = fs::read(segment(dir.path())).unwrap();
    let start = text.len() - lines.last().unwrap().len() - 1;
    for end in start + 1..text.len() {
        fs::write(segment(dir.path()), &text[..end]).unwrap();
        let report = verify(dir.path());
        assert_eq!(report.verdict, Verdict::Incomplete);
        assert_eq!(report.problem.unwrap().offset, start as u64);
    }
}

#[tokio::test]
async fn a_log_that_is_being_written_verifies_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let attempt = intent(&log).await.unwrap();
    let report = verify(dir.path());
    assert_eq!((report.verdict, report.live), (Verdict::Verified, true));
    assert_eq!(report.covered.open_intents, 1);
    drop(attempt);
    log.close("test").unwrap();
}

#[tokio::test]
async fn a_missing_or_renamed_segment_is_found() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close("one").unwrap();
    open(dir.path()).close("two").unwrap();
    open(dir.path()).close("three").unwrap();
    let second = dir.path().join(format!("{:020}.jsonl", 3));
    let third = dir.path().join(format!("{:020}.jsonl", 6));
    assert_eq!(verify(dir.path()).covered.segments, 3);
    let kept = fs::read(&second).unwrap();
    fs::remove_file(&second).unwrap();
    let report = verify(dir.path());
    assert_eq!(report.verdict, Verdict::Tampered);
    assert_eq!(report.problem.unwrap().file, format!("{:020}.jsonl", 6));
    fs::write(&second, kept).unwrap();
    fs::rename(&third, dir.path().join(format!("{:020}.jsonl", 7))).unwrap();
    assert_eq!(verify(dir.path()).verdict, Verdict::Tampered);
}

#[tokio::test]
async fn a_body_file_that_is_changed_or_missing_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let body = format!("{{\"n\":[{}0]}}", "1,".repeat(20_000));
    let digest = sha256_hex(body.as_bytes());
    let path = dir.path().join(format!("bodies/{digest}.json"));
    fs::write(&path, &body).unwrap();
    let transaction = transaction();
    let (length, kept) = (body.len() as u64, Kept::File(&digest));
    let sent = SentEntry { length, sha256: digest.clone(), masked: 0, escaped: false, kept };
    let tail = intent_of(&transaction, sent);
    drop(log.intent(transaction.id, tail).await.unwrap());
    log.close("test").unwrap();
    assert_eq!(verify(dir.path()).verdict, Verdict::Verified);
    fs::write(&path, body.replacen('1', "2", 1)).unwrap();
    let problem = verify(dir.path()).problem.unwrap();
    assert!(problem.reason.contains("was changed") && problem.line == 3, "{problem:?}");
    fs::remove_file(&path).unwrap();
    assert!(verify(dir.path()).problem.unwrap().reason.contains("is missing"));
}

#[test]
fn a_folder_without_a_log_is_no_verified_log() {
    let dir = tempfile::tempdir().unwrap();
    assert!(folder::verify(dir.path()).is_err());
    assert!(folder::verify(&dir.path().join("nowhere")).is_err());
}

#[test]
fn an_outcome_that_fits_no_open_intent_is_found_even_in_a_whole_chain() {
    let (one, other) = (transaction(), transaction());
    let outcome = |seq, id| entry::outcome(Intent { seq, id }, OutcomeResult::Complete, None, 0, None, None);
    let table = [
        (vec![outcome(0, one.id)], None),
        (vec![outcome(0, other.id)], Some(1)),
        (vec![outcome(7, one.id)], Some(1)),
        (vec![outcome(0, one.id), outcome(0, one.id)], Some(2)),
    ];
    for (outcomes, bad) in table {
        let (mut chain, mut text) = (Chain::new("gate-1"), Vec::new());
        let time = "2026-11-20T00:00:00.000000Z";
        for tail in [intent_tail(&one, b"{}")].iter().chain(&outcomes) {
            chain.append(&mut text, time, tail);
        }
        let mut verifier = Verifier::default();
        let lines = text.split(|b| *b == b'\n').filter(|line| !line.is_empty());
        let found = lines.map(|line| verifier.line(line)).position(|answer| answer.is_err());
        assert_eq!(found, bad);
    }
}
