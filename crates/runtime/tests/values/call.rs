//! A call without a `Val` gives a guest, to the byte, what a call with `Val`s gives it, and takes the same from it.

use super::guests::{MEMORY, engines, flat, instantiate, returns, shows, wait};
use super::random::{self, Rng};
use super::wit::{self, Wit, component, parse};
use runtime::value::{CallError, Signature, decode_all, encode_all};
use wasmtime::component::{Func, Linker, Type, Val};
use wasmtime::{Engine, Store};

type Slots = Vec<(String, Type)>;

fn slots(store: &Store<()>, func: &Func) -> (Slots, Slots, Signature) {
    let ty = func.ty(store);
    let params = ty.params().map(|(name, ty)| (name.to_owned(), ty));
    let results = ty.results().map(|ty| ("result".to_owned(), ty));
    let signature = Signature::of(&ty).expect("no handles");
    (params.collect(), results.collect(), signature)
}

/// The result, as CBOR, and whether it is an `err`; or why there is none.
type Answered = Result<(Vec<u8>, bool), String>;

fn encoded(params: &Slots, vals: &[Val]) -> Vec<u8> {
    let mut arguments = Vec::new();
    encode_all(params, vals, &mut arguments).expect("arguments of these types");
    arguments
}

fn with_vals(store: &mut Store<()>, func: &Func, vals: &[Val]) -> Answered {
    let (params, slots, _) = slots(store, func);
    // What is decoded has one NaN.
    let vals = decode_all(&params, &mut encoded(&params, vals).as_slice()).expect("arguments");
    let mut results = vec![Val::Bool(false); slots.len()];
    wait(func.call_async(&mut *store, &vals, &mut results))
        .map_err(|error| error.root_cause().to_string())?;
    let mut out = Vec::new();
    encode_all(&slots, &results, &mut out).expect("results of their types");
    Ok((out, matches!(results.as_slice(), [Val::Result(Err(_))])))
}

fn directly(store: &mut Store<()>, func: &Func, vals: &[Val]) -> Answered {
    let (params, _, signature) = slots(store, func);
    match wait(signature.call(func, store, encoded(&params, vals).into())) {
        Ok(answer) => Ok((answer.results, answer.failed)),
        Err(CallError::Call(error)) => Err(error.root_cause().to_string()),
        Err(error) => panic!("{error}"),
    }
}

/// Both ways in a fresh instance each must come to the same.
fn compare(engine: &Engine, text: &str, name: &str, vals: &[Val]) -> Answered {
    let (mut store, func) = instantiate(engine, text, name);
    let expected = with_vals(&mut store, &func, vals);
    let (mut store, func) = instantiate(engine, text, name);
    let found = directly(&mut store, &func, vals);
    assert_eq!(found, expected, "{vals:?} {text}");
    found
}

