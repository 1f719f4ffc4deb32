//! The events of a deployment for people: one line for each task, then what changed; a summary for each host.
//!
//! With one host its name stands in the summary only. With several, each line names its host, and what
//! needed no change is left out, because nobody reads a thousand lines that say `ok`.

use super::diff::{self, Detail};
use super::logs;
use super::style::{self, paint};
use super::text::{count, duration, printable, shorten};
use super::{Reporter, Screen};
use crate::deploy::event::{
    Event, HostStatus, HostTotals, Mode, Status, TaskFinished, Totals, Unknown,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Names longer than this do not widen the column.
const NAME: usize = 36;

/// What a person wants to see.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How much of each change.
    pub detail: Detail,
    /// How many `-v` there were.
    pub verbosity: u8,
}

/// Prints events for a person.
pub struct Human {
    screen: Arc<Screen>,
    options: Options,
    mode: Mode,
    /// Width of the column of tasks, and of the column of hosts if there is one.
    tasks: usize,
    hosts: Option<usize>,
    running: BTreeMap<String, String>,
}

impl Human {
    /// For a plan with tasks of these names.
    #[must_use]
    pub fn new<'a>(
        screen: Arc<Screen>,
        options: Options,
        tasks: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        Self {
            screen,
            options,
            mode: Mode::Apply,
            tasks: width(tasks),
            hosts: None,
            running: BTreeMap::new(),
        }
    }

    fn task(&self, task: &TaskFinished) -> io::Result<()> {
        let quiet = self.hosts.is_some() && self.options.verbosity == 0;
        if quiet && matches!(task.status, Status::Ok | Status::Skipped) {
            return Ok(());
        }
        let (word, style) = self.word(task.status);
        let wide = if self.mode == Mode::Check { 13 } else { 8 };
        let mut line = format!("  {} ", paint(style, &format!("{word:wide$}")));
        // Writing to a String does not fail.
        if let Some(hosts) = self.hosts {
            let _ = write!(line, "{:hosts$}  ", printable(&task.host));
        }
        let tasks = self.tasks;
        let _ = write!(line, "{:tasks$}  ", printable(&task.task));
        let subject = match task.changes.as_slice() {
            [only] if !task.summary.contains(&only.subject) => printable(&only.subject),
            _ => "".into(),
        };
        let summary = printable(&task.summary);
        if !subject.is_empty() {
            let _ = write!(line, "{subject}  ");
        }
        match task.status {
            Status::Ok | Status::Skipped => line.push_str(&paint(style::DIM, &summary)),
            _ => line.push_str(&summary),
        }
        let mut out = format!("{}\n", line.trim_end());
        let indent = " ".repeat(wide + 3);
        self.details(task, &indent, &mut out);
        self.screen.result(&out)
    }

    fn details(&self, task: &TaskFinished, indent: &str, out: &mut String) {
        for change in &task.changes {
            let lines = diff::lines(change, self.options.detail);
            if task.changes.len() > 1 && self.options.detail != Detail::Summary {
                out.push_str(&format!("{indent}{}\n", printable(&change.subject)));
            }
            for line in lines {
                out.push_str(&format!("{indent}{line}\n"));
            }
        }
        if let Some(hint) = &task.hint {
            let help = paint(style::HELP, "help");
            out.push_str(&format!("{indent}{help}: {}\n", printable(hint)));
        }
        if self.options.verbosity > 0 && !task.grants.is_empty() {
            let grants = format!("granted {}", task.grants.join(", "));
            out.push_str(&format!(
                "{indent}{}\n",
                paint(style::DIM, &printable(&grants))
            ));
        }
    }

    fn word(&self, status: Status) -> (&'static str, anstyle::Style) {
        match status {
            Status::Ok => ("ok", style::OK),
            Status::Changed if self.mode == Mode::Check => ("would change", style::CHANGED),
            Status::Changed => ("changed", style::CHANGED),
            Status::Skipped => ("skipped", style::DIM),
            Status::Failed => ("failed", style::ERROR),
            Status::Denied => ("denied", style::ERROR),
            Status::Unreachable => ("lost", style::ERROR),
            Status::Cancelled => ("stopped", style::WARNING),
        }
    }

    fn host(
        &self,
        host: &str,
        status: HostStatus,
        unknown: Option<&Unknown>,
        totals: &Totals,
        took: u64,
    ) -> io::Result<()> {
        let host = printable(host);
        let (name, took) = (paint(style::STRONG, &host), time(took));
        let line = if status == HostStatus::Unreachable && totals.all() == totals.not_run {
            format!("{name}: unreachable after {took}\n")
        } else {
            let stopped = status == HostStatus::Cancelled && totals.cancelled == 0;
            let stopped = if stopped { ", stopped" } else { "" };
            let unknown = unknown.map_or_else(String::new, |task| {
                format!("; nobody knows the outcome of task {}", about(task))
            });
            format!(
                "{name}: {}{stopped} in {took}{unknown}\n",
                summary(totals, self.mode)
            )
        };
        self.screen.result(&line)
    }

    fn plan(&self, hosts: &HostTotals, totals: &Totals, took: u64) -> io::Result<()> {
        if self.hosts.is_none() {
            return Ok(());
        }
        let mut line = count(hosts.all(), "host");
        for (number, what) in [
            (hosts.failed, "failed"),
            (hosts.unreachable, "unreachable"),
            (hosts.denied, "denied"),
            (hosts.cancelled, "stopped"),
        ] {
            if number > 0 {
                line.push_str(&format!(", {number} {what}"));
            }
        }
        let line = paint(style::STRONG, &line);
        let (totals, took) = (summary(totals, self.mode), time(took));
        self.screen.result(&format!("{line}: {totals} in {took}\n"))
    }

    fn status(&self) {
        if !self.screen.is_live() {
            return;
        }
        match self.running.iter().next() {
            None => self.screen.clear(),
            Some((host, what)) if self.running.len() == 1 => {
                self.screen
                    .status(&shorten(&format!("{host}: {what}"), 200));
            }
            Some((host, what)) => {
                let busy = count(self.running.len(), "host");
                self.screen
                    .status(&shorten(&format!("{busy} busy · {host}: {what}"), 200));
            }
        }
    }
}

