//! Ends of channels that are not what was waited for: senders that were refused, and contexts that are gone.

use super::channels::{next, number};
use super::peer::Peer;
use super::support::{ALICE, BOB, Context, LIMITS, MASTER, frame, until};
use super::tree::Tree;
use crate::{Item, Receiver, WINDOW};
use proto::message::{AddRoute, Dead, DeadReason, DelRoute, IdBlock};
use proto::router::{Accept, Role};
use proto::{Body, ContextId, Flags, Handle};

/// A child that is moved by hand has as many senders to a receiver as it may. Gives the receiver's handle.
async fn filled() -> (Context, Peer, Receiver, Handle) {
    let master = Context::new(MASTER);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let receiver = master.broker.receiver(Accept::Anyone, 0);
    let handle = receiver.address().handle;
    for sender in 2000..2016 {
        say(&mut peer, handle, Handle(sender), 1).await;
    }
    (master, peer, receiver, handle)
}

async fn say(peer: &mut Peer, to: Handle, sender: Handle, what: u32) {
    say_as(ALICE, peer, to, sender, what).await;
}

async fn say_as(src: ContextId, peer: &mut Peer, to: Handle, sender: Handle, what: u32) {
    let body = Body::new(&what).unwrap();
    peer.send(&frame(src, MASTER, to, sender, &body)).await;
}

async fn last_word(peer: &mut Peer, to: Handle, sender: Handle) {
    let why = Dead {
        reason: DeadReason::Quota,
        at: MASTER,
    };
    let body = Body::with_tail(&why, &sender.0.to_be_bytes()).unwrap();
    peer.send(&frame(ALICE, MASTER, to, Handle::IS_DEAD, &body))
        .await;
}

async fn end(peer: &mut Peer, to: Handle, sender: Handle) {
    peer.send(&frame(ALICE, MASTER, to, sender, &Body::empty()))
        .await;
}

/// Waits until all that was sent has come, and gives who was told in the meantime that it is over.
async fn told(peer: &mut Peer) -> Vec<Handle> {
    let ping = frame(ALICE, MASTER, Handle::PING, Handle::NONE, &Body::empty());
    peer.send(&ping).await;
    let mut told = Vec::new();
    loop {
        let header = peer.next().await.unwrap().header;
        if header.handle == Handle::PONG {
            return told;
        }
        assert_eq!(header.reply_to, Handle::IS_DEAD);
        told.push(header.handle);
    }
}

/// What waits, by who has sent it.
fn all(receiver: &mut Receiver) -> Vec<(Handle, Item)> {
    std::iter::from_fn(|| receiver.try_next())
        .map(|it| (it.sender, it.item))
        .collect()
}

#[tokio::test]
async fn a_sender_that_was_refused_is_not_let_in_halfway() {
    let (_master, mut peer, mut receiver, handle) = filled().await;
    say(&mut peer, handle, Handle(3000), 1).await;
    assert_eq!(told(&mut peer).await, [Handle(3000)]);
    // There is place again while the rest of it is still on its way.
    end(&mut peer, handle, Handle(2000)).await;
    told(&mut peer).await;
    assert_eq!(all(&mut receiver).len(), 17);
    say(&mut peer, handle, Handle(3000), 2).await;
    last_word(&mut peer, handle, Handle(3000)).await;
    assert_eq!(told(&mut peer).await, []);
    assert_eq!(all(&mut receiver), []);
    // The place is another's.
    say(&mut peer, handle, Handle(3001), 5).await;
    assert_eq!(told(&mut peer).await, []);
    let [(sender, item)] = &all(&mut receiver)[..] else {
        panic!("one thing came");
    };
    assert_eq!((*sender, number(item.clone())), (Handle(3001), 5));
}

#[tokio::test]
async fn a_sender_that_has_sent_too_much_does_not_begin_again_in_the_middle() {
    let master = Context::new(MASTER);
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let mut receiver = master.broker.receiver(Accept::Anyone, 0);
    let handle = receiver.address().handle;
    let piece = Body::raw(Flags::BULK, vec![0; 100 << 10].into());
    let piece = frame(ALICE, MASTER, handle, Handle(3000), &piece);
    for _ in 0..4 {
        peer.send(&piece).await;
    }
    assert_eq!(told(&mut peer).await, [Handle(3000)]);
    assert_eq!(all(&mut receiver).len(), 4);
    peer.send(&piece).await;
    told(&mut peer).await;
    assert_eq!(all(&mut receiver), []);
}

