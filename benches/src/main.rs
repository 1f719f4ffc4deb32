//! Measures the budgets of the design on this machine. `benches/run` builds what it needs.
//!
//! Only ratios mean something: each row is measured in turn with its rival, several times, and
//! the best round of each counts, because other load on the machine can only add.

mod affinity;
mod calls;
mod memory;
mod pingpong;
mod rival;
mod sandbox;
mod size;
mod table;

use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The other end of the raw ping-pong is this program, too.
    if std::env::args().nth(1).as_deref() == Some(pingpong::ECHO) {
        return pingpong::echo();
    }
    let json = std::env::args().any(|argument| argument == "--json");
    match measure() {
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

fn measure() -> Result<Vec<table::Row>, Box<dyn Error>> {
    let mut rows = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(calls::measure(&mut rows))?;
    runtime.block_on(sandbox::measure(&mut rows))?;
    size::measure(&mut rows)?;
    runtime.block_on(memory::measure(&mut rows))?;
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
