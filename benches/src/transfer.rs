//! Files: how long a large one takes over one and two hops, and how long a ping takes meanwhile.

use crate::table::Row;
use crate::{median, rival};
use host::master::{Context, Master, Wanted};
use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MIB: usize = 256;
const ROUNDS: usize = 3;

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let master = host::testing::master(&host::testing::home()?)?;
    let directory = tempfile::tempdir()?;
    let (source, target) = (directory.path().join("a"), directory.path().join("b"));
    fill(&source)?;
    let mut floor = f64::INFINITY;
    let mut ours = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        floor = floor.min(cat(&source, &target)?);
        for (index, spec) in ["local", "local,local"].into_iter().enumerate() {
            let context = master.connect(&spec.parse()?).await?;
            ours[index] = ours[index].min(send(&context, &source, &target).await?);
            context.shutdown().await;
        }
    }
    for (index, ours) in ours.into_iter().enumerate() {
        let hops = index + 1;
        let what = format!("file of {MIB} MiB, {hops} hops");
        rows.push(Row::seconds(&what, ours, ("cat | cat", Some(floor)), 1.1));
        let rival = rival::file(MIB, hops);
        rows.push(Row::seconds(&what, ours, ("Mitogen", rival), 0.5));
    }
    ping(rows, &master, &source, &target).await
}

async fn send(context: &Context, source: &Path, target: &Path) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    context
        .files()
        .send(source, target, Wanted::default(), false)
        .await?;
    Ok(start.elapsed().as_secs_f64())
}

/// What a request takes while a file goes over the same link, more than without it.
async fn ping(
    rows: &mut Vec<Row>,
    master: &Master,
    source: &Path,
    target: &Path,
) -> Result<(), Box<dyn Error>> {
    let context = master.connect(&"local".parse()?).await?;
    let alone = median(pings(&context, Duration::from_secs(1)).await?);
    let sending = async {
        for _ in 0..4 {
            send(&context, source, target).await?;
        }
        Ok::<_, Box<dyn Error>>(())
    };
    let beside = async {
        let mut seconds = Vec::new();
        tokio::pin!(sending);
        loop {
            tokio::select! {
                biased;
                sent = &mut sending => break sent?,
                pinged = pings(&context, Duration::ZERO) => seconds.extend(pinged?),
            }
        }
        Ok::<_, Box<dyn Error>>(median(seconds))
    };
    let beside = beside.await?;
    context.shutdown().await;
    rows.push(Row::at_most(
        "a transfer adds to the median ping",
        beside - alone,
        1e-3,
    ));
    Ok(())
}

async fn pings(context: &Context, time: Duration) -> Result<Vec<f64>, Box<dyn Error>> {
    let began = Instant::now();
    let mut seconds = Vec::new();
    loop {
        let start = Instant::now();
        context.inspect().await?;
        seconds.push(start.elapsed().as_secs_f64());
        if began.elapsed() >= time {
            return Ok(seconds);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Bytes that do not compress.
fn fill(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut random = vec![0; 1 << 20];
    std::io::Read::read_exact(&mut File::open("/dev/urandom")?, &mut random)?;
    let mut file = File::create(path)?;
    for _ in 0..MIB {
        file.write_all(&random)?;
    }
    Ok(())
}

/// The same through a pipe between two processes, with what makes a file safe: it is on the disk, then takes its place.
fn cat(source: &Path, target: &Path) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    let mut reader = Command::new("cat")
        .arg(source)
        .stdout(Stdio::piped())
        .spawn()?;
    let out = reader.stdout.take().ok_or("no pipe")?;
    let part = target.with_extension("part");
    let file = File::create(&part)?;
    let written = Command::new("cat")
        .stdin(out)
        .stdout(file.try_clone()?)
        .status()?;
    reader.wait()?;
    file.sync_all()?;
    std::fs::rename(part, target)?;
    if written.success() {
        Ok(start.elapsed().as_secs_f64())
    } else {
        Err("cat failed".into())
    }
}
