//! A fresh sandbox for each call: our executor beside bare wasmtime, in this process.

use crate::table::Row;
use crate::{example, median};
use async_trait::async_trait;
use bytes::Bytes;
use proto::message::{Call, EngineKind, Export, LogRecord, ModuleRef, Outcome};
use proto::{CallLimits, Digest, Policy};
use runtime::{Artifact, Executor, NoPeer, Peer, Supply, Upstream};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime::{InstanceAllocationStrategy, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

const CALLS: usize = 4000;
const ROUNDS: usize = 5;
/// An empty CBOR array: no arguments.
const NOTHING: &[u8] = &[0x80];

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let master = host::testing::master(&host::testing::home()?)?;
    let module = master.repository().find(&example("calculator")?)?;
    let nop = module.function("nop")?.export;
    let (mut ours, mut bare) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        ours = ours.min(with_executor(&module.reference, &module.artifact, &nop).await?);
        bare = bare.min(with_wasmtime(&module.artifact, &nop).await?);
    }
    let what = "instantiate and call in a fresh sandbox";
    rows.push(Row::seconds(what, ours, ("bare wasmtime", Some(bare)), 1.5));
    Ok(())
}

async fn with_executor(
    module: &ModuleRef,
    artifact: &Artifact,
    nop: &Export,
) -> Result<f64, Box<dyn Error>> {
    let upstream = Arc::new(Fixed(artifact.clone()));
    let compatibility = runtime::compatibility(&runtime::Target::native());
    let executor = Arc::new(Executor::new(compatibility, None, upstream)?);
    let nobody: Arc<dyn Peer> = Arc::new(NoPeer);
    let call = Call {
        module: module.clone(),
        export: nop.clone(),
        policy: Policy::default(),
        limits: CallLimits::default(),
        chain: None,
        instance: None,
        ticket: None,
        args: Vec::new(),
        stdin: None,
        stdout: None,
    };
    let mut seconds = Vec::new();
    for _ in 0..CALLS {
        let call = call.clone();
        let start = Instant::now();
        let arguments = Bytes::from_static(NOTHING);
        let outcome = executor.execute(call, arguments, nobody.clone()).await;
        seconds.push(start.elapsed().as_secs_f64());
        if !matches!(outcome, Outcome::Returned(_)) {
            return Err(format!("the no-op ended as {outcome:?}").into());
        }
    }
    Ok(median(seconds))
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// As little as wasmtime allows for the same call under the same configuration.
async fn with_wasmtime(artifact: &Artifact, nop: &Export) -> Result<f64, Box<dyn Error>> {
    let mut config = runtime::config(EngineKind::Plain, None)?;
    config.allocation_strategy(InstanceAllocationStrategy::pooling());
    let engine = wasmtime::Engine::new(&config)?;
    let component = artifact.load(&engine)?;
    let mut linker = Linker::<State>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    let instances = linker.instantiate_pre(&component)?;
    let interface = nop.interface.as_deref().unwrap_or_default();
    let interface = component.get_export_index(None, interface);
    let index = component
        .get_export_index(interface.as_ref(), &nop.function)
        .ok_or("the component has no such export")?;
    let mut seconds = Vec::new();
    for _ in 0..CALLS {
        let start = Instant::now();
        let state = State {
            wasi: WasiCtx::builder().build(),
            table: ResourceTable::new(),
        };
        let mut store = Store::new(&engine, state);
        store.set_epoch_deadline(1000);
        let instance = instances.instantiate_async(&mut store).await?;
        let nop = instance.get_typed_func::<(), ()>(&mut store, &index)?;
        nop.call_async(&mut store, ()).await?;
        drop(store);
        seconds.push(start.elapsed().as_secs_f64());
    }
    Ok(median(seconds))
}

/// An upstream that has one module.
pub(crate) struct Fixed(pub(crate) Artifact);

#[async_trait]
impl Supply for Fixed {
    async fn module(&self, _: &ModuleRef) -> Result<Artifact, String> {
        Ok(self.0.clone())
    }
}

#[async_trait]
impl Upstream for Fixed {
    async fn resource(&self, _: &Digest) -> Result<Bytes, String> {
        Err("there are no files here".to_owned())
    }

    async fn ask(&self, _: &str, _: proto::Body) -> Result<proto::Body, String> {
        Err("nobody answers".to_owned())
    }

    async fn log(&self, _: LogRecord) {}
}
