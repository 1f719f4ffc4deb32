//! `zymogen:task/command`: programs of the machine, each granted with all that surrounds it.

use super::bindings::zymogen::task::command::{Error, Finished, Host, Request, Status};
use crate::guest::Guest;
use crate::output::{Output, Piece};
use bytes::Bytes;
use proto::Digest;
use proto::policy::{Exec, Input, normal_path};
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use wasmtime::Result;

/// Where programs are looked up, and what they get unless the grant says otherwise.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Bytes that are read from a program at once.
const PIECE: usize = 16 << 10;

impl Host for Guest {
    async fn run(&mut self, request: Request) -> Result<Result<Finished, Error>> {
        let wanted = match wanted(&request) {
            Ok(wanted) => wanted,
            Err(error) => return Ok(Err(error)),
        };
        if !self.policy.may_execute(&wanted) {
            let granted = self.policy.summary();
            return Ok(Err(Error::Denied(format!(
                "to execute {wanted}; granted: {granted}"
            ))));
        }
        let finished = run(&request, &wanted.cwd, &self.output).await;
        // What the guest did not see counts, too: the limit of the call is the limit of all it causes.
        if let Some(over) = self.output.check() {
            return Err(wasmtime::Error::new(over));
        }
        Ok(finished)
    }
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

async fn run(request: &Request, cwd: &str, output: &Arc<Output>) -> Result<Finished, Error> {
    let mut child = spawn(request, cwd)?;
    // Kills all that the program started, when it has ended or when the call is dropped.
    let group = Group(child.id());
    let input = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let feed = async {
            if let Some(mut input) = input {
                // A program that does not read its input is no fault.
                let _ = input.write_all(&request.stdin).await;
            }
        };
        let live = request.live;
        let ((), stdout, stderr, status) = tokio::join!(
            feed,
            collect("stdout", stdout, output, live),
            collect("stderr", stderr, output, live),
            // What it left behind must not hold its output open.
            async {
                let status = child.wait().await;
                group.kill();
                status
            },
        );
        let (stdout, stderr) = (stdout?, stderr?);
        let status = status.map_err(|error| Error::Io(error.to_string()))?;
        Ok(Finished {
            status: ended(status),
            stdout,
            stderr,
        })
    };
    match request.timeout_ms {
        None => work.await,
        Some(ms) => tokio::time::timeout(Duration::from_millis(ms), work)
            .await
            .unwrap_or(Ok(Finished {
                status: Status::TimedOut,
                stdout: Vec::new(),
                stderr: Vec::new(),
            })),
    }
}

fn spawn(request: &Request, cwd: &str) -> Result<Child, Error> {
    let [program, arguments @ ..] = request.argv.as_slice() else {
        return Err(Error::NotFound("an empty argument vector".to_owned()));
    };
    let found = find(program)?;
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
    // SAFETY: between fork and exec only one system call is made, which needs no memory and no lock.
    // The thread that spawns is a worker of the guests' runtime and lives as long as the process.
    unsafe {
        command.pre_exec(|| {
            // If this process is killed, what it started must not stay behind.
            let kill = rustix::process::Signal::KILL;
            rustix::process::set_parent_process_death_signal(Some(kill)).map_err(Into::into)
        });
    }
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::NotFound(format!("`{program}`, or its directory {cwd}")),
        _ => Error::Io(format!("`{program}`: {error}")),
    })
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

async fn collect(
    target: &'static str,
    stream: Option<impl AsyncRead + Unpin>,
    output: &Arc<Output>,
    live: bool,
) -> Result<Vec<u8>, Error> {
    let mut collected = Vec::new();
    let Some(mut stream) = stream else {
        return Ok(collected);
    };
    let mut piece = [0; PIECE];
    loop {
        let count = stream
            .read(&mut piece)
            .await
            .map_err(|error| Error::Io(error.to_string()))?;
        if count == 0 {
            return Ok(collected);
        }
        let read = &piece[..count];
        if output.spend(count).is_err() {
            return Err(Error::TooMuchOutput(output.left()));
        }
        collected.extend_from_slice(read);
        if live {
            output
                .send(Piece::Bytes(target, Bytes::copy_from_slice(read)))
                .await;
        }
    }
}

fn ended(status: ExitStatus) -> Status {
    match (status.code(), status.signal()) {
        (Some(code), _) => Status::Exited(code),
        (None, signal) => Status::Signalled(signal.unwrap_or(0)),
    }
}

/// A process group that dies with this value.
struct Group(Option<u32>);

impl Group {
    fn kill(&self) {
        let pid = self
            .0
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // Nobody may be left in it, which is what we want.
            let _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
