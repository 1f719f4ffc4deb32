//! `zymogen call`

use super::connect::ConnectArgs;
use super::limits::LimitArgs;
use super::start::{self, Start};
use super::with::WithArgs;
use crate::connect::ContextSpec;
use crate::deploy::cancel::Cancel;
use crate::deploy::event::VERSION;
use crate::error::{Error, Exit, Fate};
use crate::master::{CallResult, LogSink, Options};
use crate::module::{Function, Module};
use crate::output::logs::Line;
use crate::output::style::{self, paint};
use crate::output::text::{printable, printable_json, shell_word};
use crate::output::{Diagnostic, Format, Screen, Source};
use crate::secrets::{Named, Secrets};
use crate::value::{CallError, CallText, to_json, to_wave};
use proto::message::LogRecord;
use proto::policy::Grant;
use proto::{CallLimits, Policy};
use runtime::value;
use serde_json::json;
use std::sync::Arc;
use wasmtime::component::Val;

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
///     net:HOST:PORT     connect to, or listen at; a name or a number
///     system            learn what machine it is
///
/// Examples:
///
///     zymogen call local ./calculator.wasm 'add(1, 2)'
///     zymogen call local ./hash.wasm 'sha256("/etc/motd")' -g read:/etc/motd
///     zymogen call local facts 'run({:}, check)' --grant system -o json
#[derive(clap::Args, Debug)]
#[command(verbatim_doc_comment, after_long_help = super::STATUSES)]
pub struct CallArgs {
    /// Where: hops joined with commas, such as `local` or `local,local`.
    context: String,

    /// The name of a standard module, or the path of a component.
    module: String,

    /// The function and its arguments, in WAVE.
    #[arg(value_name = "EXPORT(ARGS)")]
    call: String,

    /// WAVE for people, JSON for programs.
    #[arg(short, long, value_name = "FORMAT", default_value = "human")]
    output: Format,

    /// Something that the function may touch; may be repeated.
    #[arg(short, long = "grant", value_name = "GRANT")]
    grants: Vec<Grant>,

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
}

/// A call whose arguments have the right types.
struct Checked {
    module: Arc<Module>,
    function: Function,
    arguments: Vec<Val>,
    policy: Policy,
    limits: CallLimits,
}

/// Runs the command.
pub fn run(arguments: CallArgs, screen: &Arc<Screen>) -> Result<Exit, Error> {
    let context: ContextSpec = arguments.context.parse()?;
    let start = Start::new(screen, arguments.verbose)?;
    let mut call = check(&arguments, &start)?;
    start.images()?;
    let options = arguments.connect.options([&context])?;
    let sources = arguments
        .secrets
        .iter()
        .map(|Named(name, from)| (name, from));
    let secrets = Secrets::read(sources, &options.vault)?;
    call.policy.grants.extend(secrets.all());
    let log = logs(screen, arguments.verbose, secrets.clone());
    let runtime = start::runtime()?;
    let result = runtime.block_on(work(&context, &start, &call, screen, log, options));
    runtime.shutdown_background();
    screen.clear();
    show(&arguments, screen, &call, &result?, &secrets)
}

async fn work(
    context: &ContextSpec,
    start: &Start,
    call: &Checked,
    screen: &Arc<Screen>,
    log: Arc<dyn LogSink>,
    options: Options,
) -> Result<CallResult, Error> {
    let cancel = Cancel::new();
    let listening = cancel.on_signals(screen.clone());
    listening.map_err(|error| start::failed("cannot listen to signals", &error))?;
    let master = start.master(log, options);
    let context = tokio::select! {
        connected = master.connect(context) => connected?,
        () = cancel.cancelled() => return Ok(CallResult::Cancelled),
    };
    let (policy, limits) = (call.policy.clone(), call.limits);
    let result = tokio::select! {
        result = context.call(&call.module, &call.function, &call.arguments, policy, limits) => {
            result.map_err(|error| Error::input(error.to_string()))
        }
        () = cancel.cancelled() => Ok(CallResult::Cancelled),
    };
    context.shutdown().await;
    result
}

