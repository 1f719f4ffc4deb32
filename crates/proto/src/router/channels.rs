//! Receivers and senders: handles that stay. Who may send to which, and what ends them.

use super::handles::{Entry, Outlet};
use super::links::Link;
use super::routes::OWN;
use super::{Accept, Message, Output, Router, Violation};
use crate::message::{Address, Credit, Dead, DeadReason};
use crate::{Body, Frame, Handle, Header, LinkId};

impl Router {
    /// Makes a receiver, and gives its handle.
    pub fn listen(&mut self, accept: Accept) -> Handle {
        self.handles.open(Entry::Receiver(accept))
    }

    /// Makes a sender to a receiver elsewhere, and gives its handle: `reply_to` of all that it sends.
    ///
    /// # Errors
    /// If no way leads there, or if no receiver can be there: whoever gives us the address of one of our well-known
    /// handles, or of somebody else's, would have us say there what only we may say.
    pub fn open(&mut self, to: Address) -> Result<Handle, Dead> {
        if !to.handle.is_dynamic() {
            return Err(self.dead(DeadReason::InvalidHandle));
        }
        match self.links.towards(to.context) {
            Some(link) if to.context != self.config.me => {
                Ok(self.handles.open(Entry::Sender(Outlet { to, link })))
            }
            _ => Err(self.dead(DeadReason::NoRoute(to.context))),
        }
    }

    /// Forgets a receiver or a sender. What comes for it later finds nobody.
    pub fn close(&mut self, handle: Handle) {
        if let Some(Entry::Receiver(_) | Entry::Sender(_)) = self.handles.get(handle) {
            self.handles.close(handle);
        }
    }

    /// A sender of this context has something to send.
    pub(super) fn channel(&mut self, sender: Handle, body: &Body) {
        if let Some(Entry::Sender(outlet)) = self.handles.get(sender).copied() {
            let Outlet { to, link } = outlet;
            self.send(link, to.context, to.handle, sender, body);
        }
    }

    /// Something came for a receiver.
    pub(super) fn received(&mut self, link: LinkId, from: Link, accept: Accept, frame: Frame) {
        let Frame { header, body } = frame;
        let src = header.src;
        let accepted = match accept {
            Accept::Anyone => true,
            Accept::Above => self.is_above(from, &header),
            Accept::Context(context) => context == src,
        };
        if accepted {
            self.outputs.push_back(Output::Received(Message {
                handle: header.handle,
                src,
                reply_to: header.reply_to,
                body: Body::raw(header.flags, body),
            }));
        } else {
            self.violated(link, Violation::NotAccepted { src });
            self.reply_dead(&header, DeadReason::Unauthorised);
        }
    }

    /// Something came for a sender: that it is over, which whoever noticed may say, on the way to the receiver.
    pub(super) fn told(&mut self, link: LinkId, outlet: Outlet, header: &Header, body: &Body) {
        let src = header.src;
        let speaks = self.may_mourn(link, src, outlet.to.context);
        if link != outlet.link || header.reply_to != Handle::IS_DEAD || !speaks {
            return self.violated(link, Violation::UnexpectedReply { src });
        }
        self.handles.close(header.handle);
        self.outputs.push_back(Output::Ended {
            sender: header.handle,
            why: super::dispatch::decode_dead(body, src),
        });
    }

    /// CREDIT: from the receiver itself, or it is none.
    pub(super) fn credit(&mut self, link: LinkId, header: &Header, body: &Body) {
        let (src, handle) = (header.src, header.handle);
        let Ok(Credit { sender, bytes }) = body.decode(OWN) else {
            return self.violated(link, Violation::Malformed { src, handle });
        };
        match self.handles.get(sender) {
            Some(Entry::Sender(outlet)) if outlet.link == link && outlet.to.context == src => {
                self.outputs.push_back(Output::Credit { sender, bytes });
            }
            Some(_) => self.violated(link, Violation::UnexpectedReply { src }),
            // The sender was closed in the meantime.
            None => {}
        }
    }
}
