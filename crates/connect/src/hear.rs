//! Reads what a target says before its first frame. Until the first stage has begun, questions are answered.

use crate::greeting::{Greeting, Said};
use crate::interview::{Interview, Pending};
use crate::{Cause, Exit};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

/// Waits for the first stage, and meanwhile answers the program that leads to it. Nobody is left afterwards who could
/// answer: what asks from then on is the target's.
pub(crate) async fn beginning(
    reader: &mut pipe::Receiver,
    writer: &mut pipe::Sender,
    greeting: &mut Greeting,
    interview: Option<Interview>,
    pending: Option<Pending>,
) -> Result<(), Cause> {
    let said = match interview {
        None => line(reader, greeting, None).await?,
        Some(mut interview) => loop {
            let question = tokio::select! {
                biased;
                said = line(reader, greeting, pending.as_ref()) => break said?,
                question = interview.question() => question,
            };
            interview.answer(&question, writer).await?;
        },
    };
    match said {
        Said::Begun => Ok(()),
        other => Err(Cause::Protocol(format!(
            "the first stage has not begun, and it says {other:?}"
        ))),
    }
}

/// Reads up to the next line that is for us. May be dropped and called again.
pub(crate) async fn line(
    reader: &mut pipe::Receiver,
    greeting: &mut Greeting,
    pending: Option<&Pending>,
) -> Result<Said, Cause> {
    loop {
        if let Some(said) = greeting.next().map_err(|_| Cause::Noise)? {
            return Ok(said);
        }
        let read = reader.read_buf(greeting.buffer()).await;
        if read.map_err(Cause::Io)? == 0 {
            greeting.finish();
            // The caller knows how it ended.
            return Err(Cause::Ended(Exit::Unknown));
        }
        if let Some(pending) = pending {
            pending.set(greeting.last_line(), true);
        }
    }
}
