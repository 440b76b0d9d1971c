//! One connection's requests, read one after the other and answered in turn.
//!
//! Nothing is read ahead of an answer but what came in the same packet, and a connection on which
//! anything could not be read without doubt is not read again.

use super::chunked::Decoder;
use super::head::{self, Framing, Head, Scan};
use crate::inspect::ReceivedBody;
use crate::refusal::{Code, Refusal};
use crate::respond::Answer;
use bytes::{Bytes, BytesMut};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

/// How much is read from the socket at a time.
const READ: usize = 8 * 1024;
/// How much of an unread body is thrown away at the end, so that the answer is not lost in a reset.
const LINGER_BYTES: usize = 1024 * 1024;
/// For how long.
const LINGER: Duration = Duration::from_secs(2);

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until the first byte of a request.
    pub idle: Duration,
    /// From the first byte of a head to its last.
    pub head: Duration,
    /// For a whole body, and for taking an answer.
    pub body: Duration,
}

/// What came instead of an answerable request, or the request's head.
#[derive(Debug)]
pub enum Arrival {
    /// A request.
    Head(Head),
    /// The client closed, or was idle for too long.
    Closed,
}

/// A byte stream that carries HTTP/1.1 requests.
pub struct Connection<S> {
    io: S,
    buffer: BytesMut,
    patience: Patience,
}

/// Without the bytes that were read.
impl<S> std::fmt::Debug for Connection<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("unread", &self.buffer.len()).finish_non_exhaustive()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Reads requests from `io`.
    pub fn new(io: S, patience: Patience) -> Self {
        Self { io, buffer: BytesMut::new(), patience }
    }

    /// The stream itself, for what follows a CONNECT. Bytes already read are lost: see [`Connection::holds_more`].
    pub fn into_inner(self) -> S {
        self.io
    }

    /// Whether bytes after the last request are already here.
    pub fn holds_more(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Waits until the first byte of a request is here; `false` when the client closed or was idle
    /// for too long. Cancelling it loses nothing.
    ///
    /// # Errors
    /// What broke the connection.
    pub async fn ready(&mut self) -> io::Result<bool> {
        if self.buffer.is_empty() {
            // The answer before this one is out: an idle connection keeps no buffer.
            self.buffer = BytesMut::new();
            match timeout(self.patience.idle, self.fill()).await {
                Ok(read) => return Ok(read? > 0),
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Reads the head of the next request.
    ///
    /// # Errors
    /// As [`head::scan`] and [`head::parse`]; `request_timeout`; `malformed_request` when it breaks off.
    pub async fn head(&mut self) -> Result<Arrival, Refusal> {
        if self.buffer.is_empty() && !self.ready().await.unwrap_or(false) {
            return Ok(Arrival::Closed);
        }
        let until = Instant::now() + self.patience.head;
        let mut seen = 0;
        loop {
            match head::scan(&self.buffer, seen)? {
                Scan::Complete(length) => {
                    return head::parse(&self.buffer.split_to(length)).map(Arrival::Head);
                }
                Scan::Incomplete => seen = self.buffer.len(),
            }
            match timeout_at(until, self.fill()).await {
                Ok(Ok(n)) if n > 0 => {}
                Ok(_) => return Err(broken_off("head")),
                Err(_) => return Err(late("head")),
            }
        }
    }

    /// Reads the body that a head announced, of at most `max` bytes.
    ///
    /// # Errors
    /// `body_too_large` before a byte of it is read where its length says so, `ambiguous_framing`,
    /// `request_timeout`, `malformed_request` when it breaks off.
    pub async fn body(&mut self, head: &Head, max: usize) -> Result<ReceivedBody, Refusal> {
        if let Framing::Length(length) = head.framing
            && length > max as u64
        {
            return Err(Refusal::new(
                Code::BodyTooLarge,
                format!("the body has {length} bytes; at most {max} are read"),
            ));
        }
        if head.expects_continue && head.framing != Framing::None && self.buffer.is_empty() {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n").await.map_err(|_| broken_off("body"))?;
        }
        let patience = self.patience.body;
        let read = async {
            match head.framing {
                Framing::None => Ok(ReceivedBody::default()),
                Framing::Length(length) => self.counted(length as usize).await,
                Framing::Chunked => self.chunked(max).await,
            }
        };
        timeout(patience, read).await.unwrap_or_else(|_| Err(late("body")))
    }

    async fn counted(&mut self, length: usize) -> Result<ReceivedBody, Refusal> {
        while self.buffer.len() < length {
            if self.fill().await.unwrap_or(0) == 0 {
                return Err(broken_off("body"));
            }
        }
        let content = self.buffer.split_to(length).freeze();
        Ok(ReceivedBody { wire_length: content.len() as u64, content, trailers: Vec::new() })
    }

    async fn chunked(&mut self, max: usize) -> Result<ReceivedBody, Refusal> {
        let mut decoder = Decoder::new(max);
        let mut wire_length = 0;
        loop {
            let taken = decoder.advance(&self.buffer)?;
            wire_length += taken as u64;
            let _ = self.buffer.split_to(taken);
            if decoder.is_done() {
                let (content, trailers) = decoder.finish();
                return Ok(ReceivedBody { content: Bytes::from(content), wire_length, trailers });
            }
            if wire_length > 2 * max as u64 + 64 * 1024 {
                return Err(Refusal::new(
                    Code::BodyTooLarge,
                    "the chunk framing is larger than the body it carries",
                ));
            }
            if self.fill().await.unwrap_or(0) == 0 {
                return Err(broken_off("body"));
            }
        }
    }

    /// Writes an answer.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for as long as a body may take.
    pub async fn answer(&mut self, answer: &Answer) -> io::Result<()> {
        self.write(&answer.to_bytes()).await
    }

    /// Ends the connection: says so, then throws away what the client is still sending, for a short
    /// while, because closing on unread bytes makes TCP discard the answer.
    pub async fn end(mut self) {
        let _ = timeout(LINGER, async {
            self.io.shutdown().await?;
            let mut thrown = 0;
            let mut sink = vec![0; READ];
            while thrown < LINGER_BYTES {
                match self.io.read(&mut sink).await? {
                    0 => break,
                    n => thrown += n,
                }
            }
            io::Result::Ok(())
        })
        .await;
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let patience = self.patience.body;
        let write = async {
            self.io.write_all(bytes).await?;
            self.io.flush().await
        };
        timeout(patience, write).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.buffer.reserve(READ);
        self.io.read_buf(&mut self.buffer).await
    }
}

fn broken_off(part: &str) -> Refusal {
    Refusal::new(Code::MalformedRequest, format!("the connection ended in the middle of the {part}"))
}

fn late(part: &str) -> Refusal {
    Refusal::new(Code::RequestTimeout, format!("the {part} of the request did not come in time"))
}
