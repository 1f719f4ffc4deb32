//! What the first stage and the slave say before the first frame, found among what a login may print.

use crate::{Format, Tail};
use bytes::{Buf, BytesMut};

/// Bytes of banners and the like that may come before our first line.
const MAX_NOISE: usize = 64 << 10;

/// The lines that we wait for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Said {
    /// The first stage runs: whoever speaks from now on is the target.
    Begun,
    /// The first stage has no image.
    Need {
        protocol: u32,
        system: String,
        machine: String,
        formats: Vec<Format>,
    },
    /// The first stage gave up.
    Error { phase: String, text: String },
    /// The slave runs; frames follow.
    Ready,
}

/// Cuts lines out of a stream, up to [`Said::Ready`].
#[derive(Debug)]
pub(crate) struct Greeting {
    buffer: BytesMut,
    searched: usize,
    noise: usize,
    tail: Tail,
}

/// More noise than is reasonable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooMuchNoise;

impl Greeting {
    /// What is not for us goes to `tail`, where an error message finds it.
    pub(crate) fn new(tail: Tail) -> Self {
        Self {
            buffer: BytesMut::new(),
            searched: 0,
            noise: 0,
            tail,
        }
    }

    /// Where to append what was read.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        self.buffer.reserve(4096);
        &mut self.buffer
    }

    /// The next line for us, or none until more bytes have come. Must not be called after `Ready`.
    pub(crate) fn next(&mut self) -> Result<Option<Said>, TooMuchNoise> {
        while let Some(at) = self.buffer[self.searched..]
            .iter()
            .position(|byte| *byte == b'\n')
        {
            let line = self.buffer.split_to(self.searched + at);
            self.buffer.advance(1);
            self.searched = 0;
            let line = String::from_utf8_lossy(&line);
            if let Some(said) = parse(line.trim_end_matches('\r')) {
                return Ok(Some(said));
            }
            self.noise += line.len() + 1;
            self.tail.push(&line);
        }
        self.searched = self.buffer.len();
        if self.noise + self.buffer.len() > MAX_NOISE {
            return Err(TooMuchNoise);
        }
        Ok(None)
    }

    /// What stands behind the last newline.
    pub(crate) fn last_line(&self) -> &[u8] {
        let newline = self.buffer.iter().rposition(|byte| *byte == b'\n');
        &self.buffer[newline.map_or(0, |at| at + 1)..]
    }

    /// The stream has ended: what came last is noise, and may say why.
    pub(crate) fn finish(&self) {
        self.tail.push(&String::from_utf8_lossy(&self.buffer));
    }

    /// What followed the last line: the beginning of the frames.
    pub(crate) fn take_rest(&mut self) -> BytesMut {
        std::mem::take(&mut self.buffer)
    }
}

/// Noise without an end of line may stand in front.
fn parse(line: &str) -> Option<Said> {
    let ours = &line[line.find("ZYMOGEN ")?..];
    let mut words = ours.split_ascii_whitespace().skip(1);
    match words.next()? {
        "begin" => words.next().is_none().then_some(Said::Begun),
        "ready" => words.next().is_none().then_some(Said::Ready),
        "need" => {
            let protocol = words.next()?.parse().ok()?;
            let system = words.next()?.to_owned();
            let machine = words.next()?.to_owned();
            let formats: Vec<_> = words.filter_map(Format::from_word).collect();
            (!formats.is_empty()).then_some(Said::Need {
                protocol,
                system,
                machine,
                formats,
            })
        }
        "error" => Some(Said::Error {
            phase: words.next()?.to_owned(),
            text: words.collect::<Vec<_>>().join(" "),
        }),
        _ => None,
    }
}
