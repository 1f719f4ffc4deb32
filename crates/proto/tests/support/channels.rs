//! Channels: messages and streams to a receiver, and what its owner says to the sender.

use super::example::{Example, bare, down, item, up, with_reply};
use bytes::Bytes;
use proto::message::Credit;
use proto::{Body, Flags, Handle, Header};

/// The master sends here, to the slave.
const RECEIVER: Handle = Handle(1001);

/// And hears here what becomes of it.
const SENDER: Handle = Handle(1002);

pub fn all() -> Vec<Example> {
    let to_receiver = || with_reply(down(RECEIVER), SENDER);
    let credit = Credit {
        sender: SENDER,
        bytes: 131_072,
    };
    vec![
        item("channel-message", to_receiver(), "hello".to_owned()),
        bare("channel-end", to_receiver()),
        raw("stream-piece", to_receiver(), b"hello"),
        raw("stream-end", to_receiver(), b""),
        item("credit", up(Handle::CREDIT), credit),
    ]
}

fn raw(name: &'static str, header: Header, bytes: &'static [u8]) -> Example {
    let mut example = bare(name, header);
    example.header.flags = Flags::BULK;
    example.body = Body::raw(Flags::BULK, Bytes::from_static(bytes));
    example.check = Box::new(move |body| assert_eq!(body.bytes(), bytes));
    example
}
