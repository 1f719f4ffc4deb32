//! The streams of a call, at the side of the program.
//!
//! In the values of a call a stream is a list and a future its value, as if all of it were there: what goes in is sent as the guest reads it, and
//! [`Streaming::collect`] waits for what comes out. Whoever has more than fits into memory, or wants to have it as it comes, uses
//! numbers instead: `Val::U64(n)` in the place of a `stream<u8>` argument is the n-th of the feeds, and in the place of any stream or future of
//! the result the n-th of [`Streaming::incoming`].

use super::call::CallResult;
use super::guests::Held;
use broker::{Broker, Intake, Item, Offer};
use bytes::{Bytes, BytesMut};
use proto::message::{Dead, DeadReason, LimitKind};
use proto::{Body, ContextId, Flags};
use runtime::value::{self, HandleError, Handles};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinSet;
use wasmtime::component::{Type, Val};

mod fill;

/// Values of one message, about.
const VALUES: usize = 64 << 10;

/// Where a `stream<u8>` argument comes from.
pub type Feed = Box<dyn AsyncRead + Send + Unpin>;

/// What a call is fed with, and by whom.
pub(super) struct Feeding<'a> {
    broker: &'a Broker,
    to: ContextId,
    feeds: Vec<Option<Feed>>,
    tasks: JoinSet<()>,
}

/// A call that has its outcome, and whose streams may still go on. Dropped, it reads no more, and nothing more is sent.
pub struct Streaming {
    /// What became of the call. Streams and futures of its value are numbers.
    pub result: CallResult,
    /// Those streams and futures.
    pub incoming: Vec<Incoming>,
    /// Of the value, if the function has one.
    pub(super) ty: Option<Type>,
    /// What memory [`collect`](Self::collect) may fill.
    pub(super) memory: u64,
    pub(super) _feeding: JoinSet<()>,
    /// Its guest may live on, and ask for more.
    pub(super) _held: Option<Held>,
}

/// A stream or future of a result.
pub struct Incoming {
    ty: Type,
    intake: Result<Intake, Dead>,
    from: ContextId,
    limits: proto::Limits,
    /// Bytes of the values that have come, unpacked: texts are as long here.
    carried: u64,
}

/// What comes out of a stream at once.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Of a `stream<u8>`.
    Bytes(Bytes),
    /// Of any other, and of a future its one value.
    Values(Vec<Val>),
}

impl<'a> Feeding<'a> {
    pub(super) fn new(broker: &'a Broker, to: ContextId, feeds: Vec<Feed>) -> Self {
        Self {
            broker,
            to,
            feeds: feeds.into_iter().map(Some).collect(),
            tasks: JoinSet::new(),
        }
    }

    pub(super) fn into_tasks(self) -> JoinSet<()> {
        self.tasks
    }

    /// Offers a stream of bytes that is no part of a value.
    pub(super) fn offer(&mut self, feed: Feed) -> u64 {
        let offer = self.broker.offer(self.to);
        let number = offer.number();
        self.feed(send_feed(self.broker.clone(), offer, feed));
        number
    }

    fn feed(&mut self, feed: impl Future<Output = Result<(), Dead>> + Send + 'static) {
        self.tasks.spawn(async move {
            // Where nobody reads any more nobody wants to know, either.
            let _ = feed.await;
        });
    }
}

impl Handles for Feeding<'_> {
    fn number(&mut self, ty: &Type, val: &Val) -> Result<u64, HandleError> {
        if value::is_resource(ty) {
            return match val {
                Val::U64(number) => Ok(*number),
                _ => Err(HandleError::mismatch(ty, "a value that is no resource's")),
            };
        }
        let offer = self.broker.offer(self.to);
        let (number, broker) = (offer.number(), self.broker.clone());
        match (ty, val) {
            (Type::Stream(stream), Val::U64(feed)) if stream.ty() == Some(Type::U8) => {
                let at = usize::try_from(*feed).ok();
                let feed = at.and_then(|at| self.feeds.get_mut(at)?.take());
                let feed =
                    feed.ok_or_else(|| HandleError::mismatch(ty, "a feed that is not there"))?;
                self.feed(send_feed(broker, offer, feed));
            }
            (Type::Stream(stream), Val::List(items)) => match stream.ty() {
                Some(Type::U8) => {
                    let bytes = items.iter().map(|item| match item {
                        Val::U8(byte) => Ok(*byte),
                        _ => Err(HandleError::mismatch(ty, "a list of something else")),
                    });
                    let bytes = bytes.collect::<Result<Vec<u8>, _>>()?;
                    self.feed(send_bytes(broker, offer, bytes.into()));
                }
                item => {
                    let pieces = pieces(ty, item, items)?;
                    self.feed(send_values(broker, offer, pieces));
                }
            },
            (Type::Future(future), val) => {
                let pieces = pieces(ty, future.ty(), std::slice::from_ref(val))?;
                self.feed(send_values(broker, offer, pieces));
            }
            _ => return Err(HandleError::mismatch(ty, "another value")),
        }
        Ok(number)
    }

    fn handle(&mut self, ty: &Type, _: u64) -> Result<Val, HandleError> {
        Err(HandleError::unsupported(ty))
    }
}

/// Values as arrays of about the size of a message.
fn pieces(ty: &Type, item: Option<Type>, items: &[Val]) -> Result<Vec<Vec<u8>>, HandleError> {
    let mut pieces = Vec::new();
    let (mut count, mut body) = (0, Vec::new());
    for val in items {
        match &item {
            Some(item) => value::encode(item, val, &mut body)
                .map_err(|error| HandleError::mismatch(ty, error.to_string()))?,
            None => body.push(NULL),
        }
        count += 1;
        if body.len() >= VALUES {
            pieces.push(value::array_of(count, &body));
            (count, body) = (0, Vec::new());
        }
    }
    if count > 0 {
        pieces.push(value::array_of(count, &body));
    }
    Ok(pieces)
}