/// A guest sees the same core values and the same memory.
fn compare_arguments(rng: &mut Rng, engine: &Engine, wits: &[Wit], rounds: usize) {
    let types = wit::types(&wit::engine(), wits);
    let text = shows(wits, &types);
    let compiled = component(engine, &text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let linker = Linker::new(engine);
    for _ in 0..rounds {
        let vals: Vec<Val> = types.iter().map(|ty| random::val(rng, ty)).collect();
        let mut shown = [with_vals, directly].map(|way| {
            let mut store = Store::new(engine, ());
            let instance = wait(linker.instantiate_async(&mut store, &compiled));
            let instance = instance.expect("no imports");
            let func = instance.get_func(&mut store, "show").expect("exported");
            way(&mut store, &func, &vals).unwrap_or_else(|error| panic!("{error}: {vals:?}"))
        });
        let (found, expected) = (std::mem::take(&mut shown[1]), &shown[0]);
        assert_eq!(&found, expected, "{vals:?} {text}");
    }
}

fn some_wit(rng: &mut Rng, depth: usize) -> Wit {
    loop {
        let wit = random::wit(rng, depth);
        if wit.to_string().len() < 600 {
            return wit;
        }
    }
}

#[test]
fn a_guest_gets_the_same_arguments() {
    let mut rng = Rng::from_seed(8);
    let (mut flat_ones, mut spilled) = (0, 0);
    for at in 0..120 {
        let wits: Vec<_> = (0..rng.below(12))
            .map(|_| some_wit(&mut rng, at % 4))
            .collect();
        let types = wit::types(&wit::engine(), &wits);
        match types.iter().flat_map(flat).count() {
            0..=16 => flat_ones += 1,
            _ => spilled += 1,
        }
        compare_arguments(&mut rng, &engines()[at % 2], &wits, 6);
    }
    assert!(flat_ones > 30 && spilled > 15, "{flat_ones} {spilled}");
}

/// Types of which the random ones may have too few.
#[test]
fn a_guest_gets_the_same_of_types_with_corners() {
    let mut rng = Rng::from_seed(9);
    let of = |texts: &[&str]| texts.iter().map(|text| parse(text)).collect::<Vec<_>>();
    let plain = [
        "bool",
        "s8",
        "u8",
        "s16",
        "u16",
        "s32",
        "u32",
        "s64",
        "u64",
        "f32",
        "f64",
        "char",
        "string",
        "list<u8>",
        "list<s8, 3>",
        "list<u8, 3>",
        "map<string, u8>",
        "enum { a, b }",
        "flags { a, b, c }",
    ];
    let mut lists: Vec<Vec<Wit>> = vec![of(&[])];
    for ty in plain {
        lists.push(of(&[&format!("option<{ty}>"), &format!("list<{ty}>")]));
        lists.push(of(&[&format!("result<{ty}, option<{ty}>>"), ty]));
        lists.push(of(&[
            &format!("list<option<{ty}>, 2>"),
            &format!("list<list<{ty}>>"),
        ]));
        // Every pair of core types at one place.
        for other in ["s8", "s32", "u64", "f32", "f64", "string"] {
            lists.push(of(&[
                &format!("variant {{ a({ty}), b({other}), c }}"),
                "f32",
            ]));
            lists.push(of(&[&format!(
                "result<tuple<{ty}, {other}>, tuple<{other}, {ty}>>"
            )]));
        }
    }
    // Fifteen, sixteen and seventeen core values.
    lists.push(of(&["u8"; 15]));
    lists.push(of(&["f32"; 16]));
    lists.push(of(&["s64"; 17]));
    lists.push(of(&["list<u16, 14>", "string"]));
    lists.push(of(&["list<u16, 15>", "string"]));
    lists.push(of(&["list<u8, 16>"]));
    lists.push(of(&["list<u8, 200>", "f64"]));
    lists.push(of(&["tuple<option<list<f32, 7>>, u8, list<u8, 7>>"]));
    let many = |kind: &str, count: usize| {
        let names: Vec<_> = (0..count).map(|at| format!("n{at}")).collect();
        parse(&format!("{kind} {{ {} }}", names.join(", ")))
    };
    for count in [1, 8, 9, 16, 17, 32] {
        let flags = many("flags", count);
        lists.push(vec![flags.clone(), Wit::Angle("list", vec![Some(flags)])]);
    }
    for count in [256, 257] {
        let names = many("enum", count);
        lists.push(vec![names.clone(), Wit::Angle("list", vec![Some(names)])]);
    }
    let deep = (0..14).fold(parse("u16"), |wit, _| Wit::Angle("option", vec![Some(wit)]));
    lists.push(vec![deep]);
    let deep = (0..40).fold(parse("u16"), |wit, _| Wit::Angle("option", vec![Some(wit)]));
    lists.push(vec![deep.clone(), Wit::Angle("list", vec![Some(deep)])]);
    for (at, wits) in lists.iter().enumerate() {
        compare_arguments(&mut rng, &engines()[at % 2], wits, 4);
    }
}

/// What a guest has in its memory may be anything.
#[test]
fn the_same_comes_of_whatever_a_guest_returns() {
    let mut rng = Rng::from_seed(10);
    let (mut good, mut bad) = (0, 0);
    for at in 0..300 {
        let wit = some_wit(&mut rng, at % 4);
        let ty = wit::types(&wit::engine(), std::slice::from_ref(&wit)).remove(0);
        // Small numbers, for the most part: addresses of this memory, lengths and cases.
        let data: Vec<u8> = (0..64)
            .flat_map(|_| {
                let number = match rng.below(4) {
                    0 | 1 => rng.below(3) as u32,
                    2 => 4 * rng.below(64) as u32,
                    _ => rng.next() as u32 >> rng.below(32),
                };
                number.to_le_bytes()
            })
            .collect();
        let core = match rng.below(3) {
            0 => rng.next() >> rng.below(64),
            1 => 8 * rng.below(16) as u64,
            _ => rng.below(3) as u64,
        };
        let text = returns(&wit, &ty, core, &data, "");
        match compare(&engines()[at % 2], &text, "get", &[]) {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        }
    }
    assert!(good > 60 && bad > 60, "{good} {bad}");
}

#[test]
fn what_no_value_is_made_of_is_refused_with_the_same_words() {
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect::<Vec<_>>()
    };
    let beyond = 2 << 16;
    for (wit, core, data, why) in [
        (
            "string",
            beyond - 4,
            vec![],
            "pointer out of bounds of memory",
        ),
        (
            "string",
            u32::MAX - 3,
            vec![],
            "pointer out of bounds of memory",
        ),
        ("string", 2, vec![], "return pointer not aligned"),
        (
            "string",
            0,
            words(&[beyond, 1]),
            "string pointer/length out of bounds",
        ),
        (
            "string",
            0,
            words(&[u32::MAX, u32::MAX]),
            "string pointer/length out of bounds",
        ),
        ("string", 0, words(&[8, 1, 0xff]), "invalid utf-8"),
        (
            "list<u32>",
            0,
            words(&[2, 1]),
            "list pointer is not aligned",
        ),
        (
            "list<u32>",
            0,
            words(&[beyond - 4, 2]),
            "list pointer/length out of bounds",
        ),
        (
            "list<u64>",
            0,
            words(&[8, u32::MAX]),
            "list pointer/length out of bounds",
        ),
        (
            "list<u8>",
            0,
            words(&[1, beyond]),
            "list pointer/length out of bounds",
        ),
        (
            "map<u16, u8>",
            0,
            words(&[1, 1]),
            "map pointer is not aligned",
        ),
        (
            "map<u16, u8>",
            0,
            words(&[8, beyond]),
            "map pointer/length out of bounds",
        ),
        ("char", 0xd800, vec![], "out of range"),
        ("char", 0x11_0000, vec![], "out of range"),
        ("tuple<char, u8>", 0, words(&[0xdfff]), "out of range"),
        (
            "enum { a, b }",
            2,
            vec![],
            "discriminant 2 out of range [0..2)",
        ),
        // On the stack there are 32 bits of it.
        (
            "enum { a, b }",
            256,
            vec![],
            "discriminant 256 out of range [0..2)",
        ),
        ("result", 2, vec![], "discriminant 2 out of range [0..2)"),
        (
            "option<u8>",
            0,
            vec![2],
            "discriminant 2 out of range [0..2)",
        ),
        (
            "variant { a, b(u64) }",
            0,
            vec![2],
            "discriminant 2 out of range [0..2)",
        ),
        (
            "result<u8, string>",
            0,
            words(&[1, 0, u32::MAX]),
            "string pointer/length out of bounds",
        ),
    ] {
        let wit = parse(wit);
        let ty = wit::types(&wit::engine(), std::slice::from_ref(&wit)).remove(0);
        for engine in engines() {
            let text = returns(&wit, &ty, core.into(), &data, "");
            let error = compare(&engine, &text, "get", &[]).expect_err(why);
            assert!(error.contains(why), "{wit}: {error}");
        }
    }
}

