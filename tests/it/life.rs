//! One context through many calls: it survives its guests, and its death is noticed.

use crate::support::{example, home, processes};
use futures_util::future::join_all;
use host::master::{CallError, CallResult, Context, Master};
use host::module::Module;
use proto::message::LimitKind;
use proto::{CallLimits, Policy};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::Val;

async fn start() -> (Master, Context) {
    let master = host::testing::master(home()).unwrap();
    let context = master.connect(&"local".parse().unwrap()).await.unwrap();
    (master, context)
}

async fn call(context: &Context, module: &Arc<Module>, name: &str, args: &[Val]) -> CallResult {
    call_within(500, context, module, name, args).await
}

async fn call_within(
    wall_ms: u64,
    context: &Context,
    module: &Arc<Module>,
    name: &str,
    args: &[Val],
) -> CallResult {
    let limits = CallLimits {
        wall_ms,
        output_bytes: 1 << 20,
        ..CallLimits::default()
    };
    let function = module.function(name).unwrap();
    context
        .call(module, &function, args, Policy::default(), limits)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_slave_serves_the_next_call_after_each_bad_guest() {
    let (master, context) = start().await;
    let calculator = master.repository().find(&example("calculator")).unwrap();
    let misbehave = master.repository().find(&example("misbehave")).unwrap();
    for name in ["trap", "spin", "allocate", "recurse", "flood"] {
        let ended = call(&context, &misbehave, name, &[]).await;
        match name {
            "trap" => assert!(matches!(ended, CallResult::Trapped(_)), "{name}: {ended:?}"),
            _ => assert!(
                matches!(ended, CallResult::OverLimit { .. }),
                "{name}: {ended:?}"
            ),
        }
        let sum = call(&context, &calculator, "add", &[Val::S32(1), Val::S32(2)]).await;
        assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))), "after {name}");
    }
    context.shutdown().await;
}

#[tokio::test]
async fn a_guest_that_spins_delays_nobody() {
    let (master, context) = start().await;
    let calculator = master.repository().find(&example("calculator")).unwrap();
    let misbehave = master.repository().find(&example("misbehave")).unwrap();
    // More of them than there are processors, all at once.
    let spins = join_all((0..8).map(|_| call_within(3_000, &context, &misbehave, "spin", &[])));
    let sums = async {
        for _ in 0..10 {
            let sum = call(&context, &calculator, "add", &[Val::S32(1), Val::S32(2)]).await;
            assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
        }
        Instant::now()
    };
    let spins = async { (spins.await, Instant::now()) };
    let ((ended, spun), summed) = tokio::join!(spins, sums);
    assert!(summed < spun, "the sums waited for the guests that spin");
    for end in ended {
        assert!(
            matches!(
                end,
                CallResult::OverLimit {
                    limit: LimitKind::WallTime,
                    ..
                }
            ),
            "{end:?}"
        );
    }
    context.shutdown().await;
}

#[tokio::test]
async fn a_guest_that_was_quick_and_spins_now_delays_nobody() {
    let (master, context) = start().await;
    let calculator = master.repository().find(&example("calculator")).unwrap();
    let misbehave = master.repository().find(&example("misbehave")).unwrap();
    // It has earned to begin on the thread that reads from the master.
    for _ in 0..3 {
        let ended = call(&context, &misbehave, "spin-if", &[Val::Bool(false)]).await;
        assert_eq!(ended, CallResult::Returned(None));
    }
    let began = Instant::now();
    let spin = async {
        let ended = call(&context, &misbehave, "spin-if", &[Val::Bool(true)]).await;
        (ended, Instant::now())
    };
    let sums = async {
        for _ in 0..10 {
            let sum = call(&context, &calculator, "add", &[Val::S32(1), Val::S32(2)]).await;
            assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
        }
        Instant::now()
    };
    let ((ended, spun), summed) = tokio::join!(spin, sums);
    assert!(matches!(ended, CallResult::OverLimit { .. }), "{ended:?}");
    assert!(summed < spun, "the sums waited for the guest that spins");
    assert!(spun - began < Duration::from_secs(5));
    context.shutdown().await;
}

#[tokio::test]
async fn a_result_that_is_too_large_for_the_master_is_no_lost_slave() {
    let (master, context) = start().await;
    let calculator = master.repository().find(&example("calculator")).unwrap();
    // In the guest these take 2 MB, in the master 80.
    let bytes = Val::List(vec![Val::U8(7); 2_000_000]);
    let function = calculator.function("echo-bytes").unwrap();
    let limits = CallLimits {
        memory_bytes: 64 << 20,
        ..CallLimits::default()
    };
    let policy = Policy::default();
    let ended = context
        .call(&calculator, &function, &[bytes], policy, limits)
        .await;
    let expected = CallResult::OverLimit {
        limit: LimitKind::Memory,
        allowed: 64 << 20,
    };
    assert!(ended.is_ok_and(|ended| ended == expected));
    let sum = call(&context, &calculator, "add", &[Val::S32(1), Val::S32(2)]).await;
    assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
    context.shutdown().await;
}

#[tokio::test]
async fn a_slave_that_is_killed_ends_its_calls_as_dead() {
    let (master, context) = start().await;
    let misbehave = master.repository().find(&example("misbehave")).unwrap();
    let pid = context.hello().pid;
    let killer = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    let function = misbehave.function("sleep").unwrap();
    let args = [Val::U64(60_000)];
    let sleep = context.call(
        &misbehave,
        &function,
        &args,
        Policy::default(),
        CallLimits::default(),
    );
    let (ended, ()) = tokio::join!(sleep, killer);
    assert!(matches!(ended, Ok(CallResult::Dead(_))), "{ended:?}");
    let again = call(&context, &misbehave, "trap", &[]).await;
    assert!(matches!(again, CallResult::Dead(_)), "{again:?}");
    context.shutdown().await;
}

