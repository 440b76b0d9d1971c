//! Unmodified clients through the gate: what a deployment's own programs will do.
//!
//! [`setup`](../tests/clients/setup) installs pinned releases into target/clients. Where it cannot, these tests
//! say `SKIPPED` and why; with `CI` in the environment they fail instead, so that nothing passes unseen.

use crate::scenarios::documented::assert_as_documented;
use crate::support::audit::contains;
use crate::support::documented::{self, API_KEY, Documented, LANGGRAPH_USAGE};
use crate::support::places::with_member;
use crate::support::response::Response;
use crate::support::rig::Rig;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// A client, and the variable that makes it trust a CA.
struct Program {
    name: &'static str,
    trusts: &'static str,
    /// Sends every job; what came back for each.
    send: fn(&[Value], &Site) -> Vec<Value>,
}

/// What a client is told: the environment that the gate's own start-up text names, and nothing else.
struct Site {
    gate: std::net::SocketAddr,
    ca: PathBuf,
    trusts: &'static str,
    dir: PathBuf,
}

impl Site {
    fn run(&self, mut command: Command) -> String {
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", &self.dir);
        command.env("HTTPS_PROXY", format!("http://{}", self.gate)).env(self.trusts, &self.ca);
        let output = command.env("CLIENTS", installed()).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a script that takes all jobs in a file and prints all answers.
    fn run_script(&self, mut command: Command, jobs: &[Value]) -> Vec<Value> {
        let file = self.dir.join("jobs.json");
        std::fs::write(&file, serde_json::to_vec(jobs).unwrap()).unwrap();
        command.arg(file);
        serde_json::from_str(&self.run(command)).unwrap()
    }
}

/// The folder of this suite.
fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Where the clients are installed: in the build folder that this test runs from.
fn installed() -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    let target = binary.ancestors().find(|a| a.join("CACHEDIR.TAG").exists());
    target.map_or_else(|| here().join("../../target"), Path::to_owned).join("clients")
}

/// Installs the clients once; what keeps it from being done, where something does.
fn setup() -> &'static Result<(), String> {
    static DONE: OnceLock<Result<(), String>> = OnceLock::new();
    DONE.get_or_init(|| {
        let pinned = ["requirements.txt", "package-lock.json"]
            .map(|f| std::fs::read(here().join(f)).unwrap())
            .concat();
        if std::fs::read(installed().join("ready")).is_ok_and(|ready| ready == pinned) {
            return Ok(());
        }
        let run = Command::new(here().join("setup")).arg(installed()).stdin(Stdio::null()).output();
        match run {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    })
}

/// The documented requests, then one with an undocumented member, then one that may not leave at all.
fn jobs(dir: &Path) -> Vec<Value> {
    let mut jobs: Vec<Value> = documented::ALL.iter().map(|d| job(d, d.file.map(|_| d.example()))).collect();
    let extended = dir.join("extended.json");
    let body = with_member(&LANGGRAPH_USAGE.json(), "/tags", "user.prompt", json!("canary"));
    std::fs::write(&extended, serde_json::to_vec(&body).unwrap()).unwrap();
    jobs.push(job(&LANGGRAPH_USAGE, Some(extended)));
    jobs.push(job(&Documented { path: "/runs", ..LANGGRAPH_USAGE }, Some(LANGGRAPH_USAGE.example())));
    jobs
}

fn job(endpoint: &Documented, file: Option<PathBuf>) -> Value {
    let headers = match file {
        Some(_) => json!({"Content-Type": "application/json"}),
        None => json!({"X-Api-Key": API_KEY}),
    };
    json!({"url": format!("https://{}{}", endpoint.host, endpoint.path), "headers": headers, "file": file})
}

/// Sends the jobs with one client and asserts what it got, what arrived, and what the log says.
async fn assert_served(program: Program) {
    if let Err(why) = setup() {
        assert!(std::env::var_os("CI").is_none(), "the real-client suite cannot run: {why}");
        eprintln!("SKIPPED real-client suite ({}): {why}", program.name);
        return;
    }
    let rig = Rig::start().await;
    let Program { name, trusts, send } = program;
    let dir = rig.home.path().to_owned();
    let site = Site { gate: rig.client.gate, ca: rig.certs().join("ca.pem"), trusts, dir };
    let answers = tokio::task::spawn_blocking(move || send(&jobs(&site.dir), &site)).await.unwrap();
    let seen = rig.upstream.requests();
    let expected: Vec<Documented> = documented::ALL.into_iter().chain([LANGGRAPH_USAGE]).collect();
    assert_eq!((answers.len(), seen.len()), (expected.len() + 1, expected.len()), "{name}: {answers:?}");
    for ((endpoint, answer), seen) in expected.iter().zip(&answers).zip(&seen) {
        assert_as_documented(endpoint, &as_response(answer), seen);
    }
    let metrics = seen.iter().find(|s| s.target == documented::METRICS.path).unwrap().text();
    assert!(metrics.contains(":1678886400000000000") && metrics.contains(":12.34"), "{name}: {metrics}");
    let refusal = answers.last().unwrap();
    assert_eq!(refusal["status"], 403, "{name}");
    let problem: Value = serde_json::from_str(refusal["body"].as_str().unwrap()).unwrap();
    assert_eq!(problem["code"], "path_not_allowed", "{name}: {problem}");
    let done = rig.finish().await;
    assert!(!contains(&done.upstream.raw(), "canary"), "{name}: the canary left");
    assert_eq!(done.audit.intents().len(), expected.len(), "{name}");
    assert_eq!(done.audit.removed_pointers(), ["/tags/user.prompt"], "{name}");
    assert_eq!((done.audit.denials("path_not_allowed"), done.audit.all_denials()), (1, 1), "{name}");
}

