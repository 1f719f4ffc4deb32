//! See `fuzz_bodies::value`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_bodies::value(data));
