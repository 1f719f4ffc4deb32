//! A deployment as a person sees it, and the same for programs.

use super::screen;
use crate::deploy::event::{
    Change, Event, HostStatus, HostTotals, Mode, Status, TaskFinished, Totals, Unknown, to_json,
};
use crate::output::Reporter;
use crate::output::diff::Detail;
use crate::output::human::{Human, Options};
use crate::output::json::Json;
use proto::message::Level;

fn started(hosts: &[&str], mode: Mode) -> Event {
    Event::PlanStarted {
        plan: None,
        source: "deploy.toml".to_owned(),
        mode,
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        tasks: 3,
    }
}

fn task(host: &str, task: &str, status: Status, summary: &str) -> TaskFinished {
    TaskFinished {
        host: host.to_owned(),
        index: 1,
        task: task.to_owned(),
        module: "file".to_owned(),
        status,
        summary: summary.to_owned(),
        hint: None,
        failure: None,
        limit: None,
        changes: Vec::new(),
        report: None,
        grants: vec!["write:/etc/motd".to_owned()],
        duration_ms: 12,
    }
}

fn change(subject: &str, before: Option<&str>, after: Option<&str>) -> Change {
    Change {
        subject: subject.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        content_hidden: false,
    }
}

fn finished(host: &str, status: HostStatus, totals: Totals) -> Event {
    Event::HostFinished {
        host: host.to_owned(),
        status,
        error: None,
        hint: None,
        unknown: None,
        totals,
        duration_ms: 420,
    }
}

fn show(detail: Detail, verbosity: u8, events: &[Event]) -> (String, String) {
    let (screen, out, err) = screen();
    let options = Options { detail, verbosity };
    let mut human = Human::new(screen, options, ["gather facts", "motd"]);
    for event in events {
        human.event(event).unwrap();
    }
    (out.text(), err.text())
}

#[test]
fn one_host_is_a_list_of_tasks() {
    let motd = TaskFinished {
        changes: vec![change("/etc/motd", None, Some("Hello\n"))],
        ..task("local", "motd", Status::Changed, "created")
    };
    let totals = Totals {
        ok: 1,
        changed: 1,
        skipped: 1,
        ..Totals::default()
    };
    let events = [
        started(&["local"], Mode::Apply),
        Event::TaskFinished(task("local", "gather facts", Status::Ok, "")),
        Event::TaskFinished(motd),
        Event::TaskFinished(task("local", "late", Status::Skipped, "not false")),
        finished("local", HostStatus::Done, totals),
    ];
    let (out, err) = show(Detail::Full, 0, &events);
    let expected = "  \
  ok       gather facts
  changed  motd          /etc/motd  created
           +Hello
  skipped  late          not false
local: 3 tasks, 1 changed, 1 unchanged, 1 skipped in 0.4 s
";
    assert_eq!((out.as_str(), err.as_str()), (expected, ""));
}

#[test]
fn an_idempotent_run_says_so() {
    let totals = Totals {
        ok: 6,
        ..Totals::default()
    };
    let events = [
        started(&["local"], Mode::Apply),
        finished("local", HostStatus::Done, totals),
    ];
    let (out, _) = show(Detail::Summary, 0, &events);
    assert_eq!(out, "local: 6 tasks, nothing changed in 0.4 s\n");
}

#[test]
fn several_changes_are_named() {
    let both = TaskFinished {
        changes: vec![
            change("/etc/motd", Some("a\n"), Some("b\n")),
            change("/etc/motd mode", Some("0644"), Some("0600")),
        ],
        ..task(
            "local",
            "motd",
            Status::Changed,
            "content, mode 0644 -> 0600",
        )
    };
    let events = [started(&["local"], Mode::Check), Event::TaskFinished(both)];
    let (out, _) = show(Detail::Full, 1, &events);
    let expected = "  \
  would change  motd          content, mode 0644 -> 0600
                /etc/motd
                -a
                +b
                /etc/motd mode
                0644 -> 0600
                granted write:/etc/motd
";
    assert_eq!(out, expected);
}

#[test]
fn a_failure_says_what_to_do() {
    let failed = TaskFinished {
        hint: Some("give it a mode".to_owned()),
        failure: Some("conflict".to_owned()),
        ..task("local", "motd", Status::Failed, "/etc/motd is a directory")
    };
    let totals = Totals {
        failed: 1,
        not_run: 2,
        ..Totals::default()
    };
    let events = [
        started(&["local"], Mode::Apply),
        Event::TaskFinished(failed),
        finished("local", HostStatus::Failed, totals),
    ];
    let (out, _) = show(Detail::Summary, 0, &events);
    let expected = "  \
  failed   motd          /etc/motd is a directory
           help: give it a mode
local: 3 tasks, nothing changed, 1 failed, 2 not run in 0.4 s
";
    assert_eq!(out, expected);
}

#[test]
fn several_hosts_show_what_changed_and_who_is_missing() {
    let totals = Totals {
        ok: 1,
        changed: 1,
        ..Totals::default()
    };
    let lost = Totals {
        not_run: 2,
        ..Totals::default()
    };
    let events = [
        started(&["ssh:web1", "ssh:web22"], Mode::Apply),
        Event::TaskFinished(task("ssh:web1", "gather facts", Status::Ok, "")),
        Event::TaskFinished(task("ssh:web1", "motd", Status::Changed, "created")),
        finished("ssh:web1", HostStatus::Done, totals),
        Event::HostFinished {
            host: "ssh:web22".to_owned(),
            status: HostStatus::Unreachable,
            error: Some("ssh:web22: spawn: it ended".to_owned()),
            hint: Some("is it on?".to_owned()),
            unknown: None,
            totals: lost,
            duration_ms: 100,
        },
        Event::PlanFinished {
            hosts: HostTotals {
                done: 1,
                unreachable: 1,
                ..HostTotals::default()
            },
            totals: Totals {
                not_run: 2,
                ..totals
            },
            duration_ms: 500,
        },
    ];
    let (out, err) = show(Detail::Summary, 0, &events);
    let expected = "  \
  changed  ssh:web1   motd          created
ssh:web1: 2 tasks, 1 changed, 1 unchanged in 0.4 s
ssh:web22: unreachable after 0.1 s
2 hosts, 1 unreachable: 4 tasks, 1 changed, 1 unchanged, 2 not run in 0.5 s
";
    assert_eq!(out, expected);
    assert_eq!(
        err,
        "error: ssh:web22: spawn: it ended\n  help: is it on?\n"
    );
}

