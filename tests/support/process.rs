//! The real binary, started as an operator starts it.

use super::certificates::{Leaf, TestCa};
use super::client::Client;
use super::deadline::within;
use super::rig::HOSTS;
use super::upstream::Upstream;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::sync::watch;

/// The binary that this test run has built.
pub const BINARY: &str = env!("CARGO_BIN_EXE_beacongate");

/// Where a gate's files are kept over several starts, and the vendor's stand-in that outlives them.
pub struct Site {
    pub home: TempDir,
    pub upstream: Upstream,
}

impl Site {
    pub async fn new() -> Self {
        Self::build(|ca| ca.leaf(&HOSTS)).await
    }

    /// A stand-in that shows this certificate.
    pub async fn with_upstream(leaf: Leaf) -> Self {
        Self::build(|_| leaf).await
    }

    async fn build(leaf: impl FnOnce(&TestCa) -> Leaf) -> Self {
        let home = TempDir::new().unwrap();
        let ca = TestCa::new("vendor");
        ca.write_to(home.path(), "vendor-ca.pem");
        let upstream = Upstream::start(leaf(&ca).server()).await;
        Self { home, upstream }
    }

    pub fn certs(&self) -> PathBuf {
        self.home.path().join("certs")
    }

    pub fn audit_dir(&self) -> PathBuf {
        self.home.path().join("audit")
    }

    /// `beacongate run` in the site's folder.
    pub fn command(&self) -> Command {
        let mut command = Command::new(BINARY);
        self.run_from(&mut command);
        for host in HOSTS {
            command.args(["--connect-to", &format!("{host}:443:{}", self.upstream.address)]);
        }
        command
    }

    /// The same, where the system's own look-up finds what this hosts file says. `None` where the system
    /// does not let a test have a view of /etc/hosts of its own.
    pub fn command_with_hosts(&self, hosts: &str) -> Option<Command> {
        let file = self.home.path().join("hosts");
        std::fs::write(&file, hosts).unwrap();
        let in_place = format!("mount --bind '{}' /etc/hosts && exec \"$@\"", file.display());
        let unshared = ["-rm", "sh", "-c", &in_place, "sh"];
        let tried = Command::new("unshare").args(unshared).arg("true").output();
        if !tried.is_ok_and(|t| t.status.success()) {
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(unshared).arg(BINARY);
        self.run_from(&mut command);
        Some(command)
    }

    fn run_from<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let args = ["run", "--listen", "127.0.0.1:0", "--upstream-ca", "vendor-ca.pem"];
        command.current_dir(self.home.path()).args(args)
    }

    /// A gate that listens.
    pub async fn start(&self) -> Process {
        Process::start(self.command()).await
    }

    pub fn client(&self, process: &Process) -> Client {
        Client::new(process.address, &self.certs().join("ca.pem"))
    }
}

/// A running gate; killed when dropped.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
    said: Said,
    readers: Vec<std::thread::JoinHandle<()>>,
}

/// What a process has said so far.
#[derive(Clone, Default)]
struct Said {
    lines: Arc<Mutex<Vec<String>>>,
    /// How many of its two streams have ended; touched with every line.
    ended: watch::Sender<usize>,
}

impl Process {
    /// Starts a command and waits until it says where it listens.
    pub async fn start(mut command: Command) -> Self {
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("BEACONGATE_")) {
            command.env_remove(name);
        }
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Said::default();
        let readers =
            vec![said.listen_to(child.stdout.take().unwrap()), said.listen_to(child.stderr.take().unwrap())];
        let mut changed = said.ended.subscribe();
        // The lines are looked at after the mark is taken, so that no line is missed.
        let address = within("`listening on` from the binary", async {
            loop {
                let ended = *changed.borrow_and_update();
                if let Some(address) = said.lines.lock().unwrap().iter().find_map(|l| listening_on(l)) {
                    return address;
                }
                assert!(ended < 2, "it ended: {}", said.text());
                changed.changed().await.unwrap();
            }
        })
        .await;
        Self { address, child, said, readers }
    }

    /// Waits until it has said a line with this text; everything it has said by then.
    pub async fn wait_for_line(&self, text: &str) -> String {
        let mut changed = self.said.ended.subscribe();
        within(text, async {
            loop {
                changed.borrow_and_update();
                let said = self.said.text();
                if said.contains(text) {
                    return said;
                }
                changed.changed().await.unwrap();
            }
        })
        .await
    }

    /// SIGTERM, as an orchestrator stops it.
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// SIGKILL, and wait until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.finish_reading();
    }

    /// Waits for the end that was asked for; the exit status and everything it said.
    pub async fn wait(mut self) -> (ExitStatus, String) {
        let mut ended = self.said.ended.subscribe();
        within("the binary to end", ended.wait_for(|ended| *ended == 2)).await.unwrap();
        let status = self.child.wait().unwrap();
        (status, self.finish_reading())
    }

    fn finish_reading(&mut self) -> String {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        self.said.text()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    fn listen_to(&self, stream: impl Read + Send + 'static) -> std::thread::JoinHandle<()> {
        let said = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines() {
                said.lines.lock().unwrap().push(line.unwrap());
                said.ended.send_modify(|_| {});
            }
            said.ended.send_modify(|ended| *ended += 1);
        })
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }
}

fn listening_on(line: &str) -> Option<SocketAddr> {
    let rest = line.split("listening on ").nth(1)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// Runs a command of the binary that answers and ends.
pub fn run(args: &[&str], dir: &Path) -> std::process::Output {
    Command::new(BINARY).args(args).current_dir(dir).stdin(Stdio::null()).output().unwrap()
}
