//! What all calls of a slave share: memories, tables, instances.

use crate::support::home;
use futures_util::future::join_all;
use host::master::{CallResult, Context, Master};
use host::module::Module;
use proto::message::LimitKind;
use proto::{CallLimits, Policy};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::Val;

async fn start(component: &str) -> (Master, Context, Arc<Module>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("component.wasm");
    std::fs::write(&path, wat::parse_str(component).unwrap()).unwrap();
    let master = host::testing::master(home()).unwrap();
    let context = master.connect(&"local".parse().unwrap()).await.unwrap();
    let module = master.repository().find(path.to_str().unwrap()).unwrap();
    (master, context, module)
}

async fn call(context: &Context, module: &Arc<Module>, args: &[Val]) -> CallResult {
    let function = module.function("work").unwrap();
    let (policy, limits) = (Policy::default(), CallLimits::default());
    let ended = context.call(module, &function, args, policy, limits).await;
    ended.unwrap()
}

#[tokio::test]
async fn more_memories_than_there_are_make_calls_wait() {
    // 100 calls of four memories each: 256 are there.
    let (_master, context, module) = start(
        r#"(component
            (core module $m
                (memory 1)
                (func (export "work") (param i32)
                    (loop
                        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                        (br_if 0 (local.get 0)))))
            (core instance $a (instantiate $m))
            (core instance $b (instantiate $m))
            (core instance $c (instantiate $m))
            (core instance $d (instantiate $m))
            (func (export "work") (param "turns" u32) (canon lift (core func $a "work"))))"#,
    )
    .await;
    let all = join_all((0..100).map(|_| call(&context, &module, &[Val::U32(20_000_000)]))).await;
    for ended in all {
        assert_eq!(ended, CallResult::Returned(None));
    }
    // What calls held that were given up is free for those that wait, too.
    let hold = join_all((0..64).map(|_| call(&context, &module, &[Val::U32(u32::MAX)])));
    let hold = tokio::time::timeout(Duration::from_secs(1), hold);
    let wait = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        join_all((0..20).map(|_| call(&context, &module, &[Val::U32(1)]))).await
    };
    let (held, waited) = tokio::join!(hold, wait);
    assert!(held.is_err());
    assert_eq!(waited, vec![CallResult::Returned(None); 20]);
    context.shutdown().await;
}

#[tokio::test]
async fn tables_have_the_room_that_is_promised_and_no_more() {
    let (_master, context, module) = start(
        r#"(component
            (core module $m
                (table $t 50000 funcref)
                (func (export "work") (param i32) (result i32)
                    (table.grow $t (ref.null func) (local.get 0))))
            (core instance $i (instantiate $m))
            (func (export "work") (param "more" u32) (result s32) (canon lift (core func $i "work"))))"#,
    )
    .await;
    let grown = call(&context, &module, &[Val::U32(50_000)]).await;
    assert_eq!(grown, CallResult::Returned(Some(Val::S32(50_000))));
    let beyond = call(&context, &module, &[Val::U32(50_001)]).await;
    let limit = LimitKind::Tables;
    let allowed = 100_000;
    assert_eq!(beyond, CallResult::OverLimit { limit, allowed });
    context.shutdown().await;
}
