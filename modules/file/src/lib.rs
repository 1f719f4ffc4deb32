//! The task `file`: what is at a path, its mode and its owner.
//!
//! It first decides what to do, from the parameters and from what is there ([`plan`]); then, in mode `apply`, does it
//! ([`act`]). What a file contains is no business of this task.

mod act;
mod plan;
mod request;

guest_sdk::task! {
    wit: "wit/file.wit",
    world: "zymogen:std-file/file",
    exports: zymogen::std_file,
}

fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
    let request = request::Request::check(params)?;
    let now = plan::Now::look(&request)?;
    let plan = plan::plan(&request, &now)?;
    if mode.applies() {
        act::act(&request, &plan)?;
    }
    let existed = now.metadata.is_some();
    Ok(Report {
        outcome: plan.outcome(),
        path: request.path,
        existed,
    })
}

#[cfg(test)]
mod tests;
