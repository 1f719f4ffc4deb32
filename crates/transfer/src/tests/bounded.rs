//! What the service bounds: files that are open, of all and of each child, and how long nothing may happen.

use super::support::{Context, MASTER, Tree, bytes, open, part, plain, said, soon, until};
use crate::bounds::Bounds;
use crate::message::Read;
use crate::{Client, NAME, WINDOW};
use broker::{Item, ServiceError};
use proto::router::Accept;
use std::time::Duration;

/// Opens so many files at the master, and keeps them open.
async fn hold(from: &Context, tree: &Tree, files: usize) -> Vec<super::support::Call> {
    let mut held = Vec::new();
    for n in 0..files {
        let name = format!("{}-{n}", from.broker.me());
        held.push(open(from, &tree.master, &name, 4).await.unwrap().1);
    }
    held
}

async fn refusal(from: &Context, tree: &Tree) -> String {
    match open(from, &tree.master, "more", 4).await {
        Err(ServiceError::Failed(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_child_with_all_that_is_below_it_does_not_hold_all_files() {
    let tree = Tree::bounded(Bounds {
        open: 8,
        per_context: 3,
        per_link: 5,
        ..Bounds::default()
    })
    .await;
    let other = tree.add().await;
    // One of them leaves some for the other behind the same link.
    let mut held = hold(&tree.hop, &tree, 3).await;
    let why = refusal(&tree.hop, &tree).await;
    assert!(why.contains("3 files are open already"), "{why}");
    held.extend(hold(&tree.leaf, &tree, 2).await);
    for greedy in [&tree.hop, &tree.leaf] {
        let why = refusal(greedy, &tree).await;
        assert!(why.contains("5 files are open already"), "{why}");
    }
    let others = hold(&other, &tree, 3).await;
    let why = refusal(&other, &tree).await;
    assert!(why.contains("8 files are open already"), "{why}");
    // Calls that come to their end soon go on.
    let files = Client::new(tree.leaf.broker.clone(), MASTER);
    let error = files.stat(&tree.master.path("none")).await.unwrap_err();
    assert!(said(error).contains("does not exist"));
    // Whoever gives its call up gives its file up.
    for call in held {
        call.abort();
    }
    until(|| tree.master.names().len() == others.len()).await;
    let (_, again) = open(&tree.leaf, &tree.master, "again", 4).await.unwrap();
    for call in others.into_iter().chain([again]) {
        call.abort();
    }
    tree.idle().await;
    until(|| tree.master.names().is_empty()).await;
}

#[tokio::test]
async fn whoever_is_above_may_hold_as_many_as_there_are() {
    let tree = Tree::bounded(Bounds {
        open: 4,
        per_context: 1,
        per_link: 1,
        ..Bounds::default()
    })
    .await;
    let mut held = Vec::new();
    for n in 0..4 {
        let opened = open(&tree.master, &tree.leaf, &n.to_string(), 4).await;
        held.push(opened.unwrap().1);
    }
    let (here, there) = (tree.master.write("a", b"a"), tree.leaf.path("b"));
    let sent = tree.down().send(&here, &there, plain(), false).await;
    let text = said(sent.unwrap_err());
    assert!(text.contains("4 files are open already"), "{text}");
    for call in held {
        call.abort();
    }
    until(|| tree.leaf.names().is_empty()).await;
    let files = tree.down();
    soon(files.send(&here, &there, plain(), false))
        .await
        .unwrap();
    tree.idle().await;
}

fn impatient() -> Bounds {
    Bounds {
        idle: Duration::from_millis(300),
        ..Bounds::default()
    }
}

#[tokio::test]
async fn a_file_that_nobody_sends_is_given_up() {
    let tree = Tree::bounded(impatient()).await;
    for sent in [0, 50] {
        let (to, asked) = open(&tree.leaf, &tree.master, "a", 100).await.unwrap();
        let mut sender = tree.leaf.broker.byte_sender(to).unwrap();
        if sent > 0 {
            sender.send(vec![1; sent].into()).await.unwrap();
        }
        let told = soon(asked).await.unwrap().unwrap_err();
        assert!(
            told.to_string().contains("neither sent nor taken"),
            "{told}"
        );
        until(|| part(&tree.master.path("")).is_none()).await;
        drop(sender);
        tree.idle().await;
    }
}

#[tokio::test]
async fn a_file_that_nobody_takes_is_given_up() {
    let tree = Tree::bounded(impatient()).await;
    let path = tree.master.write("a", &bytes(8 << 20));
    let broker = &tree.leaf.broker;
    let mut receiver = broker.receiver(Accept::Context(MASTER), WINDOW);
    let read = Read {
        path,
        offset: 0,
        to: receiver.address(),
    };
    let asked = broker.call_service::<()>(MASTER, NAME, "read", &read);
    let told = soon(asked).await.unwrap_err();
    assert!(
        told.to_string().contains("neither sent nor taken"),
        "{told}"
    );
    // Whoever takes the rest after that learns that it is not all.
    let dead = soon(async {
        loop {
            match receiver.next().await.item {
                Item::Bytes(_) => {}
                Item::Dead(dead) => return dead,
                other => panic!("{other:?}"),
            }
        }
    });
    dead.await;
    drop(receiver);
    tree.idle().await;
}

#[tokio::test]
async fn a_file_that_comes_slowly_is_waited_for() {
    let tree = Tree::bounded(impatient()).await;
    let (to, asked) = open(&tree.leaf, &tree.master, "a", 20).await.unwrap();
    let mut sender = tree.leaf.broker.byte_sender(to).unwrap();
    // Longer than the pause in which nothing may come.
    for byte in 0..20u8 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        sender.send(vec![byte].into()).await.unwrap();
    }
    let content: Vec<u8> = (0..20).collect();
    let digest = blake3::hash(&content).as_bytes().to_vec();
    sender.send(digest.into()).await.unwrap();
    sender.finish().await.unwrap();
    soon(asked).await.unwrap().unwrap();
    assert_eq!(std::fs::read(tree.master.path("a")).unwrap(), content);
    tree.idle().await;
}

#[test]
fn whoever_goes_on_with_a_file_has_time_to_read_what_was_there() {
    let bounds = Bounds::default();
    let (begun, goes_on) = (bounds.with_writer(0), bounds.with_writer(160 << 20));
    assert_eq!(begun.first, Duration::from_secs(60));
    assert_eq!(goes_on.first, Duration::from_secs(70));
    assert_eq!(goes_on.then, Duration::from_secs(60));
    let takes = bounds.with_reader(160 << 20);
    assert_eq!(takes.first, Duration::from_secs(250));
    assert_eq!(takes.then, Duration::from_secs(240));
}
