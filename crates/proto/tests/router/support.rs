//! A router, the time that it is told, and frames for it.

use bytes::Bytes;
use proto::message::{AddRoute, Dead, DeadReason, DelRoute, Down, IdBlock};
use proto::router::{Config, Input, Load, Output, Quotas, Role, Router, Violation};
use proto::{Body, ContextId, Flags, Frame, Handle, Header, LinkId, RequestId};
use serde::Serialize;
use std::time::{Duration, Instant};

pub const HEARTBEAT: Duration = Duration::from_secs(4);
pub const MASTER: ContextId = ContextId::MASTER;
pub const ALICE: ContextId = ContextId(1);
pub const BOB: ContextId = ContextId(2);
pub const CAROL: ContextId = ContextId(502);
pub const DAVE: ContextId = ContextId(503);

pub fn config(me: ContextId, parents: &[ContextId]) -> Config {
    Config {
        me,
        parents: parents.to_vec(),
        executes: true,
        heartbeat: HEARTBEAT,
        siblings: false,
        quotas: Quotas {
            calls: 2,
            services: 2,
            routes: 4,
            blocks: 2,
            told: 2,
        },
    }
}

/// A router and the time that it is told.
pub struct Sut {
    pub router: Router,
    pub now: Instant,
    me: ContextId,
}

impl Sut {
    pub fn new(me: ContextId, parents: &[ContextId]) -> Self {
        Self::with(config(me, parents))
    }

    pub fn with(config: Config) -> Self {
        let me = config.me;
        let router = Router::new(config);
        let now = Instant::now();
        Self { router, now, me }
    }

    /// A master with two slaves, on links of their numbers.
    pub fn master() -> Self {
        let mut sut = Self::new(MASTER, &[]);
        sut.up(ALICE, Role::Child);
        sut.up(BOB, Role::Child);
        sut
    }

    /// A slave, with its parent on link 0.
    pub fn slave() -> Self {
        let mut sut = Self::new(ALICE, &[MASTER]);
        sut.up(MASTER, Role::Parent);
        sut
    }

    /// A slave with its parent and a child.
    pub fn relay() -> Self {
        let mut sut = Self::slave();
        sut.up(BOB, Role::Child);
        sut
    }

    /// A neighbour comes. What is said about that is another test's.
    pub fn up(&mut self, peer: ContextId, role: Role) {
        let link = link(peer);
        self.input(Input::LinkUp { link, peer, role });
    }

    /// Somebody below has got the first ids, from 501 on, through this neighbour, which may now announce them.
    pub fn give_ids(&mut self, to: ContextId) {
        self.give_block(to, 501);
    }

    /// The same with other ids, if this is not the master.
    pub fn give_block(&mut self, to: ContextId, first: u32) {
        let me = self.me;
        let ask = frame(to, me, Handle::ALLOCATE_ID, FIRST, &Body::empty());
        let asked = self.frame(to, ask);
        let [Output::Send { frame: sent, .. }] = &asked[..] else {
            panic!("{asked:?}");
        };
        // The master answers itself.
        if me != MASTER {
            let handle = sent.header.reply_to;
            let block = frame(sent.header.dst, me, handle, Handle::NONE, &block(first));
            self.frame(MASTER, block);
        }
    }

    /// A neighbour says that another context has come.
    pub fn announce(
        &mut self,
        from: ContextId,
        context: ContextId,
        parent: ContextId,
    ) -> Vec<Output> {
        let body = encoded(&AddRoute { context, parent });
        let said = frame(from, self.me, Handle::ADD_ROUTE, Handle::NONE, &body);
        self.frame(from, said)
    }

    /// A neighbour says that others are gone.
    pub fn lose(&mut self, from: ContextId, contexts: &[ContextId]) -> Vec<Output> {
        let body = encoded(&lost(contexts));
        let said = frame(from, self.me, Handle::DEL_ROUTE, Handle::NONE, &body);
        self.frame(from, said)
    }

