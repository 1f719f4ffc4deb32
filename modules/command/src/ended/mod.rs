//! Whether the way a program ended is a success, and what to say where it is not.

use guest_sdk::FailureKind;
use guest_sdk::command::{Finished, Status};

use crate::Failure;

/// How many of the last lines a message quotes.
const LINES: usize = 3;
/// How many characters of each such line.
const WIDTH: usize = 200;

/// The program's status if it means success.
pub fn status(
    line: &str,
    finished: &Finished,
    ok_status: &[i32],
    timeout_ms: Option<u64>,
) -> Result<i32, Failure> {
    let how = match finished.status {
        Status::Exited(status) if ok_status.contains(&status) => return Ok(status),
        Status::Exited(status) => format!("ended with status {status}"),
        Status::Signalled(signal) => format!("was ended by signal {signal}"),
        Status::TimedOut => match timeout_ms {
            Some(limit) => format!("was killed after {limit} ms"),
            None => "was killed because its time was over".to_owned(),
        },
    };
    let said = last_lines(&finished.stderr).or_else(|| last_lines(&finished.stdout));
    let message = match said {
        Some(said) => format!("`{line}` {how}: {said}"),
        None => format!("`{line}` {how} and said nothing"),
    };
    Err(Failure::new(FailureKind::CommandFailed, message))
}

/// The end of what a program printed, in one line; none if it printed nothing.
fn last_lines(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let mut lines: Vec<String> = text
        .lines()
        .rev()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(LINES)
        .map(shortened)
        .collect();
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join(" | "))
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests;
