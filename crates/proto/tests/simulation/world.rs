//! Virtual time, and the events in it.

use crate::checkers::Checker;
use crate::network::Wire;
use crate::node::{HEARTBEAT, Node};
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::seen::Seen;
use bytes::Bytes;
use proto::router::{Input, Role};
use proto::{Body, CallId, ContextId, Flags, Handle, RequestId};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Nothing new is begun after this.
pub const LAST_ACT: Duration = Duration::from_secs(5);

/// The slowest of wires has delivered the longest of messages long before.
const HORIZON: Duration = Duration::from_secs(600);

pub enum Event {
    /// Bytes arrive at a side of a wire.
    Arrive(usize, usize, Bytes),
    /// A frame has been written to a wire from a side of it.
    Written(usize, usize),
    /// A side of a wire learns that it is closed.
    Hangup(usize, usize),
    /// More waits at a side of a wire than may.
    TooMuch(usize, usize),
    /// A guest comes to its end.
    Finish(usize, CallId),
    /// Whoever asked has no more patience.
    Abandon(usize, RequestId),
    /// A sender may have something to send.
    Pump(usize, Handle),
    /// A receiver takes something that waits, from a sender.
    Take(usize, Handle, (ContextId, Handle)),
    /// A context that has left the tree ends.
    Leave(usize),
    /// The scenario does something.
    Act,
    /// The scenario is over.
    Over,
}

pub struct World {
    pub rng: Rng,
    pub now: Duration,
    pub nodes: Vec<Node>,
    pub wires: Vec<Wire>,
    pub check: Checker,
    /// Since when each side of a wire hears nothing.
    pub silent: BTreeMap<(usize, usize), Duration>,
    /// Where somebody awaited replies lately.
    pub awaited: Vec<(ContextId, Handle)>,
    /// From whom to whom there was a channel, and how much may be on its way.
    pub channels: Vec<(ContextId, ContextId, usize)>,
    /// Bytes of raw frames that were sent without credit.
    pub forged: usize,
    /// Somebody has announced more contexts than there are.
    pub crowded: bool,
    pub start: Instant,
    events: BTreeMap<(Duration, u64), Event>,
    last_event: u64,
    verbose: bool,
}

impl World {
    pub fn new(seed: u64, verbose: bool) -> Self {
        Self {
            rng: Rng::new(seed),
            now: Duration::ZERO,
            nodes: Vec::new(),
            wires: Vec::new(),
            check: Checker::default(),
            silent: BTreeMap::new(),
            awaited: Vec::new(),
            channels: Vec::new(),
            forged: 0,
            crowded: false,
            start: Instant::now(),
            events: BTreeMap::new(),
            last_event: 0,
            verbose,
        }
    }

    /// The whole life of a tree. Panics if it breaks an invariant.
    pub fn run(mut self) -> Seen {
        let mut scenario = Scenario::begin(&mut self);
        let mut quiet_since = None;
        while self.step(&mut scenario) {
            if self.now < LAST_ACT + Duration::from_secs(1) || self.is_busy() {
                quiet_since = None;
                assert!(self.now < HORIZON, "{:?}", self.check.quiet());
            } else if *quiet_since.get_or_insert(self.now) + 2 * HEARTBEAT < self.now {
                break;
            } else {
                self.close_receivers();
            }
        }
        self.check.quiet();
        self.assert_rest();
        self.check.seen
    }

    fn is_busy(&self) -> bool {
        let busy = |node: &Node| !node.senders.is_empty() || !node.expecting.is_empty();
        let writes = |wire: &Wire| {
            let mut ways = wire.ways.iter().zip(&wire.ends);
            ways.any(|(way, end)| end.open && way.waiting != [0, 0])
        };
        self.check.is_busy() || self.nodes.iter().any(busy) || self.wires.iter().any(writes)
    }

