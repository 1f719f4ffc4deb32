//! Extended attributes. Names begin with their namespace: `user.`, `security.`, `trusted.`, `system.`.

use super::Purpose;
use crate::Failure;
use crate::host::files as host;

/// The value of one; none if there is none of this name.
///
/// # Errors
/// When the path is not granted or the system refuses; the same holds for each function here.
pub fn get(path: &str, name: &str) -> Result<Option<Vec<u8>>, Failure> {
    host::get_xattr(path, name).map_err(|error| Purpose("read an attribute of", path).failed(error))
}

/// Sets one, whether it was there or not.
///
/// # Errors
/// As [`get`]; also when the value is too long, or the file system has no such attributes.
pub fn set(path: &str, name: &str, value: &[u8]) -> Result<(), Failure> {
    host::set_xattr(path, name, value)
        .map_err(|error| Purpose("set an attribute of", path).failed(error))
}

/// Removes one.
///
/// # Errors
/// As [`get`]; also when there is none of this name.
pub fn remove(path: &str, name: &str) -> Result<(), Failure> {
    host::remove_xattr(path, name)
        .map_err(|error| Purpose("remove an attribute of", path).failed(error))
}

/// The names of all that can be seen, sorted.
///
/// # Errors
/// As [`get`].
pub fn list(path: &str) -> Result<Vec<String>, Failure> {
    host::list_xattrs(path).map_err(|error| Purpose("list the attributes of", path).failed(error))
}
