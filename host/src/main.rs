//! The binary `zymogen`. Everything is in the library, from [`host::cli`] on.

use std::process::ExitCode;

fn main() -> ExitCode {
    host::cli::main()
}
