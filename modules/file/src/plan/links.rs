//! What has to be done for a link.

use guest_sdk::Change;
use guest_sdk::files::Kind;

use super::{Now, Plan, Step, state};
use crate::Failure;

/// A symbolic link, where nothing or another link is.
pub fn symlink(path: &str, now: Option<&String>, target: &String) -> Plan {
    if now == Some(target) {
        return Plan::nothing();
    }
    let summary = match now {
        Some(now) => format!("link {now} -> {target}"),
        None => format!("link to {target} made"),
    };
    let change = Change::new(format!("{path} target"), now.cloned(), Some(target.clone()));
    Plan::step(Step::MakeSymlink(target.clone()), summary, Some(change))
}

/// A hard link, where nothing is or the right one.
pub fn hard_link(path: &str, original: &str, now: &Now) -> Result<Plan, Failure> {
    let file = match &now.original {
        None => {
            return Err(Failure::not_found(format!(
                "there is no file {original} to link to"
            )));
        }
        Some(found) if found.kind != Kind::File => {
            return Err(Failure::conflict(format!(
                "{original} is a {}, not a file",
                found.kind.noun()
            )));
        }
        Some(file) => file,
    };
    match &now.metadata {
        None => Ok(Plan::step(
            Step::MakeHardLink(original.to_owned()),
            format!("hard link to {original} made"),
            Some(state(path, "absent", format!("hard link to {original}"))),
        )),
        Some(found) if (found.device, found.inode) == (file.device, file.inode) => {
            Ok(Plan::nothing())
        }
        Some(found) => Err(Failure::conflict(format!(
            "a {} that is not {original} is at {path}",
            found.kind.noun()
        ))
        .hint("remove it first, with state = \"absent\"")),
    }
}
