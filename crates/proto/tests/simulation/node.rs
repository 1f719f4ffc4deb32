//! One context: a router, the model of it, and what its shell would remember.

use crate::channels::Sender;
use crate::model::Model;
use crate::receivers::Receiver;
use proto::router::{Config, Quotas, Router};
use proto::{CallId, ContextId, Handle, LinkId, RequestId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Short, so that a scenario sees many of them.
pub const HEARTBEAT: Duration = Duration::from_secs(4);

/// Small, so that a scenario reaches them.
pub const QUOTAS: Quotas = Quotas {
    calls: 6,
    services: 3,
    // More than there are, whoever lies about it, but for those who start the deepest: what somebody hostile has used up
    // of what is allowed above it, its neighbours cannot use.
    routes: 60,
    blocks: 5,
    told: 3,
};

/// Contexts that may be behind a link of the deepest that have any, or of the only one.
pub const FEW_ROUTES: usize = 12;

pub struct Node {
    pub id: ContextId,
    pub parents: Vec<ContextId>,
    pub router: Router,
    pub model: Model,
    /// When its router wants to be woken.
    pub timeout: Option<Duration>,
    /// False once it was told to end, or lost its parent.
    pub alive: bool,
    /// The wire and the side of it that each link is.
    pub links: BTreeMap<LinkId, (usize, usize)>,
    /// The calls that it executes, by the mark of the message that asked for them, and who asked.
    pub executing: BTreeMap<CallId, (u64, ContextId)>,
    /// Requests that nobody will answer, because the protocol has no answer to them.
    pub hopeless: Vec<RequestId>,
    /// It waits for ids for children.
    pub expecting: BTreeSet<RequestId>,
    pub receivers: BTreeMap<Handle, Receiver>,
    pub senders: BTreeMap<Handle, Sender>,
    last_link: u64,
    last_request: u64,
}

impl Node {
    pub fn new(id: ContextId, parents: Vec<ContextId>, siblings: bool, flat: bool) -> Self {
        let routes = if flat || parents.len() >= 5 {
            FEW_ROUTES
        } else {
            QUOTAS.routes
        };
        let config = Config {
            me: id,
            executes: !parents.is_empty(),
            parents: parents.clone(),
            heartbeat: HEARTBEAT,
            siblings,
            quotas: Quotas { routes, ..QUOTAS },
        };
        Self {
            id,
            parents,
            model: Model::new(&config),
            router: Router::new(config),
            timeout: None,
            alive: true,
            links: BTreeMap::new(),
            executing: BTreeMap::new(),
            hopeless: Vec::new(),
            expecting: BTreeSet::new(),
            receivers: BTreeMap::new(),
            senders: BTreeMap::new(),
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
