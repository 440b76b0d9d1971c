//! Found by attacking: what a hostile or broken vendor can do to a request, to the next one, and to the gate.

use crate::support::audit::result;
use crate::support::deadline::within;
use crate::support::documented::{LICENSE, METRICS};
use crate::support::hostile::{before, before_tcp, read_request};
use crate::support::request::Request;
use beacongate::gate::Settings;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::server::TlsStream;

const POISON: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/poison\r\nContent-Length: 6\r\n\r\npoison";

fn good(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn short(settings: &mut Settings) {
    settings.limits.upstream.answer = Duration::from_secs(1);
    settings.limits.upstream.handshake = Duration::from_secs(1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_an_answer_that_nobody_asked_for_is_never_given_to_the_next_client() {
    let first = good("fine");
    let cases = [
        format!("{first}{POISON}"),
        format!("{first}HTTP/1.1 200 OK\r\nContent-Le"),
        format!("{first}H"),
        format!("{first}\r\n{POISON}"),
        format!("{first}HTTP/1.1 100 Continue\r\n\r\n"),
        format!("{first}HTTP/1.1 103 Early Hints\r\n\r\n{POISON}"),
        format!("HTTP/1.1 204 No Content\r\n\r\n{POISON}"),
        format!("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nabcde{POISON}"),
        format!("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n{POISON}"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n{POISON}"),
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n{POISON}"
        ),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nfine{POISON}"),
        format!("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nfine{POISON}"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n{POISON}"),
        format!("HTTP/1.1 100 Continue\r\n\r\n{first}{POISON}"),
    ];
    for case in cases {
        let what = case.clone();
        let (rig, hostile) = before(
            move |index, mut stream| {
                let case = if index == 0 { case.clone() } else { good("right") };
                Box::pin(async move {
                    while read_request(&mut stream).await {
                        stream.write_all(case.as_bytes()).await.unwrap();
                        stream.flush().await.unwrap();
                    }
                })
            },
            |_| {},
        )
        .await;
        let mut tunnel = rig.client.open(LICENSE.host).await;
        let one = tunnel.exchange(&LICENSE.request()).await;
        drop(tunnel);
        assert!(!one.text().contains("poison"), "{what}");
        for _ in 0..3 {
            let two = rig.send(&LICENSE.request()).await;
            assert_eq!((two.status, two.text().as_str()), (200, "right"), "{what}");
        }
        assert_eq!(hostile.count.borrow().0, 2, "{what}: the poisoned connection was used again");
        rig.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_an_answer_that_comes_late_and_unasked_is_never_given_to_the_next_client() {
    for late in [POISON, "H", "\r\n", "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n"] {
        let (go, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (heard, said) = (Arc::clone(&go), Arc::clone(&gone));
        let (rig, _hostile) = before(
            move |index, mut stream| {
                let (heard, said) = (Arc::clone(&heard), Arc::clone(&said));
                Box::pin(async move {
                    while read_request(&mut stream).await {
                        let body = if index == 0 { "fine" } else { "right" };
                        stream.write_all(good(body).as_bytes()).await.unwrap();
                        if index == 0 {
                            heard.notified().await;
                            stream.write_all(late.as_bytes()).await.unwrap();
                            stream.flush().await.unwrap();
                            said.notify_one();
                        }
                    }
                })
            },
            |_| {},
        )
        .await;
        assert_eq!(rig.send(&LICENSE.request()).await.text(), "fine");
        go.notify_one();
        within("the late answer", gone.notified()).await;
        let two = rig.send(&LICENSE.request()).await;
        assert_eq!((two.status, two.text().as_str()), (200, "right"), "{late:?}");
        rig.finish().await;
    }
}

/// The largest request that may leave, as good as any.
fn large() -> Request {
    let mut body = METRICS.json();
    // The same records again and again, until no socket's buffer can hold them.
    fn grow(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Array(items) => items.iter_mut().for_each(grow),
            serde_json::Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        serde_json::Value::Array(items) if name == "dataPoints" => {
                            let item = items[0].clone();
                            items.extend(std::iter::repeat_n(item, 11_000));
                        }
                        other => grow(other),
                    }
                }
            }
            _ => {}
        }
    }
    grow(&mut body);
    METRICS.with_body(&body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_an_answer_to_half_a_request_is_recorded_as_partial_and_the_rest_stays() {
    let go = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&go);
    let arrived = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&arrived);
    let (rig, mut hostile) = before(
        move |_, mut stream| {
            let (held, counted) = (Arc::clone(&held), Arc::clone(&counted));
            Box::pin(async move {
                stream.read_exact(&mut [0; 10]).await.unwrap();
                stream.write_all(good("early").as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                held.acquire().await.unwrap().forget();
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                    counted.fetch_add(n, Ordering::Relaxed);
                }
            })
        },
        short,
    )
    .await;
    let request = large();
    let response = rig.send(&request).await;
    assert_eq!((response.status, response.text().as_str()), (200, "early"));
    go.add_permits(1);
    within("the connection to end", hostile.count.wait_for(|c| c.1 == 1)).await.unwrap();
    let (arrived, whole) = (arrived.load(Ordering::Relaxed), request.body.len());
    assert!(arrived < whole, "after its answer a request went on leaving: {arrived} of {whole} bytes");
    assert_eq!(result(rig.finish().await.audit.outcomes()[0]), "partial");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_a_vendor_that_reads_nothing_costs_no_connection_after_its_time() {
    let (rig, hostile) = before(
        |_, mut stream| {
            Box::pin(async move {
                stream.read_exact(&mut [0; 10]).await.unwrap();
                std::future::pending::<()>().await;
            })
        },
        short,
    )
    .await;
    let response = rig.send(&large()).await;
    response.assert_refused(504, "upstream_timeout", "a vendor that reads nothing");
    within("the gate to let go of the connection", async {
        while established_to(hostile.address.port()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(result(rig.finish().await.audit.outcomes()[0]), "unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r61_what_never_ends_ends_at_its_bound() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases = [
        ("informational answers", String::new(), "HTTP/1.1 103 Early Hints\r\nLink: <canary>\r\n\r\n"),
        ("fields", "HTTP/1.1 200 OK\r\n".to_owned(), "X-Canary: canary\r\n"),
        ("one field", "HTTP/1.1 200 OK\r\nX-Canary: ".to_owned(), "canary"),
        ("a reason phrase", "HTTP/1.1 200 ".to_owned(), "canary"),
        ("empty lines", String::new(), "\r\n"),
        ("a chunk extension", format!("{CHUNKED}4;"), "canary"),
        ("chunk extensions", CHUNKED.to_owned(), "1;canarycanarycanarycanarycanarycanary\r\na\r\n"),
        ("trailers", format!("{CHUNKED}0\r\n"), "X-Canary: canary\r\n"),
        ("a chunk size", CHUNKED.to_owned(), "0"),
        ("a body", "HTTP/1.1 200 OK\r\n\r\n".to_owned(), "canary"),
        ("chunks", CHUNKED.to_owned(), "6\r\ncanary\r\n"),
    ];
    for (what, first, again) in cases {
        let again = again.repeat(16 * 1024 / again.len());
        let (rig, mut hostile) = before(
            move |_, mut stream| {
                let (first, again) = (first.clone(), again.clone());
                Box::pin(async move {
                    if read_request(&mut stream).await {
                        let _ = stream.write_all(first.as_bytes()).await;
                        while stream.write_all(again.as_bytes()).await.is_ok() {}
                    }
                })
            },
            short,
        )
        .await;
        let response = rig.send(&LICENSE.request()).await;
        assert!(matches!(response.status, 502 | 504), "{what}: {}", response.head);
        assert!(!response.text().contains("canary"), "{what}: {}", response.text());
        within(what, hostile.count.wait_for(|c| c.1 == 1)).await.unwrap();
        assert_eq!(rig.finish().await.audit.outcomes().len(), 1, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r22_a_vendor_that_hangs_before_or_in_its_tls_is_let_go() {
    // Nothing, half a record, and an alert that is only a warning.
    let sayings: [&'static [u8]; 3] = [&[], &[22, 3, 3], &[21, 3, 3, 0, 2, 1, 0]];
    for said in sayings {
        let (rig, mut hostile) = before_tcp(
            move |_, mut stream| {
                Box::pin(async move {
                    stream.write_all(said).await.unwrap();
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                })
            },
            short,
        )
        .await;
        rig.send(&LICENSE.request()).await.assert_refused(504, "upstream_timeout", "a handshake that hangs");
        within("the connection to end", hostile.count.wait_for(|c| c.1 == 1)).await.unwrap();
        let done = rig.finish().await;
        assert!(done.audit.intents().is_empty());
        assert_eq!(done.audit.denials("upstream_timeout"), 1);
    }
}

/// How a vendor ends a connection that was kept.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Reset,
    Properly,
    WithoutCloseNotify,
}

impl Ending {
    async fn of(self, mut stream: TlsStream<TcpStream>) {
        match self {
            Self::Reset => stream.get_ref().0.set_zero_linger().unwrap(),
            Self::Properly => stream.shutdown().await.unwrap(),
            Self::WithoutCloseNotify => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r23_a_kept_connection_that_ends_fails_no_request_and_another_attempt_is_another_intent() {
    const REQUESTS: usize = 30;
    for ending in [Ending::Reset, Ending::Properly, Ending::WithoutCloseNotify] {
        let (end, ended) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let (heard, said) = (Arc::clone(&end), Arc::clone(&ended));
        let (rig, _hostile) = before(
            move |_, mut stream| {
                let (heard, said) = (Arc::clone(&heard), Arc::clone(&said));
                Box::pin(async move {
                    if read_request(&mut stream).await {
                        stream.write_all(good("fine").as_bytes()).await.unwrap();
                        heard.acquire().await.unwrap().forget();
                        ending.of(stream).await;
                        said.add_permits(1);
                    }
                })
            },
            |_| {},
        )
        .await;
        let mut tunnel = rig.client.open(LICENSE.host).await;
        for _ in 0..REQUESTS {
            let response = tunnel.exchange(&LICENSE.request()).await;
            assert_eq!((response.status, response.text().as_str()), (200, "fine"), "{ending:?}");
            end.add_permits(1);
            within("the connection to end", ended.acquire()).await.unwrap().forget();
        }
        drop(tunnel);
        let audit = rig.finish().await.audit;
        // Whether the end is seen before an intent is written is a matter of microseconds; where it was not,
        // the intent says that nothing left, and the next one with the same id says what did.
        let outcomes = audit.outcomes();
        let unsent: Vec<_> = outcomes.iter().filter(|o| result(o) == "not_sent").collect();
        let complete: Vec<_> = outcomes.iter().filter(|o| result(o) == "complete").collect();
        assert_eq!((complete.len(), outcomes.len()), (REQUESTS, REQUESTS + unsent.len()), "{ending:?}");
        assert_eq!(audit.intents().len(), outcomes.len(), "{ending:?}");
        for first in unsent {
            assert!(complete.iter().any(|o| o["id"] == first["id"]), "{first}");
        }
    }
}

/// Whether this machine has a connection to a port of its own that nobody has ended.
fn established_to(port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let remote = format!(":{port:04X}");
    table.lines().skip(1).any(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        columns[2].ends_with(&remote) && columns[3] == "01"
    })
}
