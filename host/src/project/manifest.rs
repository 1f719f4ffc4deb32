//! `zymogen.toml`: how a project is built, and its tests.

use super::{MANIFEST, ProjectError};
use crate::output::Source;
use crate::plan::toml as document;
use crate::registry::Reference;
use crate::value::{Node, Plain};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What a `zymogen.toml` says.
#[derive(Debug)]
pub struct Manifest {
    /// Where the project is.
    pub directory: PathBuf,
    /// Its text.
    pub source: Source,
    /// The module's name.
    pub name: String,
    /// What else it says about the module.
    pub about: About,
    /// How it is built.
    pub build: Build,
    /// Its tests, in their order.
    pub tests: Vec<Test>,
}

/// What is said about a module where it is published.
#[derive(Clone, Default, Debug)]
pub struct About {
    /// Its version.
    pub version: Option<String>,
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// Who made it.
    pub authors: Option<String>,
    /// Its licences, as an SPDX expression.
    pub licenses: Option<String>,
    /// Where its source is.
    pub source: Option<String>,
}

/// How a project is built.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The program and its arguments, run in the project's directory.
    pub command: Vec<String>,
    /// What it makes: a component, or a core module that is made one.
    pub output: PathBuf,
    /// Modules that it uses: paths below or beside the project, or references to a registry.
    #[serde(default)]
    pub with: Vec<String>,
    /// For which language bindings are made before.
    pub bindings: Option<Bindings>,
}

/// A language for which this program makes bindings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bindings {
    /// C: `build/bindings/*.h`, `*.c` and an object file with the types.
    C,
    /// Go: a package in `build/bindings`.
    Go,
}

/// One `[[test]]`.
#[derive(Debug)]
pub struct Test {
    /// What it shows.
    pub name: String,
    /// Files below a scratch directory, which an `@` at the beginning of a text stands for.
    pub files: BTreeMap<String, String>,
    /// What is done, and what must come of it.
    pub act: Act,
    /// The content that files below the scratch directory must have afterwards.
    pub after: BTreeMap<String, String>,
}

/// What a test does.
#[derive(Debug)]
pub enum Act {
    /// Runs the module as a plan would run its task.
    Task(TaskTest),
    /// Calls functions of any module, as the command line would.
    Calls(CallsTest),
}

/// A test of a task.
#[derive(Debug)]
pub struct TaskTest {
    /// Does the task only look?
    pub check: bool,
    /// What the task gets.
    pub params: Node,
    /// What of the report must be so.
    pub expect: Option<Node>,
    /// What of the failure must be so, if it must fail.
    pub fails: Option<Node>,
    /// What must be so if it runs once more.
    pub again: Option<Node>,
}

/// A test of functions.
#[derive(Debug)]
pub struct CallsTest {
    /// Calls in WAVE, made one after the other in one instance, at least one.
    pub calls: Vec<String>,
    /// What comes of each, in WAVE; none where a function has no result. As many as the calls, or none at all.
    pub gives: Vec<String>,
    /// What the functions may touch, as the command line writes it; a word in it may begin with `@`.
    pub grants: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    module: Module,
    build: Build,
    #[serde(default)]
    test: Vec<TestText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Module {
    name: String,
    version: Option<String>,
    description: Option<String>,
    authors: Option<String>,
    licenses: Option<String>,
    source: Option<String>,
}

/// What is read by its type; the rest is taken from the document's tree, with its places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestText {
    name: String,
    check: Option<bool>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    #[serde(default)]
    after: BTreeMap<String, String>,
    #[serde(rename = "params")]
    _params: Option<toml::Table>,
    #[serde(rename = "expect")]
    _expect: Option<toml::Table>,
    #[serde(rename = "fails")]
    _fails: Option<toml::Table>,
    #[serde(rename = "again")]
    _again: Option<toml::Table>,
    call: Option<Several>,
    gives: Option<Several>,
    grants: Option<Vec<String>>,
}

/// A text, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Several {
    One(String),
    All(Vec<String>),
}

impl Several {
    fn all(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::All(texts) => texts,
        }
    }
}

