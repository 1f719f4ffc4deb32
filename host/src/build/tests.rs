//! Stamps, the cache and images, on directories made for the test.

use super::checkout::Checkout;
use super::image::Images;
use super::stamp::Stamp;
use super::{BuildError, Progress, Silent, Sources, StdModules, UserCache};
use connect::{Format, ImageSource};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A directory that is gone after the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("zymogen-build-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Default)]
struct Steps(Mutex<Vec<String>>);

impl Progress for Steps {
    fn step(&self, text: &str) {
        self.0.lock().expect("a lock").push(text.to_owned());
    }
}

fn stamp(root: &Path) -> Stamp {
    Stamp::take(root.join("target/a.stamp"), root, &["src", "missing"]).expect("a stamp")
}

#[test]
fn a_stamp_holds_until_something_changes() {
    let scratch = Scratch::new("stamp");
    let source = scratch.write("src/deep/lib.rs", "fn a() {}");
    scratch.write("Cargo.lock", "1");
    let output = scratch.write("out", "binary");
    let outputs = [output.clone()];
    assert!(!stamp(&scratch.0).holds(&outputs));

    let build = || stamp(&scratch.0).put(&outputs).expect("a stamp");
    build();
    assert!(stamp(&scratch.0).holds(&outputs));
    scratch.write("src/.#lib.rs", "an editor's");
    scratch.write("elsewhere/lib.rs", "not an input");
    assert!(stamp(&scratch.0).holds(&outputs));

    let changes: [&dyn Fn(); 6] = [
        &|| fs::write(&source, "fn b() {}").expect("a change of the same length"),
        &|| drop(scratch.write("src/new.rs", "")),
        &|| fs::remove_file(scratch.0.join("src/new.rs")).expect("a removal"),
        &|| drop(scratch.write("Cargo.lock", "2")),
        &|| drop(scratch.write(".cargo/config.toml", "")),
        &|| fs::write(&output, "BINARY").expect("another output"),
    ];
    for (number, change) in changes.iter().enumerate() {
        // Times of change have the grain of the kernel's clock.
        std::thread::sleep(std::time::Duration::from_millis(20));
        change();
        assert!(!stamp(&scratch.0).holds(&outputs), "change {number}");
        build();
        assert!(stamp(&scratch.0).holds(&outputs), "change {number}");
    }
    fs::remove_file(&output).expect("a removal");
    assert!(!stamp(&scratch.0).holds(&outputs));
}

#[test]
fn a_change_during_the_build_is_not_lost() {
    let scratch = Scratch::new("during");
    let source = scratch.write("src/lib.rs", "one");
    let outputs = [scratch.write("out", "binary")];
    let before = stamp(&scratch.0);
    fs::write(source, "three").expect("a change");
    before.put(&outputs).expect("a stamp");
    assert!(!stamp(&scratch.0).holds(&outputs));
}

fn given(scratch: &Scratch) -> Sources {
    Sources::directory(scratch.0.join("given"))
}

fn images(scratch: &Scratch, progress: Arc<dyn Progress>) -> Images {
    let cache = UserCache::at(Some(scratch.0.join("cache")));
    Images::with_cache(given(scratch), progress, cache)
}

/// Larger than a pipe, and shrinks.
fn executable() -> String {
    "an executable, more or less\n".repeat(5_000)
}

#[test]
fn an_image_is_packed_once_for_all_runs() {
    let scratch = Scratch::new("pack");
    scratch.write("given/zymogen-slave-x86_64", &executable());
    let steps = Arc::new(Steps::default());
    for _ in 0..2 {
        let image = images(&scratch, steps.clone())
            .for_machine("x86_64")
            .expect("an image");
        assert_eq!(image.size, executable().len() as u64);
        assert_eq!(image.target, "x86_64-unknown-linux-musl");
        assert_eq!(image.sha256.len(), 64);
        assert_eq!(image.packed(Format::Raw).expect("raw"), executable());
        assert!(image.packed(Format::Zstd).expect("zstd").len() < 1000);
        assert!(
            image
                .packed(Format::Gzip)
                .expect("gzip")
                .starts_with(&[0x1f, 0x8b])
        );
    }
    let packed = "packing the slave for x86_64 (once)";
    assert_eq!(*steps.0.lock().expect("a lock"), [packed, packed]);
}

#[test]
fn a_damaged_file_of_the_cache_is_made_anew() {
    let scratch = Scratch::new("damage");
    scratch.write("given/zymogen-slave-x86_64", &executable());
    let packed = |images: Images| {
        let image = images.for_machine("x86_64").expect("an image");
        image.packed(Format::Zstd).expect("zstd")
    };
    let good = packed(images(&scratch, Arc::new(Silent)));
    let kept: Vec<_> = fs::read_dir(scratch.0.join("cache"))
        .expect("the cache")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "zstd"))
        .collect();
    assert_eq!(kept.len(), 1);
    for damage in [&good[..good.len() / 2], b""] {
        fs::write(kept[0].path(), damage).expect("the damage");
        assert_eq!(packed(images(&scratch, Arc::new(Silent))), good);
    }
}

