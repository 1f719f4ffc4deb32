//! The task `lineinfile`: one line in a text file, or kept out of it.
//!
//! [`edit`] knows lines and nothing of files; [`request`] knows the parameters; this file reads and writes.

mod edit;
mod request;

use edit::Edited;
use guest_sdk::Change;
use guest_sdk::files::{self, Kind, Metadata, attributes};
use request::Request;

guest_sdk::task! {
    wit: "wit/lineinfile.wit",
    world: "zymogen:std-lineinfile/lineinfile",
    exports: zymogen::std_lineinfile,
}

/// The longest file that is edited: it has to fit into the guest's memory a few times.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Up to this length a change shows the whole text; of a longer one only the lines in question.
const SHOWN: usize = 64 * 1024;

fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
    let request = Request::check(params)?;
    let path = request.path.clone();
    let report = |outcome, lines| {
        Ok(Report {
            outcome,
            path,
            lines,
        })
    };
    let now = files::stat(&request.path)?;
    if now.is_none() && request.is_absent() {
        return report(Outcome::unchanged("there is no such file"), 0);
    }
    let before = read(&request, now.as_ref())?;
    let edited = edit::edit(before.as_deref().unwrap_or_default(), &request.spec);
    let attributes = now
        .as_ref()
        .map(|found| request.attributes.changes(&request.path, found))
        .unwrap_or_default();

    let new_text = edited.is_changed() || now.is_none();
    if !new_text && attributes.is_empty() {
        return report(Outcome::unchanged("already as asked"), 0);
    }
    if mode.applies() {
        if new_text {
            files::replace(&request.path, edited.text.as_bytes(), &request.attributes)?;
        } else {
            files::set_attributes(&request.path, &request.attributes)?;
        }
    }
    let lines = edited.lines();
    report(outcome(&request, before, edited, attributes), lines)
}

/// The text now; none if there is no file and one shall be made.
fn read(request: &Request, now: Option<&Metadata>) -> Result<Option<String>, Failure> {
    let path = &request.path;
    match now {
        None if request.create => Ok(None),
        None => {
            Err(Failure::not_found(format!("there is no file {path}"))
                .hint("create = true makes it"))
        }
        Some(found) if found.kind != Kind::File => Err(Failure::conflict(format!(
            "{path} is a {}, not a file",
            found.kind.noun()
        ))),
        Some(_) => files::read_text(path, LONGEST).map(Some),
    }
}

fn outcome(
    request: &Request,
    before: Option<String>,
    edited: Edited,
    attributes: Vec<Change>,
) -> Outcome {
    let mut summaries = Vec::new();
    let mut changes = Vec::new();
    if edited.is_changed() {
        summaries.push(edited.summary());
        let whole = before.as_ref().map_or(0, String::len) <= SHOWN && edited.text.len() <= SHOWN;
        changes.push(if whole {
            Change::new(&request.path, before, Some(edited.text))
        } else {
            Change::new(
                format!("{} line", request.path),
                edited.removed_text(),
                edited.added,
            )
        });
    }
    if !attributes.is_empty() {
        summaries.push(attributes::summary(&attributes));
        changes.extend(attributes);
    }
    Outcome::changed(summaries.join(", ")).with_changes(changes)
}

#[cfg(test)]
mod tests;
