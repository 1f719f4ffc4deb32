//! Guests for tests of calls, and the core values that a type is made of: the canonical ABI's rules once more.

use super::wit::{self, Wit, component};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use wasmtime::component::{Func, Linker, Type};
use wasmtime::{Config, Engine, Store};

/// Takes memory from $next on, and never gives it back.
pub const MEMORY: &str = r#"
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and
            (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
            (i32.sub (i32.const 0) (local.get 2))))
        (global.set $next (i32.add (local.get $at) (local.get 3)))
        (local.get $at))
"#;

/// Both kinds of engine: wasmtime calls functions in another way where they may run side by side.
pub fn engines() -> [Engine; 2] {
    let mut config = Config::new();
    config
        .wasm_component_model_map(true)
        .wasm_component_model_fixed_length_lists(true)
        .concurrency_support(false)
        .wasm_component_model_async(false);
    [
        Engine::new(&config).expect("a valid configuration"),
        wit::engine(),
    ]
}

/// The function `name` of a fresh instance.
pub fn instantiate(engine: &Engine, text: &str, name: &str) -> (Store<()>, Func) {
    let component = component(engine, text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let mut store = Store::new(engine, ());
    let instance = wait(Linker::new(engine).instantiate_async(&mut store, &component));
    let instance = instance.expect("no imports");
    let func = instance.get_func(&mut store, name).expect("exported");
    (store, func)
}

/// These guests never wait, so no runtime is needed to wait for them.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return value;
        }
    }
}

/// A guest that shows what it gets: its core values, as numbers of 64 bits, and all memory that was asked of it.
pub fn shows(wits: &[Wit], types: &[Type]) -> String {
    let mut cores: Vec<_> = types.iter().flat_map(flat).collect();
    if cores.len() > 16 {
        cores = vec!["i32"];
    }
    let mut wat = wit::Wat::default();
    let params: Vec<_> = wits
        .iter()
        .enumerate()
        .map(|(at, wit)| format!("(param \"p{at}\" {})", wat.define(wit)))
        .collect();
    let params = params.join(" ");
    let stores: String = cores
        .iter()
        .enumerate()
        .map(|(at, core)| {
            let bits = match *core {
                "i32" => format!("(i64.extend_i32_u (local.get {at}))"),
                "f32" => format!("(i64.extend_i32_u (i32.reinterpret_f32 (local.get {at})))"),
                "f64" => format!("(i64.reinterpret_f64 (local.get {at}))"),
                _ => format!("(local.get {at})"),
            };
            format!("(i64.store (i32.const {}) {bits})\n", 1024 + 8 * at)
        })
        .collect();
    let count = cores.len();
    wat.component(&format!(
        r#"(core module $m {MEMORY}
            (func (export "show") (param {cores}) (result i32)
                {stores}
                (i32.store (i32.const 8) (i32.const 1024))
                (i32.store (i32.const 12) (i32.const {count}))
                (i32.store (i32.const 16) (i32.const 4096))
                (i32.store (i32.const 20) (i32.sub (global.get $next) (i32.const 4096)))
                (i32.const 8)))
        (core instance $i (instantiate $m))
        (func (export "show") {params} (result (tuple (list u64) (list u8)))
            (canon lift (core func $i "show")
                (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))"#,
        cores = cores.join(" ")
    ))
}

/// A guest that returns this core value, whatever it is, for a value of the type. The data lies at 0.
pub fn returns(wit: &Wit, ty: &Type, core: u64, data: &[u8], encoding: &str) -> String {
    let mut wat = wit::Wat::default();
    let result = wat.define(wit);
    let cores = flat(ty);
    let (core_type, value) = match cores.as_slice() {
        ["i64"] => ("i64", format!("(i64.const {})", core.cast_signed())),
        ["f32"] => (
            "f32",
            format!("(f32.reinterpret_i32 (i32.const {}))", core as i32),
        ),
        ["f64"] => (
            "f64",
            format!("(f64.reinterpret_i64 (i64.const {}))", core.cast_signed()),
        ),
        _ => ("i32", format!("(i32.const {})", core as i32)),
    };
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    wat.component(&format!(
        r#"(core module $m {MEMORY}
            (data (i32.const 0) "{data}")
            (func (export "get") (result {core_type}) {value}))
        (core instance $i (instantiate $m))
        (func (export "get") (result {result})
            (canon lift (core func $i "get") {encoding}
                (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))"#
    ))
}

/// The core values of a type.
pub fn flat(ty: &Type) -> Vec<&'static str> {
    let cases = |cases: &mut dyn Iterator<Item = Option<Type>>| {
        let mut all: Vec<&'static str> = Vec::new();
        for case in cases.flatten() {
            for (at, core) in flat(&case).into_iter().enumerate() {
                match all.get_mut(at) {
                    None => all.push(core),
                    Some(known) if *known == core => {}
                    Some(known @ (&mut "i32" | &mut "f32")) if matches!(core, "i32" | "f32") => {
                        *known = "i32";
                    }
                    Some(known) => *known = "i64",
                }
            }
        }
        [vec!["i32"], all].concat()
    };
    match ty {
        Type::S64 | Type::U64 => vec!["i64"],
        Type::Float32 => vec!["f32"],
        Type::Float64 => vec!["f64"],
        Type::String | Type::List(_) | Type::Map(_) => vec!["i32", "i32"],
        Type::FixedLengthList(list) => flat(&list.ty()).repeat(list.len() as usize),
        Type::Record(parts) => parts.fields().flat_map(|field| flat(&field.ty)).collect(),
        Type::Tuple(parts) => parts.types().flat_map(|ty| flat(&ty)).collect(),
        Type::Variant(variant) => cases(&mut variant.cases().map(|case| case.ty)),
        Type::Option(some) => cases(&mut [Some(some.ty())].into_iter()),
        Type::Result(result) => cases(&mut [result.ok(), result.err()].into_iter()),
        // Numbers, enums and flags, of which there are at most 32.
        _ => vec!["i32"],
    }
}
