//! Contexts that go where siblings may talk: whoever waits for them learns it, also if they are many.

use super::services::Gate;
use super::support::{MASTER, until};
use super::tree::Tree;
use crate::ServiceError;
use proto::ContextId;
use proto::message::{DeadReason, Down};
use std::time::Duration;

#[tokio::test]
async fn all_that_go_one_after_the_other_are_told_without_any_heartbeat() {
    let mut tree = Tree::with(true, |settings| settings.router.heartbeat = Duration::ZERO);
    // Nobody opens it, so that calls do not end by themselves.
    let gate = Gate::new();
    let mut add = async |parent| {
        let quiet = |settings: &mut crate::Settings| {
            settings.router.heartbeat = Duration::ZERO;
            settings.services.register(gate.service(4));
        };
        tree.add_with(parent, quiet).await
    };
    let (near, far) = (add(MASTER).await, add(MASTER).await);
    let mut leaves: Vec<ContextId> = Vec::new();
    for _ in 0..4 {
        leaves.push(add(far).await);
    }
    let mut asked = Vec::new();
    for leaf in &leaves {
        let (broker, leaf) = (tree.broker(near).clone(), *leaf);
        let ask = async move { broker.call_service::<u32>(leaf, "gate", "pass", &1).await };
        asked.push(tokio::spawn(ask));
        until(|| gate.begun() == asked.len()).await;
    }
    for leaf in &leaves {
        tree.cut(*leaf);
        until(|| !tree.broker(MASTER).is_below(*leaf)).await;
    }
    for asked in asked {
        let told = tokio::time::timeout(Duration::from_secs(10), asked).await;
        let Err(ServiceError::Dead(dead)) = told.expect("it is told").unwrap() else {
            panic!("it has no answer to give");
        };
        let reason = DeadReason::LinkDown(Down::ClosedHere);
        assert_eq!(dead.reason, reason, "{dead}");
    }
}
