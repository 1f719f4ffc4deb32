//! `zymogen ping`: how long each phase of a connection took, as a table or as JSON.

use super::text::{printable, printable_json, size};
use crate::master::Reached;
use connect::ConnectError;
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;

/// A host and what came of it.
pub type Row = (String, Result<Reached, ConnectError>);

const HEAD: [&str; 7] = [
    "HOST",
    "REACH",
    "IMAGE",
    "HELLO",
    "TOTAL",
    "ROUND TRIP",
    "SENT",
];

/// A line for each host.
#[must_use]
pub fn human(rows: &[Row]) -> String {
    let hosts = rows.iter().map(|(host, _)| printable(host));
    let widest = hosts.map(|host| host.chars().count()).max();
    let mut widths = HEAD.map(str::len);
    widths[0] = widths[0].max(widest.unwrap_or_default());
    let cells: Vec<_> = rows.iter().map(cells_of).collect();
    for row in cells.iter().flatten() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(&HEAD.map(str::to_owned), &widths);
    for (row, cells) in rows.iter().zip(&cells) {
        match (cells, &row.1) {
            (Some(cells), _) => text.push_str(&line(cells, &widths)),
            (None, Err(error)) => {
                let (host, width) = (printable(&row.0), widths[0]);
                // Writing to a String does not fail.
                let _ = writeln!(text, "{host:width$}  failed: {}", error.phase);
            }
            (None, Ok(_)) => {}
        }
    }
    text
}

fn line(cells: &[String; HEAD.len()], widths: &[usize; HEAD.len()]) -> String {
    let mut line = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        // Numbers are compared from the right. Writing to a String does not fail.
        let _ = match column {
            0 => write!(line, "{cell:width$}"),
            _ => write!(line, "  {cell:>width$}"),
        };
    }
    line + "\n"
}

/// None if it was not reached.
fn cells_of((host, reached): &Row) -> Option<[String; HEAD.len()]> {
    let reached = reached.as_ref().ok()?;
    let (times, micros) = (&reached.times, Duration::from_micros);
    let absent = || "-".to_owned();
    Some([
        printable(host).into_owned(),
        ms(micros(times.spawn.saturating_add(times.reach))),
        times.image.map_or_else(absent, |image| ms(micros(image))),
        ms(micros(times.hello)),
        ms(reached.total),
        ms(reached.round_trip),
        reached.sent.map_or_else(absent, size),
    ])
}

/// Milliseconds with what a person compares.
fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// The error of a row, if it has one.
#[must_use]
pub fn failed((host, reached): &Row) -> Option<(&str, &ConnectError)> {
    let error = reached.as_ref().err()?;
    Some((host, error))
}

/// The same with all that is known, for a program. Times are microseconds.
#[must_use]
pub fn json(rows: &[Row]) -> String {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let hosts = rows.iter().map(|(host, reached)| match reached {
        Ok(reached) => json!({
            "host": host,
            "target": reached.target,
            "spawn": reached.times.spawn,
            "reach": reached.times.reach,
            "image": reached.times.image,
            "hello": reached.times.hello,
            "total": micros(reached.total),
            "round-trip": micros(reached.round_trip),
            "sent-bytes": reached.sent,
        }),
        Err(error) => json!({
            "host": host,
            "error": error.to_string(),
            "hop": error.hop,
            "phase": error.phase.to_string(),
            "said": error.said,
            "help": error.hint,
        }),
    });
    let hosts: Vec<_> = hosts.collect();
    printable_json(json!({ "version": 1, "hosts": hosts }).to_string()) + "\n"
}
