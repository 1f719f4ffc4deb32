//! The way of what a stream carries into a guest and out again: a call as the executor makes it, beside Rust types that were made
//! for exactly these items. Both begin with a fresh instance, which many items make up for.

use crate::sandbox::Fixed;
use crate::table::Row;
use bytes::Bytes;
use host::module::compile::Compiler;
use proto::message::{Call, EngineKind, Export, ModuleRef, Outcome};
use proto::{CallLimits, ContextId, Digest, Handle, Policy};
use runtime::value::array_of;
use runtime::{Artifact, Carries, Executor, Outgoing, Peer, Target};
use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{
    ComponentType, Lift, Linker, Lower, Source, StreamConsumer, StreamReader, StreamResult,
};
use wasmtime::{AsContextMut, Engine, Store, StoreContextMut};

const ITEMS: usize = 50_000;
const ROUNDS: usize = 5;
/// Items of one piece between machines.
const PIECE: usize = 256;

#[derive(Clone, ComponentType, Lift, Lower)]
#[component(record)]
struct Entry {
    name: String,
    mode: u32,
    size: u64,
    owner: String,
    link: bool,
}

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    // 7 << 20 as CBOR.
    let row = compare("u32", "4", 7_u32 << 20, &[0x1a, 0, 0x70, 0, 0]).await?;
    rows.push(row);
    let entry = Entry {
        name: "motd".to_owned(),
        mode: 0o644,
        size: 1 << 40,
        owner: "root".to_owned(),
        link: false,
    };
    let parts: [&[u8]; 6] = [
        &[0x85],
        b"\x64motd",
        &[0x19, 0x01, 0xa4],
        &[0x1b, 0, 0, 1, 0, 0, 0, 0, 0],
        b"\x64root",
        &[0xf4],
    ];
    rows.push(compare("$entry", "40", entry, &parts.concat()).await?);
    Ok(())
}

async fn compare<T>(ty: &str, size: &str, item: T, cbor: &[u8]) -> Result<Row, Box<dyn Error>>
where
    T: Clone + ComponentType + Lift + Lower + Unpin + 'static,
{
    let text = include_str!("items.wat");
    let text = text.replace("ITEM", ty).replace("SIZE", size);
    let component = wat::parse_str(text)?;
    let module = ModuleRef {
        name: "items".to_owned(),
        digest: Digest(*blake3::hash(&component).as_bytes()),
    };
    let artifact = Compiler::new(None).artifact(&module, &component.into(), &Target::native())?;
    let (mut ours, mut theirs) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        ours = ours.min(with_executor(&module, &artifact, cbor).await?);
        theirs = theirs.min(with_types(&artifact, &item).await?);
    }
    let what = match ty {
        "u32" => "an item of a stream<u32>, in and out",
        _ => "an item of a stream of such records",
    };
    let each = |seconds: f64| seconds / ITEMS as f64;
    let theirs = ("types made for it", Some(each(theirs)));
    Ok(Row::seconds(what, each(ours), theirs, 4.0))
}

/// Writes pieces, and takes what comes back.
struct Ends {
    piece: Bytes,
    back: Mutex<Option<oneshot::Sender<Outgoing>>>,
}

impl Peer for Ends {
    fn context(&self) -> ContextId {
        ContextId::MASTER
    }

    fn write(&self, _: Carries, outgoing: Outgoing) -> u64 {
        let back = self.back.lock().ok().and_then(|mut back| back.take());
        if let Some(back) = back {
            let _ = back.send(outgoing);
        }
        2
    }

    fn read(&self, _: Carries, _: u64) -> mpsc::Receiver<Result<Bytes, String>> {
        let (sender, pieces) = mpsc::channel(2);
        let piece = self.piece.clone();
        tokio::spawn(async move {
            for _ in 0..ITEMS / PIECE {
                let _ = sender.send(Ok(piece.clone())).await;
            }
        });
        pieces
    }

