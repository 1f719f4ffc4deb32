//! What must hold for every type and value: tried on thousands of random ones.

use runtime::value::{
    Limits, Signature, ValueError, check_all, decode, decode_all, describe, encode, encode_all,
    finish, supported,
};
use wasmtime::component::{Linker, Val};
use wasmtime::{Engine, Store};

use super::guests::wait;
use super::random::{self, Rng};
use super::wit::{self, Wit, component, engine};

fn random_types(rng: &mut Rng, count: usize) -> Vec<(Wit, wasmtime::component::Type)> {
    let wits: Vec<Wit> = (0..count)
        .map(|at| {
            // One part must not make a type huge: nothing is proved by it, and compiling takes time.
            loop {
                let wit = random::wit(rng, at % 5);
                if wit.to_string().len() < 2000 {
                    return wit;
                }
            }
        })
        .collect();
    let types = wit::types(&engine(), &wits);
    wits.into_iter().zip(types).collect()
}

#[test]
fn what_is_encoded_is_decoded() {
    let mut rng = Rng::from_seed(0);
    for (wit, ty) in random_types(&mut rng, 400) {
        supported(&[("value", ty.clone())]).expect("only data");
        for _ in 0..12 {
            let val = random::val(&mut rng, &ty);
            let mut bytes = vec![0xaa];
            encode(&ty, &val, &mut bytes).unwrap_or_else(|error| panic!("{wit}: {error}"));
            let mut input = &bytes[1..];
            let back = decode(&ty, &mut input).unwrap_or_else(|error| panic!("{wit}: {error}"));
            assert_eq!(back, val, "{wit}");
            assert_eq!(finish(input), Ok(()), "{wit}");
        }
    }
}

#[test]
fn damaged_bytes_are_an_error_or_a_value() {
    let mut rng = Rng::from_seed(1);
    let mut values = 0;
    for (wit, ty) in random_types(&mut rng, 250) {
        for _ in 0..4 {
            let mut bytes = Vec::new();
            let val = random::val(&mut rng, &ty);
            encode(&ty, &val, &mut bytes).unwrap_or_else(|error| panic!("{wit}: {error}"));
            for _ in 0..25 {
                let mut bytes = bytes.clone();
                random::damage(&mut rng, &mut bytes);
                let mut input = bytes.as_slice();
                let slots = [("value", ty.clone())];
                let one = [&[0x81], bytes.as_slice()].concat();
                let decoded = decode_all(&slots, &mut one.as_slice()).map(drop);
                let checked = match check_all(&slots, &one) {
                    Err(ValueError::Trailing { .. }) => Ok(()),
                    checked => checked,
                };
                assert_eq!(checked, decoded, "{wit}: {bytes:02x?}");
                let Ok(val) = (Limits { memory: 1 << 20 }).decode(&ty, &mut input) else {
                    assert_eq!(input, bytes, "an error consumes nothing");
                    continue;
                };
                values += 1;
                let mut again = Vec::new();
                encode(&ty, &val, &mut again).unwrap_or_else(|error| panic!("{wit}: {error}"));
                assert_eq!(
                    decode(&ty, &mut again.as_slice()),
                    Ok(val),
                    "{wit}: {bytes:02x?}"
                );
            }
        }
    }
    // If damage always or never showed, the test would prove little.
    assert!(
        (1000..24_000).contains(&values),
        "{values} of 25000 damaged inputs had a value"
    );
}

#[test]
fn every_cut_is_an_error() {
    let mut rng = Rng::from_seed(2);
    for (wit, ty) in random_types(&mut rng, 150) {
        let mut bytes = Vec::new();
        encode(&ty, &random::val(&mut rng, &ty), &mut bytes).expect("a value of the type");
        for end in 0..bytes.len() {
            assert!(
                decode(&ty, &mut &bytes[..end]).is_err(),
                "{wit} cut at {end}: {bytes:02x?}"
            );
        }
    }
}

#[test]
fn descriptions_are_wit_and_short() {
    let mut rng = Rng::from_seed(3);
    let mut whole = 0;
    for (wit, ty) in random_types(&mut rng, 400) {
        let text = describe(&ty);
        assert!(text.len() < 320, "{}: {text}", text.len());
        if !text.contains("...") {
            assert_eq!(text, wit.to_string());
            whole += 1;
        }
    }
    assert!(whole > 200, "only {whole} were whole");
}

/// wasmtime checks each value against its type when it lowers it, and a guest sees the bytes: so what comes
/// back from a guest that returns its argument is what a decoder must produce.
#[test]
fn a_guest_takes_and_returns_decoded_values() {
    let mut rng = Rng::from_seed(4);
    let engine = engine();
    for at in 0..60 {
        let wit = random::wit(&mut rng, at % 4);
        if wit.to_string().len() > 1000 {
            continue;
        }
        let (mut store, func) = echo(&engine, &wit);
        let ty = func.ty(&store);
        let params: Vec<_> = ty
            .params()
            .map(|(name, ty)| (name.to_owned(), ty))
            .collect();
        let results: Vec<_> = ty.results().map(|ty| ("result", ty)).collect();
        for _ in 0..3 {
            let vals = [random::val(&mut rng, &params[0].1)];
            let mut bytes = Vec::new();
            encode_all(&params, &vals, &mut bytes).unwrap_or_else(|error| panic!("{wit}: {error}"));
            let args = decode_all(&params, &mut bytes.as_slice())
                .unwrap_or_else(|error| panic!("{wit}: {error}"));
            let mut out = [Val::Bool(false)];
            func.call(&mut store, &args, &mut out)
                .unwrap_or_else(|error| panic!("{wit}: {error:?}"));
            assert_eq!(out, vals, "{wit}");
            let mut returned = Vec::new();
            encode_all(&results, &out, &mut returned).expect("a value of its type");
            assert_eq!(returned, bytes, "{wit}");
            // The same without a `Val`.
            let signature = Signature::of(&func.ty(&store)).expect("only data");
            let answer = wait(signature.call(&func, &mut store, bytes.clone().into()));
            let answer = answer.unwrap_or_else(|error| panic!("{wit}: {error:?}"));
            assert_eq!(answer.results, bytes, "{wit}");
        }
    }
}

/// A guest that returns its argument. It is so wide that the argument comes and goes through a pointer, which
/// makes the guest's code the same for every type.
fn echo(engine: &Engine, wit: &Wit) -> (Store<()>, wasmtime::component::Func) {
    let mut fields: Vec<_> = (0..17)
        .map(|at| (format!("pad{at}"), Some(Wit::Plain("u8".into()))))
        .collect();
    fields.push(("value".into(), Some(wit.clone())));
    let mut wat = wit::Wat::default();
    let name = wat.define(&Wit::Braces("record", fields));
    let text = wat.component(&format!(
        r#"(core module $m
            (memory (export "memory") 4)
            (global $next (mut i32) (i32.const 16))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get 3))))
            (func (export "echo") (param i32) (result i32) (local.get 0)))
        (core instance $i (instantiate $m))
        (func (export "echo") (param "value" {name}) (result {name})
            (canon lift (core func $i "echo")
                (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))"#
    ));
    let component = component(engine, &text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let mut store = Store::new(engine, ());
    let instance = Linker::new(engine)
        .instantiate(&mut store, &component)
        .expect("no imports");
    let func = instance
        .get_func(&mut store, "echo")
        .expect("it is exported");
    (store, func)
}
