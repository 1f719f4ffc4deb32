//! `zymogen tree`

use super::connect::ConnectArgs;
use super::start::{self, Start};
use crate::connect::ContextSpec;
use crate::deploy::cancel::Cancel;
use crate::error::{Error, Exit};
use crate::master::{Context, LogSink, Options, Surveyed};
use crate::output::{Format, Screen, tree};
use proto::message::LogRecord;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Start contexts and show them as a tree: where each is, what it has loaded,
/// what waits in it.
///
/// Several contexts are started at the same time. All end with the command.
///
/// Examples:
///
///     zymogen tree local
///     zymogen tree local,local local
///     zymogen tree local -o json
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, after_long_help = super::STATUSES)]
pub struct TreeArgs {
    /// Where: hops joined with commas, such as `local` or `local,local`.
    #[arg(required = true, value_name = "CONTEXT")]
    contexts: Vec<String>,

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
pub fn run(arguments: &TreeArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let specs = arguments.contexts.iter().map(|context| context.parse());
    let specs = specs.collect::<Result<Vec<ContextSpec>, _>>()?;
    let start = Start::new(screen, arguments.verbose)?;
    start.images()?;
    let options = arguments.connect.options(&specs)?;
    let runtime = start::runtime()?;
    let surveyed = runtime.block_on(survey(specs, &start, screen, options));
    runtime.shutdown_background();
    screen.clear();
    let Some(surveyed) = surveyed? else {
        return Ok(Exit::Interrupted);
    };
    let text = match arguments.output {
        Format::Human => tree::human(&surveyed),
        Format::Json => tree::json(&surveyed),
    };
    screen.result(&text)?;
    Ok(Exit::Done)
}

/// None if it was interrupted.
async fn survey(
    specs: Vec<ContextSpec>,
    start: &Start,
    screen: &Arc<Screen>,
    options: Options,
) -> Result<Option<Vec<Surveyed>>, Error> {
    let cancel = Cancel::new();
    let listening = cancel.on_signals(screen.clone());
    listening.map_err(|error| start::failed("cannot listen to signals", &error))?;
    let master = Arc::new(start.master(Arc::new(Quiet), options));
    let work = async {
        let contexts = connect(&master, specs).await?;
        let surveyed = master.survey().await;
        let mut ending = JoinSet::new();
        for context in contexts {
            ending.spawn(context.shutdown());
        }
        ending.join_all().await;
        Ok(Some(surveyed))
    };
    tokio::select! {
        surveyed = work => surveyed,
        () = cancel.cancelled() => Ok(None),
    }
}

async fn connect(
    master: &Arc<crate::master::Master>,
    specs: Vec<ContextSpec>,
) -> Result<Vec<Context>, Error> {
    let mut starting = JoinSet::new();
    for spec in specs {
        let master = master.clone();
        starting.spawn(async move { master.connect(&spec).await });
    }
    let mut contexts = Vec::new();
    while let Some(started) = starting.join_next().await {
        let started = started.map_err(|error| start::failed("a start failed", &error))?;
        contexts.push(started?);
    }
    Ok(contexts)
}

/// For commands that call no guest: what slaves say is a note of the master.
pub(super) struct Quiet;

impl LogSink for Quiet {
    fn record(&self, context: &str, record: &LogRecord) {
        tracing::debug!(context, "{}", record.text);
    }
}
