//! Contexts that go where siblings may talk: whoever waits for them learns it, also if they are many.

use super::support::{MASTER, until};
use super::tree::Tree;
use proto::message::{DeadReason, Down};
use proto::{Body, ContextId, Handle};
use std::time::Duration;

#[tokio::test]
async fn all_that_go_one_after_the_other_are_told_without_any_heartbeat() {
    let mut tree = Tree::with(true, |settings| settings.router.heartbeat = Duration::ZERO);
    let mut add = async |parent| {
        let quiet = |settings: &mut crate::Settings| settings.router.heartbeat = Duration::ZERO;
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
        // Answered in a way that no request waits for.
        let ask = async move { broker.request(leaf, Handle::PING, Body::empty()).await };
        asked.push(tokio::spawn(ask));
        let heard = || tree.broker(leaf).inspect().links[0].received;
        let before = heard();
        until(|| heard() > before).await;
    }
    for leaf in &leaves {
        tree.cut(*leaf);
        until(|| !tree.broker(MASTER).is_below(*leaf)).await;
    }
    for asked in asked {
        let told = tokio::time::timeout(Duration::from_secs(10), asked).await;
        let dead = told.expect("it is told").unwrap().unwrap_err();
        let reason = DeadReason::LinkDown(Down::ClosedHere);
        assert_eq!(dead.reason, reason, "{dead}");
    }
}
