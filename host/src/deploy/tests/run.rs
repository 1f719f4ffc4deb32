//! The order of things.

use super::fake::{Fake, apply, apply_until, failure, report, text};
use crate::deploy::cancel::Cancel;
use crate::deploy::event::{Event, HostStatus, Mode, Status};
use crate::master::CallResult;
use proto::ContextId;
use proto::message::{Dead, DeadReason, Down, LimitKind};
use std::time::Duration;
use wasmtime::component::Val;

const PLAN: &str = r#"
[vars]
base = "/srv"

[[task]]
know = {}
register = "facts"

[[task]]
name = "app"
place = { path = "{{ vars.base }}/{{ facts.hostname }}", port = "{{ facts.cpus }}", src = "Cargo.toml" }
register = "app"

[[task]]
run = { argv = ["restart"] }
when = "app.changed"
"#;

/// Facts, a place that may change, and a command that always does.
fn answer(changes: bool) -> impl Fn(&str, &str) -> CallResult + Send + Sync + 'static {
    move |module, _| match module {
        "know" => report(
            false,
            &[
                ("hostname", text("web1")),
                ("cpus", Val::U32(4)),
                ("os", Val::Option(None)),
                ("addresses", Val::List(Vec::new())),
            ],
        ),
        "place" => report(changes, &[("existed", Val::Bool(!changes))]),
        _ => report(
            true,
            &[("exit-code", Val::Option(None)), ("stdout", text(""))],
        ),
    }
}

#[tokio::test]
async fn tasks_run_in_order_with_the_least_grants() {
    let story = apply(PLAN, 1, Mode::Apply, Fake::new(answer(true))).await;
    // These components were made of their WIT alone, which imports `system`: hence that grant.
    assert_eq!(story.calls[0], "know({:}, apply) system");
    assert!(
        story.calls[1].starts_with("place({path: \"/srv/web1\""),
        "{}",
        story.calls[1]
    );
    assert!(
        story.calls[1].contains("write:/srv/web1, source:0707"),
        "{}",
        story.calls[1]
    );
    assert!(
        story.calls[2].ends_with(" exec:restart, system"),
        "{}",
        story.calls[2]
    );
    let statuses: Vec<_> = story.tasks().iter().map(|task| task.status).collect();
    assert_eq!(statuses, [Status::Ok, Status::Changed, Status::Changed]);
    assert_eq!(
        story.names(),
        [
            "plan_started",
            "host_connecting",
            "host_connected",
            "task_started",
            "task_finished",
            "task_started",
            "task_finished",
            "task_started",
            "task_finished",
            "host_finished",
            "plan_finished",
        ]
    );
    assert_eq!((story.outcome.hosts.done, story.shut_down), (1, 1));
    assert_eq!(
        (story.outcome.totals.changed, story.outcome.totals.ok),
        (2, 1)
    );
    let app = &story.tasks()[1];
    assert_eq!(
        (app.index, app.module.as_str(), app.summary.as_str()),
        (2, "place", "created")
    );
    assert_eq!(app.changes[0].after.as_deref(), Some("new\n"));
    // Only what is registered is reported, and without what the event says already.
    assert_eq!(app.report, Some(serde_json::json!({ "existed": false })));
    assert_eq!(story.tasks()[2].report, None);
}

#[tokio::test]
async fn a_condition_skips_its_task() {
    let story = apply(PLAN, 1, Mode::Apply, Fake::new(answer(false))).await;
    let last = story.tasks()[2];
    assert_eq!(
        (last.status, last.summary.as_str()),
        (Status::Skipped, "not app.changed")
    );
    assert_eq!((story.calls.len(), story.outcome.totals.skipped), (2, 1));
    assert_eq!(story.outcome.hosts.done, 1);
}

#[tokio::test]
async fn checking_grants_nothing_that_changes_anything() {
    let story = apply(PLAN, 1, Mode::Check, Fake::new(answer(true))).await;
    assert!(story.calls[1].contains(", check) "), "{}", story.calls[1]);
    assert!(
        story.calls[1].contains("read:/srv/web1"),
        "{}",
        story.calls[1]
    );
    assert!(
        !story.calls[2].contains("exec:") && !story.calls[2].contains("write:"),
        "{}",
        story.calls[2]
    );
}

#[tokio::test]
async fn a_failure_ends_its_host_and_no_other() {
    let fake = Fake::new(|module, _| match module {
        "know" => failure("io"),
        _ => report(false, &[]),
    });
    let story = apply(PLAN, 3, Mode::Apply, fake).await;
    assert_eq!((story.outcome.hosts.failed, story.shut_down), (3, 3));
    assert_eq!(
        (story.outcome.totals.failed, story.outcome.totals.not_run),
        (3, 6)
    );
    let first = story.tasks()[0];
    assert_eq!(first.failure.as_deref(), Some("io"));
    assert_eq!(
        (first.summary.as_str(), first.hint.as_deref()),
        ("it did not work", Some("try again"))
    );
}

