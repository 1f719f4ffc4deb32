//! The types whose values are tried: every kind of type there is, nested ones, and those of `docs/VALUES.md`.

use crate::random::{self, Rng};
use crate::wit;
use std::sync::LazyLock;
use wasmtime::component::Type;

/// By name. Numbers in corpora are places in this list: append to it.
const WRITTEN: &[&str] = &[
    "bool",
    "u8",
    "s8",
    "u16",
    "s16",
    "u32",
    "s32",
    "u64",
    "s64",
    "f32",
    "f64",
    "char",
    "string",
    "list<u8>",
    "list<u8, 3>",
    "list<s8>",
    "list<string>",
    "list<u16, 2>",
    "list<list<u8>>",
    "list<bool>",
    "tuple<u8, string>",
    "tuple<u8, u8>",
    "record { path: string, mode: option<u32> }",
    "record { timeout-ms: option<u64> }",
    "record { shapes: list<record { radius: f64 }> }",
    "variant { circle(f64), point(tuple<s32, s32>), empty }",
    "variant { circle(f64), empty }",
    "variant { at(option<u32>), none }",
    "enum { check, apply }",
    "enum { ok, not-found }",
    "option<u32>",
    "option<option<u32>>",
    "option<option<option<bool>>>",
    "result<u32, string>",
    "result<_, string>",
    "result<u32>",
    "result",
    "result<option<u32>, option<string>>",
    "flags { exec, read, write }",
    "flags { read, write, exec }",
    "map<string, u32>",
    "map<u16, string>",
    "own<resource>",
    "record { body: list<stream<u8>> }",
    "future<string>",
    "error-context",
    "map<string, list<map<char, option<f32>>>>",
    "list<tuple<list<tuple<list<variant { a(list<string>), b }>>>>>",
    "option<list<u8>>",
    "result<list<u8>, result<string, u8>>",
    "map<tuple<u8, u8>, bool>",
    "list<f64>",
    "list<list<list<list<list<list<list<list<u8>>>>>>>>",
    "flags { a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, \
     b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15 }",
];

/// So many more are made, always the same ones.
const RANDOM: usize = 40;

/// The seed of the random ones.
const SEED: u64 = 48;

static TYPES: LazyLock<Vec<Type>> = LazyLock::new(|| {
    let mut rng = Rng(SEED);
    let written = WRITTEN.iter().map(|text| wit::parse(text));
    // Compiling a huge type takes time and proves nothing.
    let random = std::iter::repeat_with(|| random::wit(&mut rng, 4))
        .filter(|wit| (40..1000).contains(&wit.to_string().len()))
        .take(RANDOM);
    let wits: Vec<_> = written.chain(random).collect();
    wit::types(&wit::engine(), &wits)
});

/// The type with this number; numbers beyond the last begin anew.
pub(crate) fn numbered(number: u8) -> &'static Type {
    &TYPES[usize::from(number) % TYPES.len()]
}

/// The number of the type that WIT writes so.
#[must_use]
pub fn number_of(wit: &str) -> Option<u8> {
    let at = WRITTEN.iter().position(|text| *text == wit);
    at.map(|at| at as u8)
}

#[cfg(test)]
mod tests {
    use super::{RANDOM, TYPES, WRITTEN};
    use runtime::value::describe;

    #[test]
    fn a_byte_can_name_each() {
        assert_eq!(TYPES.len(), WRITTEN.len() + RANDOM);
        assert!(TYPES.len() <= 256);
    }

    #[test]
    fn every_kind_of_type_is_there() {
        let all: Vec<_> = TYPES.iter().map(describe).collect();
        let kinds = "bool s8 s16 s32 s64 u8 u16 u32 u64 f32 f64 char string error-context";
        let plain = kinds
            .split(' ')
            .filter(|kind| !all.iter().any(|ty| ty == kind));
        assert_eq!(plain.collect::<Vec<_>>(), [""; 0]);
        let kinds = "list tuple record variant enum option result flags map own future stream";
        let made = kinds.split(' ').filter(|kind| {
            let part = [format!("{kind}<"), format!("{kind} {{")];
            !all.iter()
                .any(|ty| part.iter().any(|part| ty.contains(part)))
        });
        assert_eq!(made.collect::<Vec<_>>(), [""; 0]);
    }
}