#[tokio::test]
async fn a_slave_that_hangs_is_given_up() {
    let options = host::master::Options {
        heartbeat: Duration::from_secs(1),
        ..host::master::Options::default()
    };
    let master = host::testing::master_with(home(), options).unwrap();
    let context = master.connect(&"local".parse().unwrap()).await.unwrap();
    let misbehave = master.repository().find(&example("misbehave")).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(context.hello().pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let ended = call(&context, &misbehave, "trap", &[]).await;
    assert!(matches!(ended, CallResult::Dead(_)), "{ended:?}");
    context.shutdown().await;
    assert!(!processes("zymogen-slave:").contains(&(pid.as_raw_nonzero().get() as u32)));
}

#[tokio::test]
async fn a_context_that_comes_when_nobody_waits_for_it_any_longer_is_ended() {
    let (master, via) = start().await;
    let via = Arc::new(via);
    let pid = i32::try_from(via.hello().pid).unwrap();
    let signal = |signal| {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    };
    signal(rustix::process::Signal::STOP);
    let local = "local".parse().unwrap();
    let late = master.connect_via(&via, &local);
    let late = tokio::time::timeout(Duration::from_millis(500), late).await;
    assert!(late.is_err(), "it cannot have come");
    signal(rustix::process::Signal::CONT);
    // The launch is under way there before it hears this question.
    let mut seen = false;
    crate::forest::until("the late one comes and goes", async || {
        let services = via.inspect().await.unwrap().services;
        seen |= services > 0;
        services == 0 && master.contexts().len() == 1
    })
    .await;
    assert!(seen, "nothing was launched");
    Arc::into_inner(via).unwrap().shutdown().await;
}

#[tokio::test]
async fn a_dropped_call_is_cancelled() {
    let (master, context) = start().await;
    let misbehave = master.repository().find(&example("misbehave")).unwrap();
    let calculator = master.repository().find(&example("calculator")).unwrap();
    for _ in 0..300 {
        // More than may be under way at once, if they were not cancelled.
        let args = [Val::U64(60_000)];
        let sleep = call_within(60_000, &context, &misbehave, "sleep", &args);
        let _ = tokio::time::timeout(Duration::from_millis(2), sleep).await;
    }
    let sum = call(&context, &calculator, "add", &[Val::S32(1), Val::S32(2)]).await;
    assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
    context.shutdown().await;
}

#[tokio::test]
async fn a_typed_call_from_rust() {
    let (master, context) = start().await;
    let calculator = master.repository().find(&example("calculator")).unwrap();
    let sum: i32 = context.invoke(&calculator, "add", &(20, 22)).await.unwrap();
    assert_eq!(sum, 42);
    let quotient: Result<i32, String> = context
        .invoke(&calculator, "divide", &(7, 2))
        .await
        .unwrap();
    assert_eq!(quotient, Ok(3));
    let quotient: Result<i32, String> = context
        .invoke(&calculator, "divide", &(1, 0))
        .await
        .unwrap();
    assert!(quotient.is_err(), "{quotient:?}");
    let quotient: Result<i32, CallError> = context.invoke(&calculator, "divide", &(1, 0)).await;
    let error = quotient.unwrap_err().to_string();
    assert!(
        error.starts_with("module `calculator` returned err("),
        "{error}"
    );
    let misbehave = master.repository().find(&example("misbehave")).unwrap();
    let trapped: Result<(), CallError> = context.invoke(&misbehave, "trap", &()).await;
    let error = trapped.unwrap_err().to_string();
    assert!(error.starts_with("module `misbehave` trapped: "), "{error}");
    context.shutdown().await;
}

/// Kills a slave while a shell and its `sleep` run in it, and waits until nothing of them is left.
async fn killed_with_its_slave(cache: bool, seconds: &str) {
    let options = host::master::Options {
        cache,
        ..host::master::Options::default()
    };
    let master = host::testing::master_with(home(), options).unwrap();
    let context = master.connect(&"local".parse().unwrap()).await.unwrap();
    let command = master.repository().find("command").unwrap();
    let function = command.function("run").unwrap();
    let script = format!("sleep {seconds}; :");
    let text = format!(
        "run({{argv: [\"sh\", \"-c\", \"{script}\"], stdin: none, env: none, chdir: none, \
         creates: none, removes: none, timeout-ms: none, ok-status: none}}, apply)"
    );
    let args = host::value::CallText::parse(&text).unwrap();
    let args = args.to_vals(&function.params).unwrap();
    let policy = Policy {
        grants: vec![format!("exec:sh -c '{script}'").parse().unwrap()],
    };
    let limits = CallLimits::default();
    let call = context.call(&command, &function, &args, policy, limits);
    let pid = i32::try_from(context.hello().pid).unwrap();
    let sleep = format!("sleep {seconds}");
    let guard = format!("zymogen-slave: guard of {pid}");
    let killer = async {
        until(|| processes(&sleep).len() == 2).await;
        assert_eq!(processes(&guard).len(), 1);
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    };
    let (ended, ()) = tokio::join!(call, killer);
    assert!(matches!(ended, Ok(CallResult::Dead(_))), "{ended:?}");
    until(|| processes(&sleep).is_empty() && processes(&guard).is_empty()).await;
    context.shutdown().await;
}

async fn until(mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        assert!(start.elapsed() < Duration::from_secs(20), "never");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn all_that_a_command_started_dies_with_a_slave_that_is_killed() {
    killed_with_its_slave(true, "1000.125").await;
}

#[tokio::test]
async fn it_dies_even_where_the_slave_left_no_file() {
    killed_with_its_slave(false, "1000.0625").await;
}
