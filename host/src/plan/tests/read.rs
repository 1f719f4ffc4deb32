//! From text to model.

use super::{errors, messages};
use crate::output::Source;
use crate::plan::read;

fn plan(text: &str) -> crate::plan::Plan {
    read(&Source::new("deploy.toml", text)).unwrap()
}

#[test]
fn a_plan_has_hosts_variables_and_tasks() {
    let plan = plan(
        r#"
[plan]
name = "web"
hosts = ["local"]

[vars]
port = 80
base = "/srv"

[[task]]
name = "a directory"
place = { path = "/srv", state = "directory" }
register = "made"
when = "vars.port > 0"

[[task]]
use = "place"
with = {
    path = "/srv/app",
}
"#,
    );
    assert_eq!(plan.name.as_deref(), Some("web"));
    assert_eq!(plan.hosts[0].value, "local");
    let vars: Vec<_> = plan
        .vars
        .iter()
        .map(|entry| entry.key.value.as_str())
        .collect();
    assert_eq!(vars, ["port", "base"]);
    let [first, second] = plan.tasks.as_slice() else {
        panic!("two tasks")
    };
    assert_eq!(
        (first.name.as_str(), first.module.value.as_str()),
        ("a directory", "place")
    );
    assert_eq!(first.register.as_ref().unwrap().value, "made");
    assert_eq!(first.when.as_ref().unwrap().value, "vars.port > 0");
    assert_eq!(
        (second.name.as_str(), second.module.value.as_str()),
        ("place", "place")
    );
    assert!(second.params.get("path").is_some());
}

#[test]
fn without_hosts_it_is_for_this_machine() {
    let plan = plan("[[task]]\nplace = { path = '/srv' }\n");
    assert_eq!(plan.hosts[0].value, "local");
    let plan = read(&Source::new(
        "p",
        "plan.hosts = 'local'\n[[task]]\nknow = {}\n",
    ));
    assert_eq!(plan.unwrap().hosts[0].value, "local");
}

#[test]
fn what_is_no_toml_is_shown() {
    let expected = "\
error[plan]: key with no value, expected `=`
 --> deploy.toml:2:6
  |
2 | hosts
  |      ^

";
    assert_eq!(errors("[plan]\nhosts\n"), expected);
}

#[test]
fn an_unknown_key_has_a_neighbour() {
    let text = "[plan]\nhost = \"local\"\n\n[[task]]\nname = \"x\"\nplace = { path = \"/srv\" }\nregistr = \"x\"\n";
    let expected = "\
error[plan]: `[plan]` has no key `host`
 --> deploy.toml:2:1
  |
2 | host = \"local\"
  | ^^^^
  = help: did you mean `hosts`?

error[plan]: a task has no key `registr`
 --> deploy.toml:7:1
  |
7 | registr = \"x\"
  | ^^^^^^^
  = help: did you mean `register`?

error: 2 errors in deploy.toml
";
    assert_eq!(errors(text), expected);
}

#[test]
fn a_key_that_is_nothing_at_all_is_explained() {
    let text = "[[task]]\nplace = { path = \"/srv\" }\nbecome = true\n";
    let expected = "\
error[plan]: a task has no key `become`
 --> deploy.toml:3:1
  |
3 | become = true
  | ^^^^^^
  = help: there are `name`, `use`, `with`, `register` and `when`; or, if `become` is a module, its parameters are a table, and this is true

";
    assert_eq!(errors(text), expected);
}

#[test]
fn values_of_the_wrong_kind_are_named() {
    let text =
        "tasks = 1\nvars = []\n[plan]\nname = 3\nhosts = []\n[[task]]\nwhen = 1\nplace = {}\n";
    assert_eq!(
        messages(text),
        [
            "a plan has no key `tasks`",
            "`vars` is a table, and this is a list of 0",
            "`name` is a text, and this is the integer 3",
            "a plan needs a host",
            "`when` is a text, and this is the integer 1",
            "`place` needs the parameter `path`",
        ]
    );
}

#[test]
fn a_task_has_one_module() {
    assert_eq!(
        messages("[[task]]\nname = \"x\"\n"),
        ["this task has no module"]
    );
    assert_eq!(
        messages("[[task]]\nplace = { path = \"/a\" }\nrun = { argv = [\"true\"] }\n"),
        ["a task has one module, and this one has `place`"]
    );
    assert_eq!(
        messages("[[task]]\nuse = \"place\"\nrun = { argv = [\"true\"] }\n"),
        ["a task has one module, and this one uses `place`"]
    );
    let slip = errors("[[task]]\nuse = \"place\"\nwiht = { path = \"/a\" }\n");
    assert!(slip.contains("a task has no key `wiht`"), "{slip}");
    assert!(slip.contains("help: did you mean `with`?"), "{slip}");
    assert_eq!(
        messages("[[task]]\nplace = { path = \"/a\" }\nwith = {}\n"),
        ["`with` goes with `use`"]
    );
    assert_eq!(
        messages("[plan]\nname = \"x\"\n"),
        ["deploy.toml has no task"]
    );
    assert_eq!(
        messages("[task]\nuse = \"place\"\n"),
        ["`task` is a list of tasks"]
    );
}

#[test]
fn names_are_registered_once_and_can_be_written() {
    let text = "
plan.hosts = [\"local\", \"local\"]
[[task]]
know = {}
register = \"facts\"
[[task]]
know = {}
register = \"facts\"
[[task]]
know = {}
register = \"my-facts\"
[[task]]
know = {}
register = \"vars\"
";
    assert_eq!(
        messages(text),
        [
            "the host `local` is already in line 2",
            "the name `facts` is already in line 5",
            "`my-facts` cannot be a name in a template",
            "`vars` cannot be a name in a template",
        ]
    );
}

#[test]
fn names_that_templates_cannot_say_are_refused_where_they_are_given() {
    let text = "[vars]\napp-name = \"x\"\n2nd = 1\n[[task]]\nknow = {}\n";
    let expected = "\
error[plan]: `app-name` cannot be a name in a template
 --> deploy.toml:2:1
  |
2 | app-name = \"x\"
  | ^^^^^^^^
  = help: use letters, digits and `_`, and begin with a letter: `app_name`

error[plan]: `2nd` cannot be a name in a template
 --> deploy.toml:3:1
  |
3 | 2nd = 1
  | ^^^
  = help: use letters, digits and `_`, and begin with a letter

error: 2 errors in deploy.toml
";
    assert_eq!(errors(text), expected);
    for name in [
        "range", "dict", "if", "in", "and", "or", "not", "None", "true",
    ] {
        let text = format!("[[task]]\nknow = {{}}\nregister = \"{name}\"\n");
        let shown = errors(&text);
        let help = format!("help: `{name}` means something in templates already");
        assert!(shown.contains(&help), "{shown}");
    }
}

#[test]
fn a_secret_has_a_name_and_a_source() {
    let plan = plan(
        "[secrets]\nchat = \"env:CHAT\"\nkey-1 = \"file:/k\"\nx = \"ask\"\n[[task]]\nplace = { path = \"/srv\" }\n",
    );
    let names: Vec<_> = plan.secrets.keys().map(String::as_str).collect();
    assert_eq!(names, ["chat", "key-1", "x"]);
    let wrong = "[secrets]\na = \"hunter2\"\n\"b c\" = \"ask\"\nd = 1\n[[task]]\nplace = { path = \"/srv\" }\n";
    assert_eq!(
        messages(wrong),
        [
            "a secret comes from env:VARIABLE, file:PATH or ask",
            "`b c` cannot be the name of a secret",
            "where a secret comes from is a text, and this is the integer 1",
        ]
    );
}
