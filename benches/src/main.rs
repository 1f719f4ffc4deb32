//! Measures the budgets of the design on this machine. `benches/run` builds what it needs.
//!
//! Only ratios mean something: each row is measured in turn with its rival, several times, and
//! the best round of each counts, because other load on the machine can only add.

mod affinity;
mod calls;
mod hops;
mod items;
mod memory;
mod pingpong;
mod rival;
mod sandbox;
mod size;
mod ssh;
mod sshd;
mod table;
mod transfer;
mod values;

use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The other end of the raw ping-pong is this program, too.
    if std::env::args().nth(1).as_deref() == Some(pingpong::ECHO) {
        return pingpong::echo();
    }
    let (options, wanted): (Vec<_>, Vec<_>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with('-'));
    let json = options.iter().any(|option| option == "--json");
    match measure(&wanted) {
        Ok(rows) => {
            table::print(&rows, json);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The groups of rows of these names; all of them if there are none.
fn measure(wanted: &[String]) -> Result<Vec<table::Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if is_wanted("calls") {
        runtime.block_on(calls::measure(&mut rows))?;
    }
    if is_wanted("hops") {
        runtime.block_on(hops::measure(&mut rows))?;
    }
    if is_wanted("ssh") {
        runtime.block_on(ssh::measure(&mut rows))?;
    }
    if is_wanted("transfer") {
        runtime.block_on(transfer::measure(&mut rows))?;
    }
    if is_wanted("sandbox") {
        runtime.block_on(sandbox::measure(&mut rows))?;
    }
    if is_wanted("values") {
        runtime.block_on(values::measure(&mut rows))?;
        runtime.block_on(items::measure(&mut rows))?;
    }
    if is_wanted("size") {
        size::measure(&mut rows)?;
    }
    if is_wanted("memory") {
        runtime.block_on(memory::measure(&mut rows))?;
    }
    Ok(rows)
}

/// A component of `examples/`, which `benches/run` has built.
fn example(name: &str) -> Result<String, Box<dyn Error>> {
    let me = std::env::current_exe()?;
    let target = me.ancestors().nth(2).ok_or("no target directory")?;
    let path = target.join(format!("wasm32-wasip2/guest/{name}.wasm"));
    Ok(path.to_str().ok_or("the path is no text")?.to_owned())
}

/// The median of how long something took, in seconds.
fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The lesser of the rounds that there were.
fn least(so_far: Option<f64>, round: Option<f64>) -> Option<f64> {
    match (so_far, round) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
