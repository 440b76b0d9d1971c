//! A log that is opened again, after an end or after none.

use super::folder::*;
use crate::audit::{Log, OpenError};
use std::fs;
use std::path::{Path, PathBuf};

/// What a kill -9 would leave of a folder right now.
fn image(dir: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    copy
}

fn only_segment(dir: &Path) -> PathBuf {
    dir.join(format!("{:020}.jsonl", 0))
}

#[tokio::test]
async fn a_log_goes_on_where_it_ended() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close("one").unwrap();
    let again = Log::open(crate::audit::Opening { origin: None, ..opening(dir.path()) }).unwrap();
    assert_eq!(again.origin(), "gate-1");
    again.close("two").unwrap();
    let records = records(dir.path());
    assert_eq!(kinds(&records), ["log_open", "policy", "log_close", "log_open", "policy", "log_close"]);
}

#[test]
fn a_folder_keeps_its_origin() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close("test").unwrap();
    let other = crate::audit::Opening { origin: Some("gate-2".to_owned()), ..opening(dir.path()) };
    let error = Log::open(other).unwrap_err();
    assert!(matches!(error, OpenError::OtherOrigin { .. }), "{error}");
    let bad = crate::audit::Opening { origin: Some("a b".to_owned()), ..opening(dir.path()) };
    assert!(matches!(Log::open(bad), Err(OpenError::BadOrigin(_))));
    let fresh = tempfile::tempdir().unwrap();
    let made = Log::open(crate::audit::Opening { origin: None, ..opening(fresh.path()) }).unwrap();
    assert_eq!(made.origin().len(), "beacongate-".len() + 8);
}

#[tokio::test]
async fn intents_left_open_by_a_crash_may_have_left() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let open_intent = intent(&log).await.unwrap();
    let crashed = image(dir.path());
    drop(open_intent);
    for _ in 0..2 {
        open(crashed.path()).close("test").unwrap();
    }
    let records = records(crashed.path());
    assert_eq!(
        kinds(&records),
        [
            "log_open",
            "policy",
            "intent",
            "recovery",
            "outcome",
            "log_open",
            "policy",
            "log_close",
            "log_open",
            "policy",
            "log_close"
        ]
    );
    assert_eq!(records[4]["outcome"]["result"], "unknown");
    assert_eq!(records[4]["outcome"]["error"], "interrupted");
    assert_eq!(records[3]["open_intents"], 1);
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_is_set_aside_and_the_rest_stands() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let attempt = intent(&log).await.unwrap();
    let whole = fs::read(only_segment(image(dir.path()).path())).unwrap();
    drop(attempt);
    let start = whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    for end in (start..whole.len()).step_by(37).chain([start + 1, whole.len() - 1]) {
        let torn = tempfile::tempdir().unwrap();
        fs::write(only_segment(torn.path()), &whole[..end]).unwrap();
        open(torn.path()).close("test").unwrap();
        let records = records(torn.path());
        assert_eq!(kinds(&records), ["log_open", "policy", "recovery", "log_open", "policy", "log_close"]);
        let cut = &records[2]["cut"];
        if end == start {
            assert!(cut.is_null());
            continue;
        }
        assert_eq!(cut["offset"], start);
        let aside = torn.path().join(cut["set_aside"].as_str().unwrap());
        assert_eq!(fs::read(aside).unwrap(), &whole[start..end]);
    }
}

#[test]
fn a_tail_torn_at_whichever_byte_never_reads_as_tampering() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).close("test").unwrap();
    let whole = fs::read(only_segment(dir.path())).unwrap();
    let start = whole[..whole.len() - 1].iter().rposition(|b| *b == b'\n').unwrap() + 1;
    for end in start..whole.len() {
        fs::write(only_segment(dir.path()), &whole[..end]).unwrap();
        let found = crate::audit::start::read(dir.path()).unwrap();
        assert_eq!(found.chain.unwrap().next, 2);
        assert_eq!(found.cut.map(|cut| cut.length), (end > start).then_some((end - start) as u64));
        assert_eq!(fs::read(only_segment(dir.path())).unwrap(), &whole[..start]);
    }
}

#[tokio::test]
async fn a_log_torn_in_its_first_record_starts_over() {
    for end in [0, 1, 50] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            only_segment(dir.path()),
            &b"{\"v\":1,\"origin\":\"gate-1\",\"seq\":0,\"prev\":\"00000000000000"[..end],
        )
        .unwrap();
        open(dir.path()).close("test").unwrap();
        assert_eq!(kinds(&records(dir.path())).last(), Some(&"log_close"));
    }
}

#[tokio::test]
async fn a_bad_line_that_good_ones_follow_is_tampering_and_the_line_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    for _ in 0..5 {
        drop(intent(&log).await.unwrap());
    }
    log.close("test").unwrap();
    let text = fs::read_to_string(only_segment(dir.path())).unwrap();
    let edits: [(&str, &str, u64); 3] = [
        // The change is in line 3, the record that no longer follows is line 4.
        ("12.34", "12.35", 4),
        ("\"kind\":\"intent\"", "\"kind\":\"intent", 3),
        ("\"seq\":2,", "\"seq\":9,", 3),
    ];
    for (from, to, line) in edits {
        fs::write(only_segment(dir.path()), text.replacen(from, to, 1)).unwrap();
        match Log::open(opening(dir.path())).unwrap_err() {
            OpenError::Tampered { file, line: named, .. } => {
                assert_eq!((file, named), (only_segment(dir.path()), line), "{from}");
            }
            other => panic!("{other}"),
        }
    }
}
