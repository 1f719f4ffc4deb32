//! `zymogen call`

mod perform;
mod show;

use super::connect::ConnectArgs;
use super::limits::LimitArgs;
use super::start::{self, Start};
use super::with::WithArgs;
use crate::connect::ContextSpec;
use crate::deploy::callees::Callees;
use crate::deploy::cancel::Cancel;
use crate::error::{Error, Exit};
use crate::master::{CallOptions, LogSink, Options};
use crate::module::{Function, Module};
use crate::output::logs::Line;
use crate::output::text::{printable, printable_lines};
use crate::output::{Diagnostic, Format, Screen, Source};
use crate::secrets::{Named, Secrets};
use crate::value::{CallError, CallText};
use perform::perform;
use proto::Policy;
use proto::message::LogRecord;
use proto::policy::Grant;
use runtime::value::{self, ValueError};
use show::Shown;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wasmtime::component::{Type, Val};

/// Call one function of a module in a context, and print its result.
///
/// The call is written in WAVE, the notation of `wasmtime run --invoke`:
/// EXPORT(ARGUMENT, ...). An export inside an interface may be written in full,
/// `ns:pkg/iface@1.0.0#func`, or by its short name if no other has it.
/// Arguments are checked against the function's types before anything is
/// started.
///
/// The function may touch nothing that no --grant names. What it prints appears
/// on standard error. If its result is an error of its own, err(...) is printed
/// and the exit status is 3.
///
/// Grants:
///
///     read:PATH         read a file, or a directory and all below it
///     write:PATH        also create, change and remove
///     exec:PROGRAM ...  run exactly this; a last * stands for any arguments
///     env:NAME=VALUE    see this environment variable
///     net:HOST:PORT     connect to, or listen at; * is all ports
///     call:CONTEXT MODULE  call functions of this module there
///     service:NAME      call methods of this service of the master
///     channel:NAME      send to and receive from this channel
///     system            learn what machine it is
///
/// A program, built for WASI 0.1, 0.2 or 0.3, is called as `run()`. It gets
/// the arguments behind `--` and the file of --stdin, and what it prints on
/// standard output is printed there; with -o json it is in the log, and with
/// --secret it comes at the end, as text.
///
/// A stream is written and printed as a list, a future as its value. Where the
/// result is a stream, its parts are printed as they come: bytes as they are,
/// other values a line each.
///
/// Examples:
///
///     zymogen call local ./calculator.wasm 'add(1, 2)'
///     zymogen call ssh:web1 ./gunzip.wasm 'unpack()' --feed log.gz > log
///     zymogen call ssh:web1 ./report.wasm 'run()' -g read:/var/log -- /var/log
///     zymogen call local ./hash.wasm 'sha256("/etc/motd")' -g read:/etc/motd
///     zymogen call local facts 'run({:}, check)' --grant system -o json
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, after_long_help = super::STATUSES)]
// As clap would write it, it is wider than a terminal.
#[command(
    override_usage = "zymogen call [OPTIONS] CONTEXT MODULE 'EXPORT(ARGS)'... [-- ARGUMENT...]"
)]
pub struct CallArgs {
    /// Where: hops joined with commas, such as `local` or `local,local`.
    context: String,

    /// The name of a standard module, the path of a component, or a reference `oci:HOST/REPOSITORY:TAG`.
    module: String,

    /// The function and its arguments, in WAVE. Several are called one after the other in the same instance.
    #[arg(value_name = "EXPORT(ARGS)", required = true)]
    calls: Vec<String>,

    /// WAVE for people, JSON for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    output: Format,

    /// Something that the function may touch; may be repeated.
    #[arg(short, long = "grant", value_name = "GRANT")]
    grants: Vec<Grant>,

    /// A file for the last argument, of type `stream<u8>`, which is then left out of the call; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    feed: Option<PathBuf>,

    /// A file for the standard input of a program; `-` is zymogen's own.
    #[arg(long, value_name = "FILE")]
    stdin: Option<PathBuf>,

    /// A secret that the function may read, and where it comes from: `env:VARIABLE`,
    /// `file:PATH` (its first line) or `ask`; may be repeated. What is shown has `***` in its place.
    #[arg(long = "secret", value_name = "NAME=SOURCE")]
    secrets: Vec<Named>,

