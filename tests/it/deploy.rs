//! Plans: checked as a whole before a host is touched, then applied, idempotently.

use crate::support::Plan;

const GREETING: &str = r#"
[vars]
name = "world"

[[task]]
name = "directory"
file = { path = "@/out", state = "directory", mode = "0750" }
register = "directory"

[[task]]
name = "greeting"
copy = { path = "@/out/greeting", content = "hello {{ vars.name }}\n" }

[[task]]
name = "only if the directory was new"
when = "directory.changed"
copy = { path = "@/out/first", content = "once\n" }
"#;

#[test]
fn applies_once_then_changes_nothing() {
    let plan = Plan::new(GREETING);
    let statuses = |tasks: Vec<serde_json::Value>| -> Vec<String> {
        tasks
            .iter()
            .map(|task| task["status"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(statuses(plan.tasks(&[])), ["changed", "changed", "changed"]);
    assert_eq!(plan.read("out/greeting"), "hello world\n");
    assert_eq!(plan.read("out/first"), "once\n");
    assert_eq!(statuses(plan.tasks(&[])), ["ok", "ok", "skipped"]);
    plan.deploy(&[]).status(0).stdout_has(&["nothing changed"]);
}

#[test]
fn a_variable_from_the_command_line() {
    let plan = Plan::new(GREETING);
    plan.deploy(&["-e", "name=moon"]).status(0);
    assert_eq!(plan.read("out/greeting"), "hello moon\n");
}

#[test]
fn check_changes_nothing_and_diff_shows_what_would() {
    let plan = Plan::new(GREETING);
    plan.deploy(&[]).status(0);
    let run = plan
        .deploy(&["--check", "--diff", "-e", "name=moon"])
        .status(0);
    run.stdout_has(&["-hello world", "+hello moon"]);
    assert_eq!(plan.read("out/greeting"), "hello world\n");
    plan.deploy(&["--check", "--detailed-exitcode", "-e", "name=moon"])
        .status(2);
    plan.deploy(&["--check", "--detailed-exitcode"]).status(0);
}

#[test]
fn a_wrong_plan_touches_nothing_and_tells_all_at_once() {
    let plan = Plan::new(
        r#"
[[task]]
name = "first"
file = { path = "@/touched", state = "touch" }

[[task]]
name = "wrong state"
file = { path = "@/x", state = "directry" }

[[task]]
name = "unknown parameter"
copy = { pth = "@/y", content = "z" }

[[task]]
name = "unknown module"
fiel = { path = "@/x" }

[[task]]
name = "wrong type"
copy = { path = 7, content = "z" }

[[task]]
name = "misspelt key"
file = { path = "@/x" }
regsiter = "x"

[[task]]
name = "two modules"
file = { path = "@/x" }
copy = { path = "@/x", content = "z" }

[[task]]
name = "after the form of others was wrong"
file = { path = "@/x", mode = 0o644 }
"#,
    );
    plan.deploy(&[]).status(1).stderr_has(&[
        "deploy.toml:8:",
        "did you mean `directory`",
        "deploy.toml:12:",
        "did you mean `path`",
        "deploy.toml:16:",
        "did you mean `file`",
        "deploy.toml:20:",
        "string",
        "deploy.toml:25:",
        "did you mean `register`",
        "deploy.toml:30:",
        "a task has one module",
        "deploy.toml:34:",
        "did you mean `\"0644\"`",
        "error: 7 errors in ",
    ]);
    assert!(!plan.path("touched").exists());
}

#[test]
fn an_unknown_variable_is_an_error_before_anything_happens() {
    let plan = Plan::new(
        r#"
[vars]
port = 80

[[task]]
name = "first"
file = { path = "@/touched", state = "touch" }

[[task]]
copy = { path = "@/x", content = "{{ vars.prot }}" }
"#,
    );
    plan.deploy(&[])
        .status(1)
        .stderr_has(&["prot", "deploy.toml:10:"]);
    assert!(!plan.path("touched").exists());
}

#[test]
fn toml_that_is_none() {
    let plan = Plan::new("[[task]\nname = 1");
    plan.deploy(&[]).status(1).stderr_has(&["deploy.toml:1:"]);
}

#[test]
fn a_source_that_is_missing() {
    let plan = Plan::new("[[task]]\ncopy = { path = \"@/x\", src = \"nowhere.txt\" }\n");
    plan.deploy(&[]).status(1).stderr_has(&["nowhere.txt"]);
}

#[test]
fn a_task_that_fails_ends_the_run() {
    let plan = Plan::new(
        r#"
[[task]]
name = "fails"
command = { argv = ["/bin/sh", "-c", "echo why >&2; exit 4"] }

[[task]]
name = "never"
file = { path = "@/never", state = "touch" }
"#,
    );
    let run = plan.deploy(&[]).status(3);
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("why") && said.contains("fails"), "{said}");
    assert!(!plan.path("never").exists());
}
