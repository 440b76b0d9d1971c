//! How far a request got: a stream that remembers whether everything written to it was also flushed.
//!
//! An answer may come before its request has left. What the log then says must not be "all of it".

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

const NOTHING: u8 = 0;
const SOME: u8 = 1;
const WHOLE: u8 = 2;

/// What was written since [`Progress::begin`]. hyper flushes only when it holds nothing more to write, so a
/// flush that ended means that the whole request is with the operating system.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU8>);

impl Progress {
    /// A request is about to be written.
    pub fn begin(&self) {
        self.0.store(NOTHING, Ordering::Release);
    }

    /// Whether all of it is with the operating system.
    pub fn is_whole(&self) -> bool {
        self.0.load(Ordering::Acquire) == WHOLE
    }

    fn wrote(&self) {
        self.0.store(SOME, Ordering::Release);
    }

    fn flushed(&self) {
        // A flush of nothing finishes no request.
        let _ = self.0.compare_exchange(SOME, WHOLE, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// A stream that tells its progress.
#[derive(Debug)]
pub struct Wire<S> {
    stream: S,
    progress: Progress,
}

impl<S> Wire<S> {
    /// `stream`, telling `progress`.
    pub fn new(stream: S, progress: Progress) -> Self {
        Self { stream, progress }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        // Before the call: what it fails over may have left.
        self.progress.wrote();
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.progress.wrote();
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.progress.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
