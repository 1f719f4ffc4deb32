//! Keeps what a slave's image does not need out of it.

fn main() {
    println!("cargo::rerun-if-changed=slave.ld");
    // Only images are static. In a build of the whole workspace the slave unwinds like everybody else.
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "musl") {
        let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        link(&["-T", &format!("{here}/slave.ld")]);
        // Relative relocations are a twentieth of the file. (A linker that cannot pack them warns.)
        link(&["-z", "pack-relative-relocs"]);
        // `backtrace.rs` has two functions that the unwinder's archive has, too. The first of each counts.
        link(&["-z", "muldefs"]);
    }
}

/// Options of the linker: behind `-Wl` if a C compiler runs it. An image for another architecture is linked by
/// rustc's own linker, which is run as it is.
fn link(options: &[&str]) {
    let linker = std::env::var("RUSTC_LINKER").unwrap_or_default();
    if linker.ends_with("lld") {
        for option in options {
            println!("cargo::rustc-link-arg-bins={option}");
        }
    } else {
        println!("cargo::rustc-link-arg-bins=-Wl,{}", options.join(","));
    }
}
