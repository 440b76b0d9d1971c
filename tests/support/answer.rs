//! What the stand-in for the vendor does with a request.

use super::documented::{self, Documented};
use super::upstream::Seen;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// One answer, or one misbehaviour.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A whole response with its length.
    Whole { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// Bytes as they are; the connection stays open.
    Bytes(Vec<u8>),
    /// Bytes as they are, then the end of the connection.
    BytesThenClose(Vec<u8>),
    /// Nothing, ever.
    Never,
    /// Another answer, when a permit of the semaphore comes.
    After(Arc<Semaphore>, Box<Answer>),
}

impl Answer {
    pub fn status(status: u16) -> Self {
        Self::Whole { status, headers: Vec::new(), body: Vec::new() }
    }

    pub fn json(body: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        Self::Whole { status: 200, headers, body: body.as_bytes().to_vec() }
    }

    /// Adds a header field to a whole response.
    pub fn header(self, name: &str, value: &str) -> Self {
        match self {
            Self::Whole { status, mut headers, body } => {
                headers.push((name.to_owned(), value.to_owned()));
                Self::Whole { status, headers, body }
            }
            other => panic!("{other:?} has no header fields"),
        }
    }

    /// The documented answer of an endpoint.
    pub fn of(endpoint: &Documented) -> Self {
        if endpoint.status == 204 { Self::status(204) } else { Self::json(endpoint.answer) }
    }

    /// What the vendor's pages say comes back; 404 for what they do not know.
    pub fn documented(seen: &Seen) -> Self {
        documented::ALL
            .iter()
            .find(|d| d.path == seen.target && Some(d.host) == seen.header("host"))
            .map_or_else(|| Self::status(404), Self::of)
    }

    /// The bytes to write now; `None` for never. Second: whether the connection ends then.
    pub(super) async fn resolve(self) -> (Option<Vec<u8>>, bool) {
        match self {
            Self::Whole { status, headers, body } => (Some(whole(status, &headers, &body)), false),
            Self::Bytes(bytes) => (Some(bytes), false),
            Self::BytesThenClose(bytes) => (Some(bytes), true),
            Self::Never => (None, false),
            Self::After(semaphore, answer) => {
                semaphore.acquire().await.unwrap().forget();
                Box::pin(answer.resolve()).await
            }
        }
    }
}

fn whole(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Answer\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    [head.as_bytes(), body].concat()
}
