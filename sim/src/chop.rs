//! A stream whose reads are chopped and joined, and whose writes are short.
//!
//! The simulated network delivers one write as one read, whatever its size. A
//! real one does not, so a line may arrive in pieces, or with half of the next
//! one. This adapter does to every stream, from a seed, what networks do.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::dice::Dice;

/// The largest segment: a socket takes no more than this in one write.
const SEGMENT: usize = 16 * 1024;

/// A stream, chopped by `dice`, or left as it is without them.
#[derive(Debug)]
pub(crate) struct Chop<S> {
    inner: S,
    dice: Option<Dice>,
    /// Read from the network, not yet by the program.
    arrived: Vec<u8>,
    given: usize,
    /// It was asked to close our side, and was not ready to.
    closing: bool,
}

impl<S> Chop<S> {
    /// Wraps `inner`.
    pub(crate) fn new(inner: S, dice: Option<Dice>) -> Self {
        Self {
            inner,
            dice,
            arrived: Vec::new(),
            given: 0,
            closing: false,
        }
    }
}

impl<S: AsyncRead + Unpin> Chop<S> {
    /// Takes what has arrived: one segment, or all there are.
    fn gather(&mut self, cx: &mut Context<'_>, join: bool) -> Poll<io::Result<()>> {
        self.arrived.clear();
        self.given = 0;
        loop {
            let mut piece = [0; 4096];
            let mut buf = ReadBuf::new(&mut piece);
            // An error or the end met after some bytes will be met again.
            match Pin::new(&mut self.inner).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    self.arrived.extend_from_slice(buf.filled());
                    if !join || self.arrived.len() >= SEGMENT {
                        return Poll::Ready(Ok(()));
                    }
                }
                _ if !self.arrived.is_empty() => return Poll::Ready(Ok(())),
                other => return other,
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Chop<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(dice) = &mut this.dice else {
            return Pin::new(&mut this.inner).poll_read(cx, buf);
        };
        if dice.one_in(8) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if this.given == this.arrived.len() {
            let join = dice.one_in(2);
            ready!(this.gather(cx, join))?;
        }
        let waiting = &this.arrived[this.given..];
        let dice = this.dice.as_mut().expect("chopping");
        let cut = match dice.below(4) {
            0 => 1,
            1 => waiting.len(),
            _ => 1 + dice.below(waiting.len()),
        };
        let cut = cut.min(waiting.len()).min(buf.remaining());
        buf.put_slice(&waiting[..cut]);
        this.given += cut;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Chop<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut taken = bytes.len().min(SEGMENT);
        if let Some(dice) = &mut self.dice {
            // It is full for a moment, whatever it took just now.
            if dice.one_in(8) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if dice.one_in(4) {
                taken = taken.min(1 + dice.below(taken));
            }
        }
        Pin::new(&mut self.inner).poll_write(cx, &bytes[..taken])
    }

    /// Gathers the slices into one segment, as a kernel does.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut segment = Vec::new();
        for slice in slices {
            let room = SEGMENT - segment.len();
            segment.extend_from_slice(&slice[..slice.len().min(room)]);
        }
        self.poll_write(cx, &segment)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A stream may take its time to close its side.
        let at_once = self.closing || self.dice.as_mut().is_none_or(|dice| dice.one_in(2));
        if !at_once {
            self.closing = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::Chop;
    use crate::dice::Dice;

    #[tokio::test]
    async fn every_byte_passes_once_and_in_order() {
        for seed in 0..50 {
            let (near, far) = tokio::io::duplex(64);
            let mut near = Chop::new(near, Some(Dice::new(seed, 1)));
            let mut far = Chop::new(far, Some(Dice::new(seed, 2)));
            let sent: Vec<u8> = (0..=255).cycle().take(5000).collect();
            let expected = sent.clone();
            let (got, ()) = tokio::join!(
                async {
                    let mut got = Vec::new();
                    far.read_to_end(&mut got).await.unwrap();
                    got
                },
                async {
                    near.write_all(&sent).await.unwrap();
                    near.shutdown().await.unwrap();
                }
            );
            assert!(got == expected, "seed {seed}");
        }
    }
}
