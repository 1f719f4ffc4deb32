//! What a stream carries gets into a guest's memory and out of it unharmed: for thousands of random values, against the
//! way that arguments and results take.

use super::random::{self, Rng};
use super::wit::{self, Wit};
use async_trait::async_trait;
use bytes::Bytes;
use proto::message::{Call, EngineKind, Export, LogRecord, ModuleRef, Outcome};
use proto::{CallLimits, ContextId, Digest, Handle, Policy};
use runtime::value::{array_of, decode_items, encode};
use runtime::{Artifact, Carries, Executor, Outgoing, Peer, Supply, Upstream};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use wasmtime::Engine;
use wasmtime::component::{Type, Val};

/// A guest with two functions: `in` reads a stream into its memory and returns that as a list, `out` writes a list that it got to
/// a stream.
const GUEST: &str = r#"
(type $list (list ITEM))
(type $stream (stream ITEM))
(core module $memory
    (memory (export "memory") 64)
    (global $next (mut i32) (i32.const 65536))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and
            (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get 2))))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (local.get $at)))
(core instance $memory (instantiate $memory))
(alias core export $memory "memory" (core memory $m))
(alias core export $memory "realloc" (core func $realloc))
(core func $read (canon stream.read $stream async (memory $m) (realloc $realloc)))
(core func $write (canon stream.write $stream async (memory $m) (realloc $realloc)))
(core func $new (canon stream.new $stream))
(core func $drop (canon stream.drop-writable $stream))
(core func $drop-read (canon stream.drop-readable $stream))
(core func $return (canon task.return (result $stream)))
(core func $return-list (canon task.return (result $list) (memory $m)))
(core func $set (canon waitable-set.new))
(core func $join (canon waitable.join))
(core module $guest
    (import "memory" "memory" (memory 64))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "new" (func $new (result i64)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "drop-read" (func $drop-read (param i32)))
    (import "" "return" (func $return (param i32)))
    (import "" "return-list" (func $return-list (param i32 i32)))
    (import "" "set" (func $set (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (global $writer (mut i32) (i32.const 0))
    (global $reader (mut i32) (i32.const 0))
    (global $count (mut i32) (i32.const 0))
    (global $waits (mut i32) (i32.const 0))
    (func (export "in") (param $stream i32) (result i32)
        (global.set $reader (local.get $stream))
        (global.set $waits (call $set))
        (call $join (global.get $reader) (global.get $waits))
        (call $go (i32.const 0)))
    (func $go (param $read i32) (result i32)
        (loop $more
            (global.set $count (i32.add (global.get $count) (i32.shr_u (local.get $read) (i32.const 4))))
            (if (i32.and (local.get $read) (i32.const 15)) (then
                (call $join (global.get $reader) (i32.const 0))
                (call $drop-read (global.get $reader))
                (call $return-list (i32.const 4096) (global.get $count))
                (return (i32.const 0 (; exit ;)))))
            (local.set $read (call $read
                (global.get $reader)
                (i32.add (i32.const 4096) (i32.mul (global.get $count) (i32.const SIZE)))
                (i32.const 64)))
            (br_if $more (i32.ne (local.get $read) (i32.const -1 (; blocked ;)))))
        (i32.or (i32.const 2 (; wait ;)) (i32.shl (global.get $waits) (i32.const 4))))
    (func (export "came") (param i32 i32 i32) (result i32) (call $go (local.get 2)))
    (func (export "out") (param $at i32) (param $count i32) (result i32)
        (local $ends i64) (local $waits i32)
        (local.set $ends (call $new))
        (call $return (i32.wrap_i64 (local.get $ends)))
        (global.set $writer (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (if (i32.ne
                (call $write (global.get $writer) (local.get $at) (local.get $count))
                (i32.const -1 (; blocked ;)))
            (then
                (call $drop (global.get $writer))
                (return (i32.const 0 (; exit ;)))))
        (local.set $waits (call $set))
        (call $join (global.get $writer) (local.get $waits))
        (i32.or (i32.const 2 (; wait ;)) (i32.shl (local.get $waits) (i32.const 4))))
    (func (export "written") (param i32 i32 i32) (result i32)
        (call $join (global.get $writer) (i32.const 0))
        (call $drop (global.get $writer))
        (i32.const 0)))
(core instance $guest (instantiate $guest
    (with "memory" (instance $memory))
    (with "" (instance
        (export "read" (func $read)) (export "write" (func $write)) (export "new" (func $new))
        (export "drop" (func $drop)) (export "drop-read" (func $drop-read))
        (export "return" (func $return)) (export "return-list" (func $return-list))
        (export "set" (func $set)) (export "join" (func $join))))))
(func (export "in") async (param "items" $stream) (result $list)
    (canon lift (core func $guest "in") (memory $m) (realloc $realloc)
        async (callback (func $guest "came"))))
(func (export "out") async (param "items" $list) (result $stream)
    (canon lift (core func $guest "out") (memory $m) (realloc $realloc)
        async (callback (func $guest "written"))))
"#;

/// Has one module.
pub struct Library(pub Artifact);

#[async_trait]
impl Supply for Library {
    async fn module(&self, _: &ModuleRef) -> Result<Artifact, String> {
        Ok(self.0.clone())
    }
}

#[async_trait]
impl Upstream for Library {
    async fn resource(&self, _: &Digest) -> Result<Bytes, String> {
        Err("there are none".to_owned())
    }

    async fn ask(&self, _: &str, _: proto::Body) -> Result<proto::Body, String> {
        Err("nobody answers".to_owned())
    }

    async fn log(&self, _: LogRecord) {}
}

/// Writes these pieces, and reads one stream.
#[derive(Default)]
struct Ends {
    pieces: Vec<Bytes>,
    read: Mutex<Option<Outgoing>>,
}

impl Peer for Ends {
    fn context(&self) -> ContextId {
        ContextId::MASTER
    }

    fn write(&self, carries: Carries, outgoing: Outgoing) -> u64 {
        assert_eq!(carries, Carries::Values);
        *self.read.lock().expect("no panic") = Some(outgoing);
        7
    }

    fn read(&self, _: Carries, number: u64) -> mpsc::Receiver<Result<Bytes, String>> {
        assert_eq!(number, 7);
        let (sender, pieces) = mpsc::channel(self.pieces.len().max(1));
        for piece in &self.pieces {
            sender.try_send(Ok(piece.clone())).expect("room");
        }
        pieces
    }

    fn print(&self, _: Handle) -> mpsc::Sender<Bytes> {
        mpsc::channel(1).0
    }
}

/// How many bytes an item takes in memory: what the canonical ABI says of a type.
fn size(ty: &Type) -> (u32, u32) {
    let record = |parts: &mut dyn Iterator<Item = Type>| {
        let (mut end, mut align) = (0_u32, 1);
        for (size, each) in parts.map(|ty| size(&ty)) {
            end = end.next_multiple_of(each) + size;
            align = align.max(each);
        }
        (end.next_multiple_of(align), align)
    };
    let variant = |cases: &mut dyn Iterator<Item = Option<Type>>| {
        let cases: Vec<_> = cases.collect();
        let tag: u32 = match cases.len() {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        let payloads = cases.iter().flatten().map(size);
        let (largest, align) = payloads.fold((0, 1), |(largest, align), (size, each)| {
            (largest.max(size), align.max(each))
        });
        let end = tag.next_multiple_of(align) + largest;
        let align = align.max(tag);
        (end.next_multiple_of(align), align)
    };
    match ty {
        Type::Bool | Type::U8 | Type::S8 => (1, 1),
        Type::U16 | Type::S16 => (2, 2),
        Type::U32 | Type::S32 | Type::Float32 | Type::Char => (4, 4),
        Type::U64 | Type::S64 | Type::Float64 => (8, 8),
        Type::FixedLengthList(list) => {
            let (size, align) = size(&list.ty());
            (size * list.len(), align)
        }
        Type::Record(parts) => record(&mut parts.fields().map(|field| field.ty)),
        Type::Tuple(parts) => record(&mut parts.types()),
        Type::Variant(cases) => variant(&mut cases.cases().map(|case| case.ty)),
        Type::Enum(names) => variant(&mut names.names().map(|_| None)),
        Type::Option(some) => variant(&mut [None, Some(some.ty())].into_iter()),
        Type::Result(cases) => variant(&mut [cases.ok(), cases.err()].into_iter()),
        Type::Flags(names) => match names.names().len() {
            0..=8 => (1, 1),
            9..=16 => (2, 2),
            _ => (4, 4),
        },
        // A pointer and a length.
        _ => (8, 4),
    }
}

pub fn artifact(kind: EngineKind, component: &str) -> Artifact {
    let component = wat::parse_str(component).unwrap_or_else(|error| panic!("{error}"));
    let config = runtime::config(kind, None).expect("this machine");
    let engine = Engine::new(&config).expect("an engine");
    let bytes = engine
        .precompile_component(&component)
        .expect("a component");
    Artifact {
        engine: kind,
        digest: Digest(*blake3::hash(&bytes).as_bytes()),
        bytes: bytes.into(),
    }
}

async fn outcome(guest: &Artifact, function: &str, arguments: Vec<u8>, ends: Arc<Ends>) -> Outcome {
    let compatibility = runtime::compatibility(&runtime::Target::native());
    let library = Arc::new(Library(guest.clone()));
    let executor = Arc::new(Executor::new(compatibility, None, library).expect("threads"));
    let call = Call {
        module: ModuleRef {
            name: "guest".to_owned(),
            digest: guest.digest,
        },
        export: Export {
            interface: None,
            function: function.to_owned(),
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
    executor.execute(call, arguments.into(), ends).await
}

async fn call(guest: &Artifact, function: &str, arguments: Vec<u8>, ends: &Arc<Ends>) -> Vec<u8> {
    match outcome(guest, function, arguments, ends.clone()).await {
        Outcome::Returned(results) => results.to_vec(),
        other => panic!("{other:?}"),
    }
}

/// One byte of an array's head says how long it is, as long as it has at most 23 items.
fn one(result: &[u8]) -> &[u8] {
    assert_eq!(result[0], 0x81);
    &result[1..]
}

async fn try_type(rng: &mut Rng, wit: &Wit, ty: &Type) {
    let mut wat = wit::Wat::default();
    let item = wat.define(wit);
    let guest = GUEST
        .replace("ITEM", &item)
        .replace("SIZE", &size(ty).0.to_string());
    let guest = artifact(EngineKind::Concurrent, &wat.component(&guest));
    let vals: Vec<Val> = (0..20).map(|_| random::val(rng, ty)).collect();
    let encoded: Vec<Vec<u8>> = vals
        .iter()
        .map(|val| {
            let mut bytes = Vec::new();
            encode(ty, val, &mut bytes).expect("a value of its type");
            bytes
        })
        .collect();
    // Numbers stand closer in a list than in a stream.
    let several = Wit::Angle("list", vec![Some(wit.clone())]);
    let several = &wit::types(&wit::engine(), &[several])[0];
    let mut list = Vec::new();
    encode(several, &Val::List(vals.clone()), &mut list).expect("a value of its type");

    // In: what came as a stream is returned as a list.
    let (some, others) = encoded.split_at(7);
    let ends = Arc::new(Ends {
        pieces: vec![
            array_of(some.len(), &some.concat()).into(),
            array_of(others.len(), &others.concat()).into(),
        ],
        ..Ends::default()
    });
    let result = call(&guest, "in", vec![0x81, 7], &ends).await;
    assert_eq!(one(&result), list, "in: {wit}");

    // Out: what came as a list is written to a stream.
    let ends = Arc::new(Ends::default());
    let arguments = [&[0x81], list.as_slice()].concat();
    let result = call(&guest, "out", arguments, &ends).await;
    assert_eq!(result, [0x81, 7], "out: {wit}");
    let mut outgoing = ends
        .read
        .lock()
        .expect("no panic")
        .take()
        .expect("a stream");
    let mut back = Vec::new();
    while let Some(piece) = outgoing.pieces.recv().await {
        back.extend(
            decode_items(Some(ty), &piece).unwrap_or_else(|error| panic!("{wit}: {error}")),
        );
    }
    assert_eq!(outgoing.end.failure(), None, "out: {wit}");
    assert_eq!(back, vals, "out: {wit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_value_of_any_type_survives_a_stream() {
    let mut rng = Rng::from_seed(7);
    let wits: Vec<Wit> = (0..60).map(|at| some_wit(&mut rng, at % 5)).collect();
    let types = wit::types(&wit::engine(), &wits);
    for (wit, ty) in wits.iter().zip(&types) {
        // Bytes go another way.
        if *ty != Type::U8 {
            try_type(&mut rng, wit, ty).await;
        }
    }
}

/// One part must not make a type huge, and twenty items have to fit into a page or so.
fn some_wit(rng: &mut Rng, depth: usize) -> Wit {
    loop {
        let wit = random::wit(rng, depth);
        if wit.to_string().len() < 400 {
            return wit;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stream_carries_must_be_of_its_type() {
    let guest = GUEST.replace("ITEM", "string").replace("SIZE", "8");
    let guest = artifact(
        EngineKind::Concurrent,
        &wit::Wat::default().component(&guest),
    );
    for (piece, why) in [
        (vec![0x81, 0x01], "the number 1"),
        (vec![0x61, b'a'], "a text of 1 bytes"),
        (vec![0x81, 0x62, b'a'], "the input ends"),
        (vec![0x81, 0x61, b'a', 0x00], "bytes behind"),
        (vec![0x81, 0x61, 0xff], "UTF-8"),
    ] {
        let ends = Arc::new(Ends {
            pieces: vec![piece.into()],
            ..Ends::default()
        });
        let outcome = outcome(&guest, "in", vec![0x81, 7], ends).await;
        let Outcome::Trapped(said) = &outcome else {
            panic!("{outcome:?}");
        };
        assert!(said.contains(why), "{said}");
    }
}
