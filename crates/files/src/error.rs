//! What can go wrong with a file, told to somebody who may be on another machine.

use crate::Digest;
use crate::registry::Access;
use rustix::io::Errno;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file cannot be read or written. Each names the path and, where there is one, the remedy.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path is none that can be asked for.
    #[error("{path:?}: a path {must}")]
    Path {
        /// As it was asked for.
        path: PathBuf,
        /// The rule that it breaks.
        must: &'static str,
    },
    /// Nobody offered it.
    #[error("{path:?} is not offered for {access}: register the file, or a directory above it")]
    NotOffered {
        /// What was asked for.
        path: PathBuf,
        /// For what.
        access: Access,
    },
    /// A symbolic link is in the way.
    #[error(
        "{path:?}: a symbolic link leads out of what is offered, or stands where none is followed; \
         offer the place that it leads to"
    )]
    Link {
        /// What was asked for.
        path: PathBuf,
    },
    /// There is nothing.
    #[error("{path:?} does not exist; directories are not made on the way")]
    NotFound {
        /// What was asked for.
        path: PathBuf,
    },
    /// It has no content that could be moved.
    #[error("{path:?} is {what}: only regular files are moved")]
    NotRegular {
        /// What was asked for.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// Something that should have been a directory is none.
    #[error("{path:?}: a directory is expected where there is none")]
    NotADirectory {
        /// What was asked for or offered.
        path: PathBuf,
    },
    /// Reading should have begun behind the end.
    #[error("{path:?} has {size} bytes, so that reading cannot begin at {offset}: begin at 0")]
    Offset {
        /// The file.
        path: PathBuf,
        /// Where to begin.
        offset: u64,
        /// How much there is.
        size: u64,
    },
    /// The file is another than at the beginning.
    #[error("{path:?} changed while it was moved ({what}): try again when nobody writes to it")]
    Changed {
        /// The file.
        path: PathBuf,
        /// How it was noticed.
        what: &'static str,
    },
    /// Another writer is at it.
    #[error("{path:?} is being written by somebody else: try again when that is done")]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// What an earlier attempt seems to have left was made by somebody else, and cannot be removed.
    #[error("{path:?}: the temporary file {temporary} beside it {why}: remove it")]
    Untrusted {
        /// The file that should be written.
        path: PathBuf,
        /// The name of what is in its way, in the same directory.
        temporary: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// More came than was announced.
    #[error("{path:?}: {announced} bytes were announced, and {more} more came")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The announced size.
        announced: u64,
        /// By how much it would be exceeded.
        more: u64,
    },
    /// The content is not the announced one. It is gone.
    #[error(
        "{path:?}: {received} bytes with the digest {} came, {announced} bytes with the digest {} \
         were announced; what came is removed, send it again from the beginning",
        hex(.found), hex(.expected)
    )]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The announced size.
        announced: u64,
        /// The size of what came.
        received: u64,
        /// The announced digest.
        expected: Digest,
        /// The digest of what came.
        found: Digest,
    },
    /// A user or a group that this machine does not know.
    #[error("{path:?}: this machine has no {kind} {name:?}: use another name or a number")]
    UnknownName {
        /// The file.
        path: PathBuf,
        /// User or group.
        kind: &'static str,
        /// As it was asked for.
        name: String,
    },
    /// A wish that no file can have.
    #[error("{path:?}: {what}")]
    Attribute {
        /// The file.
        path: PathBuf,
        /// What is impossible.
        what: String,
    },
    /// The operating system refused something.
    #[error("cannot {action} {path:?}: {source}")]
    Io {
        /// What was done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl FileError {
    /// An error of the system while something was done with a path.
    pub(crate) fn io(action: &'static str, path: &Path, error: impl Into<io::Error>) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source: error.into(),
        }
    }

    /// An error of the system on the way to a path.
    pub(crate) fn on_the_way(path: &Path, error: Errno) -> Self {
        let path = path.to_owned();
        match error {
            Errno::NOENT => Self::NotFound { path },
            Errno::NOTDIR => Self::NotADirectory { path },
            // What openat2 says if the way would leave its root.
            Errno::XDEV | Errno::LOOP => Self::Link { path },
            error => Self::io("open", &path, error),
        }
    }
}

fn hex(digest: &Digest) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}
