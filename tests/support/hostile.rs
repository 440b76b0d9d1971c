//! A vendor of the worst kind: TLS on loopback with a good certificate, and then whatever a test writes.

use super::certificates::TestCa;
use super::rig::{HOSTS, Rig};
use beacongate::gate::Settings;
use rustls::ServerConfig;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What is done on a connection.
pub type Conduct = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The running stand-in; it stops when dropped.
pub struct Hostile {
    pub address: SocketAddr,
    /// Connections accepted, and connections whose conduct is over.
    pub count: watch::Receiver<(usize, usize)>,
    task: tokio::task::JoinHandle<()>,
}

impl Hostile {
    /// Does this on each TCP connection; the number counts from 0.
    pub fn on_tcp(conduct: impl Fn(usize, TcpStream) -> Conduct + Send + 'static) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that what is not read soon fills it.
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, count) = watch::channel((0, 0));
        let task = tokio::spawn(async move {
            let mut running = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((stream, _)) = accepted else { return };
                        stream.set_nodelay(true).unwrap();
                        running.spawn(conduct(sender.borrow().0, stream));
                        sender.send_modify(|c| c.0 += 1);
                    }
                    Some(ended) = running.join_next() => {
                        ended.unwrap();
                        sender.send_modify(|c| c.1 += 1);
                    }
                }
            }
        });
        Self { address, count, task }
    }

    /// Does this inside the TLS of each connection.
    pub fn on_tls(
        tls: Arc<ServerConfig>,
        conduct: impl Fn(usize, TlsStream<TcpStream>) -> Conduct + Send + Sync + 'static,
    ) -> Self {
        let (acceptor, conduct) = (TlsAcceptor::from(tls), Arc::new(conduct));
        Self::on_tcp(move |index, tcp| {
            let (acceptor, conduct) = (acceptor.clone(), Arc::clone(&conduct));
            Box::pin(async move {
                if let Ok(stream) = acceptor.accept(tcp).await {
                    conduct(index, stream).await;
                }
            })
        })
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A gate before a vendor that behaves like this inside its TLS.
pub async fn before(
    conduct: impl Fn(usize, TlsStream<TcpStream>) -> Conduct + Send + Sync + 'static,
    change: impl FnOnce(&mut Settings),
) -> (Rig, Hostile) {
    build(|ca| Hostile::on_tls(ca.leaf(&HOSTS).server(), conduct), change).await
}

/// A gate before a vendor that behaves like this from the first byte on.
pub async fn before_tcp(
    conduct: impl Fn(usize, TcpStream) -> Conduct + Send + 'static,
    change: impl FnOnce(&mut Settings),
) -> (Rig, Hostile) {
    build(|_| Hostile::on_tcp(conduct), change).await
}

async fn build(start: impl FnOnce(&TestCa) -> Hostile, change: impl FnOnce(&mut Settings)) -> (Rig, Hostile) {
    let hostile = std::cell::OnceCell::new();
    let rig = Rig::build(
        |ca| {
            let _ = hostile.set(start(ca));
            ca.leaf(&HOSTS).server()
        },
        |settings| {
            let address = hostile.get().unwrap().address;
            let detour = |host| format!("{host}:443:{address}").parse().unwrap();
            settings.connect_to = HOSTS.iter().map(detour).collect();
            change(settings);
        },
    )
    .await;
    (rig, hostile.into_inner().unwrap())
}

/// Reads one request as the gate writes it; `false` when the connection ended instead.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).map_or("0", |l| l.lines().next().unwrap());
            if bytes.len() >= end + 4 + length.parse::<usize>().unwrap() {
                return true;
            }
        }
        let mut buffer = [0; 8192];
        match stream.read(&mut buffer).await {
            Ok(n @ 1..) => bytes.extend_from_slice(&buffer[..n]),
            _ => return false,
        }
    }
}
