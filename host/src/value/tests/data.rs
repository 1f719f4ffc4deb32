//! Values in a program's own types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasmtime::component::Val;

use super::wit::ty;
use crate::value::{CallText, data, from_val};

/// Reads a Rust value from one in WAVE. What could be read is written, too, and must be the same again.
fn read<R: Serialize + for<'a> Deserialize<'a>>(wit: &str, wave: &str) -> Result<R, String> {
    let call = format!("f({wave})");
    let ty = ty(wit);
    let vals = CallText::parse(&call)
        .unwrap()
        .to_vals(&[("a", ty.clone())])
        .unwrap();
    let value: R = from_val(&vals[0]).map_err(|error| error.to_string())?;
    assert_eq!(data::to_val(&ty, &value).as_ref(), Ok(&vals[0]));
    Ok(value)
}

/// What is wrong with a Rust value as one of a WIT type.
fn wrong<T: Serialize>(wit: &str, value: &T) -> String {
    data::to_val(&ty(wit), value).unwrap_err().to_string()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::enum_variant_names)]
enum Shape {
    Circle(f64),
    Point { x: i32, y: i32 },
    Line(i8, i8),
    Nowhere,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Params {
    path: String,
    timeout_ms: Option<u64>,
    shapes: Vec<Shape>,
    data: Vec<u8>,
}

#[test]
fn records_and_variants_are_structs_and_enums() {
    let wit = "record { path: string, timeout-ms: option<u64>, data: list<u8>, shapes: list<variant { \
        circle(f64), point(record { x: s32, y: s32 }), line(tuple<s8, s8>), nowhere }> }";
    let wave = "{path: \"/a\", timeout-ms: 18446744073709551615, data: \"hi\", \
        shapes: [circle(nan), point({x: 1, y: -1}), line((2, 3)), nowhere]}";
    let params: Params = read(wit, wave).unwrap();
    assert_eq!(
        (params.path.as_str(), params.timeout_ms),
        ("/a", Some(u64::MAX))
    );
    assert_eq!(params.data, b"hi");
    assert!(matches!(params.shapes[0], Shape::Circle(radius) if radius.is_nan()));
    assert_eq!(
        params.shapes[1..],
        [
            Shape::Point { x: 1, y: -1 },
            Shape::Line(2, 3),
            Shape::Nowhere
        ]
    );
}

#[test]
fn nothing_is_lost() {
    assert_eq!(
        read("option<option<u8>>", "some(none)"),
        Ok(Some(None::<u8>))
    );
    assert_eq!(read("option<option<u8>>", "none"), Ok(None::<Option<u8>>));
    assert_eq!(
        read("result<u8, string>", "err(\"no\")"),
        Ok(Err::<u8, _>("no".to_owned()))
    );
    assert_eq!(read("result<_, string>", "ok"), Ok(Ok::<(), String>(())));
    assert_eq!(read("result", "err"), Ok(Err::<(), ()>(())));
    assert_eq!(
        read("flags { a, b-c }", "{b-c}"),
        Ok(vec!["b-c".to_owned()])
    );
    assert_eq!(read("list<u8, 2>", "[1, 2]"), Ok([1_u8, 2]));
    assert_eq!(read("tuple<char, f32>", "('x', 0.1)"), Ok(('x', 0.1_f32)));
    let map: BTreeMap<u16, bool> = read("map<u16, bool>", "[(80, true)]").unwrap();
    assert_eq!(map, BTreeMap::from([(80, true)]));
    let json: serde_json::Value = read("variant { a(u8), b }", "a(1)").unwrap();
    assert_eq!(json, serde_json::json!({ "a": 1 }));
}

#[test]
fn other_types_are_errors() {
    assert!(read::<u8>("u16", "300").unwrap_err().contains("300"));
    assert!(
        read::<Shape>("enum { square }", "square")
            .unwrap_err()
            .contains("square")
    );
    assert!(read::<Shape>("variant { circle }", "circle").is_err());
    assert!(read::<Shape>("variant { nowhere(u8) }", "nowhere(1)").is_err());
    assert!(from_val::<String>(&Val::U8(1)).is_err());
}

#[test]
fn what_does_not_fit_is_named_with_its_place() {
    let params = "record { path: string, timeout-ms: option<u64>, ports: list<u16> }";
    let json = |ports| serde_json::json!({ "path": "/a", "ports": ports });
    assert!(data::to_val(&ty(params), &json(vec![80])).is_ok());
    assert_eq!(
        wrong(params, &json(vec![80, 70_000])),
        "ports[1]: expected u16, found 70000"
    );
    assert_eq!(
        wrong(params, &serde_json::json!({ "path": "/a" })),
        "ports: expected list<u16>, found nothing"
    );
    assert_eq!(
        wrong(params, &serde_json::json!({ "pth": "/a" })),
        "expected a field of the record, found \"pth\"; did you mean path?"
    );
    assert_eq!(wrong("f32", &0.1_f64), "expected f32, found 0.1");
    assert_eq!(wrong("s8", &200), "expected s8, found 200");
    assert_eq!(wrong("string", &None::<u8>), "expected string, found none");
    assert_eq!(
        wrong("list<u8, 2>", &[1_u8]),
        "expected list<u8, 2>, found 1 elements"
    );
    assert_eq!(
        wrong("tuple<u8>", &(1, 2)),
        "expected tuple<u8>, found more than 1 elements"
    );
    assert_eq!(
        wrong("flags { a }", &["b"]),
        "expected flags { a }, found \"b\""
    );
    assert_eq!(
        wrong("variant { circle(f64) }", &Shape::Nowhere),
        "expected variant { circle(f64) }, found \"nowhere\""
    );
    assert_eq!(
        wrong("result<_, string>", &Ok::<u8, String>(1)),
        "Ok: expected no payload, found one"
    );
}

#[test]
fn what_is_no_option_is_some_of_it() {
    let some = |val| Val::Option(Some(Box::new(val)));
    assert_eq!(
        data::to_val(&ty("option<option<u8>>"), &1),
        Ok(some(some(Val::U8(1))))
    );
    assert_eq!(
        data::to_val(&ty("option<enum { a }>"), &"a"),
        Ok(some(Val::Enum("a".to_owned())))
    );
}

#[test]
fn arguments_are_a_tuple() {
    let params = [("a".to_owned(), ty("u8")), ("b".to_owned(), ty("string"))];
    let vals = data::to_vals(&params, &(1, "x")).unwrap();
    assert_eq!(vals, [Val::U8(1), Val::String("x".into())]);
    assert_eq!(data::to_vals(&[], &()), Ok(Vec::new()));
    let wrong = |wrong: Result<_, crate::value::Mismatch>| wrong.unwrap_err().to_string();
    assert_eq!(
        wrong(data::to_vals(&params, &(1,))),
        "expected (a: u8, b: string), found 1 arguments"
    );
    assert_eq!(
        wrong(data::to_vals(&params, &(1, "x", 2))),
        "expected (a: u8, b: string), found more arguments"
    );
    assert_eq!(
        wrong(data::to_vals(&params, &(1, 2))),
        "b: expected string, found 2"
    );
    assert_eq!(
        wrong(data::to_vals(&params, &"x")),
        "expected (a: u8, b: string), found no tuple"
    );
}

#[test]
fn an_integer_is_a_float_where_it_is_exact() {
    let float = |number: i64| data::to_val(&ty("f64"), &number);
    assert_eq!(float(-3), Ok(Val::Float64(-3.0)));
    assert_eq!(float(1 << 53), Ok(Val::Float64(9_007_199_254_740_992.0)));
    assert!(float((1 << 53) + 1).is_err());
    assert_eq!(data::to_val(&ty("f32"), &7_u8), Ok(Val::Float32(7.0)));
    assert!(data::to_val(&ty("f32"), &16_777_217).is_err());
    let some = data::to_val(&ty("option<f64>"), &1);
    assert_eq!(some, Ok(Val::Option(Some(Box::new(Val::Float64(1.0))))));
}
