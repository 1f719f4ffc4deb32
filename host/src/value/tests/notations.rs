//! All notations mean the same: by the page, and on random values.

use runtime::value::decode;
use toml::de::DeValue;
use wasmtime::component::{Type, Val};

use super::random::{self, Rng};
use super::table::{hex, rows};
use super::wit::{self, Wit, ty};
use crate::value::{CallText, Mismatch, Node, from_json, to_json, to_val_in, to_wave};

fn plan(text: &str, ty: &Type) -> Result<Val, Vec<Mismatch>> {
    let node = Node::from_toml(&DeValue::parse(text).unwrap()).unwrap();
    to_val_in(text, &node, ty)
}

fn wave(text: &str, ty: &Type) -> Val {
    let call = format!("f({text})");
    let vals = CallText::parse(&call).and_then(|call| call.to_vals(&[("a", ty.clone())]));
    vals.unwrap_or_else(|error| panic!("{error}")).remove(0)
}

#[test]
fn examples_say_the_same_in_all_notations() {
    for row in rows("Examples, byte for byte") {
        let [
            Some(text),
            Some(digits),
            Some(in_wave),
            Some(in_json),
            in_plan,
        ] = row.as_slice()
        else {
            panic!("{row:?}")
        };
        let ty = ty(text);
        let val = decode(&ty, &mut hex(digits).as_slice()).unwrap();
        assert_eq!(to_wave(&val), *in_wave, "{row:?}");
        assert_eq!(wave(in_wave, &ty), val, "{row:?}");
        assert_eq!(to_json(&ty, &val).unwrap().to_string(), *in_json, "{row:?}");
        let parsed = serde_json::from_str(in_json).unwrap();
        assert_eq!(from_json(&ty, parsed).unwrap(), val, "{row:?}");
        if let Some(in_plan) = in_plan {
            assert_eq!(plan(in_plan, &ty).unwrap(), val, "{row:?}");
        }
    }
}

#[test]
fn a_plan_may_write_more_than_json_does() {
    for row in rows("What a plan may write besides") {
        let [Some(text), Some(in_plan), Some(in_wave)] = row.as_slice() else {
            panic!("{row:?}")
        };
        let ty = ty(text);
        assert_eq!(plan(in_plan, &ty).unwrap(), wave(in_wave, &ty), "{row:?}");
    }
}

#[test]
fn a_plan_is_told_what_is_wrong() {
    for row in rows("What a plan is told") {
        let [Some(text), Some(in_plan), Some(error)] = row.as_slice() else {
            panic!("{row:?}")
        };
        let mismatches = plan(in_plan, &ty(text)).unwrap_err();
        let found: Vec<_> = mismatches.iter().map(ToString::to_string).collect();
        assert_eq!(found, [error.as_str()], "{row:?}");
    }
}

#[test]
fn random_values_survive_every_notation() {
    let mut rng = Rng::from_seed(0);
    let wits: Vec<Wit> = (0..300)
        .map(|at| random::wit(&mut rng, at % 5))
        .filter(|wit| wit.to_string().len() < 2000)
        .collect();
    let types = wit::types(&wit::engine(), &wits);
    let mut compared = 0;
    for (wit, ty) in wits.iter().zip(&types) {
        for _ in 0..5 {
            let val = random::val(&mut rng, ty);
            let json = to_json(ty, &val).unwrap().to_string();
            let parsed = serde_json::from_str(&json).unwrap();
            assert_eq!(from_json(ty, parsed).unwrap(), val, "{wit}: {json}");
            let text = to_wave(&val);
            assert_eq!(wave(&text, ty), val, "{wit}: {text}");
            // A map has no WAVE in wasmtime, and its floats have no exponents.
            let wit = wit.to_string();
            if !["map<", "f32", "f64"].iter().any(|part| wit.contains(part)) {
                assert_eq!(text, val.to_wave().unwrap(), "{wit}");
                compared += 1;
            }
        }
    }
    assert!(compared > 300, "{compared}");
}

#[test]
fn what_cannot_be_written_is_an_error() {
    let error = to_json(&ty("record { body: error-context }"), &Val::Bool(true)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "value.body: values of type error-context cannot travel here"
    );
    assert!(to_json(&ty("u8"), &Val::String("x".into())).is_err());
    assert!(to_json(&ty("list<u8>"), &Val::List(vec![Val::Bool(true)])).is_err());
}
