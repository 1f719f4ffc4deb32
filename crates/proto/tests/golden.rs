//! The messages of this crate and the bytes of `docs/PROTOCOL.md` are the same, both ways.

#[path = "support/messages.rs"]
mod messages;
#[path = "support/vectors.rs"]
mod vectors;

use messages::Example;
use proto::{Body, Frame, FrameDecoder, Limits};
use std::collections::BTreeSet;

#[test]
fn every_example_of_the_document_is_a_message_here_and_the_other_way_round() {
    let documented: Vec<_> = vectors::read().into_iter().map(|(name, _)| name).collect();
    let unique: BTreeSet<_> = documented.iter().cloned().collect();
    assert_eq!(unique.len(), documented.len(), "an example occurs twice");
    let known: BTreeSet<_> = messages::all()
        .iter()
        .map(|it| it.name.to_owned())
        .collect();
    assert_eq!(unique, known);
}

#[test]
fn messages_encode_to_the_documented_bytes() {
    for (name, bytes) in vectors::read() {
        let example = messages::named(&name);
        // Compressors differ; what one of them made is only read.
        if example.decode_only {
            continue;
        }
        assert_eq!(hex(&encode(&example)), hex(&bytes), "{name}");
    }
}

#[test]
fn documented_bytes_decode_to_their_messages() {
    for (name, bytes) in vectors::read() {
        let example = messages::named(&name);
        let mut decoder = FrameDecoder::new(Limits::default());
        decoder.push(&bytes);
        let frame = decoder
            .next_frame()
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .unwrap_or_else(|| panic!("{name} is incomplete"));
        assert_eq!(decoder.finish(), Ok(()), "{name} is longer than one frame");
        assert_eq!(frame.header, example.header, "{name}");
        (example.check)(&Body::raw(frame.header.flags, frame.body));
    }
}

fn encode(example: &Example) -> Vec<u8> {
    let frame = Frame {
        header: example.header,
        body: example.body.bytes().clone(),
    };
    [&frame.encode_header()[..], &frame.body].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