    pub fn down(&mut self, peer: ContextId) -> Vec<Output> {
        let (link, why) = (link(peer), Down::Closed);
        self.input(Input::LinkDown { link, why })
    }

    pub fn input(&mut self, input: Input) -> Vec<Output> {
        self.router.handle(self.now, input);
        self.outputs()
    }

    pub fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.router.poll_output()).collect()
    }

    pub fn frame(&mut self, from: ContextId, frame: Frame) -> Vec<Output> {
        let link = link(from);
        self.input(Input::Frame { link, frame })
    }

    pub fn ask(&mut self, request: u64, to: ContextId, handle: Handle) -> Vec<Output> {
        self.input(Input::Request {
            request: RequestId(request),
            to,
            handle,
            body: text("ask"),
        })
    }

    /// Lets time pass up to the next moment that the router asked for.
    pub fn wait(&mut self) -> Vec<Output> {
        let (at, why) = self.router.poll_timeout().expect("there is a link");
        assert_eq!(why, "heartbeat");
        assert!(at > self.now, "time stands still");
        self.now = at;
        self.router.handle_timeout(at);
        self.outputs()
    }
}

pub fn link(peer: ContextId) -> LinkId {
    LinkId(u64::from(peer.0))
}

pub fn text(text: &'static str) -> Body {
    Body::raw(Flags::NONE, Bytes::from_static(text.as_bytes()))
}

pub fn frame(
    src: ContextId,
    dst: ContextId,
    handle: Handle,
    reply_to: Handle,
    body: &Body,
) -> Frame {
    let header = Header {
        flags: body.flags(),
        dst,
        src,
        auth: src,
        handle,
        reply_to,
    };
    let body = body.bytes().clone();
    Frame { header, body }
}

pub fn send(
    src: ContextId,
    dst: ContextId,
    handle: Handle,
    reply_to: Handle,
    body: &Body,
) -> Output {
    let frame = frame(src, dst, handle, reply_to, body);
    let link = link(if src == MASTER { dst } else { MASTER });
    Output::Send { link, frame }
}

/// A frame from this neighbour broke this rule.
pub fn violation(from: ContextId, violation: Violation) -> Output {
    let link = link(from);
    Output::Violation { link, violation }
}

/// What is under way: requests, functions, links and routes.
pub fn load(requests: usize, functions: usize, links: usize, routes: usize) -> Load {
    Load {
        requests,
        functions,
        links,
        routes,
        ..Load::default()
    }
}

/// A block of ids.
pub fn block(first: u32) -> Body {
    encoded(&IdBlock {
        first: ContextId(first),
        count: 1000,
    })
}

/// What everybody hears of contexts of which nobody hears any more.
pub fn lost(contexts: &[ContextId]) -> DelRoute {
    DelRoute {
        contexts: contexts.to_vec(),
        why: dead(DeadReason::LinkDown(Down::Closed), BOB),
    }
}

/// What a context sends to a neighbour that it chose.
pub fn send_over(peer: ContextId, frame: Frame) -> Output {
    let link = link(peer);
    Output::Send { link, frame }
}

/// A dead reply to `dst`, where it awaits an answer.
pub fn died(
    src: ContextId,
    dst: ContextId,
    handle: Handle,
    reason: DeadReason,
    at: ContextId,
) -> Frame {
    let body = encoded(&dead(reason, at));
    frame(src, dst, handle, Handle::IS_DEAD, &body)
}

pub fn encoded(message: &impl Serialize) -> Body {
    Body::new(message).expect("it can be encoded")
}

pub fn dead(reason: DeadReason, at: ContextId) -> Dead {
    Dead { reason, at }
}

pub fn replied(request: u64, reply: Result<Body, Dead>) -> Output {
    let request = RequestId(request);
    Output::Reply { request, reply }
}

pub const FIRST: Handle = Handle::FIRST_DYNAMIC;
pub const SECOND: Handle = Handle(Handle::FIRST_DYNAMIC.0 + 1);