impl Reporter for Human {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        match event {
            // For people it is on standard error, with the line of the plan.
            Event::Error(_) => {}
            Event::PlanStarted { mode, hosts, .. } => {
                self.mode = *mode;
                self.hosts = (hosts.len() > 1).then(|| width(hosts.iter().map(String::as_str)));
            }
            Event::HostConnecting { host } => {
                self.running.insert(host.clone(), "connecting".to_owned());
            }
            Event::HostConnected { .. } => {}
            Event::HostRetrying {
                host,
                error,
                hint,
                unknown,
                delay_ms,
                ..
            } => {
                let mut note = problem(host, error, hint.as_deref());
                let again = match unknown {
                    Some(task) => format!(", beginning with task {}", about(task)),
                    None => String::new(),
                };
                note.push_str(&format!("  trying again in {}{again}\n", time(*delay_ms)));
                self.screen.note(&note);
                self.running.insert(host.clone(), "waiting".to_owned());
            }
            Event::TaskStarted { host, task, .. } => {
                let task = printable(task).into_owned();
                self.running.insert(host.clone(), task);
            }
            Event::Progress { host, text, .. } => {
                if let Some(running) = self.running.get_mut(host) {
                    *running = printable(text).into_owned();
                }
            }
            Event::Log {
                host,
                module,
                level,
                target,
                text,
            } => {
                let line = logs::Line {
                    context: self.hosts.map(|_| host.as_str()),
                    module: module.as_deref(),
                    level: *level,
                    target,
                    text,
                };
                if line.is_wanted(self.options.verbosity) {
                    self.screen.note(&line.render());
                }
            }
            Event::TaskFinished(task) => self.task(task)?,
            Event::HostFinished {
                host,
                status,
                error,
                hint,
                unknown,
                totals,
                duration_ms,
            } => {
                self.running.remove(host);
                if let Some(error) = error {
                    self.screen.note(&problem(host, error, hint.as_deref()));
                }
                self.host(host, *status, unknown.as_ref(), totals, *duration_ms)?;
            }
            Event::PlanFinished {
                hosts,
                totals,
                duration_ms,
            } => {
                self.running.clear();
                self.plan(hosts, totals, *duration_ms)?;
            }
        }
        self.status();
        Ok(())
    }
}

fn width<'a>(names: impl IntoIterator<Item = &'a str>) -> usize {
    let lengths = names.into_iter().map(|name| name.chars().count());
    lengths.filter(|length| *length <= NAME).max().unwrap_or(0)
}

/// Why a host is not there, for standard error.
fn problem(host: &str, error: &str, hint: Option<&str>) -> String {
    let host = printable(host);
    // Most errors begin with the hop that failed.
    let error = error.strip_prefix(&format!("{host}: ")).unwrap_or(error);
    let head = paint(style::ERROR, "error");
    let mut note = format!("{head}: {host}: ");
    for (at, line) in error.lines().enumerate() {
        // What a slave or a shell printed may follow.
        let indent = if at == 0 { "" } else { "  " };
        note.push_str(&format!("{indent}{}\n", printable(line)));
    }
    if let Some(hint) = hint {
        let help = paint(style::HELP, "help");
        note.push_str(&format!("  {help}: {}\n", printable(hint)));
    }
    note
}

/// `3, restart the server`
fn about(task: &Unknown) -> String {
    format!("{}, {}", task.index, printable(&task.task))
}

fn time(ms: u64) -> String {
    duration(Duration::from_millis(ms))
}

/// `6 tasks, 4 changed, 2 unchanged`, or `6 tasks, nothing changed`.
fn summary(totals: &Totals, mode: Mode) -> String {
    let (changed, nothing) = match mode {
        Mode::Apply => ("changed", "nothing changed"),
        Mode::Check => ("would change", "nothing would change"),
    };
    let mut out = count(totals.all(), "task");
    if totals.changed == 0 {
        out.push_str(&format!(", {nothing}"));
    }
    let unchanged = if totals.changed > 0 { totals.ok } else { 0 };
    for (number, what) in [
        (totals.changed, changed),
        (unchanged, "unchanged"),
        (totals.skipped, "skipped"),
        (totals.failed, "failed"),
        (totals.denied, "denied"),
        (totals.unreachable, "lost"),
        (totals.cancelled, "stopped"),
        (totals.not_run, "not run"),
    ] {
        if number > 0 {
            out.push_str(&format!(", {number} {what}"));
        }
    }
    out
}
