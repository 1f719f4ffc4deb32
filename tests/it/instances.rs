//! Instances that a context keeps: what they remember, what runs in them at once, and how they end.

use crate::forest::{assert_nothing_left, end, line, master, until};
use crate::support::{example, run};
use host::master::{CallOptions, CallResult, Context, Instance};
use host::module::Module;
use proto::CallLimits;
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Val;

const NEW: &str = "[constructor]tally";
const ADD: &str = "[method]tally.add";
const REACH: &str = "[method]tally.reach";

fn logpipe(master: &host::master::Master) -> Arc<Module> {
    master.repository().find(&example("logpipe")).unwrap()
}

async fn call(
    instance: &Instance<'_>,
    module: &Module,
    export: &str,
    arguments: &[Val],
) -> CallResult {
    let function = module.function(export).unwrap();
    instance.call(&function, arguments).await.unwrap()
}

async fn tally(instance: &Instance<'_>, module: &Module, name: &str) -> Val {
    match call(instance, module, NEW, &[Val::String(name.to_owned())]).await {
        CallResult::Returned(Some(number @ Val::U64(_))) => number,
        other => panic!("{other:?}"),
    }
}

fn lines(count: usize) -> Val {
    Val::List(vec![Val::U8(b'\n'); count])
}

fn returned(val: Val) -> CallResult {
    CallResult::Returned(Some(val))
}

#[test]
fn several_calls_share_an_instance_and_its_resources() {
    let logpipe = example("logpipe");
    let calls = [
        r#"[constructor]tally("web")"#,
        r#"[method]tally.add(1, "a\nb\n")"#,
        r#"[constructor]tally("db")"#,
        r#"[method]tally.add(2, "c\n")"#,
        "[static]tally.merge(1, 2)",
        "[method]tally.name(3)",
        "[method]tally.reach(3, 3)",
        "count()",
    ];
    let all = [["call", "local,local", &logpipe].as_slice(), &calls].concat();
    // The first one was given away, and so is gone; the second one was only lent.
    run(&all)
        .status(0)
        .stdout("1\n2\n2\n1\n3\n\"web and db\"\n3\n2\n");
}

#[test]
fn the_first_call_that_does_not_return_is_the_last() {
    let logpipe = example("logpipe");
    let given_away = [
        "call",
        "local",
        &logpipe,
        r#"[constructor]tally("a")"#,
        "[static]tally.merge(1, 7)",
        "count()",
    ];
    let ended = run(&given_away).status(3);
    assert_eq!(ended.stdout, "1\n");
    ended.stderr_has(&["second: expected borrow<resource>, found the number 7"]);
}

