//! A client that can send anything: TCP to the gate, CONNECT, TLS, bytes.

use super::certificates::provider;
use super::deadline::within;
use super::request::Request;
use super::response::Response;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Where the gate is, and the CA that its clients trust.
#[derive(Clone)]
pub struct Client {
    pub gate: SocketAddr,
    roots: Arc<RootCertStore>,
}

impl Client {
    /// Trusts the CA in `ca` and nothing else.
    pub fn new(gate: SocketAddr, ca: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
        Self { gate, roots: Arc::new(roots) }
    }

    pub async fn tcp(&self) -> TcpStream {
        let stream = within("the gate to accept", TcpStream::connect(self.gate)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Writes bytes to the proxy port and reads one response. `Err` holds what came instead of one.
    pub async fn raw(&self, bytes: &[u8]) -> Result<Response, Vec<u8>> {
        let mut stream = self.tcp().await;
        stream.write_all(bytes).await.unwrap();
        within("an answer on the proxy port", Response::read(&mut stream)).await
    }

    /// CONNECT with this authority; the response and the stream behind it.
    pub async fn connect(&self, authority: &str) -> (Response, TcpStream) {
        let mut stream = self.tcp().await;
        let request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let response = within("the answer to CONNECT", read_connect(&mut stream)).await;
        (response, stream)
    }

    /// A tunnel to `host:443` that stands, before TLS.
    pub async fn tunnel(&self, host: &str) -> TcpStream {
        let (response, stream) = self.connect(&format!("{host}:443")).await;
        assert_eq!(response.status, 200, "{}", response.text());
        stream
    }

    /// TLS in a tunnel to `host`.
    pub async fn open(&self, host: &str) -> Tunnel {
        self.open_with(host, host, |_| {}).await.expect("a handshake with the gate")
    }

    /// TLS in a tunnel to `host`, with this name in the ClientHello and a changed configuration.
    pub async fn open_with(
        &self,
        host: &str,
        name: &str,
        change: impl FnOnce(&mut ClientConfig),
    ) -> std::io::Result<Tunnel> {
        let stream = self.tunnel(host).await;
        self.handshake(stream, name, change).await
    }

    /// TLS in a tunnel to `host`, in these versions only.
    pub async fn open_versions(
        &self,
        host: &str,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Tunnel {
        let config = self.config(versions);
        let stream = self.tunnel(host).await;
        tls(config, stream, host).await.expect("a handshake with the gate")
    }

    /// TLS over a stream that stands.
    pub async fn handshake(
        &self,
        stream: TcpStream,
        name: &str,
        change: impl FnOnce(&mut ClientConfig),
    ) -> std::io::Result<Tunnel> {
        let mut config = self.config(rustls::ALL_VERSIONS);
        change(&mut config);
        tls(config, stream, name).await
    }

    fn config(&self, versions: &[&'static rustls::SupportedProtocolVersion]) -> ClientConfig {
        ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_no_client_auth()
    }

    /// Sends one request in a tunnel of its own.
    pub async fn send(&self, request: &Request) -> Response {
        self.open(&request.host).await.exchange(request).await
    }
}

async fn tls(config: ClientConfig, stream: TcpStream, name: &str) -> std::io::Result<Tunnel> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = within("a handshake with the gate", connector.connect(name, stream)).await?;
    Ok(Tunnel { stream, pending: Vec::new() })
}

/// A client that takes any certificate, to see what the gate shows for a name that it should not show.
#[derive(Debug)]
pub struct TrustsAnything;

impl ServerCertVerifier for TrustsAnything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Reads the answer to a CONNECT: a 200 has no body, whatever follows is the tunnel's.
async fn read_connect(stream: &mut TcpStream) -> Response {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.unwrap_or_else(|e| panic!("{e} after {head:?}"));
        head.push(byte);
        if head.ends_with(b"\r\n\r\n") && !head.starts_with(b"HTTP/1.1 200 ") {
            let mut whole = head.as_slice().chain(stream);
            return Response::read(&mut whole).await.expect("a whole refusal");
        }
    }
    Response::read(&mut head.as_slice()).await.expect("a whole answer")
}

/// TLS to the gate, in a tunnel.
pub struct Tunnel {
    pub stream: TlsStream<TcpStream>,
    pending: Vec<u8>,
}

impl Tunnel {
    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// One whole response. `Err` holds what came instead of one.
    pub async fn read(&mut self) -> Result<Response, Vec<u8>> {
        let next = Response::read_next(&mut self.stream, &mut self.pending);
        within("an answer in the tunnel", next).await
    }

    pub async fn exchange(&mut self, request: &Request) -> Response {
        self.exchange_bytes(&request.bytes()).await
    }

    pub async fn exchange_bytes(&mut self, bytes: &[u8]) -> Response {
        self.write(bytes).await;
        self.read().await.unwrap_or_else(|got| panic!("no response: {:?}", String::from_utf8_lossy(&got)))
    }

    /// Waits for the gate to end the tunnel; fails if it says anything more.
    pub async fn assert_closed(&mut self) {
        let mut rest = std::mem::take(&mut self.pending);
        let _ = within("the gate to close the tunnel", self.stream.read_to_end(&mut rest)).await;
        assert!(rest.is_empty(), "instead of the end: {:?}", String::from_utf8_lossy(&rest));
    }

    /// The certificate that the gate showed.
    pub fn leaf(&self) -> CertificateDer<'static> {
        self.chain()[0].clone()
    }

    pub fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.stream.get_ref().1.peer_certificates().unwrap().iter().map(|c| c.clone().into_owned()).collect()
    }

    pub fn tls_version(&self) -> rustls::ProtocolVersion {
        self.stream.get_ref().1.protocol_version().unwrap()
    }
}
