//! Transfers that somebody or something stops: nothing hangs, and nothing is left but what is wanted.

use super::support::{Tree, bytes, part, plain, soon, until};
use crate::TransferError;
use std::time::Duration;

const LEN: u32 = 12 << 20;

/// Moves a file between a directory of the master's and one of the leaf's, cuts the link between them in the middle, and
/// does it again in another tree. `send` says in which direction.
async fn resume_after_a_cut(send: bool) {
    let disk = tempfile::tempdir().unwrap();
    let disk = disk.path().canonicalize().unwrap();
    let (near, far) = (disk.join("near"), disk.join("far"));
    std::fs::create_dir(&near).unwrap();
    std::fs::create_dir(&far).unwrap();
    let (source, directory) = if send { (&near, &far) } else { (&far, &near) };
    let content = bytes(LEN);
    std::fs::write(source.join("a"), &content).unwrap();
    let try_it = async |tree: &Tree| {
        tree.leaf.offer(&far);
        let (client, here, there) = (tree.down(), near.join("a"), far.join("a"));
        if send {
            client.send(&here, &there, plain(), true).await
        } else {
            client.fetch(&there, &here, None, true).await
        }
    };

    let tree = Tree::new().await;
    let cutting = async {
        until(|| part(directory).is_some_and(|len| len > 1 << 20)).await;
        tree.hop.broker.close(tree.link.id);
    };
    let (moved, ()) = soon(async { tokio::join!(try_it(&tree), cutting) }).await;
    assert!(matches!(moved, Err(TransferError::Way(_))), "{moved:?}");
    // The other side learns it as well, and lets the file go.
    until(|| tree.leaf.broker.inspect().services == 0).await;
    let had = part(directory).expect("what came is there");
    assert!(had > 1 << 20 && had < u64::from(LEN));

    let tree = Tree::new().await;
    soon(try_it(&tree)).await.unwrap();
    let links = tree.hop.broker.inspect().links;
    let moved: u64 = links.iter().map(|link| link.received).sum();
    let left = u64::from(LEN) - had;
    // The disk may have been at a last piece when that was counted.
    assert!(moved.abs_diff(left) < 1 << 20, "{moved} bytes of {left}");
    assert!(std::fs::read(directory.join("a")).unwrap() == content);
    assert_eq!(part(directory), None);
    tree.idle().await;
}

#[tokio::test]
async fn sending_goes_on_after_a_link_was_cut() {
    resume_after_a_cut(true).await;
}

#[tokio::test]
async fn fetching_goes_on_after_a_link_was_cut() {
    resume_after_a_cut(false).await;
}

#[tokio::test]
async fn a_future_that_is_dropped_at_any_moment_leaves_nothing_open() {
    let tree = Tree::new().await;
    let content = bytes(3 << 20);
    let (here, there) = (
        tree.master.write("a", &content),
        tree.leaf.write("b", &content),
    );
    let client = tree.down();
    let (sent, fetched) = (tree.leaf.path("c"), tree.master.path("d"));
    let (mut dropped, mut done) = (0, 0);
    for step in 0..60 {
        let after = Duration::from_micros(150 * step * step / 10);
        let send = client.send(&here, &sent, plain(), false);
        let fetch = client.fetch(&there, &fetched, None, false);
        let outcomes = [
            tokio::time::timeout(after, send).await,
            tokio::time::timeout(after, fetch).await,
        ];
        for outcome in outcomes {
            match outcome {
                Err(_) => dropped += 1,
                Ok(outcome) => {
                    outcome.unwrap();
                    done += 1;
                }
            }
        }
        if step % 2 == 0 {
            // Whoever tries again at once finds the file free.
            continue;
        }
        tree.idle().await;
        // The disk may be at its last piece still.
        until(|| part(&tree.leaf.path("")).is_none() && part(&tree.master.path("")).is_none())
            .await;
    }
    assert!(dropped > 10, "{dropped} were dropped, {done} done");
    soon(client.send(&here, &sent, plain(), false))
        .await
        .unwrap();
    soon(client.fetch(&there, &fetched, None, false))
        .await
        .unwrap();
    assert!(std::fs::read(&sent).unwrap() == content);
    assert!(std::fs::read(&fetched).unwrap() == content);
}