#[test]
fn a_resource_alone_is_of_no_use() {
    let logpipe = example("logpipe");
    let alone = ["call", "local", &logpipe, r#"[constructor]tally("a")"#];
    let says = [
        "an instance that is kept",
        "write all calls, one after the other",
    ];
    run(&alone).status(1).stderr_has(&says);
}

#[test]
fn the_documentation_names_resources() {
    let ended = run(&["doc", &example("logpipe")]).status(0);
    ended.stdout_has(&["tally.merge: func(first: tally, second: borrow<tally>)"]);
}

#[tokio::test]
async fn async_functions_run_concurrently_in_one_instance() {
    let master = master();
    let logpipe = logpipe(&master);
    let line = line(&master, 2).await;
    let instance = line[1].instance(&logpipe, CallOptions::default());
    let tally = tally(&instance, &logpipe, "a").await;
    let reach = [tally.clone(), Val::U64(5)];
    let waiting = call(&instance, &logpipe, REACH, &reach);
    let adding = async {
        for _ in 0..5 {
            call(&instance, &logpipe, ADD, &[tally.clone(), lines(1)]).await;
        }
    };
    // The one that waits would never end if the others had to wait for it.
    let (reached, ()) = tokio::join!(waiting, adding);
    assert_eq!(reached, returned(Val::U64(5)));
    instance.end().await;
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

async fn count(instance: &Instance<'_>, module: &Module) -> CallResult {
    call(instance, module, "count", &[]).await
}

#[tokio::test]
async fn a_resource_lives_until_it_is_dropped_given_away_or_its_instance_ends() {
    let master = master();
    let logpipe = logpipe(&master);
    let line = line(&master, 2).await;
    let instance = line[1].instance(&logpipe, CallOptions::default());
    let first = tally(&instance, &logpipe, "a").await;
    tally(&instance, &logpipe, "b").await;
    assert_eq!(count(&instance, &logpipe).await, returned(Val::U32(2)));
    instance.drop_resource(1).await.unwrap();
    assert_eq!(count(&instance, &logpipe).await, returned(Val::U32(1)));
    // It is gone, and no other has its number.
    let again = instance.drop_resource(1).await.unwrap_err();
    assert!(matches!(again, CallResult::Refused { .. }), "{again:?}");
    let late = call(&instance, &logpipe, ADD, &[first, lines(1)]).await;
    assert!(matches!(late, CallResult::Refused { .. }), "{late:?}");
    // That was no reason to end.
    assert_eq!(count(&instance, &logpipe).await, returned(Val::U32(1)));
    let other = line[1].instance(&logpipe, CallOptions::default());
    assert_eq!(count(&other, &logpipe).await, returned(Val::U32(0)));
    instance.end().await;
    drop(other);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_trap_ends_the_instance_and_whatever_is_under_way_in_it() {
    let master = master();
    let logpipe = logpipe(&master);
    let line = line(&master, 1).await;
    let instance = line[0].instance(&logpipe, CallOptions::default());
    let tally = tally(&instance, &logpipe, "a").await;
    let reach = [tally, Val::U64(1)];
    let waiting = call(&instance, &logpipe, REACH, &reach);
    let trapping = async {
        until("the other call is there", async || {
            line[0].inspect().await.is_ok_and(|state| state.calls > 0)
        })
        .await;
        let broken = logpipe.function("break-off").unwrap();
        let streaming = instance.stream(&broken, &[Val::U32(1)], Vec::new());
        let mut incoming = streaming.await.unwrap().incoming.pop().unwrap();
        while incoming.next().await.is_ok_and(|piece| piece.is_some()) {}
    };
    let (waited, ()) = tokio::join!(waiting, trapping);
    let CallResult::Trapped(why) = waited else {
        panic!("{waited:?}");
    };
    assert!(why.contains("the instance is gone"), "{why}");
    // The next call makes a new one, in which nothing is left of the first.
    assert_eq!(count(&instance, &logpipe).await, returned(Val::U32(0)));
    drop(instance);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_call_that_takes_too_long_ends_the_instance() {
    let master = master();
    let logpipe = logpipe(&master);
    let line = line(&master, 1).await;
    let options = CallOptions {
        limits: CallLimits {
            wall_ms: 1_000,
            ..CallLimits::default()
        },
        ..CallOptions::default()
    };
    let instance = line[0].instance(&logpipe, options);
    let tally = tally(&instance, &logpipe, "a").await;
    let over = call(&instance, &logpipe, REACH, &[tally, Val::U64(1)]).await;
    assert!(matches!(over, CallResult::OverLimit { .. }), "{over:?}");
    drop(instance);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

async fn new_one<'a>(context: &'a Context, module: &Arc<Module>) -> (Instance<'a>, CallResult) {
    let instance = context.instance(module, CallOptions::default());
    let count = count(&instance, module).await;
    (instance, count)
}

#[tokio::test]
async fn there_is_a_bound_on_instances_and_those_that_end_make_room() {
    let master = master();
    let logpipe = logpipe(&master);
    let line = line(&master, 1).await;
    let mut alive = Vec::new();
    for _ in 0..64 {
        let (instance, count) = new_one(&line[0], &logpipe).await;
        assert_eq!(count, returned(Val::U32(0)));
        alive.push(instance);
    }
    let (_none, refused) = new_one(&line[0], &logpipe).await;
    assert!(matches!(refused, CallResult::Refused { .. }), "{refused:?}");
    alive.pop().unwrap().end().await;
    let (_one, count) = new_one(&line[0], &logpipe).await;
    assert_eq!(count, returned(Val::U32(0)));
    // The others end because nobody has them any more.
    drop(alive);
    let room = async {
        for _ in 0..60 {
            let (instance, _) = new_one(&line[0], &logpipe).await;
            instance.end().await;
        }
    };
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, room)
        .await
        .expect("there is room");
    drop((_none, _one));
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}
