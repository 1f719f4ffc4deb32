//! An example of a message, and short ways to make one.

use proto::{Body, ContextId, Flags, Handle, Header, Limits};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

pub const MASTER: ContextId = ContextId::MASTER;
pub const SLAVE: ContextId = ContextId(3);

/// A frame with a name, and with what it must decode to.
pub struct Example {
    pub name: &'static str,
    pub header: Header,
    pub body: Body,
    pub decode_only: bool,
    pub check: Box<dyn Fn(&Body)>,
}

pub fn header(src: ContextId, dst: ContextId, handle: Handle) -> Header {
    Header {
        flags: Flags::NONE,
        dst,
        src,
        auth: src,
        handle,
        reply_to: Handle::NONE,
    }
}

pub fn up(handle: Handle) -> Header {
    header(SLAVE, MASTER, handle)
}

pub fn down(handle: Handle) -> Header {
    header(MASTER, SLAVE, handle)
}

pub fn with_reply(header: Header, reply_to: Handle) -> Header {
    Header { reply_to, ..header }
}

pub fn bare(name: &'static str, header: Header) -> Example {
    Example {
        name,
        header,
        body: Body::empty(),
        decode_only: false,
        check: Box::new(|body| assert_eq!(body.bytes().len(), 0)),
    }
}

pub fn item<T>(name: &'static str, header: Header, message: T) -> Example
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    tailed(name, header, message, &[])
}

pub fn tailed<T>(name: &'static str, header: Header, message: T, tail: &'static [u8]) -> Example
where
    T: Serialize + DeserializeOwned + PartialEq + Debug + 'static,
{
    let body = Body::with_tail(&message, tail).expect("it can be encoded");
    let check = move |body: &Body| {
        let (decoded, rest) = body
            .split::<T>(Limits::default())
            .expect("it can be decoded");
        assert_eq!(decoded, message);
        assert_eq!(rest, tail);
    };
    Example {
        name,
        header,
        body,
        decode_only: false,
        check: Box::new(check),
    }
}
