//! Components that need the engine with concurrency: async exports, and WASI 0.3.

use crate::support::{Run, run};

const ASYNC: &str = r#"(component
    (core module $m
        (import "" "return" (func $return (param i32)))
        (func (export "add") (param i32 i32) (result i32)
            (call $return (i32.add (local.get 0) (local.get 1)))
            (i32.const 0 (; exit ;)))
        (func (export "spin") (result i32) (loop (br 0)) (unreachable))
        (func (export "trap") (result i32) (unreachable))
        (func (export "forget") (result i32) (i32.const 0 (; exit ;)))
        (func (export "callback") (param i32 i32 i32) (result i32) (unreachable)))
    (core func $return (canon task.return (result u32)))
    (core instance $i (instantiate $m (with "" (instance (export "return" (func $return))))))
    (func (export "add") async (param "a" u32) (param "b" u32) (result u32)
        (canon lift (core func $i "add") async (callback (func $i "callback"))))
    (func (export "spin") async (result u32)
        (canon lift (core func $i "spin") async (callback (func $i "callback"))))
    (func (export "trap") async (result u32)
        (canon lift (core func $i "trap") async (callback (func $i "callback"))))
    (func (export "forget") async (result u32)
        (canon lift (core func $i "forget") async (callback (func $i "callback")))))"#;

const WASI_0_3: &str = r#"(component
    (import "wasi:random/random@0.3.0"
        (instance $random (export "get-random-u64" (func (result u64)))))
    (core func $get (canon lower (func $random "get-random-u64")))
    (core module $m
        (import "" "get" (func $get (result i64)))
        (func (export "differ") (result i32) (i64.ne (call $get) (call $get))))
    (core instance $i (instantiate $m (with "" (instance (export "get" (func $get))))))
    (func (export "differ") (result bool) (canon lift (core func $i "differ"))))"#;

fn call(component: &str, export: &str) -> Run {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("module.wasm");
    std::fs::write(&path, wat::parse_str(component).unwrap()).unwrap();
    let path = path.to_str().unwrap();
    run(&["call", "local", path, export, "--timeout", "1s"])
}

#[test]
fn an_async_export_returns() {
    call(ASYNC, "add(2, 3)").status(0).stdout("5\n");
}

#[test]
fn an_async_export_has_the_same_fates_as_others() {
    call(ASYNC, "spin()")
        .status(3)
        .stderr_has(&["took longer than 1.0 s"]);
    call(ASYNC, "trap()").status(3).stderr_has(&["trapped"]);
    // It ends without a result.
    call(ASYNC, "forget()").status(3).stderr_has(&["trapped"]);
}

#[test]
fn wasi_0_3_is_there() {
    call(WASI_0_3, "differ()").status(0).stdout("true\n");
}
