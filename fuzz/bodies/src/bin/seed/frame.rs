//! Streams: the examples alone and together, whole and in pieces, and headers that are none.

use super::{Seed, vectors};
use fuzz_bodies::EXTRA;

pub fn seeds() -> Vec<Seed> {
    let golden = vectors::read();
    // One of each shape of header and body; the others differ only in what `body` tries.
    let shapes = [
        "hello",
        "welcome",
        "call",
        "cancel",
        "outcome-returned",
        "dead-closed",
        "get-module",
        "load-module-found",
        "stream-piece",
        "stream-end",
        "zstd",
        "ping",
        "shutdown",
    ];
    let mut seeds: Vec<_> = golden
        .iter()
        .filter(|(name, _)| shapes.contains(&name.as_str()))
        .map(|(name, bytes)| (format!("golden-{name}"), input(0, &[], bytes)))
        .collect();
    assert_eq!(seeds.len(), shapes.len(), "an example was renamed");

    let ping = example(&golden, "ping");
    let log = example(&golden, "log");
    let call = example(&golden, "call");
    let several = [ping, log, ping, call].concat();
    for (name, cuts) in [
        ("whole", &[][..]),
        ("bytes", &[1]),
        ("headers", &[28, 1, 255]),
        ("pieces", &[3, 7, 27, 29]),
    ] {
        seeds.push((format!("several-{name}"), input(0, cuts, &several)));
    }
    seeds.push(("long".to_owned(), input(EXTRA, &[255, 1], ping)));

    for (name, at, byte) in [
        ("magic", 0, b'z'),
        ("version", 2, 2),
        ("flags", 3, 3),
        ("unknown-flags", 3, 0x80),
        ("too-large", 24, 0xff),
        ("just-too-large", 25, 1),
        ("longer", 27, 200),
    ] {
        let mut damaged = [log, ping].concat();
        damaged[at] = byte;
        seeds.push((format!("damaged-{name}"), input(0, &[40], &damaged)));
    }
    // At the end of a stream, too: what is shorter than a header, and what a dying shell says.
    for (name, stream) in [
        ("nothing", &b""[..]),
        ("header", &ping[..27]),
        ("body", &log[..log.len() - 1]),
        ("first", b"Z"),
        ("words", b"Killed\n"),
    ] {
        seeds.push((format!("ends-in-{name}"), input(0, &[], stream)));
        let behind = [ping, stream].concat();
        seeds.push((format!("then-ends-in-{name}"), input(0, &[5], &behind)));
    }
    seeds
}

fn example<'a>(golden: &'a [Seed], wanted: &str) -> &'a [u8] {
    let found = golden.iter().find(|(name, _)| name == wanted);
    let (_, bytes) = found.unwrap_or_else(|| panic!("no example {wanted}"));
    bytes
}

/// As `frame` and `greeting` take a stream apart.
pub fn input(extra: u8, cuts: &[u8], stream: &[u8]) -> Vec<u8> {
    assert!(cuts.len() <= usize::from(fuzz_bodies::MOST_CUTS));
    [&[extra | cuts.len() as u8], cuts, stream].concat()
}
