//! Users and groups by name, from /etc/passwd and /etc/group: a static program has no other way.

use std::fs;

pub(super) const PASSWD: &str = "/etc/passwd";
pub(super) const GROUP: &str = "/etc/group";

/// The user id of a name or of a decimal number.
pub(super) fn user_id(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| id(PASSWD, name))
}

/// The group id of a name or of a decimal number.
pub(super) fn group_id(name: &str) -> Option<u32> {
    name.parse().ok().or_else(|| id(GROUP, name))
}

/// A user's name.
pub(super) fn user_name(uid: u32) -> Option<String> {
    name(PASSWD, uid)
}

/// A group's name.
pub(super) fn group_name(gid: u32) -> Option<String> {
    name(GROUP, gid)
}

/// Name, number and the fields behind them. Both files have the name first and the number third. What else is in a
/// line need not be UTF-8.
pub(super) fn entries(
    file: &[u8],
) -> impl Iterator<Item = (&[u8], u32, impl Iterator<Item = &[u8]>)> {
    file.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next()?;
        let number = str::from_utf8(fields.nth(1)?).ok()?.parse().ok()?;
        Some((name, number, fields))
    })
}

fn id(file: &str, wanted: &str) -> Option<u32> {
    let bytes = fs::read(file).ok()?;
    entries(&bytes)
        .find(|(name, ..)| *name == wanted.as_bytes())
        .map(|(_, id, _)| id)
}

fn name(file: &str, wanted: u32) -> Option<String> {
    let bytes = fs::read(file).ok()?;
    entries(&bytes)
        .find(|(_, id, _)| *id == wanted)
        .map(|(name, ..)| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests;
