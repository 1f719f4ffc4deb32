//! Trees six deep: whatever is asked has one fate, whoever goes is missed by those who have to know, and nothing stays.

use super::support::{Context, MASTER, call, dead, until};
use super::tree::Tree;
use crate::{Broker, Event, Receive, Settings};
use bytes::Bytes;
use proto::message::{Dead, DeadReason, Down, Outcome};
use proto::router::Message;
use proto::{Body, ContextId, Handle};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

const DEPTH: usize = 6;

fn link_down(at: ContextId) -> Dead {
    Dead {
        reason: DeadReason::LinkDown(Down::ClosedHere),
        at,
    }
}

#[tokio::test]
async fn calls_reach_every_depth_and_return() {
    let (tree, ids) = Tree::line(false, DEPTH).await;
    for caller in 0..DEPTH {
        for callee in caller + 1..=DEPTH {
            let arguments = Bytes::from(vec![7; 300_000]);
            let broker = tree.broker(ids[caller]);
            let outcome = broker.call(ids[callee], &call("echo"), &arguments).await;
            assert_eq!(outcome, Outcome::Returned(arguments));
        }
    }
    // Nobody calls upwards.
    let up = tree.broker(ids[6]).call(ids[2], &call("echo"), &[]).await;
    assert_eq!(dead(up).reason, DeadReason::Unauthorised);
    tree.idle().await;
}

#[tokio::test]
async fn calls_without_a_reply_are_executed_and_leave_nothing() {
    let (tree, ids) = Tree::line(false, DEPTH).await;
    let echo = call("echo");
    for _ in 0..20 {
        let sent = tree.broker(MASTER).call_no_reply(ids[6], &echo, &[]);
        sent.await.unwrap();
    }
    until(|| tree.begun(ids[6]) == 20).await;
    let gone = tree.broker(MASTER);
    let sent = gone.call_no_reply(ContextId(999_999), &echo, &[]);
    sent.await.unwrap();
    tree.idle().await;
}

#[tokio::test]
async fn dropping_the_future_cancels_at_any_depth() {
    let (tree, ids) = Tree::line(false, DEPTH).await;
    for callee in &ids[1..] {
        let broker = tree.broker(MASTER).clone();
        let callee = *callee;
        let calling = tokio::spawn(async move { broker.call(callee, &call("hang"), &[]).await });
        until(|| tree.alive(callee) == 1).await;
        calling.abort();
        until(|| tree.alive(callee) == 0).await;
    }
    tree.idle().await;
}

#[tokio::test]
async fn whichever_link_is_cut_each_call_beyond_it_has_one_fate_and_the_reason() {
    for cut in 1..=DEPTH {
        let (tree, ids) = Tree::line(false, DEPTH).await;
        let mut calls = JoinSet::new();
        for (callee, id) in ids.iter().copied().enumerate().skip(1) {
            let broker = tree.broker(MASTER).clone();
            calls.spawn(async move { (callee, broker.call(id, &call("hang"), &[]).await) });
        }
        for id in &ids[1..] {
            until(|| tree.alive(*id) == 1).await;
        }
        tree.cut(ids[cut]);
        for _ in cut..=DEPTH {
            let done = timeout(Duration::from_secs(10), calls.join_next()).await;
            let (callee, outcome) = done.unwrap().unwrap().unwrap();
            assert!(callee >= cut, "{callee} is on this side of {cut}");
            assert_eq!(dead(outcome), link_down(ids[cut - 1]));
        }
        // A context without a parent ends, as a slave does, and so do those below it.
        for id in &ids[cut..] {
            tree.broker(*id).shutdown_requested().await;
            if let Some(child) = tree.child(*id) {
                tree.cut(child);
            }
        }
        // Those on this side go on; those beyond stop, for nobody waits for them.
        for (depth, id) in ids.iter().enumerate().skip(1) {
            until(|| tree.alive(*id) == usize::from(depth < cut)).await;
        }
        let late = tree.broker(MASTER).call(ids[cut], &call("echo"), &[]).await;
        assert_eq!(dead(late).reason, DeadReason::NoRoute(ids[cut]));
        calls.shutdown().await;
        tree.idle().await;
    }
}

#[tokio::test]
async fn a_leaf_gets_ids_through_all_hops_and_no_more_than_its_quota() {
    let mut tree = Tree::with(false, |settings| settings.router.quotas.blocks = 5);
    let child = tree.add(MASTER).await;
    let leaf = tree.add(child).await;
    // The block of the child, which it asked for itself, was the first.
    let mut ids = Vec::new();
    let refused = loop {
        match tree.broker(leaf).allocate().await {
            Ok(id) => ids.push(id),
            Err(dead) => break dead,
        }
    };
    assert_eq!(ids.len(), 4000);
    let quota = Dead {
        reason: DeadReason::Quota,
        at: MASTER,
    };
    assert_eq!(refused, quota);
    ids.extend([child, leaf]);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 4002);
    // Who gives up waiting leaves nothing.
    tokio::select! {
        biased;
        id = tree.broker(leaf).allocate() => panic!("{id:?} comes at once"),
        () = std::future::ready(()) => {}
    }
    tree.idle().await;
}

