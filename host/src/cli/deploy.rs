//! `zymogen deploy`

use super::connect::ConnectArgs;
use super::limits::LimitArgs;
use super::locked::LockedArgs;
use super::pattern;
use super::start::{self, Start};
use super::with::WithArgs;
use crate::deploy::callees::Callees;
use crate::deploy::cancel::Cancel;
use crate::deploy::event::{Event, HostTotals, Mode};
use crate::deploy::logs::Logs;
use crate::deploy::tour::Tour;
use crate::deploy::{self, Deployment, Events, Outcome, problem};
use crate::error::{Error, Exit};
use crate::master;
use crate::module::{Binding, ModuleError, ResourceKind};
use crate::output::diff::Detail;
use crate::output::human::{Human, Options};
use crate::output::json::Json;
use crate::output::masked::Masked;
use crate::output::text::did_you_mean;
use crate::output::{Format, Reporter, Screen, Source};
use crate::plan::params::module_reference;
use crate::plan::{self, Against, Checked, Engine, Overrides, Plan, Setting};
use crate::secrets::Secrets;
use crate::value::nearest::nearest;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;

/// The plan that is applied if none is named.
pub(super) const DEFAULT: &str = "deploy.toml";

/// How the names of plans end that others have.
const YAML: [&str; 2] = ["yaml", "yml"];

/// Apply a plan: make hosts be as it says.
///
/// A plan is a TOML file with hosts, variables and tasks. All of it is checked
/// against the modules' types before any host is touched. Hosts are worked on
/// side by side; on each, the tasks run in their order until one fails. A task
/// may touch what its parameters name, and nothing else. One with a
/// `timeout-ms` of its own may take that long, up to a day, whatever --timeout
/// says.
///
/// Without PLAN, ./deploy.toml is applied; if there is none, a tour on this
/// machine.
///
/// Examples:
///
///     zymogen deploy
///     zymogen deploy web.toml --check --diff
///     zymogen deploy web.toml -e port=9090 -e @secrets.toml
///     zymogen deploy web.toml -o json | jq 'select(.event == "task_finished")'
///
/// The events of -o json and their fields are in docs/EVENTS.md.
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, after_long_help = super::STATUSES)]
pub struct DeployArgs {
    /// The plan; `-` for standard input.
    plan: Option<PathBuf>,

    /// Only say what would change [also: -n, --dry-run].
    #[arg(short = 'C', long, short_alias = 'n', alias = "dry-run")]
    check: bool,

    /// Show each change in full, line by line; with -o json, put the texts before and after into the events.
    #[arg(short = 'D', long)]
    diff: bool,

    /// Only these hosts of the plan: a name, or a pattern with `*` and `?`;
    /// may be repeated.
    #[arg(short, long, value_name = "PATTERN")]
    limit: Vec<String>,

    /// Set a variable of the plan, or those in a TOML or JSON file; may be repeated.
    #[arg(short = 'e', long = "set", value_name = "NAME=VALUE|@FILE")]
    set: Vec<Setting>,

    /// Work on at most so many hosts at a time.
    #[arg(short, long, value_name = "N", default_value = "20")]
    forks: NonZeroUsize,

    /// For people, or one JSON object per line for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    output: Format,

    /// Print the names of the plan's tasks and stop.
    #[arg(long)]
    list_tasks: bool,

    /// Print the plan's hosts and stop.
    #[arg(long, conflicts_with = "list_tasks")]
    list_hosts: bool,

    /// With --check: exit with status 2 if something would change.
    #[arg(long, requires = "check")]
    detailed_exitcode: bool,

    /// Say more: what each task was granted; twice, what slaves and the master note.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    /// Try again, up to so many times for each host, if it cannot be reached or
    /// its connection breaks. A task whose outcome is unknown then is run
    /// again.
    #[arg(long, value_name = "N", default_value = "0")]
    retries: u32,

    #[command(flatten)]
    with: WithArgs,

