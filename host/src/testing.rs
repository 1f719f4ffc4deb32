//! A master for tests and benches: the real one, with its files in a directory of their choice.

use crate::build::{BuildError, Images, Silent, Sources, StdModules};
use crate::master::{LogSink, Master, Options};
use crate::module::Repository;
use crate::module::compile::Compiler;
use bytes::Bytes;
use connect::Format;
use proto::message::LogRecord;
use runtime::Artifacts;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Nobody listens.
struct Deaf;

impl LogSink for Deaf {
    fn record(&self, _: &str, _: &LogRecord) {}
}

/// A master that keeps compiled modules below `home`. Must be called inside a tokio runtime.
///
/// # Errors
/// If the directory is not private.
pub fn master(home: &Path) -> Result<Master, Box<dyn std::error::Error>> {
    master_with(home, Options::default())
}

/// The same with other options.
///
/// # Errors
/// If the directory is not private.
pub fn master_with(home: &Path, options: Options) -> Result<Master, Box<dyn std::error::Error>> {
    let artifacts = Artifacts::open(&home.join("compiled"))?;
    let std_modules = StdModules::new(Sources::from_env()?, Arc::new(Silent));
    let repository = Repository::new(std_modules, Compiler::new(Some(artifacts)));
    let images = Images::new(Sources::from_env()?, Arc::new(Silent));
    Ok(Master::new(
        Arc::new(repository),
        Arc::new(images),
        Arc::new(Deaf),
        options,
    ))
}

/// The slave's image for this machine, built if it is missing.
///
/// # Errors
/// If it cannot be built.
pub fn image() -> Result<Bytes, BuildError> {
    let images = Images::new(Sources::from_env()?, Arc::new(Silent));
    let image = images.for_machine(std::env::consts::ARCH)?;
    image.packed(Format::Raw)
}

/// Where benches keep compiled modules: beside the program.
///
/// # Errors
/// If the program cannot be found.
pub fn home() -> std::io::Result<PathBuf> {
    let me = std::env::current_exe()?;
    Ok(me.with_file_name("bench-home"))
}

/// The bytes of that image as it goes over a network.
///
/// # Errors
/// If it cannot be built or packed.
pub fn packed_image() -> Result<usize, BuildError> {
    let images = Images::new(Sources::from_env()?, Arc::new(Silent));
    let image = images.for_machine(std::env::consts::ARCH)?;
    Ok(image.packed(Format::Zstd)?.len())
}
