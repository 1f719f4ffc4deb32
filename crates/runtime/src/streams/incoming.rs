//! What a guest reads. wasmtime asks a producer for it, as much as the guest has room for.

use super::VALUES;
use crate::value::item::{Carried, Item, Items};
use bytes::Bytes;
use sandbox::Guest;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use wasmtime::component::{Destination, FutureProducer, StreamProducer, StreamResult, VecBuffer};
use wasmtime::{AsContextMut, Result, StoreContextMut, format_err};

/// Pieces that come. An error says that the peer could not complete what it began: the guest, which has no
/// way to learn that from a stream, ends with it.
pub(super) struct From(mpsc::Receiver<Result<Bytes, String>>);

impl From {
    pub(super) fn new(pieces: mpsc::Receiver<Result<Bytes, String>>) -> Self {
        Self(pieces)
    }

    /// The next piece, none behind the last.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        let piece = ready!(self.0.poll_recv(cx)).transpose();
        Poll::Ready(
            piece.map_err(|why| format_err!("a stream that the guest reads broke off: {why}")),
        )
    }
}

/// What a producer answers that has nothing to give.
fn nothing(finish: bool) -> Poll<Result<StreamResult>> {
    if finish {
        Poll::Ready(Ok(StreamResult::Cancelled))
    } else {
        Poll::Pending
    }
}

/// Gives a guest the bytes of a `stream<u8>`.
pub(super) struct BytesIn {
    from: From,
    rest: Bytes,
}

/// Gives it the values of any other stream.
pub(super) struct ValuesIn<T> {
    from: From,
    /// What is left of the last piece.
    items: Items,
    item: PhantomData<T>,
}

/// Gives it the one value of a future.
pub(super) struct FutureIn<T>(From, PhantomData<T>);

impl BytesIn {
    pub(super) fn new(from: From) -> Self {
        Self {
            from,
            rest: Bytes::new(),
        }
    }
}

impl<T> ValuesIn<T> {
    pub(super) fn new(from: From) -> Self {
        Self {
            from,
            items: Items::default(),
            item: PhantomData,
        }
    }
}

impl<T> FutureIn<T> {
    pub(super) fn new(from: From) -> Self {
        Self(from, PhantomData)
    }
}

impl StreamProducer<Guest> for BytesIn {
    type Item = u8;
    type Buffer = VecBuffer<u8>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, Guest>,
        destination: Destination<'a, u8, VecBuffer<u8>>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        if destination.remaining(store.as_context_mut()) == Some(0) {
            // It only asks whether there is something to read: it will be told when it reads.
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        if self.rest.is_empty() {
            match self.from.poll_next(cx)? {
                Poll::Ready(Some(piece)) => self.rest = piece,
                Poll::Ready(None) => return Poll::Ready(Ok(StreamResult::Dropped)),
                Poll::Pending => return nothing(finish),
            }
        }
        let mut destination = destination.as_direct(store, self.rest.len());
        let room = destination.remaining();
        let count = room.len().min(self.rest.len());
        room[..count].copy_from_slice(&self.rest.split_to(count));
        destination.mark_written(count);
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<T: Carried> StreamProducer<Guest> for ValuesIn<T> {
    type Item = T;
    type Buffer = VecBuffer<T>;

    fn poll_produce<'a>(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<'a, Guest>,
        mut destination: Destination<'a, T, VecBuffer<T>>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        if destination.remaining(store.as_context_mut()) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        if self.items.is_empty() {
            match self.from.poll_next(cx)? {
                Poll::Ready(Some(piece)) => self.items = Items::of(piece)?,
                Poll::Ready(None) => return Poll::Ready(Ok(StreamResult::Dropped)),
                Poll::Pending => return nothing(finish),
            }
        }
        let items = self.items.take(VALUES)?.into_iter().map(T::from_item);
        destination.set_buffer(items.collect::<Vec<_>>().into());
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<T: Carried> FutureProducer<Guest> for FutureIn<T> {
    type Item = T;

    fn poll_produce(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: StoreContextMut<Guest>,
        finish: bool,
    ) -> Poll<Result<Option<T>>> {
        let piece = match self.0.poll_next(cx)? {
            Poll::Ready(piece) => piece,
            Poll::Pending if finish => return Poll::Ready(Ok(None)),
            Poll::Pending => return Poll::Pending,
        };
        let mut items = Items::of(piece.unwrap_or_default())?;
        let first = items.take(1)?;
        let [item] = <[Item; 1]>::try_from(first).map_err(|_| {
            format_err!("a future that the guest reads ended without its one value")
        })?;
        if !items.is_empty() {
            let why = format_err!("a future that the guest reads carried more than one value");
            return Poll::Ready(Err(why));
        }
        Poll::Ready(Ok(Some(T::from_item(item))))
    }
}
