//! Guests that call on: imports that are bound to modules elsewhere, modules by name, services of the master, channels.

use crate::forest::{Process, assert_nothing_left, end, line, master, start, until};
use crate::support::{example, run};
use host::master::{Allow, CallOptions, CallResult, Caller, Context, Failed, Master, Service};
use host::module::Module;
use proto::policy::{Callee, Grant};
use proto::{CallLimits, Policy};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmtime::component::Val;

/// Paint for a circle of 314.2 and a rectangle of 6, by the hundred.
const PAINT: &str =
    "buckets([circle(10.0), rectangle({corner: {x: 0.0, y: 0.0}, width: 3.0, height: 2.0})], 100)";

const SHAPES: &str = "zymogen:examples/shapes";

/// Imports a counter, and counts with it twice.
const TWICE: &str = r#"(component
    (import "test:count/counter@1.0.0" (instance $counter (export "next" (func (result u32)))))
    (core func $next (canon lower (func $counter "next")))
    (core module $module
        (import "counter" "next" (func $next (result i32)))
        (func (export "twice") (result i32)
            (i32.add (i32.mul (call $next) (i32.const 10)) (call $next))))
    (core instance $instance
        (instantiate $module (with "counter" (instance (export "next" (func $next))))))
    (func (export "twice") (result u32) (canon lift (core func $instance "twice"))))"#;

/// The counter.
const COUNTER: &str = r#"(component
    (core module $module
        (global $count (mut i32) (i32.const 0))
        (func (export "next") (result i32)
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (global.get $count)))
    (core instance $instance (instantiate $module))
    (func $next (result u32) (canon lift (core func $instance "next")))
    (instance $counter (export "next" (func $next)))
    (export "test:count/counter@1.0.0" (instance $counter)))"#;

/// A counter that traps when it is asked.
const BROKEN: &str = r#"(component
    (core module $module (func (export "next") (result i32) unreachable))
    (core instance $instance (instantiate $module))
    (func $next (result u32) (canon lift (core func $instance "next")))
    (instance $counter (export "next" (func $next)))
    (export "test:count/counter@1.0.0" (instance $counter)))"#;

