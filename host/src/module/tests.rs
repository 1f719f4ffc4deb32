//! What the parameters of a plan grant.

use super::Task;
use crate::plan::tests::fixture::repository;
use crate::value::CallText;
use proto::policy::Grant;
use wasmtime::component::Val;

/// The task and the value of its parameters, written in WAVE.
fn task(module: &str, params: &str) -> (Task, Val) {
    let module = repository().find(module).unwrap();
    let text = format!("run({params}, apply)");
    let function = module.function("run").unwrap();
    let values = CallText::parse(&text).unwrap().to_vals(&function.params);
    (module.task().unwrap(), values.unwrap().swap_remove(0))
}

fn grants(module: &str, params: &str) -> Vec<Grant> {
    let (task, params) = task(module, params);
    let mut grants = task.grants(&params, false).grants;
    // These components were made of their WIT alone, which imports `system`.
    grants.retain(|grant| *grant != Grant::System);
    grants
}

#[test]
fn a_path_is_granted_in_its_normal_form() {
    for path in ["/srv/app/conf", "/srv/app//conf", "/srv/./app/conf/"] {
        assert_eq!(
            grants("place", &format!("{{path: \"{path}\"}}")),
            [Grant::Write("/srv/app/conf".to_owned())],
            "{path}"
        );
    }
    for path in ["/srv/../etc", "srv", ""] {
        assert_eq!(
            grants("place", &format!("{{path: \"{path}\"}}")),
            [],
            "{path}"
        );
    }
}
