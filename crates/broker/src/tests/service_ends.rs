//! The ends of calls of services: given up, over the quota, with their caller, by a panic.

use super::peer::Peer;
use super::services::{Gate, tree};
use super::support::{ALICE, Context, LIMITS, MASTER, frame, raw, until};
use super::tree::Tree;
use crate::{Allow, Service, ServiceError};
use proto::message::{CallService, Dead, DeadReason, ServiceOutcome};
use proto::router::Role;
use proto::{Body, Handle};
use tokio::task::JoinSet;

#[tokio::test]
async fn a_call_that_is_given_up_ends_and_makes_place() {
    let gate = Gate::new();
    let (tree, leaf) = tree(|services| services.register(gate.service(1))).await;
    let leaf = tree.broker(leaf);
    for _ in 0..3 {
        let broker = leaf.clone();
        let calling = tokio::spawn(async move {
            let value = broker.call_service::<u32>(MASTER, "gate", "pass", &1_u32);
            value.await
        });
        until(|| gate.alive() == 1).await;
        calling.abort();
        until(|| gate.alive() == 0).await;
    }
    tree.idle().await;
}

#[tokio::test]
async fn contexts_behind_one_link_have_no_more_calls_than_their_quota() {
    let gate = Gate::new();
    let mut tree = Tree::with(false, |it| {
        it.router.quotas.services = 4;
        it.services.register(gate.service(100));
    });
    let relay = tree.add(MASTER).await;
    let leaf = tree.add(relay).await;
    let other = tree.add(MASTER).await;
    let mut calls = JoinSet::new();
    for n in 0..4_u32 {
        let broker = tree.broker(if n % 2 == 0 { relay } else { leaf }).clone();
        calls.spawn(async move {
            let value = broker.call_service::<u32>(MASTER, "gate", "pass", &n);
            value.await
        });
    }
    until(|| gate.alive() == 4).await;
    let busy = ServiceError::Dead(Dead {
        reason: DeadReason::Busy,
        at: MASTER,
    });
    let one_more = tree.broker(leaf);
    let refused = one_more.call_service::<u32>(MASTER, "gate", "pass", &1_u32);
    assert_eq!(refused.await, Err(busy));
    gate.open.add_permits(100);
    let elsewhere = tree.broker(other);
    let value = elsewhere.call_service::<u32>(MASTER, "gate", "pass", &1_u32);
    assert_eq!(value.await, Ok(2));
    while let Some(done) = calls.join_next().await {
        done.unwrap().unwrap();
    }
    tree.idle().await;
}

#[tokio::test]
async fn a_caller_that_goes_takes_its_calls_along() {
    let gate = Gate::new();
    let (tree, leaf) = tree(|services| services.register(gate.service(4))).await;
    let broker = tree.broker(leaf).clone();
    let calling = tokio::spawn(async move {
        let value = broker.call_service::<u32>(MASTER, "gate", "pass", &1_u32);
        value.await
    });
    until(|| gate.alive() == 1).await;
    tree.cut(leaf);
    until(|| gate.alive() == 0).await;
    let gone = calling.await.unwrap().unwrap_err();
    assert!(matches!(gone, ServiceError::Dead(_)), "{gone}");
    tree.idle().await;
}

#[tokio::test]
async fn two_calls_that_await_their_answer_at_one_handle_are_one() {
    let gate = Gate::new();
    let master = Context::with(MASTER, |it| it.services.register(gate.service(4)));
    let (mut peer, _link) = Peer::attach(&master, ALICE, Role::Child);
    let head = CallService {
        service: "gate".to_owned(),
        method: "pass".to_owned(),
    };
    let arguments = Body::new(&1_u32).unwrap();
    let body = Body::with_tail(&head, arguments.bytes()).unwrap();
    let ask = frame(ALICE, MASTER, Handle::CALL_SERVICE, Handle(1000), &body);
    peer.send(&ask).await;
    peer.send(&ask).await;
    let refused = peer.next().await.unwrap();
    assert_eq!(refused.header.reply_to, Handle::IS_DEAD);
    gate.open.add_permits(2);
    let answer = peer.next().await.unwrap();
    assert_eq!(answer.header.reply_to, Handle::NONE);
    let answer = Body::raw(answer.header.flags, answer.body);
    let (outcome, value) = answer.split::<ServiceOutcome>(LIMITS).unwrap();
    assert!(matches!(outcome, ServiceOutcome::Returned(_)));
    assert_eq!(raw(value.to_vec()).decode::<u32>(LIMITS).unwrap(), 2);
    assert_eq!(gate.begun(), 1);
    // What cannot be read is answered, too.
    let noise = frame(
        ALICE,
        MASTER,
        Handle::CALL_SERVICE,
        Handle(1001),
        &raw(vec![0xff]),
    );
    peer.send(&noise).await;
    let answer = peer.next().await.unwrap();
    let answer = Body::raw(answer.header.flags, answer.body);
    let (outcome, _) = answer.split::<ServiceOutcome>(LIMITS).unwrap();
    assert!(matches!(outcome, ServiceOutcome::BadArguments(_)));
    master.idle(1).await;
}

#[tokio::test]
async fn a_method_that_panics_or_says_too_much_has_an_end_all_the_same() {
    let (tree, leaf) = tree(|services| {
        let odd = Service::new("odd", 2)
            .method("panic", Allow::Anyone, |_, (): ()| async {
                if true {
                    panic!("as it was told");
                }
                Ok(())
            })
            .method("grow", Allow::Anyone, |_, (): ()| async {
                Ok("a".repeat(LIMITS.max_body as usize))
            });
        services.register(odd);
    })
    .await;
    let dead = |reason| ServiceError::Dead(Dead { reason, at: MASTER });
    for _ in 0..3 {
        let crashed = tree.broker(leaf);
        let crashed = crashed.call_service::<()>(MASTER, "odd", "panic", &());
        assert_eq!(crashed.await, Err(dead(DeadReason::Crashed)));
        // It ran, and whoever would try again must be able to tell.
        let long = tree.broker(leaf);
        let long = long.call_service::<String>(MASTER, "odd", "grow", &());
        let too_large = DeadReason::OutcomeTooLarge(LIMITS.max_body);
        assert_eq!(long.await, Err(dead(too_large)));
    }
    tree.idle().await;
}
