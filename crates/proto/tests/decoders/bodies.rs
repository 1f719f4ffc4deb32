//! Bodies: CBOR that is not what was asked for, and compression that lies.

use bytes::Bytes;
use proto::message::{Call, Dead, GetResource, Hello, Level, LogRecord, Outcome, Welcome};
use proto::{Body, BodyError, Digest, Flags, Handle, Limits};
use serde::de::DeserializeOwned;

const LIMITS: Limits = Limits { max_body: 64 << 10 };

fn plain(bytes: &[u8]) -> Body {
    Body::raw(Flags::NONE, Bytes::copy_from_slice(bytes))
}

fn packed(bytes: &[u8]) -> Body {
    Body::raw(Flags::ZSTD, Bytes::copy_from_slice(bytes))
}

fn zstd(content: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(content, 1).expect("memory suffices")
}

/// One zstd frame that claims a length of eight bytes' width and has one block of `=` repeated.
fn claiming(len: u64, repeated: u32) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xe0];
    frame.extend_from_slice(&len.to_le_bytes());
    let block = repeated << 3 | 1 << 1 | 1;
    frame.extend_from_slice(&block.to_le_bytes()[..3]);
    frame.push(b'=');
    frame
}

/// Some message.
fn wanted() -> GetResource {
    GetResource {
        digest: Digest([1; 32]),
        to: Handle(1001),
    }
}

fn cbor_error<T: DeserializeOwned>(bytes: &[u8]) -> String {
    match plain(bytes).decode::<T>(LIMITS) {
        Err(BodyError::Cbor(text)) => text,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was accepted"),
    }
}

