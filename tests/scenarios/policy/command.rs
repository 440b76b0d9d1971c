//! `beacongate policy …` as it is typed: what is answered on stdout, and the exit code.

use super::*;
use std::io::Write;
use std::process::{Command, Stdio};

/// Runs the command with `input` on stdin; returns exit code, stdout, stderr.
fn policy_command(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_beacongate"))
        .arg("policy")
        .args(arguments)
        .env_remove("BEACONGATE_POLICY")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn check_says_what_a_sound_policy_allows_and_where_another_is_wrong() {
    let (code, answer, _) = policy_command(&["check", "documented"], "");
    assert_eq!(code, 0);
    assert!(answer.contains("POST https://beacon.langchain.com/v1/beacon/verify"), "{answer}");
    let (code, answer, talk) = policy_command(&["check", "tests/policies/invalid/unknown-key.yaml"], "");
    assert_eq!((code, answer.as_str()), (2, ""));
    assert!(talk.contains("unknown-key.yaml:5:5: unknown key `host`") && talk.contains("^^^^"), "{talk}");
}

#[test]
fn show_prints_a_page_or_the_document_that_the_digest_is_over() {
    let (code, page, _) = policy_command(&["show"], "");
    assert_eq!(code, 0);
    for line in
        ["x-api-key*  secret", "license*  secret", "logs  array, always empty", "where key is \"endpoint\":"]
    {
        assert!(page.contains(line), "{line} is not in\n{page}");
    }
    let (code, document, _) = policy_command(&["show", "--json"], "");
    assert_eq!(code, 0);
    let policy = documented();
    assert!(document.contains(policy.effective()) && document.contains(policy.digest()));
    assert!(serde_json::from_str::<Value>(&document).is_ok());
}

#[test]
fn test_passes_every_published_payload() {
    for path in files_in("policy/examples", "json") {
        let body = std::fs::read_to_string(&path).unwrap();
        let (code, answer, talk) = policy_command(&["test", "--endpoint", stem(&path)], &body);
        assert_eq!(code, 0, "{}\n{answer}{talk}", path.display());
    }
}

#[test]
fn test_marks_what_is_taken_out_and_shows_no_secret() {
    let body = r#"{"license":"lsv2_lic_canary","note":"for Jo"}"#;
    let (code, page, _) = policy_command(&["test", "--endpoint", "license-verification"], body);
    assert_eq!(code, 1);
    assert!(page.contains("-   \"note\": \"for Jo\"   <- additionalProperties"), "{page}");
    assert!(!page.contains("canary"), "{page}");
    let (code, answer, _) = policy_command(&["test", "--endpoint", "license-verification", "--json"], body);
    assert_eq!(code, 1);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["verdict"], "modified");
    assert_eq!(answer["removals"][0]["pointer"], "/note");
    assert_eq!(answer["body"], json!({"license": "********"}));
}

#[test]
fn test_says_why_a_request_is_refused() {
    for (arguments, body, reason) in [
        (
            &["test", "--endpoint", "license-verification"][..],
            r#"{"license":"two words"}"#,
            "body_not_allowed",
        ),
        (
            &["test", "--endpoint", "license-verification"],
            r#"{"license":"a","license":"b"}"#,
            "malformed_body",
        ),
        (&["test", "--endpoint", "api-key-verification"], "", "header_not_allowed"),
        (&["test", "--endpoint", "license-verification", "--query", "a=b"], "{}", "query_not_allowed"),
        (
            &["test", "--endpoint", "license-verification", "-H", "Content-Type: text/plain"],
            "{}",
            "content_type_not_allowed",
        ),
    ] {
        let (code, answer, _) = policy_command(arguments, body);
        assert_eq!(code, 3, "{arguments:?}\n{answer}");
        assert!(answer.contains(reason), "{arguments:?}\n{answer}");
    }
}

#[test]
fn test_cannot_be_used_for_what_is_not_there() {
    for arguments in [
        &["test", "--endpoint", "no-such-endpoint"][..],
        &["test"],
        &["test", "--endpoint", "license-verification", "--policy", "nowhere.yaml"],
        &["check", "nowhere"],
    ] {
        let (code, answer, talk) = policy_command(arguments, "{}");
        assert_eq!((code, answer.as_str()), (2, ""), "{arguments:?}");
        assert!(talk.starts_with("error: "), "{talk}");
    }
}

/// A bucket that is taken out would move the others, so the endpoint's `strip` does not hold there.
#[test]
fn a_histogram_is_refused_rather_than_distorted() {
    let body = |bucket: &str| {
        format!(
            r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{{"name":"langsmith_a","histogram":{{"dataPoints":[
            {{"timeUnixNano":"1","count":"3","bucketCounts":["1",{bucket},"2"],"explicitBounds":[1,2]}}]}}}}]}}]}}]}}"#
        )
    };
    let arguments = ["test", "--endpoint", "telemetry-metrics"];
    assert_eq!(policy_command(&arguments, &body("0")).0, 0);
    let (code, answer, _) = policy_command(&arguments, &body("\"many\""));
    assert_eq!(code, 3, "{answer}");
    assert!(answer.contains("/bucketCounts/1"), "{answer}");
}