    /// Say more: what slaves and the master note.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,

    #[command(flatten)]
    with: WithArgs,

    #[command(flatten)]
    limits: LimitArgs,

    #[command(flatten)]
    connect: ConnectArgs,

    /// The arguments of a program, behind `--`.
    #[arg(last = true, value_name = "ARGUMENT")]
    args: Vec<String>,
}

/// Calls whose arguments have the right types.
struct Checked {
    module: Arc<Module>,
    callees: Callees,
    steps: Vec<Step>,
    options: CallOptions,
    /// The arguments of a program, and what its standard input is read from.
    args: Vec<String>,
    stdin: Option<PathBuf>,
}

/// One of them.
struct Step {
    function: Function,
    arguments: Vec<Val>,
    /// What feeds the last argument, if it is not written down.
    feed: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: CallArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let context: ContextSpec = arguments.context.parse()?;
    let start = Start::new(screen, arguments.verbose)?;
    let mut calls = check(&arguments, &start)?;
    start.images()?;
    let mut contexts = calls.callees.contexts(&calls.module)?;
    contexts.push(context.clone());
    let options = arguments.connect.options(&contexts)?;
    let sources = arguments
        .secrets
        .iter()
        .map(|Named(name, from)| (name, from));
    let secrets = Secrets::read(sources, &options.vault)?;
    calls.options.policy.grants.extend(secrets.all());
    let is_program = calls.steps.iter().any(|step| step.function.is_program());
    let program = (is_program && matches!(arguments.output, Format::Human)).then(|| {
        let module = calls.module.reference.name.clone();
        (context.name(), module)
    });
    let log = logs(screen, arguments.verbose, secrets.clone(), program);
    let shown = Shown {
        screen,
        format: arguments.output,
        module: &calls.module.reference.name,
        secrets,
    };
    let runtime = start::runtime()?;
    let exit = runtime.block_on(work(&context, &start, log, options, &calls, &shown));
    runtime.shutdown_background();
    exit
}

async fn work(
    context: &ContextSpec,
    start: &Start,
    log: Arc<dyn LogSink>,
    options: Options,
    calls: &Checked,
    shown: &Shown<'_>,
) -> Result<Exit, Error> {
    let cancel = Cancel::new();
    let listening = cancel.on_signals(shown.screen.clone());
    listening.map_err(|error| start::failed("cannot listen to signals", &error))?;
    let master = start.master(log, options);
    let context = tokio::select! {
        connected = master.connect(context) => connected?,
        () = cancel.cancelled() => return shown.cancelled(),
    };
    let exit = tokio::select! {
        exit = async {
            calls.callees.offer(&master, &calls.module).await?;
            perform(&context, calls, shown).await
        } => exit,
        () = cancel.cancelled() => shown.cancelled(),
    };
    tokio::join!(context.shutdown(), master.leave());
    exit
}

fn check(arguments: &CallArgs, start: &Start) -> Result<Checked, Error> {
    // What no module could take is found before one is compiled.
    let texts: Vec<_> = arguments
        .calls
        .iter()
        .map(|call| CallText::parse(call).map_err(|error| wrong_call(&error)))
        .collect::<Result<_, _>>()?;
    arguments.with.offer(start, &[], Vec::new())?;
    let module = start.repository().find(&arguments.module)?;
    let steps = texts.iter().map(|text| step(arguments, &module, text));
    let steps: Vec<_> = steps.collect::<Result<_, _>>()?;
    command_line(arguments, &steps)?;
    let callees = Callees::of(&arguments.grants, start.repository(), Path::new(""))?;
    start.repository().all_bound()?;
    Ok(Checked {
        steps,
        callees,
        module,
        options: CallOptions {
            policy: Policy {
                grants: arguments.grants.clone(),
            },
            limits: arguments.limits.limits(),
            ..CallOptions::default()
        },
        args: arguments.args.clone(),
        stdin: arguments.stdin.clone(),
    })
}

