//! Single steps of the router, where the order of events matters: regressions and rules.

use bytes::Bytes;
use proto::message::{Dead, DeadReason, Down};
use proto::router::{Config, Input, Message, Output, Role, Router, Violation};
use proto::{Body, CallId, ContextId, Flags, Frame, Handle, Header, LinkId, RequestId};
use std::time::{Duration, Instant};

const HEARTBEAT: Duration = Duration::from_secs(4);
const MASTER: ContextId = ContextId::MASTER;
const ALICE: ContextId = ContextId(1);
const BOB: ContextId = ContextId(2);

/// A router and the time that it is told.
struct Sut {
    router: Router,
    now: Instant,
}

impl Sut {
    fn new(me: ContextId, parents: &[ContextId]) -> Self {
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
    fn master() -> Self {
        let mut sut = Self::new(MASTER, &[]);
        sut.up(ALICE, Role::Child);
        sut.up(BOB, Role::Child);
        sut
    }

    /// A slave, with its parent on link 0.
    fn slave() -> Self {
        let mut sut = Self::new(ALICE, &[MASTER]);
        sut.up(MASTER, Role::Parent);
        sut
    }

    fn up(&mut self, peer: ContextId, role: Role) {
        let link = link(peer);
        assert_eq!(self.input(Input::LinkUp { link, peer, role }), []);
    }

    fn input(&mut self, input: Input) -> Vec<Output> {
        self.router.handle(self.now, input);
        self.outputs()
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.router.poll_output()).collect()
    }

    fn frame(&mut self, from: ContextId, frame: Frame) -> Vec<Output> {
        let link = link(from);
        self.input(Input::Frame { link, frame })
    }

    fn ask(&mut self, request: u64, to: ContextId, handle: Handle) -> Vec<Output> {
        self.input(Input::Request {
            request: RequestId(request),
            to,
            handle,
            body: text("ask"),
        })
    }

    /// Lets time pass up to the next moment that the router asked for.
    fn wait(&mut self) -> Vec<Output> {
        let (at, why) = self.router.poll_timeout().expect("there is a link");
        assert_eq!(why, "heartbeat");
        assert!(at > self.now, "time stands still");
        self.now = at;
        self.router.handle_timeout(at);
        self.outputs()
    }
}

fn link(peer: ContextId) -> LinkId {
    LinkId(u64::from(peer.0))
}

fn text(text: &'static str) -> Body {
    Body::raw(Flags::NONE, Bytes::from_static(text.as_bytes()))
}

fn frame(src: ContextId, dst: ContextId, handle: Handle, reply_to: Handle, body: &Body) -> Frame {
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

fn send(src: ContextId, dst: ContextId, handle: Handle, reply_to: Handle, body: &Body) -> Output {
    let frame = frame(src, dst, handle, reply_to, body);
    let link = link(if src == MASTER { dst } else { MASTER });
    Output::Send { link, frame }
}

fn dead(reason: DeadReason, at: ContextId) -> Dead {
    Dead { reason, at }
}

fn replied(request: u64, reply: Result<Body, Dead>) -> Output {
    let request = RequestId(request);
    Output::Reply { request, reply }
}

const FIRST: Handle = Handle::FIRST_DYNAMIC;
const SECOND: Handle = Handle(Handle::FIRST_DYNAMIC.0 + 1);

#[test]
fn a_sibling_cannot_say_that_the_respondent_died() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let lie = Body::new(&dead(DeadReason::Busy, ALICE)).unwrap();
    let forged = frame(BOB, MASTER, FIRST, Handle::IS_DEAD, &lie);
    let violation = Violation::UnexpectedReply { src: BOB };
    let dropped = Output::Violation {
        link: link(BOB),
        violation,
    };
    assert_eq!(master.frame(BOB, forged), [dropped]);
    let answer = frame(ALICE, MASTER, FIRST, Handle::NONE, &text("answer"));
    assert_eq!(master.frame(ALICE, answer), [replied(1, Ok(text("answer")))]);
}

#[test]
fn a_hop_on_the_way_can_say_that_the_respondent_died() {
    let mut slave = Sut::slave();
    slave.ask(1, ContextId(9), Handle::CALL_FUNCTION);
    let why = dead(DeadReason::NoRoute(ContextId(9)), MASTER);
    let body = Body::new(&why).unwrap();
    let reply = frame(MASTER, ALICE, FIRST, Handle::IS_DEAD, &body);
    assert_eq!(slave.frame(MASTER, reply), [replied(1, Err(why))]);
}

