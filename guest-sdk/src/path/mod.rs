//! Looking at the text of a path before anything is done to it.

use crate::Failure;

/// Directories of the machine itself: no task has a reason to remove one of them as a whole.
const SYSTEM: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "lib32",
    "lib64",
    "libx32",
    "media",
    "mnt",
    "opt",
    "proc",
    "root",
    "run",
    "sbin",
    "srv",
    "sys",
    "tmp",
    "usr",
    "usr/bin",
    "usr/lib",
    "usr/lib64",
    "usr/libexec",
    "usr/local",
    "usr/sbin",
    "usr/share",
    "var",
    "var/cache",
    "var/lib",
    "var/log",
    "var/run",
    "var/spool",
    "var/tmp",
];

/// Checks that a parameter is an absolute path without `..`, so that it names what it seems to name.
///
/// # Errors
/// When it is not.
pub fn check(path: &str) -> Result<(), Failure> {
    if !path.starts_with('/') {
        return Err(
            Failure::invalid(format!("`{path}` is not an absolute path"))
                .hint("begin it with `/`; `~` and variables are not expanded"),
        );
    }
    if path.contains('\0') {
        return Err(Failure::invalid("a path has a zero byte in it"));
    }
    if path.split('/').any(|part| part == "..") {
        return Err(Failure::invalid(format!("`{path}` goes back with `..`"))
            .hint("write the path that it leads to"));
    }
    Ok(())
}

/// Whether the path is the root or a directory that belongs to the machine, such as `/etc` or `/usr/lib`.
#[must_use]
pub fn is_of_the_system(path: &str) -> bool {
    let plain: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    plain.is_empty() || SYSTEM.contains(&plain.join("/").as_str())
}

#[cfg(test)]
mod tests;
