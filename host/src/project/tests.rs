//! Manifests, templates and expectations.

use super::check::{differences, place};
use super::create::{Language, create};
use super::manifest::{Act, Manifest, is_name};
use super::{ProjectError, contract};
use crate::plan::toml::parse;
use serde_json::json;
use std::path::{Path, PathBuf};
use wit_parser::Resolve;

/// A directory that is gone after the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("zymogen-project-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const HEAD: &str = "[module]\nname = \"a\"\n[build]\ncommand = [\"true\"]\noutput = \"a.wasm\"\n";

fn manifest(tests: &str) -> Result<Manifest, String> {
    Manifest::parse(Path::new("."), format!("{HEAD}{tests}"))
}

#[test]
fn a_manifest_has_its_tests_in_their_order() {
    let text = r#"
[[test]]
name = "one"
files = { "a/b" = "c" }
params = { path = "@/a" }
expect = { n = 1 }

[[test]]
name = "two"
check = true
fails = { kind = "other" }

[[test]]
name = "three"
call = ["a()", "b(1)"]
gives = ["1", "2"]
grants = ["read:@"]
"#;
    let manifest = manifest(text).expect("a manifest");
    let names: Vec<_> = manifest
        .tests
        .iter()
        .map(|test| test.name.as_str())
        .collect();
    assert_eq!(
        (manifest.name.as_str(), names),
        ("a", vec!["one", "two", "three"])
    );
    let acts: Vec<_> = manifest.tests.iter().map(|test| &test.act).collect();
    let [Act::Task(one), Act::Task(two), Act::Calls(three)] = acts.as_slice() else {
        panic!("{acts:?}");
    };
    assert!(one.params.get("path").is_some() && one.expect.is_some() && !one.check);
    assert!(two.check && two.fails.is_some() && two.params.get("path").is_none());
    assert_eq!(
        (three.calls.len(), three.gives.len(), three.grants.len()),
        (2, 2, 1)
    );
}

#[test]
fn what_is_wrong_with_a_manifest_is_said() {
    let wrong = [
        (
            "[[test]]\nname = \"x\"\nparms = {}\n",
            "unknown field `parms`",
        ),
        (
            "[[test]]\nname = \"x\"\nfiles = { \"../x\" = \"\" }\n",
            "`../x` must be a path below the scratch directory",
        ),
        (
            "[[test]]\nname = \"x\"\nfails = {}\nexpect = {}\n",
            "neither `expect` nor `again`",
        ),
        ("[tests]\n", "unknown field `tests`"),
        (
            "[[test]]\nname = \"x\"\ngives = \"1\"\n",
            "test `x`: `gives` and `grants` belong to a `call`",
        ),
        (
            "[[test]]\nname = \"x\"\ncall = \"a()\"\nparams = {}\n",
            "test `x`: `params` is for tasks",
        ),
        (
            "[[test]]\nname = \"x\"\ncall = [\"a()\", \"b()\"]\ngives = [\"1\"]\n",
            "a text for each `call`: 2 and 1",
        ),
    ];
    for (text, expected) in wrong {
        let why = manifest(text).expect_err(text);
        assert!(why.contains(expected), "{text}: {why}");
    }
    let named = HEAD.replace("\"a\"", "\"A b\"");
    let why = Manifest::parse(Path::new("."), named).expect_err("a name");
    assert!(why.contains("`A b` cannot be the name"), "{why}");
}

#[test]
fn names_are_words_of_wit() {
    for good in ["a", "log-report", "x1", "a-b-c2"] {
        assert!(is_name(good), "{good}");
    }
    for bad in [
        "", "A", "1a", "a_b", "a--b", "-a", "a-", "a-1", "a b", "../a", "é",
    ] {
        assert!(!is_name(bad), "{bad}");
    }
}

#[test]
fn what_differs_is_named_with_its_place() {
    let expected = parse(
        "changed = true\nok-status = [0, 1]\nuser = { name = \"x\", id = 2 }\nload = 0.5\ngone = 1\n",
    )
    .expect("TOML");
    let found = json!({
        "changed": false,
        "ok_status": [0, 2],
        "user": { "name": "x", "id": 2, "more": null },
        "load": 0.5,
    });
    assert_eq!(
        differences(&expected, &found),
        [
            "`changed`: expected true, found false",
            "`ok-status[1]`: expected 1, found 2",
            "`gone`: there is no such field",
        ]
    );
}

#[test]
fn a_scratch_directory_takes_the_place_of_its_sign() {
    let mut node = parse("a = \"@\"\nb = [\"@/x\", \"@x\", \"me@/x\"]\n").expect("TOML");
    place(&mut node, Path::new("/tmp/s"));
    let placed = json!({ "a": "/tmp/s", "b": ["/tmp/s/x", "@x", "me@/x"] });
    assert_eq!(differences(&node, &placed), [""; 0]);
}

#[test]
fn the_contract_stands_in_the_same_file() {
    let text = format!(
        "package local:a@0.1.0;\nworld module {{ include zymogen:task/imports@0.1.0; }}\n\n{}",
        contract::nested()
    );
    let mut resolve = Resolve::default();
    let package = resolve.push_source("world.wit", &text).expect("WIT");
    let world = resolve.select_world(&[package], None).expect("a world");
    assert_eq!(resolve.worlds[world].imports.len(), 13);
}

#[test]
fn each_template_is_a_project() {
    let scratch = Scratch::new("templates");
    for language in Language::ALL {
        let directory = scratch.0.join(format!("a-{language:?}").to_lowercase());
        create(&directory, language, Some(Path::new("/sdk"))).expect("a project");
        let manifest = Manifest::read(&directory).expect("a manifest");
        assert!(manifest.tests.len() > 2, "{language:?}");
        contract::World::read(&directory).ok();
        let files = walk(&directory);
        assert!(files.len() <= 5, "{files:?}");
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a text");
            assert!(!text.contains("{{"), "{}", file.display());
        }
        let again = create(&directory, language, Some(Path::new("/sdk")));
        assert!(matches!(again, Err(ProjectError::Exists(_))), "{again:?}");
    }
}

#[test]
fn a_name_that_cannot_be_one_makes_nothing() {
    let scratch = Scratch::new("names");
    let directory = scratch.0.join("Not-This");
    let made = create(&directory, Language::Rust, Some(Path::new("/sdk")));
    assert!(matches!(made, Err(ProjectError::Name(_))), "{made:?}");
    assert!(!directory.exists());
    let made = create(&scratch.0.join("this"), Language::Rust, None);
    assert!(matches!(made, Err(ProjectError::NoSdk(_))), "{made:?}");
    assert!(walk(&scratch.0).is_empty());
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}
