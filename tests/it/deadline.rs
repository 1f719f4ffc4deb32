//! Calls that are given up, at any depth: the guest stops where it runs.

use crate::forest::{
    Process, assert_all_answer, assert_nothing_left, call, end, guests, line, master, until,
    until_within,
};
use host::master::{CallOptions, CallResult, Context};
use proto::message::LimitKind;
use std::time::{Duration, Instant};
use wasmtime::component::Val;

const DEEP: usize = 4;

/// How long a guest that is not wanted any more may go on.
const MARGIN: Duration = Duration::from_secs(1);

/// No call is left there, and nobody computes.
async fn assert_stopped(context: &Context, what: &str) {
    until_within(MARGIN, what, async || {
        context.inspect().await.unwrap().calls == 0
    })
    .await;
    let process = Process::of(context);
    let before = process.ticks();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let ticks = process.ticks() - before;
    assert!(ticks < 10, "{what}: it computes for {ticks} of 20 ticks");
}

#[tokio::test]
async fn a_call_whose_deadline_has_passed_ends_here_and_there() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, DEEP).await;
    assert_all_answer(&line, &guests.calculator).await;
    let long = [Val::U64(60_000)];
    for (level, context) in line.iter().enumerate() {
        for (name, arguments) in [("spin", &[][..]), ("sleep", &long[..])] {
            let began = Instant::now();
            let patience = Duration::from_millis(300);
            let options = CallOptions {
                deadline: Some(tokio::time::Instant::now() + patience),
                ..CallOptions::default()
            };
            let function = guests.misbehave.function(name).unwrap();
            let ended = context.call_with(&guests.misbehave, &function, arguments, &options);
            let ended = ended.await.unwrap();
            let limit = LimitKind::WallTime;
            assert!(
                matches!(ended, CallResult::OverLimit { limit: it, allowed } if it == limit && allowed <= 300),
                "{name} at {level}: {ended:?}"
            );
            let took = began.elapsed();
            assert!(took < patience + MARGIN, "{name} at {level}: {took:?}");
            assert_stopped(context, &format!("{name} at {level}")).await;
        }
    }
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_deadline_that_has_passed_before_the_call_begins_nothing() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, 2).await;
    let options = CallOptions {
        deadline: Some(tokio::time::Instant::now()),
        ..CallOptions::default()
    };
    let function = guests.misbehave.function("sleep").unwrap();
    let long = [Val::U64(60_000)];
    let ended = line[1].call_with(&guests.misbehave, &function, &long, &options);
    let ended = ended.await.unwrap();
    assert!(
        matches!(ended, CallResult::OverLimit { allowed: 0, .. }),
        "{ended:?}"
    );
    assert_stopped(&line[1], "a call too late").await;
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_guest_whose_caller_is_gone_stops_at_any_depth() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, DEEP).await;
    let long = [Val::U64(60_000)];
    for (level, context) in line.iter().enumerate() {
        for (name, arguments) in [("spin", &[][..]), ("sleep", &long[..])] {
            let what = format!("{name} at {level}");
            let calling = call(context, &guests.misbehave, name, arguments, 60_000);
            let begun = until("it begins", async || {
                context.inspect().await.unwrap().calls == 1
            });
            tokio::select! {
                ended = calling => panic!("{what}: {ended:?}"),
                () = begun => {}
            }
            assert_stopped(context, &what).await;
        }
    }
    assert_all_answer(&line, &guests.calculator).await;
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}
