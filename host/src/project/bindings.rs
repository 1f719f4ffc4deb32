//! Code for languages whose tools do not make bindings themselves.

use super::ProjectError;
use super::contract::World;
use super::manifest::Bindings;
use std::fs;
use std::path::Path;
use wit_bindgen_core::Files;

/// What the bindings for Go import besides each other. The generator names packages of the network; these stand for them.
const GO: [(&str, &str); 4] = [
    ("pkg/go.mod", include_str!("go/go.mod")),
    ("pkg/wit/types/types.go", include_str!("go/types/types.go")),
    (
        "pkg/wit/runtime/runtime.go",
        include_str!("go/runtime/runtime.go"),
    ),
    // Functions without a body want an assembler file beside them.
    (
        "pkg/wit/runtime/empty.s",
        include_str!("go/runtime/empty.s"),
    ),
];

/// What generated code for Go uses where a function is `async`, or has streams or futures. Goroutines that wait for the host need
/// a scheduler that Go's own runtime does not have.
const GO_ASYNC: [&str; 3] = [
    "\"go.bytecodealliance.org/pkg/wit/async\"",
    "witTypes.StreamReader[",
    "witTypes.FutureReader[",
];

/// Makes the bindings of a world in a directory. A file that would not change is left alone, for the sake of tools that
/// look at its time.
///
/// # Errors
/// If the language cannot say what the world says, or the files cannot be written.
pub fn bindings(language: Bindings, world: &World, into: &Path) -> Result<(), ProjectError> {
    let mut generator = match language {
        Bindings::C => wit_bindgen_c::Opts::default().build(),
        Bindings::Go => wit_bindgen_go::Opts::default().build(),
    };
    let (mut resolve, mut files) = (world.resolve.clone(), Files::default());
    let generated = generator.generate(&mut resolve, world.world, &mut files);
    generated.map_err(|error| ProjectError::Wit {
        path: super::WORLD.into(),
        why: format!("{error:#}"),
    })?;
    let is_async = |content: &[u8]| {
        let content = String::from_utf8_lossy(content);
        GO_ASYNC.iter().any(|part| content.contains(part))
    };
    if language == Bindings::Go && files.iter().any(|(_, content)| is_async(content)) {
        return Err(ProjectError::GoAsync);
    }
    for (name, content) in files.iter() {
        put(&into.join(name), content)?;
    }
    if language == Bindings::Go {
        for (name, content) in GO {
            put(&into.join(name), content.as_bytes())?;
        }
    }
    Ok(())
}

fn put(path: &Path, content: &[u8]) -> Result<(), ProjectError> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(ProjectError::io(parent))?;
    }
    fs::write(path, content).map_err(ProjectError::io(path))
}
