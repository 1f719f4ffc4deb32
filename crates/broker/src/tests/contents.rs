//! Content over several hops: asked for once, kept on the way, refused until it is offered, and never waited for in
//! vain.

use super::forest::{Forest, Node, Shelf, module, noise, resource};
use super::peer::Peer;
use super::support::{ALICE, Context, MASTER, frame, until};
use crate::IO_SIZE;
use crate::content::Key;
use proto::message::{Dead, DeadReason, GetResource};
use proto::router::Role;
use proto::{Body, Digest, Handle};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn whoever_wants_the_same_at_once_costs_the_master_one_answer() {
    let forest = Forest::new().await;
    for content in [module(1), resource(2)] {
        let before = forest.shelf.asked();
        let bytes = noise(3 << 20);
        forest.shelf.put(&content, &bytes);
        let [left, right] = forest.leaves;
        let all = tokio::join!(
            forest.get(left, &content),
            forest.get(left, &content),
            forest.get(right, &content),
            forest.get(right, &content),
        );
        for got in [all.0, all.1, all.2, all.3] {
            let got = got.unwrap();
            assert_eq!(got.transfer.digest, Key::from(&content).digest);
            assert!(got.unpack().unwrap() == bytes);
        }
        assert_eq!(forest.shelf.asked(), before + 1);
        // What a hop has it answers itself.
        forest.get(right, &content).await.unwrap();
        assert_eq!(forest.shelf.asked(), before + 1);
    }
    forest.tree.idle().await;
}