#[test]
fn a_changed_image_gets_another_digest_or_is_refused() {
    let scratch = Scratch::new("changed");
    let path = scratch.write("given/zymogen-slave-x86_64", &executable());
    let old = images(&scratch, Arc::new(Silent))
        .for_machine("x86_64")
        .expect("an image");
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(path, executable().replace("less", "more")).expect("a change");
    let new = images(&scratch, Arc::new(Silent))
        .for_machine("x86_64")
        .expect("an image");
    assert_ne!(old.sha256, new.sha256);
    assert!(matches!(
        old.packed(Format::Raw),
        Err(BuildError::Changed(_))
    ));
}

#[test]
fn without_a_cache_all_goes_on() {
    let scratch = Scratch::new("nocache");
    scratch.write("given/zymogen-slave-x86_64", &executable());
    let cache = UserCache::at(None);
    let images = Images::with_cache(given(&scratch), Arc::new(Silent), cache);
    let image = images.for_machine("x86_64").expect("an image");
    assert!(image.packed(Format::Zstd).is_ok());
}

#[test]
fn a_cache_that_others_can_write_is_not_used() {
    let scratch = Scratch::new("open");
    let directory = scratch.0.join("cache");
    fs::create_dir(&directory).expect("a directory");
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o777)).expect("a mode");
    UserCache::at(Some(directory.clone())).put("name", b"content");
    assert_eq!(fs::read_dir(&directory).expect("a directory").count(), 0);
}

#[tokio::test]
async fn the_first_format_that_is_asked_for_is_sent() {
    let scratch = Scratch::new("source");
    scratch.write("given/zymogen-slave-x86_64", &executable());
    let images = images(&scratch, Arc::new(Silent));
    let packed = images.image("x86_64", &[Format::Gzip, Format::Raw]).await;
    assert_eq!(packed.expect("an image").format, Format::Gzip);
    let error = images
        .image("vax", &[Format::Raw])
        .await
        .expect_err("no image");
    assert_eq!(
        error.to_string(),
        "there is no slave for machines of kind `vax`; there is for x86_64, aarch64"
    );
}

#[test]
fn an_override_directory_must_be_there() {
    let scratch = Scratch::new("missing");
    let images = images(&scratch, Arc::new(Silent));
    let error = images.for_machine("x86_64").err().expect("no directory");
    let BuildError::Shared(first) = &error else {
        panic!("{error}");
    };
    assert!(matches!(**first, BuildError::NoOverride(_)), "{error}");
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("ZYMOGEN_IMAGES"))
    );
}

#[test]
fn given_modules_come_first() {
    let scratch = Scratch::new("modules");
    let path = scratch.write("given/facts.wasm", "");
    scratch.write("given/own.wasm", "");
    let modules = StdModules::new(given(&scratch), Arc::new(Silent));
    let names = modules.names().expect("names");
    for name in ["facts", "own", "command"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    assert_eq!(modules.find("facts").expect("a place").path(), path);
}

#[test]
fn a_checkout_knows_where_cargo_puts_things() {
    let checkout = Checkout::find("a test").expect("a checkout");
    assert!(checkout.root().join("host/Cargo.toml").is_file());
    let tests = std::env::current_exe().expect("this program");
    assert!(tests.starts_with(checkout.target()), "{checkout:?}");
}
