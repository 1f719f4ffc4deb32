//! Bundles of programs that are none.

use super::{Bundle, Content, FOOTER, MARK, marked, write};
use crate::build::BuildError;
use crate::build::digest::sha256_hex;
use std::fs;
use std::hint::black_box;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// Files of a test, gone after it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("zymogen-bundle-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn program(&self, bytes: &[u8]) -> PathBuf {
        let path = self.0.join("program");
        fs::write(&path, bytes).expect("a program");
        path
    }

    fn bundle(&self, program: &[u8], contents: &[Content]) -> Result<PathBuf, BuildError> {
        let output = self.0.join("bundle");
        let size = write(marked(&self.program(program))?, contents, &output)?;
        assert_eq!(fs::metadata(&output).expect("a bundle").len(), size);
        Ok(output)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn program() -> Vec<u8> {
    [b"before zzy", &black_box(&MARK)[..], b"after"].concat()
}

fn content(name: &str, bytes: &[u8]) -> Content {
    Content {
        name: name.to_owned(),
        size: bytes.len() as u64,
        sha256: sha256_hex(bytes),
        frame: zstd::bulk::compress(bytes, 3).expect("a frame").into(),
    }
}

fn contents() -> [Content; 3] {
    [
        content("zymogen-slave-vax", &b"an image ".repeat(1000)),
        content("copy.wasm", b"a module"),
        content("empty.wasm", b""),
    ]
}

#[test]
fn what_is_put_in_comes_out() {
    let scratch = Scratch::new("whole");
    let path = scratch.bundle(&program(), &contents()).expect("a bundle");
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o100, 0o100);
    let bundle = Bundle::open(&path).expect("a bundle");
    let names: Vec<_> = bundle.names().collect();
    assert_eq!(names, ["copy.wasm", "empty.wasm", "zymogen-slave-vax"]);
    let read = |name| bundle.read(bundle.find(name).expect("an entry"));
    assert_eq!(read("copy.wasm").expect("a module"), b"a module");
    assert_eq!(read("empty.wasm").expect("a module"), b"");
    let image = read("zymogen-slave-vax").expect("an image");
    assert_eq!(image, b"an image ".repeat(1000));
    assert!(bundle.find("other.wasm").is_none());
}

#[test]
fn no_changed_byte_goes_unnoticed() {
    let scratch = Scratch::new("damage");
    let path = scratch.bundle(&program(), &contents()).expect("a bundle");
    let whole = fs::read(&path).expect("the bundle");
    for at in program().len()..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        fs::write(&path, bytes).expect("the damage");
        let found = Bundle::open(&path).and_then(|bundle| {
            for name in ["zymogen-slave-vax", "copy.wasm", "empty.wasm"] {
                bundle.read(bundle.find(name).expect("an entry"))?;
            }
            Ok(())
        });
        let error = found.expect_err("the damage is found");
        let in_magic = whole.len() - FOOTER as usize..whole.len() - 40;
        if in_magic.contains(&at) {
            assert!(matches!(error, BuildError::CutBundle(_)), "{at}: {error}");
        } else {
            assert!(
                matches!(error, BuildError::DamagedBundle { .. }),
                "{at}: {error}"
            );
        }
    }
}

#[test]
fn a_bundle_without_its_end_is_no_bundle() {
    let scratch = Scratch::new("cut");
    let path = scratch.bundle(&program(), &contents()).expect("a bundle");
    let whole = fs::read(&path).expect("the bundle");
    for length in [0, 1, program().len(), whole.len() - 1] {
        fs::write(&path, &whole[..length]).expect("the cut");
        let error = Bundle::open(&path).expect_err("the cut is found");
        assert!(
            matches!(error, BuildError::CutBundle(_)),
            "{length}: {error}"
        );
        assert!(error.hint().is_some_and(|hint| hint.contains("strip")));
    }
}

#[test]
fn this_program_is_no_bundle() {
    assert!(Bundle::own().expect("no bundle").is_none());
}

#[test]
fn only_a_zymogen_is_made_a_bundle_and_only_once() {
    let scratch = Scratch::new("program");
    let twice = [program(), program()].concat();
    let bundle = scratch.bundle(&program(), &[]).expect("a bundle");
    let bundle = fs::read(bundle).expect("the bundle");
    for (bytes, why) in [
        (&b"#!/bin/sh\n"[..], "no zymogen"),
        (&black_box(&MARK)[..MARK.len() - 1], "ends"),
        (&twice, "twice"),
        (&bundle, "already"),
    ] {
        let error = scratch.bundle(bytes, &[]).expect_err("it is refused");
        assert!(error.to_string().contains(why), "{error}");
    }
}
