//! `zymogen:task/secrets`: secrets that the call's parameters name.

use super::bindings::zymogen::task::secrets::{Error, Host};
use crate::guest::Guest;
use wasmtime::Result;

impl Host for Guest {
    async fn get(&mut self, name: String) -> Result<Result<String, Error>> {
        Ok(match self.policy.secret(&name) {
            Some(secret) => Ok(secret.0.clone()),
            None => {
                let why = self.denied(&format!("to know the secret `{name}`"));
                Err(Error::Denied(why))
            }
        })
    }
}