fn check(arguments: &CallArgs, start: &Start) -> Result<Checked, Error> {
    let text = CallText::parse(&arguments.call).map_err(|error| wrong_call(&error))?;
    arguments.with.offer(start, &[])?;
    let module = start.repository().find(&arguments.module)?;
    let function = module.function(text.export())?;
    // Also of the result: to find out when it comes would be too late.
    for slots in [&function.params, &function.results] {
        let supported = value::supported(slots);
        supported.map_err(|error| {
            Error::input(format!("`{}` cannot be called: {error}", text.export()))
        })?;
    }
    let values = text
        .to_vals(&function.params)
        .map_err(|error| wrong_call(&error))?;
    Ok(Checked {
        module,
        function,
        arguments: values,
        policy: Policy {
            grants: arguments.grants.clone(),
        },
        limits: arguments.limits.limits(),
    })
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

fn show(
    arguments: &CallArgs,
    screen: &Screen,
    call: &Checked,
    result: &CallResult,
    secrets: &Secrets,
) -> Result<Exit, Error> {
    let fate = Fate::of(result, &call.module.reference.name);
    match arguments.output {
        Format::Human => {
            if let CallResult::Returned(Some(value)) | CallResult::Failed(value) = result {
                screen.result(&format!("{}\n", secrets.mask(&to_wave(value))))?;
            }
        }
        Format::Json => {
            let mut json = json(call, result, fate.as_ref())?;
            secrets.mask_json(&mut json);
            screen.result(&format!("{}\n", printable_json(json.to_string())))?;
        }
    }
    match (fate, result) {
        (Some(fate), CallResult::Denied(why)) => Err(Error::from(fate).hint(advice(why))),
        (Some(fate), _) => Err(fate.into()),
        (None, CallResult::Failed(value)) => {
            if let Some(why) = denial(value) {
                let help = paint(style::HELP, "help");
                screen.note(&format!("{help}: {}\n", printable(&advice(why))));
            }
            Ok(Exit::Failed)
        }
        (None, _) => Ok(Exit::Done),
    }
}

/// `{"v":1,"outcome":"returned","result":3}`; a fate of another kind has a `message` instead, and
/// `over-limit` names its `limit`.
fn json(
    call: &Checked,
    result: &CallResult,
    fate: Option<&Fate>,
) -> Result<serde_json::Value, Error> {
    let (outcome, value) = match (result, fate) {
        (_, Some(fate)) => {
            let mut json = json!({ "v": VERSION, "outcome": fate.kind, "message": fate.message });
            if let Some(limit) = fate.limit {
                json["limit"] = json!(limit);
            }
            return Ok(json);
        }
        (CallResult::Returned(value), None) => ("returned", value.as_ref()),
        (CallResult::Failed(value), None) => ("failed", Some(value)),
        (_, None) => ("unknown", None),
    };
    let ty = call.function.results.first().map(|(_, ty)| ty);
    let value = match (ty, value) {
        (Some(ty), Some(value)) => to_json(ty, value)
            .map_err(|error| start::failed("the result cannot be written as JSON", &error))?,
        _ => serde_json::Value::Null,
    };
    Ok(json!({ "v": VERSION, "outcome": outcome, "result": value }))
}

/// What a task says that was denied something: the message of its failure.
fn denial(value: &Val) -> Option<&str> {
    let Val::Result(Err(Some(failure))) = value else {
        return None;
    };
    let Val::Record(fields) = failure.as_ref() else {
        return None;
    };
    let field = |wanted| fields.iter().find(|(name, _)| name == wanted);
    match (field("kind")?, field("message")?) {
        ((_, Val::Enum(kind)), (_, Val::String(message))) if kind == "denied" => Some(message),
        _ => None,
    }
}

/// The grant that a denied call lacked, as far as the denial says it so that it can be typed. A task puts
/// what it was about in front: `cannot look at /etc/motd: to read /etc/motd; granted: nothing`.
fn advice(why: &str) -> String {
    let wanted = why.split("; granted: ").next().unwrap_or(why);
    let begin = wanted.rfind(": to ").map_or(0, |colon| colon + 2);
    let wanted = wanted.get(begin..).unwrap_or(wanted);
    let grant = if wanted == "to read facts about the system" {
        Some("system".to_owned())
    } else if let Some(path) = wanted.strip_prefix("to read ") {
        Some(format!("read:{path}"))
    } else if let Some(path) = wanted.strip_prefix("to write ") {
        Some(format!("write:{path}"))
    } else {
        if let Some(name) = wanted.strip_prefix("to know the secret ") {
            return format!("--secret {}=env:VARIABLE", name.trim_matches('`'));
        }
        let command = wanted.strip_prefix("to execute ");
        command.map(|command| format!("exec:{command}"))
    };
    match grant {
        Some(grant) if is_exact(&grant) => format!("--grant {}", shell_word(&grant)),
        _ => "--grant allows more: see zymogen call --help".to_owned(),
    }
}

/// Is this grant read as it is written? One with a variable whose value is not shown is not.
fn is_exact(text: &str) -> bool {
    match text.parse() {
        Ok(Grant::Read(path) | Grant::Write(path)) => text.ends_with(&format!(":{path}")),
        Ok(Grant::Exec(exec)) => !text.contains('…') && text == Grant::Exec(exec).to_string(),
        other => other.is_ok(),
    }
}

/// Shows what a function and its slave say.
pub(super) fn logs(screen: &Arc<Screen>, verbosity: u8, secrets: Secrets) -> Arc<dyn LogSink> {
    Arc::new(Logs {
        screen: screen.clone(),
        verbosity,
        secrets,
    })
}

/// What the function and its slave say goes to standard error.
struct Logs {
    screen: Arc<Screen>,
    verbosity: u8,
    secrets: Secrets,
}

impl LogSink for Logs {
    fn record(&self, _: &str, record: &LogRecord) {
        let text = self.secrets.mask(&record.text);
        let line = Line {
            context: None,
            module: record.module.as_deref(),
            level: record.level,
            target: &record.target,
            text: &text,
        };
        if record.target == "progress" && record.module.is_some() {
            let text = text.lines().next().unwrap_or_default();
            self.screen.status(&printable(text));
        } else if line.is_wanted(self.verbosity) {
            self.screen.note(&line.render());
        }
    }
}

#[cfg(test)]
mod tests;
