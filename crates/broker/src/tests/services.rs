//! Services: who may call what, how many at once, and what becomes of a call that nobody waits for any longer.

use super::support::{MASTER, until};
use super::tree::Tree;
use crate::{Allow, Caller, Failed, Service, ServiceError, Services};
use proto::ContextId;
use proto::message::DeadReason;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How many calls were begun, how many are under way, and what lets them end.
#[derive(Clone)]
pub(super) struct Gate {
    begun: Arc<AtomicUsize>,
    alive: Arc<AtomicUsize>,
    pub(super) open: Arc<Semaphore>,
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            begun: Arc::default(),
            alive: Arc::default(),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    async fn pass(self, n: u32) -> Result<u32, Failed> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.alive.fetch_add(1, Ordering::SeqCst);
        let _alive = Alive(self.alive);
        self.open.acquire().await.unwrap().forget();
        if n == 13 {
            Err(Failed("unlucky".to_owned()))
        } else {
            Ok(n + 1)
        }
    }

    pub(super) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    pub(super) fn alive(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }

    /// A service whose methods pass through the gate.
    pub(super) fn service(&self, at_once: usize) -> Service {
        let (one, shared) = (self.clone(), self.clone());
        Service::new("gate", at_once)
            .method("pass", Allow::Anyone, move |_, n: u32| one.clone().pass(n))
            .shared_method("shared", Allow::Anyone, move |_, n: u32| {
                shared.clone().pass(n)
            })
    }
}

/// A master with these services, and a leaf two hops below it.
pub(super) async fn tree(register: impl FnOnce(&Services)) -> (Tree, ContextId) {
    let mut tree = Tree::with(false, |it| register(&it.services));
    let relay = tree.add(MASTER).await;
    let leaf = tree.add(relay).await;
    (tree, leaf)
}

fn who(allow: Allow) -> impl FnOnce(&Services) {
    |services| {
        let who =
            Service::new("who", 1).method("am-i", allow, |caller: Caller, (): ()| async move {
                Ok((caller.context, caller.above))
            });
        services.register(who);
    }
}

type Who = Result<(ContextId, bool), ServiceError>;

async fn ask(tree: &Tree, from: ContextId, to: ContextId) -> Who {
    let broker = tree.broker(from);
    broker.call_service(to, "who", "am-i", &()).await
}

#[tokio::test]
async fn a_method_is_called_by_those_who_may() {
    let denied = || Err(ServiceError::Denied("am-i".to_owned()));
    let (tree, leaf) = tree(who(Allow::Anyone)).await;
    assert_eq!(ask(&tree, leaf, MASTER).await, Ok((leaf, false)));

    let (tree, leaf) = self::tree(who(Allow::Parents)).await;
    assert_eq!(ask(&tree, leaf, MASTER).await, denied());

    let only = Allow::Only(BTreeSet::from([ContextId(1)]));
    let (tree, leaf) = self::tree(who(only)).await;
    let relay = ContextId(1);
    assert_eq!(ask(&tree, relay, MASTER).await, Ok((relay, false)));
    assert_eq!(ask(&tree, leaf, MASTER).await, denied());

    // From above.
    let mut tree = Tree::new(false);
    let relay = tree.add(MASTER).await;
    let leaf = tree
        .add_with(relay, |it| who(Allow::Parents)(&it.services))
        .await;
    assert_eq!(ask(&tree, MASTER, leaf).await, Ok((MASTER, true)));
    assert_eq!(ask(&tree, relay, leaf).await, Ok((relay, true)));
    tree.idle().await;
}

#[tokio::test]
async fn what_cannot_be_called_says_why() {
    let gate = Gate::new();
    gate.open.add_permits(100);
    let (tree, leaf) = tree(|services| services.register(gate.service(4))).await;
    let leaf = tree.broker(leaf);
    let call = async |service, method, arguments: &str| {
        let called = leaf.call_service::<u32>(MASTER, service, method, &arguments);
        called.await.unwrap_err()
    };
    let none = ServiceError::NoService("nothing".to_owned());
    assert_eq!(call("nothing", "pass", "").await, none);
    let none = ServiceError::NoMethod("nothing".to_owned());
    assert_eq!(call("gate", "nothing", "").await, none);
    let bad = call("gate", "pass", "text").await;
    assert!(matches!(bad, ServiceError::BadArguments(_)), "{bad}");
    assert_eq!(gate.begun(), 0);
    let unlucky = leaf.call_service::<u32>(MASTER, "gate", "pass", &13_u32);
    let failed = ServiceError::Failed("unlucky".to_owned());
    assert_eq!(unlucky.await, Err(failed));
    // A value of another type than the caller takes.
    let other = leaf.call_service::<String>(MASTER, "gate", "pass", &1_u32);
    let ServiceError::Dead(dead) = other.await.unwrap_err() else {
        panic!("it was understood");
    };
    assert!(matches!(dead.reason, DeadReason::Malformed(_)));
    // One that is removed is not there.
    tree.broker(MASTER).shared.services.remove("gate");
    let none = ServiceError::NoService("gate".to_owned());
    assert_eq!(call("gate", "pass", "").await, none);
    tree.idle().await;
}