#[tokio::test]
async fn what_came_stays_if_the_transfer_is_to_be_resumed() {
    let tree = Tree::new().await;
    let here = tree.master.write("a", &bytes(LEN));
    let (client, there) = (tree.down(), tree.leaf.path("b"));
    let directory = tree.leaf.path("");
    let send = client.send(&here, &there, plain(), true);
    tokio::select! {
        sent = send => panic!("{sent:?}"),
        () = until(|| part(&directory).is_some_and(|len| len > 0)) => {}
    }
    tree.idle().await;
    assert!(part(&directory).is_some());
    soon(client.send(&here, &there, plain(), true))
        .await
        .unwrap();
    assert_eq!(part(&directory), None);
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_does_not_arrive() {
    let tree = Tree::new().await;
    let here = tree.master.write("a", &bytes(LEN));
    let there = tree.leaf.path("b");
    let directory = tree.leaf.path("");
    let client = tree.down();
    let changing = async {
        until(|| part(&directory).is_some_and(|len| len > 0)).await;
        let file = std::fs::File::options().write(true).open(&here).unwrap();
        file.set_len(u64::from(LEN) - 1).unwrap();
    };
    let sending = client.send(&here, &there, plain(), false);
    let (sent, ()) = soon(async { tokio::join!(sending, changing) }).await;
    let error = sent.unwrap_err();
    assert!(matches!(error, TransferError::Here(_)), "{error}");
    assert!(
        error.to_string().contains("changed while it was moved"),
        "{error}"
    );
    tree.idle().await;
    until(|| tree.leaf.names().is_empty()).await;
}

#[tokio::test]
async fn the_disk_of_the_other_side_is_told_with_its_path() {
    let tree = Tree::new().await;
    let here = tree.master.write("a", &bytes(LEN));
    let there = tree.leaf.path("b");
    let directory = tree.leaf.path("");
    let client = tree.down();
    let removing = async {
        until(|| part(&directory).is_some_and(|len| len > 0)).await;
        for name in tree.leaf.names() {
            std::fs::remove_file(tree.leaf.path(&name)).unwrap();
        }
    };
    let sending = client.send(&here, &there, plain(), true);
    let (sent, ()) = soon(async { tokio::join!(sending, removing) }).await;
    let error = sent.unwrap_err();
    assert!(matches!(error, TransferError::There(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains(&format!("{there:?}")), "{text}");
    assert!(text.contains("exchanged"), "{text}");
    tree.idle().await;
    assert!(tree.leaf.names().is_empty());
}

#[tokio::test]
async fn a_disk_that_refuses_in_the_middle_is_told_with_its_path() {
    let tree = Tree::new().await;
    let here = tree.master.write("a", &bytes(LEN));
    let there = tree.leaf.path("b");
    let directory = tree.leaf.path("");
    let client = tree.down();
    // A part that becomes shorter before it was hashed again.
    let first = client.send(&here, &there, plain(), true);
    tokio::select! {
        sent = first => panic!("{sent:?}"),
        () = until(|| part(&directory).is_some_and(|len| len > 1 << 20)) => {}
    }
    tree.idle().await;
    let names = tree.leaf.names();
    let temporary = std::fs::File::options()
        .write(true)
        .open(tree.leaf.path(&names[0]))
        .unwrap();
    // Larger than one step of hashing, so that there is a moment between two of them; it is all holes.
    temporary.set_len(256 << 20).unwrap();
    let source = std::fs::File::options().write(true).open(&here).unwrap();
    source.set_len(300 << 20).unwrap();
    let sending = client.send(&here, &there, plain(), true);
    let shortening = async {
        until(|| tree.leaf.broker.inspect().channels > 0).await;
        temporary.set_len(1 << 20).unwrap();
    };
    let (sent, ()) = soon(async { tokio::join!(sending, shortening) }).await;
    let text = sent.unwrap_err().to_string();
    assert!(text.contains(&format!("{there:?}")), "{text}");
    assert!(text.contains("it is shorter now"), "{text}");
    tree.idle().await;
}
