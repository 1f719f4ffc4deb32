//! A guest starts with no files, no network, no environment; it gets what it is granted, and no more.

use crate::support::{Plan, example, run};

fn misbehave(export: &str, grants: &[&str]) -> crate::support::Run {
    let module = example("misbehave");
    let mut arguments = vec!["call", "local", &module, export];
    for grant in grants {
        arguments.extend(["--grant", grant]);
    }
    run(&arguments)
}

#[test]
fn no_files_without_a_grant() {
    misbehave(r#"read-file("/etc/hostname")"#, &[])
        .status(3)
        .stdout_has(&["err("]);
}

#[test]
fn a_granted_directory_and_nothing_beside_it() {
    let plan = Plan::new("");
    std::fs::create_dir(plan.path("open")).unwrap();
    plan.file("open/a", "inside");
    plan.file("closed", "outside");
    std::os::unix::fs::symlink(plan.path("closed"), plan.path("open/link")).unwrap();
    let open = plan.path("open").to_str().unwrap().to_owned();
    let grant = format!("read:{open}");
    misbehave(&format!(r#"read-file("{open}/a")"#), &[&grant])
        .status(0)
        .stdout("ok(\"inside\")\n");
    for path in ["../closed", "link"] {
        misbehave(&format!(r#"read-file("{open}/{path}")"#), &[&grant])
            .status(3)
            .stdout_has(&["err("]);
    }
}

/// The grant names a file; a link in its place is in the guest's power, where it leads is not.
#[test]
fn a_guest_does_not_get_out_by_replacing_what_it_was_granted() {
    let plan = Plan::new("");
    std::fs::create_dir(plan.path("outside")).unwrap();
    plan.file("outside/secret", "precious");
    plan.file("motd", "hello");
    let path = |name: &str| plan.path(name).to_str().unwrap().to_owned();
    let (motd, outside) = (path("motd"), path("outside"));
    let grant = format!("write:{motd}");
    let steps = format!(
        r#"take-steps([make-link(("{motd}", "{outside}")), read("{motd}/secret"), write(("{motd}/secret", "x")), write(("{motd}/new", "x"))])"#
    );
    let tried = misbehave(&steps, &[&grant]).status(0);
    assert_eq!(tried.stdout.matches("ok(").count(), 1, "{}", tried.stdout);
    assert_eq!(tried.stdout.matches("err(").count(), 3, "{}", tried.stdout);
    // The link is still there when WASI's directories of the next call are opened.
    misbehave(&format!(r#"read-file("{motd}/secret")"#), &[&grant])
        .status(3)
        .stdout_has(&["err("]);
    assert_eq!(plan.read("outside/secret"), "precious");
    assert!(!plan.path("outside/new").exists());
}

/// A link in a granted directory, made through one interface and used through the other.
#[test]
fn a_link_that_a_guest_made_leads_nowhere() {
    let plan = Plan::new("");
    for directory in ["outside", "open"] {
        std::fs::create_dir(plan.path(directory)).unwrap();
    }
    plan.file("outside/secret", "precious");
    let path = |name: &str| plan.path(name).to_str().unwrap().to_owned();
    let (open, outside) = (path("open"), path("outside"));
    let grant = format!("write:{open}");
    let steps = format!(
        r#"take-steps([make-link(("{open}/link", "{outside}")), read("{open}/link/secret")])"#
    );
    misbehave(&steps, &[&grant])
        .status(0)
        .stdout_has(&["ok(", "err("]);
    misbehave(&format!(r#"read-file("{open}/link/secret")"#), &[&grant])
        .status(3)
        .stdout_has(&["err("]);
}

#[test]
fn no_environment_without_a_grant() {
    misbehave("environment()", &[]).status(0).stdout("[]\n");
    misbehave("environment()", &["env:LANG=C"])
        .status(0)
        .stdout("[(\"LANG\", \"C\")]\n");
}

#[test]
fn no_network_without_a_grant() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let connect = format!(r#"connect("{address}")"#);
    misbehave(&connect, &[]).status(3).stdout_has(&["err("]);
    misbehave(&connect, &[&format!("net:{address}")])
        .status(0)
        .stdout("ok\n");
}

#[test]
fn accounts_need_the_grant_for_facts() {
    misbehave(r#"account("root")"#, &[])
        .status(5)
        .stderr_has(&["system"]);
    for root in ["root", "0"] {
        misbehave(&format!(r#"account("{root}")"#), &["system"])
            .status(0)
            .stdout_has(&["some((\"/root\", [\"root\""]);
    }
    misbehave(r#"account("nobody-of-this-name")"#, &["system"])
        .status(0)
        .stdout("none\n");
}

#[test]
fn attributes_of_a_granted_file_and_of_no_other() {
    // Where the build is, because not each /tmp has them.
    let directory = tempfile::tempdir_in(crate::support::target()).unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    for name in ["open", "closed"] {
        std::fs::write(path(name), "x").unwrap();
    }
    let (open, closed) = (path("open"), path("closed"));
    let steps = |path: &str| {
        format!(
            r#"take-steps([set-xattr(("{path}", "user.a", "b")), get-xattr(("{path}", "user.a"))])"#
        )
    };
    let grant = format!("write:{open}");
    misbehave(&steps(&open), &[&grant])
        .status(0)
        .stdout("[ok(\"\"), ok(\"b\")]\n");
    let tried = misbehave(&steps(&closed), &[&grant]).status(0);
    assert_eq!(tried.stdout.matches("err(").count(), 2, "{}", tried.stdout);
}

#[test]
fn a_guest_and_a_command_take_turns() {
    let call = r#"converse(["sed", "-u", "s/^/got /"], ["one", "two"])"#;
    misbehave(call, &["exec:sed -u 's/^/got /' <*"])
        .status(0)
        .stdout("ok([\"got one\\n\", \"got two\\n\"])\n");
    // Without input there is nobody to talk to.
    misbehave(call, &["exec:sed -u 's/^/got /'"])
        .status(3)
        .stdout_has(&["err(", "input"]);
    misbehave(call, &["exec:cat"])
        .status(3)
        .stdout_has(&["err(", "to execute sed"]);
}

#[test]
fn a_command_ends_with_the_call_that_started_it() {
    let module = example("misbehave");
    // A number that nobody else sleeps for.
    let seconds = format!("9{}", std::process::id());
    let call = format!(r#"start-and-spin(["sleep", "{seconds}"])"#);
    let grant = format!("exec:sleep {seconds}");
    run(&[
        "call",
        "local",
        &module,
        &call,
        "--grant",
        &grant,
        "--timeout",
        "2s",
    ])
    .status(3);
    assert_eq!(
        crate::support::processes(&format!("sleep {seconds}")),
        [0; 0]
    );
}

#[test]
fn a_granted_name_is_reached_and_no_other_port_or_name() {
    let [open, closed] = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [open_port, closed_port] = [&open, &closed].map(|l| l.local_addr().unwrap().port());
    let grant = format!("net:localhost:{open_port}");
    misbehave(&format!(r#"connect("localhost:{open_port}")"#), &[&grant])
        .status(0)
        .stdout("ok\n");
    misbehave(&format!(r#"connect("127.0.0.1:{open_port}")"#), &[&grant])
        .status(0)
        .stdout("ok\n");
    for address in [
        format!("localhost:{closed_port}"),
        format!("127.0.0.1:{closed_port}"),
        format!("example.com:{open_port}"),
    ] {
        misbehave(&format!(r#"connect("{address}")"#), &[&grant])
            .status(3)
            .stdout_has(&["err("]);
    }
    // Granted by its number alone: its name is nobody's to ask for.
    let number = format!("net:127.0.0.1:{open_port}");
    misbehave(&format!(r#"connect("localhost:{open_port}")"#), &[&number])
        .status(3)
        .stdout_has(&["err("]);
}

#[test]
fn a_wrong_grant_says_what_a_grant_is() {
    misbehave("environment()", &["files:/etc"])
        .status(64)
        .stderr_has(&["read:PATH"]);
}

#[test]
fn facts_need_their_grant() {
    run(&["call", "local", "facts", "run({filter: none}, apply)"])
        .status(5)
        .stderr_has(&["system"]);
    run(&[
        "call",
        "local",
        "facts",
        "run({filter: none}, apply)",
        "--grant",
        "system",
    ])
    .status(0)
    .stdout_has(&["hostname"]);
}

#[test]
fn a_grant_whose_path_climbs_is_a_usage_error() {
    misbehave("environment()", &["read:/srv/../etc"])
        .status(64)
        .stderr_has(&["without `..`"]);
}

/// `zymogen call local command` with these parameters, and these grants.
fn command(params: &str, grants: &[&str]) -> crate::support::Run {
    let nothing = "creates: none, removes: none, timeout-ms: none, ok-status: none";
    let call = format!("run({{{params}, {nothing}}}, apply)");
    let mut arguments = vec!["call", "local", "command", &call];
    for grant in grants {
        arguments.extend(["--grant", grant]);
    }
    run(&arguments)
}

#[test]
fn a_granted_command_brings_nothing_that_was_not_granted() {
    let argv = r#"argv: ["sh", "-c", "echo $A; pwd; cat"]"#;
    let grant = "exec:sh -c 'echo $A; pwd; cat'";
    let plain = format!("{argv}, stdin: none, env: none, chdir: none");
    command(&plain, &[grant])
        .status(0)
        .stdout_has(&[r#"stdout: "\n/\n""#]);
    for (surroundings, granted) in [
        (
            r#"stdin: none, env: some([("A", "b")]), chdir: none"#,
            "exec:A=b sh -c 'echo $A; pwd; cat'",
        ),
        (
            r#"stdin: none, env: none, chdir: some("/usr//.")"#,
            "exec:-C /usr sh -c 'echo $A; pwd; cat'",
        ),
        (
            r#"stdin: some("in"), env: none, chdir: none"#,
            "exec:sh -c 'echo $A; pwd; cat' <*",
        ),
    ] {
        let params = format!("{argv}, {surroundings}");
        command(&params, &[grant])
            .status(3)
            .stdout_has(&["denied", "granted: exec:sh -c"]);
        command(&params, &[granted])
            .status(0)
            .stdout_has(&["status: some(0)"]);
    }
}

#[test]
fn a_program_is_looked_up_where_the_guest_has_no_say() {
    let plan = Plan::new("");
    let evil = plan.file("uname", "#!/bin/sh\necho evil\n");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(evil, mode).unwrap();
    let here = plan.directory.path().to_str().unwrap();
    let params =
        format!(r#"argv: ["uname"], stdin: none, env: some([("PATH", "{here}")]), chdir: none"#);
    command(&params, &["exec:uname"])
        .status(3)
        .stdout_has(&["denied"]);
    // Even one that is granted: it is for the program, not for finding it.
    command(&params, &[&format!("exec:PATH={here} uname")])
        .status(0)
        .stdout_has(&["Linux"]);
}
