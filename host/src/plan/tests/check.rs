//! What is found before any host is touched.

use super::{checked, errors, messages};

#[test]
fn a_good_plan_is_ready() {
    let plan = checked(
        r#"
[vars]
base = "/srv"
port = 8080

[[task]]
know = {}
register = "facts"

[[task]]
name = "app"
place = { path = "{{ vars.base }}/app", state = "directory", port = "{{ vars.port }}" }
when = "facts.os.family == 'debian' and vars.port > 80"

[[task]]
run = { argv = ["echo", "{{ facts.hostname }}", "{{ facts.os.pretty_name }}"], timeout_ms = 100 }
register = "echo"

[[task]]
nested = { files = [{ src = "Cargo.toml", dest = "/x" }], options = { deep = "{{ echo.changed }}" } }
when = "echo.exit_code == 0 and not facts.skipped"
"#,
        &[],
    );
    let plan = plan.unwrap();
    assert_eq!(plan.hosts.len(), 1);
    let names: Vec<_> = plan.tasks.iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["know", "app", "run", "nested"]);
}

#[test]
fn unknown_modules_and_parameters_have_neighbours() {
    let text = r#"[[task]]
plase = { path = "/srv" }

[[task]]
place = { path = "/srv", mdoe = "0644" }

[[task]]
place = { path = "/srv", state = "directry" }
"#;
    let expected = r#"error[plan]: there is no module `plase`
 --> deploy.toml:2:1
  |
2 | plase = { path = "/srv" }
  | ^^^^^
  = help: did you mean `place`?

error[plan]: `place` has no parameter `mdoe`
 --> deploy.toml:5:26
  |
5 | place = { path = "/srv", mdoe = "0644" }
  |                          ^^^^
  = help: did you mean `mode`?

error[plan]: the parameter `state` of `place` does not fit
 --> deploy.toml:8:34
  |
8 | place = { path = "/srv", state = "directry" }
  |                                  ^^^^^^^^^^
  = expected: option<enum { file, directory, absent }>
  = found: the text "directry"
  = help: did you mean `directory`?

error: 3 errors in deploy.toml
"#;
    let shown = errors(text);
    // The type's outer option may or may not be shown.
    assert_eq!(
        shown.replace(
            "enum { file, directory, absent }\n",
            "option<enum { file, directory, absent }>\n"
        ),
        expected
    );
}

#[test]
fn missing_parameters_are_named_once() {
    let text = "[[task]]\nplace = { pth = \"/srv\" }\n[[task]]\nrun = { }\n";
    assert_eq!(
        messages(text),
        [
            "`place` has no parameter `pth`",
            "`run` needs the parameter `argv`"
        ]
    );
    assert!(errors(text).contains("= expected: argv: list<string>"));
}

#[test]
fn types_are_checked_after_variables_are_known() {
    let text = r#"[vars]
port = "eighty"
[[task]]
place = { path = "/srv", port = "{{ vars.port }}" }
"#;
    let expected = r#"error[plan]: the parameter `port` of `place` does not fit
 --> deploy.toml:4:33
  |
4 | place = { path = "/srv", port = "{{ vars.port }}" }
  |                                 ^^^^^^^^^^^^^^^^^
  = expected: u16
  = found: the text "eighty"

"#;
    assert_eq!(errors(text), expected);
}

/// `"420"` would be taken for the octal number 0420.
#[test]
fn a_mode_without_quotes_is_not_taken_for_a_decimal_number() {
    for (written, help) in [
        ("0o644", Some("did you mean `\"0644\"`?")),
        ("0o0_755", Some("did you mean `\"0755\"`?")),
        ("644", Some("did you mean `\"644\"`?")),
        ("0x1a4", None),
        ("0b110100100", None),
        // How the variable was written is not known here.
        ("\"{{ vars.mode }}\"", None),
    ] {
        let text = format!(
            "[vars]\nmode = 0o644\n[[task]]\nplace = {{ path = \"/srv\", mode = {written} }}\n"
        );
        let shown = errors(&text);
        let found = shown.lines().find_map(|line| line.split_once("help: "));
        assert_eq!(found.map(|(_, help)| help), help, "{shown}");
        assert!(shown.contains("= found: the integer "), "{shown}");
    }
}