    #[command(flatten)]
    locked: LockedArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the command. Programs find what is wrong among the events; the text for people is on standard
/// error in any case.
pub fn run(arguments: &DeployArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let ended = work(arguments, screen);
    if let (Err(error), Format::Json) = (&ended, arguments.output) {
        screen.clear();
        let mut reporter = Json::new(screen.clone(), arguments.diff);
        for event in problem::events(error) {
            reporter.event(&event)?;
        }
    }
    ended
}

fn work(arguments: &DeployArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let (source, directory, mut tour) = arguments.source()?;
    let in_plan = |errors| Error::in_text(source.name(), errors);
    if arguments.list_hosts || arguments.list_tasks {
        let mut plan = plan::read(&source).map_err(in_plan)?;
        arguments.limit(&mut plan)?;
        screen.result(&arguments.list(&plan))?;
        return Ok(Exit::Done);
    }
    let (mut plan, wrong) = plan::read_parts(&source).map_err(in_plan)?;
    if wrong.errors.is_empty() {
        arguments.limit(&mut plan)?;
    }
    let mut overrides = Overrides::read(&arguments.set)?;
    if let Some(tour) = &mut tour {
        tour.override_vars(&mut overrides);
        if arguments.output == Format::Human {
            screen.note(&tour.opening());
        }
    }
    let start = Start::new(screen, arguments.verbose)?;
    let engine = Engine::new();
    let against = Against {
        repository: start.repository(),
        engine: &engine,
        overrides: &overrides,
        directory,
    };
    screen.status("checking the plan");
    // What came through a pipe has no place for a lock beside it.
    let has_place = !arguments.is_piped() && tour.is_none();
    let place = has_place.then_some(against.directory.as_path());
    arguments.locked.pin(&start, place)?;
    let with = plan.with.iter();
    let with = with.map(|module| module_reference(&against.directory, &module.value));
    let bind = plan.bind.iter().map(|(interface, callee)| Binding {
        interface: interface.clone(),
        reference: module_reference(&against.directory, &callee.value.module),
        callee: callee.value.clone(),
    });
    let (with, bind) = (with.collect::<Vec<_>>(), bind.collect());
    arguments.with.offer(&start, &with, bind)?;
    match at_hand(&plan, &against) {
        Err(_) if !wrong.errors.is_empty() => {
            // Without modules this is all that can be said about the plan, and it can be mended.
            return Err(in_plan(wrong.errors));
        }
        found => found?,
    }
    let checked = plan::check_parts(plan, wrong, &against).map_err(in_plan)?;
    // Modules that only parameters name are found later, and may import more.
    let mut resources = checked.tasks.iter().flat_map(|task| &task.task.resources);
    if !resources.any(|resource| resource.kind == ResourceKind::Callee) {
        start.repository().all_bound()?;
    }
    start.repository().registries().save()?;
    start.images()?;
    let mut contexts = Vec::new();
    for task in &checked.tasks {
        contexts.extend(Callees::default().contexts(&task.module)?);
    }
    contexts.extend(checked.hosts.iter().map(|host| host.spec.clone()));
    screen.clear();
    let options = arguments.connect.options(&contexts)?;
    let secrets = Secrets::read(&checked.secrets, &options.vault)?;
    // JSON events would leave it where it is.
    screen.clear();
    let reporter = arguments.reporter(screen, &checked, tour.is_some());
    let mut reporter = Masked::new(reporter, secrets.clone());
    let deployment = Arc::new(Deployment {
        plan: checked,
        secrets,
        engine,
        mode: arguments.mode(),
        forks: arguments.forks.get(),
        limits: arguments.limits.limits(),
        retries: arguments.retries,
        orphans_end: arguments.connect.orphans_end(),
    });
    let outcome = apply(&start, deployment, screen, &mut reporter, options)?;
    screen.clear();
    let exit = arguments.exit(&outcome);
    if let Some(tour) = tour
        && exit == Exit::Done
        && arguments.output == Format::Human
    {
        screen.note(&tour.closing(&outcome, arguments.mode()));
    }
    Ok(exit)
}

/// Applies the plan while its events are shown.
fn apply(
    start: &Start,
    deployment: Arc<Deployment>,
    screen: &Arc<Screen>,
    reporter: &mut dyn Reporter,
    options: master::Options,
) -> Result<Outcome, Error> {
    let runtime = start::runtime()?;
    let shown = runtime.block_on(async {
        let cancel = Cancel::new();
        cancel
            .on_signals(screen.clone())
            .map_err(|error| start::failed("cannot listen to signals", &error))?;
        let (events, waiting) = Events::new();
        let master = start.master(Arc::new(Logs::new(events.clone())), options);
        let work = deploy::run(deployment, Arc::new(master), events, cancel.clone());
        let work = tokio::spawn(work);
        let shown = show(waiting, reporter, &cancel).await;
        let outcome = work
            .await
            .map_err(|error| start::failed("the deployment broke off", &error))?;
        shown?;
        Ok(outcome)
    });
    // What still runs holds nothing that a slave would notice.
    runtime.shutdown_background();
    shown
}

/// Shows events until the last one. If nobody reads them, the work is told to stop.
async fn show(
    mut waiting: Receiver<Event>,
    reporter: &mut dyn Reporter,
    cancel: &Cancel,
) -> io::Result<()> {
    let mut shown = Ok(());
    while let Some(event) = waiting.recv().await {
        if shown.is_ok() {
            shown = reporter.event(&event);
            if shown.is_err() {
                cancel.cancel();
            }
        }
        if matches!(event, Event::PlanFinished { .. }) {
            break;
        }
    }
    shown
}

/// Finds the plan's modules, building or pulling them if need be. That this is impossible is one error, and none of
/// the plan; whatever else is wrong with a module the check says with its place.
fn at_hand(plan: &Plan, against: &Against<'_>) -> Result<(), Error> {
    for task in &plan.tasks {
        let reference = module_reference(&against.directory, &task.module.value);
        if let Err(error @ (ModuleError::Build(_) | ModuleError::Registry(_))) =
            against.repository.find(&reference)
        {
            return Err(error.into());
        }
    }
    Ok(())
}

/// A plan that cannot be read, or a link that leads nowhere, is no reason to apply another one.
fn is_nothing(path: &Path) -> bool {
    let found = std::fs::symlink_metadata(path);
    found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn is_yaml(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    YAML.iter().any(|yaml| ending.eq_ignore_ascii_case(yaml))
}

/// Better than what a reader of TOML says about YAML.
fn no_yaml(path: &Path) -> Error {
    let message = format!(
        "{} cannot be applied: YAML plans are not read yet",
        path.display()
    );
    let like = path.with_extension("toml");
    Error::input(message).hint(format!(
        "a plan is TOML: write `[[task]]` and below it `file = {{ path = \"/srv\", state = \"directory\" }}` into {}",
        like.display()
    ))
}

impl DeployArgs {
    fn mode(&self) -> Mode {
        if self.check { Mode::Check } else { Mode::Apply }
    }

    fn is_piped(&self) -> bool {
        self.plan
            .as_ref()
            .is_some_and(|plan| plan.as_os_str() == "-")
    }

    /// The plan's text, where its relative paths begin, and whether it is the tour.
    fn source(&self) -> Result<(Source, PathBuf, Option<Tour>), Error> {
        let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let path = match &self.plan {
            Some(path) if path.as_os_str() == "-" => {
                let mut text = String::new();
                let read = io::stdin().read_to_string(&mut text);
                read.map_err(|error| Error::input("cannot read standard input").because(&error))?;
                return Ok((Source::new("standard input", text), here(), None));
            }
            Some(path) if is_yaml(path) => return Err(no_yaml(path)),
            Some(path) => path.as_path(),
            None if is_nothing(Path::new(DEFAULT)) => {
                // Who has a plan, if not for us, does not want the tour in its place.
                let yaml = YAML.map(|ending| Path::new(DEFAULT).with_extension(ending));
                if let Some(path) = yaml.iter().find(|path| !is_nothing(path)) {
                    return Err(no_yaml(path));
                }
                let tour = Tour::new()?;
                return Ok((tour.source(), here(), Some(tour)));
            }
            None => Path::new(DEFAULT),
        };
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::input(format!("cannot read the plan {shown}")).because(&error)
        })?;
        let directory = path.parent().map(|parent| here().join(parent));
        Ok((
            Source::new(shown, text),
            directory.unwrap_or_else(here),
            None,
        ))
    }

