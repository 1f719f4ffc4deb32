//! `zymogen.lock`: a tag that is moved moves nobody who does not want to.

use super::server::Registry;
use std::path::Path;

const PLAN: &str = "deploy.toml";

fn lock(registry: &Registry) -> String {
    std::fs::read_to_string(registry.path("zymogen.lock")).unwrap()
}

/// Pushes a standard module to where the plan looks; gives its digest.
#[track_caller]
fn push(registry: &Registry, module: &str) -> String {
    let run = registry.run(&["push", module, &registry.reference("tasks/it:1")]);
    let pinned = run.status(0).stdout;
    let (_, digest) = pinned.trim().split_once('@').unwrap();
    digest.to_owned()
}

/// A plan with one task, whose parameters only `facts` understands.
fn plan(registry: &Registry, plan: &Path) {
    let module = registry.reference("tasks/it:1");
    let text = format!("[[task]]\nuse = \"{module}\"\n");
    std::fs::write(plan, text).unwrap();
}

#[test]
fn a_tag_that_was_moved_is_what_it_was_until_it_is_locked_anew() {
    let registry = Registry::new();
    plan(&registry, &registry.path(PLAN));
    let old = push(&registry, "facts");
    let unlocked = registry.run(&["deploy", "--locked"]).status(1);
    unlocked.stderr_has(&[
        "tasks/it:1 is not locked",
        "zymogen.lock lacks it",
        "`zymogen lock`",
    ]);
    assert!(!registry.path("zymogen.lock").exists());
    registry.run(&["deploy"]).status(0);
    assert!(lock(&registry).contains(&old), "{}", lock(&registry));

    let new = push(&registry, "command");
    assert_ne!(old, new);
    // Neither the cache knows it by now, nor the tag.
    registry.forget();
    let before = lock(&registry);
    for options in [&["deploy"][..], &["deploy", "--locked"]] {
        registry.run(options).status(0);
        assert_eq!(lock(&registry), before);
    }

    let told = registry.run(&["lock"]).status(0).stdout;
    assert_eq!(
        told,
        format!("{}: {old} -> {new}\n", registry.reference("tasks/it:1"))
    );
    assert!(lock(&registry).contains(&new) && !lock(&registry).contains(&old));
    // The other module wants other parameters.
    registry.run(&["deploy", "--locked"]).status(1);
    let again = registry.run(&["lock", PLAN, "-o", "json"]).status(0);
    let line = &again.json()[0];
    assert_eq!(
        (&line["old"], &line["new"]),
        (&new.as_str().into(), &new.as_str().into())
    );
}

#[test]
fn plans_in_one_directory_share_a_lock_and_leave_each_others_lines() {
    let registry = Registry::new();
    plan(&registry, &registry.path(PLAN));
    let digest = push(&registry, "facts");
    let other = format!("[[module]]\nreference = \"oci:other.org/a:1\"\ndigest = \"{digest}\"\n");
    std::fs::write(
        registry.path("zymogen.lock"),
        format!("version = 1\n{other}"),
    )
    .unwrap();
    registry.run(&["deploy", "--check"]).status(0);
    registry.run(&["lock"]).status(0);
    assert!(lock(&registry).contains(&other), "{}", lock(&registry));
    assert_eq!(lock(&registry).matches("[[module]]").count(), 2);
}

#[test]
fn a_lock_that_cannot_be_read_stops_everything() {
    let registry = Registry::new();
    plan(&registry, &registry.path(PLAN));
    std::fs::write(registry.path("zymogen.lock"), "version = 7\n").unwrap();
    let run = registry.run(&["deploy"]).status(1);
    run.stderr_has(&["zymogen.lock: it is of version 7", "help: "]);
}

/// Nobody knows where the lock of a plan is that came through a pipe.
#[test]
fn a_piped_plan_is_locked_only_by_digests() {
    let registry = Registry::new();
    let pinned = format!(
        "{}@{}",
        registry.reference("tasks/it"),
        push(&registry, "facts")
    );
    let deploy = |module: &str| {
        let file = registry.path("piped.toml");
        std::fs::write(&file, format!("[[task]]\nuse = \"{module}\"\n")).unwrap();
        let mut command = registry.program();
        command
            .current_dir(registry.path(""))
            .args(["deploy", "-", "--locked"]);
        command.stdin(std::fs::File::open(file).unwrap());
        crate::support::finished(&command.output().unwrap())
    };
    deploy(&pinned).status(0);
    let tagged = deploy(&registry.reference("tasks/it:1")).status(1);
    tagged.stderr_has(&["is not locked", "@sha256:"]);
    assert!(!registry.path("zymogen.lock").exists());
}
