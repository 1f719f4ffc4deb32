//! What a context passes on for others waits here for room, so that who sends more than the next one reads costs
//! itself time and nobody memory.
//!
//! What goes down waits for contexts below alone, what goes up for the parent, and until who sent it has taken what it
//! was told: nothing that goes down waits for what goes up, and at the end of each way is somebody who only reads.

use crate::Broker;
use crate::queue::{Passing, SendQueue};
use proto::message::Down;
use proto::{ContextId, LinkId};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// A peer below that takes nothing at all for so long while somebody waits for it is given up.
const STALLED: Duration = Duration::from_secs(60);

/// The turns of one frame in the queues that it may go to. To be held until it is there.
#[derive(Debug)]
pub(crate) struct Turns {
    _up: Option<OwnedSemaphorePermit>,
    _down: Option<OwnedSemaphorePermit>,
}

/// The queues for which a frame waits.
struct Ways {
    /// Back to the child from which it came.
    back: Option<Arc<SendQueue>>,
    up: Option<Arc<SendQueue>>,
    down: Option<(LinkId, Arc<SendQueue>)>,
}

impl Broker {
    /// Waits until what came over this link can go on. Whatever comes from below and does not go sideways may make the
    /// router say something to the parent, so it waits for that way. And it may have an answer: somebody far below who asks
    /// faster than the way back carries must not cost the child on the way its link.
    pub(crate) async fn way_on(&self, from: LinkId, to: ContextId) -> Turns {
        let Ways { back, up, down } = self.ways_on(from, to);
        if let Some(queue) = back {
            let room = queue.room_to_answer();
            self.unless_stalled(from, &queue, room).await;
        }
        let up = match up {
            Some(queue) => queue.turn_to_pass(Passing::Up).await,
            None => None,
        };
        let down = match down {
            Some((link, queue)) => {
                let turn = queue.turn_to_pass(Passing::Down);
                self.unless_stalled(link, &queue, turn).await.flatten()
            }
            None => None,
        };
        Turns {
            _up: up,
            _down: down,
        }
    }

    /// Waits for something of a queue below, as long as the peer takes anything at all.
    async fn unless_stalled<T>(
        &self,
        link: LinkId,
        queue: &SendQueue,
        wait: impl Future<Output = T>,
    ) -> Option<T> {
        let mut wait = pin!(wait);
        loop {
            let written = queue.written();
            if let Ok(done) = tokio::time::timeout(STALLED, &mut wait).await {
                return Some(done);
            }
            // One that is slow is waited for.
            if queue.written() == written {
                let why = Down::Io("the peer does not read what it is sent".to_owned());
                self.lost(link, why);
                return None;
            }
        }
    }

    fn ways_on(&self, from: LinkId, to: ContextId) -> Ways {
        let core = self.lock();
        let queue = |link: LinkId| core.ports.get(&link).map(|port| port.queue.clone());
        let parent = core.router.parent();
        let back = Some(from).filter(|from| Some(*from) != parent);
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
        Ways {
            back: back.and_then(queue),
            up: up.filter(|_| down.is_none()),
            down,
        }
    }
}
