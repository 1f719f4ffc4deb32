//! The task `command`: runs a program, unless a file says that this is done already.

mod ended;

use guest_sdk::command::{self, Request};
use guest_sdk::{files, path};

guest_sdk::task! {
    wit: "wit/command.wit",
    world: "zymogen:std-command/command",
    exports: zymogen::std_command,
}

fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
    check(&params)?;
    if let Some(why) = skip(&params)? {
        return Ok(not_run(Outcome::unchanged(why)));
    }
    let line = command::line(&params.argv);
    if !mode.applies() {
        return Ok(not_run(Outcome::changed(format!("would run `{line}`"))));
    }
    let ok_status = params.ok_status.clone().unwrap_or_else(|| vec![0]);
    let timeout_ms = params.timeout_ms;
    let finished = command::run(&request(params))?;
    let status = ended::status(&line, &finished, &ok_status, timeout_ms)?;
    Ok(Report {
        outcome: Outcome::changed(format!("ran `{line}`")),
        status: Some(status),
        stdout: text(finished.stdout),
        stderr: text(finished.stderr),
    })
}

/// What is wrong with the parameters themselves.
fn check(params: &Params) -> Result<(), Failure> {
    let program = params.argv.first().map_or("", String::as_str);
    if program.is_empty() {
        return Err(Failure::invalid("`argv` names no program"));
    }
    if program.contains('/') && !program.starts_with('/') {
        return Err(Failure::invalid(format!(
            "`{program}` is neither a name nor an absolute path"
        ))
        .hint("begin it with `/`, or leave the directory out"));
    }
    if params.ok_status.as_ref().is_some_and(Vec::is_empty) {
        return Err(Failure::invalid(
            "`ok-status` is empty: no end would be a success",
        ));
    }
    for (name, _) in params.env.iter().flatten() {
        if name.is_empty() || name.contains('=') {
            return Err(Failure::invalid(format!(
                "`{name}` is no name of an environment variable"
            )));
        }
    }
    [&params.creates, &params.removes, &params.chdir]
        .into_iter()
        .flatten()
        .try_for_each(|path| path::check(path))
}

/// Why the program need not run, if so.
fn skip(params: &Params) -> Result<Option<String>, Failure> {
    if let Some(path) = &params.creates
        && files::stat(path)?.is_some()
    {
        return Ok(Some(format!("skipped: {path} exists")));
    }
    if let Some(path) = &params.removes
        && files::stat(path)?.is_none()
    {
        return Ok(Some(format!("skipped: {path} does not exist")));
    }
    Ok(None)
}

fn request(params: Params) -> Request {
    Request {
        stdin: params.stdin.unwrap_or_default().into_bytes(),
        env: params.env.unwrap_or_default(),
        cwd: params.chdir,
        timeout_ms: params.timeout_ms,
        live: true,
        ..Request::new(params.argv)
    }
}

fn not_run(outcome: Outcome) -> Report {
    Report {
        outcome,
        status: None,
        stdout: String::new(),
        stderr: String::new(),
    }
}

/// The output as text, without a copy where it is UTF-8, as it almost always is.
fn text(output: Vec<u8>) -> String {
    String::from_utf8(output)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests;
