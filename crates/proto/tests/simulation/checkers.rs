//! What must hold from end to end whatever happens. Knows who sent what, and the tree; does not know why, and shares no
//! code with the router.

use crate::node::HEARTBEAT;
use crate::seen::Seen;
use crate::tree::{Tree, is_call, well_known};
use proto::message::{Dead, DeadReason, Down};
use proto::router::Message;
use proto::{Body, CallId, ContextId, Flags, Handle, RequestId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A message that somebody really sent.
struct Sent {
    origin: ContextId,
    /// Who its header says sent it.
    claim: ContextId,
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
    pub tree: Tree,
    sent: Vec<Sent>,
    asked: BTreeMap<(ContextId, RequestId), Asked>,
    /// Calls under way; false once they are finished or cancelled.
    calls: BTreeMap<(ContextId, CallId), bool>,
    /// Requests that wait and calls that run.
    busy: usize,
    arrived: BTreeSet<u64>,
    latest: BTreeMap<(ContextId, ContextId, bool), u64>,
    /// Was a link harmed, or did somebody leave?
    pub harm: bool,
    pub seen: Seen,
}

impl Checker {
    /// Notes a message, and gives the mark that its body shall carry.
    pub fn sent(
        &mut self,
        (origin, claim): (ContextId, ContextId),
        dst: ContextId,
        handle: Handle,
        answers: Option<u64>,
    ) -> u64 {
        let mark = self.sent.len() as u64;
        self.sent.push(Sent {
            origin,
            claim,
            dst,
            handle,
            answers,
        });
        mark
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

    /// Whoever asked gives up. False if it has been answered.
    pub fn abandoned(&mut self, me: ContextId, request: RequestId) -> bool {
        let asked = self.asked.get_mut(&(me, request)).expect("it was asked");
        let waited = std::mem::take(&mut asked.waiting);
        if waited {
            self.busy -= 1;
            self.seen.note("abandoned");
        }
        waited
    }

    /// Each request gets exactly one reply, and the right one.
    pub fn replied(&mut self, me: ContextId, request: RequestId, reply: &Result<Body, Dead>) {
        let asked = self.asked.get_mut(&(me, request));
        let asked = asked.expect("a reply without a request");
        let waiting = std::mem::take(&mut asked.waiting);
        assert!(waiting, "a second reply, or one after it was abandoned");
        self.busy -= 1;
        let (to, handle, mark) = (asked.to, asked.handle, asked.mark);
        let clean = self.tree.is_clean(me, to);
        match reply {
            Ok(body) if clean && handle == Handle::PING => {
                assert_eq!(
                    *body,
                    Body::empty(),
                    "it was only asked whether it is there"
                );
                self.seen.note("pinged");
            }
            Ok(body) if clean => {
                let reply = &self.sent[index(mark_of(body))];
                assert_eq!(
                    (reply.origin, reply.claim),
                    (to, to),
                    "somebody else replied"
                );
                assert_eq!(reply.answers, Some(mark), "the answer to another call");
                assert_eq!(body.flags(), Flags::NONE, "raw bytes are no reply");
                self.seen.note("returned");
            }
            // A hostile respondent may answer with what it likes.
            Ok(_) => {}
            Err(dead) => {
                let clean = self.tree.is_clean(me, to);
                let what = self.dead((me, to, handle), dead, clean);
                self.seen.note(what);
            }
        }
    }

    /// A dead reply comes from the respondent or from the way to it, and says the truth.
    fn dead(
        &self,
        (me, to, handle): (ContextId, ContextId, Handle),
        dead: &Dead,
        clean: bool,
    ) -> &'static str {
        match &dead.reason {
            DeadReason::Malformed(_) => {
                assert!(!clean, "somebody else said that {to:?} died");
                "dead: forged"
            }
            DeadReason::NoRoute(id) => {
                assert!(*id == to || !clean, "no route to somebody else");
                "dead: no route"
            }
            DeadReason::InvalidHandle => {
                assert!(!well_known(handle) || !clean, "{handle:?} is a handle");
                "dead: invalid handle"
            }
            DeadReason::Unauthorised => {
                let may = self.tree.may(to, me, handle) && to != me;
                assert!(!may || !clean, "{me:?} may ask {handle:?} of {to:?}");
                "dead: unauthorised"
            }
            DeadReason::Busy => {
                assert!(is_call(handle) || !clean);
                "dead: busy"
            }
            DeadReason::Crashed => {
                assert!(is_call(handle) || !clean);
                "dead: crashed"
            }
            DeadReason::LinkDown(why) => {
                assert!(self.harm || !clean, "no link was harmed");
                if *why == Down::Detached {
                    "dead: detached"
                } else {
                    "dead: link down"
                }
            }
            other => {
                assert!(!clean, "a router does not say {other:?}");
                "dead: strange"
            }
        }
    }

    /// A call is executed only for whoever may call, once, and in its turn.
    pub fn executed(
        &mut self,
        me: ContextId,
        call: CallId,
        (from, handle): (ContextId, Handle),
        body: &Body,
    ) -> u64 {
        let mark = mark_of(body);
        self.arrival(me, from, handle, body);
        let known = self.calls.insert((me, call), true);
        assert_eq!(known, None, "a call's id was used twice");
        self.busy += 1;
        mark
    }

    /// Each call ends once, however many events say so.
    pub fn ended(&mut self, me: ContextId, call: CallId, how: &'static str) {
        let running = self.calls.get_mut(&(me, call));
        let running = running.expect("a call that nobody executed");
        assert!(std::mem::take(running), "{call:?} of {me:?} ended twice");
        self.busy -= 1;
        self.seen.note(how);
    }

    pub fn delivered(&mut self, me: ContextId, message: &Message) {
        self.arrival(me, message.src, message.handle, &message.body);
        self.seen.note("delivered");
    }

    /// It is for me, from whom it says, allowed, new, and later than whatever its sender sent before.
    pub fn arrival(&mut self, me: ContextId, src: ContextId, handle: Handle, body: &Body) {
        let mark = mark_of(body);
        let sent = &self.sent[index(mark)];
        let (origin, tree) = (sent.origin, &self.tree);
        assert_eq!(sent.dst, me, "it was for another context");
        assert_eq!(sent.handle, handle, "it was for another handle");
        assert_eq!(sent.claim, src, "somebody changed who sent it");
        let bulk = body.flags() == Flags::BULK;
        assert!(!bulk || handle.is_dynamic(), "raw bytes came to {handle:?}");
        if !tree.is_at_or_below(me, origin) {
            // A hostile context speaks for itself and for what is behind it, and for nobody else. What it says is
            // behind it need not be there.
            let known = src == ContextId::MASTER || tree.parent(src).is_some();
            let behind =
                tree.is_at_or_below(src, origin) || (!known && tree.hostile.contains(&origin));
            assert!(behind, "{me:?} believes that {origin:?} is {src:?}");
            assert!(
                !known || tree.may(me, src, handle),
                "{src:?} may not send {handle:?} to {me:?}"
            );
        }
        assert!(self.arrived.insert(mark), "it came twice");
        let latest = self.latest.insert((origin, me, bulk), mark);
        assert!(
            latest.is_none_or(|latest| latest < mark),
            "it overtook another"
        );
    }

    /// A link goes down only for a reason, and a silent peer soon.
    pub fn lost(
        &mut self,
        harmed: bool,
        why: &Down,
        silent_since: Option<Duration>,
        now: Duration,
    ) {
        assert!(harmed, "a healthy link went down: {why}");
        if let Down::Silent(ms) = why {
            let since = silent_since.expect("a peer that can be heard was given up");
            let silence = Duration::from_millis(*ms);
            assert!(silence >= HEARTBEAT, "given up after {ms} ms");
            assert!(now - since <= HEARTBEAT, "noticed after {:?}", now - since);
        }
        self.harm = true;
        self.seen.note(match why {
            Down::Closed => "link: closed",
            Down::ClosedHere => "link: closed here",
            Down::Io(_) => "link: io",
            Down::Corrupt(_) => "link: corrupt",
            Down::Silent(_) => "link: silent",
            Down::Detached => "link: detached",
        });
    }

    /// What a context waits for.
    pub fn waiting(&self, me: ContextId) -> Vec<RequestId> {
        let asked = self
            .asked
            .iter()
            .filter(|((it, _), asked)| *it == me && asked.waiting);
        asked.map(|((_, request), _)| *request).collect()
    }

    /// Does anybody wait, or anything run?
    pub fn is_busy(&self) -> bool {
        self.busy > 0
    }

    /// Nothing is left to happen: nobody waits, nothing runs.
    pub fn quiet(&self) {
        for ((me, request), asked) in &self.asked {
            let Asked { to, handle, .. } = asked;
            let waiting = asked.waiting;
            assert!(
                !waiting,
                "{me:?} waits for {request:?}: {handle:?} of {to:?}"
            );
        }
        for ((me, call), running) in &self.calls {
            assert!(!running, "{call:?} runs for ever in {me:?}");
        }
    }
}

/// Every body of a message that is no router's begins with the mark of its message.
pub fn mark_of(body: &Body) -> u64 {
    let mark = body.bytes().first_chunk().expect("every body has a mark");
    u64::from_be_bytes(*mark)
}

fn index(mark: u64) -> usize {
    usize::try_from(mark).expect("marks are indices")
}