#[test]
fn a_dead_reply_that_nobody_understands_is_still_a_reply() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let reply = frame(ALICE, MASTER, FIRST, Handle::IS_DEAD, &text("\u{7}"));
    let outputs = master.frame(ALICE, reply);
    let [Output::Reply { reply: Err(why), .. }] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert!(matches!(why.reason, DeadReason::Malformed(_)), "{why}");
    assert_eq!(why.at, ALICE);
}

#[test]
fn a_second_reply_finds_nobody() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let answer = || frame(ALICE, MASTER, FIRST, Handle::NONE, &text("answer"));
    assert_eq!(master.frame(ALICE, answer()).len(), 1);
    assert_eq!(master.frame(ALICE, answer()), []);
}

#[test]
fn an_abandoned_call_is_cancelled_there_and_its_reply_finds_nobody() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let request = RequestId(1);
    let cancel = send(MASTER, ALICE, Handle::CANCEL, FIRST, &Body::empty());
    assert_eq!(master.input(Input::Abandon { request }), [cancel]);
    assert_eq!(master.input(Input::Abandon { request }), []);
    let late = frame(ALICE, MASTER, FIRST, Handle::NONE, &text("late"));
    assert_eq!(master.frame(ALICE, late), []);
    assert_eq!(master.router.load(), (0, 0, 2));
}

#[test]
fn a_cancelled_call_has_no_outcome() {
    let mut slave = Sut::slave();
    let call = frame(MASTER, ALICE, Handle::CALL_FUNCTION, FIRST, &text("call"));
    let id = CallId(1);
    assert_eq!(
        slave.frame(MASTER, call),
        [Output::Execute {
            call: id,
            from: MASTER,
            body: text("call")
        }]
    );
    let cancel = || frame(MASTER, ALICE, Handle::CANCEL, FIRST, &Body::empty());
    assert_eq!(slave.frame(MASTER, cancel()), [Output::Cancel { call: id }]);
    let body = text("outcome");
    assert_eq!(slave.input(Input::Finished { call: id, body }), []);
    assert_eq!(slave.frame(MASTER, cancel()), []);
    assert_eq!(slave.router.load(), (0, 0, 1));
}

#[test]
fn a_call_at_a_handle_in_use_and_one_too_many_are_refused() {
    let mut slave = Sut::slave();
    let call = |at| frame(MASTER, ALICE, Handle::CALL_FUNCTION, at, &text("call"));
    assert_eq!(slave.frame(MASTER, call(FIRST)).len(), 1);
    let refusal = |at, reason| {
        let body = Body::new(&dead(reason, ALICE)).unwrap();
        [send(ALICE, MASTER, at, Handle::IS_DEAD, &body)]
    };
    let in_use = refusal(FIRST, DeadReason::InvalidHandle);
    assert_eq!(slave.frame(MASTER, call(FIRST)), in_use);
    assert_eq!(slave.frame(MASTER, call(SECOND)).len(), 1);
    let third = Handle(2000);
    assert_eq!(slave.frame(MASTER, call(third)), refusal(third, DeadReason::Busy));
    assert_eq!(slave.router.load(), (0, 2, 1));
}

#[test]
fn raw_bytes_reach_only_the_handles_that_take_them() {
    let bulk = Body::raw(Flags::BULK, Bytes::from_static(b"raw"));
    let mut slave = Sut::slave();
    let chunk = |handle| frame(MASTER, ALICE, handle, Handle(1000), &bulk);
    for handle in [Handle::LOAD_MODULE, Handle::LOAD_RESOURCE] {
        let message = Message {
            handle,
            src: MASTER,
            reply_to: Handle(1000),
            body: bulk.clone(),
        };
        assert_eq!(slave.frame(MASTER, chunk(handle)), [Output::Deliver(message)]);
    }
    slave.ask(1, MASTER, Handle(7));
    for handle in [Handle::CALL_FUNCTION, Handle::SHUTDOWN, Handle::PING, FIRST] {
        let violation = Violation::UnexpectedBulk {
            src: MASTER,
            handle,
        };
        let dropped = Output::Violation {
            link: link(MASTER),
            violation,
        };
        assert_eq!(slave.frame(MASTER, chunk(handle)), [dropped]);
    }
    assert_eq!(slave.router.load(), (1, 0, 1));
}

