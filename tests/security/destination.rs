//! R01–R06, R11, R12: the destination is one of the policy's, under its one name, on its one port.

use crate::support::answer::Answer;
use crate::support::documented::LICENSE;
use crate::support::request::BEACON;
use crate::support::response::Response;
use crate::support::rig::Rig;

/// Sends each authority in a CONNECT and asserts what it is refused with; the log must say the same.
async fn assert_authorities_refused(cases: &[(&str, u16, &str)]) {
    assert!(!cases.is_empty());
    let rig = Rig::start().await;
    for (authority, status, code) in cases {
        let bytes = format!("CONNECT {authority} HTTP/1.1\r\nHost: {BEACON}:443\r\n\r\n");
        let response = rig.client.raw(bytes.as_bytes()).await.unwrap();
        response.assert_refused(*status, code, authority);
        let old = format!("CONNECT {authority} HTTP/1.0\r\n\r\n");
        rig.client.raw(old.as_bytes()).await.unwrap().assert_refused(*status, code, authority);
    }
    assert!(rig.upstream.connections().is_empty(), "no connection was even opened");
    let done = rig.finish().await;
    for code in cases.iter().map(|c| c.2) {
        let expected = cases.iter().filter(|c| c.2 == code).count() * 2;
        assert_eq!(done.audit.denials(code), expected as u64, "{code}");
    }
    assert!(done.audit.intents().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r01_lookalikes_of_an_allowed_host_are_refused() {
    const NOT: (u16, &str) = (403, "destination_not_allowed");
    let hosts = [
        "beacon.langchain.com.evil.tld",
        "evilbeacon.langchain.com",
        "x.beacon.langchain.com",
        "beacon.langchain.co",
        "beacon.langchain.comm",
        "beacon-langchain.com",
        "langchain.com",
        "beacon.aws.langchain.com",
        "smith.langchain.com",
        "us.api.smith.langchain.com",
    ];
    let authorities: Vec<String> = hosts.iter().map(|h| format!("{h}:443")).collect();
    let rig = Rig::start().await;
    for authority in &authorities {
        let (response, _) = rig.client.connect(authority).await;
        response.assert_refused(NOT.0, NOT.1, authority);
    }
    assert!(rig.upstream.connections().is_empty());
    assert_eq!(rig.finish().await.audit.denials(NOT.1), authorities.len() as u64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r02_case_is_folded_once_and_dots_are_not() {
    let rig = Rig::start().await;
    let stream = rig.client.tunnel("BEACON.LangChain.Com").await;
    let mut tunnel = rig.client.handshake(stream, BEACON, |_| {}).await.unwrap();
    let request = LICENSE.request().without("Host").header("Host", "Beacon.langchain.COM");
    let response = tunnel.exchange(&request).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(rig.upstream.requests()[0].header("host"), Some(BEACON), "the policy's spelling leaves");
    rig.finish().await;

    assert_authorities_refused(&[
        ("beacon.langchain.com.:443", 400, "malformed_authority"),
        ("beacon.langchain.com..:443", 400, "malformed_authority"),
        ("beacon..langchain.com:443", 400, "malformed_authority"),
        (".beacon.langchain.com:443", 400, "malformed_authority"),
        (":443", 400, "malformed_authority"),
        (".:443", 400, "malformed_authority"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r03_an_authority_outside_the_grammar_is_refused() {
    assert_authorities_refused(&[
        ("[beacon.langchain.com]:443", 400, "malformed_authority"),
        ("[[beacon.langchain.com]]:443", 400, "malformed_authority"),
        ("user@beacon.langchain.com:443", 400, "malformed_authority"),
        ("user:pass@beacon.langchain.com:443", 400, "malformed_authority"),
        ("%62eacon.langchain.com:443", 400, "malformed_authority"),
        ("beacon.langchain.com%00:443", 400, "malformed_authority"),
        ("beacon.langchain.com\\:443", 400, "malformed_authority"),
        ("beacon.langchain.com#:443", 400, "malformed_authority"),
        ("beacon.langchain.com?:443", 400, "malformed_authority"),
        ("beacon.langchain.com/:443", 400, "malformed_authority"),
        ("https://beacon.langchain.com:443", 400, "malformed_authority"),
        ("beacon.langchain.com,evil.tld:443", 400, "malformed_authority"),
        ("beacon_langchain.com:443", 400, "malformed_authority"),
        ("*.langchain.com:443", 400, "malformed_authority"),
        ("beacon.langchain.com\0:443", 400, "malformed_request"),
        ("beacon.langchain.com\r:443", 400, "malformed_request"),
        ("beacon.langchain.com\n:443", 400, "malformed_request"),
        ("beacon.langchain.com evil.tld:443", 400, "malformed_request"),
        ("beacon.langchain.com\t:443", 400, "malformed_request"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r04_nothing_that_idna_could_map_is_a_host() {
    assert_authorities_refused(&[
        ("xn--beacon-.langchain.com:443", 400, "malformed_authority"),
        ("beacon.langchain.com.xn--:443", 400, "malformed_authority"),
        ("XN--beacon-.langchain.com:443", 400, "malformed_authority"),
        ("xn--bacon-jua.langchain.com:443", 400, "malformed_authority"),
        ("beacon\u{3002}langchain.com:443", 400, "malformed_request"),
        ("\u{ff42}eacon.langchain.com:443", 400, "malformed_request"),
        ("bea\u{200d}con.langchain.com:443", 400, "malformed_request"),
        ("beacon.langchain.c\u{43e}m:443", 400, "malformed_request"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r05_an_address_in_any_spelling_is_refused() {
    let addresses = [
        "127.0.0.1",
        "1.2.3.4",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1%25eth0]",
        "[64:ff9b::7f00:1]",
        "[::]",
        "0x7f.1",
        "1.2.3.4.",
        "127.0.0.0x1",
    ];
    let cases: Vec<String> = addresses.iter().map(|a| format!("{a}:443")).collect();
    let cases: Vec<_> = cases.iter().map(|c| (c.as_str(), 403, "destination_not_allowed")).collect();
    assert_authorities_refused(&cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r06_only_port_443_in_its_plain_decimal_spelling() {
    assert_authorities_refused(&[
        ("beacon.langchain.com", 400, "malformed_authority"),
        ("beacon.langchain.com:", 400, "malformed_authority"),
        ("beacon.langchain.com:0443", 400, "malformed_authority"),
        ("beacon.langchain.com:443:443", 400, "malformed_authority"),
        ("beacon.langchain.com:65979", 400, "malformed_authority"),
        ("beacon.langchain.com:-1", 400, "malformed_authority"),
        ("beacon.langchain.com:+443", 400, "malformed_authority"),
        ("beacon.langchain.com:https", 400, "malformed_authority"),
        ("beacon.langchain.com:4_43", 400, "malformed_authority"),
        ("beacon.langchain.com:0x1bb", 400, "malformed_authority"),
        ("beacon.langchain.com:80", 403, "port_not_allowed"),
        ("beacon.langchain.com:8443", 403, "port_not_allowed"),
        ("beacon.langchain.com:0", 403, "port_not_allowed"),
        ("beacon.langchain.com:22", 403, "port_not_allowed"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r11_a_path_is_the_policys_byte_for_byte() {
    let rig = Rig::start().await;
    let paths = [
        "/",
        "//v1/beacon/verify",
        "/v1//beacon/verify",
        "/v1/./beacon/verify",
        "/v1/x/../beacon/verify",
        "/v1/beacon/verify/",
        "/v1/beacon/verify/..",
        "/v1/beacon/%76erify",
        "/v1%2fbeacon/verify",
        "/v1/beacon%2Fverify",
        "/%2e%2e/v1/beacon/verify",
        "/v1/beacon/verify;x=1",
        "/V1/beacon/verify",
        "/v1/beacon/VERIFY",
        "/v1/beacon/verify%00",
        "/v1/beacon/verify%20",
        "/v1\\beacon\\verify",
        "/v1/beacon/verify.json",
        "/v1/beacon",
        "/intelligence",
        "/v1/beacon/v1/logs",
        "/runs",
        "/runs/multipart",
        "/auth",
        "/info",
    ];
    for path in paths {
        rig.send(&LICENSE.request().target(path)).await.assert_refused(403, "path_not_allowed", path);
    }
    for target in [
        "http://beacon.langchain.com/v1/beacon/verify",
        "https://evil.tld/v1/beacon/verify",
        "*",
        "/v1/beacon/verify#x",
    ] {
        let mut tunnel = rig.client.open(BEACON).await;
        tunnel.exchange(&LICENSE.request().target(target)).await.assert_refused(
            400,
            "malformed_request",
            target,
        );
        tunnel.assert_closed().await;
    }
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "TRACE", "post", "PATCH", "PROPFIND"] {
        let response = rig.send(&LICENSE.request().method(method)).await;
        response.assert_refused(405, "method_not_allowed", method);
        assert_eq!(response.header("allow"), Some("POST"));
    }
    rig.assert_nothing_left("a path that is not listed");
    let done = rig.finish().await;
    assert_eq!(done.audit.denials("path_not_allowed"), paths.len() as u64);
    assert_eq!(done.audit.denials("method_not_allowed"), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r12_a_redirect_is_not_followed_and_steers_nobody() {
    let rig = Rig::start().await;
    rig.upstream.answer_with(|_| {
        Answer::status(307)
            .header("Location", "https://evil.tld/canary")
            .header("Alt-Svc", "h3=\"evil.tld:443\"")
            .header("Refresh", "0; url=https://evil.tld/")
            .header("Strict-Transport-Security", "max-age=1")
            .header("Link", "<https://evil.tld/>; rel=preconnect")
    });
    let response = rig.send(&LICENSE.request()).await;
    assert_eq!(response.status, 307);
    assert!(!response.head.contains("evil"), "{}", response.head);
    let done = rig.finish().await;
    assert_eq!(done.upstream.requests().len(), 1, "followed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r12_a_gate_that_is_its_own_upstream_does_not_loop() {
    // The port is the system's choice, on an address that no other test uses; it is free again for the gate.
    let listener = std::net::TcpListener::bind("127.0.0.77:0").unwrap();
    let own = listener.local_addr().unwrap();
    drop(listener);
    let rig = Rig::start_with(|s| {
        s.listen = own;
        s.connect_to = vec![format!("{BEACON}:443:{own}").parse().unwrap()];
    })
    .await;
    let response: Response = rig.send(&LICENSE.request()).await;
    response.assert_refused(502, "upstream_address_not_allowed", "a loop");
    assert!(response.text().contains("where the gate itself listens: a proxy loop"), "{}", response.text());
    let done = rig.finish().await;
    assert!(done.audit.intents().is_empty());
    // It is seen before a connection is made, so the gate never becomes its own client.
    assert_eq!(done.audit.all_denials(), 1, "{:?}", done.audit.denied());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http_and_requests_to_the_proxy_itself_are_refused_with_the_reason() {
    let rig = Rig::start().await;
    let cases = [
        (
            "POST http://beacon.langchain.com/v1/beacon/verify HTTP/1.1\r\nHost: beacon.langchain.com\r\n\r\n",
            403,
            "plain_http_not_allowed",
        ),
        (
            "GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n",
            403,
            "plain_http_not_allowed",
        ),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:3128\r\n\r\n", 400, "not_a_proxy_request"),
        (
            "POST https://beacon.langchain.com/v1/beacon/verify HTTP/1.1\r\nHost: beacon.langchain.com\r\n\r\n",
            400,
            "not_a_proxy_request",
        ),
    ];
    for (bytes, status, code) in cases {
        rig.client.raw(bytes.as_bytes()).await.unwrap().assert_refused(status, code, bytes);
    }
    rig.assert_nothing_left("plain HTTP");
    assert_eq!(rig.finish().await.audit.all_denials(), 4);
}
