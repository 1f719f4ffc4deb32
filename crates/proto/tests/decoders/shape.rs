//! What is read is what is there: an alternative is its name or a map of its name to what it holds, and no message is read
//! where one was written as the other, however many there are of both.

use super::mutation::{LIMITS, decode_body};
use super::rng::Rng;
use super::vectors;
use ciborium::Value;
use proto::message::{AddRoute, Outcome};
use proto::{Body, Flags, Policy};
use serde::Serialize;

/// Panics unless the first item of these bytes says what the message does. Fields that nobody knows, and nulls that are
/// left out, make no difference.
pub fn assert_says(bytes: &[u8], message: &impl Serialize) {
    let found: Value = match ciborium::from_reader(bytes) {
        Ok(found) => found,
        // It does not know all simple values.
        Err(ciborium::de::Error::Semantic(..)) => return,
        Err(error) => panic!("another reader cannot read it: {error}"),
    };
    let said = Value::serialized(message).expect("it can be encoded");
    assert!(says(&found, &said), "{found:?}\nis not\n{said:?}");
}

fn says(found: &Value, said: &Value) -> bool {
    match (found, said) {
        (Value::Map(found), Value::Map(said)) => said.iter().all(|(key, said)| {
            let mut found = found.iter().filter(|(name, _)| says(name, key));
            found
                .next()
                .map_or(said.is_null(), |(_, found)| says(found, said))
        }),
        (Value::Array(found), Value::Array(said)) => {
            found.len() == said.len() && found.iter().zip(said).all(|(a, b)| says(a, b))
        }
        (Value::Tag(_, found), said) => says(found, said),
        (found, said) => found == said,
    }
}

#[test]
fn two_wrong_forms_of_alternatives_do_not_make_up_for_each_other() {
    let grants = |bytes: &[u8]| {
        let body = Body::raw(Flags::NONE, bytes.to_vec().into());
        body.decode::<Policy>(LIMITS)
    };
    assert!(grants(b"\x82\x66system\xa1\x64read\x64/etc").is_ok());
    // A map of a name to nothing takes in the next name, and what that holds takes its place in the array.
    let error = grants(b"\x82\xa1\x66system\x64read\x64/etc").unwrap_err();
    assert!(error.to_string().contains("holds nothing"), "{error}");
    assert!(grants(b"\x82\x64read\xa1\x64/etc\x66system").is_err());
}

#[test]
fn maps_that_are_taken_away_and_put_elsewhere_are_noticed() {
    let vectors: Vec<_> = vectors::read();
    for seed in 0..20_000 {
        let mut rng = Rng::new(seed);
        let (_, vector) = rng.pick(&vectors);
        let mut bytes = vector[28..].to_vec();
        for _ in 0..=rng.below(3) {
            // In front of what may be a name.
            let names = (1..bytes.len()).filter(|at| matches!(bytes[*at], 0x62..=0x72));
            let names: Vec<_> = names.collect();
            if names.is_empty() {
                break;
            }
            let at = *rng.pick(&names);
            if bytes[at - 1] == 0xa1 {
                bytes.remove(at - 1);
            } else {
                bytes.insert(at, 0xa1);
            }
        }
        decode_body(&Body::raw(Flags::NONE, bytes.into()));
    }
}

#[test]
fn what_nobody_wants_must_be_cbor_all_the_same() {
    let route = |unknown: &[u8]| {
        let bytes = [b"\xa3\x61x", unknown, b"\x67context\x01\x66parent\x00"].concat();
        Body::raw(Flags::NONE, bytes.into()).decode::<AddRoute>(LIMITS)
    };
    for item in [
        &b"\x7f\x61a\x61b\xff"[..],
        b"\x5f\xff",
        b"\xbf\x01\x02\xff",
        b"\x9f\x80\xa0\xff",
        b"\xc2\x41\x01",
        b"\xf8\x20",
        b"\xfb\0\0\0\0\0\0\0\0",
    ] {
        assert!(route(item).is_ok(), "{item:02x?}");
    }
    for item in [
        // Pieces of something else, half a pair, ends of nothing, reserved heads.
        &b"\x7f\x01\xff"[..],
        b"\x7f\x41a\xff",
        b"\x7f\x7f\x61a\xff\xff",
        b"\xbf\x01\xff",
        b"\xff",
        b"\x81\xff",
        b"\xc2\xff",
        b"\x1c",
        b"\x1f",
        b"\xdf",
        b"\xf8\x14",
        // No text, and a character in two pieces.
        b"\x61\xc3",
        b"\x7f\x61\xc3\x61\x9f\xff",
    ] {
        assert!(route(item).is_err(), "{item:02x?}");
    }
}

#[test]
fn an_open_map_may_hold_an_alternative() {
    let outcome = |bytes: &[u8]| {
        let body = Body::raw(Flags::NONE, bytes.to_vec().into());
        body.decode::<Outcome>(LIMITS)
    };
    assert_eq!(outcome(b"\xbf\x66exited\x03\xff"), Ok(Outcome::Exited(3)));
    for bytes in [
        &b"\xbf\x66exited\xff"[..],
        b"\xbf\xff",
        b"\xa0",
        b"\xa2\x66exited\x03\x66exited\x03",
        b"\xbf\x66exited\x03\x66exited\x03\xff",
    ] {
        assert!(outcome(bytes).is_err(), "{bytes:02x?}");
    }
}

#[test]
fn numbers_are_read_as_they_are_written() {
    fn again<T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(it: T) {
        let body = Body::new(&it).unwrap();
        assert_eq!(body.decode(LIMITS), Ok(it));
    }
    for float in [0.0, -1.5, 65504.0, 5.960_464_477_539_063e-8, 1e-300, 0.1] {
        again(float);
        again(-float);
    }
    for float in [f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
        again(float);
    }
    let nan = Body::new(&f64::NAN).unwrap();
    assert!(nan.decode::<f64>(LIMITS).unwrap().is_nan());
    again((u64::MAX, i64::MIN, -1i8, 255u8));
    again(('ß', true, false, Some(7), "x".to_owned()));
    assert!(Body::new(&256).unwrap().decode::<u8>(LIMITS).is_err());
    assert!(Body::new(&-1).unwrap().decode::<u8>(LIMITS).is_err());
    let too_low = Body::raw(
        Flags::NONE,
        b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff"[..].into(),
    );
    assert!(too_low.decode::<i64>(LIMITS).is_err());
}
