//! Streams and futures of a call's values, at the side of the guest.

use super::incoming::{BytesIn, From, FutureIn, ValuesIn};
use super::life::Writing;
use super::outgoing::{BytesOut, FutureOut, ValuesOut};
use super::{Carries, End, Life, Outgoing, Peer, Pieces};
use crate::value::item::{Carried, Item};
use crate::value::{HandleError, Handles};
use sandbox::Guest;
use std::sync::Arc;
use tokio::time::Instant;
use wasmtime::component::{FutureAny, FutureReader, StreamAny, StreamReader, Type, Val};
use wasmtime::{AsContextMut, Result, StoreContextMut, bail};

/// Streams and futures that one call may have.
const MAX_STREAMS: usize = 64;

/// Connects the streams of a call with its peer.
pub(crate) struct StreamHandles<'a> {
    pub(crate) store: StoreContextMut<'a, Guest>,
    pub(crate) peer: &'a Arc<dyn Peer>,
    pub(crate) life: &'a Life,
    /// When the call is over.
    pub(crate) until: Instant,
    pub(crate) count: usize,
}

impl StreamHandles<'_> {
    fn counted(&mut self, ty: &Type) -> std::result::Result<(), HandleError> {
        self.count += 1;
        if self.count > MAX_STREAMS {
            let found = format!("more than {MAX_STREAMS} streams and futures in one call");
            return Err(HandleError::mismatch(ty, found));
        }
        Ok(())
    }

    fn write(&mut self, ty: &Type, val: &Val) -> Result<u64> {
        let (writing, reading) = self.life.begin();
        let store = self.store.as_context_mut();
        let (carries, pieces) = match (ty, val) {
            (Type::Stream(stream), Val::Stream(any)) => match stream.ty() {
                Some(Type::U8) => {
                    let (consumer, pieces) = BytesOut::new(writing);
                    StreamReader::<u8>::try_from_stream_any(any.clone())?.pipe(store, consumer)?;
                    (Carries::Bytes, pieces)
                }
                Some(_) => (
                    Carries::Values,
                    stream_of::<Item>(store, any.clone(), writing)?,
                ),
                None => (
                    Carries::Values,
                    stream_of::<()>(store, any.clone(), writing)?,
                ),
            },
            (Type::Future(future), Val::Future(any)) => match future.ty() {
                Some(_) => (
                    Carries::Values,
                    future_of::<Item>(store, any.clone(), writing)?,
                ),
                None => (
                    Carries::Values,
                    future_of::<()>(store, any.clone(), writing)?,
                ),
            },
            _ => bail!("the value is no stream and no future"),
        };
        let end = End(reading);
        Ok(self.peer.write(
            carries,
            Outgoing {
                pieces,
                end,
                until: self.until,
            },
        ))
    }

    fn read(&mut self, ty: &Type, number: u64) -> Result<Val> {
        let mut store = self.store.as_context_mut();
        let from = |carries| From::new(self.peer.read(carries, number));
        Ok(match ty {
            Type::Stream(stream) => Val::Stream(match stream.ty() {
                Some(Type::U8) => {
                    let producer = BytesIn::new(from(Carries::Bytes));
                    StreamReader::new(&mut store, producer)?.try_into_stream_any(store)?
                }
                Some(_) => {
                    let producer = ValuesIn::<Item>::new(from(Carries::Values));
                    StreamReader::new(&mut store, producer)?.try_into_stream_any(store)?
                }
                None => {
                    let producer = ValuesIn::<()>::new(from(Carries::Values));
                    StreamReader::new(&mut store, producer)?.try_into_stream_any(store)?
                }
            }),
            Type::Future(future) => Val::Future(match future.ty() {
                Some(_) => {
                    let producer = FutureIn::<Item>::new(from(Carries::Values));
                    FutureReader::new(&mut store, producer)?.try_into_future_any(store)?
                }
                None => {
                    let producer = FutureIn::<()>::new(from(Carries::Values));
                    FutureReader::new(&mut store, producer)?.try_into_future_any(store)?
                }
            }),
            _ => bail!("the type is no stream and no future"),
        })
    }
}

fn stream_of<T: Carried>(
    store: StoreContextMut<'_, Guest>,
    any: StreamAny,
    writing: Writing,
) -> Result<Pieces> {
    let (consumer, pieces) = ValuesOut::<T>::new(writing);
    StreamReader::try_from_stream_any(any)?.pipe(store, consumer)?;
    Ok(pieces)
}

fn future_of<T: Carried>(
    store: StoreContextMut<'_, Guest>,
    any: FutureAny,
    writing: Writing,
) -> Result<Pieces> {
    let (consumer, pieces) = FutureOut::<T>::new(writing);
    FutureReader::try_from_future_any(any)?.pipe(store, consumer)?;
    Ok(pieces)
}

impl Handles for StreamHandles<'_> {
    fn number(&mut self, ty: &Type, val: &Val) -> std::result::Result<u64, HandleError> {
        self.counted(ty)?;
        self.write(ty, val)
            .map_err(|error| HandleError::mismatch(ty, format!("{error:#}")))
    }

    fn handle(&mut self, ty: &Type, number: u64) -> std::result::Result<Val, HandleError> {
        self.counted(ty)?;
        self.read(ty, number)
            .map_err(|error| HandleError::mismatch(ty, format!("{error:#}")))
    }
}
