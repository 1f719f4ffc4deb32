//! Contexts behind OpenSSH: its real client and a real server, which each test starts for itself.

mod bastion;
mod cuts;
mod failures;
mod logins;
mod masters;
mod proxy;
pub mod server;
mod shells;
mod user;
mod wire;

use crate::support::{Run, example, finished, zymogen};

/// `zymogen call SPEC calculator add(1, 2)`, with these variables in its environment.
fn call(spec: &str, environment: &[(&str, &str)]) -> Run {
    let mut command = zymogen();
    command.args(["call", spec, &example("calculator"), "add(1, 2)"]);
    // Whatever the user's own agent holds is none of the tests' business.
    command.env_remove("SSH_AUTH_SOCK");
    command.envs(environment.iter().copied());
    finished(&command.output().unwrap())
}

/// The same, which succeeds.
#[track_caller]
fn called(spec: &str, environment: &[(&str, &str)]) -> Run {
    call(spec, environment).status(0).stdout("3\n")
}

/// The same, which does not reach the target: what it says contains all of these.
#[track_caller]
fn unreachable(spec: &str, environment: &[(&str, &str)], says: &[&str]) -> Run {
    call(spec, environment)
        .status(4)
        .stdout("")
        .stderr_has(says)
}
