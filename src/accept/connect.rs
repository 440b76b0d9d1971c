//! The CONNECT: which host a client wants, and whether there is anything for it there.

use super::Plain;
use crate::destination::{self, Host};
use crate::exchange::{TunnelFacts, Turn};
use crate::gate::Core;
use crate::http1::connection::{Arrival, Patience};
use crate::http1::{Connection, Head};
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::respond::Answer;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// A CONNECT that was answered with 200.
#[derive(Debug)]
pub struct Opened {
    /// The stream, of which nothing has been read yet.
    pub stream: TcpStream,
    /// The client.
    pub source: SocketAddr,
    /// The host, one of the policy's.
    pub host: Host,
}

/// Reads one CONNECT and answers it. `None` when the connection is over.
pub async fn open(core: &Arc<Core>, tcp: TcpStream, source: SocketAddr) -> Option<Opened> {
    // Who connects to a proxy has a CONNECT to send: a silent connection is not given the time of a tunnel.
    let patience = Patience { idle: core.patience.head, ..core.patience };
    let mut connection = Connection::new(tcp, patience);
    if !matches!(connection.ready().await, Ok(true)) {
        return None;
    }
    let mut facts = TunnelFacts { source, host: None, tls: None };
    let mut method = String::new();
    match wanted(core, &mut connection, &mut facts, &mut method).await {
        Ok(None) => None,
        Ok(Some(host)) => {
            let mut stream = connection.into_inner();
            stream.write_all(Answer::established()).await.ok()?;
            Some(Opened { stream, source, host })
        }
        Err(refusal) => {
            let answer = Turn::begin(core, &facts).at(&method, None).refuse(refusal, true);
            let _ = connection.answer(&answer).await;
            connection.end().await;
            None
        }
    }
}

async fn wanted(
    core: &Core,
    connection: &mut Plain,
    facts: &mut TunnelFacts,
    method: &mut String,
) -> Result<Option<Host>, Refusal> {
    let Arrival::Head(head) = connection.head().await? else { return Ok(None) };
    method.clone_from(&head.method);
    let host = authority(&head)?;
    facts.host = Some(host.clone());
    allowed(&head, &host, &core.policy)?;
    if connection.holds_more() {
        return Err(Refusal::new(
            Code::MalformedRequest,
            "the client sent more before its CONNECT was answered",
        ));
    }
    Ok(Some(host))
}

/// The host that a request to the proxy itself names.
fn authority(head: &Head) -> Result<Host, Refusal> {
    if head.method == "CONNECT" {
        return destination::connect_authority(head.target.as_bytes());
    }
    let scheme = head.target.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    Err(match scheme.as_deref() {
        Some("http") => Refusal::new(
            Code::PlainHttpNotAllowed,
            "the request asks for an http:// URL; only HTTPS through CONNECT leaves",
        ),
        Some(_) => Refusal::new(
            Code::NotAProxyRequest,
            "the request names a URL in its request line; an HTTPS proxy is asked with CONNECT host:443",
        ),
        None => Refusal::new(Code::NotAProxyRequest, "the request is not a CONNECT"),
    })
}

fn allowed(head: &Head, host: &Host, policy: &Policy) -> Result<(), Refusal> {
    if head.values("content-length").chain(head.values("transfer-encoding")).next().is_some() {
        return Err(Refusal::new(Code::MalformedRequest, "a CONNECT has no body (RFC 9110 §9.3.6)"));
    }
    let mut hosts = head.values("host");
    match (hosts.next(), hosts.next()) {
        // HTTP/1.0 clients send none (requests, urllib).
        (None, _) if head.is_http_1_0 => {}
        (Some(value), None) if destination::host_field(value)? == *host => {}
        (Some(_), None) => {
            return Err(Refusal::new(Code::Misdirected, "the Host field of the CONNECT names another host"));
        }
        _ => return Err(Refusal::new(Code::MalformedHost, "the CONNECT needs exactly one Host field")),
    }
    if !policy.allows_host(host) {
        return Err(Refusal::new(
            Code::DestinationNotAllowed,
            format!("the policy `{}` lists no endpoint on this host", policy.name()),
        ));
    }
    Ok(())
}
