//! All at once, on several threads, in a tree whose links go while it is in full use: everything has an end, and
//! nothing stays.

use super::support::{MASTER, call, until};
use super::tree::Tree;
use crate::{Allow, Broker, Item, Service, WINDOW};
use proto::ContextId;
use proto::router::Accept;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A master, two relays, one below the other, and a leaf below each of them.
async fn tree() -> (Tree, Vec<ContextId>) {
    let mut tree = Tree::with(true, |it| {
        let echo = Service::new("echo", 3)
            .method("echo", Allow::Anyone, |_, n: u32| async move { Ok(n) })
            .shared_method("shared", Allow::Anyone, |_, n: u32| async move {
                tokio::task::yield_now().await;
                Ok(n)
            });
        it.services.register(echo);
    });
    let upper = tree.add(MASTER).await;
    let lower = tree.add(upper).await;
    let ids = vec![upper, lower, tree.add(upper).await, tree.add(lower).await];
    (tree, ids)
}

async fn calls(above: Broker, below: ContextId, n: u64) {
    let function = ["echo", "yield", "hang"][(n % 3) as usize];
    let head = call(function);
    let calling = above.call(below, &head, &[7; 3000]);
    // Its outcome, or that it is given up: this is about what stays behind.
    let _ = timeout(Duration::from_micros(n * 37 % 3000), calling).await;
}

async fn asks(below: Broker, n: u64) {
    let method = ["echo", "shared"][(n % 2) as usize];
    let number = (n % 5) as u32;
    let asking = below.call_service::<u32>(MASTER, "echo", method, &number);
    if let Ok(Ok(answer)) = timeout(Duration::from_micros(n * 53 % 3000), asking).await {
        assert_eq!(answer, number);
    }
}

/// A stream from one context to another, of which either end may stop.
async fn streams(from: Broker, to: Broker, is_near: bool, n: u64) {
    let (source, target) = (from.me(), to.me());
    let mut receiver = to.receiver(Accept::Context(source), WINDOW);
    // The context may be gone already.
    let Ok(mut sender) = from.byte_sender(receiver.address()) else {
        return;
    };
    let sending = tokio::spawn(async move {
        for _ in 0..n % 7 {
            if sender.send(vec![n as u8; 300_000].into()).await.is_err() {
                return;
            }
        }
        if n.is_multiple_of(2) {
            // Nobody may be there to hear it.
            let _ = sender.finish().await;
        }
    });
    let mut pieces = 0;
    let receiving = async {
        while let Item::Bytes(piece) = receiver.next().await.item {
            assert!(piece.iter().all(|byte| *byte == n as u8));
            pieces += 1;
            if pieces > 10 && n.is_multiple_of(3) {
                break;
            }
        }
    };
    let received = timeout(Duration::from_secs(4), receiving).await;
    if !is_near {
        // One that went before it said anything is not missed elsewhere.
        return;
    }
    received.unwrap_or_else(|_| panic!("the stream from {source} to {target} has no end"));
    drop(receiver);
    timeout(Duration::from_secs(20), sending)
        .await
        .expect("a sender has an end")
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_storm_in_a_tree_leaves_nothing_behind() {
    for round in 0..12_u64 {
        let (tree, ids) = tree().await;
        let mut work = JoinSet::new();
        for n in 0..80_u64 {
            let one = ids[(n % 4) as usize];
            let other = ids[((n / 4 + round) % 4) as usize];
            let broker = |context| tree.broker(context).clone();
            work.spawn(calls(broker(MASTER), one, n + round));
            work.spawn(asks(broker(one), n + round));
            match n % 4 {
                0 => work.spawn(streams(broker(MASTER), broker(one), true, n)),
                1 => work.spawn(streams(broker(one), broker(MASTER), true, n)),
                2 if one != other => work.spawn(streams(broker(one), broker(other), false, n)),
                _ => continue,
            };
        }
        tokio::time::sleep(Duration::from_micros(round * 700)).await;
        if !round.is_multiple_of(3) {
            // With all that is below: contexts without a parent end.
            let cut = ids[(round % 2) as usize];
            tree.cut(cut);
            for id in &ids {
                if tree.is_below(*id, cut) {
                    tree.cut(*id);
                }
            }
        }
        while let Some(done) = timeout(Duration::from_secs(30), work.join_next())
            .await
            .expect("all comes to its end")
        {
            done.unwrap();
        }
        until(|| tree.broker(MASTER).inspect().requests == 0).await;
        tree.idle().await;
    }
}
