//! The physical limit of a round trip between two processes: blocking reads and writes on two pipes.

use crate::affinity;
use std::io::{Read, Result, Write, stdin, stdout};
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// The argument that makes this program the other end.
pub(crate) const ECHO: &str = "--echo";

/// Bytes of a request and of its answer.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) request: usize,
    pub(crate) answer: usize,
}

/// Seconds of each of `count` round trips; this process on CPU `here`, the other one on `there`.
pub(crate) fn round_trips(
    sizes: Sizes,
    count: usize,
    here: usize,
    there: usize,
) -> Result<Vec<f64>> {
    affinity::bind_this(here)?;
    let mut child = Command::new(std::env::current_exe()?)
        .args([ECHO, &sizes.request.to_string(), &sizes.answer.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    affinity::bind(child.id(), there)?;
    let gone = || std::io::Error::other("the echo has no streams");
    let mut to = child.stdin.take().ok_or_else(gone)?;
    let mut from = child.stdout.take().ok_or_else(gone)?;
    let (request, mut answer) = (vec![1; sizes.request], vec![0; sizes.answer]);
    let mut seconds = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        to.write_all(&request)?;
        from.read_exact(&mut answer)?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    drop(to);
    child.wait()?;
    Ok(seconds)
}

/// The other end: answers until its input ends.
pub(crate) fn echo() -> ExitCode {
    let size = |index| {
        std::env::args()
            .nth(index)
            .and_then(|text| text.parse().ok())
            .unwrap_or(1)
    };
    let (mut request, answer) = (vec![0; size(2)], vec![2; size(3)]);
    let (mut input, mut output) = (stdin().lock(), stdout().lock());
    while input.read_exact(&mut request).is_ok() {
        if output
            .write_all(&answer)
            .and_then(|()| output.flush())
            .is_err()
        {
            break;
        }
    }
    ExitCode::SUCCESS
}
