//! Which imports a binding satisfies, and what it says where it cannot.

use super::Binding;
use crate::module::ModuleError;
use crate::module::dummy::{component, repository};

const WIT: &str = "
package test:all@1.0.0;
world app { import test:log/write@1.2.0; export task; }
world logger { export test:log/write@1.2.0; }
world older { export test:log/write@1.1.0; }
world newer { export test:log/write@2.0.0; }
world poorer { export test:log/write@1.3.0; }
world chatty { import test:log/write@1.2.0; export test:log/write@1.2.0; }
world streams { import test:log/lines@1.0.0; export task; }
interface task { run: func() -> string; }
package test:log@1.2.0 {
    interface write {
        record line { text: string, level: u8 }
        write: func(line: line);
        last: func() -> option<line>;
    }
}
package test:log@1.1.0 {
    interface write {
        record line { text: string, level: u8 }
        write: func(line: line);
        last: func() -> option<line>;
    }
}
package test:log@1.3.0 {
    interface write {
        record line { text: string, level: u16 }
        write: func(line: line);
        last: func() -> option<line>;
    }
}
package test:log@2.0.0 { interface write { write: func(line: string); } }
package test:log@1.0.0 { interface lines { lines: func() -> stream<string>; } }
";

/// Looks for `user.wasm` where an import is bound to `other.wasm`.
fn bound(user: &str, binding: &str, other: &str) -> Result<Vec<String>, ModuleError> {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(format!("{name}.wasm"));
    for world in [user, other] {
        std::fs::write(path(world), component(WIT, world)).unwrap();
    }
    let repository = repository(directory.path());
    let binding = format!("{binding}=ssh:db1 {}", path(other).display());
    repository.bind(vec![binding.parse().unwrap()]);
    let module = repository.find(path(user).to_str().unwrap())?;
    repository.all_bound()?;
    let bound = module.bound.iter();
    Ok(bound
        .map(|bound| format!("{} -> {}", bound.interface, bound.export))
        .collect())
}

#[test]
fn a_text_binds_an_interface_to_a_module_in_a_context() {
    let binding: Binding = "test:log/write = ssh:db1,sudo './two words.wasm'"
        .parse()
        .unwrap();
    assert_eq!(binding.interface, "test:log/write");
    assert_eq!(binding.callee.context, "ssh:db1,sudo");
    assert_eq!(binding.callee.module, "./two words.wasm");
    assert!(!binding.callee.is_here());
    let here: Binding = "write=. log".parse().unwrap();
    assert!(here.callee.is_here());
    for text in ["", "a", "a=", "a=b", "=a b", "a=b c d", "a='b c"] {
        assert!(text.parse::<Binding>().is_err(), "{text}");
    }
}

#[test]
fn it_is_for_the_same_interface_in_a_version_that_fits() {
    let write = "test:log/write@1.2.0";
    for name in [write, "test:log/write", "write"] {
        let found = bound("app", name, "logger").unwrap();
        assert_eq!(found, [format!("{write} -> {write}")]);
    }
    let found = bound("app", "write", "older").unwrap();
    assert_eq!(found, [format!("{write} -> test:log/write@1.1.0")]);
}

#[track_caller]
fn assert_refused(user: &str, name: &str, other: &str, parts: &[&str]) {
    let error = bound(user, name, other).unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn another_version_or_other_types_are_refused() {
    let interface = "test:log/write@1.2.0";
    assert_refused("app", "write", "newer", &[interface, "does not export"]);
    let types = "the types of its `write` are others";
    assert_refused("app", "write", "poorer", &[interface, types]);
}

#[test]
fn what_no_module_imports_cannot_be_bound() {
    assert_refused("logger", "write", "older", &["no module needs it"]);
}

#[test]
fn a_circle_of_bindings_is_refused() {
    assert_refused("chatty", "write", "chatty", &["uses itself"]);
}

#[test]
fn streams_are_for_callers() {
    assert_refused(
        "streams",
        "lines",
        "logger",
        &["lines", "streams and futures"],
    );
}
