//! Errors name the place, the limits hold, and hostile input costs nothing.

use std::time::Instant;

use runtime::value::{
    Limits, ValueError, data_only, decode, decode_all, describe, describe_params, encode,
    encode_all, finish, supported,
};
use wasmtime::component::Val;

use super::wit::{self, ty};

#[test]
fn a_list_of_values_names_its_parameters() {
    let slots = [
        (
            "params",
            ty("record { shapes: list<record { radius: f64 }> }"),
        ),
        ("mode", ty("enum { check, apply }")),
    ];
    let error = |bytes: &[u8]| {
        decode_all(&slots, &mut &*bytes)
            .expect_err("wrong")
            .to_string()
    };
    assert_eq!(
        error(&[0x82, 0x81, 0x81, 0x81, 0xf5, 0x00]),
        "params.shapes[0].radius: expected f64, found true"
    );
    assert_eq!(
        error(&[0x82, 0x81, 0x80, 0x07]),
        "mode: expected enum { check, apply }, found a case with number 7"
    );
    assert_eq!(
        error(&[0x81, 0x81, 0x80]),
        "value: expected 2 values, found an array of 1 items"
    );
    assert_eq!(error(&[]), "value: the input ends inside the value");
}

#[test]
fn a_value_of_another_type_is_not_encoded() {
    let mut out = vec![1, 2, 3];
    for (wit, val, error) in [
        ("u8", Val::U16(5), "value: expected u8, found the u16 5"),
        (
            "string",
            Val::Char('x'),
            "value: expected string, found the char 'x'",
        ),
        (
            "record { path: string, mode: u32 }",
            Val::Record(vec![
                ("path".into(), Val::String("/".into())),
                ("mod".into(), Val::U32(1)),
            ]),
            "value: expected the field `mode`, found the field `mod`",
        ),
        (
            "record { path: string, mode: u32 }",
            Val::Record(vec![("path".into(), Val::String("/".into()))]),
            "value: expected record { path: string, mode: u32 }, found a record of 1 fields",
        ),
        (
            "enum { a, b }",
            Val::Enum("c".into()),
            "value: expected enum { a, b }, found the enum case `c`",
        ),
        (
            "variant { a(u8) }",
            Val::Variant("a".into(), None),
            "value.a: expected u8, found no payload",
        ),
        (
            "flags { a, b }",
            Val::Flags(vec!["a".into(), "c".into()]),
            "value: expected flags { a, b }, found the flags {a, c}",
        ),
        (
            "list<u8>",
            Val::List(vec![Val::U8(1), Val::Bool(true)]),
            "value[1]: expected u8, found a bool",
        ),
        (
            "list<u16, 2>",
            Val::FixedLengthList(vec![]),
            "value: expected list<u16, 2>, found a fixed-length list of 0",
        ),
        (
            "tuple<u8, option<u16>>",
            Val::Tuple(vec![Val::U8(1), Val::Option(Some(Box::new(Val::U8(1))))]),
            "value[1]: expected u16, found the u8 1",
        ),
        (
            "stream<u8>",
            Val::U8(1),
            "value: values of type stream<u8> cannot travel here",
        ),
    ] {
        let found = encode(&ty(wit), &val, &mut out).expect_err(wit);
        assert_eq!(found.to_string(), error);
        assert_eq!(out, [1, 2, 3], "an error writes nothing");
    }
    let slots = [("a", ty("u8")), ("b", ty("u8"))];
    let error = encode_all(&slots, &[Val::U8(1), Val::S8(1)], &mut out).expect_err("an s8");
    assert_eq!(error.to_string(), "b: expected u8, found the s8 1");
    assert!(encode_all(&slots, &[Val::U8(1)], &mut out).is_err());
    assert_eq!(out, [1, 2, 3]);
}

#[test]
fn what_cannot_travel_is_found_before_the_call() {
    for (wit, error) in [
        (
            "list<stream<own<resource>>>",
            "result: values of type stream<own<resource>> cannot travel here",
        ),
        (
            "record { a: tuple<u8, option<future<stream>>> }",
            "result.a[1]: values of type future<stream> cannot travel here",
        ),
        (
            "result<u8, stream<list<stream<u8>>>>",
            "result.err: values of type stream<list<stream<u8>>> cannot travel here",
        ),
        (
            "variant { a, b(error-context) }",
            "result.b: values of type error-context cannot travel here",
        ),
    ] {
        let found = supported(&[("result", ty(wit))]).expect_err(wit);
        assert_eq!(found.to_string(), error);
    }
    let slots = [("a", ty("u8")), ("b", ty("option<own<resource>>"))];
    supported(&slots).expect("in an instance that is kept");
    let found = data_only(&slots).expect_err("not in another");
    let error =
        "b: a value of type option<own<resource>> is of use only in an instance that is kept";
    assert_eq!(found.to_string(), error);
    data_only(&slots[..1]).expect("a number is data");
}

