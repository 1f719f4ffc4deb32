//! Slaves for another architecture, under qemu's emulation of its processor: the image, the modules that are compiled for
//! it, and trees of both.

use crate::machine::{Machine, aarch64};
use crate::support::{Run, example, finished, zymogen};

fn run(machine: &Machine, arguments: &[&str]) -> Run {
    finished(&machine.run(zymogen().args(arguments)).output().unwrap())
}

/// What the system says inside a slave: its own system call, not the `uname` of the first stage.
fn architecture(machine: &Machine, context: &str) -> String {
    let call = [
        "call",
        context,
        "facts",
        "run({:}, check)",
        "-g",
        "system",
        "-o",
        "json",
    ];
    let run = run(machine, &call).status(0);
    let facts = run.json().remove(0);
    let text = facts.to_string();
    for architecture in ["aarch64", "x86_64"] {
        if text.contains(&format!("\"{architecture}\"")) {
            return architecture.to_owned();
        }
    }
    panic!("{text}");
}

#[test]
fn a_module_is_compiled_for_the_machine_that_runs_it() {
    let machine = aarch64();
    let calculator = example("calculator");
    run(&machine, &["call", "local", &calculator, "add(1, 2)"])
        .status(0)
        .stdout("3\n");
    assert_eq!(architecture(&machine, "local"), "aarch64");
    assert_eq!(
        architecture(&Machine::new(), "local"),
        std::env::consts::ARCH
    );
}

/// Only Linux 6.1 and later have the file, and an emulated container sees its host's.
#[test]
fn uname_decides_where_the_kernel_does_not() {
    let machine = aarch64().kernel(None);
    assert_eq!(architecture(&machine, "local"), "aarch64");
}

#[test]
fn a_trap_and_a_limit_are_told_apart_there_too() {
    let machine = aarch64();
    let misbehave = example("misbehave");
    run(&machine, &["call", "local", &misbehave, "trap()"])
        .status(3)
        .stderr_has(&["unreachable"]);
    run(
        &machine,
        &["call", "local", &misbehave, "spin()", "--timeout", "2s"],
    )
    .status(3)
    .stderr_has(&["longer than 2.0 s"]);
}

#[test]
fn a_tree_may_have_machines_of_both_kinds() {
    // The first context finds this machine, those after it the other.
    let machine = aarch64().kernel(None);
    let first = machine.path().join("first");
    let (native, first) = (std::env::consts::ARCH, first.display());
    let script = format!("mkdir {first} 2> /dev/null && echo Linux {native} || echo Linux aarch64");
    let machine = machine.uname(&script);
    let calculator = example("calculator");
    run(
        &machine,
        &["call", "local,local,local", &calculator, "add(1, 2)"],
    )
    .status(0)
    .stdout("3\n");
    std::fs::remove_dir(machine.path().join("first")).unwrap();
    assert_eq!(architecture(&machine, "local,local"), "aarch64");
}

#[test]
fn another_kind_of_machine_is_told_what_there_is() {
    let machine = Machine::new().kernel(Some("vax\n")).uname("echo Linux vax");
    run(
        &machine,
        &["call", "local", &example("calculator"), "add(1, 2)"],
    )
    .status(4)
    .stderr_has(&["`vax`", "x86_64, aarch64"]);
}
