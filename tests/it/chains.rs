//! Chains of calls in a context two hops away.

use crate::forest::{assert_nothing_left, end, guests, line, master};
use futures_util::future::join_all;
use host::master::{CallOptions, CallResult};
use proto::Policy;
use wasmtime::component::Val;

fn sum() -> [Val; 2] {
    [Val::S32(1), Val::S32(2)]
}

#[tokio::test]
async fn calls_of_a_chain_are_executed_in_the_order_in_which_they_were_sent() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, 2).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("last");
    let file = file.to_str().unwrap();
    std::fs::write(file, "0").unwrap();
    let options = CallOptions {
        policy: Policy {
            grants: vec![format!("write:{file}").parse().unwrap()],
        },
        ..CallOptions::default()
    };
    let path = Val::String(file.to_owned());
    let function = guests.misbehave.function("take-steps").unwrap();
    let chain = line[1].chain();
    // Each says which one was there before it.
    let calls = (1..=20).map(|i| {
        let write = Val::Tuple(vec![path.clone(), Val::String(i.to_string())]);
        let steps = Val::List(vec![
            Val::Variant("read".to_owned(), Some(Box::new(path.clone()))),
            Val::Variant("write".to_owned(), Some(Box::new(write))),
        ]);
        let (chain, guests, function, options) = (&chain, &guests, &function, &options);
        async move {
            let call = chain.call(
                &guests.misbehave,
                function,
                std::slice::from_ref(&steps),
                options,
            );
            call.await.unwrap()
        }
    });
    for (i, result) in join_all(calls).await.into_iter().enumerate() {
        let ok = |text: String| Val::Result(Ok(Some(Box::new(Val::String(text)))));
        let expected = Val::List(vec![ok(i.to_string()), ok(String::new())]);
        assert_eq!(result, CallResult::Returned(Some(expected)), "call {i}");
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), "20");
    drop(chain);
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn none_is_executed_behind_one_that_has_not_returned_until_the_chain_is_reset() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, 2).await;
    let (calculator, misbehave) = (&guests.calculator, &guests.misbehave);
    let (add, trap) = (
        calculator.function("add").unwrap(),
        misbehave.function("trap").unwrap(),
    );
    let options = CallOptions::default();
    let (chain, other) = (line[1].chain(), line[1].chain());
    let three = CallResult::Returned(Some(Val::S32(3)));
    let sum = sum();
    let (first, trapped, third, fourth, elsewhere) = tokio::join!(
        chain.call(calculator, &add, &sum, &options),
        chain.call(misbehave, &trap, &[], &options),
        chain.call(calculator, &add, &sum, &options),
        chain.call(calculator, &add, &sum, &options),
        other.call(calculator, &add, &sum, &options),
    );
    assert_eq!(first.unwrap(), three);
    let trapped = trapped.unwrap();
    assert!(matches!(trapped, CallResult::Trapped(_)), "{trapped:?}");
    assert_eq!(third.unwrap(), trapped);
    assert_eq!(fourth.unwrap(), trapped);
    assert_eq!(elsewhere.unwrap(), three);
    // It remembers.
    let later = chain.call(calculator, &add, &sum, &options).await;
    assert_eq!(later.unwrap(), trapped);
    chain.reset().await;
    let later = chain.call(calculator, &add, &sum, &options).await;
    assert_eq!(later.unwrap(), three);
    drop((chain, other));
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}
