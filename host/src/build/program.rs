//! The program itself as it goes into a bundle, and the bundle around it.

use super::bundle::{self, Content};
use super::cargo::Build;
use super::checkout::Checkout;
use super::digest::sha256_hex;
use super::{BuildError, Images, Progress, StdModules};
use crate::build::image;
use connect::Format;
use std::path::{Path, PathBuf};

/// What the program is built of.
const INPUTS: [&str; 3] = ["crates", "host", "wit"];

/// Builds the program for this kind of machine, for wherever a bundle may be taken: linked statically, because a C library
/// of the machine that runs it may be older than the one here, or another one.
///
/// # Errors
/// If there is no checkout, or cargo fails.
pub fn program(profile: &str, progress: &dyn Progress) -> Result<PathBuf, BuildError> {
    let what = "the program".to_owned();
    let checkout = Checkout::find(&what)?;
    let (_, target) = image::target(std::env::consts::ARCH)?;
    let build = Build {
        what,
        name: &format!("program-{profile}"),
        packages: vec!["host".to_owned()],
        profile,
        targets: &[target],
        inputs: &INPUTS,
        c_flags: "",
        outputs: vec!["zymogen".to_owned()],
    };
    let outputs = build.run(&checkout, progress)?;
    Ok(outputs.into_iter().collect())
}

/// Puts all slave images and all standard modules behind a program. Says how long the result is.
///
/// # Errors
/// If one of them can be neither found nor built, or the output not be written.
pub fn bundle(
    program: &Path,
    images: &Images,
    modules: &StdModules,
    output: &Path,
) -> Result<u64, BuildError> {
    // What is no program is refused before anything is built for it.
    let program = bundle::marked(program)?;
    images.build_all()?;
    let mut contents = Vec::new();
    for machine in image::machines() {
        let image = images.for_machine(machine)?;
        contents.push(Content {
            name: image::file_name(machine),
            size: image.size,
            sha256: image.sha256.clone(),
            frame: image.packed(Format::Zstd)?,
        });
    }
    for name in modules.names()? {
        let module = modules.find(&name)?;
        let bytes = module.read()?;
        let frame = image::pack(Format::Zstd, &bytes);
        let frame = frame.map_err(|error| BuildError::Io {
            path: module.path(),
            error,
        })?;
        contents.push(Content {
            name: super::modules::file_name(&name),
            size: bytes.len() as u64,
            sha256: sha256_hex(&bytes),
            frame: frame.into(),
        });
    }
    bundle::write(program, &contents, output)
}
