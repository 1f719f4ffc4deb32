//! Users and groups by name, from /etc/passwd and /etc/group: a static program has no other way.

use std::fs;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

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

/// Both files have the name first and the number third.
fn id(file: &str, wanted: &str) -> Option<u32> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == wanted).then(|| fields.nth(1)?.parse().ok())?
    })
}

fn name(file: &str, wanted: u32) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(wanted)).then(|| name.to_owned())
    })
}
