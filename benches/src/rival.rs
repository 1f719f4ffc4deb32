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

/// Seconds of connecting over ssh, as root with a key under a configuration, and a first call.
pub(crate) fn ssh(port: u16, key: &str, config: &str) -> Option<f64> {
    mitogen(&["ssh", &port.to_string(), key, config])
}

/// Seconds of a call over so many hops.
pub(crate) fn hops(count: usize) -> Option<f64> {
    mitogen(&["hops", &count.to_string()])
}

/// Seconds of a call of each of so many contexts at once.
pub(crate) fn scatter(contexts: usize) -> Option<f64> {
    mitogen(&["scatter", &contexts.to_string()])
}

/// Seconds of a file of so many MiB over so many hops.
pub(crate) fn file(mib: usize, hops: usize) -> Option<f64> {
    mitogen(&["file", &mib.to_string(), &hops.to_string()])
}

/// Bytes of an idle context.
pub(crate) fn idle() -> Option<f64> {
    mitogen(&["idle"])
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
