//! What the broker must remember behind its one lock: the router, and who waits for what.

use crate::Event;
use crate::chain::Chains;
use crate::channel::{Inbox, Outbox, Told};
use crate::link::Reading;
use crate::pacing::Pacing;
use crate::queue::SendQueue;
use crate::service::Caller;
use crate::telling::Telling;
use proto::message::{Credit, Dead, Down};
use proto::router::{Config, Input, Message, Output, Router, Violation};
use proto::{Body, CallId, ContextId, Handle, LinkId, RequestId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    pub(crate) reading: Reading,
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
    pub(crate) ids: HashMap<RequestId, oneshot::Sender<Result<ContextId, Dead>>>,
    pub(crate) inboxes: BTreeMap<Handle, Arc<Inbox>>,
    pub(crate) outboxes: HashMap<Handle, Arc<Outbox>>,
    pub(crate) chains: Chains,
    pub(crate) pacing: Pacing,
    telling: Arc<Telling>,
    me: ContextId,
    last_link: u64,
    last_request: u64,
}

/// What is left to do once the lock is released.
#[derive(Debug)]
pub(crate) enum Errand {
    Deliver(Message),
    Execute {
        call: CallId,
        from: Caller,
        handle: Handle,
        body: Body,
    },
    /// A call was not taken: those behind it in its chain must not be either.
    Decline {
        from: ContextId,
        body: Body,
        why: Dead,
    },
    Abort(AbortHandle),
    /// Look again when the router wants to be woken.
    Rearm,
    /// Tell the events that have been noted.
    Tell,
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
    pub(crate) fn new(config: Config, telling: Arc<Telling>) -> Self {
        Self {
            telling,
            me: config.me,
            router: Router::new(config),
            ports: BTreeMap::new(),
            replies: HashMap::new(),
            calls: HashMap::new(),
            ids: HashMap::new(),
            inboxes: BTreeMap::new(),
            outboxes: HashMap::new(),
            chains: Chains::default(),
            pacing: Pacing::default(),
            last_link: 0,
            last_request: 0,
        }
    }

    pub(crate) fn new_link(&mut self) -> LinkId {
        self.last_link += 1;
        LinkId(self.last_link)
    }

    pub(crate) fn new_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
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
            if port.reading.is_delivering() {
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
                Output::Execute {
                    call,
                    from,
                    above,
                    handle,
                    body,
                } => {
                    self.calls.insert(call, None);
                    let from = Caller {
                        context: from,
                        above,
                    };
                    errands.push(Errand::Execute {
                        call,
                        from,
                        handle,
                        body,
                    });
                }
                Output::Declined { from, body, why } => {
                    errands.push(Errand::Decline { from, body, why });
                }
                Output::Received(message) => self.received(now, message),
                Output::Credit { sender, bytes } => {
                    if let Some(outbox) = self.outboxes.get(&sender) {
                        outbox.grant(bytes);
                    }
                }
                Output::Ended { sender, why } => {
                    if let Some(outbox) = self.outboxes.get(&sender) {
                        outbox.end(why);
                    }
                }
                Output::Allocated { request, id } => {
                    // Whoever asked may have stopped waiting.
                    if let Some(waiting) = self.ids.remove(&request) {
                        let _ = waiting.send(id);
                    }
                }
                Output::Joined { context, parent } => {
                    self.note(Event::Joined { context, parent }, errands);
                }
                Output::Gone { contexts, why } => {
                    self.gone(&contexts, &why);
                    self.note(Event::Gone { contexts, why }, errands);
                }
                Output::Detaching { link } => {
                    if let Some(context) = self.router.peer(link) {
                        self.note(Event::Detaching { context }, errands);
                    }
                }
                Output::Detached { link } => self.note(Event::Detached { link }, errands),
                Output::Rearm => errands.push(Errand::Rearm),
                Output::Shutdown => errands.push(Errand::Shutdown),
            }
        }
    }

    fn note(&self, event: Event, errands: &mut Vec<Errand>) {
        self.telling.note(event);
        errands.push(Errand::Tell);
    }

    /// Something came for a receiver. Whoever sent it may be told something.
    fn received(&mut self, now: Instant, message: Message) {
        let (to, sender) = (message.src, message.reply_to);
        let Some(inbox) = self.inboxes.get(&message.handle) else {
            return;
        };
        let via = self.router.towards(to);
        let (handle, reply_to, body) = match inbox.came(message, via, self.me) {
            Told::Nothing => return,
            Told::Grant(bytes) => {
                let credit = Credit { sender, bytes };
                (Handle::CREDIT, Handle::NONE, Body::new(&credit))
            }
            Told::End(reason) => {
                let at = self.me;
                (sender, Handle::IS_DEAD, Body::new(&Dead { reason, at }))
            }
        };
        // Plain data of known types can always be written as CBOR.
        if let Ok(body) = body
            && sender.is_dynamic()
        {
            let to_tell = Input::Post {
                to,
                handle,
                reply_to,
                body,
            };
            self.router.handle(now, to_tell);
        }
    }

    /// Nobody here waits for these any longer, and they wait for nobody.
    fn gone(&mut self, contexts: &[ContextId], why: &Dead) {
        let contexts: BTreeSet<_> = contexts.iter().copied().collect();
        // With the parent goes all that is not below, whether or not it was named.
        let router = &self.router;
        let is_gone = |context| contexts.contains(&context) || router.towards(context).is_none();
        for inbox in self.inboxes.values() {
            inbox.gone(is_gone, why);
        }
        self.chains.gone(is_gone);
        self.pacing.gone(is_gone);
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
