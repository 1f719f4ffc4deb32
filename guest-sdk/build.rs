//! Bakes the place of the contract's WIT files into a macro.
//!
//! `task!` expands in somebody else's crate, where a relative path would be taken from that crate's folder. So the
//! SDK says where its own WIT lies, and a module needs no copy of it.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR, too");
    let contract = Path::new(&package).join("../wit");
    // Missing, and therefore changed, once the checkout has been moved.
    println!("cargo::rerun-if-changed={}", contract.display());
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for every build script");
    let text = format!(
        "#[doc(hidden)]\n\
         #[macro_export]\n\
         macro_rules! __with_contract {{\n    \
             ($($then:tt)*) => {{ $crate::__task! {{ contract {contract:?} $($then)* }} }};\n\
         }}\n"
    );
    fs::write(Path::new(&out).join("contract.rs"), text)
}