#[tokio::test]
async fn what_there_is_not_is_asked_for_once_until_it_is_offered() {
    let forest = Forest::new().await;
    for content in [module(1), resource(1), module(2)] {
        let before = forest.shelf.asked();
        for at in [forest.leaves[0], forest.leaves[0], forest.leaves[1]] {
            let refused = forest.get(at, &content).await;
            assert_eq!(refused.unwrap_err(), "there is no such thing");
        }
        assert_eq!(forest.shelf.asked(), before + 1);
    }
    // What is offered is asked for again, by all who were refused, and nothing else is.
    forest.shelf.put(&module(1), b"now");
    let broker = forest.tree.broker(MASTER);
    let server = &forest.nodes[&MASTER].server;
    server.offered(broker, Digest([1; 32]));
    let before = forest.shelf.asked();
    for leaf in forest.leaves {
        let asking = async {
            while forest.get(leaf, &module(1)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(10), asking).await.unwrap();
        forest.get(leaf, &module(2)).await.unwrap_err();
    }
    assert_eq!(forest.shelf.asked(), before + 1);
    forest.tree.idle().await;
}

#[tokio::test]
async fn what_is_offered_while_it_is_looked_for_is_not_refused() {
    let forest = Forest::new().await;
    let leaf = forest.leaves[0];
    for n in 0..10 {
        let content = module(n);
        let before = forest.shelf.asked();
        let asking = forest.get(leaf, &content);
        let offering = async {
            until(|| forest.shelf.asked() > before).await;
            // The master looks, and will not find it.
            tokio::time::sleep(Duration::from_millis(2 * u64::from(n))).await;
            let broker = forest.tree.broker(MASTER);
            let server = &forest.nodes[&MASTER].server;
            forest.shelf.put(&content, b"late");
            server.offered(broker, Key::from(&content).digest);
        };
        let (got, ()) = tokio::join!(asking, offering);
        if got.is_err() {
            let again = async {
                while forest.get(leaf, &content).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            let again = timeout(Duration::from_secs(5), again).await;
            again.expect("it is not refused for ever");
        }
    }
}

#[tokio::test]
async fn a_large_file_passes_and_stays_nowhere() {
    let forest = Forest::new().await;
    let content = resource(3);
    let bytes = noise(24 << 20);
    forest.shelf.put(&content, &bytes);
    let [upper, lower] = forest.relays;
    for (count, leaf) in (1..).zip(forest.leaves) {
        let watching = async {
            loop {
                for (at, peer) in [(upper, lower), (lower, leaf)] {
                    let queued = forest.tree.queued(at, peer);
                    assert!(queued <= (2 * IO_SIZE + (1 << 20)) as u64, "{queued}");
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let got = tokio::select! {
            got = forest.get(leaf, &content) => got.unwrap(),
            () = watching => unreachable!("it goes on"),
        };
        assert!(got.unpack().unwrap() == bytes);
        assert_eq!(forest.shelf.asked(), count);
    }
    forest.tree.idle().await;
}

#[tokio::test]
async fn a_link_that_is_cut_in_the_middle_ends_the_waiting() {
    for cut in 0..3 {
        let forest = Forest::new().await;
        let leaf = forest.leaves[0];
        let content = resource(3);
        forest.shelf.put(&content, &noise(64 << 20));
        let cutting = async {
            let [upper, lower] = forest.relays;
            let some = || {
                let links = forest.tree.broker(leaf).inspect().links;
                links.first().is_some_and(|link| link.received > 1 << 20)
            };
            until(some).await;
            forest.tree.cut([upper, lower, leaf][cut]);
        };
        let (got, ()) = tokio::join!(forest.get(leaf, &content), cutting);
        let why = got.unwrap_err();
        assert!(why.starts_with("it broke off"), "{why}");
        forest.tree.idle().await;
    }
}

#[tokio::test]
async fn without_a_parent_nobody_waits_for_content() {
    let forest = Forest::new().await;
    let leaf = forest.leaves[0];
    forest.tree.cut(leaf);
    until(|| forest.tree.broker(leaf).inspect().links.is_empty()).await;
    let why = forest.get(leaf, &module(1)).await.unwrap_err();
    assert!(why.starts_with("no route to context"), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_child_that_takes_nothing_of_what_it_asked_for_does_not_keep_its_turns() {
    let shelf = Arc::new(Shelf::default());
    shelf.put(&resource(1), &noise(1 << 20));
    let master = Context::with(MASTER, |it| {
        it.receive = Node::master(shelf.clone());
        it.router.heartbeat = Duration::ZERO;
    });
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    for n in 0..3_u32 {
        let ask = GetResource {
            digest: Digest([1; 32]),
            to: Handle(2000 + n),
        };
        let body = Body::new(&ask).unwrap();
        peer.send(&frame(
            ALICE,
            MASTER,
            Handle::GET_RESOURCE,
            Handle::NONE,
            &body,
        ))
        .await;
    }
    let start = tokio::time::Instant::now();
    let mut announced = 0;
    let mut given_up = 0;
    while announced < 3 {
        let next = timeout(Duration::from_secs(1000), peer.next()).await;
        let header = next.expect("it goes on").unwrap().header;
        announced += usize::from(header.handle == Handle::LOAD_RESOURCE);
        given_up += usize::from(header.reply_to == Handle::IS_DEAD);
    }
    assert!(given_up >= 1);
    assert!(start.elapsed() >= Duration::from_secs(300));
}

#[tokio::test]
async fn a_child_that_asks_for_too_much_at_once_is_told() {
    let shelf = Arc::new(Shelf::default());
    *shelf.hangs.lock().unwrap() = true;
    let master = Context::with(MASTER, |it| it.receive = Node::master(shelf.clone()));
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    for n in 0..1025_u32 {
        let ask = GetResource {
            digest: Digest([0; 32]),
            to: Handle(2000 + n),
        };
        let body = Body::new(&ask).unwrap();
        let ask = frame(ALICE, MASTER, Handle::GET_RESOURCE, Handle::NONE, &body);
        peer.send(&ask).await;
    }
    let told = peer.next().await.unwrap();
    assert_eq!(told.header.handle, Handle(3024));
    assert_eq!(told.header.reply_to, Handle::IS_DEAD);
    let dead: Dead = Body::raw(told.header.flags, told.body)
        .decode(super::support::LIMITS)
        .unwrap();
    assert_eq!(dead.reason, DeadReason::Busy);
    // Of the others two at once are looked for.
    assert_eq!(shelf.asked(), 2);
}
