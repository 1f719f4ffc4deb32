//! Calls that most likely end at once begin on the thread that read them.

use super::support::{ALICE, Context, MASTER, Pair, call, until};
use bytes::Bytes;
use proto::message::Outcome;
use std::sync::atomic::Ordering;
use tokio::runtime::{Builder, Runtime};

const GUESTS: &str = "guests";

/// A master and a slave whose guests have a runtime of their own.
fn pair() -> (Runtime, Pair) {
    let guests = Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(GUESTS)
        .enable_all()
        .build()
        .unwrap();
    let master = Context::new(MASTER);
    let slave = Context::with(ALICE, |settings| {
        if let Some((_, runtime)) = &mut settings.execute {
            *runtime = guests.handle().clone();
        }
    });
    (guests, Pair::of(master, slave))
}

#[tokio::test]
async fn what_is_expected_to_end_at_once_changes_no_thread() {
    let (guests, pair) = pair();
    let guest = pair.slave.guest.clone();
    let arguments = Bytes::from_static(&[7]);
    for (quick, function, on_guests) in [
        (false, "echo", true),
        (true, "echo", false),
        // It begins here, has to wait, and goes on there.
        (true, "yield", true),
    ] {
        guest.quick.store(quick, Ordering::SeqCst);
        // On a busy machine the reader's turn of a millisecond may be over before the call can begin.
        let mut attempts = 0;
        loop {
            let outcome = pair.call(function, &arguments).await;
            assert_eq!(outcome, Outcome::Returned(arguments.clone()));
            let thread = guest.thread.lock().unwrap().take();
            if (thread.as_deref() == Some(GUESTS)) == on_guests {
                break;
            }
            attempts += 1;
            assert!(!on_guests && attempts < 20, "{function}");
        }
    }
    pair.idle().await;
    guests.shutdown_background();
}

#[tokio::test]
async fn one_that_was_expected_to_end_and_does_not_can_be_cancelled() {
    let (guests, pair) = pair();
    let guest = pair.slave.guest.clone();
    guest.quick.store(true, Ordering::SeqCst);
    let broker = pair.master.broker.clone();
    let caller = tokio::spawn(async move { broker.call(ALICE, &call("hang"), &[]).await });
    until(|| guest.alive.load(Ordering::SeqCst) == 1).await;
    let echo = pair.call("echo", &[1]).await;
    assert_eq!(echo, Outcome::Returned(Bytes::from_static(&[1])));
    caller.abort();
    until(|| guest.alive.load(Ordering::SeqCst) == 0).await;
    pair.idle().await;
    guests.shutdown_background();
}