impl Manifest {
    /// Reads that of a project.
    ///
    /// # Errors
    /// If there is none, or it is not as it should be.
    pub fn read(directory: &Path) -> Result<Self, ProjectError> {
        let path = directory.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(ProjectError::NoManifest(directory.to_owned()));
            }
            Err(error) => return Err(ProjectError::io(path)(error)),
        };
        Self::parse(directory, text).map_err(|why| ProjectError::Manifest { path, why })
    }

    /// What it uses, as the repository knows it.
    #[must_use]
    pub fn with(&self) -> Vec<String> {
        // A path without a slash would be the name of a standard module.
        let directory = Path::new(".").join(&self.directory);
        let with = self.build.with.iter().map(|name| {
            if Reference::is_meant(name) {
                return name.clone();
            }
            directory.join(name).to_string_lossy().into_owned()
        });
        with.collect()
    }

    pub(super) fn parse(directory: &Path, text: String) -> Result<Self, String> {
        let Text {
            module,
            build,
            test,
        } = toml::from_str(&text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let tree = document::parse(&text).map_err(|error| error.message)?;
        if !is_name(&module.name) {
            return Err(ProjectError::Name(module.name).to_string());
        }
        if build.command.is_empty() {
            return Err("`build.command` names no program".to_owned());
        }
        let nodes = match tree.get("test").map(|node| &node.value) {
            Some(Plain::List(nodes)) => nodes.as_slice(),
            _ => &[],
        };
        // Both come from the same text.
        let tests = test.into_iter().zip(nodes);
        let tests: Result<Vec<_>, _> = tests.map(|(test, node)| test.with(node)).collect();
        Ok(Self {
            directory: directory.to_owned(),
            source: Source::new(MANIFEST, text),
            name: module.name,
            about: About {
                version: module.version,
                description: module.description,
                authors: module.authors,
                licenses: module.licenses,
                source: module.source,
            },
            build,
            tests: tests?,
        })
    }
}

impl TestText {
    fn with(mut self, node: &Node) -> Result<Test, String> {
        for path in self.files.keys().chain(self.after.keys()) {
            let mut parts = Path::new(path).components();
            if !parts.all(|part| matches!(part, Component::Normal(_))) {
                return Err(format!(
                    "test `{}`: `{path}` must be a path below the scratch directory",
                    self.name
                ));
            }
        }
        let act = self.act(node);
        let act = act.map_err(|why| format!("test `{}`: {why}", self.name))?;
        Ok(Test {
            name: self.name,
            files: self.files,
            act,
            after: self.after,
        })
    }

    fn act(&mut self, node: &Node) -> Result<Act, String> {
        let part = |name| node.get(name).cloned();
        let Some(calls) = self.call.take().map(Several::all) else {
            if self.gives.is_some() || self.grants.is_some() {
                return Err("`gives` and `grants` belong to a `call`; \
                    a task has `expect`, and what its `params` grant"
                    .to_owned());
            }
            let (expect, fails, again) = (part("expect"), part("fails"), part("again"));
            if fails.is_some() && (expect.is_some() || again.is_some()) {
                return Err("what `fails` has neither `expect` nor `again`".to_owned());
            }
            return Ok(Act::Task(TaskTest {
                check: self.check.unwrap_or_default(),
                params: part("params").unwrap_or_else(|| Node::new(Plain::Table(Vec::new()))),
                expect,
                fails,
                again,
            }));
        };
        let of_tasks = ["check", "params", "expect", "fails", "again"];
        if let Some(name) = of_tasks.into_iter().find(|name| node.get(name).is_some()) {
            return Err(format!(
                "`{name}` is for tasks; a `call` has `gives` and `grants`"
            ));
        }
        let gives = self.gives.take().map_or_else(Vec::new, Several::all);
        if calls.is_empty() {
            return Err("`call` names no call".to_owned());
        }
        if !(gives.is_empty() || gives.len() == calls.len()) {
            let (calls, gives) = (calls.len(), gives.len());
            return Err(format!(
                "`gives` must have a text for each `call`: {calls} and {gives}"
            ));
        }
        Ok(Act::Calls(CallsTest {
            calls,
            gives,
            grants: self.grants.take().unwrap_or_default(),
        }))
    }
}

/// Can a module be called so? It is also a word of WIT, and of file names.
pub(super) fn is_name(name: &str) -> bool {
    let word = |word: &str| {
        word.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            && word.starts_with(|c: char| c.is_ascii_lowercase())
    };
    name.len() <= 64 && name.split('-').all(word)
}
