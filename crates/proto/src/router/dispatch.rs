//! The way of one message: from a link or from this context, to a link or to this context.

use super::authority::Violation;
use super::handles::{Asker, Entry, Pending};
use super::links::Link;
use super::routes::{OWN, encoded};
use super::{Message, Output, Role, Router};
use crate::message::{Dead, DeadReason};
use crate::{Body, CallId, ContextId, Flags, Frame, Handle, Header, LinkId, RequestId};

impl Router {
    /// A frame came from a neighbour.
    pub(super) fn frame(&mut self, link: LinkId, frame: Frame) {
        // A frame may still be on its way through the shell when its link has gone.
        let Some(from) = self.links.get(link) else {
            return;
        };
        let header = frame.header;
        if let Err(violation) = self.check_path(link, &header) {
            self.violated(link, violation);
        } else if header.dst == self.config.me {
            match self.check_handle(from, &header) {
                Ok(()) => self.arrived(link, from, frame),
                Err(violation) => {
                    self.violated(link, violation);
                    self.reply_dead(&header, DeadReason::Unauthorised);
                }
            }
        } else {
            self.forward(link, from.role, frame);
        }
    }

    /// A frame for another context: it goes on towards it, unless it would turn round, or go sideways where that is
    /// not allowed.
    fn forward(&mut self, from: LinkId, role: Role, frame: Frame) {
        let header = frame.header;
        let Some(link) = self.links.towards(header.dst).filter(|link| *link != from) else {
            return self.reply_dead(&header, DeadReason::NoRoute(header.dst));
        };
        let up = self.links.parent() == Some(link);
        if role == Role::Child && !up && !self.config.siblings {
            let (src, dst) = (header.src, header.dst);
            self.violated(from, Violation::Sideways { src, dst });
            return self.reply_dead(&header, DeadReason::Unauthorised);
        }
        if self.config.siblings {
            self.note_interest(from, link, &header);
        }
        self.outputs.push_back(Output::Send { link, frame });
    }

    /// Who may wait for whom from now on: whoever asks for the answer, and whoever answers for more questions. Nobody
    /// has to be told of those above: without them its own link goes.
    fn note_interest(&mut self, from: LinkId, to: LinkId, header: &Header) {
        for (link, other) in [(from, header.dst), (to, header.src)] {
            let below = self.links.parent() != Some(link);
            if below && other != self.config.me && !self.config.parents.contains(&other) {
                self.interest.note(link, other);
            }
        }
    }

    /// A frame for this context, from somebody who may send it.
    fn arrived(&mut self, link: LinkId, from: Link, frame: Frame) {
        let header = frame.header;
        if header.handle.is_dynamic() {
            return self.arrived_dynamic(link, from, frame);
        }
        let body = Body::raw(header.flags, frame.body);
        match header.handle {
            Handle::CALL_FUNCTION if self.config.executes => self.call(link, from, &header, body),
            Handle::CALL_SERVICE | Handle::LAUNCH | Handle::INSPECT => {
                self.call(link, from, &header, body);
            }
            Handle::CANCEL => {
                if let Some(call) = self.inbound.cancel(header.src, header.reply_to) {
                    self.outputs.push_back(Output::Cancel { call });
                }
            }
            Handle::PING => {
                let to = match header.reply_to {
                    reply_to if reply_to.is_dynamic() => reply_to,
                    _ => Handle::PONG,
                };
                self.send(link, header.src, to, Handle::NONE, &Body::empty());
            }
            // It was heard, which is all that it is for.
            Handle::PONG => {}
            Handle::SHUTDOWN => self.outputs.push_back(Output::Shutdown),
            Handle::ADD_ROUTE => self.add_route(link, &header, &body),
            Handle::DEL_ROUTE => self.del_route(link, from.role, &header, &body),
            Handle::ALLOCATE_ID => self.allocate_for(link, &header),
            Handle::DETACHING if from.role == Role::Child => self.detaching(link, &header),
            Handle::CREDIT => self.credit(link, &header, &body),
            Handle::GET_MODULE
            | Handle::GET_RESOURCE
            | Handle::LOAD_MODULE
            | Handle::LOAD_RESOURCE
            | Handle::FORWARD_MODULE
            | Handle::FORWARD_LOG
            | Handle::DETACHING
            | Handle::END_CHAIN => self.outputs.push_back(Output::Deliver(Message {
                handle: header.handle,
                src: header.src,
                reply_to: header.reply_to,
                body,
            })),
            _ => self.reply_dead(&header, DeadReason::InvalidHandle),
        }
    }

    /// A frame for a handle that was made on demand.
    fn arrived_dynamic(&mut self, link: LinkId, from: Link, frame: Frame) {
        let header = frame.header;
        let (src, handle) = (header.src, header.handle);
        match self.handles.get(handle).copied() {
            Some(Entry::Receiver(accept)) => self.received(link, from, accept, frame),
            Some(_) if header.flags.contains(Flags::BULK) => {
                self.violated(link, Violation::UnexpectedBulk { src, handle });
                self.reply_dead(&header, DeadReason::Unauthorised);
            }
            Some(Entry::Reply(pending)) => {
                self.replied(link, pending, &header, Body::raw(header.flags, frame.body));
            }
            Some(Entry::Sender(outlet)) => {
                let body = Body::raw(header.flags, frame.body);
                self.told(link, outlet, &header, &body);
            }
            // A reply to a request that was abandoned finds nobody, and that is in order; whoever sends to a
            // receiver that was closed is told.
            None => self.reply_dead(&header, DeadReason::InvalidHandle),
        }
    }

