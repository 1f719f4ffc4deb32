//! Does what was planned.

use guest_sdk::files;

use crate::Failure;
use crate::plan::{Plan, Step};
use crate::request::Request;

pub fn act(request: &Request, plan: &Plan) -> Result<(), Failure> {
    let path = &request.path;
    match &plan.step {
        Step::Nothing => {}
        Step::MakeDirectory => files::make_directory(path, &request.attributes)?,
        Step::MakeSymlink(target) => files::make_symlink(path, target)?,
        Step::MakeHardLink(original) => files::make_hard_link(path, original)?,
        Step::Touch => files::touch(path)?,
        Step::Remove => files::remove(path)?,
        Step::RemoveAll => files::remove_all(path)?,
    }
    if plan.set_attributes {
        files::set_attributes(path, &request.attributes)?;
    }
    Ok(())
}