    fn print(&self, _: Handle) -> mpsc::Sender<Bytes> {
        mpsc::channel(1).0
    }
}

async fn with_executor(
    module: &ModuleRef,
    artifact: &Artifact,
    item: &[u8],
) -> Result<f64, Box<dyn Error>> {
    let upstream = Arc::new(Fixed(artifact.clone()));
    let compatibility = runtime::compatibility(&Target::native());
    let executor = Arc::new(Executor::new(compatibility, None, upstream)?);
    executor.load(module).await?;
    let (sender, back) = oneshot::channel();
    let peer = Arc::new(Ends {
        piece: array_of(PIECE, &item.repeat(PIECE)).into(),
        back: Mutex::new(Some(sender)),
    });
    let call = Call {
        module: module.clone(),
        export: Export {
            interface: None,
            function: "through".to_owned(),
        },
        policy: Policy::default(),
        limits: CallLimits::default(),
        chain: None,
        instance: None,
        ticket: None,
        args: Vec::new(),
        stdin: None,
        stdout: None,
    };
    let start = Instant::now();
    let outcome = executor
        .execute(call, Bytes::from_static(&[0x81, 1]), peer)
        .await;
    if !matches!(outcome, Outcome::Returned(_)) {
        return Err(format!("the stream ended as {outcome:?}").into());
    }
    let mut back = back.await?;
    let mut bytes = 0;
    while let Some(piece) = back.pieces.recv().await {
        bytes += piece.len();
    }
    let seconds = start.elapsed().as_secs_f64();
    if let Some(why) = back.end.failure() {
        return Err(why.into());
    }
    // Each piece has a head besides.
    if bytes < ITEMS / PIECE * PIECE * item.len() {
        return Err(format!("{bytes} bytes came back").into());
    }
    Ok(seconds)
}

/// Counts what a guest writes.
struct Counting<T> {
    count: usize,
    items: Vec<T>,
    done: Option<oneshot::Sender<usize>>,
}

impl<T: Lift + Unpin + 'static> StreamConsumer<()> for Counting<T> {
    type Item = T;

    fn poll_consume(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut store: StoreContextMut<()>,
        mut source: Source<'_, T>,
        _: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        let count = source.remaining(store.as_context_mut());
        self.items.clear();
        self.items.reserve(count);
        source.read(store, &mut self.items)?;
        self.count += self.items.len();
        Poll::Ready(Ok(StreamResult::Completed))
    }
}

impl<T> Drop for Counting<T> {
    fn drop(&mut self) {
        if let Some(done) = self.done.take() {
            let _ = done.send(self.count);
        }
    }
}

async fn with_types<T>(artifact: &Artifact, item: &T) -> Result<f64, Box<dyn Error>>
where
    T: Clone + ComponentType + Lift + Lower + Unpin + 'static,
{
    let engine = Engine::new(&runtime::config(EngineKind::Concurrent, None)?)?;
    let component = artifact.load(&engine)?;
    let linker = Linker::new(&engine);
    let items = vec![item.clone(); ITEMS / PIECE * PIECE];
    let wanted = items.len();
    let start = Instant::now();
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = linker.instantiate_async(&mut store, &component).await?;
    let through =
        instance.get_typed_func::<(StreamReader<T>,), (StreamReader<T>,)>(&mut store, "through")?;
    let reader = StreamReader::new(&mut store, items)?;
    let (done, counted) = oneshot::channel();
    let count = store
        .run_concurrent(async |accessor| {
            let (back,): (StreamReader<T>,) = through.call_concurrent(accessor, (reader,)).await?;
            let counting = Counting {
                count: 0,
                items: Vec::new(),
                done: Some(done),
            };
            accessor.with(|store| back.pipe(store, counting))?;
            let count: usize = counted.await?;
            Ok::<_, wasmtime::Error>(count)
        })
        .await??;
    let seconds = start.elapsed().as_secs_f64();
    if count != wanted {
        return Err(format!("{count} of {wanted} items came back").into());
    }
    Ok(seconds)
}
