//! Slow disks hold no thread of the guests, and work ends with the call that wanted it.

use super::*;
use std::time::Duration;

/// A runtime with one thread for what may block: it is free again only when that has ended.
fn one_thread_that_may_block() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .enable_time()
        .build()
        .unwrap()
}

/// The thread that may block does something else soon.
async fn assert_free(disk: &Disk, guest: &mut Guest) {
    let stat = guest.stat(disk.at("/d"));
    tokio::time::timeout(Duration::from_secs(10), stat)
        .await
        .expect("the work of a dropped call goes on")
        .unwrap()
        .unwrap();
}

#[test]
fn a_digest_ends_with_its_call() {
    let disk = Disk::new();
    disk.directory("/d");
    let file = std::fs::File::create(disk.at("/d/sparse")).unwrap();
    file.set_len(8 << 40).unwrap();
    one_thread_that_may_block().block_on(async {
        let mut guest = disk.guest(&["read:/d"]);
        let digest = guest.digest(disk.at("/d/sparse"));
        let digest = tokio::time::timeout(Duration::from_millis(50), digest).await;
        assert!(digest.is_err(), "so much cannot be read in so short a time");
        assert_free(&disk, &mut guest).await;
    });
}

#[test]
fn removal_ends_with_its_call() {
    const FILES: usize = 20_000;
    let disk = Disk::new();
    disk.directory("/d");
    for number in 0..FILES {
        disk.file(&format!("/d/{number}"), "");
    }
    one_thread_that_may_block().block_on(async {
        let mut guest = disk.guest(&["write:/d"]);
        let remove = guest.remove(disk.at("/d"), true);
        let removed = tokio::time::timeout(Duration::from_millis(2), remove).await;
        assert!(removed.is_err(), "timers wait for a disk");
        assert_free(&disk, &mut guest).await;
    });
    let left = std::fs::read_dir(disk.at("/d")).unwrap().count();
    assert!(left > 0, "it went on to the end");
}

#[test]
fn what_has_not_begun_never_begins() {
    let disk = Disk::new();
    disk.directory("/d");
    one_thread_that_may_block().block_on(async {
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || wait.recv());
        let mut guest = disk.guest(&["write:/d"]);
        let touch = guest.touch(disk.at("/d/late"));
        let touched = tokio::time::timeout(Duration::from_millis(20), touch).await;
        assert!(touched.is_err());
        go.send(()).unwrap();
        busy.await.unwrap().unwrap();
        assert_free(&disk, &mut guest).await;
    });
    assert!(!disk.there("/d/late"));
}