#[tokio::test]
async fn only_so_many_hosts_are_worked_on_at_a_time() {
    let story = apply(PLAN, 7, Mode::Apply, Fake::new(answer(true))).await;
    assert_eq!((story.outcome.hosts.done, story.shut_down), (7, 7));
    assert_eq!(story.most, 2);
}

#[tokio::test]
async fn an_unreachable_host_says_why() {
    let mut fake = Fake::new(answer(true));
    fake.unreachable = true;
    let story = apply(PLAN, 1, Mode::Apply, fake).await;
    assert_eq!(
        story.names(),
        [
            "plan_started",
            "host_connecting",
            "host_finished",
            "plan_finished"
        ]
    );
    let Event::HostFinished {
        status,
        error,
        hint,
        totals,
        ..
    } = &story.events[2]
    else {
        panic!("{:?}", story.events)
    };
    assert_eq!(*status, HostStatus::Unreachable);
    assert_eq!(error.as_deref(), Some("nobody at home"));
    assert_eq!(hint.as_deref(), Some("come back later"));
    assert_eq!(totals.not_run, 3);
}

#[tokio::test]
async fn every_fate_of_a_call_ends_the_host_in_its_own_way() {
    let fates = [
        (
            CallResult::Denied("to read /etc/x".to_owned()),
            Status::Denied,
            "denied",
        ),
        (failure("denied"), Status::Denied, "denied"),
        (
            CallResult::Trapped("unreachable".to_owned()),
            Status::Failed,
            "trapped",
        ),
        (CallResult::Exited(3), Status::Failed, "exited"),
        (
            CallResult::OverLimit {
                limit: LimitKind::Memory,
                allowed: 64 << 20,
            },
            Status::Failed,
            "over-limit",
        ),
        (CallResult::Returned(None), Status::Failed, "other"),
    ];
    for (fate, status, kind) in fates {
        let shown = format!("{fate:?}");
        let story = apply(PLAN, 1, Mode::Apply, Fake::new(move |_, _| fate.clone())).await;
        let task = story.tasks()[0];
        assert_eq!(
            (task.status, task.failure.as_deref()),
            (status, Some(kind)),
            "{shown}"
        );
        let limit = (kind == "over-limit").then_some(LimitKind::Memory);
        assert_eq!(task.limit, limit, "{shown}");
        assert_eq!(story.outcome.totals.not_run, 2, "{shown}");
        assert_eq!(story.shut_down, 1, "{shown}");
    }
}

#[tokio::test]
async fn what_turns_out_wrong_on_a_host_is_its_failure() {
    // The host's name makes the path relative.
    let plan = PLAN.replace("{{ vars.base }}/", "");
    let story = apply(&plan, 1, Mode::Apply, Fake::new(answer(true))).await;
    let app = story.tasks()[1];
    assert_eq!(
        (app.status, app.failure.as_deref()),
        (Status::Failed, Some("plan"))
    );
    assert!(
        app.summary
            .starts_with("deploy.toml:11:18: a path on a host is absolute"),
        "{}",
        app.summary
    );
    assert_eq!(story.calls.len(), 1);
}

#[tokio::test]
async fn a_host_chooses_no_file_outside_the_plans_directory() {
    let plan = PLAN.replace("Cargo.toml", "{{ facts.hostname }}");
    let named = |name: &'static str| {
        Fake::new(move |module, arguments| match module {
            "know" => report(
                false,
                &[
                    ("hostname", text(name)),
                    ("cpus", Val::U32(4)),
                    ("os", Val::Option(None)),
                    ("addresses", Val::List(Vec::new())),
                ],
            ),
            _ => answer(true)(module, arguments),
        })
    };
    let story = apply(&plan, 1, Mode::Apply, named("Cargo.toml")).await;
    assert_eq!(story.tasks()[1].status, Status::Changed);
    for outside in ["/etc/passwd", "src/../../Cargo.toml"] {
        let plan = plan.replace("{{ vars.base }}/{{ facts.hostname }}", "/srv");
        let story = apply(&plan, 1, Mode::Apply, named(outside)).await;
        let app = story.tasks()[1];
        assert_eq!(
            (app.status, app.failure.as_deref()),
            (Status::Failed, Some("plan"))
        );
        assert!(
            app.summary.contains("is not below the plan's directory"),
            "{}",
            app.summary
        );
        assert_eq!(story.calls.len(), 1);
    }
    // Whoever wrote the plan, or sets its variables, may name any file.
    let plan = PLAN.replace("Cargo.toml", "/etc/passwd");
    let story = apply(&plan, 1, Mode::Apply, named("web1")).await;
    assert_eq!(story.tasks()[1].status, Status::Changed);
}

