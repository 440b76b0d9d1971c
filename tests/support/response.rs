//! A response as the client reads it.

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt};

/// One whole response.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The head as it came.
    pub head: String,
}

impl Response {
    /// Reads one response to a request that was no HEAD. `Err` holds what came instead of one.
    pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Self, Vec<u8>> {
        let mut pending = Vec::new();
        let response = Self::read_next(stream, &mut pending).await;
        assert!(pending.is_empty(), "after a response: {:?}", String::from_utf8_lossy(&pending));
        response
    }

    /// Reads the next response; `pending` keeps what has come of the one after it.
    pub async fn read_next(
        stream: &mut (impl AsyncRead + Unpin),
        pending: &mut Vec<u8>,
    ) -> Result<Self, Vec<u8>> {
        let mut bytes = std::mem::take(pending);
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            if !more(stream, &mut bytes).await {
                return Err(bytes);
            }
        };
        let mut response = Self::of_head(&bytes[..end]);
        let mut rest = bytes.split_off(end);
        if matches!(response.status, 100..200 | 204 | 304) {
            *pending = rest;
            return Ok(response);
        }
        assert!(response.header("transfer-encoding").is_none(), "the gate says how long its answers are");
        let length = response.header("content-length").map(|v| v.parse::<usize>().unwrap());
        while length.is_none_or(|l| rest.len() < l) {
            if !more(stream, &mut rest).await {
                assert!(length.is_none(), "a response was cut short: {response:?}");
                break;
            }
        }
        *pending = length.map_or_else(Vec::new, |l| rest.split_off(l));
        response.body = rest;
        Ok(response)
    }

    fn of_head(head: &[u8]) -> Self {
        let head = String::from_utf8(head.to_vec()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap();
        assert!(status.starts_with("HTTP/1.1 "), "{status}");
        let status = status[9..12].parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self { status, headers, body: Vec::new(), head }
    }

    /// The one value of a field.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(n, _)| n == name);
        let value = values.next().map(|(_, v)| v.as_str());
        assert!(values.next().is_none(), "two {name} in {self:?}");
        value
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e} in {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The stable code of a refusal. Fails for what is not an RFC 9457 problem document of the gate's.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        assert!(
            self.header("proxy-status").is_some(),
            "every answer of the gate's own says so: {}",
            self.head
        );
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{problem}");
        for member in ["title", "detail"] {
            assert!(problem[member].as_str().is_some_and(|t| !t.is_empty()), "no {member}: {problem}");
        }
        problem["code"].as_str().unwrap_or_else(|| panic!("no code: {problem}")).to_owned()
    }

    /// Asserts a refusal by status and code.
    #[track_caller]
    pub fn assert_refused(&self, status: u16, code: &str, what: &str) {
        let text = self.text();
        assert_eq!((self.status, self.code().as_str()), (status, code), "{what}: {text}");
    }
}

async fn more(stream: &mut (impl AsyncRead + Unpin), into: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 8192];
    match stream.read(&mut buffer).await {
        Ok(0) | Err(_) => false,
        Ok(n) => {
            into.extend_from_slice(&buffer[..n]);
            true
        }
    }
}
