//! The task `copy`: a file with a given content.

mod content;

use content::Wanted;
use guest_sdk::Change;
use guest_sdk::files::{self, Attributes, Kind, Metadata, attributes};
use guest_sdk::path;

guest_sdk::task! {
    wit: "wit/copy.wit",
    world: "zymogen:std-copy/copy",
    exports: zymogen::std_copy,
}

fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
    path::check(&params.path)?;
    let attributes = Attributes::parse(params.mode.as_deref(), params.owner, params.group)?;
    let wanted = Wanted::from_params(params.src, params.content)?;
    let path = params.path;
    let now = files::stat(&path)?;
    if let Some(found) = now.as_ref().filter(|found| found.kind != Kind::File) {
        return Err(Failure::conflict(format!(
            "{path} is a {}, where a file should be",
            found.kind.noun()
        ))
        .hint("remove it first, with the task `file`"));
    }

    let same = match &now {
        Some(found) => wanted.is_at(&path, found)?,
        None => false,
    };
    let outcome = if same {
        set_attributes(&path, now.as_ref(), &attributes, mode)?
    } else {
        replace(&path, now.as_ref(), &wanted, &attributes, mode)?
    };
    Ok(Report {
        outcome,
        path,
        size: wanted.size(),
        existed: now.is_some(),
    })
}

/// The content is right: at most mode and owner are to be set.
fn set_attributes(
    path: &str,
    now: Option<&Metadata>,
    attributes: &Attributes,
    mode: Mode,
) -> Result<Outcome, Failure> {
    let changes = attribute_changes(path, now, attributes);
    if changes.is_empty() {
        return Ok(Outcome::unchanged("already as asked"));
    }
    if mode.applies() {
        files::set_attributes(path, attributes)?;
    }
    Ok(Outcome::changed(attributes::summary(&changes)).with_changes(changes))
}

/// Writes the content, with mode and owner in the same step.
fn replace(
    path: &str,
    now: Option<&Metadata>,
    wanted: &Wanted,
    attributes: &Attributes,
    mode: Mode,
) -> Result<Outcome, Failure> {
    // Before anything is written: afterwards the old text is gone.
    let (before, after) = content::texts(path, now, wanted)?;
    if mode.applies() {
        files::replace(path, wanted, attributes)?;
    }
    let changes = attribute_changes(path, now, attributes);
    let mut summary = match now {
        None => format!("created, {} bytes", wanted.size()),
        Some(found) => format!(
            "content replaced, {} -> {} bytes",
            found.size,
            wanted.size()
        ),
    };
    if !changes.is_empty() {
        summary = format!("{summary}, {}", attributes::summary(&changes));
    }
    Ok(Outcome::changed(summary)
        .with_change(path, before, after)
        .with_changes(changes))
}

fn attribute_changes(path: &str, now: Option<&Metadata>, attributes: &Attributes) -> Vec<Change> {
    now.map(|found| attributes.changes(path, found))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
