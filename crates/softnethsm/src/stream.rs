//! Answers that are made while they are sent.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// So many octets go out at once.
const PIECE: usize = 64 << 10;
/// So many pieces may wait for a slow client.
const WAITING: usize = 4;

/// An answer in the making. It goes with an answer as an extension, and is taken out once.
#[derive(Clone)]
pub(crate) struct Streamed(Arc<Mutex<Option<Receiver<io::Result<Bytes>>>>>);

impl Streamed {
    /// Has the answer made in a thread of its own. If `make` fails, the connection breaks: nobody
    /// shall take half an answer for a whole one.
    pub(crate) fn made_by<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        make: impl FnOnce(&mut Pieces) -> Result<(), E> + Send + 'static,
    ) -> Self {
        let (sender, receiver) = channel(WAITING);
        thread::spawn(move || {
            let mut pieces = Pieces {
                sender,
                piece: Vec::with_capacity(PIECE),
            };
            let made = make(&mut pieces).map_err(io::Error::other);
            if let Err(error) = made.and_then(|()| pieces.flush()) {
                // Nobody to tell if the client has gone.
                let _ = pieces.sender.blocking_send(Err(error));
            }
        });
        Self(Arc::new(Mutex::new(Some(receiver))))
    }

    fn take(&self) -> Option<Receiver<io::Result<Bytes>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Where a streamed answer is written to; waits while the client is slow.
pub(crate) struct Pieces {
    sender: Sender<io::Result<Bytes>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(octets);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let sent = self.sender.blocking_send(Ok(piece.into()));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// What goes over the wire: an answer that is there, or one in the making.
pub(crate) enum Wire {
    Whole(Full<Bytes>),
    Pieces(Receiver<io::Result<Bytes>>),
}

impl Wire {
    pub(crate) fn new(octets: Vec<u8>, streamed: Option<&Streamed>) -> Self {
        streamed
            .and_then(Streamed::take)
            .map_or_else(|| Self::Whole(Full::new(Bytes::from(octets))), Self::Pieces)
    }
}

impl Body for Wire {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body)
                .poll_frame(context)
                .map_err(|never| match never {}),
            Self::Pieces(receiver) => receiver
                .poll_recv(context)
                .map(|piece| piece.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
