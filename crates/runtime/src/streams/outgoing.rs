//! What a guest writes. wasmtime asks a consumer to take it; the consumer first waits for room on the way to the peer, so that
//! nothing is taken that could not be passed on.

use super::life::Writing;
use super::{PIECE, Pieces, WAITING};
use crate::value::item::{Carried, Item};
use bytes::Bytes;
use sandbox::Guest;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc::{self, OwnedPermit, Sender};
use wasmtime::component::{FutureConsumer, Source, StreamConsumer, StreamResult};
use wasmtime::{AsContextMut, Result, StoreContextMut};

/// The most values of one piece.
const VALUES: usize = 256;

/// A way with room for so many pieces.
struct Way {
    /// Before the senders, because fields are dropped in this order: who finds that there are no more pieces is to know why.
    _writing: Writing,
    sender: Sender<Bytes>,
    reserving: Option<Reserving>,
}

type Reserving = Pin<Box<dyn Future<Output = Option<OwnedPermit<Bytes>>> + Send>>;

impl Way {
    fn new(writing: Writing) -> (Self, Pieces) {
        let (sender, pieces) = mpsc::channel(WAITING);
        let way = Self {
            sender,
            reserving: None,
            _writing: writing,
        };
        (way, pieces)
    }

    /// The room for a piece; or, as long as there is none, what to answer.
    fn room(
        &mut self,
        cx: &mut Context<'_>,
        finish: bool,
    ) -> std::result::Result<OwnedPermit<Bytes>, Poll<Result<StreamResult>>> {
        match self.poll_room(cx) {
            Poll::Ready(Some(room)) => Ok(room),
            Poll::Ready(None) => Err(Poll::Ready(Ok(StreamResult::Dropped))),
            Poll::Pending if finish => Err(Poll::Ready(Ok(StreamResult::Cancelled))),
            Poll::Pending => Err(Poll::Pending),
        }
    }

    /// Waits for room. None: nobody reads any more.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Option<OwnedPermit<Bytes>>> {
        let reserving = self.reserving.get_or_insert_with(|| {
            let sender = self.sender.clone();
            Box::pin(async move { sender.reserve_owned().await.ok() })
        });
        let room = ready!(reserving.as_mut().poll(cx));
        self.reserving = None;
        Poll::Ready(room)
    }
}

/// Takes what a guest writes to a `stream<u8>`.
pub(super) struct BytesOut(Way);

/// Takes what it writes to any other stream.
pub(super) struct ValuesOut<T>(Way, PhantomData<T>);

/// Takes the one value of a future.
pub(super) struct FutureOut<T>(Way, PhantomData<T>);

impl BytesOut {
    pub(super) fn new(writing: Writing) -> (Self, Pieces) {
        let (way, pieces) = Way::new(writing);
        (Self(way), pieces)
    }
}

impl<T> ValuesOut<T> {
    pub(super) fn new(writing: Writing) -> (Self, Pieces) {
        let (way, pieces) = Way::new(writing);
        (Self(way, PhantomData), pieces)
    }
}

impl<T> FutureOut<T> {
    pub(super) fn new(writing: Writing) -> (Self, Pieces) {
        let (way, pieces) = Way::new(writing);
        (Self(way, PhantomData), pieces)
    }
}

impl StreamConsumer<Guest> for BytesOut {
    type Item = u8;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<Guest>,
        source: Source<'_, u8>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let room = match self.0.room(cx, finish) {
            Ok(room) => room,
            Err(answer) => return answer,
        };
        let mut source = source.as_direct(store.as_context_mut());
        let bytes = source.remaining();
        let count = bytes.len().min(PIECE);
        if count > 0 {
            let piece = Bytes::copy_from_slice(&bytes[..count]);
            source.mark_read(count);
            room.send(piece);
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<T: Carried> StreamConsumer<Guest> for ValuesOut<T> {
    type Item = T;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut store: StoreContextMut<Guest>,
        mut source: Source<'_, T>,
        finish: bool,
    ) -> Poll<Result<StreamResult>> {
        let room = match self.0.room(cx, finish) {
            Ok(room) => room,
            Err(answer) => return answer,
        };
        let count = source.remaining(store.as_context_mut()).min(VALUES);
        if count > 0 {
            let mut items = Vec::with_capacity(count);
            Item::first();
            source.read(store, &mut items)?;
            room.send(piece(items.into_iter().map(T::into_item)));
        }
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<T: Carried> FutureConsumer<Guest> for FutureOut<T> {
    type Item = T;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<Guest>,
        mut source: Source<'_, T>,
        finish: bool,
    ) -> Poll<Result<()>> {
        let room = match self.0.poll_room(cx) {
            Poll::Ready(room) => room,
            Poll::Pending if finish => return Poll::Ready(Ok(())),
            Poll::Pending => return Poll::Pending,
        };
        let mut item: Option<T> = None;
        Item::first();
        source.read(store, &mut item)?;
        if let (Some(room), Some(item)) = (room, item) {
            room.send(piece([item.into_item()]));
        }
        Poll::Ready(Ok(()))
    }
}

/// Values as one array.
fn piece(items: impl IntoIterator<Item = Item, IntoIter: ExactSizeIterator>) -> Bytes {
    let items = items.into_iter();
    let mut out = Vec::new();
    crate::value::item::begin(&mut out, items.len());
    for Item(item) in items {
        out.extend_from_slice(&item);
    }
    out.into()
}