    /// Whatever comes next. False if nothing ever will.
    fn step(&mut self, scenario: &mut Scenario) -> bool {
        let nodes = self.nodes.iter().enumerate();
        let timeout = nodes.filter_map(|(index, node)| Some((node.timeout?, index)));
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        match (timeout.min(), event) {
            (Some((at, node)), event) if event.is_none_or(|event| at < event) => {
                assert!(at >= self.now, "time runs backwards");
                self.now = at;
                self.wake(node);
            }
            (_, Some(at)) => {
                self.now = at;
                if let Some((_, event)) = self.events.pop_first() {
                    self.event(scenario, event);
                }
            }
            (_, None) => return false,
        }
        true
    }

    fn event(&mut self, scenario: &mut Scenario, event: Event) {
        match event {
            Event::Arrive(wire, side, bytes) => self.arrive(wire, side, bytes),
            Event::Written(wire, side) => self.written(wire, side),
            Event::Hangup(wire, side) => self.hangup(wire, side),
            Event::TooMuch(wire, side) => self.too_much(wire, side),
            Event::Finish(node, call) => self.finish(node, call),
            Event::Abandon(node, request) => self.abandon(node, request),
            Event::Pump(node, sender) => self.pump(node, sender),
            Event::Take(node, receiver, from) => self.take(node, receiver, from),
            Event::Leave(node) => self.leave(node),
            Event::Act => scenario.act(self),
            Event::Over => scenario.over(self),
        }
    }

    pub fn at(&mut self, at: Duration, event: Event) {
        self.last_event += 1;
        self.events.insert((at, self.last_event), event);
    }

    /// At some moment of the next so many milliseconds.
    pub fn within(&mut self, ms: usize, event: Event) {
        let micros = self.rng.below(1000 * ms) as u64;
        self.at(self.now + Duration::from_micros(micros), event);
    }

    pub fn say(&self, what: impl FnOnce() -> String) {
        if self.verbose {
            println!("{:>12?} {}", self.now, what());
        }
    }

    pub fn instant(&self) -> Instant {
        self.start + self.now
    }

    /// Connects a new context to one that is there.
    pub fn join(&mut self, parent: usize, id: ContextId) -> usize {
        let parent_id = self.nodes[parent].id;
        self.say(|| format!("{id:?} joins {parent_id:?}"));
        self.check.tree.joined(id, parent_id);
        self.check.seen.note("joined");
        let mut parents = vec![parent_id];
        parents.extend_from_slice(&self.nodes[parent].parents);
        if parents.len() == 6 {
            self.check.seen.note("joined six deep");
        }
        let child = self.nodes.len();
        let siblings = self.check.tree.siblings;
        self.nodes.push(Node::new(id, parents, siblings, false));
        let ends = [parent, child].map(|node| (node, self.nodes[node].new_link()));
        let wire = self.wires.len();
        self.wires.push(Wire::new(&mut self.rng, ends[0], ends[1]));
        for (side, (node, link)) in ends.into_iter().enumerate() {
            self.nodes[node].links.insert(link, (wire, side));
        }
        for (side, (node, link)) in ends.into_iter().enumerate() {
            let peer = self.nodes[ends[1 - side].0].id;
            let role = [Role::Child, Role::Parent][side];
            self.input(node, Input::LinkUp { link, peer, role });
        }
        // Its parent may have been full before the child was there.
        self.pause_or_resume(parent);
        child
    }

    /// A body with a mark, of some length.
    pub fn body(&mut self, mark: u64) -> Body {
        let padding = *self.rng.pick(&[0, 0, 0, 0, 1, 9, 40, 40, 40, 2000]);
        marked(Flags::NONE, mark, padding)
    }
}

/// A body that begins with a mark.
pub fn marked(flags: Flags, mark: u64, padding: usize) -> Body {
    let mut bytes = mark.to_be_bytes().to_vec();
    bytes.resize(8 + padding, b'.');
    Body::raw(flags, bytes.into())
}