fn write(directory: &tempfile::TempDir, name: &str, component: &str) -> String {
    let path = directory.path().join(format!("{name}.wasm"));
    std::fs::write(&path, wat::parse_str(component).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn bind(interface: &str, context: &str, module: &str) -> String {
    format!("{interface}={context} {module}")
}

#[test]
fn an_import_is_bound_to_a_module_in_another_context_or_in_the_same() {
    let (paint, calculator) = (example("paint"), example("calculator"));
    for (own, other) in [
        ("local", "."),
        ("local", "local"),
        ("local,local", "local,local,local"),
    ] {
        let bind = bind(SHAPES, other, &calculator);
        let call = ["call", own, &paint, PAINT, "--bind", &bind];
        run(&call).status(0).stdout("ok(4)\n");
    }
}

#[test]
fn the_error_of_the_other_one_comes_through() {
    let bind = bind(SHAPES, ".", &example("calculator"));
    let call = [
        "call",
        "local",
        &example("paint"),
        "buckets([], 0)",
        "--bind",
        &bind,
    ];
    run(&call).status(3).stdout("err(\"division by zero\")\n");
}

#[test]
fn the_other_instance_lives_as_long_as_the_one_that_imports() {
    let directory = tempfile::tempdir().unwrap();
    let (twice, counter) = (
        write(&directory, "twice", TWICE),
        write(&directory, "counter", COUNTER),
    );
    let bind = bind("counter", "local", &counter);
    let call = ["call", "local", &twice, "twice()", "--bind", &bind];
    run(&call).status(0).stdout("12\n");
    // Two calls in one instance.
    let call = [
        "call", "local", &twice, "twice()", "twice()", "--bind", &bind,
    ];
    run(&call).status(0).stdout("12\n34\n");
}

/// Who waits for an async import goes on with others meanwhile; how it is called is another way through the host.
#[test]
fn an_async_import_is_bound_like_others() {
    let directory = tempfile::tempdir().unwrap();
    let sync = [
        "(func (result u32))",
        "(func $next (result u32)",
        "(func (export \"twice\") (result u32)",
    ];
    let asynchronous = |component: &str| {
        let replaced = sync.iter().fold(component.to_owned(), |text, part| {
            text.replace(part, &part.replacen("(result", "async (result", 1))
        });
        assert_ne!(replaced, component);
        replaced
    };
    let (twice, counter) = (
        write(&directory, "twice", &asynchronous(TWICE)),
        write(&directory, "counter", &asynchronous(COUNTER)),
    );
    for context in [".", "local"] {
        let bind = bind("counter", context, &counter);
        let call = [
            "call", "local", &twice, "twice()", "twice()", "--bind", &bind,
        ];
        run(&call).status(0).stdout("12\n34\n");
    }
    let broken = write(&directory, "broken", &asynchronous(BROKEN));
    let bind = bind("counter", "local", &broken);
    let call = ["call", "local", &twice, "twice()", "--bind", &bind];
    let parts = ["test:count/counter@1.0.0#next", "trapped", "unreachable"];
    run(&call).status(3).stdout("").stderr_has(&parts);
}

#[test]
fn who_imports_ends_with_what_it_calls() {
    let directory = tempfile::tempdir().unwrap();
    let (twice, broken) = (
        write(&directory, "twice", TWICE),
        write(&directory, "broken", BROKEN),
    );
    let bind = bind("counter", "local", &broken);
    let call = ["call", "local", &twice, "twice()", "--bind", &bind];
    let parts = ["test:count/counter@1.0.0#next", "trapped", "unreachable"];
    run(&call).status(3).stdout("").stderr_has(&parts);
}

#[test]
fn the_documentation_shows_where_an_import_leads() {
    let bind = bind(SHAPES, "ssh:db1", &example("calculator"));
    let ended = run(&["doc", &example("paint"), "--bind", &bind]).status(0);
    let line = "zymogen:examples/shapes@0.1.0 -> ssh:db1 ";
    assert!(ended.stdout.contains(line), "{ended:?}");
}

#[test]
fn a_binding_that_nothing_needs_is_an_error() {
    let bind = bind("acme:stock/lookup", "local", &example("paint"));
    let call = [
        "call",
        "local",
        &example("calculator"),
        "add(1, 2)",
        "--bind",
        &bind,
    ];
    run(&call)
        .status(1)
        .stderr_has(&["acme:stock/lookup", "no module needs it"]);
}

fn grant_of(context: &str, module: &str) -> Grant {
    Grant::Call(callee(context, module))
}

fn callee(context: &str, module: &str) -> Callee {
    Callee {
        context: context.to_owned(),
        module: module.to_owned(),
    }
}

/// A master, a context, and the guest that calls on.
struct Scene {
    master: Master,
    context: Arc<Context>,
    switchboard: Arc<Module>,
}

impl Scene {
    async fn new() -> Self {
        let master = master();
        let context = start(&master, None).await;
        let switchboard = master.repository().find(&example("switchboard")).unwrap();
        Self {
            master,
            context,
            switchboard,
        }
    }

    /// Offers an example to guests, by its name.
    async fn offer(&self, context: &str, name: &str) {
        let module = self.master.repository().find(&example(name)).unwrap();
        let callee = callee(context, name);
        self.master.offer_callee(&callee, &module).await.unwrap();
    }

    async fn call(&self, export: &str, arguments: &[&str], grants: Vec<Grant>) -> CallResult {
        let arguments: Vec<_> = arguments
            .iter()
            .map(|text| Val::String((*text).to_owned()))
            .collect();
        self.call_with(export, &arguments, grants, CallLimits::default())
            .await
    }

    async fn call_with(
        &self,
        export: &str,
        arguments: &[Val],
        grants: Vec<Grant>,
        limits: CallLimits,
    ) -> CallResult {
        let function = self.switchboard.function(export).unwrap();
        let policy = Policy { grants };
        let called = self
            .context
            .call(&self.switchboard, &function, arguments, policy, limits);
        called.await.unwrap()
    }

    async fn end(self) {
        self.master.leave().await;
        let processes = end(vec![self.context]).await;
        assert_nothing_left(&self.master, &processes);
    }
}

fn ok(text: &str) -> CallResult {
    CallResult::Returned(Some(Val::Result(Ok(Some(Box::new(Val::String(
        text.to_owned(),
    )))))))
}

/// The text of the error that the switchboard returned.
#[track_caller]
fn error(result: CallResult) -> String {
    match result {
        CallResult::Failed(Val::Result(Err(Some(why)))) => match *why {
            Val::String(why) => why,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_elsewhere_is_called_by_name() {
    let scene = Scene::new().await;
    for place in [".", "local", "local,local"] {
        scene.offer(place, "calculator").await;
        let name = format!("{place} calculator");
        let grants = || vec![grant_of(place, "calculator")];
        let sum = scene
            .call("call", &[&name, "add", "[1, 2]"], grants())
            .await;
        assert_eq!(sum, ok("3"));
        let shape = r#"[{"circle": 1.0}, {"polygon": []}, "empty"]"#;
        let areas = scene
            .call("call", &[&name, "areas", &format!("[{shape}]")], grants())
            .await;
        assert_eq!(areas, ok("[3.141592653589793,0.0,0.0]"));
        let quotient = scene
            .call("call", &[&name, "divide", "[7, 2]"], grants())
            .await;
        assert_eq!(quotient, ok("3"));
        let why = error(
            scene
                .call("call", &[&name, "divide", "[1, 0]"], grants())
                .await,
        );
        assert!(
            why.contains("Failed") && why.contains("division by zero"),
            "{why}"
        );
        for (function, arguments, expected) in [
            ("add", "[1]", "takes 2 arguments, found 1"),
            ("add", r#"[1, "x"]"#, "b: expected s32"),
            ("add", "1", "no JSON array"),
            ("sub", "[]", "has no export `sub`"),
        ] {
            let why = error(
                scene
                    .call("call", &[&name, function, arguments], grants())
                    .await,
            );
            assert!(why.contains("Invalid") && why.contains(expected), "{why}");
        }
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_grant_names_is_denied() {
    let scene = Scene::new().await;
    scene.offer(".", "calculator").await;
    let granted = || {
        vec![
            grant_of("local", "calculator"),
            Grant::Service("stock".to_owned()),
            Grant::Channel("mine".to_owned()),
        ]
    };
    let none = Vec::new;
    for (export, arguments) in [
        ("call", [". calculator", "add", "[1, 2]"].as_slice()),
        ("method", &["files", "stat", "{}"]),
        // Nor does it help who may.
        ("method", &["guests", "send", "{}"]),
        ("say", &["yours", "hello"]),
    ] {
        for grants in [none(), granted()] {
            let why = error(scene.call(export, arguments, grants).await);
            assert!(
                why.contains("Denied") && why.contains("granted: "),
                "{export}: {why}"
            );
        }
    }
    // The one that takes what guests ask for is not for guests.
    let own = vec![Grant::Service("guests".to_owned())];
    let why = error(scene.call("method", &["guests", "send", "{}"], own).await);
    assert!(why.contains("Denied"), "{why}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_lead_to_calls_under_the_same_policy_and_not_without_end() {
    let scene = Scene::new().await;
    scene.offer(".", "switchboard").await;
    scene.offer("local", "calculator").await;
    let grants = || {
        vec![
            grant_of(".", "switchboard"),
            grant_of("local", "calculator"),
        ]
    };
    // The arguments of a call that makes so many others, the last of which adds.
    let nested = |depth: usize| {
        let mut words = ["local calculator", "add", "[1, 2]"].map(str::to_owned);
        for _ in 1..depth {
            let arguments = serde_json::to_string(&words).unwrap();
            words = [". switchboard".to_owned(), "call".to_owned(), arguments];
        }
        words
    };
    let call = async |depth| {
        let words = nested(depth);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        scene.call("call", &words, grants()).await
    };
    assert_eq!(call(1).await, ok("3"));
    // Each puts what it got into a text.
    assert_eq!(call(2).await, ok(r#""3""#));
    assert!(matches!(call(7).await, CallResult::Returned(_)));
    let why = error(call(8).await);
    assert!(why.contains("8 calls have led to each other"), "{why}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_on_ends_with_the_time_of_the_caller() {
    let scene = Scene::new().await;
    scene.offer("local", "misbehave").await;
    let text = |text: &str| Val::String(text.to_owned());
    let arguments = [text("local misbehave"), text("spin"), text("[]")];
    let limits = CallLimits {
        wall_ms: 500,
        ..CallLimits::default()
    };
    let grants = vec![grant_of("local", "misbehave")];
    let ended = scene.call_with("call", &arguments, grants, limits).await;
    // Either may be the first to say so.
    if !matches!(ended, CallResult::OverLimit { .. }) {
        let why = error(ended);
        assert!(why.contains("Broken"), "{why}");
    }
    // Nothing goes on there: what is under way is seen where it is.
    let calls = async || {
        let surveyed = scene.master.survey().await;
        surveyed
            .iter()
            .all(|context| context.state.as_ref().is_ok_and(|state| state.calls == 0))
    };
    until("the calls have ended", calls).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_on_ends_when_the_context_of_the_caller_dies() {
    let scene = Scene::new().await;
    scene.offer("local", "misbehave").await;
    let grants = vec![grant_of("local", "misbehave")];
    let words = ["local misbehave", "spin", "[]"];
    // Somebody else than who calls.
    let busy = async || {
        let surveyed = scene.master.survey().await;
        let others = surveyed
            .iter()
            .filter(|context| context.context != scene.context.id());
        others
            .into_iter()
            .any(|context| context.state.as_ref().is_ok_and(|state| state.calls > 0))
    };
    let (answer, ()) = tokio::join!(scene.call("call", &words, grants), async {
        until("the call has come there", &busy).await;
        Process::with(scene.context.hello().pid)
            .unwrap()
            .signal(rustix::process::Signal::KILL);
    });
    assert!(matches!(answer, CallResult::Dead(_)), "{answer:?}");
    until("the call there has ended", async || !busy().await).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_that_is_killed_is_an_error_of_the_call() {
    let scene = Scene::new().await;
    scene.offer("local", "misbehave").await;
    let grants = vec![grant_of("local", "misbehave")];
    let words = ["local misbehave", "spin", "[]"];
    let (answer, ()) = tokio::join!(scene.call("call", &words, grants), async {
        let mut other = None;
        until("the call has come there", async || {
            let surveyed = scene.master.survey().await;
            let busy = surveyed.into_iter().find(|context| {
                let is_busy = context.state.as_ref().is_ok_and(|state| state.calls > 0);
                context.context != scene.context.id() && is_busy
            });
            other = busy.and_then(|context| Some(context.state.ok()?.pid));
            other.is_some()
        })
        .await;
        Process::with(other.unwrap())
            .unwrap()
            .signal(rustix::process::Signal::KILL);
    });
    let why = error(answer);
    assert!(why.contains("Broken"), "{why}");
    // It is started anew when it is next offered.
    scene.offer("local", "misbehave").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_of_the_master_are_called_with_json() {
    let scene = Scene::new().await;
    let own = scene.context.id();
    let stock = Service::new("stock", 4)
        .method(
            "count",
            Allow::Anyone,
            |caller: Caller, item: String| async move {
                match item.as_str() {
                    "bolts" => Ok((caller.context.0, 42)),
                    other => Err(Failed(format!("there are no {other}"))),
                }
            },
        )
        .method("secret", Allow::Parents, |_, (): ()| async move { Ok(()) });
    scene.master.services().register(stock);
    let granted = || vec![Grant::Service("stock".to_owned())];
    let call = async |method: &str, argument: &str| {
        scene
            .call("method", &["stock", method, argument], granted())
            .await
    };
    assert_eq!(
        call("count", "\"bolts\"").await,
        ok(&format!("[{},42]", own.0))
    );
    for (method, argument, kind) in [
        ("count", "\"nuts\"", "Failed(\"there are no nuts\")"),
        ("count", "7", "Invalid"),
        ("count", "{", "Invalid"),
        ("sum", "null", "Invalid"),
        ("secret", "null", "Denied"),
    ] {
        let why = error(call(method, argument).await);
        assert!(why.contains(kind), "{method} {argument}: {why}");
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guests_on_different_contexts_wait_for_each_other() {
    let master = master();
    let contexts = line(&master, 3).await;
    let switchboard = master.repository().find(&example("switchboard")).unwrap();
    let hear = switchboard.function("hear").unwrap();
    let options = CallOptions {
        policy: Policy {
            grants: vec![Grant::Channel("news".to_owned())],
        },
        ..CallOptions::default()
    };
    let heard = AtomicUsize::new(0);
    let listen = async |context: &Arc<Context>| {
        let arguments = [Val::String("news".to_owned()), Val::Option(None)];
        let result = context
            .call_with(&switchboard, &hear, &arguments, &options)
            .await;
        heard.fetch_add(1, Ordering::SeqCst);
        result.unwrap()
    };
    let speak = async {
        // The program itself may take part.
        for text in ["one", "two", "three"] {
            master.channels().send("news", text.into()).await.unwrap();
        }
    };
    let [first, second, third] = [&contexts[0], &contexts[1], &contexts[2]].map(listen);
    let (a, b, c, ()) = tokio::join!(first, second, third, speak);
    let mut all: Vec<_> = [a, b, c].iter().map(|it| format!("{it:?}")).collect();
    all.sort();
    for (result, text) in all.iter().zip(["one", "three", "two"]) {
        assert!(result.contains(text), "{all:?}");
    }
    assert_eq!(heard.load(Ordering::SeqCst), 3);
    // Nothing comes any more.
    let arguments = [
        Val::String("news".to_owned()),
        Val::Option(Some(Box::new(Val::U64(50)))),
    ];
    let nothing = contexts[0]
        .call_with(&switchboard, &hear, &arguments, &options)
        .await;
    let none = Val::Result(Ok(Some(Box::new(Val::Option(None)))));
    assert_eq!(nothing.unwrap(), CallResult::Returned(Some(none)));
    let processes = end(contexts).await;
    assert_nothing_left(&master, &processes);
}

#[test]
fn tasks_of_a_plan_wait_for_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let join = example("join");
    let plan = format!(
        r#"
        [plan]
        hosts = ["local", "local,local", "local,local,local"]

        [[task]]
        use = "{join}"
        with = {{ channel = "join", file = "{}", make = "t0ken", others = 1 }}

        [[task]]
        use = "{join}"
        with = {{ channel = "join", file = "{}" }}
        "#,
        path("first"),
        path("other"),
    );
    std::fs::write(path("plan.toml"), plan).unwrap();
    let ended = run(&["deploy", &path("plan.toml"), "-v"]).status(0);
    assert!(ended.stdout.contains("channel:join"), "{ended:?}");
    for file in ["first", "other"] {
        assert_eq!(
            std::fs::read_to_string(path(file)).unwrap(),
            "t0ken",
            "{file}"
        );
    }
}

/// A plan that offers to paint a wall of 10 m2 and one of 5.
fn offer(head: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (quote, file) = (example("quote"), path("offer"));
    let plan = format!(
        r#"
        {head}

        [[task]]
        use = "{quote}"
        with = {{ file = "{file}", rooms = [{{ width = 4.0, height = 2.5 }}, {{ width = 2.0, height = 2.5 }}] }}
        "#
    );
    let name = path("plan.toml");
    std::fs::write(&name, plan).unwrap();
    (directory, name)
}

#[test]
fn the_task_of_a_plan_is_the_same_with_modules_that_are_linked_in_and_elsewhere() {
    let (paint, calculator) = (example("paint"), example("calculator"));
    let linked = format!("[plan]\nwith = [\"{paint}\", \"{calculator}\"]");
    let bound = format!(
        "[plan.bind]\n\"zymogen:paint/cost\" = \"local {paint}\"\n\"zymogen:examples/shapes\" = \". {calculator}\""
    );
    let both = format!("{bound}\n[plan]\nwith = [\"{calculator}\"]");
    for head in [&linked, &bound] {
        let (directory, plan) = offer(head);
        run(&["deploy", &plan]).status(0);
        let offer = std::fs::read_to_string(directory.path().join("offer")).unwrap();
        assert_eq!(offer, "2 buckets of paint\n", "{head}");
        run(&["deploy", &plan, "--check", "--detailed-exitcode"]).status(0);
    }
    // What is linked in needs no binding.
    let (_directory, plan) = offer(&both);
    let shapes = "zymogen:examples/shapes is bound";
    run(&["deploy", &plan])
        .status(1)
        .stderr_has(&[shapes, "no module needs it"]);
}

#[test]
fn a_binding_of_a_plan_is_checked_before_any_host_is_touched() {
    let (paint, calculator) = (example("paint"), example("calculator"));
    for (bind, parts) in [
        (
            format!("\"zymogen:paint/cost\" = \"{paint}\""),
            ["plan.toml:", "expected a context and a module"],
        ),
        (
            "\"zymogen:paint/cost\" = 7".to_owned(),
            ["plan.toml:", "is a text"],
        ),
        (
            format!("\"zymogen:paint/cost\" = \"local {calculator}\""),
            ["zymogen:paint/cost", "does not export"],
        ),
    ] {
        let (_directory, plan) = offer(&format!("[plan.bind]\n{bind}"));
        run(&["deploy", &plan]).status(1).stderr_has(&parts);
    }
    let bind = format!(
        "[plan.bind]\n\"zymogen:paint/cost\" = \"nowhere:at/all {paint}\"\n\"zymogen:examples/shapes\" = \". {calculator}\""
    );
    let (_directory, plan) = offer(&bind);
    run(&["deploy", &plan]).status(1).stderr_has(&["nowhere"]);
}