/// A command line is for programs.
fn command_line(arguments: &CallArgs, steps: &[Step]) -> Result<(), Error> {
    let function = steps.iter().find(|step| !step.function.is_program());
    let function = function.map(|step| &step.function.export.function);
    if let Some(function) = function
        && !arguments.args.is_empty()
    {
        let why = format!("`{function}` is no program, which arguments behind `--` are for");
        return Err(Error::input(why).hint("write those of a function in the parentheses"));
    }
    if let Some(function) = function
        && arguments.stdin.is_some()
    {
        let why = format!("`{function}` is no program, which --stdin is for");
        return Err(Error::input(why).hint("--feed is for an argument of type stream<u8>"));
    }
    // It may end its instance, as many do.
    if steps.len() > 1 && steps.iter().any(|step| step.function.is_program()) {
        return Err(Error::input("a program is called alone"));
    }
    Ok(())
}

fn step(arguments: &CallArgs, module: &Module, text: &CallText<'_>) -> Result<Step, Error> {
    let function = module.function(text.export())?;
    // Also of the result: to find out when it comes would be too late.
    for slots in [&function.params, &function.results] {
        let alone = arguments.calls.len() == 1;
        value::supported(slots)
            .and_then(|()| {
                if alone {
                    value::data_only(slots)
                } else {
                    Ok(())
                }
            })
            .map_err(|error| {
                let resource = matches!(error, ValueError::Resource { .. });
                let refused =
                    Error::input(format!("`{}` cannot be called: {error}", text.export()));
                match resource {
                    true => refused
                        .hint("write all calls, one after the other: they share one instance"),
                    false => refused,
                }
            })?;
    }
    let written = written(arguments, &function.params)?;
    let mut values = text.to_vals(written).map_err(|error| wrong_call(&error))?;
    if arguments.feed.is_some() {
        // The first feed.
        values.push(Val::U64(0));
    }
    Ok(Step {
        function,
        arguments: values,
        feed: arguments.feed.clone(),
    })
}

/// The parameters whose arguments are written down: all, or all but the last one, which is fed.
fn written<'a>(
    arguments: &CallArgs,
    params: &'a [(String, Type)],
) -> Result<&'a [(String, Type)], Error> {
    if arguments.feed.is_none() {
        return Ok(params);
    }
    if arguments.calls.len() > 1 {
        return Err(Error::input("--feed is for one call"));
    }
    match params.split_last() {
        Some(((_, Type::Stream(stream)), others)) if stream.ty() == Some(Type::U8) => Ok(others),
        _ => Err(Error::input(
            "--feed is for functions whose last parameter is a stream<u8>",
        )),
    }
}

/// What is wrong with the text of a call, each with its place.
fn wrong_call(error: &CallError) -> Error {
    let source = Source::new("the call", error.text.clone());
    let problems = error.problems.iter();
    let diagnostics = problems.map(|problem| {
        Diagnostic::new("call", problem.message.clone()).at(&source, problem.span.clone(), "")
    });
    Error::in_text(source.name(), diagnostics.collect())
}

/// Shows what functions and their slaves say, on standard error, and who says it. What the called `program` says, which is a module in a
/// context, is shown as it is.
pub(super) fn logs(
    screen: &Arc<Screen>,
    verbosity: u8,
    secrets: Secrets,
    program: Option<(String, String)>,
) -> Arc<dyn LogSink> {
    Arc::new(Logs {
        screen: screen.clone(),
        verbosity,
        secrets,
        program,
    })
}

struct Logs {
    screen: Arc<Screen>,
    verbosity: u8,
    secrets: Secrets,
    program: Option<(String, String)>,
}

impl LogSink for Logs {
    fn record(&self, context: &str, record: &LogRecord) {
        let text = self.secrets.mask(&record.text);
        let line = Line {
            context: None,
            module: record.module.as_deref(),
            level: record.level,
            target: &record.target,
            text: &text,
        };
        let module = record.module.as_deref();
        let is = |program: &(String, String)| program.0 == context && module == Some(&program.1);
        match record.target.as_str() {
            "stderr" if self.program.as_ref().is_some_and(is) => {
                self.screen.note(&format!("{}\n", printable_lines(&text)));
            }
            "progress" if module.is_some() => {
                let text = text.lines().next().unwrap_or_default();
                self.screen.status(&printable(text));
            }
            _ if line.is_wanted(self.verbosity) => self.screen.note(&line.render()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
