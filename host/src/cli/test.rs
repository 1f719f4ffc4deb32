//! `zymogen test`

use super::build::built;
use super::limits::LimitArgs;
use super::locked::LockedArgs;
use super::start::{self, Start};
use crate::connect::ContextSpec;
use crate::deploy::cancel::Cancel;
use crate::deploy::fleet::Fleet as _;
use crate::error::{Error, Exit};
use crate::master::{Master, Options};
use crate::module::Module;
use crate::output::style::{self, paint};
use crate::output::text::{count, duration, printable, printable_json};
use crate::output::{Format, Screen};
use crate::project::Manifest;
use crate::project::manifest::Act;
use crate::project::run::{Ran, Tester};
use crate::secrets::Secrets;
use serde_json::json;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Build the module of a project, and run its tests on this machine.
///
/// The tests are the tables [[test]] of its zymogen.toml. Those of a task:
///
///     [[test]]
///     name = "counts the errors"
///     files = { "app.log" = "ERROR a\nINFO b\n" }
///     params = { path = "@/app.log" }
///     expect = { outcome = { changed = false }, errors = 1 }
///
/// Each gets a scratch directory with its `files`, which an `@` at the
/// beginning of a text stands for. The task is called on a slave, as a plan
/// would call it, with what its `params` grant and nothing else. Then the
/// report must have what `expect` says, or the failure what `fails` says, and
/// the files below the scratch directory what `after` says. `check = true`
/// only looks; `again` is what the report must have if the task is run once
/// more.
///
/// Any other module has its functions called, in WAVE as by `zymogen call`:
///
///     [[test]]
///     name = "counts"
///     call = ['[constructor]tally("a")', '[method]tally.count(1)']
///     gives = ["1", "0"]
///
/// Several calls are made one after the other in the same instance. They may
/// touch what `grants` names, such as `["read:@/app.log"]`.
///
/// Examples:
///
///     zymogen test
///     zymogen test ./motd once
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, after_long_help = super::STATUSES)]
pub struct TestArgs {
    /// The project's directory.
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,

    /// Only tests whose names contain one of these.
    #[arg(value_name = "TEXT")]
    names: Vec<String>,

    /// Lines for people, or one JSON object per test for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    output: Format,

    /// Say more: what slaves and the master note.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    locked: LockedArgs,

    #[command(flatten)]
    limits: LimitArgs,
}

/// Runs the command.
pub fn run(arguments: &TestArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let start = Start::new(screen, arguments.verbose)?;
    let mut project = Manifest::read(&arguments.directory)?;
    let all = project.tests.len();
    let wanted = |name: &str| {
        arguments.names.is_empty() || arguments.names.iter().any(|part| name.contains(part))
    };
    project.tests.retain(|test| wanted(&test.name));
    if project.tests.is_empty() {
        let why = match all {
            0 => "this project has no tests",
            _ => "no test has such a name",
        };
        return Err(Error::input(why).hint("a test is a table [[test]] in zymogen.toml"));
    }
    let (_, module) = built(&project, &start, &arguments.locked)?;
    if project
        .tests
        .iter()
        .any(|test| matches!(test.act, Act::Task(_)))
    {
        module.task()?;
    }
    start.images()?;
    let runtime = start::runtime()?;
    let failed = runtime.block_on(all_tests(arguments, &project, &module, &start, screen));
    runtime.shutdown_background();
    screen.clear();
    let Some(failed) = failed? else {
        return Ok(Exit::Interrupted);
    };
    if arguments.output == Format::Human {
        let passed = project.tests.len() - failed;
        let text = match failed {
            0 => format!("{} passed\n", count(passed, "test")),
            _ => format!("{passed} passed, {failed} failed\n"),
        };
        screen.result(&text)?;
    }
    Ok(match failed {
        0 => Exit::Done,
        _ => Exit::Failed,
    })
}

/// How many failed. None if it was interrupted.
async fn all_tests(
    arguments: &TestArgs,
    project: &Manifest,
    module: &Arc<Module>,
    start: &Start,
    screen: &Arc<Screen>,
) -> Result<Option<usize>, Error> {
    let cancel = Cancel::new();
    let listening = cancel.on_signals(screen.clone());
    listening.map_err(|error| start::failed("cannot listen to signals", &error))?;
    let log = super::call::logs(screen, arguments.verbose, Secrets::default(), None);
    let master = start.master(log, Options::default());
    let work = async {
        let here: ContextSpec = "local".parse()?;
        let context = Master::connect(&master, &here).await?;
        let tester = Tester {
            project,
            module,
            limits: arguments.limits.limits(),
            offer: &|name, path| master.offer(name, path),
        };
        let mut failed = 0;
        for test in &project.tests {
            let ran = tester.run(&context, test).await?;
            failed += usize::from(!ran.problems.is_empty());
            show(arguments.output, screen, &ran)?;
        }
        context.shutdown().await;
        Ok(Some(failed))
    };
    tokio::select! {
        failed = work => failed,
        () = cancel.cancelled() => Ok(None),
    }
}

fn show(format: Format, screen: &Screen, ran: &Ran) -> Result<(), Error> {
    let passed = ran.problems.is_empty();
    if format == Format::Json {
        let millis = u64::try_from(ran.took.as_millis()).unwrap_or(u64::MAX);
        let json = json!({
            "v": 1, "test": ran.name, "passed": passed, "problems": ran.problems, "duration_ms": millis,
        });
        screen.result(&format!("{}\n", printable_json(json.to_string())))?;
        return Ok(());
    }
    let mark = match passed {
        true => paint(style::OK, "ok    "),
        false => paint(style::ERROR, "FAILED"),
    };
    let took = paint(style::DIM, &duration(ran.took));
    let mut text = format!("{mark} {} {took}\n", printable(&ran.name));
    for problem in &ran.problems {
        // Writing to a String does not fail.
        let _ = writeln!(text, "       {}", printable(problem));
    }
    screen.result(&text)?;
    Ok(())
}