fn zstd_error(bytes: &[u8]) -> String {
    match packed(bytes).unpacked(LIMITS) {
        Err(BodyError::Zstd(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_after_the_message_are_an_error() {
    let message = wanted();
    let mut bytes = Body::new(&message).unwrap().bytes().to_vec();
    assert_eq!(plain(&bytes).decode(LIMITS), Ok(message.clone()));
    bytes.extend_from_slice(&[0, 0]);
    let body = plain(&bytes);
    assert_eq!(
        body.decode::<GetResource>(LIMITS),
        Err(BodyError::Trailing(2))
    );
    let (first, tail) = body.split::<GetResource>(LIMITS).unwrap();
    assert_eq!((first, &tail[..]), (message, &[0, 0][..]));
}

#[test]
fn every_prefix_of_a_message_ends_too_early() {
    let message = wanted();
    let bytes = Body::new(&message).unwrap().bytes().to_vec();
    for len in 0..bytes.len() {
        assert_eq!(
            cbor_error::<GetResource>(&bytes[..len]),
            "it ends too early"
        );
    }
}

#[test]
fn deep_nesting_is_refused_before_it_costs_the_stack() {
    // Nested arrays and maps where a message is expected, and in a field that nobody knows.
    for opener in [&[0x81][..], &[0xa1, 0x60], &[0x9f], &[0xbf, 0x60]] {
        let nest = opener.repeat(30_000);
        assert!(plain(&nest).decode::<Hello>(LIMITS).is_err());
        let mut unknown = vec![0xa1, 0x61, b'x'];
        unknown.extend_from_slice(&nest);
        assert_eq!(cbor_error::<Hello>(&unknown), "nested deeper than 64");
    }
    let tags = [0xc6].repeat(60_000);
    assert!(plain(&tags).decode::<Hello>(LIMITS).is_err());
}

#[test]
fn a_field_that_nobody_knows_is_skipped() {
    let known = Body::new(&wanted()).unwrap().bytes().to_vec();
    assert_eq!(known[0], 0xa2, "a map of 2");
    let unknown = [0xa3, 0x61, b'x', 0x82, 0x01, 0xf6];
    let bytes = [&unknown[..], &known[1..]].concat();
    assert_eq!(plain(&bytes).decode(LIMITS), Ok(wanted()));
}

#[test]
fn a_field_that_may_be_null_may_be_missing() {
    let mut record = LogRecord {
        module: None,
        level: Level::Warn,
        target: "stderr".to_owned(),
        text: "text".to_owned(),
    };
    let whole = Body::new(&record).unwrap().bytes().to_vec();
    // A map of 4 whose first field is `module: null`; a map of 3 without it.
    let field = b"\x66module\xf6";
    assert!(whole[1..].starts_with(field));
    let without = [&[0xa3][..], &whole[1 + field.len()..]].concat();
    assert_eq!(plain(&without).decode(LIMITS), Ok(record.clone()));
    // Not so one that may not be null.
    record.module = Some("calc".to_owned());
    assert_eq!(
        cbor_error::<LogRecord>(b"\xa1\x66module\xf6"),
        "missing field `level`"
    );
}

#[test]
fn texts_may_come_in_pieces_but_names_and_digests_may_not() {
    let record = |text: &[u8], level: &[u8], key: &[u8]| {
        let fields: [&[u8]; 6] = [b"\xa3", key, level, b"\x66target\x61t", b"\x64text", text];
        plain(&fields.concat()).decode::<LogRecord>(LIMITS)
    };
    let (key, level) = (b"\x65level", b"\x64warn");
    let whole = record(b"\x62hi", level, key).unwrap();
    assert_eq!(record(b"\x7f\x61h\x61i\xff", level, key), Ok(whole.clone()));
    // A longer head than is needed is still in one piece.
    assert_eq!(record(b"\x78\x02hi", level, key), Ok(whole));
    assert!(record(b"\x62hi", b"\x7f\x64warn\xff", key).is_err());
    assert!(record(b"\x62hi", level, b"\x7f\x65level\xff").is_err());
    let digest = |bytes: &[u8]| {
        let body = [b"\xa2\x62to\x01\x66digest", bytes].concat();
        plain(&body).decode::<GetResource>(LIMITS)
    };
    let bytes = [&b"\x58\x20"[..], &[1; 32]].concat();
    assert!(digest(&bytes).is_ok());
    assert!(digest(&[b"\x5f", &bytes[..], b"\xff"].concat()).is_err());
}

#[test]
fn an_alternative_and_what_it_holds_are_one_item() {
    let exited = plain(b"\xa1\x66exited\x03").decode(LIMITS);
    assert_eq!(exited, Ok(Outcome::Exited(3)));
    assert_eq!(
        plain(b"\x69cancelled").decode(LIMITS),
        Ok(Outcome::Cancelled)
    );
    // A sequence of two items, and a map that holds nothing or what nobody looked at.
    for bytes in [
        &b"\x66exited\x03"[..],
        b"\xa1\x69cancelled",
        b"\xa1\x69cancelled\x03",
        b"\xa2\x66reason\xa1\x64busy\x62at\x03",
    ] {
        assert!(
            plain(bytes).split::<Outcome>(LIMITS).is_err(),
            "{bytes:02x?}"
        );
        assert!(plain(bytes).split::<Dead>(LIMITS).is_err(), "{bytes:02x?}");
    }
}

#[test]
fn lengths_that_no_body_could_hold_take_no_memory() {
    let huge = [0xff; 8];
    for major in [0x5b, 0x7b, 0x9b, 0xbb] {
        let bytes = [&[major][..], &huge].concat();
        for head in [&[][..], &[0xa1, 0x66, b'd', b'i', b'g', b'e', b's', b't']] {
            let bytes = [head, &bytes].concat();
            assert!(plain(&bytes).decode::<GetResource>(LIMITS).is_err());
            assert!(plain(&bytes).decode::<LogRecord>(LIMITS).is_err());
            assert!(plain(&bytes).decode::<Outcome>(LIMITS).is_err());
        }
    }
    // A policy of four thousand million grants.
    let bytes = [&b"\xa1\x66policy\x9a"[..], &huge[..4]].concat();
    assert!(plain(&bytes).decode::<Call>(LIMITS).is_err());
}

#[test]
fn what_a_stranger_wrote_is_quoted_only_in_part() {
    let mut bytes = vec![0x79, 0x0f, 0xff];
    bytes.extend_from_slice(&[b'a'; 0xfff]);
    let text = cbor_error::<Outcome>(&bytes);
    assert!(text.starts_with("unknown variant `aaa"), "{text}");
    assert!(text.len() < 300, "{text}");
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(cbor_error::<Dead>(&[0xa0]), "missing field `reason`");
    assert_eq!(
        cbor_error::<Dead>(&[0xff]),
        "invalid type: break, expected map"
    );
    assert_eq!(cbor_error::<Welcome>(&[0xfe]), "no CBOR at byte 0");
    let short = cbor_error::<GetResource>(b"\xa1\x66digest\x41\x00");
    assert_eq!(short, "invalid length 1, expected a digest of 32 bytes");
}

#[test]
fn compression_pays_or_is_left_out() {
    let text = Body::new(&"=".repeat(1000)).unwrap();
    assert_eq!(text.clone().compressed(2000), text);
    let packed = text.clone().compressed(1000);
    assert_eq!(packed.flags(), Flags::ZSTD);
    assert!(packed.bytes().len() < 100);
    assert_eq!(packed.unpacked(LIMITS), text.unpacked(LIMITS));
    assert_eq!(packed.clone().compressed(0), packed);
    assert_eq!(packed.decode(LIMITS), Ok("=".repeat(1000)));

    let noise = plain(&[1, 2, 3]);
    assert_eq!(noise.clone().compressed(0), noise);
    let bulk = Body::raw(Flags::BULK, vec![0; 1000].into());
    assert_eq!(bulk.clone().compressed(0), bulk);
}

#[test]
fn a_bomb_is_refused_by_its_own_word() {
    let max = LIMITS.max_body;
    let too_large = Err(BodyError::TooLarge { max });
    for len in [u64::from(max) + 1, 1 << 40, u64::MAX - 2] {
        assert_eq!(packed(&claiming(len, 10)).unpacked(LIMITS), too_large);
    }
    let bomb = zstd(&vec![0; 16 << 20]);
    assert!(bomb.len() < 2000);
    assert_eq!(packed(&bomb).unpacked(LIMITS), too_large);
    let most = zstd(&vec![0; max as usize]);
    assert_eq!(packed(&most).unpacked(LIMITS).unwrap().len(), max as usize);
}

#[test]
fn a_body_over_the_limit_is_refused_without_compression_too() {
    let max = LIMITS.max_body;
    let most = plain(&vec![0; max as usize]);
    assert!(most.unpacked(LIMITS).is_ok());
    let more = plain(&vec![0; max as usize + 1]);
    assert_eq!(more.unpacked(LIMITS), Err(BodyError::TooLarge { max }));
}

#[test]
fn a_content_of_another_length_than_claimed_is_refused() {
    assert_eq!(
        packed(&claiming(10, 10)).unpacked(LIMITS).unwrap(),
        "=========="
    );
    for (len, repeated) in [(9, 10), (11, 10), (0, 10), (60_000, 10), (10, 60_000)] {
        zstd_error(&claiming(len, repeated));
    }
}

#[test]
fn a_length_that_is_not_given_is_refused() {
    let mut stream = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    std::io::Write::write_all(&mut stream, b"content").unwrap();
    let frame = stream.finish().unwrap();
    assert_eq!(zstd_error(&frame), "its length is not given");
}

#[test]
fn only_one_whole_zstd_frame_will_do() {
    let frame = zstd(b"content");
    for len in 0..frame.len() {
        zstd_error(&frame[..len]);
    }
    let whole = "not exactly one zstd frame";
    assert_eq!(zstd_error(&[&frame[..], &frame].concat()), whole);
    assert_eq!(zstd_error(&[&frame[..], &[0]].concat()), whole);
    // A frame that decoders skip, behind and alone.
    let skipped = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9];
    assert_eq!(zstd_error(&[&frame[..], &skipped].concat()), whole);
    assert_eq!(packed(&skipped).unpacked(LIMITS), Ok(Bytes::new()));
    assert_eq!(zstd_error(b"no zstd at all"), "not a zstd frame");
}

#[test]
fn an_outcome_has_a_value_behind_it_only_where_one_belongs() {
    let value = Bytes::from_static(&[0x80]);
    let mut returned = Outcome::Returned(Bytes::new());
    assert!(returned.set_tail(value.clone()));
    assert_eq!(returned.tail(), [0x80]);
    assert!(Outcome::Cancelled.set_tail(Bytes::new()));
    assert!(!Outcome::Cancelled.set_tail(value));
}

#[derive(serde::Deserialize, PartialEq, Debug)]
struct Optional {
    a: Option<u32>,
}

fn optional(bytes: &[u8]) -> Result<Optional, BodyError> {
    plain(bytes).decode(LIMITS)
}

#[test]
fn a_tag_is_passed_over_and_belongs_to_an_item() {
    // {"a": 0(null)} and {"a": 0(7)}
    let none = optional(b"\xa1\x61a\xc0\xf6").expect("a tagged null");
    assert_eq!(none, Optional { a: None });
    let some = optional(b"\xa1\x61a\xc0\x07").expect("a tagged number");
    assert_eq!(some, Optional { a: Some(7) });
    // {"a": 7, "x": [_ 1(3)]}, and the same with nothing behind the tag.
    assert!(optional(b"\xa2\x61a\x07\x61x\x9f\xc1\x03\xff").is_ok());
    assert!(optional(b"\xa2\x61a\x07\x61x\x9f\xc1\xff").is_err());
}
