//! Trees: calls over several hops, over many contexts at once, and what idle contexts take.

use crate::pingpong::{Sizes, round_trips};
use crate::table::Row;
use crate::{example, least, median, rival};
use host::master::{Context, Master};
use host::module::{Function, Module};
use proto::{CallLimits, Policy};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use tokio::task::JoinSet;

const CALLS: usize = 2000;
const ROUNDS: usize = 3;
const HOPS: usize = 3;
/// Contexts that are called at once.
const SCATTERED: usize = 30;
const SCATTERS: usize = 100;
/// Contexts that do nothing.
const IDLE: usize = 200;

struct Bench {
    master: Master,
    module: Arc<Module>,
    nop: Function,
}

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let master = host::testing::master(&host::testing::home()?)?;
    let module = master.repository().find(&example("calculator")?)?;
    let nop = module.function("nop")?;
    let bench = Bench {
        master,
        module,
        nop,
    };
    bench.hops(rows).await?;
    bench.scatter(rows).await?;
    bench.idle(rows).await
}

impl Bench {
    /// One call at a time, at the end of one, two and three hops.
    async fn hops(&self, rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
        let mut ours = [f64::INFINITY; HOPS];
        let mut theirs = [None; HOPS];
        let mut raw = f64::INFINITY;
        for _ in 0..ROUNDS {
            for hops in 1..=HOPS {
                let spec = vec!["local"; hops].join(",").parse()?;
                let context = self.master.connect(&spec).await?;
                self.nops(&context, 300).await?;
                let took = median(self.nops(&context, CALLS).await?);
                context.shutdown().await;
                ours[hops - 1] = ours[hops - 1].min(took);
                let rival = rival::hops(hops);
                theirs[hops - 1] = least(theirs[hops - 1], rival);
            }
            let sizes = Sizes {
                request: 200,
                answer: 50,
            };
            raw = raw.min(median(round_trips(sizes, CALLS, 0, 1)?));
        }
        for hops in 1..=HOPS {
            let what = format!("no-op call, {hops} hops, not bound to CPUs");
            let rival = ("Mitogen", theirs[hops - 1]);
            rows.push(Row::seconds(&what, ours[hops - 1], rival, 1.0 / 3.0));
        }
        let further = (ours[HOPS - 1] - ours[0]) / (HOPS - 1) as f64;
        rows.push(Row::seconds(
            "each further hop",
            further,
            ("raw pipe", Some(raw)),
            1.0,
        ));
        Ok(())
    }

    /// A call of each of many contexts at once, until the last one has answered.
    async fn scatter(&self, rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
        let contexts = self.start(SCATTERED).await?;
        let mut ours = Vec::new();
        for round in 0..SCATTERS + 10 {
            let start = Instant::now();
            let calls = contexts.iter().map(|context| self.nops(context, 1));
            futures_util::future::try_join_all(calls).await?;
            if round >= 10 {
                ours.push(start.elapsed().as_secs_f64());
            }
        }
        end(contexts).await;
        let what = format!("scatter to {SCATTERED} contexts and gather");
        let rival = ("Mitogen", rival::scatter(SCATTERED));
        rows.push(Row::seconds(&what, median(ours), rival, 1.0 / 3.0));
        Ok(())
    }

    async fn idle(&self, rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
        let contexts = self.start(IDLE).await?;
        let mut bytes = 0;
        for context in &contexts {
            bytes += pss(context.hello().pid)?;
        }
        end(contexts).await;
        let what = format!("memory of an idle context, one of {IDLE}");
        let each = bytes as f64 / IDLE as f64;
        // What they share with each other counts once.
        let rival = ("Mitogen", rival::idle());
        rows.push(Row::bytes_beside(&what, each, rival, 0.5));
        Ok(())
    }

    async fn start(&self, count: usize) -> Result<Vec<Context>, Box<dyn Error>> {
        let spec = "local".parse()?;
        let mut contexts = Vec::new();
        while contexts.len() < count {
            let some = (0..10.min(count - contexts.len())).map(|_| self.master.connect(&spec));
            contexts.extend(futures_util::future::try_join_all(some).await?);
        }
        Ok(contexts)
    }

    async fn nops(&self, context: &Context, count: usize) -> Result<Vec<f64>, Box<dyn Error>> {
        let mut seconds = Vec::with_capacity(count);
        for _ in 0..count {
            let (policy, limits) = (Policy::default(), CallLimits::default());
            let start = Instant::now();
            context
                .call(&self.module, &self.nop, &[], policy, limits)
                .await?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        Ok(seconds)
    }
}

async fn end(contexts: Vec<Context>) {
    let mut ending = JoinSet::new();
    for context in contexts {
        ending.spawn(context.shutdown());
    }
    ending.join_all().await;
}

/// Memory of a process, in bytes; what it shares with others is divided among them.
fn pss(pid: u32) -> Result<u64, Box<dyn Error>> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let kib: u64 = rollup
        .lines()
        .find_map(|line| line.strip_prefix("Pss:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .ok_or("no Pss")?
        .trim()
        .parse()?;
    Ok(kib * 1024)
}
