//! Follows a launch up to the slave's HELLO, and answers it.

use crate::clock::Clock;
use crate::greeting::{Greeting, Said};
use crate::interview::{Interview, Pending};
use crate::spawn::{Spawned, spawn};
use crate::{
    Cause, ConnectError, Exit, Format, Guard, ImageSource, Launch, LineSink, Packed, Phase,
    Process, Tail, Times,
};
use proto::message::{CompatibilityId, Hello, Welcome};
use proto::{Body, ContextId, Flags, Frame, FrameDecoder, Handle, Header, Limits};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::time::timeout;

/// What a failed start gives the process to clean up after itself, and again after SIGTERM.
const GRACE: Duration = Duration::from_millis(500);

/// The version of the first stage's lines.
const STAGE_VERSION: u32 = 1;

/// Before the WELCOME has set the limits of the link: a HELLO is short.
const HANDSHAKE: Limits = Limits { max_body: 64 << 10 };

/// What does not depend on the launch.
#[derive(Clone)]
pub struct Options {
    /// For everything from the spawn to the HELLO, without what it takes to get the image.
    pub deadline: Duration,
    /// Takes what the slave writes on its standard error once it is connected. None: the log does.
    pub on_stderr: Option<LineSink>,
    /// Watches over what is started, for when this program is killed.
    pub guard: Option<Arc<dyn Guard>>,
    /// Variables of this program's environment that are not for what it starts: passwords.
    pub withheld: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            on_stderr: None,
            guard: None,
            withheld: Vec::new(),
        }
    }
}

/// A slave that has introduced itself. It waits for its WELCOME; then its link goes to a broker.
#[derive(Debug)]
pub struct Started {
    /// What it said.
    pub hello: Hello,
    /// The bytes of the image that were sent. None: the target had it.
    pub sent: Option<u64>,
    /// How long each phase took.
    pub times: Times,
    hop: String,
    clock: Clock,
    parts: Parts,
}

/// What a link is made of.
#[derive(Debug)]
pub struct Parts {
    /// What the slave said of itself.
    pub hello: Hello,
    /// From the slave.
    pub reader: pipe::Receiver,
    /// To the slave.
    pub writer: pipe::Sender,
    /// Holds what was read ahead. Its limits are those of the handshake.
    pub decoder: FrameDecoder,
    /// To be kept as long as the link, and then ended.
    pub process: Process,
    /// The last lines of the slave's standard error.
    pub tail: Tail,
}

/// Runs a launch on this machine. Dropping the future ends what it started.
///
/// # Errors
/// If there is no HELLO within the deadline. The process has then ended.
pub async fn start(
    launch: &Launch,
    images: &dyn ImageSource,
    options: &Options,
) -> Result<Started, ConnectError> {
    let tail = Tail::default();
    let sink = options.on_stderr.clone().unwrap_or_else(|| log(launch));
    let mut attempt = Attempt {
        launch,
        images,
        tail: tail.clone(),
        clock: Clock::new(options.deadline),
        phase: Phase::Spawn,
        sent: None,
        times: Times::default(),
    };
    let spawned = spawn(launch, options, &tail, sink);
    let (spawned, took) = match attempt.clock.run(spawned).await {
        Ok(spawned) => spawned,
        Err(cause) => return Err(attempt.failed(cause)),
    };
    attempt.times.spawn = micros(took);
    let Spawned {
        mut reader,
        mut writer,
        mut process,
        stderr,
        terminal,
        interview,
        pending,
    } = spawned;
    attempt.phase = Phase::FirstStage;
    let mut ears = Ears {
        greeting: Greeting::new(tail.clone()),
        interview,
        pending,
    };
    let cause = match attempt.meet(&mut reader, &mut writer, &mut ears).await {
        Ok((hello, decoder)) => {
            return Ok(Started {
                sent: attempt.sent,
                times: attempt.times,
                hop: launch.hop.clone(),
                clock: attempt.clock,
                hello: hello.clone(),
                parts: Parts {
                    hello,
                    reader,
                    writer,
                    decoder,
                    process,
                    tail,
                },
            });
        }
        Err(cause) => cause,
    };
    // At the end of its input the first stage cleans up.
    drop((reader, writer, ears));
    // A program of another user takes no signal from us: what ends it is that its terminal is hung up.
    if let Some(terminal) = terminal {
        terminal.abort();
    }
    let exit = timeout(GRACE, process.exited()).await;
    process.end(GRACE).await;
    // Somebody whom the process left behind may hold the stream open.
    let _ = timeout(GRACE, stderr).await;
    Err(attempt.failed(match cause {
        // How it ended by itself: our own signals say nothing.
        Cause::Ended(_) => Cause::Ended(exit.unwrap_or(Exit::Unknown)),
        other => other,
    }))
}

