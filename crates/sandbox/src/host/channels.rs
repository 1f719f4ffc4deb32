//! `zymogen:task/channels`: messages between tasks, which wait on the master.

use super::bindings::zymogen::task::channels::{Error, Host};
use crate::guest::Guest;
use bytes::Bytes;
use proto::message::{MAX_MESSAGE, ReceiveMessage, Refusal, SendMessage};
use wasmtime::Result;

impl Guest {
    fn may_use(&self, channel: &str) -> Result<(), Error> {
        if self.policy.may_use_channel(channel) {
            return Ok(());
        }
        let why = self.denied(&format!("to use the channel `{channel}`"));
        Err(Error::Denied(why))
    }
}

impl Host for Guest {
    async fn send(&mut self, channel: String, message: Vec<u8>) -> Result<Result<(), Error>> {
        if let Err(denied) = self.may_use(&channel) {
            return Ok(Err(denied));
        }
        if message.len() > MAX_MESSAGE {
            return Ok(Err(Error::TooLarge(MAX_MESSAGE as u64)));
        }
        let asked = self.asks().ask("send", |ticket| SendMessage {
            ticket,
            channel,
            message: message.into(),
        });
        Ok(asked.await.map_err(refused))
    }

    async fn receive(
        &mut self,
        channel: String,
        wait_ms: Option<u64>,
    ) -> Result<Result<Option<Vec<u8>>, Error>> {
        if let Err(denied) = self.may_use(&channel) {
            return Ok(Err(denied));
        }
        let asked = self.asks().ask("receive", |ticket| ReceiveMessage {
            ticket,
            channel,
            wait_ms,
        });
        let received: Result<Option<Bytes>, Refusal> = asked.await;
        Ok(received
            .map(|message| message.map(Vec::from))
            .map_err(refused))
    }
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Denied(why) => Error::Denied(why),
        Refusal::Invalid(why) => Error::Full(why),
        Refusal::Failed(why) | Refusal::Broken(why) => Error::Broken(why),
    }
}
