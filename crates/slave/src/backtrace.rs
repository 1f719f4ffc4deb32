//! Keeps the unwinder, and the standard library's readers of debug information, out of the image.
//!
//! A panic prints a backtrace if `RUST_BACKTRACE` says so, and for that each program carries readers of ELF, DWARF
//! and zlib, and a demangler. The image has neither tables for unwinding nor names, so that no frame would
//! ever be found. With a walk over the stack that ends before its first frame, the compiler sees that nobody needs the rest.
//! The message of a panic, and its place in the source, do not depend on it.

use std::ffi::{c_int, c_void};

/// What the platform's unwinder answers when there are no more frames.
const END_OF_STACK: c_int = 5;

/// Takes the place of the unwinder's own function, which would find nothing.
// SAFETY: the name and the signature are those of the function it stands for, which may call `visit` for no frame.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(
    _visit: extern "C" fn(*mut c_void, *mut c_void) -> c_int,
    _argument: *mut c_void,
) -> c_int {
    END_OF_STACK
}

/// Takes the place of how unwinding goes on after a destructor. The standard library is compiled for programs that
/// unwind and refers to it, but in this one a panic has aborted before.
// SAFETY: as above; like that function, it does not return.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume(_exception: *mut c_void) -> ! {
    std::process::abort()
}
