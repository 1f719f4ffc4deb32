//! A router, the time that it is told, and frames for it.

use bytes::Bytes;
use proto::message::{Dead, DeadReason};
use proto::router::{Config, Input, Output, Role, Router};
use proto::{Body, ContextId, Flags, Frame, Handle, Header, LinkId, RequestId};
use std::time::{Duration, Instant};

pub const HEARTBEAT: Duration = Duration::from_secs(4);
pub const MASTER: ContextId = ContextId::MASTER;
pub const ALICE: ContextId = ContextId(1);
pub const BOB: ContextId = ContextId(2);

/// A router and the time that it is told.
pub struct Sut {
    pub router: Router,
    pub now: Instant,
}

impl Sut {
    pub fn new(me: ContextId, parents: &[ContextId]) -> Self {
        let router = Router::new(Config {
            me,
            parents: parents.to_vec(),
            executes: true,
            heartbeat: HEARTBEAT,
            max_calls: 2,
        });
        let now = Instant::now();
        Self { router, now }
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

    pub fn up(&mut self, peer: ContextId, role: Role) {
        let link = link(peer);
        assert_eq!(self.input(Input::LinkUp { link, peer, role }), []);
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

pub fn dead(reason: DeadReason, at: ContextId) -> Dead {
    Dead { reason, at }
}

pub fn replied(request: u64, reply: Result<Body, Dead>) -> Output {
    let request = RequestId(request);
    Output::Reply { request, reply }
}

pub const FIRST: Handle = Handle::FIRST_DYNAMIC;
pub const SECOND: Handle = Handle(Handle::FIRST_DYNAMIC.0 + 1);