#[test]
fn undefined_variables_are_found_with_their_neighbours() {
    let text = r#"[vars]
port = 80
[[task]]
place = { path = "/srv/{{ vars.prot }}" }
"#;
    let expected = r#"error[plan]: `vars.prot` is undefined
 --> deploy.toml:4:27
  |
4 | place = { path = "/srv/{{ vars.prot }}" }
  |                           ^^^^^^^^^
  = help: did you mean `vars.port`?

"#;
    assert_eq!(errors(text), expected);
}

#[test]
fn registered_names_and_their_fields_are_known_before_they_have_values() {
    let text = r#"[[task]]
run = { argv = ["{{ facts.hostname }}"] }
[[task]]
know = {}
register = "facts"
[[task]]
run = { argv = ["{{ facts.hostnme }}"] }
when = "fact.changed and facts.os.famly == 'x' and facts.addresses.length > 1"
"#;
    let expected = r#"error[plan]: there is no name `facts` here
 --> deploy.toml:2:21
  |
2 | run = { argv = ["{{ facts.hostname }}"] }
  |                     ^^^^^
  = help: a later task registers `facts`; move this one behind it

error[plan]: `facts` has no `hostnme`
 --> deploy.toml:7:21
  |
7 | run = { argv = ["{{ facts.hostnme }}"] }
  |                     ^^^^^^^^^^^^^
  = help: did you mean `facts.hostname`?

error[plan]: there is no name `fact` here
 --> deploy.toml:8:9
  |
8 | when = "fact.changed and facts.os.famly == 'x' and facts.addresses.length > 1"
  |         ^^^^
  = help: did you mean `facts`?

error[plan]: `facts.os` has no `famly`
 --> deploy.toml:8:26
  |
8 | when = "fact.changed and facts.os.famly == 'x' and facts.addresses.length > 1"
  |                          ^^^^^^^^^^^^^^
  = help: did you mean `facts.os.family`?

error: 4 errors in deploy.toml
"#;
    assert_eq!(errors(text), expected);
}

#[test]
fn conditions_are_boolean_expressions() {
    let text = r#"[vars]
port = 80
[[task]]
know = {}
when = "vars.port"
[[task]]
know = {}
when = "{{ vars.port == 80 }}"
[[task]]
know = {}
when = "vars.port = 80"
[[task]]
know = {}
when = true
"#;
    let shown = errors(text);
    assert!(
        shown.contains("a condition is true or false, and this is a number"),
        "{shown}"
    );
    assert!(shown.contains("leave out the `{{ }}`"), "{shown}");
    assert_eq!(shown.matches("error[plan]").count(), 3, "{shown}");
}

#[test]
fn braces_that_are_no_template_are_explained() {
    let text = r#"[vars]
b = "{{ }"
[[task]]
run = { argv = ["docker", "ps", "--format", "{{.Names}}"] }
"#;
    let shown = errors(text);
    let help = "help: braces that are no template stand between `{% raw %}` and `{% endraw %}`";
    assert_eq!(shown.matches(help).count(), 2, "{shown}");
    let raw = text
        .replace("{{.Names}}", "{% raw %}{{.Names}}{% endraw %}")
        .replace("{{ }", "");
    let plan = checked(&raw, &[]);
    assert!(plan.is_ok());
}

#[test]
fn files_of_this_machine_must_exist() {
    let text = r#"[[task]]
place = { path = "/srv", src = "no/such/file" }
[[task]]
nested = { files = [{ src = "src", dest = "/x" }, { src = "Cargo.toml", dest = "/y" }] }
"#;
    let shown = errors(text);
    assert_eq!(
        shown.matches("error[plan]: cannot read").count(),
        2,
        "{shown}"
    );
    assert!(
        shown.contains("= because: No such file or directory"),
        "{shown}"
    );
    assert!(
        shown.contains("= because: it is no regular file"),
        "{shown}"
    );
}

