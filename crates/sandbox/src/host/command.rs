//! `zymogen:task/command`: programs of the machine, each granted with all that surrounds it.

mod group;
mod process;
mod talk;

use super::bindings::zymogen::task::command::{Error, Finished, Host, Request};
use crate::guard::Guard;
use crate::guest::Guest;
use crate::output::Output;
use group::{Group, Watch};
pub(crate) use process::MAX_PROCESSES;
pub use process::Process;
use proto::policy::{Exec, Input, normal_path};
use proto::{Digest, Policy};
use std::io::ErrorKind;
use std::process::Stdio;
use std::sync::Arc;
use talk::talk;
use tokio::process::{Child, Command};
use wasmtime::Result;

/// Where programs are looked up, and what they get unless the grant says otherwise.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Host for Guest {
    async fn run(&mut self, request: Request) -> Result<Result<Finished, Error>> {
        let wanted = match permitted(&self.policy, &request) {
            Ok(wanted) => wanted,
            Err(error) => return Ok(Err(error)),
        };
        let finished = run(&request, &wanted.cwd, &self.output, self.guard.as_ref()).await;
        self.within_output(finished)
    }
}

impl Guest {
    /// What the guest did not see counts, too: the limit of the call is the limit of all it causes.
    fn within_output<T>(&mut self, result: T) -> Result<T> {
        match self.output.check() {
            Some(over) => Err(wasmtime::Error::new(over)),
            None => Ok(result),
        }
    }
}

/// What is asked for, if the policy grants it.
fn permitted(policy: &Policy, request: &Request) -> Result<Exec, Error> {
    let wanted = wanted(request)?;
    if policy.may_execute(&wanted) {
        return Ok(wanted);
    }
    let granted = policy.summary();
    Err(Error::Denied(format!(
        "to execute {wanted}; granted: {granted}"
    )))
}

/// What must be granted: all of the request that decides what happens.
fn wanted(request: &Request) -> Result<Exec, Error> {
    let program = request.argv.first().map_or("", String::as_str);
    if !Exec::is_program(program) {
        let why = "a program is an absolute path, or a name without `/`";
        return Err(Error::Denied(format!("to execute `{program}`: {why}")));
    }
    let directory = request.cwd.as_deref().unwrap_or("/");
    let cwd = normal_path(directory).ok_or_else(|| {
        let why = "a working directory is an absolute path without `..`";
        Error::Denied(format!("to execute `{program}` in `{directory}`: {why}"))
    })?;
    Ok(Exec {
        env: request.env.clone(),
        cwd,
        input: match request.stdin.as_slice() {
            [] => Input::Nothing,
            bytes => Input::This(Digest(*blake3::hash(bytes).as_bytes())),
        },
        ..Exec::new(request.argv.clone())
    })
}

async fn run(
    request: &Request,
    cwd: &str,
    output: &Arc<Output>,
    guard: Option<&Arc<dyn Guard>>,
) -> Result<Finished, Error> {
    // Starting a program waits for the disk from which it comes. A call that began on the thread of the links
    // moves to a worker of the guests' runtime here.
    tokio::task::yield_now().await;
    // Dropping the group kills all that the program started. It goes before its leader does.
    let (mut child, mut group) = spawn(request, cwd, guard)?;
    talk(&mut child, &mut group, request, output).await
}

fn spawn(
    request: &Request,
    cwd: &str,
    guard: Option<&Arc<dyn Guard>>,
) -> Result<(Child, Group), Error> {
    let [program, arguments @ ..] = request.argv.as_slice() else {
        return Err(Error::NotFound("an empty argument vector".to_owned()));
    };
    let found = find(program)?;
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Error::NotFound(format!("`{program}`, or its directory {cwd}")),
        _ => Error::Io(format!("`{program}`: {error}")),
    };
    let mut command = Command::new(found);
    command
        .arg0(program)
        .args(arguments)
        .env_clear()
        .env("PATH", DEFAULT_PATH)
        .envs(request.env.iter().map(|(name, value)| (name, value)))
        .current_dir(cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let watch = guard.map(Watch::new).transpose().map_err(failed)?;
    let begin = watch.as_ref().map(Watch::begin);
    // SAFETY: between fork and exec only system calls are made, which need no memory and no lock.
    // The thread that spawns is a worker of the guests' runtime and lives as long as the process.
    unsafe {
        command.pre_exec(move || {
            // If this process is killed, what it started must not stay behind: this reaches the program
            // itself even where no guard is left, and the guard all that the program starts.
            let kill = rustix::process::Signal::KILL;
            rustix::process::set_parent_process_death_signal(Some(kill))?;
            begin.as_ref().map_or(Ok(()), |begin| begin())
        });
    }
    let child = command.spawn().map_err(failed)?;
    let group = Group::of(&child, watch);
    Ok((child, group))
}

/// The lookup is ours, so that it uses neither the PATH of this process nor one that a guest chose: a
/// name in a grant means a program of the system.
fn find(program: &str) -> Result<String, Error> {
    if program.contains('/') {
        return Ok(program.to_owned());
    }
    DEFAULT_PATH
        .split(':')
        .map(|directory| format!("{directory}/{program}"))
        .find(|candidate| {
            rustix::fs::access(candidate, rustix::fs::Access::EXEC_OK).is_ok()
                && std::path::Path::new(candidate).is_file()
        })
        .ok_or_else(|| Error::NotFound(format!("`{program}` in {DEFAULT_PATH}")))
}

#[cfg(test)]
mod tests;
