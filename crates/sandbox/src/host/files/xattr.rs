//! Extended attributes of what is at a place, be it a link.

use super::super::bindings::zymogen::task::files::Error;
use super::super::locate::{Exactly, Place, failed};
use rustix::fs::XattrFlags;
use rustix::io::Errno;

/// The longest value, and the longest list of names: the kernel's own limits.
const MAX_VALUE: usize = 64 << 10;
/// The longest name, likewise. Beyond it the kernel says the same as of a value that is too long.
const MAX_NAME: usize = 255;

/// The value of one, if there is one of this name.
pub(super) fn get(place: &Place, name: &str) -> Result<Option<Vec<u8>>, Error> {
    check(place, name)?;
    let there = Exactly::at(place)?;
    let mut value = vec![0; MAX_VALUE];
    match rustix::fs::getxattr(there.path(), name, value.as_mut_slice()) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(Errno::NODATA) => Ok(None),
        Err(error) => Err(refused(place, name, error)),
    }
}

/// Gives one this value.
pub(super) fn set(place: &Place, name: &str, value: &[u8]) -> Result<(), Error> {
    check(place, name)?;
    if value.len() > MAX_VALUE {
        return Err(Error::TooLarge(MAX_VALUE as u64));
    }
    let there = Exactly::at(place)?;
    rustix::fs::setxattr(there.path(), name, value, XattrFlags::empty())
        .map_err(|error| refused(place, name, error))
}

/// Takes one away.
pub(super) fn remove(place: &Place, name: &str) -> Result<(), Error> {
    check(place, name)?;
    let there = Exactly::at(place)?;
    rustix::fs::removexattr(there.path(), name).map_err(|error| refused(place, name, error))
}

/// The names, sorted.
pub(super) fn list(place: &Place) -> Result<Vec<String>, Error> {
    let there = Exactly::at(place)?;
    let mut names = vec![0; MAX_VALUE];
    let length = match rustix::fs::listxattr(there.path(), names.as_mut_slice()) {
        Ok(length) => length,
        // What can have none has none.
        Err(Errno::OPNOTSUPP) => 0,
        Err(error) => return Err(refused(place, "", error)),
    };
    names.truncate(length);
    let mut names: Vec<_> = names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn check(place: &Place, name: &str) -> Result<(), Error> {
    if name.is_empty() || name.len() > MAX_NAME || name.contains('\0') {
        let why = "no name of an extended attribute: 1 to 255 bytes, none of them zero";
        return Err(Error::Io(format!("{}: `{name}` is {why}", place.path)));
    }
    Ok(())
}

fn refused(place: &Place, name: &str, error: Errno) -> Error {
    let path = &place.path;
    match error {
        Errno::NODATA => Error::NotFound(format!("{path} has no attribute `{name}`")),
        Errno::OPNOTSUPP => Error::Unsupported(format!("{path} cannot have an attribute `{name}`")),
        Errno::RANGE | Errno::TOOBIG => Error::TooLarge(MAX_VALUE as u64),
        error => failed(path, error),
    }
}