#[test]
fn a_core_value_has_bits_that_do_not_count() {
    for (wit, core, cbor) in [
        ("bool", 0x100, "81f5"),
        ("u8", 0x1ff, "8118ff"),
        ("s8", 0xff, "8120"),
        ("s16", 0xffff_0001, "8101"),
        ("flags { a, b }", 0xff, "8103"),
        ("list<u8, 1>", 0x107, "814107"),
        ("tuple<enum { a, b }>", 1, "818101"),
        ("record { a: list<bool, 1> }", 0x200, "818181f5"),
        ("f32", 0x7fc0_0001, "81fa7fc00000"),
        ("f64", u64::MAX, "81fb7ff8000000000000"),
        ("s64", u64::MAX, "8120"),
        ("result", 1, "818101"),
        ("variant { a, b, c }", 2, "818102"),
    ] {
        let wit = parse(wit);
        let ty = wit::types(&wit::engine(), std::slice::from_ref(&wit)).remove(0);
        let text = returns(&wit, &ty, core, &[], "");
        let (found, failed) = compare(&engines()[0], &text, "get", &[]).expect("a value");
        let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, cbor, "{wit}");
        assert_eq!(failed, wit.to_string() == "result", "{wit}");
    }
}

#[test]
fn other_encodings_of_texts_are_read() {
    let ty = wit::ty("string");
    let text: Vec<u8> = [8_u32, 3]
        .iter()
        .flat_map(|word| word.to_le_bytes())
        .collect();
    let utf16 = [text.as_slice(), &[b'h', 0, 0xe9, 0, 0xac, 0x20]].concat();
    let latin1 = [text.as_slice(), &[b'h', 0xe9, b'!']].concat();
    for (encoding, data, expected) in [
        ("string-encoding=utf16", utf16, "hé€"),
        ("string-encoding=latin1+utf16", latin1, "hé!"),
    ] {
        let text = returns(&parse("string"), &ty, 0, &data, encoding);
        let (found, _) = compare(&engines()[0], &text, "get", &[]).expect("a text");
        assert_eq!(&found[2..], expected.as_bytes());
        let shows = shows(
            &[parse("string"), parse("list<string>")],
            &[ty.clone(), wit::ty("list<string>")],
        );
        let lift = r#"(canon lift (core func $i "show")"#;
        let shows = shows.replace(lift, &format!("{lift} {encoding}"));
        let texts = ["", "plain", "hé", "🦀€"].map(|text| Val::String(text.into()));
        for text in &texts {
            let vals = [text.clone(), Val::List(texts.to_vec())];
            compare(&engines()[1], &shows, "show", &vals).expect("texts in any encoding");
        }
    }
}

