//! Users and groups by name, from /etc/passwd and /etc/group: a static program has no other way.

use std::fs::File;
use std::io::Read;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";
/// What is read of them. Longer ones are cut; their last users have numbers only.
const LIMIT: u64 = 16 << 20;

/// The user id of a name or of a decimal number.
pub(crate) fn user_id(name: &str) -> Option<u32> {
    number(name).or_else(|| id(&read(PASSWD), name))
}

/// The group id of a name or of a decimal number.
pub(crate) fn group_id(name: &str) -> Option<u32> {
    number(name).or_else(|| id(&read(GROUP), name))
}

/// A user's name.
pub(crate) fn user_name(uid: u32) -> Option<String> {
    name(&read(PASSWD), uid)
}

/// A group's name.
pub(crate) fn group_name(gid: u32) -> Option<String> {
    name(&read(GROUP), gid)
}

/// The largest number means nobody to the system: "leave it as it is".
fn number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|id| *id != u32::MAX)
}

fn read(file: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Who cannot be looked up has no name.
    let _ = File::open(file).and_then(|file| file.take(LIMIT).read_to_end(&mut bytes));
    bytes
}

/// Both files have the name first and the number third. What else is in a line need not be UTF-8.
fn entries(file: &[u8]) -> impl Iterator<Item = (&[u8], u32)> {
    file.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next()?;
        let id = number(str::from_utf8(fields.nth(1)?).ok()?)?;
        Some((name, id))
    })
}

fn id(file: &[u8], wanted: &str) -> Option<u32> {
    entries(file)
        .find(|(name, _)| *name == wanted.as_bytes())
        .map(|(_, id)| id)
}

fn name(file: &[u8], wanted: u32) -> Option<String> {
    entries(file)
        .find(|(_, id)| *id == wanted)
        .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests;
