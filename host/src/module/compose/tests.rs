//! Components of WIT alone: they have imports and exports, and do nothing.

use super::{Part, Use, compose};
use crate::module::ModuleError;
use crate::module::dummy::component;

const WIT: &str = "
package test:all@1.0.0;
world app { import test:log/write@1.2.0; import test:names/lookup@1.0.0; export task; }
world logger { export test:log/write@1.2.0; }
world newer { export test:log/write@2.0.0; }
world names { import test:log/write@1.2.0; export test:names/lookup@1.0.0; }
world turning { import test:names/lookup@1.0.0; export test:log/write@1.2.0; }
interface task { run: func() -> string; }
package test:log@1.2.0 { interface write { write: func(line: string); } }
package test:log@2.0.0 { interface write { write: func(line: string) -> u64; } }
package test:names@1.0.0 { interface lookup { get: func(name: string) -> option<string>; } }
";

fn part(world: &str) -> Part {
    Part {
        name: world.to_owned(),
        bytes: component(WIT, world),
    }
}

fn composed(others: &[&str]) -> Result<Vec<Use>, ModuleError> {
    let others: Vec<_> = others.iter().map(|world| part(world)).collect();
    let (bytes, uses) = compose(&part("app"), &others)?;
    assert!(wasmparser::validate(&bytes).is_ok());
    Ok(uses)
}

fn used(module: &str, interface: &str, from: &str) -> Use {
    Use {
        module: module.to_owned(),
        interface: interface.to_owned(),
        from: from.to_owned(),
    }
}

const LOG: &str = "test:log/write@1.2.0";
const NAMES: &str = "test:names/lookup@1.0.0";

#[test]
fn what_nobody_offers_is_left_to_the_host() {
    let app = part("app");
    let (bytes, uses) = compose(&app, &[]).unwrap();
    assert_eq!((bytes, uses), (app.bytes, Vec::new()));
    assert_eq!(composed(&["logger"]).unwrap(), [used("app", LOG, "logger")]);
}

#[test]
fn one_module_serves_all_that_use_it() {
    assert_eq!(
        composed(&["names", "logger"]).unwrap(),
        [
            used("app", LOG, "logger"),
            used("app", NAMES, "names"),
            used("names", LOG, "logger"),
        ]
    );
}

#[test]
fn two_that_offer_the_same_are_one_too_many() {
    let error = composed(&["logger", "turning"]).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("module `app` imports {LOG}, and both `logger` and `turning` offer it")
    );
}

#[test]
fn another_version_will_not_do() {
    let error = composed(&["newer"]).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("module `app` imports {LOG}, and `newer` offers test:log/write@2.0.0")
    );
}

#[test]
fn a_circle_is_named() {
    let error = composed(&["turning", "names"]).unwrap_err().to_string();
    assert!(
        error.starts_with("module `turning` uses itself by way of app, turning, names"),
        "{error}"
    );
}
