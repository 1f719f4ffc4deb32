//! Contexts that leave the tree and finish what they have begun.

use crate::forest::{
    Process, add, assert_nothing_left, call, end, guests, line, master, until, until_within,
};
use host::master::{CallResult, Context, TreeEvent};
use host::module::Module;
use proto::ContextId;
use proto::message::{DeadReason, Down};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::Val;

/// How long the guest sleeps.
const SLEEP: Duration = Duration::from_secs(4);

/// Sends a context away in the midst of a call, which ends as dead here and goes on there. Gives its process, and when the
/// call began.
async fn sent_away(context: &Arc<Context>, misbehave: &Arc<Module>) -> (Process, Instant) {
    let process = Process::of(context);
    let (caller, module) = (context.clone(), misbehave.clone());
    let sleeping = tokio::spawn(async move {
        let ms = u64::try_from(SLEEP.as_millis()).unwrap();
        call(&caller, &module, "sleep", &[Val::U64(ms)], 60_000).await
    });
    until("it sleeps", async || {
        context.inspect().await.unwrap().calls == 1
    })
    .await;
    let began = Instant::now();
    let why = context.detach().await;
    assert_eq!(why.reason, DeadReason::LinkDown(Down::Detached), "{why}");
    let ended = sleeping.await.unwrap();
    let CallResult::Dead(dead) = ended else {
        panic!("{ended:?}");
    };
    assert_eq!(dead.reason, DeadReason::LinkDown(Down::Detached), "{dead}");
    assert!(
        began.elapsed() < SLEEP / 2,
        "to leave took as long as the call"
    );
    (process, began)
}

/// Its process lives as long as its call, and not much longer.
async fn assert_finishes(process: Process, began: Instant) {
    while began.elapsed() < SLEEP - Duration::from_secs(1) {
        assert!(process.exists(), "it ended after {:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until_within(
        Duration::from_secs(4),
        "it ends with its call",
        async || !process.exists(),
    )
    .await;
}

#[tokio::test]
async fn a_context_that_is_detached_leaves_at_once_and_lives_until_its_call_has_ended() {
    let master = master();
    let guests = guests(&master);
    let mut line = line(&master, 2).await;
    let leaver = line.pop().unwrap();
    let mut events = master.events();
    let (process, began) = sent_away(&leaver, &guests.misbehave).await;
    let TreeEvent::Disconnected { context, why } = events.try_recv().unwrap() else {
        panic!("it was told something else first");
    };
    assert_eq!(context, leaver.id());
    assert_eq!(why.reason, DeadReason::LinkDown(Down::Detached), "{why}");
    assert!(events.try_recv().is_err());
    assert_eq!(
        master.contexts(),
        [(line[0].id(), ContextId::MASTER)],
        "it is still there"
    );
    let gone = add(&leaver, &guests.calculator, 1, 2).await;
    assert!(matches!(gone, CallResult::Dead(_)), "{gone:?}");
    let sum = add(&line[0], &guests.calculator, 1, 2).await;
    assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
    assert_finishes(process, began).await;
    drop(leaver);
    let mut processes = end(line).await;
    processes.push(process);
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_child_of_the_master_can_be_detached() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, 1).await;
    let (process, began) = sent_away(&line[0], &guests.misbehave).await;
    // Whoever lets go of it does not end it any more.
    end(line).await;
    assert_finishes(process, began).await;
    assert_nothing_left(&master, &[process]);
}

#[tokio::test]
async fn it_survives_the_end_of_its_parent_and_of_the_master() {
    let master = master();
    let guests = guests(&master);
    let mut line = line(&master, 3).await;
    let leaver = line.pop().unwrap();
    let (process, began) = sent_away(&leaver, &guests.misbehave).await;
    drop(leaver);
    let above = end(line).await;
    drop(master);
    assert!(above.iter().all(|it| !it.exists()));
    assert_finishes(process, began).await;
}

#[tokio::test]
async fn a_context_without_calls_ends_when_it_is_detached() {
    let master = master();
    let line = line(&master, 2).await;
    let process = Process::of(&line[1]);
    line[1].detach().await;
    until("it ends", async || !process.exists()).await;
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}
