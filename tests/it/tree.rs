//! Deep trees and wide ones: every context answers, and nothing is left of any.

use crate::forest::{
    Process, add, assert_all_answer, assert_nothing_left, call, end, guests, ids, left, line,
    master, start, until,
};
use futures_util::stream::{self, StreamExt};
use host::master::{CallError, CallResult, Context, Master, TreeEvent};
use proto::message::{DeadReason, LimitKind, RefusedKind};
use proto::{CallLimits, ContextId, Policy};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use wasmtime::component::Val;

const DEEP: usize = 10;
const WIDE: usize = 200;
/// How many are started at once.
const AT_ONCE: usize = 8;

#[tokio::test]
async fn every_level_of_a_deep_tree_answers() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, DEEP).await;
    let parents = std::iter::once(ContextId::MASTER).chain(line.iter().map(|it| it.id()));
    let expected: Vec<_> = line.iter().map(|it| it.id()).zip(parents).collect();
    let mut contexts = master.contexts();
    contexts.sort_by_key(|(id, _)| line.iter().position(|it| it.id() == *id));
    assert_eq!(contexts, expected);
    // From the deepest, so that the module has to come all the way.
    let deepest = line.last().unwrap();
    let sum: i32 = deepest
        .invoke(&guests.calculator, "add", &(20, 22))
        .await
        .unwrap();
    assert_eq!(sum, 42);
    let text: String = deepest
        .invoke(&guests.calculator, "echo-text", &("grüße",))
        .await
        .unwrap();
    assert_eq!(text, "grüße");
    assert_all_answer(&line, &guests.calculator).await;
    // What each knows of its place.
    for (level, context) in line.iter().enumerate() {
        let state = context.inspect().await.unwrap();
        assert_eq!(state.pid, context.hello().pid);
        assert_eq!(state.routes.len(), DEEP - 1 - level, "{state:?}");
        assert_eq!((state.calls, state.channels), (0, 0), "{state:?}");
    }
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn every_fate_comes_back_from_the_depth() {
    let master = master();
    let guests = guests(&master);
    let (calculator, misbehave) = (&guests.calculator, &guests.misbehave);
    let line = line(&master, DEEP).await;
    let deepest = line.last().unwrap();

    let returned: Result<i32, String> =
        deepest.invoke(calculator, "divide", &(7, 2)).await.unwrap();
    assert_eq!(returned, Ok(3));
    let failed = call(
        deepest,
        calculator,
        "divide",
        &[Val::S32(1), Val::S32(0)],
        5000,
    );
    let failed = failed.await;
    assert!(matches!(failed, CallResult::Failed(_)), "{failed:?}");
    let trapped = call(deepest, misbehave, "trap", &[], 5000).await;
    assert!(matches!(trapped, CallResult::Trapped(_)), "{trapped:?}");
    let exited = call(deepest, misbehave, "exit", &[Val::U8(1)], 5000).await;
    assert_eq!(exited, CallResult::Exited(1));
    let allowed = 200;
    let over = call(deepest, misbehave, "spin", &[], allowed).await;
    let limit = LimitKind::WallTime;
    assert_eq!(over, CallResult::OverLimit { limit, allowed });
    let facts = master.repository().find("facts").unwrap();
    let arguments = (serde_json::json!({}), "check");
    let denied: Result<serde_json::Value, _> = deepest.invoke(&facts, "run", &arguments).await;
    assert!(
        matches!(
            &denied,
            Err(CallError::Ended {
                result: CallResult::Denied(_),
                ..
            })
        ),
        "{denied:?}"
    );

    let mut nowhere = calculator.function("add").unwrap();
    nowhere.export.function = "nowhere".to_owned();
    let arguments = [Val::S32(1), Val::S32(2)];
    let (policy, limits) = (Policy::default(), CallLimits::default());
    let refused = deepest.call(calculator, &nowhere, &arguments, policy, limits);
    let refused = refused.await.unwrap();
    assert!(
        matches!(
            refused,
            CallResult::Refused {
                kind: RefusedKind::NoExport,
                ..
            }
        ),
        "{refused:?}"
    );

    let sleep = call(deepest, misbehave, "sleep", &[Val::U64(60_000)], 60_000);
    let cancelled = tokio::time::timeout(Duration::from_millis(200), sleep);
    assert!(cancelled.await.is_err());
    until("the cancelled call ends there", async || {
        deepest.inspect().await.unwrap().calls == 0
    })
    .await;

    let sleep = call(deepest, misbehave, "sleep", &[Val::U64(60_000)], 60_000);
    let kill = async {
        until("it sleeps", async || {
            deepest.inspect().await.unwrap().calls == 1
        })
        .await;
        Process::of(deepest).signal(Signal::KILL);
    };
    let (dead, ()) = tokio::join!(sleep, kill);
    let CallResult::Dead(dead) = dead else {
        panic!("{dead:?}");
    };
    // Its parent has noticed.
    assert_eq!(dead.at, line[DEEP - 2].id());
    assert!(matches!(dead.reason, DeadReason::LinkDown(_)), "{dead}");
    assert_all_answer(&line[..DEEP - 1], calculator).await;
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_context_named_by_all_its_hops_takes_those_on_the_way_with_it() {
    let master = master();
    let guests = guests(&master);
    let spec = "local,local,local".parse().unwrap();
    let context = master.connect(&spec).await.unwrap();
    let chain = master.contexts();
    assert_eq!(chain.len(), 3, "{chain:?}");
    let sum: i32 = context
        .invoke(&guests.calculator, "add", &(1, 2))
        .await
        .unwrap();
    assert_eq!(sum, 3);
    let process = Process::of(&context);
    context.shutdown().await;
    assert_nothing_left(&master, &[process]);
}

/// What was told of contexts: who came from whom, and who is gone.
fn told(
    events: &mut broadcast::Receiver<TreeEvent>,
) -> (BTreeMap<ContextId, ContextId>, Vec<ContextId>) {
    let (mut came, mut gone) = (BTreeMap::new(), Vec::new());
    loop {
        match events.try_recv() {
            Ok(TreeEvent::Connected { context, parent }) => {
                assert_eq!(came.insert(context, parent), None, "{context:?} twice");
            }
            Ok(TreeEvent::Disconnected { context, .. }) => gone.push(context),
            Ok(TreeEvent::Shutdown { .. }) => {}
            Err(broadcast::error::TryRecvError::Empty) => break,
            Err(error) => panic!("{error}"),
        }
    }
    gone.sort();
    (came, gone)
}

/// Starts many children, uses them, and ends them.
async fn wide(master: &Master, parent: Option<&Arc<Context>>) {
    let guests = guests(master);
    let above = parent.map_or(ContextId::MASTER, |parent| parent.id());
    let mut events = master.events();
    let children: Vec<_> = stream::iter(0..WIDE)
        .map(|_| start(master, parent))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let expected: BTreeMap<_, _> = ids(&children).into_iter().map(|id| (id, above)).collect();
    assert_eq!(expected.len(), WIDE);
    assert_eq!(told(&mut events), (expected.clone(), Vec::new()));
    let members: BTreeMap<_, _> = master.contexts().into_iter().collect();
    assert!(
        expected
            .iter()
            .all(|(id, above)| members.get(id) == Some(above))
    );
    assert_all_answer(&children, &guests.calculator).await;

    let processes: Vec<_> = children.iter().map(|it| Process::of(it)).collect();
    assert!(processes.iter().all(|it| it.exists()));
    stream::iter(children)
        .map(|child| Arc::into_inner(child).unwrap().shutdown())
        .buffer_unordered(AT_ONCE)
        .collect::<Vec<()>>()
        .await;
    let (came, gone) = told(&mut events);
    assert_eq!(came, BTreeMap::new());
    assert_eq!(gone, expected.into_keys().collect::<Vec<_>>());
    until("their processes are buried", async || {
        left(&processes).is_empty()
    })
    .await;
}

#[tokio::test]
async fn two_hundred_children_of_one_slave() {
    let master = master();
    let guests = guests(&master);
    let parent = start(&master, None).await;
    let sum = add(&parent, &guests.calculator, 1, 2).await;
    assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
    let before = parent.inspect().await.unwrap();
    wide(&master, Some(&parent)).await;
    let after = parent.inspect().await.unwrap();
    assert_eq!((after.links.len(), after.routes.len()), (1, 0), "{after:?}");
    assert_eq!((after.requests, after.channels, after.services), (0, 0, 0));
    let grown = after
        .resident
        .unwrap()
        .saturating_sub(before.resident.unwrap());
    assert!(grown < 24 << 20, "it has {grown} bytes more than before");
    let processes = end(vec![parent]).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn two_hundred_children_of_the_master() {
    let master = master();
    wide(&master, None).await;
    assert_nothing_left(&master, &[]);
}
