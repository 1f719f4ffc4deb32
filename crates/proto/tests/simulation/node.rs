//! One context: a router, and what its shell would remember.

use proto::router::{Config, Router};
use proto::{CallId, ContextId, LinkId, RequestId};
use std::collections::BTreeMap;
use std::time::Duration;

/// Short, so that a scenario sees many of them.
pub const HEARTBEAT: Duration = Duration::from_secs(4);

/// Small, so that a scenario reaches it.
const MAX_CALLS: usize = 6;

pub struct Node {
    pub id: ContextId,
    pub router: Router,
    /// When its router wants to be woken.
    pub timeout: Option<Duration>,
    /// False once it was told to end, or lost its parent.
    pub alive: bool,
    /// The wire and the side of it that each link is.
    pub links: BTreeMap<LinkId, (usize, usize)>,
    /// The calls that it executes, by the mark of the message that asked for them.
    pub executing: BTreeMap<CallId, u64>,
    /// Requests that nobody will answer, because the protocol has no answer to them.
    pub hopeless: Vec<RequestId>,
    last_link: u64,
    last_request: u64,
}

impl Node {
    pub fn new(id: ContextId, parents: Vec<ContextId>) -> Self {
        let config = Config {
            me: id,
            executes: !parents.is_empty(),
            parents,
            heartbeat: HEARTBEAT,
            max_calls: MAX_CALLS,
        };
        Self {
            id,
            router: Router::new(config),
            timeout: None,
            alive: true,
            links: BTreeMap::new(),
            executing: BTreeMap::new(),
            hopeless: Vec::new(),
            last_link: 0,
            last_request: 0,
        }
    }

    pub fn new_link(&mut self) -> LinkId {
        self.last_link += 1;
        LinkId(self.last_link)
    }

    pub fn new_request(&mut self) -> RequestId {
        self.last_request += 1;
        RequestId(self.last_request)
    }
}
