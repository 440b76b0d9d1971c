//! Found by attacking: what a client can do inside its tunnel, in TLS and in HTTP.

use crate::support::client_hello::ClientHello;
use crate::support::deadline::within;
use crate::support::documented::LICENSE;
use crate::support::request::{BEACON, Request, SMITH};
use crate::support::rig::Rig;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Writes these bytes into a fresh tunnel and waits for its end.
async fn into_tunnel(rig: &Rig, what: &str, bytes: &[u8]) {
    let mut stream = rig.client.tunnel(BEACON).await;
    // The gate may have ended it before all is written.
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let _ = within(what, stream.read_to_end(&mut Vec::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r08_a_client_that_breaks_off_over_the_wrong_name_is_recorded_as_misdirected() {
    let rig = Rig::start().await;
    // An ordinary client checks the certificate against its own SNI, and alerts.
    assert!(rig.client.open_with(BEACON, SMITH, |_| {}).await.is_err());
    // A trailing dot is another name, an address is none, and a wildcard matches nothing.
    for name in ["beacon.langchain.com.", "x.beacon.langchain.com", "beacon_.langchain.com", "::1"] {
        into_tunnel(&rig, name, &ClientHello::new(name).bytes()).await;
    }
    rig.assert_nothing_left("a misdirected tunnel");
    let done = rig.finish().await;
    assert_eq!(done.audit.denials("misdirected"), 5);
    assert_eq!(done.audit.all_denials(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r09_handshakes_that_are_none_end_the_tunnel_with_a_record_each() {
    let hello = ClientHello::new(BEACON).bytes();
    let named = |name: &str| ClientHello::new(name).bytes();
    let ccs = [20, 3, 3, 0, 1, 1];
    let warning = [21, 3, 1, 0, 2, 1, 90];
    let cases = [
        ("two hellos", [&hello[..], &hello].concat()),
        ("plain HTTP after the hello", [hello.clone(), LICENSE.request().bytes()].concat()),
        ("application data after the hello", [&hello[..], &[23, 3, 3, 0, 5, 1, 2, 3, 4, 5]].concat()),
        ("a flood of change_cipher_spec", [hello.clone(), ccs.repeat(1000)].concat()),
        ("a flood of warnings", [warning.repeat(1000), hello.clone()].concat()),
        ("a NUL in the name", named("beacon.langchain.com\0.evil.tld")),
        ("an empty name", named("")),
        ("a wildcard", named("*.langchain.com")),
        ("a record that is too large", [vec![22, 3, 1, 0xff, 0xff], vec![1; 70_000]].concat()),
    ];
    for (what, bytes) in cases {
        let rig = Rig::start().await;
        into_tunnel(&rig, what, &bytes).await;
        assert!(rig.upstream.connections().is_empty(), "{what}");
        let done = rig.finish().await;
        assert_eq!((done.audit.denials("client_tls"), done.audit.all_denials()), (1, 1), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r09_what_is_no_tls_any_more_ends_a_tunnel_that_was() {
    let record = [23, 3, 3, 0, 30];
    for junk in
        [&LICENSE.request().bytes()[..], &[21, 3, 3, 0, 2, 2, 40], &[22, 3, 3, 0, 4, 0, 0, 0, 0], &record]
    {
        let rig = Rig::start().await;
        let mut tunnel = rig.client.open(BEACON).await;
        let (head, body) = (LICENSE.request().bytes(), LICENSE.body().len());
        tunnel.write(&head[..head.len() - body]).await;
        let tcp = tunnel.stream.get_mut().0;
        tcp.write_all(junk).await.unwrap();
        tcp.shutdown().await.unwrap();
        let _ = within("the gate to end the tunnel", tcp.read_to_end(&mut Vec::new())).await;
        rig.assert_nothing_left("a request whose body was no TLS");
        // As `client_tls` or as half a request, by what was read together: one record either way.
        assert_eq!(rig.finish().await.audit.all_denials(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r32_a_refusal_between_pipelined_requests_shifts_no_answer() {
    let rig = Rig::start().await;
    let good = LICENSE.request().bytes();
    let path = Request::post(BEACON, "/nope").header("Content-Length", "0").bytes();
    let body = LICENSE.with_body(&serde_json::json!([1])).bytes();
    let unread = Request::post(BEACON, "/nope").header("Content-Length", "9999").bytes();
    let order =
        [(&good, 200), (&path, 403), (&good, 200), (&body, 403), (&path, 403), (&good, 200), (&unread, 403)];
    let mut all: Vec<u8> = order.iter().flat_map(|(bytes, _)| (*bytes).clone()).collect();
    // After a body that was not read nothing is a request any more, however it looks.
    all.extend_from_slice(&good);
    let mut tunnel = rig.client.open(BEACON).await;
    tunnel.write(&all).await;
    for (at, (_, status)) in order.iter().enumerate() {
        assert_eq!(tunnel.read().await.unwrap().status, *status, "answer {at}");
    }
    tunnel.assert_closed().await;
    drop(tunnel);
    let done = rig.finish().await;
    assert_eq!((done.upstream.requests().len(), done.audit.all_denials()), (3, 4));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r33_a_client_that_reads_no_answer_is_not_read_on_and_holds_up_nobody() {
    let rig = Rig::start_with(|s| s.limits.body = Duration::from_secs(1)).await;
    let refused = Request::post(BEACON, "/nope").header("Content-Length", "0").bytes();
    let mut deaf = rig.client.open(BEACON).await;
    let written = async {
        // 50,000 answers: far more than the sockets between the two can hold.
        for _ in 0..500 {
            if deaf.stream.write_all(&refused.repeat(100)).await.is_err() {
                return;
            }
        }
    };
    let other = async { assert_eq!(rig.send(&LICENSE.request()).await.status, 200) };
    within("the deaf client to be let go", async { tokio::join!(written, other) }).await;
    drop(deaf);
    assert!(rig.finish().await.audit.all_denials() < 50_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r33_what_comes_byte_by_byte_has_the_time_of_the_whole() {
    let rig = Rig::start_with(|s| {
        s.limits.head = Duration::from_secs(1);
        s.limits.body = Duration::from_secs(1);
        s.limits.handshake = Duration::from_secs(1);
    })
    .await;
    let counted = LICENSE.request();
    let chunked = LICENSE.request().chunked(&[]);
    let in_body = |r: &Request| r.bytes().len() - r.body.len();
    for (what, request, first) in [
        ("head", &counted, 1),
        ("body", &counted, in_body(&counted)),
        ("chunks", &chunked, in_body(&chunked)),
    ] {
        let bytes = request.bytes();
        let mut tunnel = rig.client.open(BEACON).await;
        tunnel.write(&bytes[..first]).await;
        for byte in bytes[first..bytes.len() - 1].iter() {
            tunnel.write(&[*byte]).await;
        }
        let response = tunnel.read().await.unwrap();
        response.assert_refused(408, "request_timeout", what);
        tunnel.assert_closed().await;
    }
    let response = rig.client.raw(b"CONNECT").await.unwrap();
    response.assert_refused(408, "request_timeout", "CONNECT");
    let mut half = rig.client.tunnel(BEACON).await;
    half.write_all(&[22, 3, 1]).await.unwrap();
    let _ = within("half a handshake to be ended", half.read_to_end(&mut Vec::new())).await;
    rig.assert_nothing_left("half a request");
    let audit = rig.finish().await.audit;
    assert_eq!((audit.denials("request_timeout"), audit.denials("client_tls")), (4, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_request_to_the_proxy_is_recorded_with_the_method_that_it_had() {
    let rig = Rig::start().await;
    rig.client.raw(b"GET http://evil.tld/ HTTP/1.1\r\nHost: evil.tld\r\n\r\n").await.unwrap();
    rig.client.raw(b"POST / HTTP/1.1\r\nHost: evil.tld\r\n\r\n").await.unwrap();
    rig.client.raw(b"CANARY / HTTP/1.1\r\nHost: evil.tld\r\n\r\n").await.unwrap();
    rig.client.raw(b"CONNECT evil.tld:443 HTTP/1.1\r\nHost: evil.tld:443\r\n\r\n").await.unwrap();
    rig.client.raw(b"\r\n\r\n").await.unwrap();
    let audit = rig.finish().await.audit;
    let methods: Vec<_> = audit.denied().iter().map(|d| d["request"]["method"].as_str()).collect();
    assert_eq!(methods, [Some("GET"), Some("POST"), None, Some("CONNECT"), None]);
}
