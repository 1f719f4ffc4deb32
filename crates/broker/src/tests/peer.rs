//! A neighbour that is moved by hand.

use super::support::{Context, LIMITS, encode, frame};
use crate::{Broker, Link};
use proto::message::Credit;
use proto::router::Role;
use proto::{Body, ContextId, Frame, FrameDecoder, Handle, Header};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;

/// What a kernel keeps of a pipe, in bytes.
pub(super) const PIPE: usize = 64 << 10;

/// The other end of two pipes: a neighbour that says and reads only what the test wants.
pub(super) struct Peer {
    pub(super) reader: pipe::Receiver,
    pub(super) writer: pipe::Sender,
    /// Bytes that were read.
    pub(super) read: usize,
    decoder: FrameDecoder,
}

impl Peer {
    /// Becomes a neighbour of a context.
    pub(super) fn attach(to: &Context, id: ContextId, role: Role) -> (Self, Link) {
        Self::attach_after(to, id, role, &[])
    }

    /// The same after a handshake that has read some bytes of the link.
    pub(super) fn attach_after(
        to: &Context,
        id: ContextId,
        role: Role,
        ahead: &[u8],
    ) -> (Self, Link) {
        Self::attach_broker(&to.broker, id, role, ahead)
    }

    /// Becomes a neighbour of any broker.
    pub(super) fn attach_to(to: &Broker, id: ContextId, role: Role) -> (Self, Link) {
        Self::attach_broker(to, id, role, &[])
    }

    fn attach_broker(to: &Broker, id: ContextId, role: Role, ahead: &[u8]) -> (Self, Link) {
        let (their_writer, reader) = pipe::pipe().expect("pipes are to be had");
        let (writer, their_reader) = pipe::pipe().expect("pipes are to be had");
        let mut decoder = FrameDecoder::new(LIMITS);
        decoder.push(ahead);
        let link = to.attach(id, role, their_reader, their_writer, decoder);
        let peer = Self {
            reader,
            writer,
            read: 0,
            decoder: FrameDecoder::new(LIMITS),
        };
        (peer, link)
    }

    pub(super) async fn send(&mut self, frame: &Frame) {
        let bytes = encode(frame);
        self.writer.write_all(&bytes).await.expect("somebody reads");
    }

    /// Lets a sender send more.
    pub(super) async fn grant(
        &mut self,
        from: ContextId,
        to: ContextId,
        sender: Handle,
        bytes: u64,
    ) {
        let credit = Body::new(&Credit { sender, bytes }).unwrap();
        self.send(&frame(from, to, Handle::CREDIT, Handle::NONE, &credit))
            .await;
    }

    /// If this is a PING with a reply, answers it as every context does.
    pub(super) async fn answered_ping(&mut self, asked: &Frame) -> bool {
        let Header {
            src,
            dst,
            handle,
            reply_to,
            ..
        } = asked.header;
        let is_ping = handle == Handle::PING && reply_to.is_dynamic();
        if is_ping {
            self.send(&frame(dst, src, reply_to, Handle::NONE, &Body::empty()))
                .await;
        }
        is_ping
    }

    /// The next frame, or none at the end of the stream. Reads no more than it must.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next_frame().expect("frames come") {
                return Some(frame);
            }
            let mut piece = [0; 4096];
            let len = self
                .reader
                .read(&mut piece)
                .await
                .expect("a pipe can be read");
            if len == 0 {
                assert_eq!(self.decoder.finish(), Ok(()));
                return None;
            }
            self.read += len;
            self.decoder.push(&piece[..len]);
        }
    }
}
