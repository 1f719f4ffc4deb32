//! The stand-in's files: a map from path to node. Paths are taken as they are written.

use std::collections::BTreeMap;

use crate::files::{Attributes, Kind, Metadata};

/// A file, directory or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    body: Body,
    /// The permission bits.
    pub mode: u32,
    /// The owner's name.
    pub owner: String,
    /// The group's name.
    pub group: String,
    /// The extended attributes.
    pub xattrs: BTreeMap<String, Vec<u8>>,
    inode: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    File(Vec<u8>),
    Directory,
    Symlink(String),
}

impl Node {
    fn new(body: Body, mode: u32) -> Self {
        Self {
            body,
            mode,
            owner: "root".to_owned(),
            group: "root".to_owned(),
            xattrs: BTreeMap::new(),
            inode: 0,
        }
    }

    pub(super) fn file(content: &[u8]) -> Self {
        Self::new(Body::File(content.to_vec()), 0o644)
    }

    pub(super) fn directory() -> Self {
        Self::new(Body::Directory, 0o755)
    }

    pub(super) fn symlink(target: &str) -> Self {
        Self::new(Body::Symlink(target.to_owned()), 0o777)
    }

    /// What kind of thing it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.body {
            Body::File(_) => Kind::File,
            Body::Directory => Kind::Directory,
            Body::Symlink(_) => Kind::Symlink,
        }
    }

    /// A file's content.
    #[must_use]
    pub fn content(&self) -> Option<&[u8]> {
        match &self.body {
            Body::File(content) => Some(content),
            _ => None,
        }
    }

    /// A link's target.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match &self.body {
            Body::Symlink(target) => Some(target),
            _ => None,
        }
    }

    pub(super) fn set(&mut self, attributes: &Attributes) {
        self.mode = attributes.mode.unwrap_or(self.mode);
        if let Some(owner) = &attributes.owner {
            self.owner.clone_from(owner);
        }
        if let Some(group) = &attributes.group {
            self.group.clone_from(group);
        }
    }
}

/// All files of a machine.
#[derive(Debug)]
pub(super) struct Disk {
    nodes: BTreeMap<String, Node>,
    last_inode: u64,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self {
            nodes: BTreeMap::from([("/".to_owned(), Node::directory())]),
            last_inode: 0,
        }
    }

    pub(super) fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    pub(super) fn get_mut(&mut self, path: &str) -> Option<&mut Node> {
        self.nodes.get_mut(path)
    }

    /// Puts a new node at the path, whatever is there, and the directories that lead to it.
    pub(super) fn put(&mut self, path: &str, mut node: Node) {
        for (slash, _) in path.match_indices('/').skip(1) {
            self.nodes
                .entry(path[..slash].to_owned())
                .or_insert_with(Node::directory);
        }
        self.last_inode += 1;
        node.inode = self.last_inode;
        self.nodes.insert(path.to_owned(), node);
    }

    /// Makes one more name of a node.
    pub(super) fn link(&mut self, path: &str, node: Node) {
        self.nodes.insert(path.to_owned(), node);
    }

    /// Removes a node and all below it.
    pub(super) fn remove(&mut self, path: &str) {
        let below = self.prefix(path);
        self.nodes
            .retain(|name, _| name != path && !name.starts_with(&below));
    }

    /// The names right below a directory.
    pub(super) fn entries(&self, path: &str) -> Vec<String> {
        let below = self.prefix(path);
        self.nodes
            .keys()
            .filter_map(|name| name.strip_prefix(&below))
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn metadata(&self, path: &str) -> Option<Metadata> {
        let node = self.get(path)?;
        let size = match &node.body {
            Body::File(content) => content.len(),
            Body::Symlink(target) => target.len(),
            Body::Directory => 0,
        };
        let links = self
            .nodes
            .values()
            .filter(|other| other.inode == node.inode)
            .count();
        Some(Metadata {
            kind: node.kind(),
            size: size as u64,
            mode: node.mode,
            uid: node.owner.parse().unwrap_or(0),
            gid: node.group.parse().unwrap_or(0),
            owner: Some(node.owner.clone()),
            group: Some(node.group.clone()),
            modified_ns: 0,
            links: links as u64,
            device: 1,
            inode: node.inode,
        })
    }

    fn prefix(&self, path: &str) -> String {
        format!("{}/", path.trim_end_matches('/'))
    }
}
