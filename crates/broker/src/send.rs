//! What a context sends: calls, requests, messages without a reply. Each waits for room first.

use crate::broker::Broker;
use crate::lane::Kind;
use crate::pacing;
use proto::message::{Call, Dead, DeadReason, Down, Outcome};
use proto::router::Input;
use proto::{Body, ContextId, Handle, RequestId};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

impl Broker {
    /// Calls a function in another context. Dropping the future cancels the call.
    pub async fn call(&self, to: ContextId, call: &Call, arguments: &[u8]) -> Outcome {
        let asked = async {
            let body = Body::with_tail(call, arguments).map_err(|e| self.malformed(&e))?;
            let reply = self.request(to, Handle::CALL_FUNCTION, body).await?;
            let (mut outcome, tail) = reply
                .split::<Outcome>(self.shared.limits)
                .map_err(|e| self.malformed(&e))?;
            let trailing = tail.len();
            if outcome.set_tail(tail) {
                Ok(outcome)
            } else {
                Err(self.malformed(&proto::BodyError::Trailing(trailing)))
            }
        };
        asked.await.unwrap_or_else(Outcome::Dead)
    }

    /// Calls a function in another context, whose outcome nobody wants to know. Waits only for room in the queue of
    /// the link.
    ///
    /// # Errors
    /// If the call is too large. One to a context that is gone is lost without an error.
    pub async fn call_no_reply(
        &self,
        to: ContextId,
        call: &Call,
        arguments: &[u8],
    ) -> Result<(), Dead> {
        let body = Body::with_tail(call, arguments).map_err(|e| self.malformed(&e))?;
        self.post(to, Handle::CALL_FUNCTION, body).await
    }

    /// Sends a message and waits for the reply. Dropping the future abandons the request.
    ///
    /// # Errors
    /// If there will be no reply: why, and who noticed.
    pub async fn request(&self, to: ContextId, handle: Handle, body: Body) -> Result<Body, Dead> {
        let body = self.packed(body)?;
        let _weight = self.paced(to, body.bytes().len()).await;
        let (reply, answer) = oneshot::channel();
        let mut abandon = None;
        self.when_room(to, Kind::sent_to(handle), || {
            let request = {
                let mut core = self.lock();
                let request = core.new_request();
                core.replies.insert(request, reply);
                request
            };
            abandon = Some(Abandon(self, request));
            self.drive(Input::Request {
                request,
                to,
                handle,
                body,
            });
        })
        .await;
        let answer = answer.await;
        // The reply is here: there is nothing left to abandon.
        std::mem::forget(abandon);
        answer.unwrap_or_else(|_| Err(self.dead(DeadReason::LinkDown(Down::ClosedHere))))
    }

    /// Waits until a request may be sent to a context that is further away than a neighbour.
    async fn paced(&self, to: ContextId, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let allowed = {
            let mut core = self.lock();
            let router = &core.router;
            // Where no way leads the router says so.
            let next = router.towards(to).and_then(|link| router.peer(link));
            (next? != to).then(|| core.pacing.of(to))?
        };
        pacing::wait(allowed, bytes).await
    }

    /// An id for a child that this context starts.
    ///
    /// # Errors
    /// If there is none: the parent is gone, or has given as many as it gives.
    pub async fn allocate(&self) -> Result<ContextId, Dead> {
        let (sender, id) = oneshot::channel();
        let request = {
            let mut core = self.lock();
            let request = core.new_request();
            core.ids.insert(request, sender);
            request
        };
        let abandon = Abandon(self, request);
        self.drive(Input::Allocate { request });
        let id = id.await;
        std::mem::forget(abandon);
        id.unwrap_or_else(|_| Err(self.dead(DeadReason::LinkDown(Down::ClosedHere))))
    }

    /// Sends a message that has no reply. Waits only for room in the queue of the link.
    ///
    /// # Errors
    /// If the message is too large. A message to a context that is gone is lost without one.
    pub async fn post(&self, to: ContextId, handle: Handle, body: Body) -> Result<(), Dead> {
        let body = self.packed(body)?;
        self.when_room(to, Kind::sent_to(handle), || {
            self.drive(Input::Post {
                to,
                handle,
                reply_to: Handle::NONE,
                body,
            });
        })
        .await;
        Ok(())
    }

    /// Waits for room on the way to a context, then does `push`.
    pub(crate) async fn when_room(&self, to: ContextId, kind: Kind, push: impl FnOnce()) {
        let queue = self.lock().queue_towards(to);
        match queue {
            Some(queue) => queue.when_room(kind, push).await,
            // The router answers that there is no route.
            None => push(),
        }
    }

    /// The body as it goes over the wire.
    pub(crate) fn packed(&self, body: Body) -> Result<Body, Dead> {
        let max = self.shared.limits.max_body;
        if body.bytes().len() > max as usize {
            return Err(self.dead(DeadReason::TooLarge(max)));
        }
        Ok(match self.shared.compress_from {
            Some(threshold) => body.compressed(threshold as usize),
            None => body,
        })
    }

    pub(crate) fn malformed(&self, error: &proto::BodyError) -> Dead {
        self.dead(DeadReason::Malformed(error.to_string()))
    }

    pub(crate) fn dead(&self, reason: DeadReason) -> Dead {
        Dead {
            reason,
            at: self.shared.me,
        }
    }
}

/// Tells the respondent that nobody waits any longer, if the future of the request is dropped.
struct Abandon<'a>(&'a Broker, RequestId);

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        let Self(broker, request) = *self;
        {
            let mut core = broker.lock();
            core.replies.remove(&request);
            core.ids.remove(&request);
        }
        broker.drive(Input::Abandon { request });
    }
}
