//! Typed calls give, byte for byte, what the general path gives.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use runtime::value::typed::{ParamsShape, ResultShape};
use runtime::value::{
    BytesShape, CallResult, TypedError, call_typed, decode_all, encode_all, finish, shape,
};
use wasmtime::component::{Func, Instance, Linker, Type, Val};
use wasmtime::{Config, Engine, Store};

use super::wit::{component, ty};

const PARAMS: [(ParamsShape, &str, &str); 4] = [
    (ParamsShape::None, "", ""),
    (
        ParamsShape::Bytes,
        r#"(param "a" (list u8))"#,
        "(param i32 i32)",
    ),
    (
        ParamsShape::Text,
        r#"(param "a" string)"#,
        "(param i32 i32)",
    ),
    (
        ParamsShape::TextBytes,
        r#"(param "a" string) (param "b" (list u8))"#,
        "(param i32 i32 i32 i32)",
    ),
];

/// Each result from the pair (pointer, length) that the core function has on its stack.
const RESULTS: [(ResultShape, &str, &str); 3] = [
    (ResultShape::None, "", "drop drop"),
    (ResultShape::Bytes, "(result (list u8))", "(call $bytes)"),
    (
        ResultShape::BytesOrText,
        "(result (result (list u8) (error string)))",
        "(call $either)",
    ),
];

/// A guest with a function for each shape, which returns its last argument: as an error if its length is odd.
fn guest() -> String {
    let (mut core, mut lifted) = (String::new(), String::new());
    for (p, (_, params, core_params)) in PARAMS.iter().enumerate() {
        for (r, (_, result, tail)) in RESULTS.iter().enumerate() {
            let last = match p {
                0 => "(i32.const 0) (i32.const 2)",
                3 => "(local.get 2) (local.get 3)",
                _ => "(local.get 0) (local.get 1)",
            };
            let core_result = if r == 0 { "" } else { "(result i32)" };
            core.push_str(&format!(
                "(func (export \"f{p}{r}\") {core_params} {core_result} {last} {tail})\n"
            ));
            lifted.push_str(&format!(
                "(func (export \"f{p}{r}\") {params} {result} (canon lift (core func $i \"f{p}{r}\")
                    (memory (core memory $i \"memory\")) (realloc (core func $i \"realloc\"))))\n"
            ));
        }
    }
    format!(
        r#"(component
        (core module $m
            (memory (export "memory") 64)
            (data (i32.const 0) "hi")
            (global $next (mut i32) (i32.const 64))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func $bytes (param i32 i32) (result i32)
                (i32.store (i32.const 16) (local.get 0))
                (i32.store (i32.const 20) (local.get 1))
                (i32.const 16))
            (func $either (param i32 i32) (result i32)
                (i32.store8 (i32.const 16) (i32.and (local.get 1) (i32.const 1)))
                (i32.store (i32.const 20) (local.get 0))
                (i32.store (i32.const 24) (local.get 1))
                (i32.const 16))
            {core})
        (core instance $i (instantiate $m))
        {lifted})"#
    )
}

