//! Mode, owner and time that a new file shall have.

use crate::error::FileError;
use crate::metadata::{MODE_BITS, Metadata, Time};
use crate::names;
use rustix::fs::{Gid, Mode, Stat, Timespec, Timestamps, UTIME_OMIT, Uid};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;

/// The mode of a new file if nobody says otherwise.
const FILE_MODE: u32 = 0o644;
/// Those that a file keeps when its content is replaced. The others give a content the rights of its owner, and
/// whoever trusted the old one so did not mean the new one.
const KEPT_BITS: u32 = 0o777;
const NANOSECONDS: u32 = 1_000_000_000;

/// What a written file shall have besides its content. What is not said stays as it was; a new
/// file gets mode 0644, belongs to the writing user and was modified now.
///
/// Everything that is wished is done if the system permits it, set-user-id bits and foreign owners
/// included. Whether somebody may wish that is up to the caller.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// The twelve permission bits.
    pub mode: Option<u32>,
    /// A user's name, or number in decimal digits.
    pub owner: Option<String>,
    /// A group's name, or number in decimal digits.
    pub group: Option<String>,
    /// When it was modified last. The time of the last access is not changed.
    pub modified: Option<Time>,
}

impl Wanted {
    /// All that another file has; its owner and group by name if they have one.
    #[must_use]
    pub fn like(metadata: &Metadata) -> Self {
        let or_number =
            |name: &Option<String>, id: u32| name.clone().unwrap_or_else(|| id.to_string());
        Self {
            mode: Some(metadata.mode),
            owner: Some(or_number(&metadata.owner, metadata.uid)),
            group: Some(or_number(&metadata.group, metadata.gid)),
            modified: Some(metadata.modified),
        }
    }
}

/// The same, possible and with names turned into numbers.
pub(crate) struct Resolved {
    mode: Option<u32>,
    owner: Option<u32>,
    group: Option<u32>,
    modified: Option<Timespec>,
}

impl Resolved {
    pub(crate) fn new(path: &Path, wanted: &Wanted) -> Result<Self, FileError> {
        let impossible = |what| {
            let path = path.to_owned();
            FileError::Attribute { path, what }
        };
        if let Some(mode) = wanted.mode.filter(|mode| mode & !MODE_BITS != 0) {
            return Err(impossible(format!("{mode:#o} is no mode: at most 0o7777")));
        }
        let too_late = |time: &Time| time.nanoseconds >= NANOSECONDS;
        if let Some(time) = wanted.modified.filter(too_late) {
            let nanoseconds = time.nanoseconds;
            return Err(impossible(format!(
                "{nanoseconds} nanoseconds are more than a second"
            )));
        }
        let find = |kind, name: &Option<String>, id: fn(&str) -> Option<u32>| {
            let find = |name: &String| {
                id(name).ok_or_else(|| FileError::UnknownName {
                    path: path.to_owned(),
                    kind,
                    name: name.clone(),
                })
            };
            name.as_ref().map(find).transpose()
        };
        Ok(Self {
            mode: wanted.mode,
            owner: find("user", &wanted.owner, names::user_id)?,
            group: find("group", &wanted.group, names::group_id)?,
            modified: wanted.modified.map(|time| Timespec {
                tv_sec: time.seconds,
                tv_nsec: time.nanoseconds.into(),
            }),
        })
    }

    /// Gives them to a file that takes the place of `old`.
    pub(crate) fn apply(
        &self,
        path: &Path,
        file: &File,
        old: Option<&Stat>,
    ) -> Result<(), FileError> {
        let io = |action| move |error| FileError::io(action, path, error);
        let now = rustix::fs::fstat(file).map_err(io("look at"))?;
        let owner = self.owner.or(old.map(|old| old.st_uid));
        let group = self.group.or(old.map(|old| old.st_gid));
        // Who may not change an owner may say whose it is already.
        let owner = owner.filter(|owner| *owner != now.st_uid);
        let group = group.filter(|group| *group != now.st_gid);
        if owner.is_some() || group.is_some() {
            let (owner, group) = (owner.map(Uid::from_raw), group.map(Gid::from_raw));
            rustix::fs::fchown(file, owner, group).map_err(io("change the owner of"))?;
        }
        // After the owner: changing it takes the set-user-id bit away.
        let mode = self.mode.or(old.map(|old| old.st_mode & KEPT_BITS));
        let mode = Mode::from(mode.unwrap_or(FILE_MODE));
        rustix::fs::fchmod(file, mode).map_err(io("change the mode of"))?;
        if let Some(modified) = self.modified {
            let times = Timestamps {
                last_access: Timespec {
                    tv_sec: 0,
                    tv_nsec: UTIME_OMIT,
                },
                last_modification: modified,
            };
            rustix::fs::futimens(file, &times).map_err(io("set the time of"))?;
        }
        Ok(())
    }
}
