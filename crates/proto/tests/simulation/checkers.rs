//! What must hold whatever happens. Knows who sent what, and the rules of `docs/PROTOCOL.md`; does not
//! know why, and shares no code with the router.

use crate::node::HEARTBEAT;
use crate::rules::{Place, Rules, well_known};
use crate::seen::Seen;
use proto::message::{Dead, DeadReason, Down};
use proto::router::Message;
use proto::{Body, CallId, ContextId, Flags, Handle, RequestId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A message that somebody really sent.
struct Sent {
    origin: ContextId,
    /// Who its header says sent it, and on whose authority.
    claims: (ContextId, ContextId),
    dst: ContextId,
    handle: Handle,
    /// For the outcome of a call, the mark of the call.
    answers: Option<u64>,
}

struct Asked {
    mark: u64,
    to: ContextId,
    handle: Handle,
    waiting: bool,
}

#[derive(Default)]
pub struct Checker {
    pub rules: Rules,
    sent: Vec<Sent>,
    asked: BTreeMap<(ContextId, RequestId), Asked>,
    /// Calls under way; false once they are finished or cancelled.
    calls: BTreeMap<(ContextId, CallId), bool>,
    /// Who lost the link to whom, and who said so to whoever waited.
    lost: BTreeSet<(ContextId, ContextId)>,
    mourned: BTreeSet<(ContextId, ContextId)>,
    /// Requests that wait and calls that run.
    busy: usize,
    arrived: BTreeSet<u64>,
    latest: BTreeMap<(ContextId, ContextId), u64>,
    /// The one that does not keep to the protocol.
    pub hostile: Option<ContextId>,
    pub seen: Seen,
}

impl Checker {
    /// Notes a message, and gives the mark that its body shall carry.
    pub fn sent(
        &mut self,
        origin: ContextId,
        claims: (ContextId, ContextId),
        dst: ContextId,
        handle: Handle,
        answers: Option<u64>,
    ) -> u64 {
        let mark = self.sent.len() as u64;
        self.sent.push(Sent {
            origin,
            claims,
            dst,
            handle,
            answers,
        });
        mark
    }

    pub fn origin(&self, mark: u64) -> ContextId {
        self.sent[index(mark)].origin
    }

    pub fn asked(&mut self, me: ContextId, request: RequestId, mark: u64) {
        let sent = &self.sent[index(mark)];
        let asked = Asked {
            mark,
            to: sent.dst,
            handle: sent.handle,
            waiting: true,
        };
        self.asked.insert((me, request), asked);
        self.busy += 1;
    }

    pub fn abandoned(&mut self, me: ContextId, request: RequestId) {
        let asked = self.asked.get_mut(&(me, request)).expect("it was asked");
        if std::mem::take(&mut asked.waiting) {
            self.busy -= 1;
            self.seen.note("abandoned");
        }
    }

    /// Each request gets exactly one reply, and the right one.
    pub fn replied(
        &mut self,
        me: ContextId,
        request: RequestId,
        reply: &Result<Body, Dead>,
        harm: bool,
    ) {
        let asked = self
            .asked
            .get_mut(&(me, request))
            .expect("a reply without a request");
        let waiting = std::mem::take(&mut asked.waiting);
        assert!(waiting, "a second reply, or one after it was abandoned");
        self.busy -= 1;
        let (to, handle, mark) = (asked.to, asked.handle, asked.mark);
        match reply {
            Ok(body) => {
                let reply = &self.sent[index(mark_of(body))];
                assert_eq!(reply.origin, to, "somebody else replied");
                assert_eq!(reply.claims, (to, to));
                assert_eq!(body.flags(), Flags::NONE, "raw bytes are no reply");
                // A hostile respondent may answer its own requests with what it likes.
                if let Some(answers) = reply.answers {
                    assert_eq!(answers, mark, "the answer to another call");
                    self.seen.note("returned");
                }
            }
            Err(dead) => self.dead(me, to, handle, dead, harm),
        }
    }

    /// A dead reply comes from the respondent or from the way to it, and says the truth.
    fn dead(&mut self, me: ContextId, to: ContextId, handle: Handle, dead: &Dead, harm: bool) {
        // Whoever sends what it should not may get strange answers to what it should.
        if self.hostile == Some(me) {
            return;
        }
        match &dead.reason {
            DeadReason::Malformed(forged) => {
                let mark: u64 = forged.parse().expect("only forged ones are malformed");
                let forger = self.sent[index(mark)].origin;
                let on_the_way = self.rules.place(me, forger) == Place::Above;
                assert!(
                    forger == to || on_the_way,
                    "{forger:?} said that {to:?} died"
                );
                self.seen.note("dead: forged");
            }
            DeadReason::NoRoute(id) => {
                assert_eq!(*id, to);
                let there = matches!(self.rules.place(dead.at, to), Place::Above | Place::Child);
                assert!(!there || harm, "{:?} has a way to {to:?}", dead.at);
                self.seen.note("dead: no route");
            }
            DeadReason::InvalidHandle => {
                assert!(!well_known(handle), "{handle:?} is a handle");
                self.seen.note("dead: invalid handle");
            }
            DeadReason::Unauthorised => {
                assert!(
                    !self.rules.may(to, me, handle),
                    "{me:?} may ask {handle:?} of {to:?}"
                );
                self.seen.note("dead: unauthorised");
            }
            DeadReason::Busy => {
                assert_eq!(handle, Handle::CALL_FUNCTION);
                self.seen.note("dead: busy");
            }
            DeadReason::LinkDown(_) => {
                assert!(harm, "no link was harmed");
                assert_eq!(dead.at, me);
                self.mourned.insert((me, self.rules.towards(me, to)));
                self.seen.note("dead: link down");
            }
            DeadReason::TooLarge(_) | DeadReason::OutcomeTooLarge(_) | DeadReason::Crashed => {
                panic!("a router does not say so")
            }
        }
    }

    /// A call is executed only for whoever may call, once, and in its turn.
    pub fn executed(&mut self, me: ContextId, call: CallId, from: ContextId, body: &Body) -> u64 {
        let mark = mark_of(body);
        self.arrival(me, from, Handle::CALL_FUNCTION, mark);
        let known = self.calls.insert((me, call), true);
        assert_eq!(known, None, "a call's id was used twice");
        self.busy += 1;
        mark
    }

    /// Each call ends once, however many events say so.
    pub fn ended(&mut self, me: ContextId, call: CallId, how: &'static str) {
        let running = self
            .calls
            .get_mut(&(me, call))
            .expect("a call that nobody executed");
        assert!(std::mem::take(running), "{call:?} of {me:?} ended twice");
        self.busy -= 1;
        self.seen.note(how);
    }

    pub fn delivered(&mut self, me: ContextId, message: &Message) {
        let bulk = message.body.flags().contains(Flags::BULK);
        let takes_bulk = matches!(message.handle, Handle::LOAD_MODULE | Handle::LOAD_RESOURCE);
        assert!(
            takes_bulk || !bulk,
            "raw bytes came to {:?}",
            message.handle
        );
        self.arrival(me, message.src, message.handle, mark_of(&message.body));
        self.seen.note("delivered");
    }

    /// It is for me, from whom it says, allowed, new, and later than whatever its sender sent before.
    fn arrival(&mut self, me: ContextId, src: ContextId, handle: Handle, mark: u64) {
        let sent = &self.sent[index(mark)];
        let origin = sent.origin;
        assert_eq!(sent.dst, me, "it was for another context");
        assert_eq!(sent.handle, handle, "it was for another handle");
        assert_eq!(
            (origin, sent.claims),
            (src, (src, src)),
            "a lie was believed"
        );
        assert!(
            self.rules.may(me, origin, handle),
            "{origin:?} may not send {handle:?} to {me:?}"
        );
        assert!(self.arrived.insert(mark), "it came twice");
        let latest = self.latest.insert((origin, me), mark);
        assert!(
            latest.is_none_or(|latest| latest < mark),
            "it overtook another"
        );
    }

    /// A link goes down only for a reason, and a silent peer soon.
    pub fn lost(
        &mut self,
        (me, peer): (ContextId, ContextId),
        harmed: bool,
        why: &Down,
        silent_since: Option<Duration>,
        now: Duration,
    ) {
        self.lost.insert((me, peer));
        assert!(harmed, "a healthy link went down: {why}");
        if let Down::Silent(ms) = why {
            let since = silent_since.expect("a peer that can be heard was given up");
            assert!(
                Duration::from_millis(*ms) >= HEARTBEAT,
                "given up after {ms} ms"
            );
            assert!(now - since <= HEARTBEAT, "noticed after {:?}", now - since);
        }
        self.seen.note(match why {
            Down::Closed => "link: closed",
            Down::ClosedHere => "link: closed here",
            Down::Io(_) => "link: io",
            Down::Corrupt(_) => "link: corrupt",
            Down::Silent(_) => "link: silent",
        });
    }

    /// Does anybody wait, or anything run?
    pub fn is_busy(&self) -> bool {
        self.busy > 0
    }

    /// Nothing is left to happen: nobody waits, nothing runs.
    pub fn quiet(&self) {
        for ((me, request), asked) in &self.asked {
            let Asked { to, handle, .. } = asked;
            assert!(
                !asked.waiting,
                "{me:?} waits for {request:?}: {handle:?} of {to:?}"
            );
        }
        for ((me, call), running) in &self.calls {
            assert!(!running, "{call:?} runs for ever in {me:?}");
        }
        let whole: Vec<_> = self.mourned.difference(&self.lost).collect();
        assert!(whole.is_empty(), "said to be lost, but were not: {whole:?}");
    }
}

/// Every body begins with the mark of its message.
fn mark_of(body: &Body) -> u64 {
    let mark = body.bytes().first_chunk().expect("every body has a mark");
    u64::from_be_bytes(*mark)
}

fn index(mark: u64) -> usize {
    usize::try_from(mark).expect("marks are indices")
}
