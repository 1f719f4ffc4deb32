//! `world.wit`: the task's own WIT and, in the same file, that of the host to which it refers.

use super::{ProjectError, WORLD};
use std::fmt::Write as _;
use std::path::Path;
use wit_parser::{Resolve, WorldId};

/// The WIT that every host offers.
const FILES: [&str; 12] = [
    include_str!("../../../wit/types.wit"),
    include_str!("../../../wit/grants.wit"),
    include_str!("../../../wit/log.wit"),
    include_str!("../../../wit/files.wit"),
    include_str!("../../../wit/command.wit"),
    include_str!("../../../wit/secrets.wit"),
    include_str!("../../../wit/system.wit"),
    include_str!("../../../wit/users.wit"),
    include_str!("../../../wit/contexts.wit"),
    include_str!("../../../wit/services.wit"),
    include_str!("../../../wit/channels.wit"),
    include_str!("../../../wit/world.wit"),
];

/// The package of all of them.
const PACKAGE: &str = "zymogen:task@0.1.0";

/// The line before it.
pub const BEGIN: &str = "// What the host offers: the contract of zymogen. Part of this file so that any tool can read it alone.\n";

/// The contract as a nested package, for the end of a file that has a package of its own.
#[must_use]
pub fn nested() -> String {
    let mut text = format!("{BEGIN}package {PACKAGE} {{\n");
    for file in FILES {
        let head = format!("package {PACKAGE};");
        let body = file.split_once(&head).map_or(file, |(_, body)| body);
        for line in body.trim().lines() {
            let indent = if line.is_empty() { "" } else { "    " };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{indent}{line}");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push_str("\n}\n");
    text
}

/// A project's WIT.
pub struct World {
    /// As it is written.
    pub text: String,
    /// As it is understood.
    pub resolve: Resolve,
    /// Its one world.
    pub world: WorldId,
}

impl World {
    /// Reads that of a project.
    ///
    /// # Errors
    /// If it is not there, or wrong.
    pub fn read(directory: &Path) -> Result<Self, ProjectError> {
        let path = directory.join(WORLD);
        let text = std::fs::read_to_string(&path).map_err(ProjectError::io(&path))?;
        let mut resolve = Resolve::default();
        let package = resolve.push_source(WORLD, &text);
        let world = package.and_then(|package| resolve.select_world(&[package], None));
        let world = world.map_err(|error| ProjectError::Wit {
            path,
            why: format!("{error:#}"),
        })?;
        Ok(Self {
            text,
            resolve,
            world,
        })
    }
}