#[tokio::test]
async fn ids_for_a_context_whose_parent_is_gone_are_refused() {
    let (tree, ids) = Tree::line(false, 2).await;
    tree.cut(ids[2]);
    until(|| tree.broker(ids[2]).inspect().links.is_empty()).await;
    let refused = tree.broker(ids[2]).allocate().await.unwrap_err();
    assert_eq!(refused.reason, DeadReason::Quota);
}

/// Notes what happens.
#[derive(Default)]
struct Notes(Mutex<Vec<Event>>);

impl Receive for Notes {
    fn receive(&self, _: &Broker, _: Message) {}

    fn event(&self, _: &Broker, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

fn noting(settings: &mut Settings) -> Arc<Notes> {
    let notes = Arc::new(Notes::default());
    settings.receive = notes.clone();
    notes
}

#[tokio::test]
async fn everybody_above_is_told_who_comes_and_who_goes() {
    let mut notes = None;
    let mut tree = Tree::with(false, |settings| notes = Some(noting(settings)));
    let notes = notes.unwrap();
    let mut ids = vec![MASTER];
    for depth in 0..DEPTH {
        ids.push(tree.add(ids[depth]).await);
    }
    let joined = |depth: usize| Event::Joined {
        context: ids[depth],
        parent: ids[depth - 1],
    };
    let expected: Vec<_> = (1..=DEPTH).map(joined).collect();
    until(|| notes.0.lock().unwrap().len() == DEPTH).await;
    assert_eq!(std::mem::take(&mut *notes.0.lock().unwrap()), expected);
    tree.cut(ids[4]);
    until(|| !notes.0.lock().unwrap().is_empty()).await;
    let gone = Event::Gone {
        contexts: ids[4..].to_vec(),
        why: link_down(ids[3]),
    };
    assert_eq!(*notes.0.lock().unwrap(), [gone]);
    assert!(tree.broker(MASTER).is_below(ids[3]));
    assert!(!tree.broker(MASTER).is_below(ids[4]));
    assert_eq!(tree.broker(MASTER).towards(ids[3]), Some(ids[1]));
    assert_eq!(tree.broker(MASTER).inspect().routes.len(), 3);
}

/// Ends what it is told of, and learns of that when it has returned.
#[derive(Default)]
struct Cuts(Mutex<Vec<&'static str>>);

impl Receive for Cuts {
    fn receive(&self, _: &Broker, _: Message) {}

    fn event(&self, broker: &Broker, event: Event) {
        let note = |what| self.0.lock().unwrap().push(what);
        match event {
            Event::Joined { .. } => {
                note("joined");
                for link in 1..10 {
                    broker.close(proto::LinkId(link));
                }
                note("closed");
            }
            Event::Gone { .. } => note("gone"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn events_come_one_after_the_other() {
    let cuts = Arc::new(Cuts::default());
    let master = Context::with(MASTER, |settings| settings.receive = cuts.clone());
    let (_peer, mut link) =
        super::peer::Peer::attach(&master, ContextId(1), proto::router::Role::Child);
    assert_eq!(link.down().await, Down::ClosedHere);
    until(|| cuts.0.lock().unwrap().len() == 3).await;
    assert_eq!(*cuts.0.lock().unwrap(), ["joined", "closed", "gone"]);
}

#[tokio::test]
async fn a_context_that_leaves_is_told_when_its_parent_knows() {
    let mut tree = Tree::new(false);
    let relay = tree.add(MASTER).await;
    let mut above = None;
    let mut own = None;
    let middle = tree.add_with(relay, |it| above = Some(noting(it))).await;
    let leaf = tree.add_with(middle, |it| own = Some(noting(it))).await;
    tree.broker(leaf).detach();
    let own = own.unwrap();
    until(|| !own.0.lock().unwrap().is_empty()).await;
    let link = match &own.0.lock().unwrap()[..] {
        [Event::Detached { link }] => *link,
        other => panic!("{other:?}"),
    };
    tree.broker(leaf).close(link);
    let above = above.unwrap();
    until(|| above.0.lock().unwrap().len() == 3).await;
    let why = Dead {
        reason: DeadReason::LinkDown(Down::Detached),
        at: middle,
    };
    let contexts = vec![leaf];
    assert_eq!(
        above.0.lock().unwrap()[1..],
        [
            Event::Detaching { context: leaf },
            Event::Gone { contexts, why }
        ]
    );
    // It lives on.
    let ended = timeout(
        Duration::from_millis(20),
        tree.broker(leaf).shutdown_requested(),
    );
    assert!(ended.await.is_err());
    tree.idle().await;
}

#[tokio::test]
async fn unknown_contexts_are_unknown_wherever_one_asks() {
    let (tree, ids) = Tree::line(false, DEPTH).await;
    let nobody = ContextId(888_888);
    for id in &ids {
        let asked = tree.broker(*id).call(nobody, &call("echo"), &[]).await;
        let no_route = Dead {
            reason: DeadReason::NoRoute(nobody),
            at: MASTER,
        };
        assert_eq!(dead(asked), no_route);
        let itself = tree
            .broker(*id)
            .request(*id, Handle(7), Body::empty())
            .await;
        assert_eq!(itself.unwrap_err().reason, DeadReason::NoRoute(*id));
    }
    tree.idle().await;
}
