//! Values in a program's own types.

use std::collections::BTreeMap;

use serde::Deserialize;
use wasmtime::component::Val;

use super::wit::ty;
use crate::value::{CallText, from_val};

fn read<R: for<'a> Deserialize<'a>>(wit: &str, wave: &str) -> Result<R, String> {
    let call = format!("f({wave})");
    let vals = CallText::parse(&call)
        .unwrap()
        .to_vals(&[("a", ty(wit))])
        .unwrap();
    from_val(&vals[0]).map_err(|error| error.to_string())
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(clippy::enum_variant_names)]
enum Shape {
    Circle(f64),
    Point { x: i32, y: i32 },
    Line(i8, i8),
    Nowhere,
}

#[derive(Debug, PartialEq, Deserialize)]
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