/// The item of a stream without a type, in CBOR.
const NULL: u8 = 0xf6;

async fn send_bytes(broker: Broker, offer: Offer, bytes: Bytes) -> Result<(), Dead> {
    let mut taken = offer.taken(&broker).await?;
    let mut sender = taken.bytes()?;
    tokio::select! {
        sent = sender.send(bytes) => sent?,
        () = taken.left() => return Ok(()),
    }
    sender.finish().await?;
    taken.left().await;
    Ok(())
}

async fn send_feed(broker: Broker, offer: Offer, mut feed: Feed) -> Result<(), Dead> {
    let mut taken = offer.taken(&broker).await?;
    let mut sender = taken.bytes()?;
    loop {
        let mut piece = BytesMut::with_capacity(broker::IO_SIZE);
        let read = tokio::select! {
            read = feed.read_buf(&mut piece) => read,
            () = taken.left() => return Ok(()),
        };
        match read {
            Ok(0) => break,
            Ok(_) => sender.send(piece.freeze()).await?,
            Err(error) => {
                let reason = DeadReason::Incomplete(error.to_string());
                let at = broker.me();
                sender.abort(&Dead { reason, at });
                taken.left().await;
                return Ok(());
            }
        }
    }
    sender.finish().await?;
    taken.left().await;
    Ok(())
}

async fn send_values(broker: Broker, offer: Offer, pieces: Vec<Vec<u8>>) -> Result<(), Dead> {
    let mut taken = offer.taken(&broker).await?;
    let mut sender = taken.messages()?;
    for piece in pieces {
        tokio::select! {
            sent = sender.send_body(Body::raw(Flags::NONE, piece.into())) => sent?,
            () = taken.left() => return Ok(()),
        }
    }
    sender.finish().await?;
    taken.left().await;
    Ok(())
}

/// Finds the streams of a result.
pub(super) struct Found(pub(super) Vec<(Type, u64)>);

impl Handles for Found {
    fn number(&mut self, ty: &Type, _: &Val) -> Result<u64, HandleError> {
        Err(HandleError::unsupported(ty))
    }

    fn handle(&mut self, ty: &Type, number: u64) -> Result<Val, HandleError> {
        if value::is_resource(ty) {
            return Ok(Val::U64(number));
        }
        self.0.push((ty.clone(), number));
        Ok(Val::U64(self.0.len() as u64 - 1))
    }
}

impl Incoming {
    pub(super) async fn open(broker: &Broker, from: ContextId, ty: Type, number: u64) -> Self {
        Self {
            ty,
            intake: broker.take(from, number).await,
            from,
            limits: broker.limits(),
            carried: 0,
        }
    }

    /// The type of the stream or future.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// Waits for the next piece; none behind the last.
    ///
    /// # Errors
    /// If it breaks off: why, and who noticed.
    pub async fn next(&mut self) -> Result<Option<Piece>, Dead> {
        let intake = self.intake.as_mut().map_err(|dead| dead.clone())?;
        Ok(match intake.next().await {
            Item::Bytes(bytes) => Some(Piece::Bytes(bytes)),
            Item::Message(body) => Some(Piece::Values(self.values(&body)?)),
            Item::End => None,
            Item::Dead(dead) => return Err(dead),
        })
    }

    fn values(&mut self, body: &Body) -> Result<Vec<Val>, Dead> {
        let malformed = |why: String| Dead {
            reason: DeadReason::Malformed(why),
            at: self.from,
        };
        let bytes = body
            .unpacked(self.limits)
            .map_err(|error| malformed(error.to_string()))?;
        self.carried += bytes.len() as u64;
        let item = match &self.ty {
            Type::Stream(stream) => stream.ty(),
            Type::Future(future) => future.ty(),
            _ => None,
        };
        value::decode_items(item.as_ref(), &bytes).map_err(|error| malformed(error.to_string()))
    }
}

impl Streaming {
    /// Waits for all streams and futures, and puts lists and values in their places. One that breaks off is the outcome of the
    /// whole call, and so is what takes more memory than the call may have.
    pub async fn collect(self) -> CallResult {
        let Self {
            result,
            incoming,
            ty,
            memory,
            _feeding,
            _held,
        } = self;
        let Some(ty) = ty.filter(|_| !incoming.is_empty()) else {
            return result;
        };
        let mut left = memory;
        let mut collected = Vec::new();
        // One after the other could wait for ever: a guest may write them in any order.
        let mut reading: JoinSet<_> = incoming
            .into_iter()
            .enumerate()
            .map(|(at, incoming)| async move { (at, fill::all(incoming, memory).await) })
            .collect();
        while let Some(read) = reading.join_next().await {
            let Ok((at, read)) = read else {
                return CallResult::Cancelled;
            };
            match read {
                Ok(Some((val, cost))) if cost <= left => {
                    left -= cost;
                    collected.push((at, val));
                }
                Ok(_) => {
                    return CallResult::OverLimit {
                        limit: LimitKind::Memory,
                        allowed: memory,
                    };
                }
                Err(dead) => return CallResult::Dead(dead),
            }
        }
        collected.sort_unstable_by_key(|(at, _)| *at);
        let collected = collected.into_iter().map(|(_, val)| val).collect();
        fill::result(result, collected, &ty)
    }
}
