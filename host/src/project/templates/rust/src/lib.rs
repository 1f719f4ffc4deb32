//! Keeps a greeting in a file.

use guest_sdk::files::{self, Attributes};

guest_sdk::task! {
    wit: "world.wit",
    world: "local:{{name}}/module",
    exports: local::{{ident}},
}

/// The longest file that is read, in bytes.
const LIMIT: u64 = 64 << 10;

fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
    let name = params.name.as_deref().unwrap_or("World");
    let wanted = format!("Hello, {name}!\n");
    let before = match files::stat(&params.path)? {
        Some(_) => Some(files::read_text(&params.path, LIMIT)?),
        None => None,
    };
    if before.as_ref() == Some(&wanted) {
        let outcome = Outcome::unchanged("greeted already");
        return Ok(Report { outcome });
    }
    if mode.applies() {
        files::replace(&params.path, wanted.as_bytes(), &Attributes::default())?;
    }
    let outcome = Outcome::changed("greeted").with_change(&params.path, before, Some(wanted));
    Ok(Report { outcome })
}
