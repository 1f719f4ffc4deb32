//! What is no component, or none that can run, is refused with its own message.

use crate::support::{call, root};
use std::path::PathBuf;

fn file(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (directory, path)
}

#[test]
fn a_core_module() {
    let (_keep, path) = file("core.wasm", b"\0asm\x01\0\0\0");
    call(path.to_str().unwrap(), "f()")
        .status(1)
        .stderr_has(&["core module, neither a component", "wasm32-wasip2"]);
}

#[test]
fn a_file_that_is_no_wasm() {
    let readme = root().join("README.md");
    call(readme.to_str().unwrap(), "f()")
        .status(1)
        .stderr_has(&["no WebAssembly component"]);
}

#[test]
fn a_file_that_is_not_there() {
    call("./nowhere.wasm", "f()")
        .status(1)
        .stderr_has(&["nowhere.wasm"]);
}

#[test]
fn a_truncated_component() {
    let calculator = std::fs::read(crate::support::example("calculator")).unwrap();
    let (_keep, path) = file("half.wasm", &calculator[..calculator.len() / 2]);
    call(path.to_str().unwrap(), "add(1, 2)")
        .status(1)
        .stderr_has(&["cannot be compiled"]);
}

#[test]
fn an_import_that_nobody_offers() {
    let lonely = wat::parse_str(
        r#"(component
            (import "acme:nowhere/nothing@1.0.0" (instance $nothing (export "f" (func))))
            (core func $f (canon lower (func $nothing "f")))
            (core module $m
                (import "" "f" (func $f))
                (func (export "g") (call $f)))
            (core instance $i (instantiate $m (with "" (instance (export "f" (func $f))))))
            (func (export "g") (canon lift (core func $i "g"))))"#,
    )
    .unwrap();
    let (_keep, path) = file("lonely.wasm", &lonely);
    call(path.to_str().unwrap(), "g()")
        .status(1)
        .stderr_has(&["acme:nowhere/nothing"]);
}

#[test]
fn a_result_that_cannot_travel_is_refused_before_anything_starts() {
    let opaque = wat::parse_str(
        r#"(component
            (core module $m (func (export "make") (result i32) i32.const 0))
            (core instance $i (instantiate $m))
            (type $inner (stream u8))
            (type $outer (future $inner))
            (type $make (func (result $outer)))
            (func $f (type $make) (canon lift (core func $i "make")))
            (export "make" (func $f)))"#,
    )
    .unwrap();
    let (_keep, path) = file("opaque.wasm", &opaque);
    call(path.to_str().unwrap(), "make()")
        .status(1)
        .stdout("")
        .stderr_has(&["`make` cannot be called", "cannot travel"]);
}
