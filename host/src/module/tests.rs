//! What the parameters of a plan grant.

use super::{Function, Task, newest_program};
use crate::plan::tests::fixture::repository;
use crate::value::CallText;
use proto::Digest;
use proto::message::Export;
use proto::policy::{Exec, Grant, Input};
use wasmtime::component::Val;

/// The task and the value of its parameters, written in WAVE.
fn task(module: &str, params: &str) -> (Task, Val) {
    let module = repository().find(module).unwrap();
    let text = format!("run({params}, apply)");
    let function = module.function("run").unwrap();
    let values = CallText::parse(&text).unwrap().to_vals(&function.params);
    (module.task().unwrap(), values.unwrap().swap_remove(0))
}

fn grants(module: &str, params: &str) -> Vec<Grant> {
    let (task, params) = task(module, params);
    let mut grants = task.grants(&params, false).grants;
    // These components were made of their WIT alone, which imports `system`.
    grants.retain(|grant| *grant != Grant::System);
    grants
}

#[test]
fn a_path_is_granted_in_its_normal_form() {
    for path in ["/srv/app/conf", "/srv/app//conf", "/srv/./app/conf/"] {
        assert_eq!(
            grants("place", &format!("{{path: \"{path}\"}}")),
            [Grant::Write("/srv/app/conf".to_owned())],
            "{path}"
        );
    }
    for path in ["/srv/../etc", "srv", ""] {
        assert_eq!(
            grants("place", &format!("{{path: \"{path}\"}}")),
            [],
            "{path}"
        );
    }
}

fn exec(argv: &[&str]) -> Exec {
    Exec::new(argv.iter().map(|&word| word.to_owned()).collect())
}

#[test]
fn a_command_is_granted_with_what_its_own_record_says() {
    let params = r#"{
        steps: [
            {
                argv: ["make", "all"],
                env: some([("LANG", "C"), ("A", "b")]),
                directory: some("/srv//app/"),
                input: some("yes"),
            },
            {argv: ["sync"], env: none, directory: none, input: some("")},
        ],
        last: some(["reboot"]),
    }"#;
    let yes = Digest(*blake3::hash(b"yes").as_bytes());
    let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let make = Exec {
        env: vec![variable("LANG", "C"), variable("A", "b")],
        cwd: "/srv/app".to_owned(),
        input: Input::This(yes),
        ..exec(&["make", "all"])
    };
    let granted = [make, exec(&["reboot"]), exec(&["sync"])].map(Grant::Exec);
    assert_eq!(grants("series", params), granted);
    let (task, params) = task("series", params);
    let when_checking = task.grants(&params, true).grants;
    assert!(
        !when_checking
            .iter()
            .any(|grant| matches!(grant, Grant::Exec(_)))
    );
}

#[test]
fn a_star_of_a_plan_is_a_star() {
    let step = |words: &str| {
        let step = format!("{{argv: [{words}], env: none, directory: none, input: none}}");
        grants("series", &format!("{{steps: [{step}], last: none}}"))
    };
    for (words, argv) in [
        (r#""rsync", "-a", "*""#, &["rsync", "-a", "*"][..]),
        (r#""*""#, &["*"]),
    ] {
        let granted = step(words);
        assert_eq!(granted, [Grant::Exec(exec(argv))]);
        assert!(matches!(&granted[..], [Grant::Exec(exec)] if !exec.any_more));
    }
}

#[test]
fn a_command_that_depends_on_where_it_is_said_is_not_granted() {
    for (argv, directory) in [
        ("[\"./run\"]", "none"),
        ("[]", "none"),
        ("[\"make\"]", "some(\"srv\")"),
        ("[\"make\"]", "some(\"/srv/..\")"),
    ] {
        let step = format!("{{argv: {argv}, env: none, directory: {directory}, input: none}}");
        let params = format!("{{steps: [{step}], last: none}}");
        assert_eq!(grants("series", &params), [], "{params}");
    }
}

#[test]
fn an_address_is_granted_and_a_secret_is_named() {
    let params =
        r#"{to: ["Chat.internal:80", "[::1]:443", "nowhere", "db:*"], token: some("chat")}"#;
    let granted = grants("notify", params);
    let shown: Vec<_> = granted.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["net:[::1]:443", "net:chat.internal:80"]);
    let (task, params) = task("notify", params);
    assert_eq!(task.secrets(&params).collect::<Vec<_>>(), ["chat"]);
    // Asking is no change.
    assert_eq!(task.grants(&params, true), task.grants(&params, false));
}

#[test]
fn of_a_program_for_several_versions_the_last_is_meant() {
    let function = |interface: &str| Function {
        export: Export {
            interface: Some(interface.to_owned()),
            function: "run".to_owned(),
        },
        params: Vec::new(),
        results: Vec::new(),
        is_async: false,
    };
    let newest = |interfaces: &[&str]| {
        let functions: Vec<_> = interfaces.iter().map(|it| function(it)).collect();
        let functions: Vec<_> = functions.iter().collect();
        newest_program(&functions)?.export.interface.clone()
    };
    let versions = [
        "wasi:cli/run@0.2.9",
        "wasi:cli/run@0.10.0",
        "wasi:cli/run@0.3.0",
    ];
    assert_eq!(newest(&versions).as_deref(), Some("wasi:cli/run@0.10.0"));
    assert_eq!(newest(&["wasi:cli/run@0.2.9", "my:cli/run@0.3.0"]), None);
    assert_eq!(newest(&["wasi:cli/run@0.2.9", "wasi:cli/run"]), None);
}
