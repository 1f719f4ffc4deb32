//! Modules that have types and do nothing, made of WIT on the spot.

use crate::build::{Silent, Sources, StdModules};
use crate::module::Repository;
use crate::module::compile::Compiler;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{LiftLowerAbi, ManglingAndAbi, Resolve};

/// What the modules of these tests take and give.
const MODULES: [(&str, &str, &str); 6] = [
    (
        "place",
        "/// Puts something somewhere.
        record params {
            path: write-path,
            state: option<state>,
            mode: option<string>,
            port: option<u16>,
            src: option<source>,
        }
        enum state { file, directory, absent }",
        "existed: bool",
    ),
    (
        "run",
        "record params { argv: command-line, creates: option<read-path>, timeout-ms: option<u64> }",
        "exit-code: option<s32>, stdout: string",
    ),
    (
        "know",
        "record params { }
        record os { family: string, pretty-name: string }",
        "hostname: string, cpus: u32, os: option<os>, addresses: list<string>",
    ),
    (
        "nested",
        "record params { files: list<item>, options: option<inner> }
        record item { src: source, dest: write-path }
        record inner { deep: bool }",
        "count: u32",
    ),
    (
        "series",
        "record params { steps: list<step>, last: option<command-line> }
        record step {
            argv: command-line,
            env: option<command-environment>,
            directory: option<command-directory>,
            input: option<command-input>,
        }",
        "count: u32",
    ),
    (
        "notify",
        "record params { to: list<address>, token: option<secret> }",
        "answer: string",
    ),
];

/// A repository of these modules, the same for all tests.
pub(crate) fn repository() -> &'static Repository {
    static REPOSITORY: OnceLock<Repository> = OnceLock::new();
    REPOSITORY.get_or_init(|| {
        let directory = directory();
        for (name, params, report) in MODULES {
            let bytes = component(name, params, report);
            put(&directory.join(format!("{name}.wasm")), &bytes);
        }
        let sources = Sources::directory(directory);
        let modules = StdModules::new(sources, Arc::new(Silent));
        Repository::new(modules, Compiler::new(None))
    })
}

fn directory() -> PathBuf {
    let me = std::env::current_exe().unwrap();
    let directory = me.with_file_name("plan-tests");
    fs::create_dir_all(&directory).unwrap();
    directory
}

/// Several test programs may do this at the same time.
fn put(path: &Path, bytes: &[u8]) {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    fs::write(&new, bytes).unwrap();
    fs::rename(&new, path).unwrap();
}

fn component(name: &str, params: &str, report: &str) -> Vec<u8> {
    // A record without fields is none.
    let params = match params.split_once("params { }") {
        Some((before, after)) => format!("{before}params {{ nothing: option<bool> }}{after}"),
        None => params.to_owned(),
    };
    let wit = format!(
        "package test:{name}@0.1.0;
        interface task {{
            use zymogen:task/types@0.1.0.{{mode, outcome, failure}};
            use zymogen:task/grants@0.1.0.{{write-path, read-path, address, secret, source}};
            use zymogen:task/grants@0.1.0.{{command-line, command-environment, command-directory, command-input}};
            {params}
            record report {{ outcome: outcome, {report} }}
            run: func(params: params, mode: mode) -> result<report, failure>;
        }}
        world {name} {{ include zymogen:task/imports@0.1.0; export task; }}"
    );
    let mut resolve = Resolve::default();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    resolve.push_dir(contract).unwrap();
    let package = resolve.push_str("test.wit", &wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let abi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);
    let mut core = dummy_module(&resolve, world, abi);
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).unwrap();
    let mut encoder = ComponentEncoder::default();
    encoder.module(&core).unwrap().encode().unwrap()
}
