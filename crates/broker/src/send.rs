//! What a context sends: calls, requests, messages without a reply. Each waits for room first.

use crate::broker::Broker;
use crate::lane::Kind;
use crate::pacing::{Turn, Unread};
use proto::message::{Call, Dead, DeadReason, Down, Outcome};
use proto::router::Input;
use proto::{Body, ContextId, Handle, RequestId};
use tokio::sync::oneshot;

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

    /// Calls a function in another context, whose outcome nobody wants to know. Waits only until it may be sent.
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
        let turn = self.paced(to, body.bytes().len()).await;
        self.ask(to, handle, body, turn).await
    }

    /// Sends a request whose turn it is, and waits for the reply.
    pub(crate) async fn ask(
        &self,
        to: ContextId,
        handle: Handle,
        body: Body,
        turn: Option<Turn>,
    ) -> Result<Body, Dead> {
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
            self.sent(to, turn);
        })
        .await;
        let answer = answer.await;
        // The reply is here: there is nothing left to abandon.
        std::mem::forget(abandon);
        answer.unwrap_or_else(|_| Err(self.dead(DeadReason::LinkDown(Down::ClosedHere))))
    }

    /// Waits until something may be sent to a context that is further away than a neighbour.
    async fn paced(&self, to: ContextId, bytes: usize) -> Option<Turn> {
        let (pace, to_ask) = {
            let mut core = self.lock();
            let router = &core.router;
            // Where no way leads the router says so.
            let next = router.towards(to).and_then(|link| router.peer(link));
            (next? != to).then(|| core.pacing.of(to))?
        };
        for (context, unread) in to_ask {
            self.ask_whether_read(context, unread);
        }
        let ask = |unread| self.ask_whether_read(to, unread);
        Some(pace.turn(bytes, ask).await)
    }

    fn sent(&self, to: ContextId, turn: Option<Turn>) {
        if let Some(unread) = turn.and_then(Turn::sent) {
            self.ask_whether_read(to, unread);
        }
    }

    /// Asks behind what was sent, and holds its weight until the answer is here.
    fn ask_whether_read(&self, to: ContextId, unread: Unread) {
        let broker = self.clone();
        self.shared.io.spawn(async move {
            // Where there is no answer nothing is on its way any longer, either.
            let _ = broker.ask(to, Handle::PING, Body::empty(), None).await;
            drop(unread);
        });
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

    /// Sends a message that has no reply. Waits only for room in the queue of the link; what must not overtake a call,
    /// as that does.
    ///
    /// # Errors
    /// If the message is too large. A message to a context that is gone is lost without one.
    pub async fn post(&self, to: ContextId, handle: Handle, body: Body) -> Result<(), Dead> {
        let body = self.packed(body)?;
        let turn = match handle {
            Handle::CALL_FUNCTION | Handle::END_CHAIN => self.paced(to, body.bytes().len()).await,
            _ => None,
        };
        self.when_room(to, Kind::sent_to(handle), || {
            self.drive(Input::Post {
                to,
                handle,
                reply_to: Handle::NONE,
                body,
            });
            self.sent(to, turn);
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
