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
    assert_eq!(
        master.frame(ALICE, answer),
        [replied(1, Ok(text("answer")))]
    );
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
    let [
        Output::Reply {
            reply: Err(why), ..
        },
    ] = &outputs[..]
    else {
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
    assert_eq!(
        slave.frame(MASTER, call(third)),
        refusal(third, DeadReason::Busy)
    );
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
        assert_eq!(
            slave.frame(MASTER, chunk(handle)),
            [Output::Deliver(message)]
        );
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

/// What a slave with a child does with a frame from its parent, from its child.
fn both_ways(frame: &Frame) -> [Vec<Output>; 2] {
    [MASTER, BOB].map(|from| {
        let mut slave = Sut::slave();
        slave.up(BOB, Role::Child);
        slave.frame(from, frame.clone())
    })
}

#[test]
fn a_frame_does_not_turn_round() {
    // For nobody whom the slave knows, and for the very context that sent it.
    let lost = frame(MASTER, ContextId(9), Handle::PING, FIRST, &Body::empty());
    let no_route = |id| Body::new(&dead(DeadReason::NoRoute(id), ALICE)).unwrap();
    let answer = send(
        ALICE,
        MASTER,
        FIRST,
        Handle::IS_DEAD,
        &no_route(ContextId(9)),
    );
    assert_eq!(both_ways(&lost)[0], [answer]);
    let own = frame(BOB, BOB, Handle::PING, FIRST, &Body::empty());
    let [_, outputs] = both_ways(&own);
    let [Output::Send { frame, .. }] = &outputs[..] else {
        panic!("{outputs:?}");
    };
    assert_eq!(
        (frame.header.src, frame.header.reply_to),
        (ALICE, Handle::IS_DEAD)
    );
}

#[test]
fn nobody_speaks_for_this_context_or_for_the_other_side_of_it() {
    let spoofed = |id, from| {
        let violation = Violation::SpoofedSource(id);
        let link = link(from);
        [Output::Violation { link, violation }]
    };
    let log = |src| frame(src, ALICE, Handle::FORWARD_LOG, Handle::NONE, &text("log"));
    assert_eq!(
        both_ways(&log(ALICE)),
        [spoofed(ALICE, MASTER), spoofed(ALICE, BOB)]
    );
    assert_eq!(both_ways(&log(BOB))[0], spoofed(BOB, MASTER));
    assert_eq!(both_ways(&log(MASTER))[1], spoofed(MASTER, BOB));

    let mut borrowed = log(BOB);
    borrowed.header.auth = MASTER;
    let violation = Violation::SpoofedAuthority(MASTER);
    let link = link(BOB);
    assert_eq!(
        both_ways(&borrowed)[1],
        [Output::Violation { link, violation }]
    );
}

#[test]
fn each_handle_takes_messages_from_its_own_side_of_the_tree() {
    let accepted = |outputs: &[Output]| match outputs {
        [Output::Deliver(_) | Output::Execute { .. } | Output::Shutdown] => true,
        [Output::Violation { .. }, Output::Send { .. }] => false,
        _ => panic!("{outputs:?}"),
    };
    let sides = [
        (Handle::CALL_FUNCTION, [true, false]),
        (Handle::LOAD_MODULE, [true, false]),
        (Handle::LOAD_RESOURCE, [true, false]),
        (Handle::SHUTDOWN, [true, false]),
        (Handle::GET_MODULE, [false, true]),
        (Handle::GET_RESOURCE, [false, true]),
        (Handle::FORWARD_LOG, [false, true]),
    ];
    for (handle, expected) in sides {
        let found = [MASTER, BOB].map(|from| {
            let [above, below] = both_ways(&frame(from, ALICE, handle, FIRST, &text("")));
            accepted(if from == MASTER { &above } else { &below })
        });
        assert_eq!(found, expected, "{handle:?}");
    }
}

#[test]
fn a_handle_at_which_nobody_is_says_so() {
    let mut slave = Sut::slave();
    let answer = Body::new(&dead(DeadReason::InvalidHandle, ALICE)).unwrap();
    for number in [0, 1, 99, 103, 108, 114, 119, 120, 124, 999] {
        let ask = frame(MASTER, ALICE, Handle(number), FIRST, &text(""));
        let nobody = send(ALICE, MASTER, FIRST, Handle::IS_DEAD, &answer);
        assert_eq!(slave.frame(MASTER, ask), [nobody]);
        // Whoever wants no answer gets none, least of all to a dead reply.
        for reply_to in [Handle::NONE, Handle::IS_DEAD] {
            let post = frame(MASTER, ALICE, Handle(number), reply_to, &text(""));
            assert_eq!(slave.frame(MASTER, post), []);
        }
    }
}

#[test]
fn a_ping_is_answered() {
    let mut slave = Sut::slave();
    let ping = frame(MASTER, ALICE, Handle::PING, Handle::NONE, &Body::empty());
    let pong = send(ALICE, MASTER, Handle::PONG, Handle::NONE, &Body::empty());
    assert_eq!(slave.frame(MASTER, ping), [pong]);
}

#[test]
fn a_context_without_a_parent_has_nobody_to_work_for() {
    let mut slave = Sut::slave();
    slave.up(BOB, Role::Child);
    slave.frame(
        MASTER,
        frame(MASTER, ALICE, Handle::CALL_FUNCTION, FIRST, &text("call")),
    );
    let lost = |peer| Input::LinkDown {
        link: link(peer),
        why: Down::Closed,
    };
    assert_eq!(slave.input(lost(BOB)), []);
    let call = CallId(1);
    assert_eq!(
        slave.input(lost(MASTER)),
        [Output::Cancel { call }, Output::Shutdown]
    );
    assert_eq!(slave.router.load(), (0, 0, 0));
}

#[test]
fn a_link_that_goes_ends_what_went_over_it_and_nothing_else() {
    let mut master = Sut::master();
    master.ask(1, ALICE, Handle::CALL_FUNCTION);
    master.ask(2, BOB, Handle::CALL_FUNCTION);
    let (link, why) = (link(ALICE), Down::Closed);
    let reason = DeadReason::LinkDown(why.clone());
    let lost = replied(1, Err(dead(reason, MASTER)));
    assert_eq!(
        master.input(Input::LinkDown {
            link,
            why: why.clone()
        }),
        [lost]
    );
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
    let mut outputs = Vec::new();
    while master.router.load().2 == 2 {
        master.input(Input::Heard { link: link(BOB) });
        outputs = master.wait();
    }
    assert_eq!(master.now - start, HEARTBEAT);
    let lost = dead(DeadReason::LinkDown(why.clone()), MASTER);
    let ends = [
        replied(1, Err(lost)),
        Output::Close {
            link: link(ALICE),
            why,
        },
    ];
    assert_eq!(
        outputs.iter().filter(|it| ends.contains(it)).count(),
        2,
        "{outputs:?}"
    );
    assert_eq!(master.router.load(), (0, 0, 1));
}

#[test]
fn whoever_was_asleep_itself_does_not_take_its_peers_for_dead() {
    let mut master = Sut::master();
    master.now += 100 * HEARTBEAT;
    master.router.handle_timeout(master.now);
    let outputs = master.outputs();
    assert!(
        outputs.iter().all(|it| matches!(it, Output::Send { .. })),
        "{outputs:?}"
    );
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
