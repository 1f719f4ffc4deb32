//! The slave's image on its way: which there are, in which form it travels, who provides it, how it is sent.

use crate::greeting::{Greeting, Said};
use crate::{Cause, hear};
use async_trait::async_trait;
use bytes::Bytes;
use proto::message::Bandwidth;
use std::pin::pin;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;

/// How long a context that starts a child for another may take to get the image from there. It is no part of the
/// start's deadline.
pub const IMAGE_PATIENCE: Duration = Duration::from_secs(600);

/// The form in which an image is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// As it is.
    Raw,
    /// One gzip member.
    Gzip,
    /// One zstd frame.
    Zstd,
}

impl Format {
    /// All of them, the smallest result first.
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Gzip, Self::Raw];

    /// The first stage's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Raw => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.word() == word)
    }

    /// The formats that a target accepts, the best one first.
    pub(crate) fn by_preference(accepted: &[Self], bandwidth: Bandwidth) -> Vec<Self> {
        let mut order = Self::ALL;
        if bandwidth == Bandwidth::Cheap {
            order.reverse();
        }
        order
            .into_iter()
            .filter(|format| accepted.contains(format))
            .collect()
    }
}

/// An image ready to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Packed {
    /// How `bytes` hold it.
    pub format: Format,
    /// What goes on the wire.
    pub bytes: Bytes,
    /// SHA-256 of the executable, before it was packed.
    pub sha256: String,
}

/// Why there is no image: the provider's own error.
pub type ImageError = Box<dyn std::error::Error + Send + Sync>;

/// Provides images: the master builds or finds them, a slave has its own.
#[async_trait]
pub trait ImageSource: Send + Sync {
    /// The image for a Linux machine, in one of `formats`, of which the first is the best here.
    ///
    /// # Errors
    /// If there is none for that machine, or not in these formats.
    async fn image(&self, machine: &str, formats: &[Format]) -> Result<Packed, ImageError>;
}

/// Answers `need`, and waits for the slave to be ready.
pub(crate) async fn send(
    packed: &Packed,
    reader: &mut pipe::Receiver,
    writer: &mut pipe::Sender,
    greeting: &mut Greeting,
) -> Result<(), Cause> {
    let line = format!(
        "{} {} {}\n",
        packed.format.word(),
        packed.bytes.len(),
        packed.sha256
    );
    let mut send = pin!(async {
        writer.write_all(line.as_bytes()).await?;
        writer.write_all(&packed.bytes).await
    });
    let mut listen = pin!(hear::line(reader, greeting, None));
    // The target may refuse the image before the whole of it is sent. If sending fails, the
    // target says why, or ends.
    let mut sending = true;
    let said = loop {
        tokio::select! {
            biased;
            said = &mut listen => break said?,
            _ = &mut send, if sending => sending = false,
        }
    };
    let unexpected = |what: &str| Err(Cause::Protocol(what.to_owned()));
    match said {
        // The last of it is written before the target can have the whole of it.
        Said::Ready if sending => unexpected("it was ready before it had its image"),
        Said::Ready => Ok(()),
        Said::Error { phase, text } => Err(Cause::Stage { step: phase, text }),
        Said::Need { .. } => unexpected("it asked for an image twice"),
        Said::Begun => unexpected("it began twice"),
    }
}
