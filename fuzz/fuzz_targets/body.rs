//! See `fuzz_bodies::body`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_bodies::body(data));
