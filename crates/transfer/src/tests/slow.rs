//! Sides that take their time, or for ever.

use super::support::{LEAF, LIMITS, Tree, bytes, plain, soon, until};
use crate::bounds::Patience;
use crate::message::{Opened, Read, Write};
use crate::{NAME, Plan, Reader, Registry, WINDOW, pump};
use broker::{Item, ServiceError};
use proto::router::Accept;
use std::time::Duration;

#[tokio::test]
async fn readers_that_do_not_take_what_they_asked_for_cost_a_window_and_delay_nobody() {
    let tree = Tree::new().await;
    let content = bytes(8 << 20);
    let path = tree.leaf.write("a", &content);
    let broker = &tree.master.broker;
    let mut stuck = Vec::new();
    // More than there ever were threads or turns for.
    for _ in 0..40 {
        let receiver = broker.receiver(Accept::Context(LEAF), WINDOW);
        let read = Read {
            path: path.clone(),
            offset: 0,
            to: receiver.address(),
        };
        let broker = broker.clone();
        let asked = tokio::spawn(async move {
            let asked = broker.call_service::<()>(LEAF, NAME, "read", &read);
            asked.await
        });
        stuck.push((receiver, asked));
    }
    let received = || -> u64 {
        let links = tree.master.broker.inspect().links;
        links.iter().map(|link| link.received).sum()
    };
    // It comes to a stop.
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = received();
        if now > 0 && now == before {
            break;
        }
        before = now;
    }
    assert!(before <= 40 * (WINDOW + (256 << 10)), "{before} bytes came");
    let (here, client) = (tree.master.path("b"), tree.down());
    soon(client.fetch(&path, &here, None, false)).await.unwrap();
    assert!(std::fs::read(&here).unwrap() == content);
    soon(client.send(&here, &tree.leaf.path("c"), plain(), false))
        .await
        .unwrap();
    // One that is gone ends its call; one that reads on gets all.
    let (mut last, asked) = stuck.pop().unwrap();
    for (receiver, asked) in stuck {
        drop(receiver);
        let told: Result<(), ServiceError> = soon(asked).await.unwrap();
        let text = told.unwrap_err().to_string();
        assert!(text.contains("closed"), "{text}");
    }
    let mut came = Vec::new();
    loop {
        match soon(last.next()).await.item {
            Item::Bytes(piece) => came.extend_from_slice(&piece),
            Item::End => break,
            other => panic!("{other:?}"),
        }
    }
    soon(asked).await.unwrap().unwrap();
    let (found, digest) = came.split_at(content.len());
    assert!(found == content);
    assert_eq!(digest, blake3::hash(&content).as_bytes());
    drop(last);
    tree.idle().await;
}

#[tokio::test]
async fn a_sender_that_stops_in_the_middle_is_waited_for_until_it_is_gone() {
    let tree = Tree::new().await;
    for resume in [false, true] {
        let broker = tree.master.broker.clone();
        let mut news = broker.receiver(Accept::Context(LEAF), 0);
        let write = Write {
            path: tree.leaf.path("a"),
            plan: Plan {
                size: 100,
                resume,
                ..Plan::default()
            },
            to: news.address(),
        };
        let asked = tokio::spawn(async move {
            let asked = broker.call_service::<crate::Metadata>(LEAF, NAME, "write", &write);
            asked.await
        });
        let Item::Message(body) = soon(news.next()).await.item else {
            panic!("{:?}", asked.await);
        };
        let opened: Opened = body.decode(LIMITS).unwrap();
        let mut sender = tree.master.broker.byte_sender(opened.to).unwrap();
        sender.send(vec![1; 50].into()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(!asked.is_finished());
        drop(sender);
        let told = soon(asked).await.unwrap().unwrap_err();
        assert!(told.to_string().contains("closed"), "{told}");
        until(|| tree.leaf.names().len() == usize::from(resume)).await;
        drop(news);
        tree.idle().await;
    }
}

#[tokio::test]
async fn whoever_still_reads_what_it_had_takes_nothing_for_a_while() {
    let tree = Tree::new().await;
    let path = tree.leaf.write("a", &bytes(8 << 20));
    let mut registry = Registry::new();
    registry.offer_file(&path).unwrap();
    let reader = Reader::open(&registry, &path, 0).unwrap();
    let receiver = tree.master.broker.receiver(Accept::Context(LEAF), WINDOW);
    let sender = tree.leaf.broker.byte_sender(receiver.address()).unwrap();
    let patience = Patience {
        first: Duration::from_secs(3600),
        then: Duration::from_millis(10),
    };
    let sending = tokio::spawn(pump::send(reader, sender, Some(patience)));
    let received = || -> u64 {
        let links = tree.master.broker.inspect().links;
        links.iter().map(|link| link.received).sum()
    };
    // What fits on the way is gone, and the next piece waits.
    until(|| received() >= WINDOW).await;
    tokio::time::sleep(50 * patience.then).await;
    assert!(!sending.is_finished());
    drop(receiver);
    let told = soon(sending).await.unwrap().unwrap_err();
    assert!(told.to_string().contains("closed"), "{told}");
    tree.idle().await;
}
