//! Mitogen, if `benches/run` could install it.

use std::path::Path;
use std::process::Command;

/// Seconds of a call, with its master and its slave each on a CPU.
pub(crate) fn call(here: usize, there: usize) -> Option<f64> {
    mitogen(&["call", &here.to_string(), &there.to_string()])
}

/// Seconds for each of many calls, many in flight.
pub(crate) fn pipelined() -> Option<f64> {
    mitogen(&["pipelined"])
}

/// Seconds of connecting and a first call.
pub(crate) fn connect() -> Option<f64> {
    mitogen(&["connect"])
}

fn mitogen(arguments: &[&str]) -> Option<f64> {
    let me = std::env::current_exe().ok()?;
    let python = me.ancestors().nth(2)?.join("mitogen/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("mitogen_rows.py");
    let output = Command::new(python)
        .arg(script)
        .args(arguments)
        .output()
        .ok()?;
    serde_json::from_slice(&output.stdout).ok()
}
