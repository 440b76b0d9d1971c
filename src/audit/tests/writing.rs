//! Records in order, durable in groups, exactly one outcome each.

use super::folder::*;
use crate::audit::{OpenError, Outcome, OutcomeResult};
use crate::refusal::Code;
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

fn complete() -> Outcome {
    Outcome { result: OutcomeResult::Complete, status: Some(200), response_bytes: 17, error: None }
}

#[tokio::test]
async fn a_run_is_opened_and_closed_around_its_records() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    intent(&log).await.unwrap().finish(&complete());
    log.denied(&denied(Code::PathNotAllowed));
    log.denied(&denied(Code::UpstreamConnect));
    log.close("SIGTERM").unwrap();
    let records = records(dir.path());
    assert_eq!(kinds(&records), ["log_open", "policy", "intent", "outcome", "denied", "denied", "log_close"]);
    assert_eq!(records[2]["decision"], "allowed");
    assert_eq!(records[3]["intent"], 2);
    assert_eq!(records[3]["id"], records[2]["id"]);
    assert_eq!(records[3]["outcome"]["result"], "complete");
    assert_eq!((&records[4]["decision"], &records[5]["decision"]), (&"denied".into(), &"error".into()));
    assert_eq!(records[6]["records"], 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_at_once_are_all_durable_and_share_their_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disky::default());
    let log = open_on(dir.path(), &disk).unwrap();
    let tasks: Vec<_> = (0..1000)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move {
                let attempt = intent(&log).await.unwrap();
                let seq = attempt.intent().seq;
                attempt.finish(&complete());
                seq
            })
        })
        .collect();
    let mut seqs = BTreeSet::new();
    for task in tasks {
        assert!(seqs.insert(task.await.unwrap()));
    }
    log.close("test").unwrap();
    let syncs = disk.syncs.load(Ordering::Relaxed);
    assert!(syncs < 700, "{syncs} syncs for 1000 intents");
    let records = records(dir.path());
    let written: BTreeSet<u64> =
        of_kind(&records, "intent").iter().map(|r| r["seq"].as_u64().unwrap()).collect();
    assert_eq!(written, seqs);
    assert_eq!(of_kind(&records, "outcome").len(), 1000);
}

#[tokio::test]
async fn what_is_answered_is_in_the_file_already() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    for _ in 0..20 {
        let attempt = intent(&log).await.unwrap();
        let seq = attempt.intent().seq;
        let found = records(dir.path());
        assert_eq!(found[seq as usize]["kind"], "intent");
        attempt.finish(&complete());
    }
}

#[tokio::test]
async fn a_dropped_attempt_is_an_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    drop(intent(&log).await.unwrap());
    let mut begun = intent(&log).await.unwrap();
    begun.begin();
    drop(begun);
    log.close("test").unwrap();
    let records = records(dir.path());
    let results: Vec<_> =
        of_kind(&records, "outcome").iter().map(|r| r["outcome"]["result"].clone()).collect();
    assert_eq!(results, ["not_sent", "unknown"]);
}

#[test]
fn an_intent_whose_client_left_while_it_was_written_was_not_sent() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disky::default());
    let log = open_on(dir.path(), &disk).unwrap();
    let held = disk.hold.lock().unwrap();
    let mut waiting = Box::pin(intent(&log));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(waiting);
    drop(held);
    log.close("test").unwrap();
    let records = records(dir.path());
    assert_eq!(of_kind(&records, "intent").len(), 1);
    assert_eq!(of_kind(&records, "outcome")[0]["outcome"]["result"], "not_sent");
}

#[tokio::test]
async fn a_flood_of_refusals_is_counted_exactly_and_hinders_no_intent() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    for _ in 0..20_000 {
        log.denied(&denied(Code::PathNotAllowed));
    }
    drop(intent(&log).await.unwrap());
    log.close("test").unwrap();
    let records = records(dir.path());
    let singly = of_kind(&records, "denied").len() as u64;
    let counted: u64 = of_kind(&records, "denied_summary").iter().map(|r| r["count"].as_u64().unwrap()).sum();
    assert_eq!(singly + counted, 20_000);
    assert!(records.len() < 200, "{} records", records.len());
}

#[test]
fn a_second_writer_is_refused_and_told_which_folder() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let error = crate::audit::Log::open(opening(dir.path())).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)));
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    log.close("test").unwrap();
    open(dir.path()).close("test").unwrap();
}

#[tokio::test]
async fn nothing_is_recorded_after_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    log.close("test").unwrap();
    assert!(intent(&log).await.unwrap_err().contains("stopping"));
    assert_eq!(kinds(&records(dir.path())).last(), Some(&"log_close"));
}

#[tokio::test]
async fn another_programs_json_reader_reads_each_line_and_finds_nothing_hidden() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let transaction = transaction();
    let body = "{\"a\":\"\u{202e}\u{2028}\u{200b}\u{e0041}ö\"}";
    drop(log.intent(transaction.id, intent_tail(&transaction, body.as_bytes())).await.unwrap());
    let mut refused = denied(Code::UpstreamTls);
    refused.refusal.detail = "the certificate says \u{1b}[2J\u{202e}\"\\\n\u{85}".to_owned();
    log.denied(&refused);
    log.close("test").unwrap();
    let program = "import json,sys,unicodedata\n\
        lines=open(sys.argv[1],encoding='utf-8',newline='\\n').read().split('\\n')\n\
        assert lines.pop()==''\n\
        assert not any(unicodedata.category(c) in('Cc','Cf','Zl','Zp') for l in lines for c in l)\n\
        rs=[json.loads(l) for l in lines]\n\
        assert [r['seq'] for r in rs]==list(range(len(rs)))\n\
        print(ascii([r['sent']['body']['a'] for r in rs if r['kind']=='intent'][0]))\n\
        print(ascii([r['refusal']['detail'] for r in rs if r['kind']=='denied'][0]))\n";
    let segment = dir.path().join(format!("{:020}.jsonl", 0));
    let output = Command::new("python3").arg("-c").arg(program).arg(segment).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        said,
        "'\\u202e\\u2028\\u200b\\U000e0041\\xf6'\n'the certificate says \\x1b[2J\\u202e\"\\\\\\n\\x85'\n"
    );
}

#[test]
fn a_new_policy_stands_before_what_leaves_under_it() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Arc::new(Disky::default());
    let log = open_on(dir.path(), &disk).unwrap();
    let held = disk.hold.lock().unwrap();
    let mut first = Box::pin(intent(&log));
    let mut context = Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(&mut context).is_pending());
    log.policy(&opening(dir.path()).policy).unwrap();
    let mut second = Box::pin(intent(&log));
    assert!(second.as_mut().poll(&mut context).is_pending());
    drop((first, second, held));
    log.close("test").unwrap();
    let records = records(dir.path());
    let kinds = kinds(&records);
    let last_policy = kinds.iter().rposition(|kind| *kind == "policy").unwrap();
    let last_intent = kinds.iter().rposition(|kind| *kind == "intent").unwrap();
    assert!(last_policy < last_intent, "{kinds:?}");
}
