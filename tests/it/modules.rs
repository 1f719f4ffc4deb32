//! The standard modules: what they change, and that they change it once.

use crate::support::Plan;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

/// Deploys one task twice: it changes something, then nothing. Gives the first run's event.
#[track_caller]
fn once(plan: &Plan) -> Value {
    let first = plan.tasks(&[]);
    let second = plan.tasks(&[]);
    let last = |tasks: &[Value]| tasks.last().expect("a task ran").clone();
    assert_eq!(last(&first)["status"], "changed", "{first:?}");
    assert_eq!(last(&second)["status"], "ok", "{second:?}");
    last(&first)
}

#[test]
fn file_makes_directories_links_and_empty_files() {
    let plan = Plan::new(
        "[[task]]\nfile = { path = \"@/a/b/c\", state = \"directory\", mode = \"0711\" }\n",
    );
    once(&plan);
    let mode = plan.path("a/b/c").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o711);

    let plan = Plan::new(
        "[[task]]\nfile = { path = \"@/link\", state = \"symlink\", target = \"/etc/hosts\" }\n",
    );
    once(&plan);
    let target = std::fs::read_link(plan.path("link")).unwrap();
    assert_eq!(target.to_str(), Some("/etc/hosts"));

    let plan = Plan::new("[[task]]\nfile = { path = \"@/tree\", state = \"absent\" }\n");
    std::fs::create_dir_all(plan.path("tree/deep/er")).unwrap();
    plan.file("tree/deep/leaf", "x");
    once(&plan);
    assert!(!plan.path("tree").exists());
}

#[test]
fn copy_installs_a_file_of_the_master() {
    let plan =
        Plan::new("[[task]]\ncopy = { path = \"@/out.bin\", src = \"in.bin\", mode = \"0600\" }\n");
    let bytes: Vec<u8> = (0..3_000_000u32).map(|i| (i * 7 % 251) as u8).collect();
    std::fs::write(plan.path("in.bin"), &bytes).unwrap();
    once(&plan);
    assert_eq!(std::fs::read(plan.path("out.bin")).unwrap(), bytes);
    let mode = plan
        .path("out.bin")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn copy_does_not_follow_a_link_that_somebody_planted() {
    let plan = Plan::new("[[task]]\ncopy = { path = \"@/dir/out\", content = \"mine\" }\n");
    std::fs::create_dir(plan.path("dir")).unwrap();
    plan.file("victim", "precious");
    std::os::unix::fs::symlink(plan.path("victim"), plan.path("dir/out")).unwrap();
    plan.deploy(&[]).status(3);
    assert_eq!(plan.read("victim"), "precious");
}

#[test]
fn lineinfile_sets_one_line() {
    let plan = Plan::new(
        "[[task]]\nlineinfile = { path = \"@/conf\", regexp = '^port\\s*=', line = \"port = 8080\" }\n",
    );
    plan.file("conf", "host = a\nport = 80\nuser = b\n");
    let event = once(&plan);
    assert_eq!(plan.read("conf"), "host = a\nport = 8080\nuser = b\n");
    assert!(!event["changes"].as_array().unwrap().is_empty(), "{event}");
}

#[test]
fn command_runs_until_its_file_is_there() {
    let plan = Plan::new(
        "[[task]]\ncommand = { argv = [\"/bin/sh\", \"-c\", \"echo made > @/made\"], creates = \"@/made\" }\nregister = \"made\"\n",
    );
    once(&plan);
    assert_eq!(plan.read("made"), "made\n");
}

#[test]
fn command_gets_exactly_the_program_it_names() {
    let plan = Plan::new("[[task]]\ncommand = { argv = [\"/bin/echo\", \"hi\"] }\n");
    let task = &plan.tasks(&[])[0];
    assert_eq!(
        task["grants"],
        serde_json::json!(["exec:/bin/echo hi"]),
        "{task}"
    );
}

#[test]
fn facts_can_be_used_by_later_tasks() {
    let plan = Plan::new(
        r#"
[[task]]
facts = {}
register = "facts"

[[task]]
when = "facts.machine == 'x86_64' or facts.machine == 'aarch64'"
copy = { path = "@/kernel", content = "{{ facts.kernel.name }}" }
"#,
    );
    let tasks = plan.tasks(&[]);
    assert_eq!(tasks[1]["status"], "changed", "{tasks:?}");
    assert!(plan.read("kernel").contains("Linux"));
}

#[test]
fn a_path_may_be_written_with_slashes_to_spare() {
    let plan = Plan::new(
        "[vars]\nbase = \"@//tree/./\"\n\n[[task]]\ncopy = { path = \"{{ vars.base }}/conf\", content = \"x\" }\n",
    );
    std::fs::create_dir(plan.path("tree")).unwrap();
    once(&plan);
    assert_eq!(plan.read("tree/conf"), "x");
}

#[test]
fn command_is_granted_with_all_that_surrounds_it() {
    let plan = Plan::new(
        r#"
[[task]]
command = { argv = ["sh", "-c", 'cat; pwd; echo "$A $1"', "sh", "*"], stdin = "in ", env = [["A", "b"]], chdir = "@//" }
register = "ran"

[[task]]
copy = { path = "@/out", content = "{{ ran.stdout }}" }
"#,
    );
    let tasks = plan.tasks(&[]);
    let here = plan.directory.path().to_str().unwrap();
    let expected = format!("exec:-C {here} A=… sh -c 'cat; pwd; echo \"$A $1\"' sh '*' <");
    let granted = tasks[0]["grants"][0].as_str().unwrap();
    // What follows is the beginning of the input's digest.
    assert!(granted.starts_with(&expected), "{tasks:?}");
    assert_eq!(plan.read("out"), format!("in {here}\nb *\n"));
}
