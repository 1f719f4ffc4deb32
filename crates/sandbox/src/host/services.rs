//! `zymogen:task/services`: methods of the program that is the master.

use super::bindings::zymogen::task::services::{Error, Host};
use crate::guest::Guest;
use proto::message::{CallMethod, Refusal};
use wasmtime::Result;

impl Host for Guest {
    async fn call(
        &mut self,
        service: String,
        method: String,
        argument: String,
    ) -> Result<Result<String, Error>> {
        if !self.policy.may_use_service(&service) {
            let why = self.denied(&format!("to use the service `{service}`"));
            return Ok(Err(Error::Denied(why)));
        }
        let asked = self.asks().ask("service", |ticket| CallMethod {
            ticket,
            service,
            method,
            argument,
        });
        Ok(asked.await.map_err(|refusal| match refusal {
            Refusal::Denied(why) => Error::Denied(why),
            Refusal::Invalid(why) => Error::Invalid(why),
            Refusal::Failed(why) => Error::Failed(why),
            Refusal::Broken(why) => Error::Broken(why),
        }))
    }
}
