//! Any export of any component can be called from the command line, without an SDK.

use crate::support::{call, example, run};

#[test]
fn an_export_of_the_world() {
    call(&example("calculator"), "add(1, 2)")
        .status(0)
        .stdout("3\n");
    call(&example("calculator"), "add(-2147483648, 1)")
        .status(0)
        .stdout("-2147483647\n");
}

#[test]
fn an_export_of_an_interface_by_each_of_its_names() {
    for name in [
        "divide(7, 2)",
        "shapes#divide(7, 2)",
        "zymogen:examples/shapes#divide(7, 2)",
        "zymogen:examples/shapes@0.1.0#divide(7, 2)",
    ] {
        call(&example("calculator"), name)
            .status(0)
            .stdout("ok(3)\n");
    }
}

#[test]
fn json_for_a_program() {
    let calculator = example("calculator");
    let run = run(&["call", "local", &calculator, "divide(7, 2)", "-o", "json"]).status(0);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(value["result"], serde_json::json!({"ok": 3}), "{value}");
}

#[test]
fn a_guests_error_is_a_result_and_a_failure() {
    call(&example("calculator"), "divide(1, 0)")
        .status(3)
        .stdout_has(&["err("]);
}

#[test]
fn a_wrong_argument_is_refused_here_with_the_type_that_was_expected() {
    call(&example("calculator"), r#"add(1, "two")"#)
        .status(1)
        .stderr_has(&["s32", "b"]);
    call(&example("calculator"), "add(1)")
        .status(1)
        .stderr_has(&["s32", "a", "b"]);
    call(&example("calculator"), "add(1, 99999999999)")
        .status(1)
        .stderr_has(&["s32"]);
}

#[test]
fn an_unknown_export_names_the_nearest() {
    call(&example("calculator"), "ad(1, 2)")
        .status(1)
        .stderr_has(&["ad", "did you mean `add`"]);
}

#[test]
fn an_unknown_module_names_the_nearest() {
    call("comand", "run()")
        .status(1)
        .stderr_has(&["did you mean `command`"]);
}

#[test]
fn an_unknown_context_says_what_there_is() {
    run(&["call", "teleport:mars", "facts", "run()"])
        .status(1)
        .stderr_has(&["teleport", "local"]);
}

#[test]
fn a_denied_call_is_told_which_grant_it_lacked() {
    run(&["call", "local", "facts", "run({:}, check)"])
        .status(5)
        .stderr_has(&["help: --grant system"]);
    let touch = r#"run({path: "/etc/motd", state: some(touch)}, check)"#;
    run(&["call", "local", "file", touch])
        .status(3)
        .stderr_has(&["help: --grant read:/etc/motd"]);
}
