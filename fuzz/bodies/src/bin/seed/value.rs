//! Values: the examples of `docs/VALUES.md`, the bytes that it accepts besides, and those that it refuses.

use super::Seed;
use super::table::{hex, rows};
use fuzz_bodies::{ALLOWANCES, number_of};
use std::collections::BTreeSet;

/// So many of those that are refused: the first of their kinds.
const REFUSED: usize = 8;

pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    // One example for each type is enough: a fuzzer finds the others.
    let mut seen = BTreeSet::new();
    for row in rows("Examples, byte for byte") {
        let (number, bytes) = typed(&row);
        if seen.insert(number) {
            seeds.push((format!("example-{number:03}"), input(number, 0, &bytes)));
        }
    }
    for (at, row) in rows("Bytes that are accepted besides").iter().enumerate() {
        let (number, bytes) = typed(row);
        seeds.push((format!("accepted-{at:02}"), input(number, 0, &bytes)));
    }
    let refused: Vec<_> = rows("Bytes that are refused")
        .iter()
        .map(|row| typed(row))
        .collect();
    let mut seen = BTreeSet::new();
    let firsts = refused.iter().filter(|(number, _)| seen.insert(*number));
    for (at, (number, bytes)) in firsts.take(REFUSED).enumerate() {
        seeds.push((format!("refused-{at:02}"), input(*number, 0, bytes)));
    }
    // What takes more than it may, in each way that there is to take something.
    for (name, wit, bytes) in [
        (
            "elements",
            "list<bool>",
            [&[0x98, 200][..], &[0xf5; 200]].concat(),
        ),
        ("text", "string", [&[0x78, 200][..], &[b'x'; 200]].concat()),
        (
            "entries",
            "map<string, u32>",
            [&[0xb8, 30][..], &b"\x61k\x01".repeat(30)].concat(),
        ),
        (
            "boxes",
            "option<option<option<bool>>>",
            b"\x81\x81\x81\xf5".to_vec(),
        ),
    ] {
        let number = number(wit);
        for allowance in [1, 2] {
            let name = format!("{name}-{}", ALLOWANCES[usize::from(allowance)]);
            seeds.push((name, input(number, allowance, &bytes)));
        }
    }
    seeds
}

fn typed(row: &[Option<String>]) -> (u8, Vec<u8>) {
    let [Some(wit), Some(digits), ..] = row else {
        panic!("{row:?} needs a type and bytes");
    };
    (number(wit), hex(digits))
}

pub fn number(wit: &str) -> u8 {
    number_of(wit).unwrap_or_else(|| panic!("`{wit}` is not among the types that are tried"))
}

fn input(number: u8, allowance: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number, allowance], bytes].concat()
}
