//! Keeps what a slave's image does not need out of it.

fn main() {
    println!("cargo::rerun-if-changed=slave.ld");
    // Only images are static. In a build of the whole workspace the slave unwinds like everybody else.
    if std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|libc| libc == "musl") {
        let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{here}/slave.ld");
        // Relative relocations are a twentieth of the file. (A linker that cannot pack them warns.)
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
