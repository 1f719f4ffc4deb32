//! As the interface `files`, with its refusals.

use super::on_machine;
use crate::Mode;
use crate::bindings::zymogen::task::files::{Attributes, Content, Error, Kind, Metadata};
use crate::testing::{Machine, Node};

pub fn stat(path: &str) -> Result<Option<Metadata>, Error> {
    on_machine(format!("stat {path}"), |machine| {
        Ok(machine.disk.metadata(path))
    })
}

pub fn read(path: &str, limit: u64) -> Result<Vec<u8>, Error> {
    on_machine(format!("read {path}"), |machine| {
        let content = content(machine, path)?;
        if content.len() as u64 > limit {
            return Err(Error::TooLarge(limit));
        }
        Ok(content.to_vec())
    })
}

pub fn digest(path: &str) -> Result<String, Error> {
    on_machine(format!("digest {path}"), |machine| {
        Ok(blake3::hash(content(machine, path)?).to_hex().to_string())
    })
}

pub fn entries(path: &str) -> Result<Vec<String>, Error> {
    on_machine(format!("entries {path}"), |machine| {
        match existing(machine, path)?.kind() {
            Kind::Directory => Ok(machine.disk.entries(path)),
            kind => Err(Error::WrongKind(format!("it is a {}", kind.noun()))),
        }
    })
}

pub fn read_link(path: &str) -> Result<String, Error> {
    on_machine(format!("read-link {path}"), |machine| {
        let node = existing(machine, path)?;
        let not_a_link = || Error::WrongKind(format!("it is a {}", node.kind().noun()));
        node.target().map(str::to_owned).ok_or_else(not_a_link)
    })
}

pub fn replace(path: &str, content: &Content, attributes: &Attributes) -> Result<(), Error> {
    change(format!("replace {path}"), |machine| {
        let bytes = match content {
            Content::Bytes(bytes) => bytes,
            Content::Source(digest) => {
                let denied = || Error::Denied("no parameter names it".to_owned());
                machine.sources.get(digest).ok_or_else(denied)?
            }
        };
        let mut node = Node::file(bytes);
        if let Some(old) = machine.disk.get(path) {
            if old.kind() != Kind::File {
                return Err(Error::WrongKind(format!(
                    "a {} is in the way",
                    old.kind().noun()
                )));
            }
            node.mode = old.mode;
            node.owner.clone_from(&old.owner);
            node.group.clone_from(&old.group);
        }
        node.set(attributes);
        machine.disk.put(path, node);
        Ok(())
    })
}

pub fn make_directory(path: &str, attributes: &Attributes) -> Result<(), Error> {
    change(format!("make-directory {path}"), |machine| {
        nothing(machine, path)?;
        let mut node = Node::directory();
        node.set(attributes);
        machine.disk.put(path, node);
        Ok(())
    })
}

pub fn make_symlink(path: &str, target: &str) -> Result<(), Error> {
    change(format!("make-symlink {path}"), |machine| {
        if machine
            .disk
            .get(path)
            .is_none_or(|node| node.kind() != Kind::Symlink)
        {
            nothing(machine, path)?;
        }
        machine.disk.put(path, Node::symlink(target));
        Ok(())
    })
}

pub fn make_hard_link(path: &str, target: &str) -> Result<(), Error> {
    change(format!("make-hard-link {path}"), |machine| {
        nothing(machine, path)?;
        let node = existing(machine, target)?.clone();
        machine.disk.link(path, node);
        Ok(())
    })
}

pub fn set_attributes(path: &str, attributes: &Attributes) -> Result<(), Error> {
    change(format!("set-attributes {path}"), |machine| {
        let missing = || Error::NotFound(path.to_owned());
        machine
            .disk
            .get_mut(path)
            .ok_or_else(missing)?
            .set(attributes);
        Ok(())
    })
}

pub fn get_xattr(path: &str, name: &str) -> Result<Option<Vec<u8>>, Error> {
    on_machine(format!("xattr {path} {name}"), |machine| {
        Ok(existing(machine, path)?.xattrs.get(name).cloned())
    })
}

pub fn set_xattr(path: &str, name: &str, value: &[u8]) -> Result<(), Error> {
    change(format!("set xattr {path} {name}"), |machine| {
        let missing = || Error::NotFound(path.to_owned());
        let node = machine.disk.get_mut(path).ok_or_else(missing)?;
        node.xattrs.insert(name.to_owned(), value.to_vec());
        Ok(())
    })
}

pub fn remove_xattr(path: &str, name: &str) -> Result<(), Error> {
    change(format!("remove xattr {path} {name}"), |machine| {
        let missing = || Error::NotFound(path.to_owned());
        let node = machine.disk.get_mut(path).ok_or_else(missing)?;
        let removed = node.xattrs.remove(name);
        removed
            .map(drop)
            .ok_or_else(|| Error::NotFound(format!("{path} has no attribute `{name}`")))
    })
}

pub fn list_xattrs(path: &str) -> Result<Vec<String>, Error> {
    on_machine(format!("xattrs {path}"), |machine| {
        Ok(existing(machine, path)?.xattrs.keys().cloned().collect())
    })
}

pub fn touch(path: &str) -> Result<(), Error> {
    change(format!("touch {path}"), |machine| {
        if machine.disk.get(path).is_none() {
            machine.disk.put(path, Node::file(b""));
        }
        Ok(())
    })
}

pub fn remove(path: &str, recursive: bool) -> Result<(), Error> {
    change(format!("remove {path}"), |machine| {
        existing(machine, path)?;
        if !recursive && !machine.disk.entries(path).is_empty() {
            return Err(Error::NotEmpty(path.to_owned()));
        }
        machine.disk.remove(path);
        Ok(())
    })
}

/// A call that changes something, which the host refuses in mode `check`.
fn change(call: String, act: impl FnOnce(&mut Machine) -> Result<(), Error>) -> Result<(), Error> {
    on_machine(call, |machine| match machine.mode {
        Mode::Check => Err(Error::Denied("nothing is written in mode check".to_owned())),
        Mode::Apply => act(machine),
    })
}

fn existing<'a>(machine: &'a Machine, path: &str) -> Result<&'a Node, Error> {
    machine
        .disk
        .get(path)
        .ok_or_else(|| Error::NotFound(path.to_owned()))
}

fn nothing(machine: &Machine, path: &str) -> Result<(), Error> {
    match machine.disk.get(path) {
        None => Ok(()),
        Some(node) => Err(Error::Exists(format!(
            "a {} is in the way",
            node.kind().noun()
        ))),
    }
}

fn content<'a>(machine: &'a Machine, path: &str) -> Result<&'a [u8], Error> {
    let node = existing(machine, path)?;
    node.content()
        .ok_or_else(|| Error::WrongKind(format!("it is a {}", node.kind().noun())))
}
