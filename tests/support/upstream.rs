//! A stand-in for the vendor: TLS on loopback, and every decrypted byte kept.

use super::answer::Answer;
use super::deadline::within;
use rustls::ServerConfig;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// One request, as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Which connection it came on, counted from 0.
    pub connection: usize,
    pub method: String,
    pub target: String,
    /// Names as they came.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// One accepted TCP connection.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// The name in its ClientHello, when the handshake was completed.
    pub sni: Option<String>,
    pub tls: Option<rustls::ProtocolVersion>,
    /// Every decrypted byte.
    pub raw: Vec<u8>,
    pub closed: bool,
}

#[derive(Debug, Default)]
struct Capture {
    connections: Vec<Connection>,
    requests: Vec<Seen>,
}

type Script = dyn Fn(&Seen) -> Answer + Send + Sync;

/// The running stand-in; it stops when dropped.
pub struct Upstream {
    pub address: SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    capture: Mutex<Capture>,
    changed: watch::Sender<()>,
    script: Mutex<Arc<Script>>,
}

impl Upstream {
    /// A stand-in that answers as documented.
    pub async fn start(tls: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            capture: Mutex::default(),
            changed: watch::Sender::new(()),
            script: Mutex::new(Arc::new(Answer::documented)),
        });
        let task = tokio::spawn(accept(listener, TlsAcceptor::from(tls), Arc::clone(&state)));
        Self { address, state, task }
    }

    /// From now on answers what the script says.
    pub fn answer_with(&self, script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) {
        *self.state.script.lock().unwrap() = Arc::new(script);
    }

    /// Every decrypted byte of every connection so far, one after the other.
    pub fn raw(&self) -> Vec<u8> {
        self.look(|c| c.connections.iter().flat_map(|c| c.raw.clone()).collect())
    }

    pub fn requests(&self) -> Vec<Seen> {
        self.look(|c| c.requests.clone())
    }

    /// The requests after the first `count`.
    pub fn requests_since(&self, count: usize) -> Vec<Seen> {
        self.look(|c| c.requests[count..].to_vec())
    }

    pub fn connections(&self) -> Vec<Connection> {
        self.look(|c| c.connections.clone())
    }

    /// Waits until this many requests have arrived.
    pub async fn wait_for_requests(&self, count: usize) {
        self.wait_until(&format!("{count} requests upstream"), |c| c.requests.len() >= count).await;
    }

    /// Waits until every connection has been closed by the gate.
    pub async fn wait_for_all_closed(&self) {
        self.wait_until("upstream connections to close", |c| c.connections.iter().all(|c| c.closed)).await;
    }

    async fn wait_until(&self, what: &str, is_so: impl Fn(&Capture) -> bool) {
        let mut changed = self.state.changed.subscribe();
        within(what, async {
            while !self.look(&is_so) {
                changed.changed().await.unwrap();
            }
        })
        .await;
    }

    fn look<T>(&self, f: impl FnOnce(&Capture) -> T) -> T {
        f(&self.state.capture.lock().unwrap())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn note<T>(&self, f: impl FnOnce(&mut Capture) -> T) -> T {
        let result = f(&mut self.capture.lock().unwrap());
        self.changed.send_replace(());
        result
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let index = state.note(|c| {
            c.connections.push(Connection::default());
            c.connections.len() - 1
        });
        let (acceptor, state) = (acceptor.clone(), Arc::clone(&state));
        connections.spawn(async move {
            serve(stream, acceptor, &state, index).await;
            state.note(|c| c.connections[index].closed = true);
        });
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, state: &State, index: usize) {
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let (sni, version) = {
        let session = stream.get_ref().1;
        (session.server_name().map(str::to_owned), session.protocol_version())
    };
    state.note(|c| {
        c.connections[index].sni = sni;
        c.connections[index].tls = version;
    });
    let mut pending = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        state.note(|c| c.connections[index].raw.extend_from_slice(&buffer[..n]));
        pending.extend_from_slice(&buffer[..n]);
        while let Some((seen, length)) = parse(&pending, index) {
            pending.drain(..length);
            let script = Arc::clone(&state.script.lock().unwrap());
            let answer = script(&seen);
            state.note(|c| c.requests.push(seen));
            let (bytes, ends) = answer.resolve().await;
            if let Some(bytes) = bytes
                && stream.write_all(&bytes).await.is_err()
            {
                return;
            }
            if ends {
                let _ = stream.shutdown().await;
                return;
            }
        }
    }
}

/// One whole request at the beginning of `bytes`. Reads only the one form in which the gate writes:
/// anything looser fails the test, because what the gate sends is its own construction.
fn parse(bytes: &[u8], connection: usize) -> Option<(Seen, usize)> {
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end - 4]).expect("the gate sends ASCII heads");
    let mut lines = head.split("\r\n");
    let request_line: Vec<&str> = lines.next().unwrap().split(' ').collect();
    let [method, target, "HTTP/1.1"] = request_line[..] else { panic!("odd request line: {head}") };
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("odd header line: {line:?}")))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut lengths = headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("content-length"));
    let length: usize = lengths.next().map_or(0, |(_, v)| v.parse().unwrap());
    assert!(lengths.next().is_none(), "two Content-Length: {head}");
    let coded = headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("transfer-encoding"));
    assert!(!coded, "the gate never chunks: {head}");
    let body = bytes.get(end..end + length)?.to_vec();
    let seen = Seen { connection, method: method.to_owned(), target: target.to_owned(), headers, body };
    Some((seen, end + length))
}
