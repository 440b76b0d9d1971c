//! What a person reads.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use super::*;
use crate::audit::tests::folder::{denied, intent, open};
use crate::audit::{Outcome, OutcomeResult};
use crate::refusal::Code;
use clap::Parser;
use std::fs;

/// A closed log: one request that left, one refusal that tries to steer a terminal. Returns the id of what left.
async fn log(dir: &Path) -> String {
    let log = open(dir);
    let attempt = intent(&log).await.unwrap();
    let id = attempt.intent().id.to_string();
    attempt.finish(&Outcome {
        result: OutcomeResult::Complete,
        status: Some(204),
        response_bytes: 0,
        error: None,
    });
    let mut refused = denied(Code::PathNotAllowed);
    refused.refusal.detail = "\u{1b}[2J\u{202e}detail".to_owned();
    log.denied(&refused);
    log.close("test").unwrap();
    id
}

fn said(write: impl FnOnce(&mut Vec<u8>) -> io::Result<u8>) -> (u8, String) {
    let mut out = Vec::new();
    let code = write(&mut out).unwrap();
    (code, String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn a_list_has_a_line_for_each_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let id = log(dir.path()).await;
    let (code, text) = said(|out| list(out, dir.path(), false));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((code, lines.len()), (0, 3), "{text}");
    for word in ["allowed", "license-verification", "204", "11", &id, "beacon.langchain.com/v1/beacon/verify"]
    {
        assert!(lines[1].contains(word), "{word} in {}", lines[1]);
    }
    for word in ["denied", "path_not_allowed", "403", "/runs"] {
        assert!(lines[2].contains(word), "{word} in {}", lines[2]);
    }
    let (_, json) = said(|out| list(out, dir.path(), true));
    let rows: Vec<serde_json::Value> = json.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((&rows[0]["outcome"], &rows[0]["id"]), (&"204".into(), &id.as_str().into()));
}

#[tokio::test]
async fn a_transaction_is_shown_by_its_id_its_beginning_or_a_records_number() {
    let dir = tempfile::tempdir().unwrap();
    let id = log(dir.path()).await;
    for wanted in [id.as_str(), "2", "3"] {
        let (code, text) = said(|out| show(out, dir.path(), wanted, false));
        assert_eq!(code, 0);
        for word in [
            &id,
            "intent: record 2",
            "outcome: record 3",
            "192.0.2.1",
            "198.51.100.7",
            "\"n\": 12.34",
            "status 204",
        ] {
            assert!(text.contains(word), "{word} in {text}");
        }
    }
    let (_, raw) = said(|out| show(out, dir.path(), &id, true));
    assert_eq!(raw.lines().count(), 2);
    let segment = fs::read_to_string(dir.path().join(format!("{:020}.jsonl", 0))).unwrap();
    assert!(raw.lines().all(|line| segment.contains(line)));
    assert_eq!(said(|out| show(out, dir.path(), "ffff", false)).0, NOT_FOUND);
    assert_eq!(said(|out| show(out, dir.path(), "01", false)).0, NOT_FOUND, "two transactions begin so");
    assert!(said(|out| show(out, dir.path(), "0", false)).1.contains("log_open"));
}

#[tokio::test]
async fn nothing_that_is_shown_steers_a_terminal() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path()).await;
    let (_, text) = said(|out| show(out, dir.path(), "4", false));
    assert!(text.contains("\\u{1b}[2J\\u{202e}detail"), "{text}");
    assert!(!text.chars().any(|c| c != '\n' && crate::audit::escape::is_hidden(c)));
}

#[tokio::test]
async fn a_verification_says_what_it_covered_and_what_not() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path()).await;
    let (code, text) = said(|out| verify(out, dir.path(), false));
    assert_eq!(code, 0);
    for word in ["verified\n", "gate-1", "6 in 1 segment", "1, 0 of them without", "no signed checkpoint"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let segment = dir.path().join(format!("{:020}.jsonl", 0));
    let changed = fs::read_to_string(&segment).unwrap().replace("12.34", "12.35");
    fs::write(&segment, changed).unwrap();
    let (code, text) = said(|out| verify(out, dir.path(), false));
    assert_eq!(code, 1);
    assert!(text.starts_with("TAMPERED\n  00000000000000000000.jsonl, line 3, byte "), "{text}");
    let (_, json) = said(|out| verify(out, dir.path(), true));
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&report["verdict"], &report["problem"]["line"]), (&"tampered".into(), &3.into()));
}

#[test]
fn the_folder_may_be_left_away() {
    #[derive(clap::Parser)]
    struct Cli {
        #[command(subcommand)]
        command: AuditCommand,
    }
    for (args, expected) in [(&["x", "show", "0192"][..], 1), (&["x", "show", "logs", "0192"], 2)] {
        match Cli::try_parse_from(args).unwrap().command {
            AuditCommand::Show { place, .. } => assert_eq!(place.len(), expected),
            other => panic!("{other:?}"),
        }
    }
    assert!(Cli::try_parse_from(["x", "show"]).is_err());
    match Cli::try_parse_from(["x", "verify"]).unwrap().command {
        AuditCommand::Verify { dir, json } => assert_eq!((dir, json), (PathBuf::from("audit"), false)),
        other => panic!("{other:?}"),
    }
}
