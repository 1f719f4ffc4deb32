//! Sends a file to a context, over any number of hops, and shows what that took.
//!
//!     cargo run -p host --example send -- local,local ./big.iso /tmp/big.iso

use host::build::{Images, Silent, Sources, StdModules};
use host::master::{Master, Options, TracingLog, Wanted};
use host::module::Repository;
use host::module::compile::Compiler;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [context, source, target] = &arguments[..] else {
        return Err("usage: send CONTEXT SOURCE TARGET".into());
    };
    let progress = Arc::new(Silent);
    let modules = StdModules::new(Sources::from_env()?, progress.clone());
    let repository = Arc::new(Repository::new(modules, Compiler::new(None)));
    let images = Arc::new(Images::new(Sources::from_env()?, progress));
    let master = Master::new(repository, images, Arc::new(TracingLog), Options::default());

    let context = master.connect(&context.parse()?).await?;
    let files = context.files();
    let start = Instant::now();
    let sent = files
        .send(
            Path::new(source),
            Path::new(target),
            Wanted::default(),
            true,
        )
        .await?;
    let seconds = start.elapsed().as_secs_f64();
    let mib = sent.size as f64 / f64::from(1 << 20);
    println!("{mib:.0} MiB in {seconds:.2} s, {:.0} MiB/s", mib / seconds);
    for one in master.survey().await {
        let resident = one.state.map(|state| state.resident);
        println!("{}: {resident:?} bytes resident", one.name);
    }
    context.shutdown().await;
    Ok(())
}
