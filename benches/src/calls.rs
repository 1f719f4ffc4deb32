//! No-op calls over a real link, and connecting.

use crate::pingpong::{Sizes, round_trips};
use crate::table::{Row, Unit};
use crate::{affinity, example, median, rival};
use host::master::{CallResult, Context, Master};
use host::module::{Function, Module};
use proto::{CallLimits, Policy};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

const CALLS: usize = 4000;
const ROUNDS: usize = 5;
const PIPELINED: usize = 20_000;
const IN_FLIGHT: usize = 200;

/// Bytes of the frames of a no-op call and of its outcome, as `tests` of the protocol count them.
const SIZES: Sizes = Sizes {
    request: 260,
    answer: 40,
};

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let master = host::testing::master(&host::testing::home()?)?;
    let module = master.repository().find(&example("calculator")?)?;
    let function = module.function("nop")?;
    for (name, here, there, of_raw, of_mitogen) in [
        ("no-op call, one CPU", 0, 0, 4.0, 0.1),
        ("no-op call, two CPUs", 0, 1, 2.0, 1.0 / 3.0),
    ] {
        affinity::bind(0, here)?;
        let context = master.connect(&"local".parse()?).await?;
        nops(&context, &module, &function, 500).await?;
        let (mut ours, mut raw) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ROUNDS {
            affinity::bind(0, here)?;
            affinity::bind(context.hello().pid, there)?;
            ours = ours.min(median(nops(&context, &module, &function, CALLS).await?));
            raw = raw.min(median(round_trips(SIZES, CALLS, here, there)?));
        }
        affinity::release()?;
        context.shutdown().await;
        rows.push(row(name, ours, "raw pipe", raw, of_raw));
        if let Some(mitogen) = rival::mitogen(here, there) {
            rows.push(row(name, ours, "Mitogen", mitogen.call, of_mitogen));
        }
    }
    pipelined(&master, &module, &function, rows).await?;
    connect(&master, &module, &function, rows).await
}

async fn pipelined(
    master: &Master,
    module: &Arc<Module>,
    function: &Function,
    rows: &mut Vec<Row>,
) -> Result<(), Box<dyn Error>> {
    let context = Arc::new(master.connect(&"local".parse()?).await?);
    let start = Instant::now();
    let workers: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (context, module, function) = (context.clone(), module.clone(), function.clone());
            tokio::spawn(async move {
                nops(&context, &module, &function, PIPELINED / IN_FLIGHT)
                    .await
                    .map(drop)
                    .map_err(|error| error.to_string())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    let each = start.elapsed().as_secs_f64() / PIPELINED as f64;
    rows.push(Row {
        what: format!("pipelined no-op call, {IN_FLIGHT} in flight"),
        ours: each,
        rival: rival::mitogen(0, 1).map(|m| ("Mitogen, pipelined".to_owned(), m.pipelined)),
        unit: Unit::Seconds,
        budget: 0.1,
    });
    if let Ok(context) = Arc::try_unwrap(context) {
        context.shutdown().await;
    }
    Ok(())
}

async fn connect(
    master: &Master,
    module: &Arc<Module>,
    function: &Function,
    rows: &mut Vec<Row>,
) -> Result<(), Box<dyn Error>> {
    let mut seconds = Vec::new();
    for _ in 0..30 {
        let start = Instant::now();
        let context = master.connect(&"local".parse()?).await?;
        nops(&context, module, function, 1).await?;
        seconds.push(start.elapsed().as_secs_f64());
        context.shutdown().await;
    }
    let ours = median(seconds);
    if let Some(mitogen) = rival::mitogen(0, 1) {
        let what = "connect and first call, warm cache";
        rows.push(row(what, ours, "Mitogen", mitogen.connect, 1.0 / 8.0));
    }
    Ok(())
}

/// Seconds of each of `count` calls in turn.
async fn nops(
    context: &Context,
    module: &Arc<Module>,
    function: &Function,
    count: usize,
) -> Result<Vec<f64>, Box<dyn Error>> {
    let mut seconds = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        let ended = context
            .call(
                module,
                function,
                &[],
                Policy::default(),
                CallLimits::default(),
            )
            .await?;
        seconds.push(start.elapsed().as_secs_f64());
        if ended != CallResult::Returned(None) {
            return Err(format!("the no-op ended as {ended:?}").into());
        }
    }
    Ok(seconds)
}

fn row(what: &str, ours: f64, rival: &str, theirs: f64, budget: f64) -> Row {
    Row {
        what: what.to_owned(),
        ours,
        rival: Some((rival.to_owned(), theirs)),
        unit: Unit::Seconds,
        budget,
    }
}
