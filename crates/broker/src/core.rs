//! What the broker must remember behind its one lock: the router, and who waits for what.

use crate::link::Delivering;
use crate::queue::SendQueue;
use proto::message::{Dead, Down};
use proto::router::{Config, Input, Message, Output, Router, Violation};
use proto::{Body, CallId, ContextId, LinkId, RequestId};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{oneshot, watch};
use tokio::task::AbortHandle;

pub(crate) type Reply = oneshot::Sender<Result<Body, Dead>>;

/// A link's outside: what the core needs of it.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) queue: Arc<SendQueue>,
    pub(crate) down: watch::Sender<Option<Down>>,
    pub(crate) delivering: Delivering,
    /// How many rules its peer has broken.
    pub(crate) violations: u64,
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) router: Router,
    pub(crate) ports: BTreeMap<LinkId, Port>,
    pub(crate) replies: HashMap<RequestId, Reply>,
    /// The calls under way, with their tasks as soon as these have been spawned.
    pub(crate) calls: HashMap<CallId, Option<AbortHandle>>,
    last_link: u64,
    last_request: u64,
}

/// What is left to do once the lock is released.
#[derive(Debug)]
pub(crate) enum Errand {
    Deliver(Message),
    Execute {
        call: CallId,
        from: ContextId,
        body: Body,
    },
    Abort(AbortHandle),
    /// Tell the log, which may take its time.
    Report {
        link: LinkId,
        violation: Violation,
        /// How many there have been on this link.
        count: u64,
    },
    Shutdown,
}

/// Of those a log shows the first few, then fewer and fewer: a peer can break rules as fast as it can write.
fn worth_telling(count: u64) -> bool {
    count <= 4 || count.is_power_of_two()
}

impl Core {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            router: Router::new(config),
            ports: BTreeMap::new(),
            replies: HashMap::new(),
            calls: HashMap::new(),
            last_link: 0,
            last_request: 0,
        }
    }

    pub(crate) fn new_link(&mut self) -> LinkId {
        self.last_link += 1;
        LinkId(self.last_link)
    }

    pub(crate) fn new_request(&mut self, reply: Reply) -> RequestId {
        self.last_request += 1;
        let request = RequestId(self.last_request);
        self.replies.insert(request, reply);
        request
    }

    /// The queue of the link on the way to a context, if there is a way.
    pub(crate) fn queue_towards(&self, context: ContextId) -> Option<Arc<SendQueue>> {
        let link = self.router.towards(context)?;
        self.ports.get(&link).map(|port| port.queue.clone())
    }

    /// Gives the router one event and does what it says, all but the errands.
    pub(crate) fn drive(&mut self, now: Instant, input: Input, errands: &mut Vec<Errand>) {
        self.router.handle(now, input);
        self.obey(now, errands);
    }

    /// A moment that the router has waited for. A peer of which something is still being delivered was heard: what
    /// it said since then waits behind that, and would otherwise count as silence.
    pub(crate) fn timeout(&mut self, now: Instant, errands: &mut Vec<Errand>) {
        for (link, port) in &self.ports {
            if port.delivering.under_way() {
                self.router.handle(now, Input::Heard { link: *link });
            }
        }
        self.router.handle_timeout(now);
        self.obey(now, errands);
    }

    fn obey(&mut self, now: Instant, errands: &mut Vec<Errand>) {
        while let Some(output) = self.router.poll_output() {
            match output {
                Output::Send { link, frame } => {
                    let overfull = self
                        .ports
                        .get(&link)
                        .is_some_and(|port| port.queue.push(frame).is_err());
                    if overfull {
                        let why = Down::Io("the peer does not read what it is sent".to_owned());
                        self.close(link, why.clone());
                        self.router.handle(now, Input::LinkDown { link, why });
                    }
                }
                Output::Reply { request, reply } => {
                    // Whoever asked may have stopped waiting in this very moment.
                    if let Some(waiting) = self.replies.remove(&request) {
                        let _ = waiting.send(reply);
                    }
                }
                Output::Cancel { call } => {
                    // One that has no task yet is aborted as soon as it has.
                    if let Some(Some(task)) = self.calls.remove(&call) {
                        errands.push(Errand::Abort(task));
                    }
                }
                Output::Close { link, why } => self.close(link, why),
                Output::Violation { link, violation } => {
                    errands.extend(self.violated(link, violation));
                }
                Output::Deliver(message) => errands.push(Errand::Deliver(message)),
                Output::Execute { call, from, body } => {
                    self.calls.insert(call, None);
                    errands.push(Errand::Execute { call, from, body });
                }
                Output::Shutdown => errands.push(Errand::Shutdown),
            }
        }
    }

    fn violated(&mut self, link: LinkId, violation: Violation) -> Option<Errand> {
        let port = self.ports.get_mut(&link)?;
        port.violations += 1;
        let count = port.violations;
        worth_telling(count).then_some(Errand::Report {
            link,
            violation,
            count,
        })
    }

    /// Forgets a link. Its reader and writer notice by the queue and the watch.
    pub(crate) fn close(&mut self, link: LinkId, why: Down) {
        if let Some(port) = self.ports.remove(&link) {
            port.queue.close();
            port.down.send_replace(Some(why));
        }
    }
}
