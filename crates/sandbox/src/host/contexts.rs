//! `zymogen:task/contexts`: functions of modules elsewhere.

use super::bindings::zymogen::task::contexts::{Error, Host};
use crate::guest::Guest;
use proto::message::{CallElsewhere, Refusal};
use proto::policy::Callee;
use wasmtime::Result;

impl Host for Guest {
    async fn call(
        &mut self,
        callee: String,
        function: String,
        arguments: String,
    ) -> Result<Result<String, Error>> {
        let wanted = callee.parse::<Callee>();
        let Some(callee) = wanted.ok().filter(|wanted| self.policy.may_call(wanted)) else {
            let why = self.denied(&format!("to call `{callee}`"));
            return Ok(Err(Error::Denied(why)));
        };
        let asked = self.asks().ask("call", |ticket| CallElsewhere {
            ticket,
            callee: callee.to_string(),
            function,
            arguments,
        });
        Ok(asked.await.map_err(|refusal| match refusal {
            Refusal::Denied(why) => Error::Denied(why),
            Refusal::Invalid(why) => Error::Invalid(why),
            Refusal::Failed(error) => Error::Failed(error),
            Refusal::Broken(why) => Error::Broken(why),
        }))
    }
}
