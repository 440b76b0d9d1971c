//! A request as bytes: nothing here checks or repairs what a scenario wants to send.

pub const BEACON: &str = "beacon.langchain.com";
pub const SMITH: &str = "api.smith.langchain.com";
pub const SMITH_EU: &str = "eu.api.smith.langchain.com";

/// A request inside a tunnel.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which host the tunnel is opened to.
    pub host: String,
    pub method: String,
    pub target: String,
    /// Lines as they will be sent, without CRLF.
    pub lines: Vec<String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, host: &str, target: &str) -> Self {
        Self {
            host: host.to_owned(),
            method: method.to_owned(),
            target: target.to_owned(),
            lines: vec![format!("Host: {host}")],
            body: Vec::new(),
        }
    }

    pub fn post(host: &str, target: &str) -> Self {
        Self::new("POST", host, target)
    }

    /// A JSON body with its type and length.
    pub fn json(self, body: Vec<u8>) -> Self {
        let length = body.len();
        let request =
            self.header("Content-Type", "application/json").header("Content-Length", &length.to_string());
        Self { body, ..request }
    }

    /// The body that it has, chunked, with trailer lines.
    pub fn chunked(mut self, trailers: &[&str]) -> Self {
        self = self.without("Content-Length").header("Transfer-Encoding", "chunked");
        let mut body = Vec::new();
        for part in self.body.chunks(100) {
            body.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
            body.extend_from_slice(part);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\n");
        for line in trailers {
            body.extend_from_slice(format!("{line}\r\n").as_bytes());
        }
        body.extend_from_slice(b"\r\n");
        Self { body, ..self }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.lines.push(format!("{name}: {value}"));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.lines
            .retain(|l| !l.to_ascii_lowercase().starts_with(&format!("{}:", name.to_ascii_lowercase())));
        self
    }

    pub fn target(mut self, target: &str) -> Self {
        self.target = target.to_owned();
        self
    }

    pub fn method(mut self, method: &str) -> Self {
        self.method = method.to_owned();
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for line in &self.lines {
            bytes.extend_from_slice(line.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