#[test]
fn a_digest_cannot_be_given_by_hand() {
    let text = "[[task]]\nnested = { files = [{ src = { name = 'a', digest = '00', size = 1 }, dest = '/x' }] }\n";
    assert_eq!(
        messages(text),
        ["a file of this machine is given by its path"]
    );
    let text = text
        .replace("nested = { files = [{ src", "place = { path = '/srv', src")
        .replace(", dest = '/x' }] }", " }");
    assert_eq!(
        messages(&text),
        ["a file of this machine is given by its path"]
    );
}

#[test]
fn paths_on_a_host_are_absolute() {
    let text = r#"[[task]]
place = { path = "srv" }
[[task]]
run = { argv = ["x"], creates = "/srv/../etc" }
[[task]]
nested = { files = [{ src = "Cargo.toml", dest = "y" }] }
"#;
    assert_eq!(
        messages(text),
        [
            "a path on a host is absolute",
            "a path on a host has no `..`, because it is a grant",
            "a path on a host is absolute",
        ]
    );
}

#[test]
fn what_depends_on_results_is_typed_later() {
    let text = r#"[[task]]
know = {}
register = "facts"
[[task]]
place = { path = "{{ facts.hostname }}", port = "{{ facts.cpus }}", src = "{{ facts.hostname }}", state = "{{ facts.hostname }}" }
"#;
    assert!(checked(text, &[]).is_ok());
    // What is wrong besides is still found.
    let wrong = text.replace("state = ", "mdoe = \"1\", state = ");
    assert_eq!(messages(&wrong), ["`place` has no parameter `mdoe`"]);
}

#[test]
fn everything_is_reported_at_once_in_the_order_of_the_text() {
    let text = r#"[plan]
hosts = ["local", "lokal"]
[vars]
a = "{{ b }}"
[[task]]
place = { path = 3 }
[[task]]
run = { argv = "ls" }
when = "1 +"
"#;
    let lines = errors(text);
    let places: Vec<_> = lines
        .lines()
        .filter_map(|line| line.trim().strip_prefix("--> deploy.toml:"))
        .filter_map(|place| place.split(':').next())
        .collect();
    assert_eq!(places, ["2", "4", "6", "8", "9"], "{lines}");
}

#[test]
fn what_is_wrong_with_the_form_hides_nothing_else_and_is_blamed_once() {
    let text = r#"[plan]
host = "local"
[[task]]
know = {}
regsiter = "facts"
[[task]]
place = { path = 3 }
when = "facts.changed"
[[task]]
run = { argv = ["x"] }
place = { path = "/srv" }
[[task]]
plase = { path = "{{ facts.hostname }}" }
[[task]]
place = { path = "{{ vars.bse }}" }
[vars]
base = "/srv"
"#;
    assert_eq!(
        messages(text),
        [
            "`[plan]` has no key `host`",
            "a task has no key `regsiter`",
            "the parameter `path` of `place` does not fit",
            "a task has one module, and this one has `run`",
            "there is no module `plase`",
            "`vars.bse` is undefined",
        ]
    );
    // Where the variables are is not known, so they may be there.
    let text = "[[task]]\nplace = { path = \"{{ vars.base }}\", mode = 4 }\n[var]\nbase = 1\n";
    assert_eq!(
        messages(text),
        [
            "the parameter `mode` of `place` does not fit",
            "a plan has no key `var`"
        ]
    );
}

#[test]
fn addresses_and_secrets_are_checked_before_any_host_is_touched() {
    let task = |to: &str, token: &str| {
        format!(
            "[vars]\nhost = \"web\"\n[secrets]\nchat = \"env:CHAT\"\n[[task]]\nnotify = {{ to = [\"{to}\"], token = \"{token}\" }}\n"
        )
    };
    assert!(checked(&task("{{ vars.host }}:80", "chat"), &[]).is_ok());
    let wrong = messages(&task("{{ vars.host }}", "chta"));
    assert_eq!(
        wrong,
        [
            "an address is HOST:PORT, where the host is a name or a number",
            "the plan has no secret `chta`",
        ]
    );
}
