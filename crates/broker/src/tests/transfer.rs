//! Content that comes in pieces, and pieces that are none.

use crate::transfer::{ContentError, Incoming, MAX_CONTENT};
use bytes::Bytes;
use proto::message::Transfer;
use proto::{ContextId, Digest};

const PARENT: ContextId = ContextId(0);

fn transfer(number: u32, packed_len: u64, len: u64) -> Transfer {
    Transfer {
        number,
        packed_len,
        len,
        digest: Digest([1; 32]),
    }
}

fn refusal(transfer: Transfer) -> ContentError {
    let refused = Incoming::default().announce(PARENT, transfer, "about");
    let (error, about) = refused.expect_err("it is refused");
    assert_eq!(about, "about");
    error
}

#[test]
fn content_is_complete_with_its_last_byte() {
    let content = b"hello hello hello hello hello";
    let packed = Bytes::from(zstd::bulk::compress(content, 1).unwrap());
    let mut incoming = Incoming::default();
    let announced = transfer(1000, packed.len() as u64, content.len() as u64);
    incoming
        .announce(PARENT, announced.clone(), "about")
        .unwrap();
    for at in 0..packed.len() - 1 {
        let chunk = incoming.chunk(PARENT, 1000, &packed.slice(at..=at));
        assert!(chunk.unwrap().is_none());
    }
    let last = incoming.chunk(PARENT, 1000, &packed.slice(packed.len() - 1..));
    let complete = last.unwrap().expect("it is complete");
    assert_eq!((&complete.transfer, complete.about), (&announced, "about"));
    assert_eq!(complete.packed, packed);
    assert_eq!(complete.unpack(), Ok(Bytes::from_static(content)));
    // What comes now belongs to nothing.
    assert!(incoming.chunk(PARENT, 1000, &packed).unwrap().is_none());
}

#[test]
fn transfers_of_one_number_from_two_contexts_are_two() {
    let mut incoming = Incoming::default();
    let other = ContextId(5);
    incoming
        .announce(PARENT, transfer(1000, 2, 1), 'a')
        .unwrap();
    incoming.announce(other, transfer(1000, 2, 1), 'b').unwrap();
    incoming.announce(other, transfer(1001, 2, 1), 'c').unwrap();
    let mut chunk = |src, number| {
        let done = incoming.chunk(src, number, &Bytes::from_static(b"x"));
        done.unwrap().map(|complete| complete.about)
    };
    assert_eq!(chunk(PARENT, 1000), None);
    assert_eq!(chunk(other, 1001), None);
    assert_eq!(chunk(other, 1000), None);
    assert_eq!(chunk(other, 1000), Some('b'));
    assert_eq!(chunk(other, 1001), Some('c'));
    assert_eq!(chunk(PARENT, 1000), Some('a'));
}

#[test]
fn an_announcement_that_cannot_be_kept_is_refused() {
    let most = MAX_CONTENT;
    assert_eq!(
        refusal(transfer(1000, 1, most + 1)),
        ContentError::TooLarge(most + 1)
    );
    assert_eq!(
        refusal(transfer(1000, u64::MAX, 1)),
        ContentError::TooLarge(u64::MAX)
    );
    // No frame would ever come to complete it.
    assert_eq!(refusal(transfer(1000, 0, 0)), ContentError::Nothing);
}

#[test]
fn there_is_an_end_to_what_is_announced() {
    let mut incoming = Incoming::default();
    let mut number = 1000;
    let refused = loop {
        match incoming.announce(PARENT, transfer(number, 1, 1), ()) {
            Ok(()) => number += 1,
            Err((error, ())) => break error,
        }
    };
    assert_eq!((refused, number), (ContentError::TooMany, 2024));
    let byte = Bytes::from_static(b"x");
    assert!(incoming.chunk(PARENT, 1000, &byte).unwrap().is_some());
    assert_eq!(incoming.announce(PARENT, transfer(9999, 1, 1), ()), Ok(()));
}

#[test]
fn more_than_was_announced_is_an_error_and_ends_the_transfer() {
    let mut incoming = Incoming::default();
    incoming
        .announce(PARENT, transfer(1000, 3, 3), "about")
        .unwrap();
    let chunk = Bytes::from_static(b"1234");
    let error = incoming
        .chunk(PARENT, 1000, &chunk)
        .expect_err("it is too long");
    assert_eq!(error, (ContentError::TooLong, "about"));
    assert!(incoming.chunk(PARENT, 1000, &chunk).unwrap().is_none());
}

#[test]
fn content_of_another_length_than_announced_is_refused() {
    let packed = Bytes::from(zstd::bulk::compress(b"hello", 1).unwrap());
    for (len, bytes) in [
        (4, &packed),
        (6, &packed),
        (5, &Bytes::from_static(b"noise")),
    ] {
        let mut incoming = Incoming::default();
        let announced = transfer(1000, bytes.len() as u64, len);
        incoming.announce(PARENT, announced, ()).unwrap();
        let complete = incoming.chunk(PARENT, 1000, bytes).unwrap().unwrap();
        assert!(matches!(complete.unpack(), Err(ContentError::Packed(_))));
    }
}
