//! The first frames of a link: the slave's HELLO, and the WELCOME that answers it.

use crate::{Cause, Exit};
use proto::message::{Hello, Welcome};
use proto::{Body, ContextId, Flags, Frame, FrameDecoder, Handle, Header, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

/// Before the WELCOME has set the limits of the link: a HELLO is short.
pub(crate) const HANDSHAKE: Limits = Limits { max_body: 64 << 10 };

/// Reads the slave's first frame.
pub(crate) async fn read(
    reader: &mut pipe::Receiver,
    decoder: &mut FrameDecoder,
) -> Result<Hello, Cause> {
    loop {
        if let Some(Frame { header, body }) = decoder.next_frame()? {
            let expected = Header {
                flags: Flags::NONE,
                dst: ContextId::MASTER,
                src: ContextId::UNASSIGNED,
                auth: ContextId::UNASSIGNED,
                handle: Handle::HELLO,
                reply_to: Handle::NONE,
            };
            if header != expected {
                let text = format!("a first frame that is not HELLO: {header:?}");
                return Err(Cause::Protocol(text));
            }
            return Ok(Body::raw(header.flags, body).decode(HANDSHAKE)?);
        }
        let read = reader.read_buf(decoder.buffer()).await;
        if read.map_err(Cause::Io)? == 0 {
            return Err(Cause::Ended(Exit::Unknown));
        }
    }
}

/// Answers it.
pub(crate) async fn welcome(writer: &mut pipe::Sender, welcome: &Welcome) -> Result<(), Cause> {
    let parent = welcome.parents.first().copied();
    let parent = parent.unwrap_or(ContextId::MASTER);
    let body = Body::new(welcome)?;
    let frame = Frame {
        header: Header {
            flags: body.flags(),
            dst: welcome.context,
            src: parent,
            auth: parent,
            handle: Handle::HELLO,
            reply_to: Handle::NONE,
        },
        body: body.bytes().clone(),
    };
    let bytes = [&frame.encode_header()[..], &frame.body].concat();
    writer.write_all(&bytes).await.map_err(Cause::Io)
}
