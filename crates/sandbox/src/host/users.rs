//! `zymogen:task/users`: the accounts of the machine.

use super::bindings::zymogen::task::users::{Group, Host, User};
use super::blocking::{Alive, blocking};
use super::names::{GROUP, PASSWD, entries};
use crate::guest::{Guest, OverLimit};
use std::fs::File;
use std::io::Read;
use wasmtime::Result;

impl Host for Guest {
    async fn find_user(&mut self, name_or_id: String) -> Result<Option<User>> {
        let all = self.list_users().await?;
        let id: Option<u32> = name_or_id.parse().ok();
        Ok(all.into_iter().find(|user| match id {
            Some(id) => user.uid == id,
            None => user.name == name_or_id,
        }))
    }

    async fn find_group(&mut self, name_or_id: String) -> Result<Option<Group>> {
        let all = self.list_groups().await?;
        let id: Option<u32> = name_or_id.parse().ok();
        Ok(all.into_iter().find(|group| match id {
            Some(id) => group.gid == id,
            None => group.name == name_or_id,
        }))
    }

    async fn list_users(&mut self) -> Result<Vec<User>> {
        let file = self.accounts(PASSWD).await?;
        Ok(users(&file).collect())
    }

    async fn list_groups(&mut self) -> Result<Vec<Group>> {
        let file = self.accounts(GROUP).await?;
        Ok(groups(&file).collect())
    }

    async fn memberships(&mut self, user: String) -> Result<Vec<String>> {
        let passwd = self.accounts(PASSWD).await?;
        let group = self.accounts(GROUP).await?;
        Ok(memberships(&passwd, &group, &user))
    }
}

impl Guest {
    /// One of the two files, if this guest may know it; nothing if it is not there.
    async fn accounts(&mut self, path: &'static str) -> Result<Vec<u8>> {
        self.needs_system()?;
        // The host's memory is not metered by the store.
        let limit = self.limits.memory_bytes;
        let file = blocking(move |alive| read(path, limit, alive)).await?;
        if file.len() as u64 > limit {
            return Err(wasmtime::Error::new(OverLimit::memory(self.limits)));
        }
        Ok(file)
    }
}

/// At most one byte more than the limit, which tells that there is more.
fn read(path: &str, limit: u64, alive: &Alive) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(file) = File::open(path) {
        // What came before an error of the disk is better than nothing.
        let _ = alive
            .reading(file)
            .take(limit.saturating_add(1))
            .read_to_end(&mut bytes);
    }
    bytes
}

fn users(file: &[u8]) -> impl Iterator<Item = User> {
    entries(file).filter_map(|(name, uid, mut rest)| {
        let gid = str::from_utf8(rest.next()?).ok()?.parse().ok()?;
        // Lines of old machines end early.
        let mut field = || text(rest.next().unwrap_or_default());
        Some(User {
            name: text(name),
            uid,
            gid,
            comment: field(),
            home: field(),
            shell: field(),
        })
    })
}

fn groups(file: &[u8]) -> impl Iterator<Item = Group> {
    entries(file).map(|(name, gid, mut rest)| Group {
        name: text(name),
        gid,
        members: rest
            .next()
            .unwrap_or_default()
            .split(|byte| *byte == b',')
            .map(|member| text(member.trim_ascii()))
            .filter(|member| !member.is_empty())
            .collect(),
    })
}

fn memberships(passwd: &[u8], group: &[u8], user: &str) -> Vec<String> {
    let first = users(passwd).find(|found| found.name == user);
    let (own, others): (Vec<_>, Vec<_>) = groups(group)
        .filter(|group| {
            first.as_ref().is_some_and(|user| user.gid == group.gid)
                || group.members.iter().any(|member| member == user)
        })
        .partition(|group| first.as_ref().is_some_and(|user| user.gid == group.gid));
    own.into_iter()
        .chain(others)
        .map(|group| group.name)
        .collect()
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(field).into_owned()
}

#[cfg(test)]
mod tests;
