//! Sends the first stage the image that it asks for.

use crate::greeting::{Greeting, Said};
use crate::{Cause, Packed, hear};
use std::pin::pin;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe;

/// Answers `need`, and waits for the slave to be ready.
pub(crate) async fn image(
    packed: &Packed,
    reader: &mut pipe::Receiver,
    writer: &mut pipe::Sender,
    greeting: &mut Greeting,
) -> Result<(), Cause> {
    let line = format!(
        "{} {} {}\n",
        packed.format.word(),
        packed.bytes.len(),
        packed.sha256
    );
    let mut send = pin!(async {
        writer.write_all(line.as_bytes()).await?;
        writer.write_all(&packed.bytes).await
    });
    let mut listen = pin!(hear::line(reader, greeting, None));
    // The target may refuse the image before the whole of it is sent. If sending fails, the
    // target says why, or ends.
    let mut sending = true;
    let said = loop {
        tokio::select! {
            biased;
            said = &mut listen => break said?,
            _ = &mut send, if sending => sending = false,
        }
    };
    let unexpected = |what: &str| Err(Cause::Protocol(what.to_owned()));
    match said {
        // The last of it is written before the target can have the whole of it.
        Said::Ready if sending => unexpected("it was ready before it had its image"),
        Said::Ready => Ok(()),
        Said::Error { phase, text } => Err(Cause::Stage { step: phase, text }),
        Said::Need { .. } => unexpected("it asked for an image twice"),
        Said::Begun => unexpected("it began twice"),
    }
}
