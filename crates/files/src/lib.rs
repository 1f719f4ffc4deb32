//! The disk side of the file service: what a context offers to others, and how it is read and written.
//!
//! Everything here blocks and knows nothing of messages. Whoever joins it to a channel asks a [`Reader`] for
//! as many bytes as there is credit, and gives a [`Writer`] what arrives; neither keeps more than one piece
//! in memory. The paths come from other machines and are hostile until the [`Registry`] has found them
//! to be below something that was offered.
//!
//! A transfer that broke goes on where it ended: the writer says how much it has, the reader begins
//! there, and both digests cover the content from its first byte.
//!
//! What is moved is the content and mode, owner, group and time of modification. Holes are filled with
//! zeros; extended attributes, access control lists, file capabilities and hard links are not carried over.

#![forbid(unsafe_code)]

mod attributes;
mod content;
mod error;
mod metadata;
mod names;
mod reader;
mod registry;
mod resolve;
mod temporary;
mod writer;

pub use attributes::Wanted;
pub use error::FileError;
pub use metadata::{Metadata, Time};
pub use reader::Reader;
pub use registry::{Access, Registry};
pub use writer::{Plan, Writer};

/// BLAKE3 of a whole content.
pub type Digest = [u8; 32];
