//! Mitogen, if `benches/run` could install it.

use std::path::Path;
use std::process::Command;

/// Its figures, in seconds.
pub(crate) struct Mitogen {
    pub(crate) call: f64,
    pub(crate) pipelined: f64,
    pub(crate) connect: f64,
}

/// Runs it with its master and its slave on these CPUs.
pub(crate) fn mitogen(here: usize, there: usize) -> Option<Mitogen> {
    let me = std::env::current_exe().ok()?;
    let python = me.ancestors().nth(2)?.join("mitogen/bin/python");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("mitogen_rows.py");
    let output = Command::new(python)
        .arg(script)
        .args([here.to_string(), there.to_string()])
        .output()
        .ok()?;
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).ok()?;
    let figure = |name: &str| figures[name].as_f64();
    Some(Mitogen {
        call: figure("call")?,
        pipelined: figure("pipelined")?,
        connect: figure("connect")?,
    })
}
