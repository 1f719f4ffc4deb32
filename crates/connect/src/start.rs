//! Follows a launch up to the slave's HELLO, and answers it.

use crate::clock::Clock;
use crate::meet::{Attempt, micros};
use crate::spawn::{Spawned, spawn};
use crate::{
    Cause, ConnectError, Exit, Guard, ImageSource, Launch, LineSink, Phase, Process, Tail, Times,
    hello,
};
use proto::FrameDecoder;
use proto::message::{CompatibilityId, Hello, Welcome};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::unix::pipe;
use tokio::time::timeout;

/// What a failed start gives the process to clean up after itself, and again after SIGTERM.
const GRACE: Duration = Duration::from_millis(500);

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
    let met = attempt.meet(&mut reader, &mut writer, interview, pending);
    let cause = match met.await {
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
    drop((reader, writer));
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
            .run(hello::welcome(&mut self.parts.writer, welcome));
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

/// Sends a slave's standard error to the log.
fn log(launch: &Launch) -> LineSink {
    let hop = launch.hop.clone();
    Arc::new(move |line| tracing::info!(target: "slave", %hop, "{line}"))
}
