//! Finding a compiler. The environment belongs to the process, so that what changes it is in `tests/it`.

use super::{candidates, command, environment, probe, wrapper};
use std::env::consts::ARCH;
use std::path::Path;
use std::process::Command;

fn foreign() -> &'static str {
    if ARCH == "aarch64" {
        "x86_64"
    } else {
        "aarch64"
    }
}

#[test]
fn modules_need_no_compiler() {
    let found = environment("a module", "wasm32-wasip2", Path::new("/nowhere"));
    assert_eq!(found.expect("nothing"), []);
}

#[test]
fn each_kind_of_machine_has_candidates_of_its_own() {
    for words in candidates(foreign()) {
        assert!(
            words.iter().any(|word| word.contains(foreign())),
            "{words:?}"
        );
    }
}

#[test]
fn a_compiler_is_asked_whether_it_compiles() {
    assert_eq!(probe(&["cc".to_owned()]), Ok(()));
    let missing = probe(&["no-such-compiler".to_owned()]).expect_err("it is missing");
    assert!(missing.contains("No such file"), "{missing}");
    // Not a compiler, and it does not read what it is given.
    assert_eq!(
        probe(&["false".to_owned()]),
        Err("it fails without a word".to_owned())
    );
    let headers = command(&["cc"], &["-nostdinc"]);
    let lacks = probe(&headers).expect_err("there are no headers");
    assert!(lacks.contains("stdlib.h"), "{lacks}");
}

#[test]
fn a_script_drops_the_target_that_cargo_adds() {
    let scratch = tempfile();
    let words = command(&["printf", "'%s|'"], &["-target", "x"]);
    let script = wrapper("vax", &words, &scratch).expect("a script");
    let output = Command::new(script)
        .args(["-c", "--target=vax-unknown-linux-musl", "two words", "-o"])
        .output();
    let said = String::from_utf8(output.expect("output").stdout);
    assert_eq!(said.expect("text"), "-target|x|-c|two words|-o|");
    let _ = std::fs::remove_dir_all(&scratch);
}

fn tempfile() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("zymogen-cross-{}", std::process::id()))
}
