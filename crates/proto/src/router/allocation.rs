//! Who gets ids: this context's own children, and whoever below asks for some.

use super::handles::{Applicant, Asker};
use super::routes::{OWN, encoded};
use super::{Output, Router};
use crate::message::{Dead, DeadReason, IdBlock};
use crate::{Body, Handle, Header, LinkId, RequestId};

impl Router {
    /// This context needs an id for a child.
    pub(super) fn allocate(&mut self, request: RequestId) {
        if let Some(id) = self.ids.take() {
            return self.outputs.push_back(Output::Allocated {
                request,
                id: Ok(id),
            });
        }
        self.applicants.push_back(request);
        // Those who gave up meanwhile have asked for the others, too.
        if !self.asks_for_ids {
            self.ask_for_ids(Asker::Ids);
        }
    }

    /// ALLOCATE_ID from a child: for itself, or for somebody below it.
    pub(super) fn allocate_for(&mut self, link: LinkId, header: &Header) {
        if !header.reply_to.is_dynamic() {
            return;
        }
        if !self.ids.promise(link, self.config.quotas.blocks) {
            return self.reply_dead(header, DeadReason::Quota);
        }
        let applicant = Applicant {
            link,
            context: header.src,
            reply_to: header.reply_to,
        };
        if self.config.parents.is_empty() {
            let block = self.ids.take_block();
            let reply = block.map_or_else(
                || Err(self.dead(DeadReason::Quota)),
                |block| Ok(encoded(&block)),
            );
            self.ids_came_for(applicant, reply);
        } else {
            self.ask_for_ids(Asker::IdsFor(applicant));
        }
    }

    fn ask_for_ids(&mut self, asker: Asker) {
        self.asks_for_ids |= asker == Asker::Ids;
        if !self.ask_parent(asker, Handle::ALLOCATE_ID) {
            let dead = self.dead(DeadReason::Quota);
            match asker {
                Asker::IdsFor(applicant) => self.ids_came_for(applicant, Err(dead)),
                _ => self.ids_came(Err(dead)),
            }
        }
    }

    /// Ids for this context's own children, or none.
    pub(super) fn ids_came(&mut self, reply: Result<Body, Dead>) {
        self.asks_for_ids = false;
        let block = reply.and_then(|body| self.read_block(&body));
        let refused = match block {
            Ok(block) if self.ids.add(block) => None,
            Ok(_) => Some(self.dead(DeadReason::Malformed("no block of ids".to_owned()))),
            Err(dead) => Some(dead),
        };
        while let Some(request) = self.applicants.pop_front() {
            let id = match (self.ids.take(), &refused) {
                (Some(id), _) => Ok(id),
                (None, Some(dead)) => Err(dead.clone()),
                (None, None) => {
                    self.applicants.push_front(request);
                    return self.ask_for_ids(Asker::Ids);
                }
            };
            self.outputs.push_back(Output::Allocated { request, id });
        }
    }

    /// Ids for somebody below, or none.
    pub(super) fn ids_came_for(&mut self, applicant: Applicant, reply: Result<Body, Dead>) {
        let Applicant {
            link,
            context,
            reply_to,
        } = applicant;
        // Whoever has left meanwhile needs none.
        if self.links.get(link).is_none() {
            return;
        }
        let block = reply.and_then(|body| self.read_block(&body).map(|block| (block, body)));
        match block {
            Ok((block, body)) if self.ids.give(link, block) => {
                self.post(context, reply_to, Handle::NONE, &body);
            }
            Ok(_) => {
                let dead = self.dead(DeadReason::Malformed("no block of ids".to_owned()));
                self.post(context, reply_to, Handle::IS_DEAD, &encoded(&dead));
            }
            Err(dead) => self.post(context, reply_to, Handle::IS_DEAD, &encoded(&dead)),
        }
    }

    fn read_block(&self, body: &Body) -> Result<IdBlock, Dead> {
        let malformed = |error: crate::BodyError| {
            self.dead(DeadReason::Malformed(format!("ALLOCATE_ID: {error}")))
        };
        body.decode(OWN).map_err(malformed)
    }
}
