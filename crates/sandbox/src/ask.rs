//! What a guest asks of the master, through the context that runs it.

use crate::guest::Guest;
use crate::upstream::Upstream;
use proto::message::Refusal;
use proto::{Body, Limits};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Where a guest's questions go, and on whose behalf.
#[derive(Clone)]
pub struct Asks {
    pub(crate) upstream: Arc<dyn Upstream>,
    /// The number that came with the call; none if nobody would answer.
    pub(crate) ticket: Option<u64>,
}

impl Guest {
    /// Where this one's go.
    #[must_use]
    pub fn asks(&self) -> Asks {
        Asks {
            upstream: self.upstream.clone(),
            ticket: self.ticket,
        }
    }

    /// What a guest is told that may not do something.
    pub(crate) fn denied(&self, what: &str) -> String {
        format!("{what}; granted: {}", self.policy.summary())
    }
}

impl Asks {
    /// Calls a method of the master's service for guests.
    ///
    /// # Errors
    /// Why there is no answer, or the refusal that it is.
    pub async fn ask<A: Serialize, R: DeserializeOwned>(
        self,
        method: &str,
        request: impl FnOnce(u64) -> A,
    ) -> Result<R, Refusal> {
        let Some(ticket) = self.ticket else {
            let why = "to ask for more: whoever called does not wait for the outcome";
            return Err(Refusal::Denied(why.to_owned()));
        };
        let broken = |why: String| Refusal::Broken(why);
        let request = Body::new(&request(ticket)).map_err(|error| broken(error.to_string()))?;
        let answer = self.upstream.ask(method, request).await.map_err(broken)?;
        let answer: Result<Result<R, Refusal>, _> = answer.decode(Limits::default());
        answer.map_err(|error| broken(error.to_string()))?
    }
}
