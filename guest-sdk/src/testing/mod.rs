//! A machine in memory, on which native tests run whole tasks.
//!
//! It stands in for the host on every target but wasm. Like the host it refuses each change in mode `check`. It keeps
//! a journal of the calls, so that a test can also say what a task must not have done.
//!
//! ```
//! use guest_sdk::Mode;
//! use guest_sdk::files::{self, Attributes};
//! use guest_sdk::testing::Machine;
//!
//! let mut machine = Machine::new().with_file("/etc/motd", "hello\n");
//! let result = machine.run(Mode::Check, || {
//!     files::replace("/etc/motd", "bye\n".as_bytes(), &Attributes::default())
//! });
//! assert!(result.is_err());
//! assert_eq!(machine.text("/etc/motd"), Some("hello\n"));
//! assert_eq!(machine.journal(), ["replace /etc/motd"]);
//! ```

mod disk;
pub(crate) mod host;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use crate::command::{Finished, Status};
use crate::system::Info;
use crate::users::{Group, User};
use crate::{Mode, Source};
pub use disk::Node;

thread_local! {
    /// The machine that calls of this thread reach, while [`Machine::run`] lasts.
    static CURRENT: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

/// A machine with files, programs that give prepared answers, and sources.
#[derive(Debug)]
pub struct Machine {
    mode: Mode,
    disk: disk::Disk,
    programs: BTreeMap<Vec<String>, Finished>,
    sources: BTreeMap<String, Vec<u8>>,
    secrets: BTreeMap<String, String>,
    /// JSON, by what is called and the function or method.
    answers: BTreeMap<(String, String), String>,
    channels: BTreeMap<String, VecDeque<Vec<u8>>>,
    info: Option<Info>,
    users: Vec<User>,
    groups: Vec<Group>,
    journal: Vec<String>,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// An empty one: it has no file but `/`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            mode: Mode::Apply,
            disk: disk::Disk::new(),
            programs: BTreeMap::new(),
            sources: BTreeMap::new(),
            secrets: BTreeMap::new(),
            answers: BTreeMap::new(),
            channels: BTreeMap::new(),
            info: None,
            users: Vec::new(),
            groups: Vec::new(),
            journal: Vec::new(),
        }
    }

    /// With a file of mode 0644 and the directories that lead to it.
    #[must_use]
    pub fn with_file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.disk.put(path, Node::file(content.as_ref()));
        self
    }

    /// With a directory of mode 0755.
    #[must_use]
    pub fn with_directory(mut self, path: &str) -> Self {
        self.disk.put(path, Node::directory());
        self
    }

    /// With a symbolic link.
    #[must_use]
    pub fn with_symlink(mut self, path: &str, target: &str) -> Self {
        self.disk.put(path, Node::symlink(target));
        self
    }

    /// With a program that ends like this when it is run with exactly this argument vector.
    #[must_use]
    pub fn with_program(
        mut self,
        argv: &[&str],
        status: Status,
        stdout: &str,
        stderr: &str,
    ) -> Self {
        let argv = argv.iter().map(|&word| word.to_owned()).collect();
        let finished = Finished {
            status,
            stdout: stdout.into(),
            stderr: stderr.into(),
        };
        self.programs.insert(argv, finished);
        self
    }

    /// With a secret that a task's parameters can name.
    #[must_use]
    pub fn with_secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With a function of a module elsewhere, or a method of a service, that returns this JSON.
    #[must_use]
    pub fn with_answer(mut self, callee: &str, function: &str, json: &str) -> Self {
        let key = (callee.to_owned(), function.to_owned());
        self.answers.insert(key, json.to_owned());
        self
    }

    fn answer(&self, callee: &str, function: &str) -> Option<String> {
        let key = (callee.to_owned(), function.to_owned());
        self.answers.get(&key).cloned()
    }

    /// With a message that waits in a channel.
    #[must_use]
    pub fn with_message(mut self, channel: &str, message: &[u8]) -> Self {
        let messages = self.channels.entry(channel.to_owned()).or_default();
        messages.push_back(message.to_owned());
        self
    }

    /// The messages that wait in a channel: what the task has sent.
    #[must_use]
    pub fn sent(&self, channel: &str) -> Vec<Vec<u8>> {
        let messages = self.channels.get(channel);
        messages.into_iter().flatten().cloned().collect()
    }

    /// With this to say about itself.
    #[must_use]
    pub fn with_info(mut self, info: Info) -> Self {
        self.info = Some(info);
        self
    }

    /// With one more account.
    #[must_use]
    pub fn with_user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// With one more group.
    #[must_use]
    pub fn with_group(mut self, group: Group) -> Self {
        self.groups.push(group);
        self
    }

    /// Makes a source that a task's parameters can name.
    pub fn source(&mut self, name: &str, content: impl AsRef<[u8]>) -> Source {
        let content = content.as_ref();
        let digest = blake3::hash(content).to_hex().to_string();
        self.sources.insert(digest.clone(), content.to_vec());
        Source {
            name: name.to_owned(),
            digest,
            size: content.len() as u64,
        }
    }

    /// Runs a task's code on this machine. In mode `check` the machine refuses every change.
    ///
    /// # Panics
    /// When called inside itself.
    pub fn run<R>(&mut self, mode: Mode, task: impl FnOnce() -> R) -> R {
        self.mode = mode;
        self.journal.clear();
        let empty = CURRENT.with_borrow(Option::is_none);
        assert!(empty, "a machine is running on this thread already");
        CURRENT.set(Some(std::mem::take(self)));
        let result = task();
        // Only this function sets or takes it, and not twice at once.
        *self = CURRENT.take().expect("the machine is still there");
        result
    }

    /// The calls of the last run that name a thing, in order: `stat /etc/motd`, `command true`.
    #[must_use]
    pub fn journal(&self) -> Vec<&str> {
        self.journal.iter().map(String::as_str).collect()
    }

    /// What is at the path.
    #[must_use]
    pub fn node(&self, path: &str) -> Option<&Node> {
        self.disk.get(path)
    }

    /// The content of the file at the path, if it is text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.disk
            .get(path)?
            .content()
            .and_then(|content| str::from_utf8(content).ok())
    }
}
