//! `zymogen.lock`: what is written is read back, and what was not written by us is not trusted.

use super::{Scratch, digest};
use crate::registry::{Lock, Reference, RegistryError};

fn reference(text: &str) -> Reference {
    text.parse().unwrap()
}

#[test]
fn what_is_locked_is_sorted_and_stays() {
    let scratch = Scratch::new();
    let mut lock = Lock::read(&scratch.0).unwrap();
    lock.save().unwrap();
    assert!(!lock.path().exists(), "nothing is locked");
    lock.set(reference("oci:localhost/b:1"), digest('b').parse().unwrap());
    lock.set(reference("oci:localhost/a"), digest('a').parse().unwrap());
    lock.save().unwrap();
    let text = std::fs::read_to_string(lock.path()).unwrap();
    let wanted = format!(
        "version = 1\n\n[[module]]\nreference = \"oci:localhost/a:latest\"\ndigest = \"{}\"\n\
         \n[[module]]\nreference = \"oci:localhost/b:1\"\ndigest = \"{}\"\n",
        digest('a'),
        digest('b')
    );
    assert!(text.ends_with(&wanted), "{text}");
    let again = Lock::read(&scratch.0).unwrap();
    let locked = again.digest(&reference("oci://localhost/b:1")).unwrap();
    assert_eq!(locked.as_str(), digest('b'));
    assert_eq!(again.digest(&reference("oci:localhost/b:2")), None);
    let files = std::fs::read_dir(&scratch.0).unwrap().count();
    assert_eq!(files, 1, "nothing else was left");
}

#[test]
fn what_says_nothing_new_is_not_written() {
    let scratch = Scratch::new();
    let (a, one) = (reference("oci:localhost/a:1"), digest('1'));
    let mut lock = Lock::read(&scratch.0).unwrap();
    lock.set(a.clone(), one.parse().unwrap());
    lock.save().unwrap();
    let text = std::fs::read_to_string(lock.path()).unwrap();
    scratch.file("zymogen.lock", &format!("# Mine.\n{text}"));
    let mut lock = Lock::read(&scratch.0).unwrap();
    lock.set(a, one.parse().unwrap());
    lock.save().unwrap();
    assert!(
        std::fs::read_to_string(lock.path())
            .unwrap()
            .starts_with("# Mine.")
    );
}

#[test]
fn a_lock_that_says_something_odd_is_an_error() {
    let entry = |reference: &str, digest: &str| {
        format!("[[module]]\nreference = \"{reference}\"\ndigest = \"{digest}\"\n")
    };
    let a = entry("oci:localhost/a:1", &digest('a'));
    let same = entry("oci://localhost/a:1", &digest('b'));
    let pinned = format!("oci:localhost/a@{}", digest('a'));
    for (text, why) in [
        ("version =".to_owned(), ""),
        ("version = 2\n".to_owned(), "version 2"),
        (a.clone(), "version"),
        ("version = 1\nmodules = []\n".to_owned(), "modules"),
        (format!("version = 1\n{a}{same}"), "twice"),
        (format!("version = 1\n{}", entry("a", &digest('a'))), "`a`"),
        (
            format!("version = 1\n{}", entry("oci:localhost/a", "1")),
            "sha256",
        ),
        (
            format!("version = 1\n{}", entry(&pinned, &digest('a'))),
            "digest itself",
        ),
    ] {
        let scratch = Scratch::new();
        scratch.file("zymogen.lock", &text);
        match Lock::read(&scratch.0) {
            Err(RegistryError::Lock { why: said, .. }) => assert!(said.contains(why), "{said}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}
