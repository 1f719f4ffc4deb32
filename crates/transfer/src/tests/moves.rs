//! Files that come through.

use super::support::{HOP, MASTER, Tree, bytes, plain, soon};
use crate::{Client, Wanted};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[tokio::test]
async fn files_come_whole_in_both_directions_and_over_a_hop() {
    let tree = Tree::new().await;
    let (master, hop, leaf) = (&tree.master, &tree.hop, &tree.leaf);
    let ways = [
        (tree.down(), master, leaf),
        (tree.up(), leaf, master),
        (Client::new(master.broker.clone(), HOP), master, hop),
        (Client::new(hop.broker.clone(), MASTER), hop, master),
    ];
    for (client, here, there) in &ways {
        for len in [0, 1, 31, 32, 33, 1 << 17, 3_000_001] {
            let content = bytes(len);
            let (from, to) = (here.write("a", &content), there.path("b"));
            let sent = soon(client.send(&from, &to, plain(), false)).await.unwrap();
            assert_eq!(sent.size, u64::from(len));
            assert_eq!(std::fs::read(&to).unwrap(), content);
            assert_eq!(client.stat(&to).await.unwrap(), sent);
            let back = here.path("c");
            let fetched = soon(client.fetch(&to, &back, None, false)).await.unwrap();
            assert_eq!(fetched.size, u64::from(len));
            assert_eq!(std::fs::read(&back).unwrap(), content);
        }
    }
    tree.idle().await;
    assert_eq!(leaf.names(), ["a", "b", "c"]);
}

#[tokio::test]
async fn mode_and_time_come_along_and_rights_do_not() {
    let tree = Tree::new().await;
    let there = tree.leaf.write("a", b"tool");
    std::fs::set_permissions(&there, std::fs::Permissions::from_mode(0o6755)).unwrap();
    let here = tree.master.path("a");
    tree.down().fetch(&there, &here, None, false).await.unwrap();
    let (found, theirs) = (
        std::fs::metadata(&here).unwrap(),
        std::fs::metadata(&there).unwrap(),
    );
    assert_eq!(found.mode() & 0o7777, 0o755);
    assert_eq!(
        (found.mtime(), found.mtime_nsec()),
        (theirs.mtime(), theirs.mtime_nsec())
    );
    // Whoever is above may give them.
    let wanted = Wanted {
        mode: Some(0o4711),
        owner: Some(theirs.uid().to_string()),
        ..plain()
    };
    let (client, there) = (tree.down(), tree.leaf.path("b"));
    let sent = client.send(&here, &there, wanted, false).await;
    assert_eq!(sent.unwrap().mode, 0o4711);
}

#[tokio::test]
async fn names_need_not_be_text() {
    let tree = Tree::new().await;
    let there = tree.leaf.path("").join(OsStr::from_bytes(b"caf\xe9\n"));
    let here = tree.master.write("a", b"coffee");
    let client = tree.down();
    client.send(&here, &there, plain(), false).await.unwrap();
    client.fetch(&there, &here, None, false).await.unwrap();
    assert_eq!(std::fs::read(&there).unwrap(), b"coffee");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_file_takes_little_memory_anywhere_and_delays_no_call() {
    // What may be on its way of one stream, with the frames around it and one that overdraws.
    const BOUND: u64 = crate::WINDOW + (512 << 10);
    let size = 300 << 20;
    let tree = Tree::new().await;
    let here = tree.master.path("a");
    let file = std::fs::File::create(&here).unwrap();
    file.set_len(size).unwrap();
    let (there, back) = (tree.leaf.path("b"), tree.master.path("c"));
    let done = AtomicBool::new(false);
    let client = tree.down();
    let moving = async {
        let sent = client.send(&here, &there, plain(), false).await;
        assert_eq!(sent.unwrap().size, size);
        let fetched = client.fetch(&there, &back, None, false).await;
        assert_eq!(fetched.unwrap().size, size);
        done.store(true, Ordering::Relaxed);
    };
    let watching = async {
        let (mut most, mut calls) = (0, 0);
        while !done.load(Ordering::Relaxed) {
            for context in [&tree.master, &tree.hop, &tree.leaf] {
                most = most.max(context.queued());
            }
            tokio::time::timeout(Duration::from_secs(5), client.stat(&there))
                .await
                .expect("a call is not delayed")
                .ok();
            calls += 1;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (most, calls)
    };
    let ((), (most, calls)) = tokio::join!(moving, watching);
    assert!(most > 0 && most <= BOUND, "{most} bytes were queued");
    assert!(calls > 20, "{calls} calls");
    tree.idle().await;
}