#[test]
fn what_a_guest_says_goes_to_standard_error() {
    let log = |level, text: &str| Event::Log {
        host: "local".to_owned(),
        module: Some("command".to_owned()),
        level,
        target: "stdout".to_owned(),
        text: text.to_owned(),
    };
    let events = [
        started(&["local"], Mode::Apply),
        log(Level::Info, "hello"),
        log(Level::Debug, "details"),
    ];
    let (out, err) = show(Detail::Summary, 0, &events);
    assert_eq!(
        (out.as_str(), err.as_str()),
        ("", "command stdout: hello\n")
    );
}

#[test]
fn programs_get_one_object_per_line() {
    let (screen, out, _) = screen();
    let mut json = Json::new(screen, true);
    json.event(&started(&["local"], Mode::Check)).unwrap();
    let motd = TaskFinished {
        changes: vec![change("/etc/motd", None, Some("Hello\n"))],
        ..task("local", "motd", Status::Changed, "created")
    };
    json.event(&Event::TaskFinished(motd)).unwrap();
    let expected = r#"{"v":1,"event":"plan_started","plan":null,"source":"deploy.toml","mode":"check","hosts":["local"],"tasks":3}
{"v":1,"event":"task_finished","host":"local","index":1,"task":"motd","module":"file","status":"changed","summary":"created","hint":null,"failure":null,"changes":[{"subject":"/etc/motd","before":null,"after":"Hello\n"}],"grants":["write:/etc/motd"],"duration_ms":12}
"#;
    assert_eq!(out.text(), expected);
}

#[test]
fn texts_of_changes_are_for_those_who_ask() {
    let (screen, out, _) = screen();
    let mut json = Json::new(screen, false);
    let key = TaskFinished {
        changes: vec![
            change("/etc/key", None, Some("secret\n")),
            change("/etc/key", None, None),
        ],
        ..task("local", "key", Status::Changed, "created")
    };
    json.event(&Event::TaskFinished(key)).unwrap();
    let event: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
    assert_eq!(
        event["changes"],
        serde_json::json!([
            { "subject": "/etc/key", "before": null, "after": null, "content_hidden": true },
            { "subject": "/etc/key", "before": null, "after": null },
        ])
    );
    assert!(!out.text().contains("secret"));
}

#[test]
fn events_survive_the_way_to_json_and_back() {
    let event = finished("local", HostStatus::Done, Totals::default());
    let line = to_json(&event).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
}

#[test]
fn what_a_host_says_cannot_pretend_to_be_ours() {
    let hostile = "gone\u{1b}[2K\u{9b}1A\u{202e}";
    let unreachable = Event::HostFinished {
        host: "web\u{1b}[1m".to_owned(),
        status: HostStatus::Unreachable,
        error: Some(hostile.to_owned()),
        hint: Some(hostile.to_owned()),
        unknown: Some(Unknown {
            index: 1,
            task: hostile.to_owned(),
        }),
        totals: Totals::default(),
        duration_ms: 1,
    };
    let (screen, out, err) = screen();
    let options = Options {
        detail: Detail::Full,
        verbosity: 2,
    };
    let mut human = Human::new(screen, options, ["motd"]);
    human.event(&unreachable).unwrap();
    for text in [out.raw(), err.raw()] {
        // The colours are ours.
        let text = text.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "");
        for bad in ["\u{1b}[2K", "\u{9b}", "\u{202e}"] {
            assert!(!text.contains(bad), "{text:?}");
        }
    }
    assert!(err.raw().contains("gone\\u{1b}[2K"), "{}", err.raw());
    let line = to_json(&unreachable).unwrap();
    assert!(
        line.contains("\\u009b") && line.contains("\\u202e"),
        "{line}"
    );
    assert!(!line.contains(char::is_control), "{line}");
}

#[test]
fn a_host_that_is_tried_again_says_why_and_from_where_on() {
    let unknown = Unknown {
        index: 2,
        task: "motd".to_owned(),
    };
    let retrying = Event::HostRetrying {
        host: "web1".to_owned(),
        attempt: 2,
        error: "web1: resolve: gone".to_owned(),
        hint: Some("look for it".to_owned()),
        unknown: Some(unknown.clone()),
        delay_ms: 2000,
    };
    let lost = Totals {
        unreachable: 1,
        ..Totals::default()
    };
    let mut end = finished("web1", HostStatus::Unreachable, lost);
    if let Event::HostFinished { unknown: place, .. } = &mut end {
        *place = Some(unknown);
    }
    let (out, err) = show(Detail::Summary, 0, &[retrying, end]);
    assert_eq!(
        err,
        "error: web1: resolve: gone\n  help: look for it\n  trying again in 2.0 s, beginning with task 2, motd\n"
    );
    assert!(
        out.contains("1 lost in 0.4 s; nobody knows the outcome of task 2, motd\n"),
        "{out}"
    );
}
