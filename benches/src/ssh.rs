//! A context over ssh, up to the end of its first call, beside `ssh host true` and Mitogen.

use crate::sshd::Sshd;
use crate::table::Row;
use crate::{example, least, median, rival};
use host::master::Master;
use host::module::Module;
use proto::{CallLimits, Policy};
use std::error::Error;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

const ROUNDS: usize = 3;
const CONNECTS: usize = 10;

/// The most that a connection and its first call may take, in plain ssh's time for nothing.
const WARM: f64 = 1.1;

struct Bench {
    sshd: Sshd,
    master: Master,
    module: Arc<Module>,
}

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let Some(sshd) = Sshd::start()? else {
        eprintln!("ssh is not measured: it takes root and /usr/sbin/sshd");
        return Ok(());
    };
    let master = host::testing::master(&host::testing::home()?)?;
    let module = master.repository().find(&example("calculator")?)?;
    let bench = Bench {
        sshd,
        master,
        module,
    };
    // What is done once is done: the image is packed, the module compiled.
    bench.connect(true).await?;
    let (mut plain, mut warm, mut cold) = (None, None, None);
    let mut mitogen = None;
    for _ in 0..ROUNDS {
        plain = least(plain, Some(bench.many(Bench::plain).await?));
        let connect = async |bench: &Bench| bench.connect(false).await;
        warm = least(warm, Some(bench.many(connect).await?));
        let connect = async |bench: &Bench| bench.connect(true).await;
        cold = least(cold, Some(bench.many(connect).await?));
        let (port, key) = (bench.sshd.port, bench.sshd.file("key"));
        let rival = rival::ssh(port, &key, &bench.sshd.file("config"));
        mitogen = least(mitogen, rival);
    }
    let (warm, cold) = (warm.unwrap_or(f64::NAN), cold.unwrap_or(f64::NAN));
    let plain = ("ssh host true", plain);
    let first = "ssh: connect and first call, warm cache";
    rows.push(Row::seconds(first, warm, plain, WARM));
    rows.push(Row::seconds(first, warm, ("Mitogen", mitogen), 1.0));
    let first = "ssh: connect and first call, cold cache";
    rows.push(Row::seconds(first, cold, ("Mitogen", mitogen), 1.0));
    Ok(())
}

impl Bench {
    /// The median of how long something takes.
    async fn many(
        &self,
        what: impl AsyncFn(&Self) -> Result<f64, Box<dyn Error>>,
    ) -> Result<f64, Box<dyn Error>> {
        let mut seconds = Vec::new();
        for _ in 0..CONNECTS {
            seconds.push(what(self).await?);
        }
        Ok(median(seconds))
    }

    async fn plain(&self) -> Result<f64, Box<dyn Error>> {
        let start = Instant::now();
        let ended = Command::new("ssh")
            .args([
                "-F",
                &self.sshd.file("config"),
                "-i",
                &self.sshd.file("key"),
            ])
            .args(["-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-p"])
            .args([&self.sshd.port.to_string(), "root@127.0.0.1", "true"])
            .stdin(Stdio::null())
            .status()?;
        let took = start.elapsed().as_secs_f64();
        match ended.success() {
            true => Ok(took),
            false => Err("ssh failed".into()),
        }
    }

    async fn connect(&self, cold: bool) -> Result<f64, Box<dyn Error>> {
        if cold {
            // It is not there the first time.
            let _ = std::fs::remove_dir_all(self.sshd.file("cache/zymogen"));
        }
        let (port, config) = (self.sshd.port, self.sshd.file("config"));
        let key = self.sshd.file("key");
        let spec = format!("ssh:root@127.0.0.1:{port}?config={config}&identity={key}").parse()?;
        let nop = self.module.function("nop")?;
        let start = Instant::now();
        let context = self.master.connect(&spec).await?;
        let (policy, limits) = (Policy::default(), CallLimits::default());
        let called = context.call(&self.module, &nop, &[], policy, limits);
        called.await?;
        let took = start.elapsed().as_secs_f64();
        context.shutdown().await;
        Ok(took)
    }
}