#[tokio::test]
async fn no_more_calls_run_at_once_than_the_service_takes() {
    let gate = Gate::new();
    let (tree, leaf) = tree(|services| services.register(gate.service(3))).await;
    let mut calls = JoinSet::new();
    for n in 100..120_u32 {
        let broker = tree.broker(leaf).clone();
        calls.spawn(async move {
            let value = broker.call_service(MASTER, "gate", "pass", &n);
            assert_eq!(value.await, Ok(n + 1));
        });
    }
    until(|| gate.alive() == 3).await;
    for done in 1..=20 {
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert!(gate.alive() <= 3);
        gate.open.add_permits(1);
        calls.join_next().await.unwrap().unwrap();
        assert!(gate.begun() <= done + 3);
    }
    tree.idle().await;
}

#[tokio::test]
async fn a_shared_method_runs_once_for_all_who_ask_the_same() {
    let gate = Gate::new();
    let (tree, leaf) = tree(|services| services.register(gate.service(8))).await;
    let ask = |n: u32| {
        let broker = tree.broker(leaf).clone();
        tokio::spawn(async move {
            let value = broker.call_service::<u32>(MASTER, "gate", "shared", &n);
            value.await
        })
    };
    let services = || tree.broker(MASTER).inspect().services;
    let mut calls = Vec::new();
    for n in [1, 1, 1, 2, 13, 13] {
        calls.push((n, ask(n)));
        until(|| services() as usize == calls.len()).await;
    }
    until(|| gate.begun() == 3).await;
    // Whoever came first gives up: the next one works.
    let (_, first) = calls.remove(0);
    first.abort();
    until(|| gate.begun() == 4).await;
    until(|| gate.alive() == 3).await;
    gate.open.add_permits(3);
    for (n, call) in calls {
        let value = timeout(Duration::from_secs(10), call).await.unwrap();
        let expected = match n {
            13 => Err(ServiceError::Failed("unlucky".to_owned())),
            n => Ok(n + 1),
        };
        assert_eq!(value.unwrap(), expected);
    }
    assert_eq!(gate.begun(), 4);
    // What is over is not remembered.
    gate.open.add_permits(1);
    assert_eq!(ask(1).await.unwrap(), Ok(2));
    assert_eq!(gate.begun(), 5);
    tree.idle().await;
}

#[tokio::test]
async fn a_service_that_sleeps_is_woken_from_above_only() {
    let begun = Arc::new(AtomicUsize::new(0));
    let mut tree = Tree::new(false);
    let relay = tree.add(MASTER).await;
    let count = begun.clone();
    let middle = tree
        .add_with(relay, |it| {
            let services = it.services.clone();
            it.services.register_sleeping("who", move || {
                count.fetch_add(1, Ordering::SeqCst);
                // It may have others in its company.
                services.register(Service::new("company", 1));
                Service::new("who", 1).method("am-i", Allow::Anyone, |caller, (): ()| async move {
                    Ok((caller.context, caller.above))
                })
            });
        })
        .await;
    let leaf = tree.add(middle).await;
    let asleep = Err(ServiceError::NoService("who".to_owned()));
    assert_eq!(ask(&tree, leaf, middle).await, asleep);
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    let (one, two) = tokio::join!(ask(&tree, MASTER, middle), ask(&tree, relay, middle));
    assert_eq!((one, two), (Ok((MASTER, true)), Ok((relay, true))));
    assert_eq!(ask(&tree, leaf, middle).await, Ok((leaf, false)));
    assert_eq!(begun.load(Ordering::SeqCst), 1);
    tree.idle().await;
}
