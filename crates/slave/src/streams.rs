//! The streams of calls, between guests here and whoever called them.

use broker::{Broker, Intake, Item, Offer, Taken};
use bytes::Bytes;
use proto::message::{Address, Dead, DeadReason};
use proto::{Body, ContextId, Flags, Handle, Limits};
use runtime::{Carries, Outgoing, Peer};
use tokio::sync::mpsc;

/// Pieces that wait for a guest.
const WAITING: usize = 2;

/// Pieces of what it prints that wait for their way: each handle of WASI 0.2 to its standard output keeps the place of one.
const PRINTED: usize = 16;

/// The longest piece of values that a guest is given at once, unpacked.
const PIECE: Limits = Limits { max_body: 4 << 20 };

/// The context that has called a guest.
pub(crate) struct Caller {
    pub(crate) broker: Broker,
    pub(crate) context: ContextId,
}

impl Peer for Caller {
    fn context(&self) -> ContextId {
        self.context
    }

    fn write(&self, carries: Carries, outgoing: Outgoing) -> u64 {
        let offer = self.broker.offer(self.context);
        let number = offer.number();
        let broker = self.broker.clone();
        tokio::spawn(async move {
            // Where nobody reads the guest learns it because `outgoing` is dropped.
            let _ = write(&broker, offer, carries, outgoing).await;
        });
        number
    }

    fn read(&self, _: Carries, number: u64) -> mpsc::Receiver<Result<Bytes, String>> {
        let (pieces, incoming) = mpsc::channel(WAITING);
        let (broker, writer) = (self.broker.clone(), self.context);
        tokio::spawn(async move {
            let read = async {
                let intake = broker.take(writer, number).await;
                read(intake.map_err(|dead| dead.to_string())?, &pieces).await
            };
            tokio::select! {
                ended = read => if let Err(why) = ended {
                    let _ = pieces.send(Err(why)).await;
                },
                // The guest reads no more.
                () = pieces.closed() => {}
            }
        });
        incoming
    }

    fn print(&self, to: Handle) -> mpsc::Sender<Bytes> {
        let (pieces, printed) = mpsc::channel(PRINTED);
        let (broker, context) = (self.broker.clone(), self.context);
        tokio::spawn(async move {
            let receiver = Address {
                context,
                handle: to,
            };
            // Where nobody receives it the guest learns that because `printed` is dropped.
            let _ = print(&broker, receiver, printed).await;
        });
        pieces
    }
}

async fn print(
    broker: &Broker,
    to: Address,
    mut printed: mpsc::Receiver<Bytes>,
) -> Result<(), Dead> {
    if !to.handle.is_dynamic() {
        return Err(Dead {
            reason: DeadReason::InvalidHandle,
            at: broker.me(),
        });
    }
    let mut sender = broker.byte_sender(to)?;
    while let Some(bytes) = printed.recv().await {
        sender.send(bytes).await?;
    }
    sender.finish().await
}

async fn write(
    broker: &Broker,
    offer: Offer,
    carries: Carries,
    outgoing: Outgoing,
) -> Result<(), Dead> {
    let mut pieces = outgoing.pieces;
    // A guest that ends while nobody has asked yet may still be asked.
    let taken = tokio::time::timeout_at(outgoing.until, offer.taken(broker)).await;
    let mut taken = taken.map_err(|_| unwanted(broker))??;
    let incomplete = |why| Dead {
        reason: DeadReason::Incomplete(why),
        at: broker.me(),
    };
    match carries {
        Carries::Bytes => {
            let mut sender = taken.bytes()?;
            while let Some(piece) = next(&mut taken, &mut pieces).await {
                sender.send(piece).await?;
            }
            match outgoing.end.failure() {
                None => sender.finish().await?,
                Some(why) => sender.abort(&incomplete(why)),
            }
        }
        Carries::Values => {
            let mut sender = taken.messages()?;
            while let Some(piece) = next(&mut taken, &mut pieces).await {
                sender.send_body(Body::raw(Flags::NONE, piece)).await?;
            }
            match outgoing.end.failure() {
                None => sender.finish().await?,
                Some(why) => sender.abort(&incomplete(why)),
            }
        }
    }
    taken.left().await;
    Ok(())
}

/// Nobody has asked in time.
fn unwanted(broker: &Broker) -> Dead {
    Dead {
        reason: DeadReason::Closed,
        at: broker.me(),
    }
}

/// The next piece; none if the guest has ended, or nobody reads any more.
async fn next(taken: &mut Taken, pieces: &mut mpsc::Receiver<Bytes>) -> Option<Bytes> {
    tokio::select! {
        biased;
        piece = pieces.recv() => piece,
        () = taken.left() => None,
    }
}

/// Passes on what comes, to its end.
async fn read(
    mut intake: Intake,
    pieces: &mpsc::Sender<Result<Bytes, String>>,
) -> Result<(), String> {
    loop {
        let piece = match intake.next().await {
            Item::Bytes(bytes) => bytes,
            Item::Message(body) => unpacked(body)?,
            Item::End => return Ok(()),
            Item::Dead(dead) => return Err(dead.to_string()),
        };
        if pieces.send(Ok(piece)).await.is_err() {
            return Ok(());
        }
    }
}

fn unpacked(body: Body) -> Result<Bytes, String> {
    body.unpacked(PIECE).map_err(|error| error.to_string())
}
