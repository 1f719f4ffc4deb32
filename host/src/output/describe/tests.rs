//! What `doc` says of a task whose parameters have all that WIT offers.

use super::Description;
use crate::module::{Module, dummy};
use crate::output::Source;
use crate::plan::params::Params;
use crate::plan::toml::parse;
use crate::project::contract;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use wasm_encoder::{ComponentSection as _, CustomSection};

const WIT: &str = "package a:b@0.1.0;

interface task {
    use zymogen:task/types@0.1.0.{mode, outcome, failure};
    use zymogen:task/grants@0.1.0.{write-path, secret};

    record server {
        /// Its name.
        name: string,
        weight: option<u32>,
        shape: shape,
    }

    variant shape {
        /// This many corners.
        corners(u8),
        round,
    }

    enum level { low, high }
    flags rights { read, write }
    type text = string;

    record params {
        path: write-path,
        servers: list<server>,
        shape: shape,
        level: level,
        rights: rights,
        text: text,
        letter: char,
        half: f32,
        pair: tuple<bool, s64>,
        bytes: list<u8>,
        three: list<u16, 3>,
        levels: map<string, level>,
        done: result<u8, text>,
        left-out: option<server>,
        key: secret,
    }

    record report {
        outcome: outcome,
        /// How many there are.
        servers-now: u32,
        first: option<server>,
    }

    run: func(params: params, mode: mode) -> result<report, failure>;
}

world w {
    export task;

    /// Tells how many.
    export count: func() -> u32;
}

";

fn module() -> Arc<Module> {
    let text = format!("{WIT}{}", contract::nested());
    let mut component = dummy::component(&text, "w").to_vec();
    let prose = CustomSection {
        name: "zymogen:wit".into(),
        data: WIT.as_bytes().into(),
    };
    prose.append_to_component(&mut component);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.wasm");
    std::fs::write(&path, component).unwrap();
    let repository = dummy::repository(directory.path());
    repository.find(path.to_str().unwrap()).unwrap()
}

#[test]
fn the_example_is_an_entry_that_a_plan_accepts() {
    let module = module();
    let task = module.task().unwrap();
    let json = Description::of(&module, "w").unwrap().to_json();
    let example = json["task"]["example"].as_str().unwrap();
    let plan = parse(example).unwrap_or_else(|error| panic!("{}\n{example}", error.message));
    let crate::value::Plain::List(entries) = &plan.get("task").unwrap().value else {
        panic!("{example}");
    };
    let params = Params {
        source: &Source::new("example", example),
        module: "w",
        task: &task,
        directory: Path::new("/"),
        from_hosts: &BTreeSet::new(),
    };
    let wrong = params.check(entries[0].get("w").unwrap(), &mut |_| true);
    assert!(wrong.is_empty(), "{example}\n{wrong:?}");
    assert!(!example.contains("left-out"), "{example}");
}

#[test]
fn types_are_told_with_their_parts_and_prose() {
    let module = module();
    let told = Description::of(&module, "w").unwrap().render();
    let told = anstream::adapter::strip_str(&told).to_string();
    for part in [
        "  server record\n      name string\n          Its name.\n      weight option<u32>\n      shape shape\n",
        "  shape variant\n      corners(u8)\n          This many corners.\n      round\n",
        "  rights flags\n      read\n      write\n",
        "  servers_now u32\n      How many there are.\n",
        "  count: func() -> u32\n      Tells how many.\n",
        "-> result<report, failure>",
        "One of: low, high",
    ] {
        assert!(told.contains(part), "{part}\n--- is not in\n{told}");
    }
    assert!(!told.contains("level enum"), "{told}");
    assert!(!told.contains("outcome record"), "{told}");
}

/// Sixteen lists in each other, of sixteen each: 2 to the power of 64 numbers.
#[test]
fn the_example_of_a_hostile_type_has_an_end() {
    let nested = (0..16).fold("u8".to_owned(), |ty, _| format!("list<{ty}, 16>"));
    let text = WIT.replace("list<u16, 3>", &nested);
    let component = dummy::component(&format!("{text}{}", contract::nested()), "w");
    let wit = crate::module::wit::Wit::of("w", &component).unwrap();
    let export = proto::message::Export {
        interface: Some("a:b/task@0.1.0".to_owned()),
        function: "run".to_owned(),
    };
    let fields = wit.record_fields(&export, "params");
    assert!(fields.len() > 10);
    assert!(super::example(&wit, "w", &fields).len() < 100_000);
}
