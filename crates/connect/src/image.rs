//! The slave's image on its way: which there are, in which form it travels, who provides it.

use async_trait::async_trait;
use bytes::Bytes;
use proto::message::Bandwidth;
use std::time::Duration;

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