#[tokio::test]
async fn refusals_fill_no_memory_and_are_forgotten_once_they_are_known() {
    let (_master, mut peer, mut receiver, handle) = filled().await;
    // Whoever says a last word costs nothing, however often.
    for sender in 3000..4000 {
        say(&mut peer, handle, Handle(sender), 1).await;
        last_word(&mut peer, handle, Handle(sender)).await;
    }
    assert_eq!(told(&mut peer).await.len(), 1000);
    for sender in 2000..2016 {
        end(&mut peer, handle, Handle(sender)).await;
    }
    told(&mut peer).await;
    assert_eq!(all(&mut receiver).len(), 32);
    for sender in 5000..5016 {
        say(&mut peer, handle, Handle(sender), 1).await;
    }
    assert_eq!(told(&mut peer).await, []);
    // Of those that say none only so many are remembered, and then nobody else of that context is let in.
    for sender in 6000..7000 {
        say(&mut peer, handle, Handle(sender), 1).await;
    }
    assert_eq!(told(&mut peer).await.len(), 1000);
    end(&mut peer, handle, Handle(5000)).await;
    told(&mut peer).await;
    assert_eq!(all(&mut receiver).len(), 17);
    for sender in [6000, 6999, 8000] {
        say(&mut peer, handle, Handle(sender), 2).await;
    }
    assert_eq!(told(&mut peer).await, [6999, 8000].map(Handle));
    assert_eq!(all(&mut receiver), []);
}

#[tokio::test]
async fn senders_that_have_said_all_cost_nothing() {
    // All that they send at once, or behind something that was refused.
    for shape in [&["end"][..], &["message", "end"]] {
        let (_master, mut peer, mut receiver, handle) = filled().await;
        for sender in 3000..4000 {
            for said in shape {
                match *said {
                    "end" => end(&mut peer, handle, Handle(sender)).await,
                    _ => say(&mut peer, handle, Handle(sender), 1).await,
                }
            }
        }
        assert_eq!(told(&mut peer).await.len(), 1000);
        for sender in 2000..2016 {
            end(&mut peer, handle, Handle(sender)).await;
        }
        told(&mut peer).await;
        assert_eq!(all(&mut receiver).len(), 32);
        say(&mut peer, handle, Handle(5000), 1).await;
        assert_eq!(told(&mut peer).await, [], "{shape:?}");
        assert_eq!(all(&mut receiver).len(), 1);
    }
}

/// A context comes behind the child, or goes.
async fn route(peer: &mut Peer, handle: Handle, what: &impl serde::Serialize) {
    let body = Body::new(what).unwrap();
    peer.send(&frame(ALICE, MASTER, handle, Handle::NONE, &body))
        .await;
}

/// Ids for what is behind the child.
async fn ids(peer: &mut Peer) -> impl Iterator<Item = ContextId> {
    let none = Body::empty();
    peer.send(&frame(
        ALICE,
        MASTER,
        Handle::ALLOCATE_ID,
        Handle(1000),
        &none,
    ))
    .await;
    let answer = peer.next().await.unwrap();
    let block = Body::raw(Flags::NONE, answer.body);
    let block: IdBlock = block.decode(LIMITS).unwrap();
    (block.first.0..block.first.0 + block.count).map(ContextId)
}

