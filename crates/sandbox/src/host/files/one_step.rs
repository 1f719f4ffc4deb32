//! Something new at a place in one step: a reader sees what was there, or the new, never a part.

use super::super::bindings::zymogen::task::files::Error;
use super::super::locate::{Place, failed};
use rustix::fs::AtFlags;
use rustix::io::Errno;
use std::hash::{BuildHasher, RandomState};

/// Names that are tried. One is enough unless somebody guesses them.
const ATTEMPTS: u32 = 8;

/// Makes something under a temporary name beside the place, completes it, and gives it the place's name.
pub(super) fn in_one_step<T>(
    place: &Place,
    make: impl Fn(&str) -> Result<T, Errno>,
    complete: impl FnOnce(T) -> Result<(), Errno>,
) -> Result<(), Error> {
    let failed = |error| failed(&place.path, error);
    let directory = &*place.directory;
    let (temporary, made) = under_a_new_name(make).map_err(failed)?;
    let done = complete(made)
        .and_then(|()| rustix::fs::renameat(directory, &temporary, directory, &place.name));
    // Also after a success: between two names of one file the system's rename does nothing.
    let _ = rustix::fs::unlinkat(directory, &temporary, AtFlags::empty());
    done.map_err(failed)
}

/// `make` must say EXIST if there is something of that name, and then have made nothing.
fn under_a_new_name<T>(make: impl Fn(&str) -> Result<T, Errno>) -> Result<(String, T), Errno> {
    let mut left = ATTEMPTS;
    loop {
        left -= 1;
        // Other contexts may write to the same volume, so that a process id and a number are not enough. The
        // standard library's hashes begin with random keys of the system's.
        let unique = RandomState::new().hash_one(left);
        let name = format!(".zymogen-{unique:016x}.tmp");
        match make(&name) {
            Ok(made) => return Ok((name, made)),
            Err(Errno::EXIST) if left > 0 => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
