//! The way of a value into a guest and back: from CBOR to CBOR by reflection, as the executor does it, beside
//! functions that `bindgen!` made for exactly these types. Both call an instance that is there already.

use crate::table::Row;
use bytes::Bytes;
use host::module::compile::Compiler;
use proto::Digest;
use proto::message::ModuleRef;
use runtime::value::{Signature, encode_all};
use runtime::{Artifact, Target};
use std::error::Error;
use std::time::Instant;
use wasmtime::component::{Linker, Type, Val};
use wasmtime::{Engine, Store};

const ROUNDS: usize = 7;
/// One round lasts about so many milliseconds.
const ROUND_MS: u128 = 20;
const BYTES: usize = 64 << 10;
const NUMBERS: u32 = 1000;
const TEXT: &str = "a text of 20 bytes..";

mod bindings {
    wasmtime::component::bindgen!({
        inline: "
            package bench:values;
            world echo {
                variant shape { empty, circle(u32), named(string) }
                record entry { name: string, mode: u32, size: u64, owner: string, link: bool }
                export number: func(it: u32) -> u32;
                export text: func(it: string) -> string;
                export numbers: func(it: list<u32>) -> list<u32>;
                export bytes: func(it: list<u8>) -> list<u8>;
                export echo-shape: func(it: shape) -> shape;
                export echo-entry: func(it: entry) -> entry;
            }
        ",
        exports: { default: async },
    });
}

/// What `bindgen!` makes of a call, in a measured loop.
macro_rules! theirs {
    ($guest:expr, $call:ident, $argument:expr) => {
        timed(async || {
            $guest.typed.$call(&mut $guest.store, $argument).await?;
            Ok(())
        })
        .await?
    };
}

pub(crate) async fn measure(rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let component = wat::parse_str(include_str!("echo.wat"))?;
    let module = ModuleRef {
        name: "echo".to_owned(),
        digest: Digest(*blake3::hash(&component).as_bytes()),
    };
    let artifact = Compiler::new(None).artifact(&module, &component.into(), &Target::native())?;
    compare(&artifact, rows).await
}

async fn compare(artifact: &Artifact, rows: &mut Vec<Row>) -> Result<(), Box<dyn Error>> {
    let mut guest = Guest::new(artifact).await?;
    let mut row = |what: &str, ours, theirs| {
        rows.push(Row::seconds(what, ours, ("bindgen!", Some(theirs)), 4.0));
    };

    let ours = guest.reflected("number", Val::U32(7)).await?;
    row("a u32 in and out", ours, theirs!(guest, call_number, 7));

    let text = TEXT.to_owned();
    let ours = guest.reflected("text", Val::String(text)).await?;
    row(
        "a string of 20 bytes",
        ours,
        theirs!(guest, call_text, TEXT),
    );

    let entry = bindings::Entry {
        name: "motd".to_owned(),
        mode: 0o644,
        size: 1 << 40,
        owner: "root".to_owned(),
        link: false,
    };
    let fields = [
        ("name", Val::String(entry.name.clone())),
        ("mode", Val::U32(entry.mode)),
        ("size", Val::U64(entry.size)),
        ("owner", Val::String(entry.owner.clone())),
        ("link", Val::Bool(entry.link)),
    ];
    let record = Val::Record(fields.map(|(name, val)| (name.to_owned(), val)).into());
    let ours = guest.reflected("echo-entry", record).await?;
    row(
        "a record of 5 fields",
        ours,
        theirs!(guest, call_echo_entry, &entry),
    );

    let shape = bindings::Shape::Named(TEXT.to_owned());
    let variant = Val::Variant(
        "named".to_owned(),
        Some(Box::new(Val::String(TEXT.to_owned()))),
    );
    let ours = guest.reflected("echo-shape", variant).await?;
    row(
        "a variant with a text",
        ours,
        theirs!(guest, call_echo_shape, &shape),
    );

    let numbers: Vec<u32> = (0..NUMBERS).map(|number| number << 20).collect();
    let list = Val::List(numbers.iter().copied().map(Val::U32).collect());
    let ours = guest.reflected("numbers", list).await?;
    row(
        "a list of 1000 u32",
        ours,
        theirs!(guest, call_numbers, &numbers),
    );

    let bytes = vec![7; BYTES];
    let list = Val::List(bytes.iter().copied().map(Val::U8).collect());
    let ours = guest.reflected("bytes", list).await?;
    row(
        "64 KiB as list<u8>",
        ours,
        theirs!(guest, call_bytes, &bytes),
    );
    Ok(())
}

/// One instance that is called in both ways.
struct Guest {
    store: Store<()>,
    instance: wasmtime::component::Instance,
    typed: bindings::Echo,
}

impl Guest {
    async fn new(artifact: &Artifact) -> Result<Self, Box<dyn Error>> {
        let engine = Engine::new(&runtime::config(artifact.engine, None)?)?;
        let component = artifact.load(&engine)?;
        let mut store = Store::new(&engine, ());
        // Nothing interrupts it.
        store.set_epoch_deadline(u64::MAX / 2);
        let linker = Linker::new(&engine);
        let instance = linker.instantiate_async(&mut store, &component).await?;
        let typed = bindings::Echo::new(&mut store, &instance)?;
        Ok(Self {
            store,
            instance,
            typed,
        })
    }

    /// Seconds of one call as the executor makes it.
    async fn reflected(&mut self, name: &str, val: Val) -> Result<f64, Box<dyn Error>> {
        let func = self.instance.get_func(&mut self.store, name);
        let func = func.ok_or("there is no such function")?;
        let ty = func.ty(&self.store);
        let params: Vec<(String, Type)> = ty.params().map(|(n, ty)| (n.to_owned(), ty)).collect();
        let mut arguments = Vec::new();
        encode_all(&params, std::slice::from_ref(&val), &mut arguments)?;
        let signature = Signature::of(&ty).ok_or("a function with handles")?;
        let arguments = Bytes::from(arguments);
        let store = &mut self.store;
        // What comes back is what went in, as bytes, too.
        let mut returned = Vec::new();
        let seconds = timed(async || {
            let answer = signature.call(&func, &mut *store, arguments.clone());
            returned = answer.await?.results;
            Ok(())
        });
        let seconds = seconds.await?;
        if returned != arguments {
            return Err(format!("`{name}` does not return what it is given").into());
        }
        Ok(seconds)
    }
}

/// Seconds that something takes, in the best of several rounds.
async fn timed(
    mut work: impl AsyncFnMut() -> Result<(), Box<dyn Error>>,
) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed().as_millis() < ROUND_MS {
        work().await?;
        count += 1;
    }
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..count {
            work().await?;
        }
        least = least.min(start.elapsed().as_secs_f64() / f64::from(count));
    }
    Ok(least)
}
