//! Bodies: those of the examples, of policies, and CBOR and compression that lie.

use super::{Seed, vectors};
use bytes::Bytes;
use fuzz_bodies::{ZSTD, kind_for};
use proto::message::{CallImport, ReceiveMessage, Refusal, Secret};
use proto::policy::Grant;
use proto::{Body, Digest, HEADER_LEN, Policy};
use serde::Serialize;

pub fn seeds() -> Vec<Seed> {
    let mut seeds = Vec::new();
    for (name, frame) in vectors::read() {
        let body = &frame[HEADER_LEN..];
        // The kind that this one contains: a record of a log.
        let kind = match name.as_str() {
            "zstd" => kind_for("log").map(|kind| kind | ZSTD),
            other => kind_for(other),
        };
        // Others have no body, or raw bytes.
        if let Some(kind) = kind {
            seeds.push((format!("golden-{name}"), [&[kind], body].concat()));
        }
    }
    seeds.extend(policies());
    seeds.extend(asked());
    seeds.extend(lies());
    seeds.extend(compressed());
    seeds
}

/// What guests ask for.
fn asked() -> Vec<Seed> {
    let import = CallImport {
        ticket: 6,
        interface: "acme:stock/lookup@1.0.0".to_owned(),
        function: "count".to_owned(),
        arguments: Bytes::from_static(&[0x81, 0x07]),
    };
    let receive = ReceiveMessage {
        ticket: 6,
        channel: "join".to_owned(),
        wait_ms: Some(50),
    };
    let refusal = Refusal::Denied("the call is over".to_owned());
    vec![
        ("import".to_owned(), encoded("guests-import", &import)),
        ("receive".to_owned(), encoded("guests-receive", &receive)),
        ("refusal".to_owned(), encoded("guests-refusal", &refusal)),
    ]
}

fn policies() -> Vec<Seed> {
    let grants: Vec<Grant> = [
        "read:/etc/hosts",
        "write:/srv/app",
        "exec:-C /srv LANG=C make 'a b' * <*",
        "env:LANG=C",
        "net:[fe80::1%2]:80",
        "net:db-1.internal:5432",
        "system",
    ]
    .iter()
    .map(|text| text.parse().expect("a grant"))
    .chain([
        Grant::Source(Digest([0xcd; 32])),
        Grant::Secret("token".to_owned(), Secret("hunter2".to_owned())),
    ])
    .collect();
    let exec = match &grants[2] {
        Grant::Exec(exec) => encoded("exec", exec),
        other => panic!("{other} is no command"),
    };
    let mut seeds = vec![
        ("exec".to_owned(), exec),
        ("grant-exec".to_owned(), encoded("grant", &grants[2])),
        ("grant-net".to_owned(), encoded("grant", &grants[4])),
        (
            "limits".to_owned(),
            encoded("limits", &proto::CallLimits::default()),
        ),
        ("policy".to_owned(), encoded("policy", &Policy { grants })),
    ];
    for (name, text) in [
        ("exec", r#"exec:-C "/srv" it\'s 'a b' "" * <*"#),
        ("net", "net:[fe80::1%2]:80"),
        ("read", "read:/srv//app/./x y/"),
        ("open-quote", "exec:make 'all"),
        ("up", "write:/srv/../etc"),
    ] {
        seeds.push((format!("text-{name}"), input("text", text.as_bytes())));
    }
    seeds
}

/// CBOR that is not what is wanted.
fn lies() -> Vec<Seed> {
    let nest = |opener: &[u8]| [b"\xa1\x61x", opener.repeat(100).as_slice()].concat();
    let mut deep = b"\xa2\x61x".to_vec();
    deep.extend([0x81; 62]);
    deep.push(0xf6);
    deep.extend(b"\x66digest\x58\x20");
    deep.extend([1; 32]);
    [
        ("deep-arrays", "hello", nest(&[0x81])),
        ("deep-open-maps", "hello", nest(&[0xbf, 0x60])),
        ("deep-tags", "hello", nest(&[0xc6])),
        ("deepest-unknown-field", "get-resource", deep),
        (
            "huge-text",
            "log",
            b"\xa1\x64text\x7b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        (
            "huge-list",
            "policy",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        (
            "huge-digest",
            "get-resource",
            b"\xa1\x66digest\x5a\xff\xff\xff\xff".to_vec(),
        ),
        (
            "short-digest",
            "get-resource",
            b"\xa1\x66digest\x41\x00".to_vec(),
        ),
        (
            "text-in-pieces",
            "log",
            b"\xa3\x65level\x64warn\x66target\x61t\x64text\x7f\x61h\x61i\xff".to_vec(),
        ),
        ("twice", "dead", b"\xa2\x62at\x00\x62at\x00".to_vec()),
        ("unknown-case", "outcome", b"\x65other".to_vec()),
        ("name-and-item", "outcome", b"\x66exited\x03".to_vec()),
        ("no-fields", "dead", b"\xa0".to_vec()),
        ("break", "welcome", b"\xff".to_vec()),
        ("reserved", "outcome", b"\x1c".to_vec()),
        (
            "tail-without-value",
            "outcome",
            b"\x69cancelled\x80".to_vec(),
        ),
    ]
    .map(|(name, kind, bytes)| (format!("lie-{name}"), input(kind, &bytes)))
    .to_vec()
}

fn compressed() -> Vec<Seed> {
    let policy = Policy {
        grants: vec![Grant::System; 200],
    };
    let packed = Body::new(&policy).expect("it can be encoded").compressed(0);
    let whole = packed.bytes();
    let mut seeds = Vec::new();
    for (name, bytes) in [
        ("whole", whole.to_vec()),
        ("cut", whole[..whole.len() - 1].to_vec()),
        ("twice", whole.repeat(2)),
        ("bomb", claiming(1 << 40)),
        ("short", claiming(9)),
        ("skipped", b"\x50\x2a\x4d\x18\x01\x00\x00\x00\x09".to_vec()),
    ] {
        let mut input = input("policy", &bytes);
        input[0] |= ZSTD;
        seeds.push((format!("zstd-{name}"), input));
    }
    seeds
}

/// A zstd frame that claims a length, and holds the byte `=` ten times.
fn claiming(len: u64) -> Vec<u8> {
    let block = 10u32 << 3 | 1 << 1 | 1;
    let mut frame = b"\x28\xb5\x2f\xfd\xe0".to_vec();
    frame.extend(len.to_le_bytes());
    frame.extend(&block.to_le_bytes()[..3]);
    frame.push(b'=');
    frame
}

fn encoded<T: Serialize>(kind: &str, item: &T) -> Vec<u8> {
    input(kind, Body::new(item).expect("it can be encoded").bytes())
}

fn input(kind: &str, bytes: &[u8]) -> Vec<u8> {
    let kind = kind_for(kind).unwrap_or_else(|| panic!("no kind {kind}"));
    [&[kind], bytes].concat()
}
