//! From a project's sources to a component.

use super::bindings::bindings;
use super::contract::{self, World};
use super::manifest::Manifest;
use super::{OUTPUT, ProjectError, WORLD};
use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// The custom section with the text of the WIT, for the prose in it: a component's type has none.
const PROSE: &str = "zymogen:wit";

/// Custom sections with this prefix say what component a core module wants to be.
const METADATA: &str = "component-type";

/// Runs a project's build command, and makes a component of what came out. Gives its path, `build/NAME.wasm`.
///
/// What the command prints goes to standard error.
///
/// # Errors
/// If it fails, or what it made cannot be a component.
pub fn build(project: &Manifest) -> Result<PathBuf, ProjectError> {
    let directory = &project.directory;
    let made = directory.join(OUTPUT);
    fs::create_dir_all(&made).map_err(ProjectError::io(&made))?;
    if let Some(language) = project.build.bindings {
        bindings(language, &World::read(directory)?, &made.join("bindings"))?;
    }
    run(project)?;
    let output = directory.join(&project.build.output);
    let bytes = match fs::read(&output) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ProjectError::NoOutput {
                command: project.build.command.join(" "),
                output,
            });
        }
        Err(error) => return Err(ProjectError::io(output)(error)),
    };
    let component = componentize(directory, bytes).map_err(|error| match error {
        Failure::Project(error) => error,
        Failure::Wasm(why) => ProjectError::Componentize { path: output, why },
    })?;
    let path = made.join(format!("{}.wasm", project.name));
    // In one step, unless the command itself writes to this path.
    let new = made.join(format!(".{}.{}.new", project.name, std::process::id()));
    let written = fs::write(&new, component).and_then(|()| fs::rename(&new, &path));
    // What fills a disk must not stay there.
    written
        .inspect_err(|_| drop(fs::remove_file(&new)))
        .map_err(ProjectError::io(&path))?;
    Ok(path)
}

fn run(project: &Manifest) -> Result<(), ProjectError> {
    // Never empty, see `Manifest::parse`.
    let [program, arguments @ ..] = project.build.command.as_slice() else {
        return Ok(());
    };
    let no_tool = |error| ProjectError::NoTool {
        program: program.clone(),
        error,
    };
    let stderr = std::io::stderr().as_fd().try_clone_to_owned();
    let status = Command::new(program)
        .args(arguments)
        .current_dir(&project.directory)
        .stdin(Stdio::null())
        // Standard output is for results.
        .stdout(stderr.map_err(no_tool)?)
        .status()
        .map_err(no_tool)?;
    if status.success() {
        return Ok(());
    }
    Err(ProjectError::Build {
        command: project.build.command.join(" "),
        status,
    })
}

enum Failure {
    Project(ProjectError),
    Wasm(String),
}

/// A core module becomes a component by the metadata in it, or else by the project's world; where it was made for WASI
/// 0.1, it is adapted. A component stays. Either carries the text of its WIT.
fn componentize(directory: &Path, mut bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let wasm = |error: &dyn std::fmt::Display| Failure::Wasm(error.to_string());
    let found = sections(&bytes).map_err(|error| wasm(&error))?;
    if !found.component {
        if !found.metadata {
            let world = World::read(directory).map_err(Failure::Project)?;
            let utf8 = StringEncoding::UTF8;
            embed_component_metadata(&mut bytes, &world.resolve, world.world, utf8)
                .map_err(|error| wasm(&format!("{error:#}")))?;
        }
        let adapter = WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
        let encoded = ComponentEncoder::default()
            .validate(true)
            .module(&bytes)
            .and_then(|encoder| encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, adapter))
            .and_then(ComponentEncoder::encode);
        bytes = encoded.map_err(|error| wasm(&format!("{error:#}")))?;
    }
    if !found.prose
        && let Ok(text) = fs::read_to_string(directory.join(WORLD))
    {
        // What belongs to the host is of no interest to who reads about the module.
        let own = text.split(contract::BEGIN).next().unwrap_or_default();
        let section = wasm_encoder::CustomSection {
            name: PROSE.into(),
            data: own.as_bytes().into(),
        };
        wasm_encoder::ComponentSection::append_to_component(&section, &mut bytes);
    }
    Ok(bytes)
}

/// What can be told from the sections of a WebAssembly file.
#[derive(Default)]
struct Sections {
    component: bool,
    metadata: bool,
    prose: bool,
}

fn sections(bytes: &[u8]) -> Result<Sections, wasmparser::BinaryReaderError> {
    let mut found = Sections {
        component: Parser::is_component(bytes),
        ..Sections::default()
    };
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CustomSection(section) = payload? {
            found.metadata |= section.name().starts_with(METADATA);
            found.prose |= section.name() == PROSE;
        }
    }
    Ok(found)
}
