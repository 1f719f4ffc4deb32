//! The command line: `zymogen COMMAND ...`. One file for each command; its doc comment is its help.
//!
//! Nothing here starts a thread, an event loop or an engine before the arguments are understood, so that
//! `--version` and `--help` answer at once.

mod build;
mod bundle;
mod call;
mod connect;
mod deploy;
mod doc;
mod limits;
mod lock;
mod locked;
mod new;
mod pattern;
mod ping;
mod push;
mod start;
mod test;
mod tree;
mod with;

#[cfg(test)]
mod tests;

use crate::error::{Error, Exit};
use crate::output::Screen;
use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

/// Ships WebAssembly components to machines, calls functions in them, and
/// leaves nothing behind.
///
/// Without a plan and without a file deploy.toml, `zymogen deploy` shows what
/// it can do on this machine:
///
///     zymogen deploy
///
/// CONTEXT is where something happens: hops joined with commas, each made by
/// the one before it, as in `ssh:bastion,ssh:web1,sudo`:
///
///     local                       this machine
///     ssh:[USER@]HOST[:PORT]      by the OpenSSH client and its configuration
///     sudo[:USER]  su[:USER]  doas[:USER]
///     docker:[USER@]CONTAINER  podman:[USER@]CONTAINER  lxc:CONTAINER
///     incus:INSTANCE  lxd:INSTANCE  kubectl:POD  nsenter:PID  chroot:DIR
///
/// Options follow a `?`: `ssh:web1?identity=KEY`, `sudo?password=ask`;
/// docs/CONNECTING.md describes all of them.
/// MODULE is the name of a standard module (`zymogen doc` lists them), the
/// path of a .wasm file, or oci:HOST/REPOSITORY[:TAG][@DIGEST] in a registry.
#[derive(Parser, Debug)]
#[command(
    name = "zymogen",
    version,
    verbatim_doc_comment,
    disable_help_subcommand = true,
    max_term_width = 80,
    after_long_help = STATUSES
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const STATUSES: &str = "\
Exit status:
  0    done
  1    an error in the plan, an argument, a module; no host was touched
  2    with --detailed-exitcode only: changes are pending
  3    a task or a call failed
  4    a host was unreachable
  5    something was denied by the policy
  64   the command line itself is wrong
  130  interrupted
  141  nobody read the output to its end
If several hosts end differently, the largest of 3, 4 and 5 holds.";

#[derive(clap::Subcommand, Debug)]
enum Command {
    Deploy(deploy::DeployArgs),
    Call(call::CallArgs),
    Doc(doc::DocArgs),
    New(new::NewArgs),
    Build(build::BuildArgs),
    Test(test::TestArgs),
    Push(push::PushArgs),
    Lock(lock::LockArgs),
    Ping(ping::PingArgs),
    Tree(tree::TreeArgs),
    Bundle(bundle::BundleArgs),
}

/// Runs the program with the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Runs the program. The first argument is its name.
pub fn run(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let screen = Arc::new(Screen::new());
    let ended = match arguments.command {
        Command::Deploy(arguments) => deploy::run(&arguments, &screen),
        Command::Call(arguments) => call::run(arguments, &screen),
        Command::Doc(arguments) => doc::run(&arguments, &screen),
        Command::New(arguments) => new::run(&arguments, &screen),
        Command::Build(arguments) => build::run(&arguments, &screen),
        Command::Test(arguments) => test::run(&arguments, &screen),
        Command::Push(arguments) => push::run(&arguments, &screen),
        Command::Lock(arguments) => lock::run(&arguments, &screen),
        Command::Ping(arguments) => ping::run(&arguments, &screen),
        Command::Tree(arguments) => tree::run(&arguments, &screen),
        Command::Bundle(arguments) => bundle::run(&arguments, &screen),
    };
    screen.clear();
    match ended {
        Ok(exit) => exit.into(),
        Err(error) => {
            screen.note(&error.render());
            error.exit().into()
        }
    }
}

/// Shows help, the version or what is wrong with the arguments.
fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    let exit = match (error.use_stderr(), printed) {
        (true, _) => Exit::Usage,
        (false, Ok(())) => Exit::Done,
        (false, Err(error)) => Error::from(error).exit(),
    };
    exit.into()
}
