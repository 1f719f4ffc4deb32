//! What a context sends: calls, requests, messages without a reply, bulk data. Each waits for room first.

use crate::IO_SIZE;
use crate::broker::Broker;
use crate::lane::Kind;
use bytes::Bytes;
use proto::message::{Call, Dead, DeadReason, Down, Outcome};
use proto::router::Input;
use proto::{Body, ContextId, Flags, Handle, RequestId};
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

    /// Sends a message and waits for the reply. Dropping the future abandons the request.
    ///
    /// # Errors
    /// If there will be no reply: why, and who noticed.
    pub async fn request(&self, to: ContextId, handle: Handle, body: Body) -> Result<Body, Dead> {
        let body = self.packed(body)?;
        let (reply, answer) = oneshot::channel();
        let mut abandon = None;
        self.when_room(to, Kind::sent_to(handle), || {
            let request = self.lock().new_request(reply);
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

    /// Sends raw bytes in chunks that give way to all other messages. `transfer` is the number that the
    /// announcing message gave; a chunk to a context that is gone is lost.
    pub async fn send_bulk(&self, to: ContextId, handle: Handle, transfer: u32, bytes: &Bytes) {
        for start in (0..bytes.len()).step_by(IO_SIZE) {
            let end = bytes.len().min(start + IO_SIZE);
            let body = Body::raw(Flags::BULK, bytes.slice(start..end));
            self.when_room(to, Kind::Bulk, || {
                self.drive(Input::Post {
                    to,
                    handle,
                    reply_to: Handle(transfer),
                    body,
                });
            })
            .await;
        }
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
        broker.lock().replies.remove(&request);
        broker.drive(Input::Abandon { request });
    }
}