#[test]
fn a_context_does_not_talk_to_itself() {
    let mut slave = Sut::slave();
    let nowhere = replied(1, Err(dead(DeadReason::NoRoute(ALICE), ALICE)));
    assert_eq!(slave.ask(1, ALICE, Handle::PING), [nowhere]);
    let post = Input::Post {
        to: ALICE,
        handle: Handle::PING,
        reply_to: Handle::NONE,
        body: Body::empty(),
    };
    assert_eq!(slave.input(post), []);
}

#[test]
fn a_link_that_goes_ends_what_went_over_it_and_nothing_else() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    master.ask(2, BOB, Handle::CALL_FUNCTION);
    let (link, why) = (link(ALICE), Down::Closed);
    let reason = DeadReason::LinkDown(why.clone());
    let lost = replied(1, Err(dead(reason, MASTER)));
    assert_eq!(master.input(Input::LinkDown { link, why: why.clone() }), [lost]);
    assert_eq!(master.input(Input::LinkDown { link, why }), []);
    assert_eq!(master.router.load(), (1, 0, 1));
}

#[test]
fn a_context_says_something_in_every_quarter_of_the_limit() {
    let mut slave = Sut::slave();
    let start = slave.now;
    let pong = send(ALICE, MASTER, Handle::PONG, Handle::NONE, &Body::empty());
    for quarter in 1..=3 {
        assert_eq!(slave.wait(), std::slice::from_ref(&pong));
        assert_eq!(slave.now - start, HEARTBEAT / 4 * quarter);
    }
    // What was said a moment ago counts.
    slave.now += HEARTBEAT / 8;
    slave.input(Input::Heard { link: link(MASTER) });
    slave.ask(1, MASTER, Handle(7));
    let said = slave.now;
    assert_eq!(slave.wait(), [pong]);
    assert_eq!(slave.now - said, HEARTBEAT / 4);
}

#[test]
fn a_silent_peer_is_given_up_after_the_limit() {
    let mut master = Sut::master();
    let start = master.now;
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    let why = Down::Silent(4000);
    let outputs = loop {
        master.input(Input::Heard { link: link(BOB) });
        let outputs = master.wait();
        if !matches!(outputs[..], [Output::Send { .. }, ..] | []) {
            break outputs;
        }
    };
    assert_eq!(master.now - start, HEARTBEAT);
    let lost = dead(DeadReason::LinkDown(why.clone()), MASTER);
    let ends = [
        replied(1, Err(lost)),
        Output::Close {
            link: link(ALICE),
            why,
        },
    ];
    assert_eq!(outputs.iter().filter(|it| ends.contains(it)).count(), 2, "{outputs:?}");
    assert_eq!(master.router.load(), (0, 0, 1));
}

#[test]
fn whoever_was_asleep_itself_does_not_take_its_peers_for_dead() {
    let mut master = Sut::master();
    master.now += 100 * HEARTBEAT;
    master.router.handle_timeout(master.now);
    let outputs = master.outputs();
    assert!(outputs.iter().all(|it| matches!(it, Output::Send { .. })), "{outputs:?}");
    assert_eq!(master.router.load(), (0, 0, 2));
    // The words that waited for us are read now.
    for peer in [ALICE, BOB] {
        master.input(Input::Heard { link: link(peer) });
    }
    for _ in 0..3 {
        master.wait();
    }
    assert_eq!(master.router.load(), (0, 0, 2));
}

#[test]
fn a_limit_of_zero_means_never_and_one_beyond_all_time_is_no_panic() {
    for heartbeat in [Duration::ZERO, Duration::MAX] {
        let mut router = Router::new(Config {
            me: ALICE,
            parents: vec![MASTER],
            executes: true,
            heartbeat,
            max_calls: 1,
        });
        let now = Instant::now();
        let (link, peer, role) = (link(MASTER), MASTER, Role::Parent);
        router.handle(now, Input::LinkUp { link, peer, role });
        let later = now + Duration::from_secs(1 << 30);
        assert!(router.poll_timeout().is_none_or(|(at, _)| at > later));
        router.handle_timeout(later);
        assert_eq!(router.poll_output(), None);
    }
}
