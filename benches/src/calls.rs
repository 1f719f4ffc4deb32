//! No-op calls over a real link, and connecting.

use crate::affinity::{self, Cpus};
use crate::pingpong::{Sizes, round_trips};
use crate::table::Row;
use crate::{example, least, median, rival};
use host::master::{CallResult, Context, Master};
use host::module::{Function, Module};
use proto::message::{Call, Outcome};
use proto::{Body, CallLimits, HEADER_LEN, Policy};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

const CALLS: usize = 4000;
const ROUNDS: usize = 5;
const PIPELINED: usize = 20_000;
const IN_FLIGHT: usize = 200;
const CONNECTS: usize = 30;

/// What is called, and by whom.
struct Bench {
    cpus: Cpus,
    master: Master,
    module: Arc<Module>,
    nop: Function,
}

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let master = host::testing::master(&host::testing::home()?)?;
    let module = master.repository().find(&example("calculator")?)?;
    let nop = module.function("nop")?;
    let bench = Bench {
        cpus: Cpus::find()?,
        master,
        module,
        nop,
    };
    let [first, second] = bench.cpus.two;
    bench
        .in_turn(rows, "no-op call, one CPU", [first, first], [4.0, 0.1])
        .await?;
    bench
        .in_turn(
            rows,
            "no-op call, two CPUs",
            [first, second],
            [2.0, 1.0 / 3.0],
        )
        .await?;
    bench.pipelined(rows).await?;
    bench.connect(rows).await
}

impl Bench {
    async fn start(&self) -> Result<Context, Box<dyn Error>> {
        Ok(self.master.connect(&"local".parse()?).await?)
    }

    /// Bytes of the frames of a no-op call and of its outcome.
    fn sizes(&self) -> Result<Sizes, Box<dyn Error>> {
        let call = Call {
            module: self.module.reference.clone(),
            export: self.nop.export.clone(),
            policy: Policy::default(),
            limits: CallLimits::default(),
            chain: None,
            instance: None,
            ticket: None,
            args: Vec::new(),
            stdin: None,
            stdout: None,
        };
        let nothing = [0x80];
        let outcome = Outcome::Returned(nothing.to_vec().into());
        let size = |body: Body| HEADER_LEN + body.bytes().len();
        Ok(Sizes {
            request: size(Body::with_tail(&call, &nothing)?),
            answer: size(Body::with_tail(&outcome, outcome.tail())?),
        })
    }

    /// One call at a time; the master on the first of two CPUs, the slave on the second.
    async fn in_turn(
        &self,
        rows: &mut Vec<Row>,
        what: &str,
        [here, there]: [usize; 2],
        [of_raw, of_mitogen]: [f64; 2],
    ) -> Result<(), Box<dyn Error>> {
        let sizes = self.sizes()?;
        // The slave sees all CPUs when it decides how many threads it has, as it would elsewhere.
        let context = self.start().await?;
        self.nops(&context, 500).await?;
        let (mut ours, mut raw) = (f64::INFINITY, f64::INFINITY);
        let mut mitogen = None;
        for _ in 0..ROUNDS {
            affinity::bind_this(here)?;
            affinity::bind(context.hello().pid, there)?;
            ours = ours.min(median(self.nops(&context, CALLS).await?));
            raw = raw.min(median(round_trips(sizes, CALLS, here, there)?));
            self.cpus.release()?;
            mitogen = least(mitogen, rival::call(here, there));
        }
        context.shutdown().await;
        rows.push(Row::seconds(what, ours, ("raw pipe", Some(raw)), of_raw));
        rows.push(Row::seconds(what, ours, ("Mitogen", mitogen), of_mitogen));
        Ok(())
    }

    async fn pipelined(&self, rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
        let (mut ours, mut mitogen) = (f64::INFINITY, None);
        for _ in 0..ROUNDS {
            let context = self.start().await?;
            self.nops(&context, 500).await?;
            let start = Instant::now();
            let each = PIPELINED / IN_FLIGHT;
            let workers = (0..IN_FLIGHT).map(|_| self.nops(&context, each));
            futures_util::future::try_join_all(workers).await?;
            ours = ours.min(start.elapsed().as_secs_f64() / PIPELINED as f64);
            context.shutdown().await;
            mitogen = least(mitogen, rival::pipelined());
        }
        let what = format!("pipelined no-op call, {IN_FLIGHT} in flight");
        rows.push(Row::seconds(&what, ours, ("Mitogen", mitogen), 0.1));
        Ok(())
    }

    async fn connect(&self, rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
        let (mut ours, mut mitogen) = (f64::INFINITY, None);
        for _ in 0..ROUNDS {
            let mut seconds = Vec::new();
            for _ in 0..CONNECTS {
                let start = Instant::now();
                let context = self.start().await?;
                self.nops(&context, 1).await?;
                seconds.push(start.elapsed().as_secs_f64());
                context.shutdown().await;
            }
            ours = ours.min(median(seconds));
            mitogen = least(mitogen, rival::connect());
        }
        let what = "connect and first call, warm cache";
        rows.push(Row::seconds(what, ours, ("Mitogen", mitogen), 1.0 / 8.0));
        Ok(())
    }

    /// Seconds of each of `count` calls in turn.
    async fn nops(&self, context: &Context, count: usize) -> Result<Vec<f64>, Box<dyn Error>> {
        let mut seconds = Vec::with_capacity(count);
        for _ in 0..count {
            let (policy, limits) = (Policy::default(), CallLimits::default());
            let start = Instant::now();
            let ended = context
                .call(&self.module, &self.nop, &[], policy, limits)
                .await?;
            seconds.push(start.elapsed().as_secs_f64());
            if ended != CallResult::Returned(None) {
                return Err(format!("the no-op ended as {ended:?}").into());
            }
        }
        Ok(seconds)
    }
}
