//! The options that bound what a call may use up, and how people write times and sizes.

use proto::CallLimits;
use std::time::Duration;

/// How much one call may use up.
#[derive(clap::Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Limits of each call")]
pub struct LimitArgs {
    /// End it after this time: `500ms`, `30s`, `5m`, `2h`.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = time)]
    pub timeout: Duration,

    /// End it when its memory grows beyond this: `64MiB`, `1GiB`.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = size)]
    pub memory: u64,

    /// End it when it has printed, logged and collected more than this; what a program prints to standard output does not count.
    #[arg(long, value_name = "SIZE", default_value = "16MiB", value_parser = size)]
    pub max_output: u64,
}

impl LimitArgs {
    /// The same as plain data that travels with a call.
    #[must_use]
    pub fn limits(&self) -> CallLimits {
        CallLimits {
            wall_ms: u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            memory_bytes: self.memory,
            output_bytes: self.max_output,
        }
    }
}

/// `30s`; a number without a unit counts seconds.
pub(super) fn time(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let ms = match unit {
        "ms" => 1.0,
        "" | "s" => 1e3,
        "m" | "min" => 60e3,
        "h" => 3600e3,
        _ => return Err("expected a time such as `500ms`, `30s`, `5m` or `2h`".to_owned()),
    };
    let ms = positive(number, ms).ok_or("expected a time such as `30s`")?;
    Ok(Duration::from_millis(ms))
}

/// `64MiB`; a number without a unit counts bytes. `KB` and the like are powers of 1000.
fn size(text: &str) -> Result<u64, String> {
    const EXPECTED: &str = "expected a size such as `64KiB`, `256MiB` or `1GiB`";
    let (number, unit) = split(text);
    let bytes = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1_048_576.0,
        "g" | "gib" => 1_073_741_824.0,
        _ => return Err(EXPECTED.to_owned()),
    };
    positive(number, bytes).ok_or_else(|| EXPECTED.to_owned())
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'));
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    (number, unit.trim())
}

/// The product, if it is a number from 1 on that is not absurdly large.
fn positive(number: &str, unit: f64) -> Option<u64> {
    let product = number.parse::<f64>().ok()? * unit;
    (1.0..1e18).contains(&product).then_some(product as u64)
}

#[cfg(test)]
mod tests;
