//! Modules that use modules: one imports what another exports.

use crate::support::{example, run};

/// Paint for a circle of 314.2 and a rectangle of 6, by the hundred.
const CALL: &str =
    "buckets([circle(10.0), rectangle({corner: {x: 0.0, y: 0.0}, width: 3.0, height: 2.0})], 100)";

#[test]
fn what_a_module_imports_another_one_exports() {
    let (paint, calculator) = (example("paint"), example("calculator"));
    let call = ["call", "local", &paint, CALL, "--with", &calculator];
    run(&call).status(0).stdout("ok(4)\n");
}

#[test]
fn the_error_of_the_other_one_comes_through() {
    let (paint, calculator) = (example("paint"), example("calculator"));
    let call = [
        "call",
        "local",
        &paint,
        "buckets([], 0)",
        "--with",
        &calculator,
    ];
    let ended = run(&call).status(3);
    assert!(ended.stdout.starts_with("err("), "{ended:?}");
}

#[test]
fn without_it_the_module_is_refused_and_says_what_would_help() {
    let call = ["call", "local", &example("paint"), CALL];
    let parts = ["zymogen:examples/shapes@0.1.0", "--with"];
    run(&call).status(1).stdout("").stderr_has(&parts);
}

#[test]
fn the_documentation_shows_who_uses_what_of_whom() {
    let (paint, calculator) = (example("paint"), example("calculator"));
    let ended = run(&["doc", &paint, "--with", &calculator]).status(0);
    let line = "paint -> calculator: zymogen:examples/shapes@0.1.0";
    assert!(ended.stdout.contains(line), "{ended:?}");
}
