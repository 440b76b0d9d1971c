//! R08–R10: a tunnel carries TLS for the host that it was opened for, and nothing else.

use crate::support::client::TrustsAnything;
use crate::support::client_hello::ClientHello;
use crate::support::deadline::within;
use crate::support::documented::LICENSE;
use crate::support::request::{BEACON, Request, SMITH};
use crate::support::rig::Rig;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r08_connect_sni_and_host_name_one_host_or_421() {
    let rig = Rig::start().await;
    // SNI is another allowed host, another host, and a host with a dot.
    for sni in [SMITH, "evil.tld", "x.beacon.langchain.com"] {
        let stream = rig.client.tunnel(BEACON).await;
        let trusting =
            |c: &mut rustls::ClientConfig| c.dangerous().set_certificate_verifier(Arc::new(TrustsAnything));
        let mut tunnel = rig.client.handshake(stream, sni, trusting).await.unwrap();
        let leaf = tunnel.leaf();
        assert!(certifies(&leaf, BEACON) && !certifies(&leaf, sni), "a certificate for the SNI {sni}");
        tunnel.exchange(&LICENSE.request()).await.assert_refused(421, "misdirected", sni);
        tunnel.assert_closed().await;
    }
    // Host is another one, with CONNECT and SNI agreeing.
    for host in [SMITH, "evil.tld", "x.beacon.langchain.com", "localhost.localdomain"] {
        let mut tunnel = rig.client.open(BEACON).await;
        let request = LICENSE.request().without("Host").header("Host", host);
        tunnel.exchange(&request).await.assert_refused(421, "misdirected", host);
        tunnel.assert_closed().await;
    }
    // The CONNECT disagrees with its own Host.
    let bytes = format!("CONNECT {BEACON}:443 HTTP/1.1\r\nHost: {SMITH}:443\r\n\r\n");
    rig.client.raw(bytes.as_bytes()).await.unwrap().assert_refused(421, "misdirected", "CONNECT");
    rig.assert_nothing_left("a misdirected request");
    assert_eq!(rig.finish().await.audit.denials("misdirected"), 8);
}

fn certifies(leaf: &[u8], host: &str) -> bool {
    leaf.windows(host.len()).any(|w| w == host.as_bytes())
}

/// Writes bytes into a fresh tunnel; everything that comes back until the gate ends it.
async fn into_tunnel(rig: &Rig, bytes: &[u8]) -> Vec<u8> {
    let mut stream = rig.client.tunnel(BEACON).await;
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = Vec::new();
    let _ = within("the gate to end the tunnel", stream.read_to_end(&mut back)).await;
    back
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r09_bytes_that_are_no_tls_end_the_tunnel_and_go_nowhere() {
    let rig = Rig::start().await;
    let not_tls: [&[u8]; 6] = [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"GET / HTTP/1.1\r\nHost: beacon.langchain.com\r\n\r\n",
        b"POST /v1/beacon/verify HTTP/1.1\r\nHost: beacon.langchain.com\r\nContent-Length: 2\r\n\r\n{}",
        b"\x00\x00\x00\x00canary",
        b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10canary-sslv2-hello-----",
        b"EHLO canary\r\n",
    ];
    for bytes in not_tls {
        let back = into_tunnel(&rig, bytes).await;
        assert!(back.is_empty() || back[0] == 21, "not an alert: {back:?}");
    }
    assert!(rig.upstream.connections().is_empty(), "nothing is connected for a tunnel without TLS");
    let done = rig.finish().await;
    assert_eq!(done.audit.denials("client_tls"), not_tls.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r09_without_exactly_one_sni_nothing_is_served() {
    let rig = Rig::start().await;
    let two = ClientHello {
        server_names: vec![BEACON.as_bytes().to_vec(), SMITH.as_bytes().to_vec()],
        ..ClientHello::new(BEACON)
    };
    let address = ClientHello::new("127.0.0.1");
    for hello in [two, address] {
        let back = into_tunnel(&rig, &hello.bytes()).await;
        assert!(back.first().is_none_or(|kind| *kind == 21 || *kind == 22), "{back:?}");
    }
    // An IP address as the name makes this client send no SNI.
    let stream = rig.client.tunnel(BEACON).await;
    let trusting =
        |c: &mut rustls::ClientConfig| c.dangerous().set_certificate_verifier(Arc::new(TrustsAnything));
    let mut tunnel = rig.client.handshake(stream, "127.0.0.1", trusting).await.unwrap();
    tunnel.exchange(&LICENSE.request()).await.assert_refused(421, "misdirected", "no SNI");
    tunnel.assert_closed().await;
    rig.assert_nothing_left("a tunnel without its SNI");
    let done = rig.finish().await;
    assert_eq!(done.audit.all_denials(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_connect_inside_a_tunnel_is_refused_and_ends_it() {
    let rig = Rig::start().await;
    for target in ["beacon.langchain.com:443", "evil.tld:443", "/v1/beacon/verify"] {
        let mut tunnel = rig.client.open(BEACON).await;
        let request = Request::new("CONNECT", BEACON, target);
        tunnel.exchange(&request).await.assert_refused(405, "method_not_allowed", target);
        tunnel.assert_closed().await;
    }
    rig.assert_nothing_left("a CONNECT in a tunnel");
    assert_eq!(rig.finish().await.audit.denials("method_not_allowed"), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_connect_with_a_body_or_with_bytes_before_its_answer_is_refused() {
    let rig = Rig::start().await;
    let start = format!("CONNECT {BEACON}:443 HTTP/1.1\r\nHost: {BEACON}:443\r\n");
    let hello = ClientHello::new(BEACON).bytes();
    let cases: [(&str, &[u8]); 6] = [
        ("Content-Length: 5\r\n\r\n", b"hello"),
        ("Content-Length: 0\r\n\r\n", b""),
        ("Transfer-Encoding: chunked\r\n\r\n", b"0\r\n\r\n"),
        ("\r\n", &hello),
        ("\r\n", b"GET / HTTP/1.1\r\n\r\n"),
        (":protocol: websocket\r\n\r\n", b""),
    ];
    for (rest, after) in cases {
        let bytes = [start.as_bytes(), rest.as_bytes(), after].concat();
        rig.client.raw(&bytes).await.unwrap().assert_refused(400, "malformed_request", rest);
    }
    assert!(rig.upstream.connections().is_empty());
    assert_eq!(rig.finish().await.audit.denials("malformed_request"), 6);
}
