//! One start on its way: from the process that was started to the slave's HELLO.

use crate::clock::Clock;
use crate::greeting::{Greeting, Said};
use crate::hello::{self, HANDSHAKE};
use crate::interview::{Interview, Pending};
use crate::{
    Cause, ConnectError, Format, ImageSource, Launch, Packed, Phase, Tail, Times, deliver, hear,
};
use proto::FrameDecoder;
use proto::message::Hello;
use std::time::Duration;
use tokio::net::unix::pipe;

/// The version of the first stage's lines.
const STAGE_VERSION: u32 = 1;

/// One start on its way, which an error needs to describe.
pub(crate) struct Attempt<'a> {
    pub(crate) launch: &'a Launch,
    pub(crate) images: &'a dyn ImageSource,
    pub(crate) tail: Tail,
    pub(crate) clock: Clock,
    pub(crate) phase: Phase,
    /// The bytes of the image that were sent.
    pub(crate) sent: Option<u64>,
    pub(crate) times: Times,
}

impl Attempt<'_> {
    pub(crate) fn failed(&self, cause: Cause) -> ConnectError {
        ConnectError {
            hop: self.launch.hop.clone(),
            phase: match cause {
                Cause::Asked(_) | Cause::Refused(_) => Phase::Authenticate,
                _ => self.phase,
            },
            cause: Box::new(cause),
            said: self.tail.lines(),
            hint: None,
        }
    }

    /// Follows the target up to its HELLO.
    pub(crate) async fn meet(
        &mut self,
        reader: &mut pipe::Receiver,
        writer: &mut pipe::Sender,
        interview: Option<Interview>,
        pending: Option<Pending>,
    ) -> Result<(Hello, FrameDecoder), Cause> {
        self.phase = Phase::FirstStage;
        let mut greeting = Greeting::new(self.tail.clone());
        let reach = async {
            hear::beginning(reader, writer, &mut greeting, interview, pending).await?;
            hear::line(reader, &mut greeting, None).await
        };
        let (said, took) = self.clock.run(reach).await?;
        self.times.reach = micros(took);
        match said {
            Said::Ready => {}
            Said::Need {
                protocol,
                system,
                machine,
                formats,
            } => {
                self.phase = Phase::Image;
                if protocol != STAGE_VERSION {
                    let text = format!("a first stage of version {protocol}");
                    return Err(Cause::Protocol(text));
                }
                if system != "Linux" {
                    return Err(Cause::Unsupported { system, machine });
                }
                let packed = self.image(machine, &formats).await?;
                let sent = deliver::image(&packed, reader, writer, &mut greeting);
                let ((), took) = self.clock.run(sent).await?;
                self.sent = Some(packed.bytes.len() as u64);
                self.times.image = Some(micros(took));
            }
            Said::Error { phase, text } => return Err(Cause::Stage { step: phase, text }),
            Said::Begun => return Err(Cause::Protocol("it began twice".to_owned())),
        }
        self.phase = Phase::Hello;
        let mut decoder = FrameDecoder::new(HANDSHAKE);
        *decoder.buffer() = greeting.take_rest();
        let hello = hello::read(reader, &mut decoder);
        let (hello, took) = self.clock.run(hello).await?;
        self.times.hello = micros(took);
        Ok((hello, decoder))
    }

    /// It may have to be built, which is none of the target's business.
    async fn image(&self, machine: String, formats: &[Format]) -> Result<Packed, Cause> {
        let formats = Format::by_preference(formats, self.launch.bandwidth);
        let packed = self.images.image(&machine, &formats).await;
        packed.map_err(|error| Cause::Image { machine, error })
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