    /// Keeps the hosts that are asked for.
    fn limit(&self, plan: &mut Plan) -> Result<(), Error> {
        for wanted in &self.limit {
            let known = plan.hosts.iter().map(|host| host.value.as_str());
            if !known.clone().any(|host| pattern::matches(wanted, host)) {
                let message = format!("{} has no host `{wanted}`", plan.source.name());
                return Err(Error::input(message).maybe_hint(did_you_mean(nearest(wanted, known))));
            }
        }
        if !self.limit.is_empty() {
            let wanted = |host: &str| {
                self.limit
                    .iter()
                    .any(|wanted| pattern::matches(wanted, host))
            };
            plan.hosts.retain(|host| wanted(&host.value));
        }
        Ok(())
    }

    fn list(&self, plan: &Plan) -> String {
        let hosts = plan.hosts.iter().map(|host| format!("{}\n", host.value));
        let tasks = plan.tasks.iter();
        if self.list_hosts {
            hosts.collect()
        } else {
            let width = tasks.clone().map(|task| task.name.chars().count()).max();
            let width = width.unwrap_or(0);
            tasks
                .map(|task| format!("{:width$}  {}\n", task.name, task.module.value))
                .collect()
        }
    }

    fn reporter(&self, screen: &Arc<Screen>, plan: &Checked, tour: bool) -> Box<dyn Reporter> {
        let detail = match (self.diff, tour) {
            (true, _) => Detail::Full,
            (false, true) => Detail::Lines(6),
            (false, false) => Detail::Summary,
        };
        let options = Options {
            detail,
            verbosity: self.verbose,
        };
        let names = plan.tasks.iter().map(|task| task.name.as_str());
        match self.output {
            Format::Human => Box::new(Human::new(screen.clone(), options, names)),
            Format::Json => Box::new(Json::new(screen.clone(), self.diff)),
        }
    }

    pub(super) fn exit(&self, outcome: &Outcome) -> Exit {
        let HostTotals {
            done: _,
            failed,
            unreachable,
            denied,
            cancelled,
        } = outcome.hosts;
        match () {
            () if cancelled > 0 => Exit::Interrupted,
            () if denied > 0 => Exit::Denied,
            () if unreachable > 0 => Exit::Unreachable,
            () if failed > 0 => Exit::Failed,
            () if self.detailed_exitcode && outcome.totals.changed > 0 => Exit::Pending,
            () => Exit::Done,
        }
    }
}
