//! Projects of the user's own, in each language: made, built, tested. `tests/run` installs the languages' tools.

use crate::support::{Run, finished, root, target, zymogen};
use std::path::Path;
use std::process::Command;

/// With the tools of other languages in its way.
fn in_directory(mut command: Command, directory: &Path) -> Run {
    let tools = target().join("tools/bin");
    let path = std::env::var("PATH").unwrap_or_default();
    command
        .current_dir(directory)
        .env("PATH", format!("{}:{path}", tools.display()));
    finished(&command.output().unwrap())
}

fn program(arguments: &[&str], directory: &Path) -> Run {
    let mut command = zymogen();
    command.args(arguments);
    in_directory(command, directory)
}

#[track_caller]
fn passes(run: Run, tests: usize) {
    let run = run.status(0);
    let last = format!("{tests} tests passed\n");
    assert!(run.stdout.ends_with(&last), "{run:?}");
}

/// Makes a project, installs what its package.json names if it has one, builds it, and runs its tests.
#[track_caller]
fn a_new_one_passes(language: &str) {
    let scratch = tempfile::tempdir().unwrap();
    program(&["new", "motd", "--lang", language], scratch.path()).status(0);
    let directory = scratch.path().join("motd");
    if directory.join("package.json").exists() {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--no-package-lock"]);
        in_directory(npm, &directory).status(0);
    }
    passes(program(&["test"], &directory), 3);
}

#[track_caller]
fn an_example_passes(name: &str, tests: usize) {
    let directory = root().join("examples").join(name);
    passes(program(&["test"], &directory), tests);
}

#[test]
fn a_new_project_in_rust() {
    a_new_one_passes("rust");
}

#[test]
fn a_new_project_in_c() {
    a_new_one_passes("c");
}

#[test]
fn a_new_project_in_go() {
    a_new_one_passes("go");
}

#[test]
fn a_new_project_in_python() {
    a_new_one_passes("python");
}

#[test]
fn a_new_project_in_javascript() {
    a_new_one_passes("js");
}

#[test]
fn a_new_project_in_typescript() {
    a_new_one_passes("ts");
}

#[test]
fn the_example_in_c() {
    an_example_passes("logreport-c", 3);
}

#[test]
fn the_example_in_go() {
    an_example_passes("logreport-go", 3);
}

#[test]
fn the_example_in_python() {
    an_example_passes("render-python", 4);
}

#[test]
fn the_example_in_javascript() {
    an_example_passes("service-javascript", 6);
}

#[test]
fn the_example_in_typescript() {
    an_example_passes("render-typescript", 5);
}

/// Streams, futures and resources, in components that others' tools make of the same WIT.
#[test]
fn the_streams_in_c() {
    an_example_passes("weblog-c", 5);
}

#[test]
fn the_streams_in_python() {
    an_example_passes("weblog-python", 5);
}

#[test]
fn the_streams_in_javascript() {
    an_example_passes("weblog-javascript", 5);
}

/// The same source, made a component by the tool that the example in TypeScript installs.
#[test]
fn the_streams_in_javascript_by_jco() {
    let examples = root().join("examples");
    let scratch = tempfile::tempdir().unwrap();
    for file in ["world.wit", "weblog.js"] {
        let from = examples.join("weblog-javascript").join(file);
        std::fs::copy(from, scratch.path().join(file)).unwrap();
    }
    let manifest = examples.join("weblog-javascript/zymogen.toml");
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let jco = examples.join("render-typescript/node_modules/.bin/jco");
    let command = format!(
        "\"{}\", \"componentize\", \"weblog.js\", \"--wit\", \"world.wit\", \"--backend\", \"quickjs\", \"--out\", \"build/weblog.wasm\"",
        jco.display()
    );
    let npm = r#""npm", "run", "--silent", "build""#;
    assert!(manifest.contains(npm));
    let manifest = manifest.replace(npm, &command);
    std::fs::write(scratch.path().join("zymogen.toml"), manifest).unwrap();
    passes(program(&["test"], scratch.path()), 5);
}

/// Go's own tools make no asynchronous functions: said before they try, and with what else there is.
#[test]
fn streams_in_go_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    program(&["new", "motd", "--lang", "go"], scratch.path()).status(0);
    let directory = scratch.path().join("motd");
    for function in [
        "async func(log: string)",
        "func(log: stream<u8>)",
        "func() -> future<u8>",
    ] {
        let world = format!("package a:b;\nworld w {{ export a: {function}; }}\n");
        std::fs::write(directory.join("world.wit"), world).unwrap();
        let run = program(&["build"], &directory).status(1);
        run.stderr_has(&[
            "async functions, streams or futures",
            "C, Python, JavaScript",
        ]);
    }
}

/// A module that is no task is built, and its functions are tested.
#[test]
fn what_comes_of_a_call_is_compared() {
    let directory = root().join("examples/weblog-c");
    let scratch = tempfile::tempdir().unwrap();
    for file in ["world.wit", "weblog.c"] {
        std::fs::copy(directory.join(file), scratch.path().join(file)).unwrap();
    }
    let manifest = std::fs::read_to_string(directory.join("zymogen.toml")).unwrap();
    let (build, _) = manifest.split_once("[[test]]").unwrap();
    let tests = r#"[[test]]
name = "one too few"
call = ['[constructor]tally("a")', '[method]tally.add(1, "\n")']
gives = ["1", "2"]
[[test]]
name = "no such function"
call = "redacted()"
"#;
    std::fs::write(
        scratch.path().join("zymogen.toml"),
        format!("{build}{tests}"),
    )
    .unwrap();
    let run = program(&["test", ".", "one"], scratch.path()).status(3);
    let told = r#"[method]tally.add(1, "\n"): expected 2, found 1"#;
    assert!(run.stdout.contains(told), "{run:?}");
    // What cannot be called is a test that fails, and not the end of the others.
    let run = program(&["test"], scratch.path()).status(3);
    run.stdout_has(&["no such function", "redacted", "0 passed, 2 failed"]);
}

/// A test that does not pass says what differs.
#[test]
fn what_is_not_as_expected_is_told_and_counts() {
    let scratch = tempfile::tempdir().unwrap();
    program(&["new", "motd", "--lang", "c"], scratch.path()).status(0);
    let directory = scratch.path().join("motd");
    let manifest = directory.join("zymogen.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("Hello, Ada!", "Hello, Bob!")).unwrap();
    let run = program(&["test"], &directory).status(3);
    let told = r#"the file `greeting`: expected "Hello, Bob!\n", found "Hello, Ada!\n""#;
    assert!(run.stdout.contains(told), "{run:?}");
    assert!(run.stdout.ends_with("2 passed, 1 failed\n"), "{run:?}");
    let run = program(&["test", ".", "directory", "-o", "json"], &directory).status(0);
    let line: serde_json::Value = serde_json::from_str(run.stdout.trim()).unwrap();
    assert_eq!(
        (&line["test"], &line["passed"]),
        (&"a directory is in the way".into(), &true.into())
    );
}
