//! Modules and data files on their way through contexts to others.

use crate::forest::{
    Process, add, assert_all_answer, assert_nothing_left, end, guests, line, master_with, start,
    until,
};
use futures_util::future::join_all;
use host::master::{CallResult, Context, Master, Options};
use host::module::Module;
use proto::policy::Grant;
use proto::{CallLimits, ContextId, Policy};
use std::path::Path;
use std::sync::Arc;
use wasmtime::component::Val;

/// What the messages of one call take, both ways: less than any module.
const ONE_CALL: u64 = 4 << 10;

/// On one machine all contexts would share the artifacts on its disk.
fn master() -> Master {
    master_with(Options {
        cache: false,
        ..Options::default()
    })
}

/// What the master has sent to its only child so far, in bytes.
fn sent(master: &Master) -> u64 {
    let links = master.inspect().links;
    assert_eq!(links.len(), 1);
    links[0].sent
}

/// What a context has sent to each of its children so far, in bytes.
async fn sent_down(context: &Context) -> Vec<u64> {
    let state = context.inspect().await.unwrap();
    let below = state
        .links
        .iter()
        .filter(|link| link.peer != ContextId::MASTER);
    below.map(|link| link.sent).collect()
}

async fn has(context: &Context, module: &Module) -> bool {
    let state = context.inspect().await.unwrap();
    state
        .modules
        .iter()
        .any(|it| it.digest == module.reference.digest)
}

#[tokio::test]
async fn a_grandchilds_load_costs_the_master_nothing_once_its_parent_has_it() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, 2).await;
    let before = sent(&master);
    add(&line[0], &guests.calculator, 1, 2).await;
    let load = sent(&master) - before;
    assert!(load > 4 * ONE_CALL, "the module has {load} bytes");
    let (before, above) = (sent_down(&line[0]).await[0], sent(&master));
    let sum = add(&line[1], &guests.calculator, 1, 2).await;
    assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
    let cost = sent(&master) - above;
    assert!(cost < ONE_CALL, "{cost} bytes of the master's");
    let from_parent = sent_down(&line[0]).await[0] - before;
    assert!(from_parent > load / 2, "only {from_parent} bytes came");
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn grandchildren_that_want_the_same_at_once_cost_one_load() {
    let master = master();
    let guests = guests(&master);
    let parent = start(&master, None).await;
    let starts = (0..20).map(|_| start(&master, Some(&parent)));
    let children = join_all(starts).await;
    let before = sent(&master);
    assert_all_answer(&children, &guests.calculator).await;
    let cost = sent(&master) - before;
    let down = sent_down(&parent).await;
    assert_eq!(down.len(), children.len());
    // Each got all of it.
    let smallest = *down.iter().min().unwrap();
    assert!(smallest > 4 * ONE_CALL, "{down:?}");
    let calls = ONE_CALL * children.len() as u64;
    assert!(cost < smallest + calls, "{cost} bytes, and down {down:?}");
    let mut processes = end(children).await;
    processes.extend(end(vec![parent]).await);
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_module_that_is_preloaded_is_there_before_the_call() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, 3).await;
    line[2].preload(&guests.calculator).await;
    until("it comes", async || has(&line[2], &guests.calculator).await).await;
    let before = sent(&master);
    let sum = add(&line[2], &guests.calculator, 1, 2).await;
    assert_eq!(sum, CallResult::Returned(Some(Val::S32(3))));
    let cost = sent(&master) - before;
    assert!(cost < ONE_CALL, "{cost} bytes of the master's");
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn related_modules_come_with_the_one_that_is_asked_for() {
    let master = master();
    let guests = guests(&master);
    let line = line(&master, 2).await;
    master.relate(&guests.calculator, std::slice::from_ref(&guests.misbehave));
    add(&line[1], &guests.calculator, 1, 2).await;
    // Also where it is needed, two hops away.
    until("the other comes", async || {
        has(&line[1], &guests.misbehave).await
    })
    .await;
    let before = sent(&master);
    let nothing: () = line[1]
        .invoke(&guests.misbehave, "spin-if", &(false,))
        .await
        .unwrap();
    assert_eq!(nothing, ());
    let cost = sent(&master) - before;
    assert!(cost < ONE_CALL, "{cost} bytes of the master's");
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

/// Has a task install a file of this machine.
async fn install(context: &Context, copy: &Arc<Module>, from: &Path, to: &Path) -> CallResult {
    let content = std::fs::read(from).unwrap();
    let digest = proto::Digest(*blake3::hash(&content).as_bytes());
    let text = format!(
        "run({{path: \"{}\", src: some({{name: \"source\", digest: \"{digest}\", size: {}}}), \
         content: none, mode: none, owner: none, group: none}}, apply)",
        to.display(),
        content.len()
    );
    let function = copy.function("run").unwrap();
    let arguments = host::value::CallText::parse(&text).unwrap();
    let arguments = arguments.to_vals(&function.params).unwrap();
    let policy = Policy {
        grants: vec![
            format!("write:{}", to.display()).parse().unwrap(),
            Grant::Source(digest),
        ],
    };
    let limits = CallLimits::default();
    let called = context.call(copy, &function, &arguments, policy, limits);
    called.await.unwrap()
}

#[tokio::test]
async fn what_was_refused_can_be_had_after_it_is_offered() {
    let master = master();
    let copy = master.repository().find("copy").unwrap();
    let line = line(&master, 2).await;
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("from"), directory.path().join("to"));
    std::fs::write(&from, "hello").unwrap();
    for _ in 0..2 {
        let refused = install(&line[1], &copy, &from, &to).await;
        assert!(matches!(refused, CallResult::Failed(_)), "{refused:?}");
        assert!(!to.exists());
    }
    master.sources().offer("source", &from).unwrap();
    let installed = install(&line[1], &copy, &from, &to).await;
    assert!(
        matches!(installed, CallResult::Returned(_)),
        "{installed:?}"
    );
    assert_eq!(std::fs::read(&to).unwrap(), b"hello");
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}

#[tokio::test]
async fn a_large_file_passes_through_a_context_that_has_no_room_for_it() {
    const LEN: usize = 40 << 20;
    const ROOM: u64 = 16 << 10;
    let master = master();
    let copy = master.repository().find("copy").unwrap();
    let line = line(&master, 2).await;
    let directory = tempfile::tempdir().unwrap();
    let (from, to) = (directory.path().join("from"), directory.path().join("to"));
    // Nothing that could be compressed.
    let mut content = vec![0; LEN];
    blake3::Hasher::new().finalize_xof().fill(&mut content);
    std::fs::write(&from, &content).unwrap();
    master.sources().offer("source", &from).unwrap();
    let hop = Process::of(&line[0]);
    let before = (hop.peak(), sent(&master));
    let installed = install(&line[1], &copy, &from, &to).await;
    assert!(
        matches!(installed, CallResult::Returned(_)),
        "{installed:?}"
    );
    assert!(std::fs::read(&to).unwrap() == content, "it is not the same");
    let passed = sent(&master) - before.1;
    assert!(passed as usize > LEN, "only {passed} bytes went");
    let grown = hop.peak() - before.0;
    assert!(grown < ROOM, "the hop has taken {grown} KiB");
    let processes = end(line).await;
    assert_nothing_left(&master, &processes);
}