impl Started {
    /// Sends the WELCOME.
    ///
    /// # Errors
    /// If the slave is gone, or does not take it in the time that the start has left.
    pub async fn welcome(&mut self, welcome: &Welcome) -> Result<(), ConnectError> {
        // Nobody watches over the link yet, and whoever is there may not read.
        let sent = self
            .clock
            .run(send_welcome(&mut self.parts.writer, welcome));
        sent.await.map_err(|cause| self.failed(cause))?;
        self.parts.tail.go_live();
        Ok(())
    }

    /// Sends the slave away, because it would not take this process's machine code.
    pub async fn incompatible(self, ours: &CompatibilityId) -> ConnectError {
        let error = self.failed(Cause::Incompatible {
            version: self.hello.version.clone(),
            theirs: self.hello.compatibility.clone(),
            ours: ours.clone(),
        });
        let Parts {
            reader,
            writer,
            process,
            ..
        } = self.parts;
        drop((reader, writer));
        process.end(GRACE).await;
        error
    }

    /// For `broker::Broker::attach`, after the [`welcome`](Self::welcome).
    #[must_use]
    pub fn into_parts(self) -> Parts {
        self.parts
    }

    fn failed(&self, cause: Cause) -> ConnectError {
        ConnectError {
            hop: self.hop.clone(),
            phase: Phase::Hello,
            cause: Box::new(cause),
            said: self.parts.tail.lines(),
            hint: None,
        }
    }
}

async fn send_welcome(writer: &mut pipe::Sender, welcome: &Welcome) -> Result<(), Cause> {
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

/// What hears the target until frames come.
struct Ears {
    greeting: Greeting,
    interview: Option<Interview>,
    pending: Option<Pending>,
}

/// One start on its way, which an error needs to describe.
struct Attempt<'a> {
    launch: &'a Launch,
    images: &'a dyn ImageSource,
    tail: Tail,
    clock: Clock,
    phase: Phase,
    sent: Option<u64>,
    times: Times,
}

impl Attempt<'_> {
    fn failed(&self, cause: Cause) -> ConnectError {
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

    async fn meet(
        &mut self,
        reader: &mut pipe::Receiver,
        writer: &mut pipe::Sender,
        ears: &mut Ears,
    ) -> Result<(Hello, FrameDecoder), Cause> {
        let (said, took) = self.clock.run(hear(reader, writer, ears)).await?;
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
                let sent = send_image(&packed, reader, writer, &mut ears.greeting);
                let ((), took) = self.clock.run(sent).await?;
                self.sent = Some(packed.bytes.len() as u64);
                self.times.image = Some(micros(took));
            }
            Said::Error { phase, text } => return Err(Cause::Stage { step: phase, text }),
        }
        self.phase = Phase::Hello;
        let mut decoder = FrameDecoder::new(HANDSHAKE);
        *decoder.buffer() = ears.greeting.take_rest();
        let hello = read_hello(reader, &mut decoder);
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

/// The first line that is for us. Until then questions are answered.
async fn hear(
    reader: &mut pipe::Receiver,
    writer: &mut pipe::Sender,
    ears: &mut Ears,
) -> Result<Said, Cause> {
    let Ears {
        greeting,
        interview,
        pending,
    } = ears;
    let Some(interview) = interview else {
        return listen(reader, greeting, None).await;
    };
    loop {
        let question = tokio::select! {
            biased;
            said = listen(reader, greeting, pending.as_ref()) => return said,
            question = interview.question() => question,
        };
        interview.answer(&question, writer).await?;
    }
}

/// Answers `need`, and waits for the slave to be ready.
async fn send_image(
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
    let mut listen = pin!(listen(reader, greeting, None));
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
    match said {
        // The last of it is written before the target can have the whole of it.
        Said::Ready if sending => Err(Cause::Protocol(
            "it was ready before it had its image".to_owned(),
        )),
        Said::Ready => Ok(()),
        Said::Error { phase, text } => Err(Cause::Stage { step: phase, text }),
        Said::Need { .. } => Err(Cause::Protocol("it asked for an image twice".to_owned())),
    }
}

/// Reads up to the next line that is for us. May be dropped and called again.
async fn listen(
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
            pending.set(greeting.last_line());
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

async fn read_hello(
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

/// Sends a slave's standard error to the log.
fn log(launch: &Launch) -> LineSink {
    let hop = launch.hop.clone();
    Arc::new(move |line| tracing::info!(target: "slave", %hop, "{line}"))
}