#[tokio::test(start_paused = true)]
async fn stopping_cancels_what_is_under_way_and_puts_all_away() {
    let mut fake = Fake::new(answer(true));
    fake.hangs = true;
    let cancel = Cancel::new();
    let later = cancel.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        later.cancel();
    });
    let story = apply_until(PLAN, 3, Mode::Apply, fake, cancel).await;
    // Two were under way, the third had not begun.
    assert_eq!((story.outcome.hosts.cancelled, story.shut_down), (3, 2));
    let statuses: Vec<_> = story.tasks().iter().map(|task| task.status).collect();
    assert_eq!(statuses, [Status::Cancelled, Status::Cancelled]);
    assert_eq!(story.outcome.totals.not_run, 7);
}

#[tokio::test(start_paused = true)]
async fn a_host_is_tried_again_as_often_as_one_says() {
    let fails = |retries| {
        let mut fake = Fake::new(answer(true));
        (fake.fails_first, fake.retries) = (2, retries);
        fake
    };
    let story = apply(PLAN, 1, Mode::Apply, fails(2)).await;
    assert_eq!(story.outcome.hosts.done, 1);
    let retries: Vec<_> = story.events.iter().filter_map(retried).collect();
    assert_eq!(retries, [(2, 1000, None), (3, 2000, None)]);
    let story = apply(PLAN, 1, Mode::Apply, fails(1)).await;
    assert_eq!(story.outcome.hosts.unreachable, 1);
    assert_eq!(story.outcome.totals.not_run, 3);
}

#[tokio::test(start_paused = true)]
async fn a_host_that_waits_to_be_tried_again_keeps_nobody_waiting() {
    let mut fake = Fake::new(answer(true));
    // Two are worked on at a time, and just these two fail at first.
    (fake.fails_first, fake.retries) = (2, 1);
    let story = apply(PLAN, 3, Mode::Apply, fake).await;
    let mut finished = story.events.iter().filter_map(|event| match event {
        Event::HostFinished { host, .. } => Some(host.as_str()),
        _ => None,
    });
    assert_eq!(finished.next(), Some("host2"));
    assert_eq!(story.outcome.hosts.done, 3);
}

/// Which try, after how long, and the task that is in doubt.
fn retried(event: &Event) -> Option<(u32, u64, Option<usize>)> {
    match event {
        Event::HostRetrying {
            attempt,
            delay_ms,
            unknown,
            ..
        } => Some((*attempt, *delay_ms, unknown.as_ref().map(|task| task.index))),
        _ => None,
    }
}

/// Loses the host at the second task, so often.
fn losing(times: usize, retries: u32) -> Fake {
    let answer = answer(true);
    let lost = std::sync::atomic::AtomicUsize::new(0);
    let mut fake = Fake::new(move |module, arguments| {
        let first = || lost.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < times;
        if module == "place" && first() {
            return CallResult::Dead(Dead {
                reason: DeadReason::LinkDown(Down::Closed),
                at: ContextId::MASTER,
            });
        }
        answer(module, arguments)
    });
    fake.retries = retries;
    fake
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_lost_goes_on_with_the_task_that_is_in_doubt() {
    let story = apply(PLAN, 1, Mode::Apply, losing(1, 3)).await;
    assert_eq!(story.outcome.hosts.done, 1);
    // What had ended is not run again, and what it reported is known.
    let modules: Vec<_> = story
        .calls
        .iter()
        .map(|call| call.split('(').next())
        .collect();
    assert_eq!(modules, ["know", "place", "place", "run"].map(Some));
    assert!(story.calls[2].contains("/srv/web1"), "{}", story.calls[2]);
    let retries: Vec<_> = story.events.iter().filter_map(retried).collect();
    // Its first run may still go on there.
    assert_eq!(retries, [(2, 20_000, Some(2))]);
    let totals = story.outcome.totals;
    assert_eq!((totals.ok, totals.changed, totals.unreachable), (1, 2, 0));
}

#[tokio::test]
async fn the_task_whose_outcome_is_unknown_is_named() {
    let story = apply(PLAN, 1, Mode::Apply, losing(1, 0)).await;
    let Some(Event::HostFinished {
        status,
        unknown,
        error,
        ..
    }) = story.events.iter().rev().nth(1)
    else {
        panic!("{:?}", story.names());
    };
    assert_eq!(*status, HostStatus::Unreachable);
    let unknown = unknown
        .as_ref()
        .map(|task| (task.index, task.task.as_str()));
    assert_eq!((unknown, error), (Some((2, "app")), &None));
    let totals = story.outcome.totals;
    assert_eq!((totals.unreachable, totals.not_run), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_doubt_stays_if_the_host_is_not_reached_again() {
    let mut fake = losing(1, 1);
    // The first connection succeeds, the second does not.
    fake.fails_after = Some(1);
    let story = apply(PLAN, 1, Mode::Apply, fake).await;
    let Some(Event::HostFinished { unknown, error, .. }) = story.events.iter().rev().nth(1) else {
        panic!("{:?}", story.names());
    };
    assert_eq!(unknown.as_ref().map(|task| task.index), Some(2));
    assert!(error.is_some());
    let totals = story.outcome.totals;
    assert_eq!((totals.ok, totals.unreachable, totals.not_run), (1, 1, 1));
}
