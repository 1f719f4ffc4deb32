//! What a slave takes while nobody calls it.

use crate::example;
use crate::table::Row;
use host::master::Context;
use proto::{CallLimits, Policy};
use std::error::Error;
use std::time::Duration;

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let master = host::testing::master(&host::testing::home()?)?;
    let context = master.connect(&"local".parse()?).await?;
    rows.push(row("slave at rest, before its first call", &context).await?);
    let module = master.repository().find(&example("calculator")?)?;
    let function = module.function("nop")?;
    context
        .call(
            &module,
            &function,
            &[],
            Policy::default(),
            CallLimits::default(),
        )
        .await?;
    rows.push(row("slave at rest, after a call", &context).await?);
    context.shutdown().await;
    Ok(())
}

async fn row(what: &str, context: &Context) -> Result<Row, Box<dyn Error>> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    let status = std::fs::read_to_string(format!("/proc/{}/status", context.hello().pid))?;
    let kib: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .ok_or("no VmRSS")?
        .trim()
        .parse()?;
    Ok(Row::bytes(what, kib * 1024.0, 6.0 * 1024.0 * 1024.0))
}