/// A list of lists that are all the same memory: what a guest hands out is more than it has.
#[test]
fn what_is_read_again_and_again_is_paid_for() {
    let lists: Vec<u8> = (0..64).flat_map(|_| [0, 16, 0, 0, 0, 16, 0, 0]).collect();
    for (wit, count) in [
        ("list<list<u8>>", 64),
        ("list<list<bool>>", 64),
        ("list<list<option<u8>>>", 64),
        ("list<map<u8, u8>>", 64),
        ("list<string>", 64),
        ("list<tuple<list<u16>>>", 64),
        ("list<u8>", 100_000),
        ("list<u16>", 50_000),
    ] {
        let wit = parse(wit);
        let ty = wit::types(&wit::engine(), std::slice::from_ref(&wit)).remove(0);
        let mut data = lists.clone();
        data[8 * 32..8 * 33].copy_from_slice(&[0; 8]);
        data[8 * 32 + 4..8 * 33].copy_from_slice(&u32::to_le_bytes(count));
        let text = returns(&wit, &ty, 8 * 32, &data, "");
        for (fuel, enough) in [(1 << 30, true), (40_000, false)] {
            let (mut store, func) = instantiate(&engines()[0], &text, "get");
            store.set_hostcall_fuel(fuel);
            match directly(&mut store, &func, &[]) {
                Ok((result, _)) => assert!(enough && result.len() > 40_000, "{wit}"),
                Err(why) => assert!(
                    !enough && why.ends_with("has been exhausted"),
                    "{wit}: {why}"
                ),
            }
        }
    }
}

