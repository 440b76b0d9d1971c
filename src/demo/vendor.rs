//! A stand-in for the vendor's hosts: answers as the published pages say, and remembers what arrived.

use super::Failure;
use crate::authority::Authority;
use crate::destination::Host;
use crate::http1::connection::{Arrival, Patience};
use crate::http1::{Connection, Head};
use crate::respond::Answer;
use bytes::Bytes;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::LazyConfigAcceptor;

/// The largest body that it reads.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// The stand-in, listening.
#[derive(Debug)]
pub struct Vendor {
    address: SocketAddr,
    requests: mpsc::UnboundedReceiver<Arrived>,
}

/// A request as it arrived.
#[derive(Debug)]
pub struct Arrived {
    /// Host, from the SNI.
    pub host: Host,
    /// The head, as parsed.
    pub head: Head,
    /// The content.
    pub body: Bytes,
}

impl Vendor {
    /// Starts it with certificates of `authority`.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start(authority: Authority, listen: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        let (arrived, requests) = mpsc::unbounded_channel();
        let authority = Arc::new(authority);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (authority, arrived) = (Arc::clone(&authority), arrived.clone());
                tokio::spawn(async move {
                    // A connection that fails shows as a missing request.
                    let _ = serve(stream, &authority, &arrived).await;
                });
            }
        });
        Ok(Self { address, requests })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request that arrived since the last call.
    pub fn arrived(&mut self) -> Option<Arrived> {
        self.requests.try_recv().ok()
    }

    /// The next request that arrives.
    pub async fn next(&mut self) -> Option<Arrived> {
        self.requests.recv().await
    }
}

async fn serve(
    stream: TcpStream,
    authority: &Authority,
    arrived: &mpsc::UnboundedSender<Arrived>,
) -> Result<(), Failure> {
    let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
    let host = Host::parse(start.client_hello().server_name().unwrap_or_default().as_bytes())?;
    let stream = start.into_stream(authority.server_config(&host)?).await?;
    let patience = Duration::from_secs(60);
    let mut connection = Connection::new(stream, Patience { idle: patience, head: patience, body: patience });
    while let Ok(Arrival::Head(head)) = connection.head().await {
        let Ok(body) = connection.body(&head, MAX_BODY).await else { break };
        let answer = answer(&head.target);
        arrived.send(Arrived { host: host.clone(), head, body: body.content })?;
        connection.answer(&answer).await?;
    }
    Ok(())
}

/// The documented answers.
fn answer(path: &str) -> Answer {
    let (status, body) = match path {
        "/v1/beacon/verify" => (200, r#"{"token":"a-short-lived-token"}"#),
        "/auth" => (200, r#"{"org_config":{"org_id":"c5b5f53a-4716-4326-8967-d4f7f7799735"}}"#),
        "/v1/metadata/submit" => (204, ""),
        "/v1/beacon/ingest-traces" => (200, r#"{"inserted_count":1}"#),
        _ => (200, "{}"),
    };
    let fields = vec![("content-type", "application/json".to_owned())];
    Answer { status, fields, body: Bytes::from_static(body.as_bytes()), close: false }
}
