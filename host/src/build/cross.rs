//! Which C compiler and which linker build an image, above all one for another architecture than this machine's.
//!
//! The C parts of a static image (a helper of wasmtime, zstd) are compiled against the headers of whatever C library is
//! at hand, and linked with the musl that comes with the Rust target. So any compiler will do that knows the
//! architecture, and rustc's own linker, which knows all.

use super::BuildError;
use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Variables for cargo.
pub(super) type Environment = Vec<(String, OsString)>;

/// What the C parts ask of the headers.
const PROBE: &[u8] =
    b"#include <stdlib.h>\n#include <string.h>\nvoid *f(void) { return malloc(strlen(\"\")); }\n";

/// What cargo must be told to build for a target. `scratch` is a directory for what has to be made on the way.
pub(super) fn environment(
    what: &str,
    target: &str,
    scratch: &Path,
) -> Result<Environment, BuildError> {
    let Some(machine) = target.strip_suffix("-unknown-linux-musl") else {
        return Ok(Vec::new());
    };
    let mut variables = Vec::new();
    let underscored = target.replace('-', "_");
    let cc = format!("CC_{underscored}");
    let theirs = [&cc, &format!("CC_{target}")].map(env::var_os);
    let given = theirs.iter().any(Option::is_some);
    if machine == env::consts::ARCH {
        if !given {
            variables.push((cc, "cc".into()));
        }
        return Ok(variables);
    }
    let linker = format!("CARGO_TARGET_{}_LINKER", underscored.to_uppercase());
    if env::var_os(&linker).is_none() {
        variables.push((linker, "rust-lld".into()));
    }
    if !given {
        variables.push((cc, compiler(what, machine, scratch)?));
    }
    Ok(variables)
}

/// The first of all compilers for a kind of machine that works.
fn compiler(what: &str, machine: &str, scratch: &Path) -> Result<OsString, BuildError> {
    let mut tried = String::new();
    for mut words in candidates(machine) {
        if let Err(why) = probe(&words) {
            // A String takes everything.
            let _ = write!(tried, "\n  {}: {why}", words.join(" "));
            continue;
        }
        if words.len() == 1 {
            return Ok(words.remove(0).into());
        }
        return wrapper(machine, &words, scratch).map_err(|error| BuildError::Io {
            path: scratch.to_owned(),
            error,
        });
    }
    Err(BuildError::NoCompiler {
        what: what.to_owned(),
        machine: machine.to_owned(),
        tried,
    })
}

/// The command lines of compilers that may be there, the best first.
fn candidates(machine: &str) -> Vec<Vec<String>> {
    let musl = format!("{machine}-linux-musl");
    // zig checks for undefined behaviour unless it is told not to, with a library that is not linked.
    let zig = ["cc", "-target", &musl, "-fno-sanitize=undefined"];
    let clang = format!("--target={musl}");
    let all = [
        vec![format!("{musl}-gcc")],
        vec![format!("{machine}-linux-gnu-gcc")],
        command(&["zig"], &zig),
        command(&["python3", "-m", "ziglang"], &zig),
        command(&["clang"], &[&clang]),
    ];
    all.into()
}

fn command(program: &[&str], arguments: &[&str]) -> Vec<String> {
    let words = program.iter().chain(arguments);
    words.map(|word| (*word).to_owned()).collect()
}

/// Compiles a few lines with it: a compiler without any headers is of no use.
fn probe(words: &[String]) -> Result<(), String> {
    let compiled = compile(words).map_err(|error| error.to_string())?;
    if compiled.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&compiled.stderr);
    let line = said.lines().find(|line| !line.trim().is_empty());
    Err(line.unwrap_or("it fails without a word").trim().to_owned())
}

fn compile(words: &[String]) -> io::Result<std::process::Output> {
    let mut child = Command::new(&words[0])
        .args(&words[1..])
        .args(["-x", "c", "-c", "-o", "/dev/null", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // What ends without reading it has a word to say on standard error.
        let _ = input.write_all(PROBE);
    }
    child.wait_with_output()
}

/// cargo wants one file, and adds `--target` with a name that not all of these know. So a script stands between.
fn wrapper(machine: &str, words: &[String], scratch: &Path) -> io::Result<OsString> {
    let script = format!(
        "#!/bin/sh\n\
         for word do shift; case $word in --target=*) ;; *) set -- \"$@\" \"$word\" ;; esac; done\n\
         exec {} \"$@\"\n",
        words.join(" ")
    );
    fs::create_dir_all(scratch)?;
    let path = scratch.join(format!("cc-{machine}"));
    // Another run may be using it.
    let new = scratch.join(format!("cc-{machine}.{}", std::process::id()));
    let mut options = fs::File::options();
    options.write(true).create(true).truncate(true).mode(0o755);
    options.open(&new)?.write_all(script.as_bytes())?;
    fs::rename(&new, &path)?;
    Ok(path.into())
}

#[cfg(test)]
mod tests;