fn instantiate(concurrency: bool) -> (Store<()>, Instance) {
    let mut config = Config::new();
    config.concurrency_support(concurrency);
    let engine = Engine::new(&config).expect("a valid configuration");
    let text = guest();
    let component = component(&engine, &text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let mut store = Store::new(&engine, ());
    let instance = wait(Linker::new(&engine).instantiate_async(&mut store, &component));
    (store, instance.expect("no imports"))
}

/// These guests never wait, so no runtime is needed to wait for them.
fn wait<T>(future: impl Future<Output = T>) -> T {
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

fn args_for(params: ParamsShape, text: &str) -> Vec<Val> {
    let bytes = Val::List(text.bytes().map(Val::U8).collect());
    match params {
        ParamsShape::None => vec![],
        ParamsShape::Bytes => vec![bytes],
        ParamsShape::Text => vec![Val::String(text.into())],
        ParamsShape::TextBytes => vec![Val::String("name".into()), bytes],
    }
}

#[test]
fn typed_calls_give_the_same_bytes() {
    for concurrency in [false, true] {
        let (mut store, instance) = instantiate(concurrency);
        for (p, (params, ..)) in PARAMS.iter().enumerate() {
            for (r, (result, ..)) in RESULTS.iter().enumerate() {
                let func = instance
                    .get_func(&mut store, format!("f{p}{r}"))
                    .expect("exported");
                for text in ["", "four", "odd", &"long ".repeat(60)] {
                    let vals = args_for(*params, text);
                    let (expected, failed) = general(&mut store, &func, &vals);
                    let (args, slots, found) = reflect(&store, &func, &vals);
                    let shape = BytesShape {
                        params: *params,
                        result: *result,
                    };
                    assert_eq!(found, Some(shape));
                    let mut out = vec![0xaa];
                    let ended = wait(call_typed(&func, &mut store, shape, &args, &mut out))
                        .unwrap_or_else(|error| panic!("{shape:?}: {error}"));
                    assert_eq!(out[1..], expected, "{shape:?}");
                    assert_eq!(ended == CallResult::Failed, failed, "{shape:?} {text}");
                    let mut rest = &out[1..];
                    decode_all(&slots, &mut rest).expect("results");
                    assert_eq!(finish(rest), Ok(()));
                }
            }
        }
    }
}

type Slots = Vec<(&'static str, Type)>;

/// The encoded arguments, the slots of the results, and the shape.
fn reflect(store: &Store<()>, func: &Func, vals: &[Val]) -> (Vec<u8>, Slots, Option<BytesShape>) {
    let ty = func.ty(store);
    let params: Vec<_> = ty
        .params()
        .map(|(name, ty)| (name.to_owned(), ty))
        .collect();
    let results: Slots = ty.results().map(|ty| ("result", ty)).collect();
    let types: Vec<_> = params.iter().map(|(_, ty)| ty.clone()).collect();
    let found = shape(&types, results.first().map(|(_, ty)| ty));
    let mut args = Vec::new();
    encode_all(&params, vals, &mut args).expect("arguments of these types");
    (args, results, found)
}

fn general(store: &mut Store<()>, func: &Func, vals: &[Val]) -> (Vec<u8>, bool) {
    let (_, slots, _) = reflect(store, func, vals);
    let mut results = vec![Val::Bool(false); slots.len()];
    wait(func.call_async(&mut *store, vals, &mut results)).expect("it does not trap");
    let mut out = Vec::new();
    encode_all(&slots, &results, &mut out).expect("results of their types");
    (out, matches!(results.as_slice(), [Val::Result(Err(_))]))
}

#[test]
fn bad_arguments_do_not_reach_the_guest() {
    let (mut store, instance) = instantiate(false);
    let func = instance.get_func(&mut store, "f31").expect("exported");
    let shape = BytesShape {
        params: ParamsShape::TextBytes,
        result: ResultShape::Bytes,
    };
    for (args, error) in [
        (
            &[0x82, 0x61, b'a', 0x61, b'b'][..],
            "arguments: argument 2: expected list<u8>, found a text of 1 bytes",
        ),
        (
            &[0x82, 0x41, b'a', 0x40],
            "arguments: argument 1: expected string, found 1 bytes",
        ),
        (
            &[0x82, 0x61, 0xff, 0x40],
            "arguments: argument 1: text is not UTF-8",
        ),
        (
            &[0x81, 0x61, b'a'],
            "arguments: value: expected 2 values, found an array of 1 items",
        ),
        (
            &[
                0x82, 0x61, b'a', 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ],
            "arguments: argument 2: the input ends inside the value",
        ),
        (
            &[0x82, 0x60, 0x40, 0x00],
            "arguments: 1 bytes follow the value",
        ),
        (&[], "arguments: value: the input ends inside the value"),
    ] {
        let mut out = vec![7];
        let found = wait(call_typed(&func, &mut store, shape, args, &mut out)).expect_err(error);
        assert!(matches!(found, TypedError::Arguments(_)));
        assert_eq!(found.to_string(), error);
        assert_eq!(out, [7]);
    }
}

#[test]
fn a_wrong_shape_is_an_error() {
    let (mut store, instance) = instantiate(false);
    let func = instance.get_func(&mut store, "f11").expect("exported");
    let shape = BytesShape {
        params: ParamsShape::Text,
        result: ResultShape::Bytes,
    };
    let mut out = Vec::new();
    let found = wait(call_typed(
        &func,
        &mut store,
        shape,
        &[0x81, 0x60],
        &mut out,
    ));
    assert!(matches!(found, Err(TypedError::Call(_))));
    assert!(out.is_empty());
}

#[test]
fn other_signatures_have_no_shape() {
    for (params, result) in [
        (vec!["u8"], None),
        (vec!["list<s8>"], None),
        (vec!["list<u8, 4>"], None),
        (vec!["list<u8>", "string"], None),
        (vec!["string", "list<u8>", "string"], None),
        (vec![], Some("string")),
        (vec![], Some("result<list<u8>>")),
        (vec![], Some("result<string, string>")),
        (vec![], Some("option<list<u8>>")),
    ] {
        let types: Vec<_> = params.iter().map(|param| ty(param)).collect();
        let result = result.map(ty);
        assert_eq!(
            shape(&types, result.as_ref()),
            None,
            "{params:?} {result:?}"
        );
    }
}
