//! How ids are handed down.

use super::{Model, Who, encoded};
use crate::network::LIMITS;
use proto::message::{Dead, DeadReason, IdBlock};
use proto::router::Output;
use proto::{Body, ContextId, Handle, Header, LinkId, RequestId};

/// Ids that are given at once.
const BLOCK: u32 = 1000;

impl Model {
    /// A context needs an id for its own child.
    pub(super) fn allocate(&mut self, request: RequestId, did: &[Output]) {
        if let Some(id) = self.take() {
            let id = Ok(id);
            return self.expected.push(Output::Allocated { request, id });
        }
        self.waiting.push_back(request);
        if !self.asking {
            self.ask_for_ids(did);
        }
    }

    fn ask_for_ids(&mut self, did: &[Output]) {
        self.asking = self.ask_parent(Who::Ids, Handle::ALLOCATE_ID, did);
        if !self.asking {
            self.ids_came(Err(self.dead(DeadReason::Quota)), did);
        }
    }

    fn take(&mut self) -> Option<ContextId> {
        let (from, to) = self.own.pop_front()?;
        if from + 1 < to {
            self.own.push_front((from + 1, to));
        }
        Some(ContextId(from))
    }

    /// ALLOCATE_ID from a child.
    pub(super) fn allocate_for(&mut self, link: LinkId, header: &Header, did: &[Output]) {
        if !header.reply_to.is_dynamic() {
            return;
        }
        let blocks = self.blocks.entry(link).or_default();
        if *blocks == self.quotas.blocks {
            return self.refuse(header, DeadReason::Quota);
        }
        *blocks += 1;
        let who = Who::IdsFor(link, header.src, header.reply_to);
        if self.parents.is_empty() {
            let (from, to) = self
                .own
                .pop_front()
                .expect("there are more than anybody needs");
            self.own.push_front((from + BLOCK, to));
            let (first, count) = (ContextId(from), BLOCK);
            self.answered(who, Ok(encoded(&IdBlock { first, count })), did);
        } else if !self.ask_parent(who, Handle::ALLOCATE_ID, did) {
            self.answered(who, Err(self.dead(DeadReason::Quota)), did);
        }
    }

    pub(super) fn ids_came(&mut self, reply: Result<Body, Dead>, did: &[Output]) {
        self.asking = false;
        let refused = match reply.map(|body| block(&body)) {
            Ok(Some((from, to))) => {
                self.own.push_back((from, to));
                None
            }
            // What is wrong with it, for a person, is the router's to say.
            Ok(None) => Some(self.said_malformed(did)),
            Err(dead) => Some(dead),
        };
        while let Some(request) = self.waiting.pop_front() {
            let id = match (self.take(), &refused) {
                (Some(id), _) => Ok(id),
                (None, Some(dead)) => Err(dead.clone()),
                (None, None) => {
                    self.waiting.push_front(request);
                    return self.ask_for_ids(did);
                }
            };
            self.expected.push(Output::Allocated { request, id });
        }
    }

    fn said_malformed(&self, did: &[Output]) -> Dead {
        let mut reasons = did.iter().filter_map(|output| match output {
            Output::Allocated { id: Err(dead), .. } => Some(dead.clone()),
            _ => None,
        });
        let said = reasons.find(|it| matches!(it.reason, DeadReason::Malformed(_)));
        said.unwrap_or_else(|| self.dead(DeadReason::Crashed))
    }

    pub(super) fn ids_came_for(
        &mut self,
        link: LinkId,
        (context, at): (ContextId, Handle),
        reply: Result<Body, Dead>,
        did: &[Output],
    ) {
        if !self.links.contains_key(&link) {
            return;
        }
        match reply {
            Ok(body) => {
                if let Some((from, to)) = block(&body) {
                    self.given.push((from, to, link));
                    self.send(context, at, Handle::NONE, &body);
                } else {
                    let told = |it: &&Output| match it {
                        Output::Send { frame, .. } => {
                            let header = frame.header;
                            let to = (header.dst, header.handle, header.reply_to);
                            to == (context, at, Handle::IS_DEAD)
                        }
                        _ => false,
                    };
                    let told = did.iter().find(told);
                    let told = told.expect("whoever asked is told that it is no block");
                    self.expected.push(told.clone());
                }
            }
            Err(dead) => self.send(context, at, Handle::IS_DEAD, &encoded(&dead)),
        }
    }
}

/// The ids of a block. Only the hostile give anything else, to those below them.
fn block(body: &Body) -> Option<(u32, u32)> {
    let IdBlock { first, count } = body.decode(LIMITS).ok()?;
    let end = first.0.checked_add(count)?;
    (first.0 > 0 && count > 0).then_some((first.0, end))
}
