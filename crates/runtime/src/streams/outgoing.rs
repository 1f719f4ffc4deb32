//! What a guest writes. wasmtime asks a consumer to take it; the consumer first waits for room on the way to the peer, so that
//! nothing is taken that could not be passed on.

use super::life::Writing;
use super::{PIECE, Pieces, VALUES, WAITING};
use crate::value::item::{Carried, Item};
use bytes::Bytes;
use sandbox::Guest;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc::{self, OwnedPermit, Sender};
use wasmtime::component::{
    FutureConsumer, ReadBuffer, Source, StreamConsumer, StreamResult, WriteBuffer,
};
use wasmtime::{AsContextMut, Result, StoreContextMut};

/// Values of the first piece, whose size nobody knows yet.
const FIRST: usize = 64;

/// The most that one piece may take here, in bytes. What waits for its reader is nobody's memory but this process's.
const MOST: usize = 16 << 20;

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
pub(super) struct ValuesOut<T> {
    way: Way,
    /// How many to take next: about as many as make a piece.
    next: usize,
    item: PhantomData<T>,
}

/// Takes the one value of a future. The way ends with it, and not when the guest lets go of its end, which a guest that does not
/// look back never does.
pub(super) struct FutureOut<T>(Option<Way>, PhantomData<T>);

impl BytesOut {
    pub(super) fn new(writing: Writing) -> (Self, Pieces) {
        let (way, pieces) = Way::new(writing);
        (Self(way), pieces)
    }
}

impl<T> ValuesOut<T> {
    pub(super) fn new(writing: Writing) -> (Self, Pieces) {
        let (way, pieces) = Way::new(writing);
        let out = Self {
            way,
            next: FIRST,
            item: PhantomData,
        };
        (out, pieces)
    }
}

impl<T> FutureOut<T> {
    pub(super) fn new(writing: Writing) -> (Self, Pieces) {
        let (way, pieces) = Way::new(writing);
        (Self(Some(way), PhantomData), pieces)
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
        let room = match self.way.room(cx, finish) {
            Ok(room) => room,
            Err(answer) => return answer,
        };
        let count = source.remaining(store.as_context_mut()).min(self.next);
        if count > 0 {
            let mut batch = Batch {
                items: Vec::with_capacity(count),
                count,
            };
            bounded(store, |store| {
                Item::first();
                source.read(store, &mut batch)
            })?;
            let piece = piece(batch.items.into_iter().map(T::into_item));
            let each = (piece.len() / count).max(1);
            self.next = (PIECE / each).clamp(1, VALUES);
            room.send(piece);
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
        let room = match self.0.as_mut().map(|way| way.poll_room(cx)) {
            Some(Poll::Ready(room)) => room,
            Some(Poll::Pending) if finish => return Poll::Ready(Ok(())),
            Some(Poll::Pending) => return Poll::Pending,
            None => None,
        };
        let mut item: Option<T> = None;
        bounded(store, |store| {
            Item::first();
            source.read(store, &mut item)
        })?;
        if let Some(item) = item {
            if let Some(room) = room {
                room.send(piece([item.into_item()]));
            }
            self.0 = None;
        }
        Poll::Ready(Ok(()))
    }
}

/// Room for so many items. A `Vec` of items without a size has room for all that there are.
struct Batch<T> {
    items: Vec<T>,
    count: usize,
}

impl<T: Send + Sync + 'static> ReadBuffer<T> for Batch<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        Extend::extend(&mut self.items, items);
    }

    fn remaining_capacity(&self) -> usize {
        self.count.saturating_sub(self.items.len())
    }

    fn move_from(&mut self, input: &mut dyn WriteBuffer<T>, count: usize) {
        let mut moved = Vec::with_capacity(count);
        moved.move_from(input, count);
        self.items.append(&mut moved);
    }
}

/// Reads what a guest has written, as long as it takes no more than [`MOST`].
fn bounded<R>(
    mut store: StoreContextMut<Guest>,
    read: impl FnOnce(StoreContextMut<Guest>) -> Result<R>,
) -> Result<R> {
    let before = store.hostcall_fuel();
    store.set_hostcall_fuel(before.min(MOST));
    let result = read(store.as_context_mut());
    store.set_hostcall_fuel(before);
    result
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
