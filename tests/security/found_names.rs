//! Found by attacking: which names the gate asks a resolver for (R62), and what a dead resolver holds up.

use crate::support::documented::LICENSE;
use crate::support::process::{BINARY, Process, Site};
use std::net::UdpSocket;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};

/// A resolver of this test's own, on an address that nothing else here uses.
const RESOLVER: &str = "127.53.62.1";

/// A gate whose resolver is this one, with the options that every Kubernetes pod has; `None` where the system
/// does not let a test have that.
fn command(site: &Site) -> Option<Command> {
    let file = site.home.path().join("resolv.conf");
    let text =
        format!("nameserver {RESOLVER}\nsearch default.svc.cluster.local cluster.local\noptions ndots:5\n");
    std::fs::write(&file, text).unwrap();
    // A hosts file of its own too: what this machine's says about the vendor's names is not this test's.
    let hosts = site.home.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
    let in_place = format!(
        "mount --bind '{}' /etc/resolv.conf && mount --bind '{}' /etc/hosts && exec \"$@\"",
        file.display(),
        hosts.display()
    );
    let unshared = ["-rm", "sh", "-c", &in_place, "sh"];
    let tried = Command::new("unshare").args(unshared).arg("true").output();
    if !tried.is_ok_and(|t| t.status.success()) {
        return None;
    }
    let mut command = Command::new("unshare");
    command.args(unshared).args([BINARY, "run", "--listen", "127.0.0.1:0"]).current_dir(site.home.path());
    Some(command)
}

/// Answers every question with "no such name", and tells the names.
fn resolver(socket: UdpSocket) -> Receiver<String> {
    let (sender, asked) = channel();
    std::thread::spawn(move || {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query) {
            let (mut name, mut at) = (String::new(), 12);
            while query[at] != 0 {
                let end = at + 1 + usize::from(query[at]);
                name.push_str(&String::from_utf8_lossy(&query[at + 1..end]));
                name.push('.');
                at = end;
            }
            query[2..4].copy_from_slice(&[0x81, 0x83]);
            let _ = socket.send_to(&query[..length], from);
            if sender.send(name).is_err() {
                return;
            }
        }
    });
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r62_a_resolver_is_asked_for_the_policys_names_and_never_for_its_search_list() {
    let site = Site::new().await;
    let (Some(command), Ok(socket)) = (command(&site), UdpSocket::bind((RESOLVER, 53))) else {
        eprintln!("SKIPPED r62 over the wire: no resolver of one's own can be set up here");
        return;
    };
    let asked = resolver(socket);
    let gate = Process::start(command).await;
    let response = site.client(&gate).send(&LICENSE.request()).await;
    response.assert_refused(502, "upstream_dns", "a name that does not exist");
    gate.kill();
    let names: Vec<String> = asked.try_iter().collect();
    assert!(!names.is_empty(), "nothing was asked");
    assert!(names.iter().all(|name| *name == format!("{}.", LICENSE.host)), "{names:?}");
}
