//! The way of one message: from a link or from this context, to a link or to this context.

use super::authority::Violation;
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
            self.outputs
                .push_back(Output::Violation { link, violation });
        } else if header.dst == self.config.me {
            match self.check_handle(from, &header) {
                Ok(()) => self.arrived(link, frame),
                Err(violation) => {
                    self.outputs
                        .push_back(Output::Violation { link, violation });
                    self.reply_dead(&header, DeadReason::Unauthorised);
                }
            }
        } else {
            self.forward(link, from.role, frame);
        }
    }

    /// A frame for another context: it goes on towards it, unless it would turn round or go sideways.
    fn forward(&mut self, from: LinkId, role: Role, frame: Frame) {
        let header = frame.header;
        match self.links.towards(header.dst) {
            Some(link) if link != from => {
                let up = self.links.parent() == Some(link);
                if role == Role::Child && !up {
                    let violation = Violation::Sideways {
                        src: header.src,
                        dst: header.dst,
                    };
                    self.outputs.push_back(Output::Violation {
                        link: from,
                        violation,
                    });
                    self.reply_dead(&header, DeadReason::Unauthorised);
                } else {
                    self.outputs.push_back(Output::Send { link, frame });
                }
            }
            _ => self.reply_dead(&header, DeadReason::NoRoute(header.dst)),
        }
    }

    /// A frame for this context, from somebody who may send it.
    fn arrived(&mut self, link: LinkId, frame: Frame) {
        let Frame { header, body } = frame;
        let body = Body::raw(header.flags, body);
        match header.handle {
            Handle::CALL_FUNCTION if self.config.executes => self.call(link, &header, body),
            Handle::CANCEL => {
                if let Some(call) = self.inbound.cancel(header.src, header.reply_to) {
                    self.outputs.push_back(Output::Cancel { call });
                }
            }
            Handle::PING => self.send(link, header.src, Handle::PONG, Handle::NONE, &Body::empty()),
            // It was heard, which is all that it is for.
            Handle::PONG => {}
            Handle::SHUTDOWN => self.outputs.push_back(Output::Shutdown),
            Handle::GET_MODULE
            | Handle::GET_RESOURCE
            | Handle::LOAD_MODULE
            | Handle::LOAD_RESOURCE
            | Handle::FORWARD_LOG => self.outputs.push_back(Output::Deliver(Message {
                handle: header.handle,
                src: header.src,
                reply_to: header.reply_to,
                body,
            })),
            handle if handle.is_dynamic() => self.replied(link, &header, body),
            _ => self.reply_dead(&header, DeadReason::InvalidHandle),
        }
    }

    fn call(&mut self, link: LinkId, header: &Header, body: Body) {
        if self.inbound.len() >= self.config.max_calls {
            return self.reply_dead(header, DeadReason::Busy);
        }
        match self.inbound.open(header.src, header.reply_to, link) {
            Some(call) => self.outputs.push_back(Output::Execute {
                call,
                from: header.src,
                body,
            }),
            None => self.reply_dead(header, DeadReason::InvalidHandle),
        }
    }

    fn replied(&mut self, link: LinkId, header: &Header, body: Body) {
        // A reply to a request that was abandoned finds nobody, and that is in order.
        let Some(pending) = self.requests.get(header.handle).copied() else {
            return;
        };
        let is_dead = header.reply_to == Handle::IS_DEAD;
        // A dead reply comes from whichever hop noticed, but on the way by which the request went: a
        // sibling of the respondent cannot say that it died. Any other comes from whoever was asked.
        if link != pending.link || (!is_dead && header.src != pending.respondent) {
            let violation = Violation::UnexpectedReply { src: header.src };
            self.outputs
                .push_back(Output::Violation { link, violation });
            return;
        }
        self.requests.close(header.handle);
        let reply = if is_dead {
            Err(decode_dead(&body, header.src))
        } else {
            Ok(body)
        };
        self.outputs.push_back(Output::Reply {
            request: pending.request,
            reply,
        });
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
                let reply_to = self.requests.open(request, to, handle, link);
                self.send(link, to, handle, reply_to, body);
            }
            _ => {
                let reply = Err(Dead {
                    reason: DeadReason::NoRoute(to),
                    at: self.config.me,
                });
                self.outputs.push_back(Output::Reply { request, reply });
            }
        }
    }

    /// This context no longer wants a reply: whoever works for it may stop.
    pub(super) fn abandon(&mut self, request: RequestId) {
        let Some((reply_to, pending)) = self.requests.abandon(request) else {
            return;
        };
        if pending.asked == Handle::CALL_FUNCTION {
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
    pub(super) fn finished(&mut self, call: CallId, body: &Body) {
        if let Some(caller) = self.inbound.close(call)
            && caller.reply_to.is_dynamic()
        {
            self.post(caller.context, caller.reply_to, Handle::NONE, body);
        }
    }

    /// Tells the sender of a frame that its answer will never come, if it waits for one.
    fn reply_dead(&mut self, header: &Header, reason: DeadReason) {
        if !header.reply_to.is_dynamic() || header.flags.contains(Flags::BULK) {
            return;
        }
        let dead = Dead {
            reason,
            at: self.config.me,
        };
        // Plain data of known types can always be written as CBOR.
        let body = Body::new(&dead).unwrap_or_else(|_| Body::empty());
        self.post(header.src, header.reply_to, Handle::IS_DEAD, &body);
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
fn decode_dead(body: &Body, at: ContextId) -> Dead {
    let limits = crate::Limits { max_body: 64 << 10 };
    body.decode(limits).unwrap_or_else(|error| Dead {
        reason: DeadReason::Malformed(error.to_string()),
        at,
    })
}
