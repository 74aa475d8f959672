//! One accepted connection's socket.

use crate::connection_log::Visit;
use crate::listener::Listener;
use chat_core::{ConnId, Logs, Outbox};
use std::io::{self, IoSlice};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most slices written at once; more take another write.
const SLICES: usize = 32;

/// A stream with what is to be remembered of it between two polls.
pub(crate) struct Socket<S> {
    pub(crate) id: ConnId,
    stream: S,
    waker: Waker,
    /// It may have more to read, and waits until it is wanted.
    pub(crate) held: bool,
    /// Nothing more will come in.
    pub(crate) eof: bool,
    /// The stream took something that is not with the system yet.
    unflushed: bool,
    /// Our side is to be closed, and is not yet.
    closing: bool,
    /// Our side was to be closed.
    finished: bool,
    /// Who it is, if that is told.
    pub(crate) visit: Option<Box<Visit>>,
    /// Why it is of no more use.
    pub(crate) failure: Option<io::Error>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    pub(crate) fn new(id: ConnId, stream: S, waker: Waker, visit: Option<Box<Visit>>) -> Self {
        Self {
            id,
            stream,
            waker,
            held: false,
            eof: false,
            unflushed: false,
            closing: false,
            finished: false,
            visit,
            failure: None,
        }
    }

    /// Reads what is there into `buffer`; pending, and woken later, while nothing is.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let (id, stream, waker) = (self.id, &mut self.stream, &self.waker);
        let read = guarded(id, || {
            let mut buffer = ReadBuf::new(buffer);
            let mut cx = Context::from_waker(waker);
            Pin::new(stream)
                .poll_read(&mut cx, &mut buffer)
                .map_ok(|()| buffer.filled().len())
        });
        read.unwrap_or_else(|error| Poll::Ready(Err(error)))
    }

    /// Writes what waits for the connection, and says how many bytes its socket took.
    pub(crate) fn write(
        &mut self,
        outbox: &mut Outbox,
        logs: Logs<'_>,
        scratch: &mut Vec<u8>,
    ) -> u64 {
        let mut sent = 0;
        outbox.write(logs, |slices| {
            let id = self.id;
            let taken = guarded(id, || self.write_all(slices, scratch)).unwrap_or_else(|error| {
                self.failure = Some(error);
                0
            });
            sent += taken as u64;
            taken
        });
        self.unflushed = true;
        self.flush();
        sent
    }

    /// Has the stream pass on what it took. Its failure is that of the next write, or read.
    fn flush(&mut self) {
        if self.unflushed {
            let (stream, waker) = (&mut self.stream, &self.waker);
            let flushed = guarded(self.id, || {
                let mut cx = Context::from_waker(waker);
                Pin::new(stream).poll_flush(&mut cx).is_pending()
            });
            self.unflushed = flushed.unwrap_or(false);
        }
    }

    /// Writes the slices, as far as the socket takes them, and says how many bytes it took. If
    /// that is not all, the socket is full or has failed.
    fn write_all(&mut self, slices: &[&[u8]], scratch: &mut Vec<u8>) -> usize {
        if let [one] = slices {
            return self.write_one(one);
        }
        if !self.stream.is_write_vectored() {
            scratch.clear();
            for slice in slices {
                scratch.extend_from_slice(slice);
            }
            return self.write_one(scratch);
        }
        let mut taken = 0;
        for slices in slices.chunks(SLICES) {
            let mut buffers = [IoSlice::new(&[]); SLICES];
            for (buffer, slice) in buffers.iter_mut().zip(slices) {
                *buffer = IoSlice::new(slice);
            }
            let mut rest = &mut buffers[..slices.len()];
            while !rest.is_empty() {
                let mut cx = Context::from_waker(&self.waker);
                let count = Pin::new(&mut self.stream).poll_write_vectored(&mut cx, rest);
                let Some(count) = self.written(count) else {
                    return taken;
                };
                taken += count;
                IoSlice::advance_slices(&mut rest, count);
            }
        }
        taken
    }

    fn write_one(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() {
            let mut cx = Context::from_waker(&self.waker);
            let count = Pin::new(&mut self.stream).poll_write(&mut cx, &bytes[taken..]);
            let Some(count) = self.written(count) else {
                break;
            };
            taken += count;
        }
        taken
    }

    /// How many bytes one write took, or `None` if it took none.
    fn written(&mut self, count: Poll<io::Result<usize>>) -> Option<usize> {
        match count {
            Poll::Pending => None,
            Poll::Ready(Ok(0)) => {
                self.failure = Some(io::ErrorKind::WriteZero.into());
                None
            }
            Poll::Ready(Ok(count)) => Some(count),
            Poll::Ready(Err(error)) => {
                self.failure = Some(error);
                None
            }
        }
    }

    /// Closes our side.
    pub(crate) fn finish(&mut self) {
        (self.closing, self.finished) = (true, true);
        self.close_our_side();
    }

    /// Closes the connection: properly if our side was to be closed, and otherwise by a reset.
    pub(crate) fn close<L: Listener<Stream = S>>(self) {
        if !self.finished {
            L::reset(self.stream);
        }
    }

    /// Goes on with what was begun: passing on what the stream took, closing our side. A failure shows when
    /// reading.
    pub(crate) fn go_on_sending(&mut self) {
        self.flush();
        self.close_our_side();
    }

    fn close_our_side(&mut self) {
        if self.closing {
            let (stream, waker) = (&mut self.stream, &self.waker);
            let closed = guarded(self.id, || {
                let mut cx = Context::from_waker(waker);
                Pin::new(stream).poll_shutdown(&mut cx).is_pending()
            });
            self.closing = closed.unwrap_or(false);
        }
    }
}

/// Does something with one stream and nothing else. A panic in that is a failure of this connection; one
/// anywhere else is one of what all share, and ends the server.
fn guarded<T>(id: ConnId, act: impl FnOnce() -> T) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(act)).map_err(|_| {
        tracing::error!(conn = ?id, "panic in a connection's stream; it is closed");
        io::Error::other("panic")
    })
}
