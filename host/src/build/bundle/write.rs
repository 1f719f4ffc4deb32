//! Makes a bundle of a program and the files that it is to carry.

use super::{Entry, FOOTER, MAGIC, MARK, MARKED, io};
use crate::build::BuildError;
use crate::build::digest::{sha256, sha256_hex};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A file that a bundle is to carry.
pub(in crate::build) struct Content {
    /// Its name in the override directory.
    pub(in crate::build) name: String,
    /// Its own length.
    pub(in crate::build) size: u64,
    /// SHA-256 of itself.
    pub(in crate::build) sha256: String,
    /// It as one zstd frame.
    pub(in crate::build) frame: Bytes,
}

/// A program that says it is a bundle's.
pub(in crate::build) fn marked(program: &Path) -> Result<Vec<u8>, BuildError> {
    let mut bytes = fs::read(program).map_err(|error| io(program, error))?;
    mark(&mut bytes).map_err(|why| BuildError::NoProgram {
        path: program.to_owned(),
        why: why.to_owned(),
    })?;
    Ok(bytes)
}

/// Writes the bundle of a [`marked`] program to `output`, which is replaced in one step. Says how long it is.
pub(in crate::build) fn write(
    program: Vec<u8>,
    contents: &[Content],
    output: &Path,
) -> Result<u64, BuildError> {
    let mut bytes = program;
    let mut index = BTreeMap::new();
    for content in contents {
        let entry = Entry {
            offset: bytes.len() as u64,
            length: content.frame.len() as u64,
            packed_sha256: sha256_hex(&content.frame),
            size: content.size,
            sha256: content.sha256.clone(),
        };
        index.insert(&content.name, entry);
        bytes.extend_from_slice(&content.frame);
    }
    let index = serde_json::to_vec(&index).map_err(|error| io(output, error.into()))?;
    bytes.extend_from_slice(&index);
    let footer_at = bytes.len();
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(index.len() as u64).to_le_bytes());
    bytes.extend_from_slice(&sha256(&index));
    debug_assert_eq!((bytes.len() - footer_at) as u64, FOOTER);
    let mut new = output.as_os_str().to_owned();
    new.push(format!(".new-{}", std::process::id()));
    let new = Path::new(&new);
    let written = write_new(new, &bytes).and_then(|()| fs::rename(new, output));
    written.map_err(|error| {
        let _ = fs::remove_file(new);
        io(output, error)
    })?;
    Ok(bytes.len() as u64)
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o755);
    options.open(path)?.write_all(bytes)
}

/// Sets the mark, which is in each program of this kind once.
fn mark(program: &mut [u8]) -> Result<(), &'static str> {
    // Its beginning is this program's own, so that it is nowhere else in this program, which may be the one.
    let own = black_box(&MARK);
    let (beginning, _) = own.split_at(own.len() - 1);
    let places: Vec<usize> = memmem(program, beginning).take(2).collect();
    let at = match places[..] {
        [] => return Err("it is no zymogen, or another version"),
        [place] => place + beginning.len(),
        _ => return Err("it carries its mark twice"),
    };
    match program.get_mut(at) {
        Some(byte) if *byte == MARKED => Err("it is a bundle already"),
        Some(byte) => {
            *byte = MARKED;
            Ok(())
        }
        None => Err("it ends in the middle of its mark"),
    }
}

/// All places of a text that does not overlap itself.
fn memmem<'a>(bytes: &'a [u8], wanted: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let first = wanted.first().copied();
    let candidates = bytes.iter().enumerate();
    let candidates = candidates.filter(move |(_, byte)| Some(**byte) == first);
    let places = candidates.map(|(at, _)| at);
    places.filter(move |at| bytes[*at..].starts_with(wanted))
}
