//! `zymogen ping`

use super::connect::ConnectArgs;
use super::pattern;
use super::start::{self, Start};
use super::tree::Quiet;
use crate::connect::ContextSpec;
use crate::deploy::cancel::Cancel;
use crate::error::{Error, Exit};
use crate::master::{Master, Reached};
use crate::output::{Format, Screen, Source, ping};
use crate::plan;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The plan whose hosts patterns mean, if none is named.
const PLAN: &str = "deploy.toml";

/// Connect, and show how long each phase of it took.
///
/// A PATTERN is a context, or a pattern with `*` and `?` for hosts of a plan:
/// that of --plan, or ./deploy.toml. Without a PATTERN all of its hosts are
/// meant; if there is no plan, this machine.
///
///     reach       until the target's first word: the way, being let in
///     image       sending the slave's image; nothing if it is there already
///     hello       until the slave has introduced itself
///     round trip  one question to the slave, the quickest of three
///
/// Examples:
///
///     zymogen ping ssh:web1 ssh:web2,sudo:root
///     zymogen ping 'ssh:web*' --plan web.toml
///     zymogen ping -o json
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, after_long_help = super::STATUSES)]
pub struct PingArgs {
    /// Contexts, or patterns for hosts of a plan.
    #[arg(value_name = "PATTERN")]
    patterns: Vec<String>,

    /// The plan whose hosts are meant.
    #[arg(long, value_name = "PLAN")]
    plan: Option<PathBuf>,

    /// Connect to at most so many hosts at a time.
    #[arg(short, long, value_name = "N", default_value = "20")]
    forks: NonZeroUsize,

    /// A table for people, JSON for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    output: Format,

    /// Say more: what slaves and the master note.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    connect: ConnectArgs,
}

/// Runs the command.
pub fn run(arguments: &PingArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let specs = arguments.specs()?;
    let start = Start::new(screen, arguments.verbose)?;
    start.images()?;
    let options = arguments.connect.options(&specs)?;
    let runtime = start::runtime()?;
    let reached = runtime.block_on(async {
        let cancel = Cancel::new();
        let listening = cancel.on_signals(screen.clone());
        listening.map_err(|error| start::failed("cannot listen to signals", &error))?;
        let master = start.master(Arc::new(Quiet), options);
        tokio::select! {
            reached = reach(master, specs, arguments.forks.get()) => reached.map(Some),
            () = cancel.cancelled() => Ok(None),
        }
    });
    runtime.shutdown_background();
    screen.clear();
    let Some(reached) = reached? else {
        return Ok(Exit::Interrupted);
    };
    let text = match arguments.output {
        Format::Human => ping::human(&reached),
        Format::Json => ping::json(&reached),
    };
    screen.result(&text)?;
    for (_, error) in reached.iter().filter_map(ping::failed) {
        screen.note(&Error::from(error).render());
    }
    let all = reached.iter().all(|(_, reached)| reached.is_ok());
    Ok(if all { Exit::Done } else { Exit::Unreachable })
}

/// Is it a way, and no pattern? A `?` stands before the options of a hop, too.
fn is_context(text: &str) -> bool {
    !text.contains('*') && text.parse::<ContextSpec>().is_ok()
}

/// Connects to all of them, each in its turn, and asks.
async fn reach(
    master: Master,
    specs: Vec<ContextSpec>,
    forks: usize,
) -> Result<Vec<ping::Row>, Error> {
    let (master, turns) = (Arc::new(master), Arc::new(Semaphore::new(forks)));
    let mut asked = JoinSet::new();
    for (index, spec) in specs.into_iter().enumerate() {
        let (master, turns) = (master.clone(), turns.clone());
        asked.spawn(async move {
            // The semaphore is never closed.
            let _turn = turns.acquire().await;
            let reached: Result<Reached, _> = master.reach(&spec).await;
            (index, (spec.name(), reached))
        });
    }
    let mut rows = Vec::new();
    while let Some(row) = asked.join_next().await {
        rows.push(row.map_err(|error| start::failed("a connection was given up", &error))?);
    }
    rows.sort_by_key(|(index, _)| *index);
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

impl PingArgs {
    fn specs(&self) -> Result<Vec<ContextSpec>, Error> {
        let hosts = self.hosts()?;
        let mut wanted: Vec<String> = Vec::new();
        if self.patterns.is_empty() {
            wanted = hosts.unwrap_or_else(|| vec!["local".to_owned()]);
        } else {
            let hosts = hosts.unwrap_or_default();
            for text in &self.patterns {
                let fitting = hosts.iter().filter(|host| pattern::matches(text, host));
                let before = wanted.len();
                wanted.extend(fitting.cloned());
                if wanted.len() > before {
                    continue;
                }
                if !is_context(text) && pattern::is_pattern(text) {
                    return Err(Error::input(format!("no host fits `{text}`"))
                        .hint("hosts are those of --plan PLAN, or of ./deploy.toml"));
                }
                wanted.push(text.clone());
            }
        }
        let specs = wanted.iter().map(|text| text.parse());
        Ok(specs.collect::<Result<Vec<ContextSpec>, _>>()?)
    }

    /// The hosts of the plan, if there is one.
    fn hosts(&self) -> Result<Option<Vec<String>>, Error> {
        let patterns = self.patterns.iter();
        let contexts = patterns.filter(|text| is_context(text));
        if self.plan.is_none()
            && !self.patterns.is_empty()
            && contexts.count() == self.patterns.len()
        {
            // Nobody asked for it, and it may be somebody else's.
            return Ok(None);
        }
        let path = self.plan.clone().unwrap_or_else(|| PLAN.into());
        let shown = path.display().to_string();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if self.plan.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => {
                let message = format!("cannot read the plan {shown}");
                return Err(Error::input(message).because(&error));
            }
        };
        let source = Source::new(shown, text);
        let read = plan::read(&source);
        let plan = read.map_err(|errors| Error::in_text(source.name(), errors))?;
        Ok(Some(
            plan.hosts.into_iter().map(|host| host.value).collect(),
        ))
    }
}
