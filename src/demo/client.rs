//! A client of the gate that trusts its CA and nothing else.

use super::Failure;
use super::requests::DemoRequest;
use crate::authority::Authority;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Sends each request through a tunnel of its own.
pub struct Client {
    proxy: SocketAddr,
    tls: TlsConnector,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.proxy)
    }
}

impl Client {
    /// A client of the gate at `proxy`.
    ///
    /// # Errors
    /// The CA cannot be read.
    pub fn new(proxy: SocketAddr, gate: &Authority) -> Result<Self, Failure> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(gate.ca_pem().as_bytes()).map_err(|e| e.to_string())?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { proxy, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Sends one request; the answer's status and body.
    ///
    /// # Errors
    /// The gate did not answer in HTTP.
    pub async fn send(&self, request: &DemoRequest) -> Result<(u16, String), Failure> {
        let stream = self.tunnel(request.host).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let mut outgoing = http::Request::builder()
            .method("POST")
            .uri(request.path)
            .header("host", request.host)
            .header("content-type", "application/json");
        for (name, value) in &request.headers {
            outgoing = outgoing.header(*name, *value);
        }
        let response = sender.send_request(outgoing.body(Full::new(request.body.clone().into()))?).await?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }

    async fn tunnel(&self, host: &'static str) -> Result<TlsStream<TcpStream>, Failure> {
        let mut tcp = TcpStream::connect(self.proxy).await?;
        tcp.write_all(format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n").as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await?);
        }
        if !head.starts_with(b"HTTP/1.1 200") {
            return Err("the gate did not open a tunnel".into());
        }
        Ok(self.tls.connect(ServerName::try_from(host)?, tcp).await?)
    }
}
