//! Plans, right and wrong.

mod check;
pub(crate) mod fixture;
mod read;
mod template;
mod vars;

use super::{Against, Checked, Engine, Overrides, Setting};
use crate::error::Error;
use crate::output::{Diagnostic, Source};
use std::path::PathBuf;

/// The plan, or everything that is wrong with it as a person sees it.
pub(crate) fn checked(text: &str, settings: &[&str]) -> Result<Checked, String> {
    let settings: Vec<Setting> = settings.iter().map(|text| text.parse().unwrap()).collect();
    let overrides = Overrides::read(&settings).map_err(|error| shown(&error))?;
    let source = Source::new("deploy.toml", text);
    let all = |errors: Vec<Diagnostic>| shown(&Error::in_text("deploy.toml", errors));
    let (plan, wrong) = super::read_parts(&source).map_err(all)?;
    let against = Against {
        repository: fixture::repository(),
        engine: &Engine::new(),
        overrides: &overrides,
        directory: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
    };
    super::check_parts(plan, wrong, &against).map_err(all)
}

fn shown(error: &Error) -> String {
    anstream::adapter::strip_str(&error.render()).to_string()
}

/// What is wrong with a plan.
fn errors(text: &str) -> String {
    errors_with(text, &[])
}

fn errors_with(text: &str, settings: &[&str]) -> String {
    match checked(text, settings) {
        Ok(_) => panic!("nothing is wrong with it"),
        Err(errors) => errors,
    }
}

/// The first lines of all errors.
fn messages(text: &str) -> Vec<String> {
    let lines = errors(text);
    let lines = lines
        .lines()
        .filter_map(|line| line.strip_prefix("error[plan]: "));
    lines.map(str::to_owned).collect()
}