#[test]
fn what_follows_a_value_is_the_callers_choice() {
    let mut input: &[u8] = &[0x05, 0x06];
    assert_eq!(decode(&ty("u8"), &mut input), Ok(Val::U8(5)));
    assert_eq!(input, [0x06]);
    assert_eq!(finish(input), Err(ValueError::Trailing { bytes: 1 }));
}

#[test]
fn lengths_are_not_believed() {
    let start = Instant::now();
    for wit in [
        "list<bool>",
        "list<u8>",
        "string",
        "map<u8, u8>",
        "list<list<list<string>>>",
    ] {
        let ty = ty(wit);
        for major in [0x40, 0x60, 0x80, 0xa0] {
            for length in [u64::MAX, 1 << 62, 1 << 40, 1 << 31, 3] {
                let mut bytes = vec![major | 27];
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.push(0xf5);
                assert!(
                    decode(&ty, &mut bytes.as_slice()).is_err(),
                    "{wit} {major:x} {length}"
                );
            }
        }
    }
    assert!(
        start.elapsed().as_secs() < 5,
        "something was reserved or walked"
    );
}

#[test]
fn memory_is_charged_for_what_a_value_takes() {
    // One byte each in CBOR; some hundred in memory, since every value repeats the names of its fields.
    let long = "n".repeat(100);
    let ty = ty(&format!("list<record {{ {long}: bool }}>"));
    let count = 1_000_000_u32;
    let mut bytes = vec![0x9a];
    bytes.extend_from_slice(&count.to_be_bytes());
    bytes.extend([0x81, 0xf5].repeat(count as usize));
    let limits = Limits { memory: 100 << 20 };
    let error = limits
        .decode(&ty, &mut bytes.as_slice())
        .expect_err("far more than 100 MiB");
    assert!(
        matches!(error, ValueError::TooLarge { limit, .. } if limit == 100 << 20),
        "{error}"
    );
    let error = (Limits { memory: 1 << 20 }).decode(&ty, &mut bytes.as_slice());
    assert_eq!(
        error.expect_err("even the list").to_string(),
        "value: the value needs more than 1048576 bytes of memory"
    );
}

#[test]
fn the_deepest_type_that_validation_lets_pass_works() {
    let depth = 98;
    let text = format!("{}u8{}", "list<".repeat(depth), ">".repeat(depth));
    let ty = ty(&text);
    let mut bytes = vec![0x81; depth - 1];
    bytes.extend_from_slice(&[0x41, 7]);
    let val = decode(&ty, &mut bytes.as_slice()).expect("a deep value");
    let mut again = Vec::new();
    encode(&ty, &val, &mut again).expect("a deep value");
    assert_eq!(again, bytes);
    // Bytes that go on nesting do not take the decoder with them: the type ends.
    let deeper = vec![0x81; 100_000];
    assert!(decode(&ty, &mut deeper.as_slice()).is_err());
}

#[test]
fn long_types_are_cut() {
    let fields: Vec<_> = (0..100)
        .map(|at| format!("field-number{at}: list<string>"))
        .collect();
    let text = describe(&ty(&format!("record {{ {} }}", fields.join(", "))));
    assert!(
        text.starts_with("record { field-number0: list<string>, "),
        "{text}"
    );
    assert!(text.ends_with("... 92 more }"), "{text}");
    let params = [("path", ty("string")), ("mode", ty("option<u32>"))];
    assert_eq!(describe_params(&params), "path: string, mode: option<u32>");
    let deep = "record { a: record { b: record { c: record { d: record { e: u8 } } } } }";
    assert_eq!(wit::parse(deep).to_string(), deep);
    assert_eq!(
        describe(&ty(deep)),
        "record { a: record { b: record { c: record { d: record { ... } } } } }"
    );
}

#[test]
fn what_is_larger_than_wasmtime_can_count_is_refused() {
    for text in [
        "list<u64, 1073741824>",
        "list<list<u8, 65536>, 65536>",
        "option<list<u8, 1073741823>>",
        "list<list<u16, 268435456>>",
        "result<list<u8, 300000000>, string>",
    ] {
        let refused = supported(&[("value", ty(text))]);
        let error = refused.expect_err(text).to_string();
        assert!(error.ends_with("cannot travel here"), "{error}");
    }
    // Each for itself is small enough.
    let large = ty("list<u8, 200000000>");
    assert!(supported(&[("a", large.clone())]).is_ok());
    assert!(supported(&[("a", large.clone()), ("b", large)]).is_err());
    assert!(supported(&[("a", ty("list<u64, 1024>"))]).is_ok());
}
