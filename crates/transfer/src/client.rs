//! Moves files to and from another context.

use crate::message::{Opened, Read, Stat, Write};
use crate::pump::{self, PumpError, blocking};
use crate::{NAME, WINDOW};
use broker::{Broker, Item, Receiver, ServiceError};
use files::{Access, FileError, Metadata, Plan, Reader, Registry, Wanted, Writer};
use proto::ContextId;
use proto::message::Dead;
use proto::router::Accept;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

/// How long the other side may take to say why it has closed a channel.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// Why a file did not come through.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// This side's disk.
    #[error(transparent)]
    Here(#[from] FileError),
    /// The other side says why.
    #[error("the other side: {0}")]
    There(ServiceError),
    /// The way between.
    #[error(transparent)]
    Way(#[from] Dead),
    /// The program ends.
    #[error("the transfer was interrupted")]
    Interrupted,
    /// The other side does not keep to the protocol.
    #[error("the other side sent what was not asked for")]
    Protocol,
}

impl From<ServiceError> for TransferError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Dead(dead) => Self::Way(dead),
            said => Self::There(said),
        }
    }
}

impl From<PumpError> for TransferError {
    fn from(error: PumpError) -> Self {
        match error {
            PumpError::File(error) => Self::Here(error),
            PumpError::Channel(dead) => Self::Way(dead),
            // Only a service is impatient.
            PumpError::Interrupted | PumpError::Idle(_) => Self::Interrupted,
            PumpError::NoFile => Self::Protocol,
        }
    }
}

/// The file service of one context, seen from another.
#[derive(Clone, Debug)]
pub struct Client {
    broker: Broker,
    context: ContextId,
}

impl Client {
    /// Of this context.
    #[must_use]
    pub fn new(broker: Broker, context: ContextId) -> Self {
        Self { broker, context }
    }

    /// What a file there is like.
    ///
    /// # Errors
    /// If it is not there, or not offered.
    pub async fn stat(&self, path: &Path) -> Result<Metadata, TransferError> {
        let path = path.to_owned();
        Ok(self.call("stat", &Stat { path }).await?)
    }

    /// Sends a file of this machine there. It takes its place when it is complete, with the mode, owner and time that are
    /// wanted. With `resume` it goes on where an earlier attempt broke off, and can be gone on with if this one does.
    ///
    /// # Errors
    /// What failed, and on which side. Dropping the future gives the file up.
    pub async fn send(
        &self,
        here: &Path,
        there: &Path,
        metadata: Wanted,
        resume: bool,
    ) -> Result<Metadata, TransferError> {
        let source = here.to_owned();
        let offer = move || {
            let mut registry = Registry::new();
            registry.offer_file(&source)?;
            let size = Reader::open(&registry, &source, 0)?.metadata().size;
            Ok((registry, size))
        };
        let (registry, size) = blocking(offer).await?;
        // It is told one thing.
        let mut news = self.broker.receiver(Accept::Context(self.context), 0);
        let write = Write {
            path: there.to_owned(),
            plan: Plan {
                size,
                metadata,
                resume,
            },
            to: news.address(),
        };
        let mut asked = pin!(self.call("write", &write));
        let mut sent = pin!(self.content(registry, here, &mut news));
        tokio::select! {
            told = &mut asked => Ok(told?),
            sent = &mut sent => match sent {
                Ok(()) => Ok(asked.await?),
                Err(error) => Err(reason(error, asked).await),
            },
        }
    }

    /// Sends the content of a file where it is wanted.
    async fn content(
        &self,
        registry: Registry,
        here: &Path,
        news: &mut Receiver,
    ) -> Result<(), TransferError> {
        let Opened { to, offset } = match news.next().await.item {
            Item::Message(body) => body
                .decode(self.broker.limits())
                .map_err(|_| TransferError::Protocol)?,
            Item::Dead(dead) => return Err(dead.into()),
            Item::Bytes(_) | Item::End => return Err(TransferError::Protocol),
        };
        if to.context != self.context {
            return Err(TransferError::Protocol);
        }
        let source = here.to_owned();
        let reader = blocking(move || Reader::open(&registry, &source, offset)).await?;
        let sender = self.broker.byte_sender(to)?;
        Ok(pump::send(reader, sender, None).await?)
    }

    /// Fetches a file from there. Without `metadata` it gets the permissions and the time that it has there; else as
    /// [`send`](Self::send).
    ///
    /// # Errors
    /// What failed, and on which side. Dropping the future gives the file up.
    pub async fn fetch(
        &self,
        there: &Path,
        here: &Path,
        metadata: Option<Wanted>,
        resume: bool,
    ) -> Result<Metadata, TransferError> {
        let found = self.stat(there).await?;
        // What is there says nothing of who has which rights here.
        let plain = || Wanted {
            mode: Some(found.mode & 0o777),
            modified: Some(found.modified),
            ..Wanted::default()
        };
        let plan = Plan {
            size: found.size,
            metadata: metadata.unwrap_or_else(plain),
            resume,
        };
        let target = here.to_owned();
        let open = move || {
            let mut registry = Registry::new();
            registry.offer_prefix(target.parent().unwrap_or(&target), Access::Write)?;
            Writer::open(&registry, &target, &plan)
        };
        let writer = pump::open(open).await?;
        let mut receiver = self.broker.receiver(Accept::Context(self.context), WINDOW);
        let read = Read {
            path: there.to_owned(),
            offset: writer.offset(),
            to: receiver.address(),
        };
        let mut asked = pin!(self.call::<()>("read", &read));
        let mut came = pin!(pump::receive(writer, &mut receiver, None));
        tokio::select! {
            told = &mut asked => {
                told?;
                Ok(came.await?)
            }
            came = &mut came => match came {
                // It is in its place: there is nothing more to learn.
                Ok(metadata) => Ok(metadata),
                Err(error) => Err(reason(error.into(), asked).await),
            },
        }
    }

    async fn call<R: serde::de::DeserializeOwned>(
        &self,
        method: &str,
        arguments: &impl serde::Serialize,
    ) -> Result<R, ServiceError> {
        let broker = &self.broker;
        broker
            .call_service(self.context, NAME, method, arguments)
            .await
    }
}

/// Why a transfer failed here. If the other side has closed its channel, it says why where it was asked.
async fn reason<T>(
    error: TransferError,
    asked: impl Future<Output = Result<T, ServiceError>>,
) -> TransferError {
    if !matches!(error, TransferError::Way(_)) {
        return error;
    }
    match tokio::time::timeout(LAST_WORDS, asked).await {
        Ok(Err(told)) => told.into(),
        _ => error,
    }
}
