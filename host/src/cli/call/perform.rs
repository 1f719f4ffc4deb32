//! Makes the calls of `zymogen call`, and shows what comes of each.

use super::show::Shown;
use super::{Checked, Step};
use crate::error::{Error, Exit};
use crate::master::{CallResult, Context, Feed, Piece, Program, Streaming};
use crate::output::Format;
use crate::value::to_wave;
use std::io;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;
use wasmtime::component::{Type, Val};

/// One call in an instance of its own, several in one that is kept for them. The first that does not return is the last.
pub(super) async fn perform(
    context: &Context,
    calls: &Checked,
    shown: &Shown<'_>,
) -> Result<Exit, Error> {
    let Checked {
        module,
        steps,
        options,
        ..
    } = calls;
    let wrong = |error: runtime::value::ValueError| Error::input(error.to_string());
    if let [step] = steps.as_slice() {
        if step.function.is_program() {
            return program(context, calls, step, shown).await;
        }
        let feeds = feeds(step.feed.iter()).await?;
        let streaming = context.stream(module, &step.function, &step.arguments, feeds, options);
        return finish(step, streaming.await.map_err(wrong)?, shown).await;
    }
    let instance = context.instance(module, options.clone());
    let mut exit = Exit::Done;
    for step in steps {
        let streaming = instance.stream(&step.function, &step.arguments, Vec::new());
        exit = finish(step, streaming.await.map_err(wrong)?, shown).await?;
        if !matches!(exit, Exit::Done) {
            break;
        }
    }
    instance.end().await;
    Ok(exit)
}

/// Runs a program, and shows what it prints as it comes.
async fn program(
    context: &Context,
    calls: &Checked,
    step: &Step,
    shown: &Shown<'_>,
) -> Result<Exit, Error> {
    let (stdout, printed) = mpsc::channel(1);
    let program = Program {
        args: calls.args.clone(),
        stdin: feeds(calls.stdin.iter()).await?.pop(),
        stdout: matches!(shown.format, Format::Human).then_some(stdout),
    };
    let running = context.run(&calls.module, &step.function, program, &calls.options);
    let running = async {
        running
            .await
            .map_err(|error| Error::input(error.to_string()))
    };
    // Where nobody reads any more there is nothing to run it for.
    let (result, ()) = tokio::try_join!(running, shown.print(printed))?;
    let result = match result {
        // Many a program ends itself when all is done.
        CallResult::Exited(0) => CallResult::Returned(Some(Val::Result(Ok(None)))),
        CallResult::Failed(_) => CallResult::Exited(1),
        other => other,
    };
    shown.show(step, &result)
}

/// Shows what a call comes to: a stream as it flows, anything else when all of it is there.
async fn finish(step: &Step, mut streaming: Streaming, shown: &Shown<'_>) -> Result<Exit, Error> {
    let is_stream = matches!(step.function.results.as_slice(), [(_, Type::Stream(_))]);
    // A secret could be cut in two by the pieces.
    let flows = is_stream && matches!(shown.format, Format::Human) && shown.secrets.is_empty();
    let result = match streaming.incoming.pop() {
        Some(mut flow) if flows && matches!(streaming.result, CallResult::Returned(_)) => loop {
            match flow.next().await {
                Ok(Some(Piece::Bytes(bytes))) => shown.write(bytes).await?,
                Ok(Some(Piece::Values(values))) => {
                    for value in values {
                        shown.screen.result(&format!("{}\n", to_wave(&value)))?;
                    }
                }
                Ok(None) => break CallResult::Returned(None),
                Err(dead) => break CallResult::Dead(dead),
            }
        },
        incoming => {
            streaming.incoming.extend(incoming);
            streaming.collect().await
        }
    };
    shown.show(step, &result)
}

async fn feeds(paths: impl Iterator<Item = &PathBuf>) -> Result<Vec<Feed>, Error> {
    let mut feeds: Vec<Feed> = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            feeds.push(Box::new(tokio::io::stdin()));
            continue;
        }
        let file = tokio::fs::File::open(path).await;
        let wrong = |error: io::Error| Error::input(format!("{}: {error}", path.display()));
        let file = file.map_err(wrong)?;
        // Which could be opened, and then not read.
        if file.metadata().await.map_err(wrong)?.is_dir() {
            return Err(wrong(io::ErrorKind::IsADirectory.into()));
        }
        feeds.push(Box::new(file));
    }
    Ok(feeds)
}
