//! Sends content that was announced to whoever asked for it.

use super::Served;
use crate::channel::{ByteSender, Item};
use crate::{Broker, IO_SIZE};
use bytes::Bytes;
use proto::message::{Address, Dead, DeadReason};
use proto::{BodyError, ContextId, Handle};
use std::time::Duration;

/// A receiver that takes no piece for so long is given up: others wait for its turn, some of them above.
const STALLED: Duration = Duration::from_secs(300);

/// Sends it all, as the receiver takes it.
pub(super) async fn send(
    broker: &Broker,
    child: ContextId,
    to: Handle,
    served: Served,
) -> Result<(), Dead> {
    let address = Address {
        context: child,
        handle: to,
    };
    let mut sender = broker.byte_sender(address)?;
    match served {
        Served::Whole(packed) => {
            for start in (0..packed.zstd.len()).step_by(IO_SIZE) {
                let end = packed.zstd.len().min(start + IO_SIZE);
                send_piece(broker, &mut sender, packed.zstd.slice(start..end)).await?;
            }
        }
        Served::Passing { mut from, .. } => loop {
            match from.next().await.item {
                Item::Bytes(piece) => send_piece(broker, &mut sender, piece).await?,
                Item::End => break,
                Item::Dead(dead) => {
                    sender.abort(&dead);
                    return Err(dead);
                }
                Item::Message(_) => {
                    let dead = broker.malformed(&BodyError::Cbor("raw bytes".to_owned()));
                    sender.abort(&dead);
                    return Err(dead);
                }
            }
        },
    }
    sender.finish().await
}

async fn send_piece(broker: &Broker, sender: &mut ByteSender, piece: Bytes) -> Result<(), Dead> {
    let sent = tokio::time::timeout(STALLED, sender.send(piece)).await;
    sent.unwrap_or_else(|_| Err(broker.dead(DeadReason::Busy)))
}
