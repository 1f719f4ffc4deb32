//! Shows the results of `zymogen call`.

use super::Step;
use crate::cli::start;
use crate::deploy::event::VERSION;
use crate::error::{Error, Exit, Fate};
use crate::master::CallResult;
use crate::output::style::{self, paint};
use crate::output::text::{printable, printable_json, shell_word};
use crate::output::{Format, Screen};
use crate::secrets::Secrets;
use crate::value::{to_json, to_wave};
use bytes::Bytes;
use proto::policy::Grant;
use serde_json::json;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;
use wasmtime::component::Val;

/// The most of a program's output that is held back, in bytes.
const MAX_SEARCHED: usize = 64 << 20;

/// How results are shown.
pub(super) struct Shown<'a> {
    pub(super) screen: &'a Arc<Screen>,
    pub(super) format: Format,
    pub(super) module: &'a str,
    pub(super) secrets: Secrets,
}

impl Shown<'_> {
    /// The person has had enough.
    pub(super) fn cancelled(&self) -> Result<Exit, Error> {
        self.screen.clear();
        match Fate::of(&CallResult::Cancelled, self.module) {
            Some(fate) => Err(fate.into()),
            None => Ok(Exit::Failed),
        }
    }

    /// Shows what a program prints, until it has ended.
    pub(super) async fn print(&self, mut printed: mpsc::Receiver<Bytes>) -> Result<(), Error> {
        if self.secrets.is_empty() {
            while let Some(bytes) = printed.recv().await {
                self.write(bytes).await?;
            }
            return Ok(());
        }
        // A secret could be cut in two by the pieces.
        let mut all = Vec::new();
        while let Some(bytes) = printed.recv().await {
            all.extend_from_slice(&bytes);
            if all.len() > MAX_SEARCHED {
                let why = format!(
                    "the program prints more than {} MiB, which are searched for secrets",
                    MAX_SEARCHED >> 20
                );
                return Err(
                    Error::new(Exit::Failed, why).hint("give it no --secret, or let it print less")
                );
            }
        }
        let text = self
            .secrets
            .mask(&String::from_utf8_lossy(&all))
            .into_owned();
        self.write(text.into()).await
    }

    /// Writes bytes to standard output. Whoever reads them may pause: what else there is to do goes on.
    pub(super) async fn write(&self, bytes: Bytes) -> Result<(), Error> {
        let screen = self.screen.clone();
        let writing = tokio::task::spawn_blocking(move || screen.bytes(&bytes));
        let written = writing
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        Ok(written?)
    }

    pub(super) fn show(&self, step: &Step, result: &CallResult) -> Result<Exit, Error> {
        let Self {
            screen, secrets, ..
        } = self;
        screen.clear();
        let fate = Fate::of(result, self.module);
        match self.format {
            Format::Human => {
                // A program's output is all that is to be there.
                if let CallResult::Returned(Some(value)) | CallResult::Failed(value) = result
                    && !step.function.is_program()
                {
                    screen.result(&format!("{}\n", secrets.mask(&to_wave(value))))?;
                }
            }
            Format::Json => {
                let mut json = json(step, result, fate.as_ref())?;
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
}

/// `{"v":1,"outcome":"returned","result":3}`; a fate of another kind has a `message` instead, and
/// `over-limit` names its `limit`.
fn json(step: &Step, result: &CallResult, fate: Option<&Fate>) -> Result<serde_json::Value, Error> {
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
    let ty = step.function.results.first().map(|(_, ty)| ty);
    let value = match (ty, value) {
        (Some(ty), Some(value)) => to_json(ty, value)
            .map_err(|error| start::failed("the result cannot be written as JSON", &error))?,
        _ => serde_json::Value::Null,
    };
    Ok(json!({ "v": VERSION, "outcome": outcome, "result": value }))
}

/// What a task says that was denied something: the message of its failure.
pub(super) fn denial(value: &Val) -> Option<&str> {
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
pub(super) fn advice(why: &str) -> String {
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
pub(super) fn is_exact(text: &str) -> bool {
    match text.parse() {
        Ok(Grant::Read(path) | Grant::Write(path)) => text.ends_with(&format!(":{path}")),
        Ok(Grant::Exec(exec)) => !text.contains('…') && text == Grant::Exec(exec).to_string(),
        other => other.is_ok(),
    }
}
