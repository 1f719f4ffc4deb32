//! What the service does not do, and how whoever asked learns why.

use super::support::{HOP, LEAF, Tree, open, plain, said, soon};
use crate::message::{Read, Write};
use crate::{Metadata, NAME, Plan, TransferError, Wanted};
use proto::message::DeadReason;
use proto::router::Accept;
use std::os::unix::fs::symlink;
use std::path::Path;

#[tokio::test]
async fn paths_that_are_not_offered_are_refused_with_their_reason() {
    let tree = Tree::new().await;
    let here = tree.master.write("a", b"content");
    symlink("/etc", tree.leaf.path("link")).unwrap();
    let client = tree.down();
    for (there, why) in [
        (Path::new("/etc/passwd").to_owned(), "is not offered for"),
        (tree.leaf.path("../a"), "must not contain `..`"),
        (tree.leaf.path("link/passwd"), "a symbolic link leads out"),
        (tree.leaf.path("none/a"), "does not exist"),
        ("a".into(), "must be absolute"),
    ] {
        let sent = soon(client.send(&here, &there, plain(), true)).await;
        let fetched = soon(client.fetch(&there, &tree.master.path("b"), None, true)).await;
        let stat = soon(client.stat(&there)).await;
        for error in [sent.unwrap_err(), fetched.unwrap_err(), stat.unwrap_err()] {
            let text = said(error);
            assert!(text.contains(why), "{text}");
            assert!(text.contains(&format!("{there:?}")), "{text}");
        }
    }
    tree.idle().await;
    assert_eq!(tree.leaf.names(), ["link"]);
    assert_eq!(tree.master.names(), ["a"]);
}

#[tokio::test]
async fn what_is_withdrawn_is_not_offered_any_more() {
    let tree = Tree::new().await;
    let there = tree.leaf.write("a", b"content");
    tree.down().stat(&there).await.unwrap();
    assert!(tree.leaf.withdraw());
    let text = said(tree.down().stat(&there).await.unwrap_err());
    assert!(text.contains("is not offered"), "{text}");
}

#[tokio::test]
async fn the_disk_here_is_told_from_the_disk_there() {
    let tree = Tree::new().await;
    let (here, there) = (tree.master.path("none"), tree.leaf.write("a", b"content"));
    let sent = tree.down().send(&here, &there, plain(), false).await;
    assert!(matches!(sent, Err(TransferError::Here(_))), "{sent:?}");
    let here = tree.master.path("none/a");
    let fetched = tree.down().fetch(&there, &here, None, false).await;
    assert!(
        matches!(fetched, Err(TransferError::Here(_))),
        "{fetched:?}"
    );
    tree.idle().await;
}

#[tokio::test]
async fn the_second_writer_of_a_file_is_told_that_it_is_busy() {
    let tree = Tree::new().await;
    let (here, there) = (tree.master.write("a", b"content"), tree.leaf.path("b"));
    let plan = Plan::default();
    let mut registry = crate::Registry::new();
    registry
        .offer_prefix(tree.leaf.path(""), crate::Access::Write)
        .unwrap();
    let first = crate::Writer::open(&registry, &there, &plan).unwrap();
    let second = tree.down().send(&here, &there, plain(), false).await;
    let text = said(second.unwrap_err());
    assert!(text.contains("being written by somebody else"), "{text}");
    drop(first);
    tree.down()
        .send(&here, &there, plain(), false)
        .await
        .unwrap();
}

#[tokio::test]
async fn only_a_context_above_chooses_owners_and_rights() {
    let tree = Tree::new().await;
    let (here, there) = (tree.leaf.write("a", b"content"), tree.master.path("b"));
    let name = || Some("0".to_owned());
    for wanted in [
        Wanted {
            mode: Some(0o4755),
            ..plain()
        },
        Wanted {
            owner: name(),
            ..plain()
        },
        Wanted {
            group: name(),
            ..plain()
        },
    ] {
        let sent = tree.up().send(&here, &there, wanted, false).await;
        let text = said(sent.unwrap_err());
        assert!(text.contains("only a context above"), "{text}");
    }
    assert!(tree.master.names().is_empty());
    let wanted = Wanted {
        mode: Some(0o755),
        ..plain()
    };
    tree.up().send(&here, &there, wanted, false).await.unwrap();
}

#[tokio::test]
async fn a_file_is_sent_to_whoever_asks_and_to_no_other() {
    let tree = Tree::new().await;
    let path = tree.leaf.write("a", b"content");
    let mut receiver = tree.hop.broker.receiver(Accept::Anyone, 0);
    let to = receiver.address();
    assert_eq!(to.context, HOP);
    let read = Read {
        path: path.clone(),
        offset: 0,
        to,
    };
    let write = Write {
        path,
        plan: Plan::default(),
        to,
    };
    let broker = &tree.master.broker;
    let read = soon(broker.call_service::<()>(LEAF, NAME, "read", &read)).await;
    let write = soon(broker.call_service::<Metadata>(LEAF, NAME, "write", &write)).await;
    for error in [read.unwrap_err(), write.unwrap_err()] {
        assert!(error.to_string().contains("the caller's own"), "{error}");
    }
    assert!(receiver.try_next().is_none());
    assert_eq!(tree.leaf.names(), ["a"]);
}

#[tokio::test]
async fn nobody_else_writes_into_an_open_file() {
    let tree = Tree::new().await;
    let (to, asked) = open(&tree.master, &tree.leaf, "a", 4).await.unwrap();
    let mut foreign = tree.hop.broker.byte_sender(to).unwrap();
    let refused = soon(async {
        loop {
            if let Err(dead) = foreign.send(vec![0; 4].into()).await {
                return dead;
            }
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(refused.await.reason, DeadReason::Unauthorised);
    let mut mine = tree.master.broker.byte_sender(to).unwrap();
    mine.send(b"mine".to_vec().into()).await.unwrap();
    let digest = blake3::hash(b"mine").as_bytes().to_vec();
    mine.send(digest.into()).await.unwrap();
    mine.finish().await.unwrap();
    soon(asked).await.unwrap().unwrap();
    assert_eq!(std::fs::read(tree.leaf.path("a")).unwrap(), b"mine");
}

#[tokio::test]
async fn a_content_that_is_not_the_announced_one_is_refused_and_removed() {
    let tree = Tree::new().await;
    let right = blake3::hash(b"four").as_bytes().to_vec();
    for (content, digest, why) in [
        (&b"five"[..], right.clone(), "came, 4 bytes with the digest"),
        (b"fou", right.clone(), "3 bytes with the digest"),
        (b"fourteen", right, "4 more came"),
        (b"", vec![0; 31], "what is no file"),
    ] {
        let (to, asked) = open(&tree.master, &tree.leaf, "a", 4).await.unwrap();
        let mut sender = tree.master.broker.byte_sender(to).unwrap();
        for part in [content.to_vec(), digest] {
            // It may be refused already.
            let _ = sender.send(part.into()).await;
        }
        let _ = sender.finish().await;
        let error = soon(asked).await.unwrap().unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(tree.leaf.names().is_empty());
    }
    tree.idle().await;
}
