//! What a context passes on for others waits here for room, so that who sends more than the next one reads costs
//! itself time and nobody memory.
//!
//! What goes up waits for the parent alone, what goes down for contexts below alone: the two never wait for each
//! other, and at the end of each way is somebody who only reads.

use crate::Broker;
use crate::queue::{Passing, SendQueue};
use proto::message::Down;
use proto::{ContextId, LinkId};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// A peer below that takes nothing at all for so long while others wait for it is given up.
const STALLED: Duration = Duration::from_secs(60);

/// The turns of one frame in the queues that it may go to. To be held until it is there.
#[derive(Debug)]
pub(crate) struct Turns {
    _up: Option<OwnedSemaphorePermit>,
    _down: Option<OwnedSemaphorePermit>,
}

impl Broker {
    /// Waits until what came over this link can go on. Whatever comes from below and does not go sideways may make the
    /// router say something to the parent, so it waits for that way.
    pub(crate) async fn way_on(&self, from: LinkId, to: ContextId) -> Turns {
        let (up, down) = self.ways_on(from, to);
        let up = match up {
            Some(queue) => queue.turn_to_pass(Passing::Up).await,
            None => None,
        };
        let down = match down {
            Some((link, queue)) => self.turn_down(link, &queue).await,
            None => None,
        };
        Turns {
            _up: up,
            _down: down,
        }
    }

    async fn turn_down(&self, link: LinkId, queue: &SendQueue) -> Option<OwnedSemaphorePermit> {
        let mut turn = pin!(queue.turn_to_pass(Passing::Down));
        loop {
            let written = queue.written();
            if let Ok(turn) = tokio::time::timeout(STALLED, &mut turn).await {
                return turn;
            }
            // One that is slow is waited for.
            if queue.written() == written {
                let why = Down::Io("the peer does not read what it is sent".to_owned());
                self.lost(link, why);
                return None;
            }
        }
    }

    #[allow(
        clippy::type_complexity,
        reason = "one caller, which takes it apart at once"
    )]
    fn ways_on(
        &self,
        from: LinkId,
        to: ContextId,
    ) -> (Option<Arc<SendQueue>>, Option<(LinkId, Arc<SendQueue>)>) {
        let core = self.lock();
        let queue = |link: LinkId| core.ports.get(&link).map(|port| port.queue.clone());
        let parent = core.router.parent();
        let up = parent.filter(|parent| *parent != from).and_then(queue);
        // What a child may not send is refused and not passed on, so it waits for nobody.
        let refused = Some(from) != parent && !self.shared.siblings;
        let down = core.router.towards(to).filter(|link| {
            // Only what goes on, and not where it came from.
            !refused && to != self.me() && *link != from && Some(*link) != parent
        });
        let down = down.and_then(|link| Some((link, queue(link)?)));
        // What goes sideways makes the router say nothing to the parent. Held meanwhile, the parent's turn would let
        // everybody's way up wait for one sibling.
        (up.filter(|_| down.is_none()), down)
    }
}
