//! Found by attacking: clients that hang, break off or flood, at every stage, while the gate runs and while it stops.

use crate::support::answer::Answer;
use crate::support::audit::{Audit, result};
use crate::support::client::{Client, TrustsAnything, Tunnel};
use crate::support::client_hello::ClientHello;
use crate::support::deadline::within;
use crate::support::documented::LICENSE;
use crate::support::process::{Process, Site};
use crate::support::request::{BEACON, SMITH};
use crate::support::rig::Rig;
use rustls::ClientConfig;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What a client may have got to when the gate is stopped, with no request of its own begun.
#[derive(Debug, Clone, Copy)]
enum Stage {
    Connected,
    HalfAConnect,
    Established,
    HalfAClientHello,
    NoFinished,
    Misdirected,
}

/// A client that is at this stage, and stays there while what is returned lives.
async fn stuck_at(client: &Client, stage: Stage) -> (Option<TcpStream>, Option<Tunnel>) {
    let hello = ClientHello::new(BEACON).bytes();
    let mut stream = match stage {
        Stage::Connected | Stage::HalfAConnect => client.tcp().await,
        _ => client.tunnel(BEACON).await,
    };
    match stage {
        Stage::Connected | Stage::Established => {}
        Stage::HalfAConnect => stream.write_all(b"CONNECT beacon.lang").await.unwrap(),
        Stage::HalfAClientHello => stream.write_all(&hello[..20]).await.unwrap(),
        Stage::NoFinished => {
            stream.write_all(&hello).await.unwrap();
            stream.read_u8().await.unwrap();
        }
        Stage::Misdirected => {
            let trusting =
                |c: &mut ClientConfig| c.dangerous().set_certificate_verifier(Arc::new(TrustsAnything));
            return (None, Some(client.handshake(stream, SMITH, trusting).await.unwrap()));
        }
    }
    (Some(stream), None)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_has_asked_for_nothing_yet_does_not_hold_up_a_stop() {
    use Stage::{Connected, Established, HalfAClientHello, HalfAConnect, Misdirected, NoFinished};
    for stage in [Connected, HalfAConnect, Established, HalfAClientHello, NoFinished, Misdirected] {
        // Longer than the harness waits for a gate to stop.
        let rig = Rig::start_with(|s| s.limits.drain = Duration::from_secs(600)).await;
        let stuck = within("a client to get stuck", stuck_at(&rig.client, stage)).await;
        // Answered after the other connection was accepted: both are being served.
        assert_eq!(rig.send(&LICENSE.request()).await.status, 200);
        let done = rig.finish().await;
        assert_eq!(done.audit.records.last().unwrap()["kind"], "log_close", "{stage:?}");
        drop(stuck);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r55_wherever_a_client_breaks_off_each_intent_has_one_outcome() {
    let rig = Rig::start_with(|s| s.limits.upstream.answer = Duration::from_secs(1)).await;
    let bytes = LICENSE.request().bytes();
    let cuts = [0, 1, 10, bytes.len() / 2, bytes.len() - 1, bytes.len()];
    for never in [false, true] {
        rig.upstream.answer_with(move |seen| if never { Answer::Never } else { Answer::documented(seen) });
        for reset in [false, true] {
            for cut in cuts {
                let mut tunnel = rig.client.open(BEACON).await;
                tunnel.write(&bytes[..cut]).await;
                if reset {
                    tunnel.stream.get_ref().0.set_zero_linger().unwrap();
                }
            }
        }
    }
    let audit = rig.finish().await.audit;
    let mut intents: Vec<_> = audit.intents().iter().map(|i| i["seq"].clone()).collect();
    let mut closed: Vec<_> = audit.outcomes().iter().map(|o| o["intent"].clone()).collect();
    intents.sort_by_key(|n| n.as_u64());
    closed.sort_by_key(|n| n.as_u64());
    assert_eq!(intents, closed);
    assert!(!intents.is_empty(), "no request was complete");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r32_a_request_split_at_every_byte_is_one_request() {
    let rig = Rig::start().await;
    let bytes = LICENSE.request().chunked(&[]).bytes();
    let mut tunnel = rig.client.open(BEACON).await;
    for cut in 1..bytes.len() {
        tunnel.write(&bytes[..cut]).await;
        tokio::task::yield_now().await;
        let response = tunnel.exchange_bytes(&bytes[cut..]).await;
        assert_eq!(response.status, 200, "cut at {cut}");
    }
    drop(tunnel);
    assert_eq!(rig.finish().await.upstream.requests().len(), bytes.len() - 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_in_any_number_do_not_take_the_descriptors_that_a_request_needs() {
    let site = Site::new().await;
    let plain = site.command();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64 && exec \"$@\"", "sh"]);
    command.arg(plain.get_program()).args(plain.get_args()).current_dir(site.home.path());
    let gate = Process::start(command).await;
    let client = site.client(&gate);
    // As many tunnels as the limit has descriptors: those that are served are served to the end.
    let mut requests = JoinSet::new();
    for _ in 0..64 {
        let client = client.clone();
        requests.spawn(async move { client.send(&LICENSE.request()).await.status });
    }
    while let Some(status) = within("an answer", requests.join_next()).await {
        assert_eq!(status.unwrap(), 200);
    }
    // Silent ones wait, and when they have gone it is as if they had not been there.
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(client.tcp().await);
    }
    drop(silent);
    assert_eq!(client.send(&LICENSE.request()).await.status, 200);
    gate.terminate();
    let (status, said) = gate.wait().await;
    assert!(status.success(), "{status}: {said}");
    assert!(!said.contains("Too many open files"), "{said}");
    let audit = Audit::read(&site.audit_dir());
    assert!(audit.outcomes().iter().all(|o| result(o) == "complete"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r33_a_connection_that_says_nothing_is_given_the_time_of_a_head_and_others_are_served() {
    let rig = Rig::start_with(|s| {
        s.limits.head = Duration::from_secs(1);
        s.limits.idle = Duration::from_secs(600);
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(rig.client.tcp().await);
    }
    assert_eq!(rig.send(&LICENSE.request()).await.status, 200);
    for mut stream in silent {
        let end = within("a silent connection to be closed", stream.read(&mut [0])).await;
        assert_eq!(end.unwrap(), 0);
    }
    assert_eq!(rig.finish().await.audit.all_denials(), 0);
}
