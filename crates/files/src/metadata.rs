//! What is known of a file besides its content.

use crate::names;
use rustix::fs::Stat;
use serde::{Deserialize, Serialize};

/// The twelve bits that `chmod` sets.
pub(crate) const MODE_BITS: u32 = 0o7777;

/// What is known of a regular file besides its content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Metadata {
    /// In bytes.
    pub size: u64,
    /// The twelve permission bits: read, write, execute for three, set-user-id, set-group-id, sticky.
    pub mode: u32,
    /// The owner's number on the machine where the file is.
    pub uid: u32,
    /// The group's number there.
    pub gid: u32,
    /// The owner's name, if the machine knows one.
    pub owner: Option<String>,
    /// The group's name, if the machine knows one.
    pub group: Option<String>,
    /// When the content changed last.
    pub modified: Time,
}

/// A time since the beginning of 1970 in UTC, without leap seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Time {
    /// Whole seconds, negative before 1970.
    pub seconds: i64,
    /// Nanoseconds after that second, less than 1,000,000,000.
    pub nanoseconds: u32,
}

impl Metadata {
    pub(crate) fn new(stat: &Stat) -> Self {
        Self {
            size: size(stat),
            mode: stat.st_mode & MODE_BITS,
            uid: stat.st_uid,
            gid: stat.st_gid,
            owner: names::user_name(stat.st_uid),
            group: names::group_name(stat.st_gid),
            modified: modified(stat),
        }
    }
}

/// What tells one state of a file's content from another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Version {
    pub(crate) size: u64,
    modified: Time,
    /// When anything changed, names and mode included. Nobody can set it back.
    changed: Time,
}

impl Version {
    #[allow(clippy::useless_conversion)]
    pub(crate) fn new(stat: &Stat) -> Self {
        Self {
            size: size(stat),
            modified: modified(stat),
            changed: time(stat.st_ctime.into(), stat.st_ctime_nsec.into()),
        }
    }

    /// What is different in a later version.
    pub(crate) fn difference(&self, later: &Self) -> Option<&'static str> {
        match () {
            () if later.size < self.size => Some("it is shorter now"),
            () if later.size > self.size => Some("it is longer now"),
            () if later.modified != self.modified => Some("it was written to"),
            () if later.changed != self.changed => Some("it was replaced, or its mode was changed"),
            () => None,
        }
    }
}

fn size(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or(0)
}

// The fields of `stat` have other widths on other machines.
#[allow(clippy::useless_conversion)]
fn modified(stat: &Stat) -> Time {
    time(stat.st_mtime.into(), stat.st_mtime_nsec.into())
}

fn time(seconds: i64, nanoseconds: u64) -> Time {
    Time {
        seconds,
        nanoseconds: u32::try_from(nanoseconds).unwrap_or(0),
    }
}