#[tokio::test]
async fn refusals_of_some_contexts_shut_nobody_else_out() {
    let master = Context::new(MASTER);
    let (mut hostile, _link) = Peer::attach(&master, ALICE, Role::Child);
    let (mut honest, _other) = Peer::attach(&master, BOB, Role::Child);
    let mut receiver = master.broker.receiver(Accept::Anyone, 0);
    let handle = receiver.address().handle;
    // More than are remembered of one, and of all together.
    let contexts: Vec<_> = ids(&mut hostile).await.skip(100).take(20).collect();
    let add = |context| AddRoute {
        context,
        parent: ALICE,
    };
    for context in &contexts {
        route(&mut hostile, Handle::ADD_ROUTE, &add(*context)).await;
        for sender in 2000..2016 + 300 {
            say_as(*context, &mut hostile, handle, Handle(sender), 1).await;
        }
        assert_eq!(told(&mut hostile).await.len(), 300);
        assert_eq!(all(&mut receiver).len(), 16);
    }
    say_as(BOB, &mut honest, handle, Handle(4000), 7).await;
    assert_eq!(number(next(&mut receiver).await), 7);
    // Those are let in no more.
    let first = contexts[0];
    for sender in 2000..2016 {
        let end = frame(first, MASTER, handle, Handle(sender), &Body::empty());
        hostile.send(&end).await;
    }
    say_as(first, &mut hostile, handle, Handle(9000), 1).await;
    assert_eq!(told(&mut hostile).await, [Handle(9000)]);
    assert_eq!(all(&mut receiver).len(), 16);
    // What is remembered of them goes with them.
    let went = DelRoute {
        contexts: vec![first],
        why: Dead {
            reason: DeadReason::Crashed,
            at: ALICE,
        },
    };
    route(&mut hostile, Handle::DEL_ROUTE, &went).await;
    route(&mut hostile, Handle::ADD_ROUTE, &add(first)).await;
    say_as(first, &mut hostile, handle, Handle(9000), 1).await;
    assert_eq!(told(&mut hostile).await, []);
    assert_eq!(all(&mut receiver).len(), 1);
}

#[tokio::test]
async fn one_child_does_not_take_all_places() {
    let master = Context::new(MASTER);
    let (mut hostile, _link) = Peer::attach(&master, ALICE, Role::Child);
    let (mut honest, _other) = Peer::attach(&master, BOB, Role::Child);
    let mut receiver = master.broker.receiver(Accept::Anyone, 0);
    let handle = receiver.address().handle;
    let mut refused = 0;
    let contexts: Vec<_> = ids(&mut hostile).await.skip(100).take(300).collect();
    for context in contexts {
        let parent = ALICE;
        route(
            &mut hostile,
            Handle::ADD_ROUTE,
            &AddRoute { context, parent },
        )
        .await;
        for sender in 2000..2016 {
            say_as(context, &mut hostile, handle, Handle(sender), 1).await;
        }
        refused += told(&mut hostile).await.len();
    }
    assert_eq!(refused, 300 * 16 - 2048);
    assert_eq!(all(&mut receiver).len(), 2048);
    say_as(BOB, &mut honest, handle, Handle(4000), 7).await;
    assert_eq!(number(next(&mut receiver).await), 7);
    // They end with it.
    drop(hostile);
    until(|| !master.broker.is_below(ALICE)).await;
    let ended = all(&mut receiver);
    assert_eq!(ended.len(), 2048);
    assert!(ended.iter().all(|(_, it)| matches!(it, Item::Dead(_))));
}

#[tokio::test]
async fn a_context_that_goes_is_missed_also_behind_an_end_that_nobody_has_taken() {
    for taken in [false, true] {
        let (tree, ids) = Tree::line(false, 2).await;
        let only = Accept::Context(ids[2]);
        let mut receiver = tree.broker(MASTER).receiver(only, WINDOW);
        let mut sender = tree.broker(ids[2]).sender(receiver.address()).unwrap();
        sender.send(&1).await.unwrap();
        assert_eq!(number(next(&mut receiver).await), 1);
        sender.finish().await.unwrap();
        if taken {
            assert_eq!(next(&mut receiver).await, Item::End);
        } else {
            // What the leaf says next comes behind the end.
            let mut other = tree.broker(MASTER).receiver(Accept::Anyone, WINDOW);
            let mut behind = tree.broker(ids[2]).sender(other.address()).unwrap();
            behind.send(&2).await.unwrap();
            next(&mut other).await;
        }
        tree.cut(ids[2]);
        until(|| !tree.broker(MASTER).is_below(ids[2])).await;
        if !taken {
            assert_eq!(next(&mut receiver).await, Item::End);
        }
        assert!(matches!(next(&mut receiver).await, Item::Dead(_)));
        // Others that go later are none of its concern.
        tree.cut(ids[1]);
        until(|| !tree.broker(MASTER).is_below(ids[1])).await;
        assert!(receiver.try_next().is_none());
    }
}