    fn call(&mut self, link: LinkId, from: Link, header: &Header, body: Body) {
        let quotas = self.config.quotas;
        let above = self.is_above(from, header);
        let busy = if header.handle == Handle::CALL_FUNCTION {
            self.inbound.functions() >= quotas.calls
        } else {
            self.inbound.others_from(link) >= quotas.services
        };
        if busy {
            return self.decline(header, body, DeadReason::Busy);
        }
        let opened = self
            .inbound
            .open(header.src, header.reply_to, header.handle, link);
        match opened {
            Some(call) => self.outputs.push_back(Output::Execute {
                call,
                from: header.src,
                above,
                handle: header.handle,
                body,
            }),
            None => self.decline(header, body, DeadReason::InvalidHandle),
        }
    }

    /// A call that is not taken. Others may depend on one of a function.
    fn decline(&mut self, header: &Header, body: Body, reason: DeadReason) {
        if header.handle == Handle::CALL_FUNCTION {
            self.outputs.push_back(Output::Declined {
                from: header.src,
                body,
                why: self.dead(reason.clone()),
            });
        }
        self.reply_dead(header, reason);
    }

    fn replied(&mut self, link: LinkId, pending: Pending, header: &Header, body: Body) {
        let is_dead = header.reply_to == Handle::IS_DEAD;
        // A dead reply comes from whichever hop noticed, but on the way by which the request went: a
        // sibling of the respondent cannot say that it died. Any other comes from whoever was asked.
        let speaks = header.src == pending.respondent
            || (is_dead && self.may_mourn(link, header.src, pending.respondent));
        if link != pending.link || !speaks {
            let src = header.src;
            return self.violated(link, Violation::UnexpectedReply { src });
        }
        // Whoever was made to send to this handle what is meant for a receiver has not replied.
        if !is_dead && header.reply_to != Handle::NONE {
            let src = header.src;
            self.violated(link, Violation::UnexpectedReply { src });
            return self.reply_dead(header, DeadReason::Unauthorised);
        }
        self.handles.close(header.handle);
        let reply = if is_dead {
            Err(decode_dead(&body, header.src))
        } else {
            Ok(body)
        };
        self.answered(pending, reply);
    }

    /// This context asks another.
    pub(super) fn request(
        &mut self,
        request: RequestId,
        to: ContextId,
        handle: Handle,
        body: &Body,
    ) {
        match self.links.towards(to) {
            Some(link) if to != self.config.me => {
                let pending = Pending {
                    asker: Asker::Shell(request),
                    respondent: to,
                    asked: handle,
                    link,
                };
                let reply_to = self.handles.open(Entry::Reply(pending));
                self.send(link, to, handle, reply_to, body);
            }
            _ => {
                let reply = Err(self.dead(DeadReason::NoRoute(to)));
                self.outputs.push_back(Output::Reply { request, reply });
            }
        }
    }

    /// This context no longer wants a reply: whoever works for it may stop.
    pub(super) fn abandon(&mut self, request: RequestId) {
        self.applicants.retain(|applicant| *applicant != request);
        let Some((reply_to, pending)) = self.handles.abandon(request) else {
            return;
        };
        let works = matches!(
            pending.asked,
            Handle::CALL_FUNCTION | Handle::CALL_SERVICE | Handle::LAUNCH | Handle::INSPECT
        );
        if works {
            self.post(pending.respondent, Handle::CANCEL, reply_to, &Body::empty());
        }
    }

    /// This context tells another. Where no way leads, nothing happens: nobody would wait for it.
    pub(super) fn post(&mut self, to: ContextId, handle: Handle, reply_to: Handle, body: &Body) {
        if to != self.config.me
            && let Some(link) = self.links.towards(to)
        {
            self.send(link, to, handle, reply_to, body);
        }
    }

    /// A call that was executed here has its outcome.
    pub(super) fn finished(&mut self, call: CallId, reply_to: Handle, body: &Body) {
        if let Some(caller) = self.inbound.close(call)
            && caller.reply_to.is_dynamic()
        {
            self.post(caller.context, caller.reply_to, reply_to, body);
        }
    }

    /// Tells the sender of a frame that its answer will never come, if it waits for one. In a CANCEL `reply_to` says
    /// something else.
    pub(super) fn reply_dead(&mut self, header: &Header, reason: DeadReason) {
        if header.reply_to.is_dynamic() && header.handle != Handle::CANCEL {
            let dead = self.dead(reason);
            self.post(
                header.src,
                header.reply_to,
                Handle::IS_DEAD,
                &encoded(&dead),
            );
        }
    }

    pub(super) fn send(
        &mut self,
        link: LinkId,
        dst: ContextId,
        handle: Handle,
        reply_to: Handle,
        body: &Body,
    ) {
        let me = self.config.me;
        let header = Header {
            flags: body.flags(),
            dst,
            src: me,
            auth: me,
            handle,
            reply_to,
        };
        let body = body.bytes().clone();
        let frame = Frame { header, body };
        self.outputs.push_back(Output::Send { link, frame });
    }
}

/// The reason of a dead reply; one that cannot be read is a reason, too.
pub(super) fn decode_dead(body: &Body, at: ContextId) -> Dead {
    body.decode(OWN).unwrap_or_else(|error| Dead {
        reason: DeadReason::Malformed(error.to_string()),
        at,
    })
}
