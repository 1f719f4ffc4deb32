//! Tells whether something must be built anew, in a few milliseconds. cargo itself needs hundreds.
//!
//! A stamp is a file that holds a fingerprint of all inputs before the last good build and of all outputs after
//! it: names, lengths and times of change. If either is different now, cargo decides.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The files that every build depends on, below the root of the workspace.
const COMMON: [&str; 4] = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo"];

/// What a build had to do with.
pub(super) struct Stamp {
    path: PathBuf,
    inputs: String,
}

impl Stamp {
    /// Takes the fingerprint of the inputs as they are now. `inputs` are files and directories below `root`.
    pub(super) fn take(path: PathBuf, root: &Path, inputs: &[&str]) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        for input in COMMON.iter().chain(inputs) {
            walk(&root.join(input), &mut hasher)?;
        }
        Ok(Self {
            path,
            inputs: hasher.finalize().to_string(),
        })
    }

    /// True if these outputs were made of these inputs.
    pub(super) fn holds(&self, outputs: &[PathBuf]) -> bool {
        let written = fs::read_to_string(&self.path);
        let current = self.text(outputs);
        matches!((written, current), (Ok(written), Ok(current)) if written == current)
    }

    /// The outputs were just made. If that cannot be written down, they will be made again.
    pub(super) fn put(&self, outputs: &[PathBuf]) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            fs::create_dir_all(directory)?;
        }
        let new = self.path.with_extension(std::process::id().to_string());
        fs::write(&new, self.text(outputs)?)?;
        fs::rename(&new, &self.path)
    }

    fn text(&self, outputs: &[PathBuf]) -> io::Result<String> {
        let mut hasher = blake3::Hasher::new();
        for output in outputs {
            add(output, &fs::metadata(output)?, &mut hasher);
        }
        Ok(format!("{}\n{}\n", self.inputs, hasher.finalize()))
    }
}

/// Adds a file, or all files below a directory. What is missing adds nothing.
fn walk(path: &Path, hasher: &mut blake3::Hasher) -> io::Result<()> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !metadata.is_dir() {
        add(path, &metadata, hasher);
        return Ok(());
    }
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    for entry in entries {
        // Editors leave files like `.#lib.rs`, which are links to nowhere.
        let name = entry.file_name().unwrap_or_default();
        if name != "target" && !name.as_encoded_bytes().starts_with(b".") {
            walk(&entry, hasher)?;
        }
    }
    Ok(())
}

fn add(path: &Path, metadata: &Metadata, hasher: &mut blake3::Hasher) {
    hasher.update(path.as_os_str().as_encoded_bytes());
    hasher.update(b"\0");
    let numbers = [
        metadata.size().to_le_bytes(),
        metadata.mtime().to_le_bytes(),
        metadata.mtime_nsec().to_le_bytes(),
    ];
    for number in numbers {
        hasher.update(&number);
    }
}
