//! The fuzz targets, without a fuzzer: each over its whole corpus, then over seeded mutations of it.
//!
//! A failure names the seed that it came from and a file that holds the input. `FUZZ_INPUT` gives such a file to a
//! target again.

mod mutate;
#[path = "../../../../crates/proto/tests/support/rng.rs"]
mod rng;

use fuzz_bodies::{TARGETS, Target};
use rng::Rng;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The longest file of a corpus, in bytes.
const MAX_INPUT: usize = 4 << 10;

#[test]
fn frame() {
    fuzz("frame", 100_000);
}

#[test]
fn body() {
    fuzz("body", 100_000);
}

#[test]
fn value() {
    fuzz("value", 100_000);
}

#[test]
fn wave() {
    fuzz("wave", 100_000);
}

#[test]
fn greeting() {
    fuzz("greeting", 15_000);
}

#[test]
fn every_target_has_its_files() {
    let known: BTreeSet<_> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let names = |directory: &str| -> BTreeSet<_> {
        let stems = list(&root.join(directory));
        let stems = stems.iter().map(|path| path.file_stem().expect("a name"));
        stems
            .map(|stem| stem.to_string_lossy().into_owned())
            .collect()
    };
    assert_eq!(names("fuzz_targets"), known);
    assert_eq!(names("corpus"), known);
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for name in known {
        let path = format!("path = \"fuzz_targets/{name}.rs\"");
        assert!(manifest.contains(&path), "fuzz/Cargo.toml lacks {path}");
    }
}

/// So many mutations take seconds in a debug build.
fn fuzz(name: &str, mutations: u64) {
    let target = TARGETS.into_iter().find(|target| target.name == name);
    let target = target.expect("a target of this name");
    if let Some(path) = std::env::var_os("FUZZ_INPUT") {
        let input = fs::read(&path).expect("FUZZ_INPUT names a file");
        return (target.run)(&input);
    }
    let run = Run::new(target);
    let corpus = corpus(name);
    for (path, input) in &corpus {
        run.check(input, &path.display().to_string());
    }
    let inputs: Vec<_> = corpus.into_iter().map(|(_, input)| input).collect();
    for seed in 0..mutations {
        let input = mutate::mutated(&mut Rng::new(seed), &inputs);
        run.check(&input, &format!("seed {seed}"));
    }
    run.done();
}

/// The corpus of a target, in the order of its names. None may be empty: then nothing would be tried.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let directory = fuzz_bodies::corpus(target);
    let corpus: Vec<_> = list(&directory)
        .into_iter()
        .map(|path| {
            let input = fs::read(&path).expect("a file");
            assert!(input.len() < MAX_INPUT, "{} is too long", path.display());
            (path, input)
        })
        .collect();
    assert!(
        corpus.len() >= 10,
        "the corpus {} has shrunk to {}: cargo run -p fuzz-bodies --bin seed",
        directory.display(),
        corpus.len()
    );
    corpus
}

fn list(directory: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

/// A target at work. The input that it works on is always in a file: a stack overflow ends the process before
/// anybody could say which input it was.
struct Run {
    target: Target,
    path: PathBuf,
    file: File,
}

impl Run {
    fn new(target: Target) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = directory.join(format!("fuzz-{}", target.name));
        // Kept open: some file systems put on disk at once what replaces the content of a file and is closed.
        let file = File::create(&path).expect("the directory is there");
        let run = Self { target, path, file };
        println!("{}", run.replay());
        run
    }

    fn check(&self, input: &[u8], origin: &str) {
        self.file.set_len(0).expect("it can be cut");
        self.file.write_all_at(input, 0).expect("it can be written");
        let run = AssertUnwindSafe(|| (self.target.run)(input));
        if catch_unwind(run).is_err() {
            panic!(
                "{} fails with {origin}. {}",
                self.target.name,
                self.replay()
            );
        }
    }

    fn replay(&self) -> String {
        let (name, path) = (self.target.name, self.path.display());
        format!(
            "The input is in {path}; once more:\n  \
             FUZZ_INPUT={path} cargo test --workspace --test fuzz -- --exact {name}"
        )
    }

    /// Nothing was wrong.
    fn done(self) {
        // If it stays, it harms nobody.
        let _ = fs::remove_file(self.path);
    }
}
