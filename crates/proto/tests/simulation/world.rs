//! Virtual time, the events in it, and the wires on which they travel.

use crate::checkers::Checker;
use crate::network::Wire;
use crate::node::{HEARTBEAT, Node};
use crate::rng::Rng;
use crate::scenario::Scenario;
use crate::seen::Seen;
use bytes::Bytes;
use proto::message::Down;
use proto::router::{Input, Role};
use proto::{Body, CallId, ContextId, Flags, Frame, Handle, Header, LinkId, RequestId};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Nothing new is begun after this.
pub const LAST_ACT: Duration = Duration::from_secs(8);

/// The slowest of wires has delivered the longest of messages long before.
const HORIZON: Duration = Duration::from_secs(600);

pub enum Event {
    /// Bytes arrive at a side of a wire.
    Arrive(usize, usize, Vec<u8>),
    /// A side of a wire learns that it is closed.
    Hangup(usize, usize),
    /// A guest comes to its end.
    Finish(usize, CallId),
    /// Whoever asked has no more patience.
    Abandon(usize, RequestId),
    /// The scenario does something.
    Act,
}

pub struct World {
    pub rng: Rng,
    pub now: Duration,
    pub nodes: Vec<Node>,
    pub wires: Vec<Wire>,
    pub check: Checker,
    /// Since when each side of a wire hears nothing.
    pub silent: BTreeMap<(usize, usize), Duration>,
    /// Where the master awaited replies.
    pub awaited: Vec<Handle>,
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
            if self.now < LAST_ACT + Duration::from_secs(1) || self.check.is_busy() {
                quiet_since = None;
                assert!(self.now < HORIZON, "{:?}", self.check.quiet());
            } else if *quiet_since.get_or_insert(self.now) + 2 * HEARTBEAT < self.now {
                break;
            }
        }
        self.check.quiet();
        for node in &self.nodes {
            let links = node.links.len();
            assert_eq!(
                node.router.load(),
                (0, 0, links),
                "left over in {:?}",
                node.id
            );
            assert!(node.executing.is_empty());
            let has_parent = node.links.values().any(|(_, side)| *side == 1);
            let expected = node.alive && node.id != ContextId::MASTER;
            assert_eq!(has_parent, expected, "{:?} lives without a parent", node.id);
        }
        self.check.seen
    }

    /// Whatever comes next. False if nothing ever will.
    fn step(&mut self, scenario: &mut Scenario) -> bool {
        let nodes = self.nodes.iter().enumerate();
        let timeout = nodes
            .filter_map(|(index, node)| Some((node.timeout?, index)))
            .min();
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        match (timeout, event) {
            (Some((at, node)), event) if event.is_none_or(|event| at < event) => {
                assert!(at >= self.now, "time runs backwards");
                self.now = at;
                let instant = self.instant();
                self.nodes[node].router.handle_timeout(instant);
                self.obey(node);
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
            Event::Arrive(wire, side, bytes) => self.arrive(wire, side, &bytes),
            Event::Hangup(wire, side) => self.hangup(wire, side),
            Event::Finish(node, call) => self.finish(node, call),
            Event::Abandon(node, request) => self.abandon(node, request),
            Event::Act => scenario.act(self),
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
        self.check.rules.joined(id, parent_id);
        let grandparent = (parent_id != ContextId::MASTER).then_some(ContextId::MASTER);
        let parents = std::iter::once(parent_id).chain(grandparent).collect();
        let child = self.nodes.len();
        self.nodes.push(Node::new(id, parents));
        let ends = [parent, child].map(|node| (node, self.nodes[node].new_link()));
        let wire = self.wires.len();
        self.wires.push(Wire::new(&mut self.rng, ends[0], ends[1]));
        for (side, (node, link)) in ends.into_iter().enumerate() {
            self.nodes[node].links.insert(link, (wire, side));
            let peer = self.nodes[ends[1 - side].0].id;
            let role = [Role::Child, Role::Parent][side];
            self.input(node, Input::LinkUp { link, peer, role });
        }
        child
    }

    /// A body with a mark, of some length.
    pub fn body(&mut self, mark: u64) -> Body {
        let padding = *self.rng.pick(&[0, 0, 0, 0, 1, 9, 40, 40, 40, 3000]);
        let mut bytes = mark.to_be_bytes().to_vec();
        bytes.resize(8 + padding, b'.');
        Body::raw(Flags::NONE, bytes.into())
    }

    pub fn transmit(&mut self, node: usize, link: LinkId, frame: &Frame) {
        let Header { src, reply_to, .. } = frame.header;
        if src == ContextId::MASTER && reply_to.is_dynamic() {
            self.awaited.push(reply_to);
        }
        if let Some((wire, side)) = self.nodes[node].links.get(&link).copied() {
            let bytes = [&frame.encode_header()[..], &frame.body].concat();
            self.write(wire, side, &bytes);
        }
    }

    /// Puts bytes on a wire.
    pub fn write(&mut self, wire: usize, side: usize, bytes: &[u8]) {
        let way = &mut self.wires[wire].ways[side];
        for (at, piece) in way.send(&mut self.rng, self.now, bytes) {
            self.at(at, Event::Arrive(wire, 1 - side, piece));
        }
    }

    fn arrive(&mut self, wire: usize, side: usize, bytes: &[u8]) {
        let end = &mut self.wires[wire].ends[side];
        let (node, link) = (end.node, end.link);
        if end.open {
            end.decoder.push(bytes);
        }
        if self.wires[wire].ways[1 - side].silent {
            return;
        }
        let mut whole = false;
        while self.wires[wire].ends[side].open {
            match self.wires[wire].ends[side].decoder.next_frame() {
                Ok(Some(frame)) => {
                    whole = true;
                    self.input(node, Input::Frame { link, frame });
                }
                Ok(None) => break,
                Err(error) => self.lose(node, link, Down::Corrupt(error.to_string())),
            }
        }
        if !whole && self.wires[wire].ends[side].open {
            self.input(node, Input::Heard { link });
        }
    }

    fn hangup(&mut self, wire: usize, side: usize) {
        let end = &self.wires[wire].ends[side];
        if end.open && !self.wires[wire].ways[1 - side].silent {
            let why = match end.decoder.finish() {
                Ok(()) => Down::Closed,
                Err(error) => Down::Corrupt(error.to_string()),
            };
            self.lose(end.node, end.link, why);
        }
    }

    /// A link is gone, and its router is told.
    pub fn lose(&mut self, node: usize, link: LinkId, why: Down) {
        self.forget(node, link, &why);
        self.input(node, Input::LinkDown { link, why });
    }

    /// A link is gone: this side of its wire is closed, and the other will notice.
    pub fn forget(&mut self, node: usize, link: LinkId, why: &Down) {
        let Some((wire, side)) = self.nodes[node].links.remove(&link) else {
            return;
        };
        let silent = self.silent.get(&(wire, side)).copied();
        let harmed = self.wires[wire].harmed;
        let peer = self.wires[wire].ends[1 - side].node;
        let ids = (self.nodes[node].id, self.nodes[peer].id);
        self.check.lost(ids, harmed, why, silent, self.now);
        // Closing is a reason for the other side to lose it, too.
        self.wires[wire].harmed = true;
        self.wires[wire].ends[side].open = false;
        let at = self.wires[wire].ways[side].arrival(self.now, Duration::ZERO);
        self.at(at, Event::Hangup(wire, 1 - side));
    }
}

/// The bytes of a body that begins with a mark, for frames made by hand.
pub fn marked(mark: u64) -> Bytes {
    Bytes::copy_from_slice(&mark.to_be_bytes())
}
