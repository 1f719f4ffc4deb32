//! The binary `zymogen`. Everything is in the library, from [`host::cli`] on.

use std::process::ExitCode;

/// In a bundle, as in a slave: musl's own allocator maps and unmaps memory again and again.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    host::cli::main()
}
