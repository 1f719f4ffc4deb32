//! Do the names in templates exist? Names under `vars` are known when their templates are evaluated; what
//! a task registers is known from the type of its module's report, before the task has run anywhere.

use super::scope::{COMMON, name_in_templates};
use crate::output::text::did_you_mean;
use crate::value::nearest;
use std::collections::BTreeMap;
use wasmtime::component::Type;

/// The names that tasks registered so far, and the types of their reports.
#[derive(Default)]
pub struct Registered(BTreeMap<String, Option<Type>>);

/// A name that does not exist.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// One line.
    pub message: String,
    /// What was probably meant.
    pub help: Option<String>,
    /// The part of the path up to what is unknown.
    pub path: String,
}

impl Registered {
    /// A task registers its result. The report is none if the task is wrong itself.
    pub fn add(&mut self, name: &str, report: Option<Type>) {
        self.0.insert(name.to_owned(), report);
    }

    /// Does `path`, such as `facts.os.family`, lead anywhere? `later` are the names that tasks
    /// further down register.
    ///
    /// # Errors
    /// The part of it that does not.
    pub fn check(&self, path: &str, later: &[&str]) -> Result<(), Unknown> {
        let mut steps = path.split('.');
        let root = steps.next().unwrap_or(path);
        if root == "vars" {
            return Ok(());
        }
        let Some(report) = self.0.get(root) else {
            return Err(self.unknown_root(root, later));
        };
        let Some(report) = report else {
            return Ok(());
        };
        let Some(first) = steps.next() else {
            return Ok(());
        };
        if COMMON.contains(&first) {
            return Ok(());
        }
        let mut ty = report.clone();
        let mut done = root.to_owned();
        for (at, step) in std::iter::once(first).chain(steps).enumerate() {
            let fields = match known_fields(&ty) {
                Some(fields) => fields,
                None => return Ok(()),
            };
            let known = fields.iter().map(|(name, _)| name.as_str());
            let common = if at == 0 { COMMON.as_slice() } else { &[] };
            let known = known
                .chain(common.iter().copied())
                .filter(|name| *name != "outcome");
            let (found, near) = (
                fields
                    .iter()
                    .find(|(name, _)| name == step && name != "outcome"),
                nearest(step, known).map(|near| format!("{done}.{near}")),
            );
            let Some((_, next)) = found else {
                return Err(Unknown {
                    message: format!("`{done}` has no `{step}`"),
                    help: did_you_mean(near.as_deref()),
                    path: format!("{done}.{step}"),
                });
            };
            done = format!("{done}.{step}");
            ty = next.clone();
        }
        Ok(())
    }

    fn unknown_root(&self, root: &str, later: &[&str]) -> Unknown {
        let known = self.0.keys().map(String::as_str).chain(["vars"]);
        let help = if later.contains(&root) {
            Some(format!(
                "a later task registers `{root}`; move this one behind it"
            ))
        } else {
            did_you_mean(nearest(root, known)).or_else(|| {
                Some(format!(
                    "a variable is `vars.{root}`; a result needs `register = \"{root}\"`"
                ))
            })
        };
        Unknown {
            message: format!("there is no name `{root}` here"),
            help,
            path: root.to_owned(),
        }
    }
}

/// The fields of a record, below an option, by their names in templates. None if any name may be there.
fn known_fields(ty: &Type) -> Option<Vec<(String, Type)>> {
    match ty {
        Type::Option(option) => known_fields(&option.ty()),
        Type::Record(record) => {
            let fields = record.fields();
            Some(
                fields
                    .map(|field| (name_in_templates(field.name), field.ty))
                    .collect(),
            )
        }
        _ => None,
    }
}
