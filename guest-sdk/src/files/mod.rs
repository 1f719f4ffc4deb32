//! Files by absolute path: mode, owner, atomic replacement, links.
//!
//! Each function needs a grant for its path, which a task gets by naming the path in its parameters. An error
//! comes as the [`Failure`] that the task can return: `cannot read /etc/motd: ...`.

pub mod attributes;
mod error;
pub mod xattr;

pub use crate::bindings::zymogen::task::files::{Attributes, Content, Kind, Metadata};
pub(crate) use error::Purpose;

use crate::Failure;
use crate::host::files as host;

/// What is at the path; none if there is nothing. A symbolic link is not followed.
///
/// # Errors
/// When the path is not granted or the system refuses; the same holds for each function here.
pub fn stat(path: &str) -> Result<Option<Metadata>, Failure> {
    host::stat(path).map_err(|error| Purpose("look at", path).failed(error))
}

/// The whole content of a regular file of at most `limit` bytes.
///
/// # Errors
/// As [`stat`]; also when it is missing, longer, or no regular file.
pub fn read(path: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    host::read(path, limit).map_err(|error| Purpose("read", path).failed(error))
}

/// The whole content of a file that must be UTF-8.
///
/// # Errors
/// As [`read`]; also when it is not UTF-8.
pub fn read_text(path: &str, limit: u64) -> Result<String, Failure> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| Failure::conflict(format!("{path} is not UTF-8 text")))
}

/// BLAKE3 of a regular file's content, in 64 lower-case hexadecimal digits.
///
/// # Errors
/// As [`stat`]; also when it is missing or no regular file.
pub fn digest(path: &str) -> Result<String, Failure> {
    host::digest(path).map_err(|error| Purpose("digest", path).failed(error))
}

/// The names in a directory, sorted.
///
/// # Errors
/// As [`stat`]; also when it is missing or no directory.
pub fn entries(path: &str) -> Result<Vec<String>, Failure> {
    host::entries(path).map_err(|error| Purpose("list", path).failed(error))
}

/// The target of a symbolic link.
///
/// # Errors
/// As [`stat`]; also when it is missing or no link.
pub fn read_link(path: &str) -> Result<String, Failure> {
    host::read_link(path).map_err(|error| Purpose("read the link", path).failed(error))
}

/// Puts a regular file with this content at the path, in one step. What `attributes` leave out stays as it was; a new
/// file gets 0644.
///
/// # Errors
/// As [`stat`]; also when something that is no regular file is in the way.
pub fn replace(
    path: &str,
    content: impl Into<Content>,
    attributes: &Attributes,
) -> Result<(), Failure> {
    host::replace(path, &content.into(), attributes)
        .map_err(|error| Purpose("write", path).failed(error))
}

/// Makes a directory, and those that lead to it with mode 0755.
///
/// # Errors
/// As [`stat`]; also when anything is there already.
pub fn make_directory(path: &str, attributes: &Attributes) -> Result<(), Failure> {
    host::make_directory(path, attributes)
        .map_err(|error| Purpose("make the directory", path).failed(error))
}

/// Makes a symbolic link at `path`, in one step; a link in the way is replaced.
///
/// # Errors
/// As [`stat`]; also when anything but a link is in the way.
pub fn make_symlink(path: &str, target: &str) -> Result<(), Failure> {
    host::make_symlink(path, target).map_err(|error| Purpose("make the link", path).failed(error))
}

/// Makes `path` another name of the file `target`, which needs a grant to write, too.
///
/// # Errors
/// As [`stat`]; also when anything is in the way.
pub fn make_hard_link(path: &str, target: &str) -> Result<(), Failure> {
    host::make_hard_link(path, target).map_err(|error| Purpose("make the link", path).failed(error))
}

/// Sets mode and owner of what is at the path.
///
/// # Errors
/// As [`stat`]; also when it is missing, or a name is unknown.
pub fn set_attributes(path: &str, attributes: &Attributes) -> Result<(), Failure> {
    host::set_attributes(path, attributes)
        .map_err(|error| Purpose("set the attributes of", path).failed(error))
}

/// Sets the times of access and change to now; makes an empty file if there is nothing.
///
/// # Errors
/// As [`stat`].
pub fn touch(path: &str) -> Result<(), Failure> {
    host::touch(path).map_err(|error| Purpose("touch", path).failed(error))
}

/// Removes a file, a link, or an empty directory.
///
/// # Errors
/// As [`stat`]; also when it is missing, or a directory with something in it.
pub fn remove(path: &str) -> Result<(), Failure> {
    host::remove(path, false).map_err(|error| Purpose("remove", path).failed(error))
}

/// Removes what is at the path, with all that is below it.
///
/// # Errors
/// As [`stat`]; also when it is missing.
pub fn remove_all(path: &str) -> Result<(), Failure> {
    host::remove(path, true).map_err(|error| Purpose("remove", path).failed(error))
}

impl Kind {
    /// The kind in a person's words: `directory`, `symbolic link`.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Kind::File => "file",
            Kind::Directory => "directory",
            Kind::Symlink => "symbolic link",
            Kind::Other => "device, socket or pipe",
        }
    }
}

impl From<&[u8]> for Content {
    fn from(bytes: &[u8]) -> Self {
        Content::Bytes(bytes.to_vec())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Content::Bytes(bytes)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Content::Bytes(text.into_bytes())
    }
}
