//! End-to-end tests: the real program, a real slave process, real components.
//!
//! `tests/run` builds what they need first. A part that is missing fails the test that needs it.

#![allow(clippy::unwrap_used, missing_docs)]

mod aarch64;
mod asynchronous;
mod bad_guests;
mod bad_input;
mod bundle;
mod calls;
mod chains;
mod deadline;
mod deploy;
mod detach;
mod doas;
mod docker;
mod elsewhere;
mod endings;
mod exit_status;
mod fanout;
mod forest;
mod hops;
mod hostile;
mod http;
mod instances;
mod killed;
mod licences;
mod life;
mod lxc;
mod machine;
mod modules;
mod oci;
mod partition;
mod podman;
mod pool;
mod processors;
mod programs;
mod projects;
mod reach;
mod roots;
mod rules;
mod sandbox;
mod secrets;
mod ssh;
mod streams;
mod su;
mod sudo;
mod support;
mod tour;
mod tree;
mod uses;

/// A file of tests that nobody mentions above would never run.
#[test]
fn no_file_is_forgotten() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/it");
    let main = std::fs::read_to_string(format!("{directory}/main.rs")).unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || main.contains(&format!("mod {module};")),
            "tests/it/{name} is not in main.rs"
        );
    }
}
