//! Modules in a registry: Debian's docker-registry, which each test starts for itself on this machine.

mod hostile;
mod locks;
mod logins;
mod server;
mod tls;
mod tokens;

use crate::support::example;
use server::Registry;

/// Pushes the calculator; gives its reference with a tag, and the one that pins it.
#[track_caller]
fn pushed(registry: &Registry) -> (String, String) {
    let reference = registry.reference("examples/calculator:1");
    let run = registry.run(&["push", &example("calculator"), &reference]);
    let pinned = run.status(0).stdout.trim().to_owned();
    let digest = pinned.strip_prefix(&format!("{reference}@sha256:"));
    assert_eq!(digest.map(str::len), Some(64), "{pinned}");
    (reference, pinned)
}

#[test]
fn what_was_pushed_is_called_by_tag_and_by_digest() {
    let registry = Registry::new();
    let (tagged, pinned) = pushed(&registry);
    // The same component once more is the same.
    assert_eq!(pushed(&registry).1, pinned);
    let (_, digest) = pinned.split_once('@').unwrap();
    for cached in [false, true] {
        let by_tag = registry.run(&["call", "local", &tagged, "add(1, 2)"]);
        by_tag.status(0).stdout("3\n").stderr_has(&[digest]);
        let bare = pinned.replace(":1@", "@").replace("oci:", "oci://");
        let by_digest = registry.run(&["call", "local", &bare, "add(1, 2)"]);
        let by_digest = by_digest.status(0).stdout("3\n");
        assert!(
            !by_digest.stderr.contains(digest),
            "{cached}: {by_digest:?}"
        );
    }
}

#[test]
fn what_a_module_imports_may_come_from_a_registry() {
    let registry = Registry::new();
    let (tagged, _) = pushed(&registry);
    let call = [
        "call",
        "local",
        &example("paint"),
        "buckets([circle(10.0)], 100)",
    ];
    let without = registry.run(&call).status(1);
    assert!(without.stderr.contains("--with"), "{without:?}");
    let with = [&call[..], &["--with", &tagged]].concat();
    registry.run(&with).status(0).stdout("ok(4)\n");
}

#[test]
fn what_is_pinned_needs_no_registry_the_second_time() {
    let mut registry = Registry::new();
    let (tagged, pinned) = pushed(&registry);
    registry.run(&["doc", &pinned]).status(0);
    registry.stop();
    registry
        .run(&["call", "local", &pinned, "add(1, 2)"])
        .status(0)
        .stdout("3\n");
    let unreachable = ["cannot be reached", &tagged, "help: "];
    registry
        .run(&["doc", &tagged])
        .status(1)
        .stderr_has(&unreachable);
    // What was changed on the disk is not used.
    for entry in std::fs::read_dir(registry.cache().join("zymogen/registry")).unwrap() {
        let path = entry.unwrap().path();
        let mut content = std::fs::read(&path).unwrap();
        content[8] ^= 1;
        std::fs::write(&path, content).unwrap();
    }
    registry
        .run(&["doc", &pinned])
        .status(1)
        .stderr_has(&["cannot be reached"]);
}

#[test]
fn what_the_registry_has_lost_or_changed_is_told() {
    let registry = Registry::new();
    let (tagged, pinned) = pushed(&registry);
    let missing = registry.reference("examples/calculator:2");
    registry
        .run(&["doc", &missing])
        .status(1)
        .stderr_has(&["no such tag", &missing]);
    let component = std::fs::read(example("calculator")).unwrap();
    let blob = registry.blob(&component);
    let mut damaged = component.clone();
    damaged[100] ^= 1;
    std::fs::write(&blob, damaged).unwrap();
    for reference in [&tagged, &pinned] {
        let run = registry.run(&["doc", reference]).status(1);
        run.stderr_has(&["its component is damaged", &tagged]);
    }
    std::fs::remove_file(&blob).unwrap();
    registry
        .run(&["doc", &tagged])
        .status(1)
        .stderr_has(&["no such component"]);
    std::fs::write(&blob, component).unwrap();
    registry.run(&["doc", &tagged]).status(0);
}

#[test]
fn other_layouts_are_pulled_or_told_apart() {
    let registry = Registry::new();
    let component = std::fs::read(example("calculator")).unwrap();
    registry.put_image(
        "old",
        "application/vnd.wasm.content.layer.v1+wasm",
        &component,
    );
    registry
        .run(&["doc", &registry.reference("old:1")])
        .status(0);
    registry.put_image("text", "text/plain", b"hello");
    let text = registry.run(&["doc", &registry.reference("text:1")]);
    text.status(1)
        .stderr_has(&["is no module", "application/vnd.test", "help: "]);
    registry.put_image("liar", "application/wasm", b"hello");
    let liar = registry.run(&["doc", &registry.reference("liar:1")]);
    liar.status(1)
        .stderr_has(&["is no WebAssembly component", "liar:1"]);
}

#[test]
fn what_is_no_component_is_not_pushed() {
    let registry = Registry::new();
    let file = registry.path("x.wasm");
    std::fs::write(&file, "hello").unwrap();
    let file = file.to_str().unwrap();
    let run = registry.run(&["push", file, &registry.reference("x:1")]);
    run.status(1).stderr_has(&["is no WebAssembly component"]);
    let digest = format!("x@sha256:{}", "0".repeat(64));
    let run = registry.run(&["push", &example("calculator"), &registry.reference(&digest)]);
    run.status(1).stderr_has(&["cannot be pushed to"]);
}

/// A project says what its module is, and what it uses may come from a registry.
#[test]
fn a_project_is_pushed_and_uses_what_was_pushed() {
    let registry = Registry::new();
    let (tagged, pinned) = pushed(&registry);
    let facts = registry.path("facts.wasm");
    std::fs::write(facts, registry.std_module("facts")).unwrap();
    let manifest = format!(
        "[module]\nname = \"about\"\nversion = \"1.2.0\"\ndescription = \"What it is.\"\n\
         [build]\ncommand = [\"cp\", \"../facts.wasm\", \"out.wasm\"]\noutput = \"out.wasm\"\nwith = [\"{tagged}\"]\n"
    );
    let project = registry.path("about");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("zymogen.toml"), manifest).unwrap();
    let run = |arguments: &[&str]| registry.run_in(&project, arguments);
    run(&["build", "--locked"])
        .status(1)
        .stderr_has(&["is not locked", "zymogen lock"]);
    run(&["build"]).status(0);
    let lock = std::fs::read_to_string(project.join("zymogen.lock")).unwrap();
    let (_, digest) = pinned.split_once('@').unwrap();
    assert!(lock.contains(digest), "{lock}");
    let target = registry.reference("about:1.2.0");
    let json = run(&[
        "push",
        &target,
        "-a",
        "org.example.a=b",
        "-o",
        "json",
        "--locked",
    ])
    .status(0);
    let json = &json.json()[0];
    let (_, manifest) = registry.get("about", json["digest"].as_str().unwrap());
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let expected = serde_json::json!({
        "org.example.a": "b",
        "org.opencontainers.image.description": "What it is.",
        "org.opencontainers.image.title": "about",
        "org.opencontainers.image.version": "1.2.0",
    });
    assert_eq!(manifest["annotations"], expected);
    let call = [
        "call",
        "local",
        &target,
        "run({filter: none}, check)",
        "-g",
        "system",
    ];
    let called = run(&call).status(0);
    assert!(called.stdout.starts_with("ok("), "{called:?}");
}
