//! Content that was announced, by a parent that is moved by hand: whole, in pieces, and not as it was announced.

use super::forest::{Node, module};
use super::peer::Peer;
use super::support::{ALICE, Context, MASTER, frame, until};
use crate::content::{ContentError, MAX_CONTENT, Packed};
use bytes::Bytes;
use proto::message::{
    Content, Dead, DeadReason, EngineKind, GetModule, LoadModule, LoadResource, Loaded, Transfer,
};
use proto::router::{Message, Role};
use proto::{Body, Digest, Flags, Handle};
use std::sync::Arc;

/// A context whose parent is moved by hand asks for something. Gives what it gets after the parent has said this.
async fn told(say: impl AsyncFnOnce(&mut Peer, Handle)) -> Result<Arc<Packed>, String> {
    let node = Node::below(MASTER);
    let context = Context::with(ALICE, |it| it.receive = node.clone());
    let (mut peer, _link) = Peer::attach(&context, MASTER, Role::Parent);
    let content = module(1);
    let saying = async {
        let asked = peer.next().await.unwrap();
        assert_eq!(asked.header.handle, Handle::GET_MODULE);
        let body = Body::raw(asked.header.flags, asked.body);
        let ask: GetModule = body.decode(super::support::LIMITS).unwrap();
        say(&mut peer, ask.to).await;
    };
    let (got, ()) = tokio::join!(node.get(&context.broker, &content), saying);
    until(|| context.broker.inspect().channels == 0).await;
    got
}

async fn announce(peer: &mut Peer, to: Handle, packed_len: u64, len: u64) {
    let Content::Module { module, .. } = module(1) else {
        unreachable!("it is one");
    };
    let transfer = Transfer {
        packed_len,
        len,
        digest: Digest([9; 32]),
    };
    let about = EngineKind::Plain;
    let loaded = Loaded::Found { transfer, about };
    let load = LoadModule { module, to, loaded };
    let body = Body::new(&load).unwrap();
    peer.send(&frame(
        MASTER,
        ALICE,
        Handle::LOAD_MODULE,
        Handle::NONE,
        &body,
    ))
    .await;
}

async fn piece(peer: &mut Peer, to: Handle, bytes: &[u8]) {
    let body = Body::raw(Flags::BULK, Bytes::copy_from_slice(bytes));
    peer.send(&frame(MASTER, ALICE, to, Handle(7000), &body))
        .await;
}

#[tokio::test]
async fn content_is_complete_with_its_last_byte_and_the_end() {
    let bytes = b"hello hello hello hello hello";
    let packed = zstd::bulk::compress(bytes, 1).unwrap();
    let got = told(async |peer, to| {
        announce(peer, to, packed.len() as u64, bytes.len() as u64).await;
        for byte in &packed {
            piece(peer, to, &[*byte]).await;
        }
        piece(peer, to, b"").await;
    });
    let got = got.await.unwrap();
    assert_eq!(got.zstd, packed);
    assert_eq!(got.unpack(), Ok(Bytes::from_static(bytes)));
}

#[tokio::test]
async fn an_announcement_that_cannot_be_kept_is_refused() {
    let most = MAX_CONTENT;
    for (packed_len, len, error) in [
        (1, most + 1, ContentError::TooLarge(most + 1)),
        (u64::MAX, 1, ContentError::TooLarge(u64::MAX)),
        // No frame would ever come to complete it.
        (0, 0, ContentError::Nothing),
    ] {
        let got = told(async |peer, to| announce(peer, to, packed_len, len).await);
        assert_eq!(got.await.unwrap_err(), error.to_string());
    }
}

#[tokio::test]
async fn more_or_less_than_was_announced_is_an_error() {
    for (pieces, have) in [(&[&b"1234"[..]][..], 4), (&[b"12", b""], 2), (&[b""], 0)] {
        let got = told(async |peer, to| {
            announce(peer, to, 3, 3).await;
            for bytes in pieces {
                piece(peer, to, bytes).await;
            }
        });
        let announced = 3;
        let error = ContentError::Length { have, announced };
        assert_eq!(got.await.unwrap_err(), error.to_string());
    }
}

#[tokio::test]
async fn a_parent_that_is_busy_or_breaks_off_is_not_waited_for() {
    let busy = Dead {
        reason: DeadReason::Busy,
        at: MASTER,
    };
    let body = Body::new(&busy).unwrap();
    let got = told(async |peer, to| {
        peer.send(&frame(MASTER, ALICE, to, Handle::IS_DEAD, &body))
            .await;
    });
    assert_eq!(got.await.unwrap_err(), busy.to_string());
    let got = told(async |peer, to| {
        announce(peer, to, 3, 3).await;
        piece(peer, to, b"12").await;
        peer.send(&frame(MASTER, ALICE, to, Handle::IS_DEAD, &body))
            .await;
    });
    let error = ContentError::BrokeOff(busy.to_string());
    assert_eq!(got.await.unwrap_err(), error.to_string());
}

#[test]
fn content_of_another_length_than_announced_is_refused() {
    let packed = Bytes::from(zstd::bulk::compress(b"hello", 1).unwrap());
    for (len, zstd) in [
        (4, &packed),
        (6, &packed),
        (5, &Bytes::from_static(b"noise")),
    ] {
        let transfer = Transfer {
            packed_len: zstd.len() as u64,
            len,
            digest: Digest([1; 32]),
        };
        let complete = Packed {
            transfer,
            engine: EngineKind::Plain,
            zstd: zstd.clone(),
        };
        assert!(matches!(complete.unpack(), Err(ContentError::Unpack(_))));
    }
}

#[tokio::test]
async fn what_nobody_asked_for_is_not_taken() {
    let node = Node::below(MASTER);
    let context = Context::with(ALICE, |it| it.receive = node.clone());
    let load = LoadResource {
        digest: Digest([1; 32]),
        to: Handle(1000),
        loaded: Loaded::Missing("never".to_owned()),
    };
    let message = Message {
        handle: Handle::LOAD_RESOURCE,
        src: MASTER,
        reply_to: Handle::NONE,
        body: Body::new(&load).unwrap(),
    };
    let fetcher = node.fetcher.as_ref().unwrap();
    let taken = fetcher.loaded(&context.broker, &message);
    assert_eq!(taken, Err("nobody waits for it".to_owned()));
}