#[test]
fn bad_arguments_do_not_reach_the_guest() {
    let text = format!(
        r#"(component (core module $m {MEMORY} (func (export "f") (param i32 i32 i32 i32) unreachable))
        (core instance $i (instantiate $m))
        (func (export "f") (param "name" string) (param "body" (list u8))
            (canon lift (core func $i "f")
                (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#
    );
    let (mut store, func) = instantiate(&engines()[0], &text, "f");
    let (_, _, signature) = slots(&store, &func);
    for (arguments, error) in [
        (
            &[0x82, 0x61, b'a', 0x61, b'b'][..],
            "arguments: body: expected list<u8>, found a text of 1 bytes",
        ),
        (
            &[0x82, 0x41, b'a', 0x40],
            "arguments: name: expected string, found 1 bytes",
        ),
        (
            &[0x82, 0x61, 0xff, 0x40],
            "arguments: name: text is not UTF-8",
        ),
        (
            &[0x81, 0x61, b'a'],
            "arguments: value: expected 2 values, found an array of 1 items",
        ),
        (
            &[
                0x82, 0x61, b'a', 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ],
            "arguments: body: the input ends inside the value",
        ),
        (
            &[0x82, 0x60, 0x40, 0x00],
            "arguments: 1 bytes follow the value",
        ),
        (&[], "arguments: value: the input ends inside the value"),
    ] {
        let found = wait(signature.call(&func, &mut store, arguments.to_vec().into()));
        let found = found.expect_err(error);
        assert!(matches!(found, CallError::Arguments(_)));
        assert_eq!(found.to_string(), error);
    }
    // It is still alive.
    let found = wait(signature.call(&func, &mut store, vec![0x82, 0x60, 0x40].into()));
    assert!(matches!(found, Err(CallError::Call(_))));
}

#[test]
fn functions_with_handles_and_async_ones_go_another_way() {
    let engine = wit::engine();
    let text = format!(
        r#"(component
        (type $r' (resource (rep i32))) (export $r "r" (type $r'))
        (core module $m {MEMORY}
            (func (export "one") (param i32))
            (func (export "two") (param i32 i32))
            (func (export "none"))
            (func (export "go") (result i32) (i32.const 0))
            (func (export "came") (param i32 i32 i32) (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "stream") (param "a" (option (stream u8))) (canon lift (core func $i "two")))
        (func (export "plain") (canon lift (core func $i "none")))
        (func (export "own") (param "a" (own $r)) (canon lift (core func $i "one")))
        (func (export "async") async
            (canon lift (core func $i "go") async (callback (core func $i "came")))))"#
    );
    for name in ["stream", "own", "async"] {
        let (store, func) = instantiate(&engine, &text, name);
        assert!(Signature::of(&func.ty(&store)).is_none(), "{name}");
    }
    let (store, func) = instantiate(&engine, &text, "plain");
    let signature = Signature::of(&func.ty(&store)).expect("no handles");
    // Nobody is to do this, and it must not be more than an error.
    let (mut store, func) = instantiate(&engine, &text, "async");
    let found = wait(signature.call(&func, &mut store, vec![0x80].into()));
    assert!(matches!(found, Err(CallError::Call(_))), "{found:?}");
    let (mut store, func) = instantiate(&engine, &text, "own");
    let found = wait(signature.call(&func, &mut store, vec![0x80].into()));
    assert!(matches!(found, Err(CallError::Call(_))), "{found:?}");
}
