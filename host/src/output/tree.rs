//! The tree of contexts, as a table and as JSON.

use super::text::{printable, printable_json, size};
use crate::master::Surveyed;
use proto::ContextId;
use proto::message::LinkState;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fmt::Write as _;

const HEAD: [&str; 9] = [
    "ID", "CONTEXT", "PID", "MEMORY", "CALLS", "WAITING", "CHANNELS", "QUEUED", "MODULES",
];

/// Characters of the widest cell.
const WIDEST: usize = 200;

/// Levels that are shown by indentation.
const DEEPEST: usize = 32;

/// One line for each context, indented by its depth.
#[must_use]
pub fn human(tree: &[Surveyed]) -> String {
    let mut depths: HashMap<ContextId, usize> = HashMap::new();
    let mut rows = vec![HEAD.map(str::to_owned)];
    for one in tree {
        let above = one.parent.and_then(|parent| depths.get(&parent));
        let depth = above.map_or(0, |depth| depth + 1);
        depths.insert(one.context, depth);
        rows.push(row(one, depth));
    }
    let widths: Vec<_> = (0..HEAD.len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a String does not fail.
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(one: &Surveyed, depth: usize) -> [String; HEAD.len()] {
    let name = format!(
        "{}{}",
        "  ".repeat(depth.min(DEEPEST)),
        printable(&one.name)
    );
    let name = clipped(&name);
    let id = one.context.to_string();
    let state = match &one.state {
        Ok(state) => state,
        Err(dead) => {
            let mut row = HEAD.map(|_| String::new());
            row[0] = id;
            row[1] = name;
            row[8] = clipped(&printable(&dead.to_string()));
            return row;
        }
    };
    let queued = |sum: u64, link: &LinkState| sum.saturating_add(link.queued);
    let queued = state.links.iter().fold(0, queued);
    let modules: Vec<_> = state.modules.iter().map(|it| printable(&it.name)).collect();
    [
        id,
        name,
        state.pid.to_string(),
        state.resident.map_or_else(|| "?".to_owned(), size),
        (u64::from(state.calls) + u64::from(state.services)).to_string(),
        state.requests.to_string(),
        state.channels.to_string(),
        size(queued),
        clipped(&modules.join(" ")),
    ]
}

/// A context may call itself and its modules what it likes.
fn clipped(text: &str) -> String {
    text.chars().take(WIDEST).collect()
}

/// The same with all that is known, for a program.
#[must_use]
pub fn json(tree: &[Surveyed]) -> String {
    let contexts: Vec<_> = tree.iter().map(value).collect();
    let text = json!({ "version": 1, "contexts": contexts }).to_string();
    printable_json(text) + "\n"
}

fn value(one: &Surveyed) -> Value {
    let mut value = json!({
        "context": one.context.0,
        "parent": one.parent.map(|parent| parent.0),
        "name": one.name,
    });
    let state = match &one.state {
        Err(dead) => json!({ "error": dead.to_string() }),
        Ok(state) => json!({
            "pid": state.pid,
            "resident-bytes": state.resident,
            "calls": state.calls,
            "services": state.services,
            "requests": state.requests,
            "channels": state.channels,
            "links": state.links.iter().map(|link| json!({
                "peer": link.peer.0,
                "queued-bytes": link.queued,
                "received-bytes": link.received,
                "sent-bytes": link.sent,
            })).collect::<Vec<_>>(),
            "routes": state.routes.iter().map(|route| json!({
                "context": route.context.0,
                "parent": route.parent.0,
                "via": route.via.0,
            })).collect::<Vec<_>>(),
            "modules": state.modules.iter().map(|module| json!({
                "name": module.name,
                "digest": module.digest.to_string(),
            })).collect::<Vec<_>>(),
        }),
    };
    if let (Value::Object(value), Value::Object(state)) = (&mut value, state) {
        value.extend(state);
    }
    value
}
