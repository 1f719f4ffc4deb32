//! The bytes in `docs/VALUES.md` are the bytes on the wire.

use runtime::value::{check_all, decode, describe, encode, finish};
use wasmtime::component::Val;

use super::table::{hex, rows};
use super::wit::{self, Wit};

#[test]
fn examples_are_exact() {
    for row in rows("Examples, byte for byte") {
        let [Some(text), Some(digits), Some(wave), ..] = row.as_slice() else {
            panic!("{row:?} needs a type, bytes and WAVE")
        };
        let ty = wit::ty(text);
        assert_eq!(describe(&ty), *text);
        let bytes = hex(digits);
        let val = check(text, &bytes, wave);
        let mut written = Vec::new();
        encode(&ty, &val, &mut written).unwrap_or_else(|error| panic!("{row:?}: {error}"));
        assert_eq!(written, bytes, "{row:?}");
    }
}

#[test]
fn wider_forms_are_accepted() {
    for row in rows("Bytes that are accepted besides") {
        let [Some(text), Some(digits), Some(wave)] = row.as_slice() else {
            panic!("{row:?}")
        };
        check(text, &hex(digits), wave);
    }
}

#[test]
fn refusals_say_why() {
    for row in rows("Bytes that are refused") {
        let [Some(text), Some(digits), Some(error)] = row.as_slice() else {
            panic!("{row:?}")
        };
        let found = decode(&wit::ty(text), &mut hex(digits).as_slice());
        assert_eq!(found.expect_err(text).to_string(), *error, "{row:?}");
        // As an argument it is refused with the same words.
        let arguments = [&[0x81], hex(digits).as_slice()].concat();
        let found = check_all(&[("value", wit::ty(text))], &arguments);
        assert_eq!(found.expect_err(text).to_string(), *error, "{row:?}");
    }
}

/// Decodes the bytes, all of them, and compares the value with its WAVE.
fn check(text: &str, bytes: &[u8], wave: &str) -> Val {
    let ty = wit::ty(text);
    let mut input = bytes;
    let val =
        decode(&ty, &mut input).unwrap_or_else(|error| panic!("{text} {bytes:02x?}: {error}"));
    assert_eq!(finish(input), Ok(()), "{text} {bytes:02x?}");
    // Maps and fixed-length lists have no WAVE in wasmtime; the host's tests compare those.
    if has_wave(&wit::parse(text)) {
        let expected =
            Val::from_wave(&ty, wave).unwrap_or_else(|error| panic!("{wave}: {error:?}"));
        assert_eq!(val, expected, "{text} {bytes:02x?}");
    }
    val
}

fn has_wave(wit: &Wit) -> bool {
    match wit {
        Wit::Plain(_) => true,
        Wit::Fixed(..) | Wit::Angle("map", _) => false,
        Wit::Angle(_, parts) => parts.iter().flatten().all(has_wave),
        Wit::Braces(_, parts) => parts.iter().filter_map(|(_, ty)| ty.as_ref()).all(has_wave),
    }
}