fn as_response(answer: &Value) -> Response {
    Response {
        status: answer["status"].as_u64().unwrap() as u16,
        headers: Vec::new(),
        body: answer["body"].as_str().unwrap().as_bytes().to_vec(),
        head: String::new(),
    }
}

/// One job with curl: `-X POST`, the fields, the file as it is, and the status on a line after the answer.
fn curl(job: &Value, site: &Site) -> Value {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--request",
        "POST",
        "--max-time",
        "20",
        "--write-out",
        "\n%{http_code}",
    ]);
    for (name, value) in job["headers"].as_object().unwrap() {
        command.arg("--header").arg(format!("{name}: {}", value.as_str().unwrap()));
    }
    if let Some(file) = job["file"].as_str() {
        command.arg("--data-binary").arg(format!("@{file}"));
    }
    command.arg(job["url"].as_str().unwrap());
    let output = site.run(command);
    let (body, status) = output.rsplit_once('\n').unwrap();
    json!({"status": status.parse::<u16>().unwrap(), "body": body})
}

fn python(library: &str, jobs: &[Value], site: &Site) -> Vec<Value> {
    let mut command = Command::new(installed().join("python/bin/python"));
    command.arg(here().join("post.py")).arg(library);
    site.run_script(command, jobs)
}

fn node(library: &str, jobs: &[Value], site: &Site) -> Vec<Value> {
    let mut command = Command::new("node");
    command.arg(here().join("post.mjs")).arg(library);
    site.run_script(command, jobs)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_is_served() {
    assert_served(Program {
        name: "curl",
        trusts: "CURL_CA_BUNDLE",
        send: |jobs, site| jobs.iter().map(|job| curl(job, site)).collect(),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_requests_is_served() {
    assert_served(Program {
        name: "requests",
        trusts: "REQUESTS_CA_BUNDLE",
        send: |jobs, site| python("requests", jobs, site),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_httpx_is_served() {
    assert_served(Program {
        name: "httpx",
        trusts: "SSL_CERT_FILE",
        send: |jobs, site| python("httpx", jobs, site),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_urllib_is_served() {
    assert_served(Program {
        name: "urllib",
        trusts: "SSL_CERT_FILE",
        send: |jobs, site| python("urllib", jobs, site),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_fetch_is_served() {
    assert_served(Program {
        name: "Node fetch",
        trusts: "NODE_EXTRA_CA_CERTS",
        send: |jobs, site| node("fetch", jobs, site),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn undici_is_served() {
    assert_served(Program {
        name: "undici",
        trusts: "NODE_EXTRA_CA_CERTS",
        send: |jobs, site| node("undici", jobs, site),
    })
    .await;
}

/// The lines that a start prints for a shell, up to those for Java, which needs a JDK.
fn printed_lines(said: &str) -> String {
    let lines = said.lines().map(str::trim).skip_while(|l| !l.starts_with("export HTTPS_PROXY="));
    let shell: Vec<_> = lines
        .take_while(|l| !l.starts_with("# Java"))
        .filter(|l| l.starts_with("export ") || l.starts_with("cat "))
        .collect();
    shell.join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lines_that_a_start_prints_work_word_for_word() {
    if let Err(why) = setup() {
        assert!(std::env::var_os("CI").is_none(), "the real-client suite cannot run: {why}");
        eprintln!("SKIPPED real-client suite (printed lines): {why}");
        return;
    }
    let site = crate::support::process::Site::new().await;
    let gate = site.start().await;
    let lines = gate.wait_for_line("# Java").await;
    let file = site.home.path().join("jobs.json");
    let jobs = jobs(site.home.path());
    std::fs::write(&file, serde_json::to_vec(&jobs).unwrap()).unwrap();
    let python = installed().join("python/bin/python");
    for library in ["requests", "httpx"] {
        let send = format!(
            "'{}' '{}' {library} '{}'",
            python.display(),
            here().join("post.py").display(),
            file.display()
        );
        let mut command = Command::new("sh");
        command.args(["-ec", &format!("{}\n{send}", printed_lines(&lines))]).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).current_dir(site.home.path());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{library}: {}", String::from_utf8_lossy(&output.stderr));
        let answers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answers[0]["status"], 200, "{library}: {answers:?}");
        assert_eq!(answers.last().unwrap()["status"], 403, "{library}: {answers:?}");
    }
    gate.terminate();
    assert!(gate.wait().await.0.success());
}
