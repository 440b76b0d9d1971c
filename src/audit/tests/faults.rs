//! A disk that is full or broken: nothing is claimed, nothing is lost, and the log goes on by itself.

use super::folder::*;
use crate::audit::verify::Verdict;
use crate::audit::{Outcome, OutcomeResult, folder};
use crate::refusal::Code;
use std::fs;
use std::sync::Arc;

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

#[tokio::test]
async fn whatever_fails_nothing_is_claimed_and_the_log_goes_on_when_it_can() {
    let table = [
        (Wrong::Write(0), ENOSPC, "disk is full"),
        (Wrong::Write(1), ENOSPC, "disk is full"),
        (Wrong::Write(100), EIO, "cannot be written"),
        (Wrong::Write(usize::MAX), ENOSPC, "disk is full"),
        (Wrong::Sync, EIO, "cannot be written"),
        (Wrong::Sync, ENOSPC, "disk is full"),
    ];
    for (wrong, errno, said) in table {
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disky::default());
        let log = open_on(dir.path(), &disk).unwrap();
        let before = intent(&log).await.unwrap();
        disk.set(Some((wrong, errno)));
        let mut refused = 0;
        for _ in 0..3 {
            let error = intent(&log).await.unwrap_err();
            assert!(error.contains(said), "{wrong:?}: {error}");
            refused += 1;
        }
        assert!(log.failing().is_some());
        before.finish(&Outcome {
            result: OutcomeResult::Complete,
            status: Some(204),
            response_bytes: 0,
            error: None,
        });
        log.denied(&denied(Code::PathNotAllowed));
        disk.set(None);
        let after = intent(&log).await.unwrap();
        assert_eq!(log.failing(), None);
        drop(after);
        log.close("test").unwrap();

        let records = records(dir.path());
        assert_eq!(of_kind(&records, "intent").len(), 2, "{wrong:?}");
        assert_eq!(of_kind(&records, "outcome")[0]["outcome"]["status"], 204);
        let denials = of_kind(&records, "denied").len() + of_kind(&records, "denied_summary").len();
        assert_eq!(denials, 1, "{wrong:?}");
        let fault = of_kind(&records, "fault");
        assert_eq!(fault.len(), 1, "{wrong:?}");
        assert!(fault[0]["error"].as_str().unwrap().contains(said));
        assert!(fault[0]["refused_intents"].as_u64().unwrap() >= refused);
        assert_eq!(of_kind(&records, "recovery").len(), 1, "{wrong:?}");
        let names = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name());
        let torn = names.filter(|name| name.to_string_lossy().starts_with("torn-")).count();
        assert!(torn <= 1, "{wrong:?}: tries pile up");
        assert_eq!(folder::verify(dir.path()).unwrap().verdict, Verdict::Verified);
    }
}

#[tokio::test]
async fn a_disk_that_makes_no_new_file_keeps_the_log_shut() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disky::default());
    let log = open_on(dir.path(), &disk).unwrap();
    disk.set(Some((Wrong::Sync, EIO)));
    intent(&log).await.unwrap_err();
    disk.set(Some((Wrong::Create, 30)));
    assert!(intent(&log).await.unwrap_err().contains("read-only"));
    disk.set(None);
    drop(intent(&log).await.unwrap());
    log.close("test").unwrap();
    assert_eq!(of_kind(&records(dir.path()), "intent").len(), 1);
}

#[tokio::test]
async fn a_segment_that_somebody_moves_or_writes_to_shuts_the_log_until_it_is_back() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disky::default());
    let log = open_on(dir.path(), &disk).unwrap();
    drop(intent(&log).await.unwrap());
    let segment = dir.path().join(format!("{:020}.jsonl", 0));
    let elsewhere = dir.path().join("rotated");
    fs::rename(&segment, &elsewhere).unwrap();
    for _ in 0..2 {
        assert!(intent(&log).await.unwrap_err().contains("audit log"));
    }
    fs::rename(&elsewhere, &segment).unwrap();
    drop(intent(&log).await.unwrap());
    log.close("test").unwrap();
    assert_eq!(of_kind(&records(dir.path()), "intent").len(), 2);
}

#[tokio::test]
async fn a_segment_that_is_truncated_under_the_writer_stays_shut() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disky::default());
    let log = open_on(dir.path(), &disk).unwrap();
    drop(intent(&log).await.unwrap());
    let segment = dir.path().join(format!("{:020}.jsonl", 0));
    fs::OpenOptions::new().write(true).open(segment).unwrap().set_len(10).unwrap();
    for _ in 0..2 {
        assert!(intent(&log).await.unwrap_err().contains("written to by something else"));
    }
    assert!(log.close("test").is_err());
}
